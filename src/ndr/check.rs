//! Attributes that tie fields together: `size_is` and its kin, `switch_is`, `range`.
//!
//! Generated `validate` functions call these, after decoding and before encoding alike.

use std::ops;

use super::{FixedVarying, Full, Int3264, Invalid, Ref, SizedText, Text, UInt3264, Unit, Varying};

/// Value of an expression in an attribute; none if a part of it has none (NULL, overflow,
/// division by zero).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Num(Option<i128>);

/// A field or constant as part of an expression.
pub fn num(value: impl Into<Num>) -> Num {
    value.into()
}

macro_rules! integers {
    ($($type:ty)*) => {$(
        impl From<$type> for Num {
            fn from(value: $type) -> Self {
                Self(Some(value.into()))
            }
        }
    )*};
}

integers! { u8 i8 u16 i16 u32 i32 u64 i64 }

impl From<Int3264> for Num {
    fn from(value: Int3264) -> Self {
        value.0.into()
    }
}

impl From<UInt3264> for Num {
    fn from(value: UInt3264) -> Self {
        value.0.into()
    }
}

impl<T: Into<Num> + Copy> From<Option<T>> for Num {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self(None), Into::into)
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident $checked:expr;)*) => {$(
        impl ops::$trait for Num {
            type Output = Self;

            fn $method(self, other: Self) -> Self {
                let checked: fn(i128, i128) -> Option<i128> = $checked;
                Self(self.0.zip(other.0).and_then(|(a, b)| checked(a, b)))
            }
        }
    )*};
}

operators! {
    Add add i128::checked_add;
    Sub sub i128::checked_sub;
    Mul mul i128::checked_mul;
    Div div i128::checked_div;
    Rem rem i128::checked_rem;
    Shl shl |a, b| u32::try_from(b).ok().and_then(|b| a.checked_shl(b));
    Shr shr |a, b| u32::try_from(b).ok().and_then(|b| a.checked_shr(b));
    BitAnd bitand |a, b| Some(a & b);
    BitOr bitor |a, b| Some(a | b);
    BitXor bitxor |a, b| Some(a ^ b);
}

impl ops::Not for Num {
    type Output = Self;

    fn not(self) -> Self {
        Self(self.0.map(|value| !value))
    }
}

impl ops::Neg for Num {
    type Output = Self;

    fn neg(self) -> Self {
        Self(self.0.and_then(i128::checked_neg))
    }
}

impl Num {
    /// `self ? then : otherwise`.
    pub fn select(self, then: Self, otherwise: Self) -> Self {
        match self.0 {
            Some(0) => otherwise,
            Some(_) => then,
            None => self,
        }
    }
}

/// Arrays and strings, and pointers to them: what `size_is` and `length_is` speak about.
pub trait Counted {
    /// Size and number of transmitted elements; `None` for NULL.
    fn counts(&self) -> Option<Counts>;
}

/// Counts of an array or string, in elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Size of the whole.
    pub max: usize,
    /// Index of the first transmitted element.
    pub first: usize,
    /// Number of transmitted elements; of strings with the terminator.
    pub actual: usize,
}

impl Counts {
    fn whole(count: usize) -> Option<Self> {
        Some(Self { max: count, first: 0, actual: count })
    }
}

fn size(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

impl<T> Counted for Vec<T> {
    fn counts(&self) -> Option<Counts> {
        Counts::whole(self.len())
    }
}

impl<T> Counted for Varying<T> {
    fn counts(&self) -> Option<Counts> {
        let actual = self.elements.len();
        Some(Counts { max: size(self.max_count), first: size(self.offset), actual })
    }
}

impl<T, const N: usize> Counted for FixedVarying<T, N> {
    fn counts(&self) -> Option<Counts> {
        Some(Counts { max: N, first: size(self.offset), actual: self.elements.len() })
    }
}

impl<U: Unit> Counted for Text<U> {
    fn counts(&self) -> Option<Counts> {
        Counts::whole(self.wire_len())
    }
}

impl<U: Unit> Counted for SizedText<U> {
    fn counts(&self) -> Option<Counts> {
        Some(Counts { max: size(self.max_count), first: 0, actual: self.text.wire_len() })
    }
}

/// Unions, and pointers to them: what `switch_is` speaks about.
pub trait Tagged {
    /// The discriminant; `None` for NULL.
    fn discriminant(&self) -> Option<i64>;
}

macro_rules! through_pointers {
    ($trait:ident $method:ident $output:ty) => {
        impl<T: $trait> $trait for Option<T> {
            fn $method(&self) -> Option<$output> {
                self.as_ref().and_then(T::$method)
            }
        }

        impl<T: $trait> $trait for Box<T> {
            fn $method(&self) -> Option<$output> {
                (**self).$method()
            }
        }

        impl<T: $trait> $trait for Ref<T> {
            fn $method(&self) -> Option<$output> {
                self.0.$method()
            }
        }

        impl<T: $trait> $trait for Full<T> {
            fn $method(&self) -> Option<$output> {
                self.get().and_then(T::$method)
            }
        }
    };
}

through_pointers! { Counted counts Counts }
through_pointers! { Tagged discriminant i64 }

fn correlate(
    field: &'static str,
    attribute: &'static str,
    expected: Num,
    actual: usize,
) -> Result<(), Invalid> {
    if expected.0.is_some_and(|expected| usize::try_from(expected) == Ok(actual)) {
        return Ok(());
    }
    Err(Invalid::Correlation { field, attribute, expected: expected.0, actual })
}

/// `size_is`: the array has `expected` elements, and NULL stands for none.
pub fn size_is(field: &'static str, expected: Num, value: &impl Counted) -> Result<(), Invalid> {
    correlate(field, "size_is", expected, value.counts().map_or(0, |counts| counts.max))
}

/// `size_is` of a pointer that may be NULL whatever the size is: a varying array with no
/// element in use, or one with `disable_consistency_check`.
pub fn size_is_unless_null(
    field: &'static str,
    expected: Num,
    value: &impl Counted,
) -> Result<(), Invalid> {
    value.counts().map_or(Ok(()), |counts| correlate(field, "size_is", expected, counts.max))
}

/// `length_is`: `expected` elements are transmitted, and NULL stands for none.
pub fn length_is(field: &'static str, expected: Num, value: &impl Counted) -> Result<(), Invalid> {
    correlate(field, "length_is", expected, value.counts().map_or(0, |counts| counts.actual))
}

/// `first_is`, or 0 without it: the index of the first transmitted element.
pub fn first_is(field: &'static str, expected: Num, value: &impl Counted) -> Result<(), Invalid> {
    value.counts().map_or(Ok(()), |counts| correlate(field, "first_is", expected, counts.first))
}

/// `range` of a number.
pub fn range(field: &'static str, value: Num, low: i128, high: i128) -> Result<(), Invalid> {
    match value.0 {
        Some(value) if value < low || value > high => {
            Err(Invalid::Range { field, value, low, high })
        }
        _ => Ok(()),
    }
}

/// `range` of an array's size or of a string's length, its terminator included.
pub fn range_of_count(
    field: &'static str,
    value: &impl Counted,
    low: i128,
    high: i128,
) -> Result<(), Invalid> {
    let max = value.counts().and_then(|counts| i128::try_from(counts.max).ok());
    range(field, Num(max), low, high)
}

/// `switch_is`: the union holds the arm that `expected` selects.
pub fn switch_is(field: &'static str, expected: Num, value: &impl Tagged) -> Result<(), Invalid> {
    match value.discriminant() {
        Some(actual) if expected.0 != Some(actual.into()) => {
            Err(Invalid::Discriminant { field, expected: expected.0, actual })
        }
        _ => Ok(()),
    }
}
