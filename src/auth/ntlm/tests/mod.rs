//! Tests of NTLM: the specification's vectors, whole exchanges, and everything that must fail.

mod client;
mod exchanges;
mod policies;
mod tampering;
mod vectors;

pub(in crate::auth) use client::{Client, PEER, Server, run};
