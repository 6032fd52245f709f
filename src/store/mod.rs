//! The Request table.
