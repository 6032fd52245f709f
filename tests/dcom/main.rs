//! DCOM over TCP, with NTLM: our client against our exporter, and foreign clients against it.
#![allow(
    clippy::as_conversions,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that panics has failed, which is what it is for"
)]

#[allow(dead_code, reason = "shared: not every test counts everything")]
#[path = "../support/tally.rs"]
mod tally;

mod client;
mod dissection;
mod foreign;
mod server;
