//! From fields to the bytes that are signed, and from those to what is sent.

use std::time::SystemTime;

use aws_lc_rs::rand;

use super::signer::{KeyError, SignatureAlgorithm};
use crate::asn1::extensions::encode_extensions;
use crate::asn1::{Asn1Error, Tag, Writer, encode_time, sequence, sequence_of_parts};
use crate::model::{Extension, SerialNumber};

/// The fields of a TBSCertificate (RFC 5280 4.1).
pub struct CertificateFields<'a> {
    /// Serial number.
    pub serial: &'a SerialNumber,
    /// How it will be signed.
    pub algorithm: SignatureAlgorithm,
    /// DER of the issuer's Name.
    pub issuer: &'a [u8],
    /// First instant of validity.
    pub not_before: SystemTime,
    /// Last second of validity.
    pub not_after: SystemTime,
    /// DER of the subject's Name.
    pub subject: &'a [u8],
    /// DER of the SubjectPublicKeyInfo.
    pub public_key: &'a [u8],
    /// Extensions, in order.
    pub extensions: &'a [Extension],
}

impl CertificateFields<'_> {
    /// The DER of the TBSCertificate.
    ///
    /// # Errors
    /// For years that DER has no form for.
    pub fn encode(&self) -> Result<Vec<u8>, Asn1Error> {
        let mut validity = Writer::new();
        encode_time(&mut validity, self.not_before)?;
        encode_time(&mut validity, self.not_after)?;
        let validity = validity.into_bytes();
        Ok(sequence(|tbs| {
            tbs.nested(Tag::context(0), |version| version.u32(2));
            tbs.unsigned(&self.serial.0);
            self.algorithm.write(tbs);
            tbs.raw(self.issuer);
            tbs.sequence(|times| times.raw(&validity));
            tbs.raw(self.subject);
            tbs.raw(self.public_key);
            tbs.nested(Tag::context(3), |list| list.raw(&encode_extensions(self.extensions)));
        }))
    }
}

/// Puts a signature behind what it is over: a Certificate or a CertificateList.
pub fn with_signature(tbs: &[u8], algorithm: SignatureAlgorithm, signature: &[u8]) -> Vec<u8> {
    let mut end = Writer::new();
    algorithm.write(&mut end);
    end.bit_string(signature);
    sequence_of_parts(&[tbs, &end.into_bytes()])
}

/// A random serial number of 128 bits, less the few that make it positive and of constant
/// length in hex (the top byte as Windows fixes it, [MS-WCCE] 3.2.1.4.2.1.4.6).
///
/// # Errors
/// Where the random number generator fails.
pub fn random_serial() -> Result<SerialNumber, KeyError> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).map_err(|_| KeyError::Random)?;
    let [top, ..] = &mut bytes;
    *top = match *top & 0x7F {
        0 => 0x61,
        low @ 1..=0x0F => low ^ 0x10,
        high => high,
    };
    Ok(SerialNumber(bytes.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_are_positive_long_and_distinct() {
        let serials: std::collections::HashSet<_> =
            (0..2_000).map(|_| random_serial().unwrap().0).collect();
        assert_eq!(serials.len(), 2_000);
        for serial in serials {
            assert_eq!(serial.len(), 16);
            assert!((0x10..0x80).contains(&serial[0]), "{:02x}", serial[0]);
        }
    }
}
