//! A certificate with those of its extensions that chains depend on.

use crate::asn1::extensions::{
    decode_authority_key_identifier, decode_basic_constraints, decode_extended_key_usage,
    decode_key_usage, decode_policies, decode_subject_key_identifier, find,
};
use crate::asn1::{Asn1Error, Certificate, Name, PublicKey, oids};
use crate::model::{BasicConstraints, KeyUsage, Oid};

/// A certificate, read once.
pub(super) struct Node<'a> {
    pub(super) certificate: Certificate<'a>,
    pub(super) key: PublicKey<'a>,
    pub(super) constraints: Option<BasicConstraints>,
    pub(super) usage: Option<KeyUsage>,
    /// extKeyUsage.
    pub(super) purposes: Option<Vec<Oid>>,
    /// szOID_APPLICATION_CERT_POLICIES.
    pub(super) application_policies: Option<Vec<Oid>>,
    /// certificatePolicies.
    pub(super) policies: Option<Vec<Oid>>,
    key_id: Option<Vec<u8>>,
    issuer_key_id: Option<Vec<u8>>,
}

/// Critical extensions that are acted on here, or that say nothing about chains.
const UNDERSTOOD: [Oid; 6] = [
    oids::BASIC_CONSTRAINTS,
    oids::KEY_USAGE,
    oids::EXTENDED_KEY_USAGE,
    oids::APPLICATION_CERT_POLICIES,
    oids::CERTIFICATE_POLICIES,
    oids::SUBJECT_ALT_NAME,
];

impl<'a> Node<'a> {
    /// Reads a certificate and the extensions that matter; one of them that cannot be read makes
    /// the whole unreadable.
    pub(super) fn read(der: &'a [u8]) -> Result<Self, Asn1Error> {
        let certificate = Certificate::parse(der)?;
        let key = certificate.public_key.public_key()?;
        let value = |oid: &Oid| find(&certificate.extensions, oid).map(|found| &*found.value);
        let constraints =
            value(&oids::BASIC_CONSTRAINTS).map(decode_basic_constraints).transpose()?;
        let usage = value(&oids::KEY_USAGE).map(decode_key_usage).transpose()?;
        let purposes =
            value(&oids::EXTENDED_KEY_USAGE).map(decode_extended_key_usage).transpose()?;
        let application_policies =
            value(&oids::APPLICATION_CERT_POLICIES).map(decode_policies).transpose()?;
        let policies = value(&oids::CERTIFICATE_POLICIES).map(decode_policies).transpose()?;
        let key_id =
            value(&oids::SUBJECT_KEY_IDENTIFIER).map(decode_subject_key_identifier).transpose()?;
        let issuer_key_id = value(&oids::AUTHORITY_KEY_IDENTIFIER)
            .map(decode_authority_key_identifier)
            .transpose()?
            .flatten();
        let (key_id, issuer_key_id) =
            (key_id.map(<[u8]>::to_vec), issuer_key_id.map(<[u8]>::to_vec));
        Ok(Self {
            key,
            constraints,
            usage,
            purposes,
            application_policies,
            policies,
            key_id,
            issuer_key_id,
            certificate,
        })
    }

    /// The subject as text.
    pub(super) fn name(&self) -> String {
        Name::windows_text_of(self.certificate.subject)
    }

    /// The first critical extension that is not understood.
    pub(super) fn not_understood(&self) -> Option<&Oid> {
        let mut extensions = self.certificate.extensions.iter();
        let unknown = extensions.find(|found| found.critical && !UNDERSTOOD.contains(&found.oid));
        // Name constraints get a reason of their own.
        unknown.map(|found| &found.oid).filter(|oid| **oid != oids::NAME_CONSTRAINTS)
    }

    /// Whether names and key identifiers fit for this to have issued `other`.
    pub(super) fn may_have_issued(&self, other: &Self) -> bool {
        let fits = match (&self.key_id, &other.issuer_key_id) {
            (Some(own), Some(named)) => own == named,
            _ => true,
        };
        fits && self.certificate.subject == other.certificate.issuer
    }

    /// Whether both certify the same name for the same key: a chain needs no CA twice.
    pub(super) fn is_same_ca(&self, other: &Self) -> bool {
        self.certificate.subject == other.certificate.subject
            && self.certificate.public_key.raw == other.certificate.public_key.raw
    }
}
