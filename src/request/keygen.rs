//! Netscape KEYGEN ([MS-WCCE] 2.2.2.6.4, 3.2.1.4.2.1.4.1.4): a key with a challenge; the subject
//! comes from the attributes string.

use aws_lc_rs::constant_time::verify_slices_are_equal;

use picky::hash::HashAlgorithm;
use picky::signature::SignatureAlgorithm;

use crate::asn1::{
    Asn1Error, Hash, Name, PublicKey, SignatureError, SignedPublicKeyAndChallenge, oids,
    verify_signature,
};
use crate::model::{Attribute, EnrollmentRequest, Oid, RequestFormat};

use super::contents::{template_hints, within};
use super::pkcs10::certifiable;
use super::{Limits, RequestError};

/// Name of the attribute that repeats the challenge.
const CHALLENGE: &str = "challenge";

/// Names of the attributes that make up the subject; each may also be named by its OID.
const SUBJECT: [(Oid, &[&str]); 16] = [
    (oids::COUNTRY, &["C", "Country"]),
    (oids::ORGANIZATION, &["O", "Org", "Organization"]),
    (oids::ORGANIZATIONAL_UNIT, &["OU", "OrgUnit", "OrganizationUnit", "OrganizationalUnit"]),
    (oids::COMMON_NAME, &["CN", "CommonName"]),
    (oids::LOCALITY, &["L", "Locality"]),
    (oids::STATE, &["S", "ST", "State"]),
    (oids::TITLE, &["T", "Title"]),
    (oids::GIVEN_NAME, &["G", "GivenName"]),
    (oids::INITIALS, &["I", "Initials"]),
    (oids::SURNAME, &["SN", "SurName"]),
    (oids::DOMAIN_COMPONENT, &["DC", "DomainComponent"]),
    (oids::EMAIL_ADDRESS, &["E", "Email"]),
    (oids::STREET, &["Street", "StreetAddress"]),
    (oids::UNSTRUCTURED_NAME, &["UnstructuredName"]),
    (oids::UNSTRUCTURED_ADDRESS, &["UnstructuredAddress"]),
    (oids::SERIAL_NUMBER, &["DeviceSerialNumber"]),
];

/// Parses and verifies; `attributes` are those of the attributes string. `raw` is left empty. The
/// challenge is not looked at where that was done already: it is not kept.
pub fn parse(
    der: &[u8],
    mut attributes: Vec<Attribute>,
    limits: &Limits,
    recorded: bool,
) -> Result<EnrollmentRequest, RequestError> {
    let broken = RequestError::structure("KEYGEN request");
    let request = SignedPublicKeyAndChallenge::parse(der).map_err(broken)?;
    if !recorded {
        check_challenge(&request.challenge, &attributes)?;
    }
    let subject = subject(&attributes);
    within("attributes in its subject", subject.rdns.len(), limits.subject_attributes)?;
    if subject.is_empty() {
        return Err(RequestError::NoSubject);
    }
    let (key, public_key) = certifiable(&request.public_key, limits)?;
    let weak = verify(&request, &key)?;
    // A password, which has done its work.
    attributes.retain(|attribute| !attribute.name.eq_ignore_ascii_case(CHALLENGE));
    let template_hints = template_hints(&[], &attributes)?;
    Ok(EnrollmentRequest {
        format: RequestFormat::Keygen,
        raw: Vec::new(),
        subject: subject.to_der(),
        subject_attributes: subject.into_attributes(),
        public_key,
        subject_alt_names: Vec::new(),
        extensions: Vec::new(),
        attributes,
        template_hints,
        client_info: None,
        sha1_proof: weak,
        on_behalf_of: None,
        signers: Vec::new(),
        renewal: None,
        certificates: Vec::new(),
        archives_key: false,
    })
}

/// Verifies the signature; whether its hash is a weak one. Browsers know no other than MD5, so it
/// is taken here, and nowhere else: by RSA, as proof of possession.
fn verify(
    request: &SignedPublicKeyAndChallenge<'_>,
    key: &PublicKey<'_>,
) -> Result<bool, RequestError> {
    let SignedPublicKeyAndChallenge { signature_algorithm, signed, signature, .. } = request;
    if signature_algorithm.oid != oids::MD5_WITH_RSA {
        let scheme = verify_signature(key, signature_algorithm, signed, signature)?;
        return Ok(scheme.hash() == Some(Hash::Sha1));
    }
    if !key.kind().is_rsa() {
        return Err(SignatureError::KeyMismatch(oids::MD5_WITH_RSA).into());
    }
    // Not in aws-lc-rs.
    let key = picky::key::PublicKey::from_der(request.public_key.raw);
    let key = key.map_err(|_| RequestError::Key(Asn1Error::Value("public key")))?;
    let verified =
        SignatureAlgorithm::RsaPkcs1v15(HashAlgorithm::MD5).verify(&key, signed, signature);
    verified.map_err(|_| SignatureError::Invalid)?;
    Ok(true)
}

/// A challenge that the request has must be among the attributes; an attribute without one in the
/// request is no proof of anything, and is ignored.
fn check_challenge(challenge: &str, attributes: &[Attribute]) -> Result<(), RequestError> {
    if challenge.is_empty() {
        return Ok(());
    }
    let mut named = attributes.iter().filter(|one| one.name.eq_ignore_ascii_case(CHALLENGE));
    let (Some(said), None) = (named.next(), named.next()) else {
        return Err(RequestError::Challenge);
    };
    verify_slices_are_equal(said.value.as_bytes(), challenge.as_bytes())
        .map_err(|_| RequestError::Challenge)
}

/// The subject, in the order of the attributes.
fn subject(attributes: &[Attribute]) -> Name {
    let named = attributes.iter().filter(|attribute| !attribute.value.is_empty());
    Name::from_attributes(named.filter_map(|attribute| {
        let oid = subject_attribute(&attribute.name)?;
        Some((oid, attribute.value.clone()))
    }))
}

fn subject_attribute(name: &str) -> Option<Oid> {
    let named = |(oid, names): &(Oid, &[&str])| {
        let by_oid = name.parse().is_ok_and(|named: Oid| named == *oid);
        by_oid || names.iter().any(|other| other.eq_ignore_ascii_case(name))
    };
    SUBJECT.into_iter().find(named).map(|(oid, _)| oid)
}
