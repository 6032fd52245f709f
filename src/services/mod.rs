//! The generated server traits, implemented over the core.
