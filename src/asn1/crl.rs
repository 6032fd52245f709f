//! Certificate revocation lists (RFC 5280 5), as far as anybody here reads them.

use std::time::SystemTime;

use crate::model::{Extension, SerialNumber};

use super::extensions::decode_extensions;
use super::{AlgorithmIdentifier, Asn1Error, Element, Reader, Tag, decode_time};

/// The fields of a version 2 CRL.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CertificateList<'a> {
    /// DER of the TBSCertList: what is signed.
    pub tbs: &'a [u8],
    /// DER of the issuer's Name.
    pub issuer: &'a [u8],
    /// When it was made.
    pub this_update: SystemTime,
    /// By when there will be another.
    pub next_update: SystemTime,
    /// Serial numbers of the entries, in order.
    pub revoked: Vec<SerialNumber>,
    /// Extensions, in order.
    pub extensions: Vec<Extension>,
    /// How the issuer signed.
    pub signature_algorithm: AlgorithmIdentifier<'a>,
    /// The signature.
    pub signature: &'a [u8],
}

impl<'a> CertificateList<'a> {
    /// Reads the CRL that fills `der`. Nothing is verified.
    pub fn parse(der: &'a [u8]) -> Result<Self, Asn1Error> {
        Self::read(der, decode_entries)
    }

    /// The same, but passes over the entries, which may be millions: `revoked` stays empty.
    pub fn parse_without_entries(der: &'a [u8]) -> Result<Self, Asn1Error> {
        Self::read(der, |_| Ok(Vec::new()))
    }

    fn read(
        der: &'a [u8],
        entries: impl FnOnce(&Element<'_>) -> Result<Vec<SerialNumber>, Asn1Error>,
    ) -> Result<Self, Asn1Error> {
        let mut reader = Reader::sequence_of(der)?;
        let tbs = reader.expect(Tag::SEQUENCE)?;
        let signature_algorithm = AlgorithmIdentifier::read(&mut reader)?;
        let signature = reader.bit_string()?.whole_bytes()?;
        reader.end()?;

        let mut body = Reader::new(tbs.content);
        if body.u32()? != 1 {
            return Err(Asn1Error::Value("CRL version"));
        }
        if AlgorithmIdentifier::read(&mut body)? != signature_algorithm {
            return Err(Asn1Error::Value("CRL (signature algorithms differ)"));
        }
        let issuer = body.expect(Tag::SEQUENCE)?.raw;
        let this_update = decode_time(&body.element()?)?;
        let next_update = decode_time(&body.element()?)?;
        let revoked = match body.optional(Tag::SEQUENCE)? {
            Some(list) => entries(&list)?,
            None => Vec::new(),
        };
        let extensions = match body.optional(Tag::context(0))? {
            Some(explicit) => decode_extensions(explicit.content)?,
            None => Vec::new(),
        };
        body.end()?;
        Ok(Self {
            tbs: tbs.raw,
            issuer,
            this_update,
            next_update,
            revoked,
            extensions,
            signature_algorithm,
            signature,
        })
    }
}

fn decode_entries(entries: &Element<'_>) -> Result<Vec<SerialNumber>, Asn1Error> {
    let mut list = entries.enter(Tag::SEQUENCE)?;
    let mut revoked = Vec::new();
    while !list.is_empty() {
        let mut entry = list.sequence()?;
        revoked.push(SerialNumber(entry.unsigned()?.to_vec()));
        decode_time(&entry.element()?)?;
        if let Some(extensions) = entry.optional(Tag::SEQUENCE)? {
            decode_extensions(extensions.raw)?;
        }
        entry.end()?;
    }
    Ok(revoked)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Version 2, an Ed25519 identifier, an empty issuer, two times, one entry, no extensions.
    const CRL: &str = "304c3040020101300506032b65703000170d3236303130313030303030305a170d3236303130\
                       383030303030305a3014301202010517\
                       0d3236303130313030303030305a300506032b6570030100";

    #[test]
    fn entries_are_read() {
        let der = hex::decode(CRL).unwrap();
        let list = CertificateList::parse(&der).expect("a CRL");
        assert_eq!(list.revoked, [SerialNumber(vec![5])]);
        assert!(list.extensions.is_empty());
        let passed_over = CertificateList::parse_without_entries(&der).expect("a CRL");
        assert_eq!(passed_over, CertificateList { revoked: vec![], ..list.clone() });
        assert_eq!(list.next_update.duration_since(list.this_update).unwrap().as_secs(), 604_800);
    }

    proptest! {
        #[test]
        fn changed_bytes_do_not_panic(at in 0usize..78, to: u8) {
            let mut der = hex::decode(CRL).unwrap();
            der[at] = to;
            let _ = CertificateList::parse(&der);
        }
    }
}
