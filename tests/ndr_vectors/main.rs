//! The generated codec against what others encode: vectors of foreign tools, captured stubs,
//! and all of them damaged.

#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is what it is for"
)]

#[allow(dead_code, reason = "shared: not every test looks at everything")]
#[path = "../support/pcap.rs"]
mod pcap;
#[path = "../support/tally.rs"]
mod tally;

mod captures;
mod codecs;
mod damage;
mod freedom;
mod tree;
mod vectors;
