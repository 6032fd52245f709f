//! The policy module: pure rules.
