//! The sequence of an enrollment: parse, resolve facts, policy, ca, store, answer.
