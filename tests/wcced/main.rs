//! `wcced` as a process: its commands, its service to clients, its end by signal.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod client;
mod commands;
mod demo;
mod desk;
mod example;
mod on_behalf;
mod service;
mod table;
mod upkeep;
