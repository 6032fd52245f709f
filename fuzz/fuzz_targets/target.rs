//! Every fuzz target: which one is told by the name of the binary.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wcce_fuzz::Target;

const TARGET: Target = Target::named(env!("CARGO_BIN_NAME"));

fuzz_target!(|input: &[u8]| TARGET.check(input));
