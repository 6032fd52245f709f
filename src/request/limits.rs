//! The limits of a request.

use std::ops::RangeInclusive;

/// What a request may hold; checked before any signature is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes of the request, decoded. 64 KiB.
    pub request_bytes: usize,
    /// Bits of an RSA modulus. 2048 to 8192.
    pub rsa_bits: RangeInclusive<u32>,
    /// ASN.1 values in the whole request. 4096.
    pub values: usize,
    /// Attributes in the subject's name. 64.
    pub subject_attributes: usize,
    /// Attributes of the request itself, with their values counted. 64.
    pub request_attributes: usize,
    /// Extensions asked for. 64.
    pub extensions: usize,
    /// Subject alternative names. 128.
    pub subject_alt_names: usize,
    /// Signatures on a CMS message, those on messages inside it counted. 8.
    pub signers: usize,
    /// Certificates in a CMS message, those in messages inside it counted. 32.
    pub certificates: usize,
    /// Attributes of one signer, signed or unsigned. 16.
    pub signer_attributes: usize,
    /// Controls of a CMC request. 16.
    pub controls: usize,
    /// CMS messages inside each other, the outermost counted. 3.
    pub layers: usize,
    /// Bytes (UTF-8) of the attributes string. 16 KiB.
    pub attributes_bytes: usize,
    /// Lines of the attributes string. 128.
    pub attributes_lines: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_bytes: 64 * 1024,
            rsa_bits: 2048..=8192,
            values: 4096,
            subject_attributes: 64,
            request_attributes: 64,
            extensions: 64,
            subject_alt_names: 128,
            signers: 8,
            certificates: 32,
            signer_attributes: 16,
            controls: 16,
            layers: 3,
            attributes_bytes: 16 * 1024,
            attributes_lines: 128,
        }
    }
}
