//! Packets that real machines exchanged, run through our codec and state machines.

#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is what it is for"
)]

#[path = "../support/pcap.rs"]
mod pcap;
#[path = "../support/tally.rs"]
mod tally;

mod association;
mod crls;
mod dcom;
mod dissection;
mod issuance;
mod kerberos;
mod ntlm;
mod own_requests;
mod pdus;
mod recordings;
mod requests;
mod responses;
mod services;
mod spnego;
mod templates;
