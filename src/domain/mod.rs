//! The duties of a domain member: to find the servers of its domain.

#[cfg(feature = "active-directory")]
pub mod locator;
