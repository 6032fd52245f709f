//! Structures in DER, each by itself.

use wcce::asn1::cmc::{AddedAttributes, PkiData, PkiResponse, TaggedRequest, decode_reg_info};
use wcce::asn1::cms::{SignedData, without_unsigned_attribute};
use wcce::asn1::ocsp::OcspRequest;
use wcce::asn1::{
    Certificate, CertificateList, CertificationRequest, Element, Name, Reader, RequestAttribute,
    SignedPublicKeyAndChallenge, SubjectPublicKeyInfo, check_structure, decode_client_info,
    decode_csp_provider, decode_general_names, decode_name_value_pairs, decode_text, decode_time,
    encode_general_names, extensions, name_columns, oids, pem, to_der, verify_signature,
};
use wcce::model::Extension;

/// Values in a message.
const MAX_VALUES: usize = 4096;

/// BER to DER, once and for all.
pub fn normalize(input: &[u8]) {
    let _ = check_structure(input, MAX_VALUES);
    if let Ok(der) = to_der(input, MAX_VALUES) {
        assert_eq!(to_der(&der, MAX_VALUES).as_deref(), Ok(&*der));
    }
}

/// A PKCS#10 request.
pub fn pkcs10(input: &[u8]) {
    let Ok(request) = CertificationRequest::parse(input) else { return };
    name(request.subject);
    if let Ok(key) = request.public_key.public_key() {
        let _ =
            verify_signature(&key, &request.signature_algorithm, request.info, request.signature);
    }
    request.attributes.iter().for_each(attribute);
}

/// What is asked for in an attribute of a request.
fn attribute(attribute: &RequestAttribute<'_>) {
    for value in &attribute.values {
        let _ = (decode_text(value), decode_time(value), decode_csp_provider(value));
        let _ = (decode_client_info(value), decode_name_value_pairs(value));
        let _ = (decode_reg_info(value), AddedAttributes::parse(value));
        extension_list(value.raw);
    }
}

fn extension_list(der: &[u8]) {
    let Ok(list) = extensions::decode_extensions(der) else { return };
    list.iter().for_each(extension_value);
    let encoded = extensions::encode_extensions(&list);
    assert_eq!(extensions::decode_extensions(&encoded), Ok(list));
}

fn extension_value(extension: &Extension) {
    let value = &extension.value;
    let _ = (extensions::decode_extended_key_usage(value), extensions::decode_policies(value));
    let _ = (
        extensions::decode_subject_key_identifier(value),
        extensions::decode_authority_key_identifier(value),
        extensions::decode_template_name(value),
    );
    if let Ok(usage) = extensions::decode_key_usage(value) {
        let again = extensions::key_usage(usage, true).value;
        assert_eq!(extensions::decode_key_usage(&again), Ok(usage));
    }
    if let Ok(constraints) = extensions::decode_basic_constraints(value) {
        let again = extensions::basic_constraints(constraints, true).value;
        assert_eq!(extensions::decode_basic_constraints(&again), Ok(constraints));
    }
    if let Ok(information) = extensions::decode_template_information(value) {
        let again = extensions::template_information(&information).value;
        assert_eq!(extensions::decode_template_information(&again), Ok(information));
    }
    if let Ok(sid) = extensions::decode_security_identifier(value) {
        let again = extensions::security_identifier(&sid).value;
        assert_eq!(extensions::decode_security_identifier(&again), Ok(sid));
    }
    general_names(value);
}

/// The value of an extension.
pub fn extension(input: &[u8]) {
    let oid = oids::KEY_USAGE;
    extension_value(&Extension { oid, critical: false, value: input.to_vec() });
    extension_list(input);
}

/// GeneralNames.
pub fn general_names(input: &[u8]) {
    let Ok(names) = decode_general_names(input) else { return };
    if let Ok(encoded) = encode_general_names(&names) {
        assert_eq!(decode_general_names(&encoded), Ok(names));
    }
}

/// A Name, and its forms in text.
pub fn name(input: &[u8]) {
    let _ = name_columns(input);
    let Ok(name) = Name::from_der(input) else { return };
    let _ = name.to_windows_text();
    // What stands together in a SET may have been in another order.
    let encoded = name.to_der();
    assert_eq!(Name::from_der(&encoded).map(|name| name.to_der()), Ok(encoded));
    // What the text form cannot say (values that are no text) may come back otherwise, once.
    if let Ok(once) = Name::parse(&name.to_string()) {
        assert_eq!(Name::parse(&once.to_string()), Ok(once));
    }
}

/// A name in text.
pub fn name_text(input: &[u8]) {
    let Ok(name) = Name::parse(&String::from_utf8_lossy(input)) else { return };
    assert_eq!(Name::parse(&name.to_string()), Ok(name.clone()));
    let _ = (name.to_windows_text(), Name::from_der(&name.to_der()));
}

/// A CMS message and what is in it.
pub fn cms(input: &[u8]) {
    let Ok(message) = SignedData::parse(input) else { return };
    let encoded = message.encode();
    let again = SignedData::parse(&encoded).expect("our own");
    assert_eq!(again.encode(), encoded);
    assert_eq!((&again.content_type, again.content), (&message.content_type, message.content));
    for signer in &message.signers {
        signer.attributes().iter().flatten().for_each(attribute);
        signer.unsigned().iter().flatten().for_each(attribute);
        let _ = (signer.is_null(), signer.check_null(&message));
        for certificate in
            message.certificates.iter().filter_map(|der| Certificate::parse(der).ok())
        {
            if let Ok(key) = certificate.public_key.public_key() {
                let _ = signer.verify(&message, &key);
            }
        }
    }
    message.certificates.iter().for_each(|der| certificate(der));
    message.crls.iter().for_each(|der| crl(der));
    if let Some(content) = message.content {
        cmc(content);
    }
    let _ = without_unsigned_attribute(input, &oids::ARCHIVED_KEY_ATTR);
}

/// A PKIData, or a PKIResponse.
pub fn cmc(input: &[u8]) {
    if let Ok(data) = PkiData::parse(input) {
        for control in &data.controls {
            let RequestAttribute { oid, values } =
                RequestAttribute { oid: control.oid.clone(), values: control.values.clone() };
            attribute(&RequestAttribute { oid, values });
        }
        for request in &data.requests {
            if let TaggedRequest::Pkcs10(_, der) = request {
                pkcs10(der);
            }
        }
    }
    if let Ok(response) = PkiResponse::parse(input)
        && let Ok(encoded) = response.encode()
    {
        assert_eq!(PkiResponse::parse(&encoded), Ok(response));
    }
}

/// KEYGEN.
pub fn spkac(input: &[u8]) {
    let Ok(request) = SignedPublicKeyAndChallenge::parse(input) else { return };
    if let Ok(key) = request.public_key.public_key() {
        let algorithm = &request.signature_algorithm;
        let _ = verify_signature(&key, algorithm, request.signed, request.signature);
    }
}

/// A public key.
pub fn spki(input: &[u8]) {
    let Ok(key) = SubjectPublicKeyInfo::parse(input) else { return };
    let _ = (key.public_key().map(|key| key.kind()), key.key_id());
    if let Ok(info) = key.to_info() {
        assert_eq!(
            SubjectPublicKeyInfo::parse(&info.spki).map(|key| key.key_id()),
            Ok(key.key_id())
        );
    }
}

/// A certificate.
pub fn certificate(input: &[u8]) {
    let Ok(certificate) = Certificate::parse(input) else { return };
    name(certificate.subject);
    name(certificate.issuer);
    certificate.extensions.iter().for_each(extension_value);
    if let Ok(key) = certificate.public_key.public_key() {
        let algorithm = &certificate.signature_algorithm;
        let _ = verify_signature(&key, algorithm, certificate.tbs, certificate.signature);
    }
}

/// A CRL.
pub fn crl(input: &[u8]) {
    let whole = CertificateList::parse(input);
    let head = CertificateList::parse_without_entries(input);
    if let (Ok(whole), Ok(head)) = (&whole, &head) {
        assert_eq!((whole.issuer, whole.this_update), (head.issuer, head.this_update));
        whole.extensions.iter().for_each(extension_value);
    }
}

/// An OCSP request.
pub fn ocsp_request(input: &[u8]) {
    if let Ok(request) = OcspRequest::parse(input) {
        assert!(!request.certificates.is_empty());
        let ours = request.certificates.iter().filter(|asked| asked.is_of(b"name", b"key"));
        assert!(ours.count() <= request.certificates.len());
    }
}

/// Blocks in PEM.
pub fn pem_text(input: &[u8]) {
    for block in pem::decode(input).iter().flatten() {
        let again = pem::decode(pem::encode(&block.label, &block.der).as_bytes()).expect("ours");
        assert_eq!(again.first().map(|block| &block.der), Some(&block.der));
    }
}

/// Whatever a reader can be asked for, of whatever bytes.
pub fn reader(input: &[u8]) {
    let [ways @ .., _] = input else { return };
    let mut reader = Reader::new(input);
    for way in ways {
        let failed = match way % 10 {
            0 => reader.element().is_err(),
            1 => reader.sequence().map(|inner| reader = inner).is_err(),
            2 => reader.integer().is_err(),
            3 => reader.unsigned().is_err(),
            4 => reader.u32().is_err(),
            5 => reader.boolean().is_err(),
            6 => reader.oid().is_err(),
            7 => reader.octet_string().is_err(),
            8 => reader.bit_string().is_err(),
            _ => Element::parse(input).is_err(),
        };
        if failed || reader.is_empty() {
            return;
        }
    }
}
