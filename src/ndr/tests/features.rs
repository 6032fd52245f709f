//! What `codegen`'s golden files say, compiled.

#![allow(
    dead_code,
    missing_docs,
    non_camel_case_types,
    clippy::upper_case_acronyms,
    clippy::enum_variant_names,
    reason = "as in src/generated"
)]

use crate::generated::{dtyp, orpc};

macro_rules! golden {
    ($($name:ident $path:literal;)*) => {
        $(#[rustfmt::skip] #[path = $path] pub mod $name;)*
    };
}

golden! {
    arrays "../../../codegen/tests/golden/arrays.rs";
    conformance "../../../codegen/tests/golden/conformance.rs";
    constants "../../../codegen/tests/golden/constants.rs";
    objects "../../../codegen/tests/golden/objects.rs";
    operations "../../../codegen/tests/golden/operations.rs";
    pointers "../../../codegen/tests/golden/pointers.rs";
    primitives "../../../codegen/tests/golden/primitives.rs";
    strings "../../../codegen/tests/golden/strings.rs";
    structs "../../../codegen/tests/golden/structs.rs";
    unions "../../../codegen/tests/golden/unions.rs";
    variants "../../../codegen/tests/golden/variants.rs";
}
