//! Packets that real machines exchanged, run through our codec and state machines.

#[path = "../support/pcap.rs"]
mod pcap;
#[path = "../support/tally.rs"]
mod tally;

mod pdus;
