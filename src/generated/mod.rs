//! Written by `codegen` from `idl/`; never edited by hand.
