//! Where templates and principals come from.
