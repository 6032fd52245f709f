//! What can be wrong with a stub or a value.

/// A stub that cannot be decoded. The service edge answers it with
/// [`Fault::BAD_STUB_DATA`](super::Fault::BAD_STUB_DATA).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The stub ends before the value does.
    #[error("stub ends {missing} bytes early at offset {offset}")]
    Truncated {
        /// Offset in the stub.
        offset: usize,
        /// How many bytes are missing.
        missing: usize,
    },
    /// A count announces more elements than the rest of the stub can hold.
    #[error("count {count} at offset {offset} is larger than the rest of the stub")]
    Count {
        /// Offset in the stub, behind the count.
        offset: usize,
        /// The count.
        count: u64,
    },
    /// A varying array begins or ends outside its bounds.
    #[error("{actual} elements from {first} do not fit an array of {max} (offset {offset})")]
    Varying {
        /// Offset in the stub, behind the counts.
        offset: usize,
        /// Offset of the first element that is there.
        first: u32,
        /// Number of elements that are there.
        actual: u32,
        /// Size of the array.
        max: u32,
    },
    /// A string lacks its terminator, or has one before its end.
    #[error("string without a terminator at its end, and only there (offset {offset})")]
    Terminator {
        /// Offset in the stub, behind the string.
        offset: usize,
    },
    /// A NULL where there must be a referent.
    #[error("NULL reference pointer at offset {offset}")]
    NullReference {
        /// Offset in the stub, behind the pointer.
        offset: usize,
    },
    /// A full pointer refers to a value that is still being decoded.
    #[error("cycle of full pointers at offset {offset}")]
    Cycle {
        /// Offset in the stub.
        offset: usize,
    },
    /// Pointers are nested deeper than any sound value needs.
    #[error("pointers nested too deeply at offset {offset}")]
    Depth {
        /// Offset in the stub.
        offset: usize,
    },
    /// The decoded value would take memory out of proportion to the stub.
    #[error("value too large for a stub of its size (offset {offset})")]
    Memory {
        /// Offset in the stub.
        offset: usize,
    },
    /// No arm of the union has this discriminant.
    #[error("union without an arm for {tag} (offset {offset})")]
    Arm {
        /// Offset in the stub, behind the discriminant.
        offset: usize,
        /// The discriminant.
        tag: i64,
    },
    /// An enumeration's value does not fit its 16 bits.
    #[error("enumeration value {value} out of range (offset {offset})")]
    Enum {
        /// Offset in the stub, behind the value.
        offset: usize,
        /// The value.
        value: u32,
    },
    /// A serialized type's header is not one (type serialization version 1).
    #[error("not a stream of type serialization version 1: {0}")]
    Serialization(&'static str),
    /// Fields contradict each other or a declared range.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

/// A value that cannot be encoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A count is larger than its wire type.
    #[error("count {0} does not fit the wire")]
    Count(usize),
    /// An integer of pointer size does not fit 32 bits.
    #[error("integer does not fit the 32 bits that NDR 2.0 has for it")]
    Integer,
    /// A string contains its own terminator.
    #[error("string with a terminator inside")]
    Terminator,
    /// Pointers are nested deeper than a receiver would follow.
    #[error("pointers nested too deeply")]
    Depth,
    /// Fields contradict each other or a declared range.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

/// A value whose fields contradict each other, or the attributes of its IDL
/// ([MS-RPCE] 3.1.1.5.3: strict data consistency).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// `size_is`, `max_is`, `length_is`, `last_is` or `first_is` says something else than the
    /// array or string.
    #[error("{field}: {attribute} is {expected:?}, but the value has {actual}")]
    Correlation {
        /// Field or parameter as in the IDL.
        field: &'static str,
        /// The attribute.
        attribute: &'static str,
        /// What the attribute's expression gives; `None`: it has no value.
        expected: Option<i128>,
        /// What the value has.
        actual: usize,
    },
    /// `range` does not allow this value or count.
    #[error("{field}: {value} is not in the range {low} to {high}")]
    Range {
        /// Field or parameter as in the IDL.
        field: &'static str,
        /// The value or count.
        value: i128,
        /// Lowest allowed value.
        low: i128,
        /// Highest allowed value.
        high: i128,
    },
    /// `switch_is` selects another arm than the union holds.
    #[error("{field}: the discriminant is {expected:?}, but the union holds arm {actual}")]
    Discriminant {
        /// Field or parameter as in the IDL.
        field: &'static str,
        /// What `switch_is` gives.
        expected: Option<i128>,
        /// The arm that the union holds.
        actual: i64,
    },
}
