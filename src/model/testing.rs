//! Values for tests of several rooms.

use std::time::{Duration, UNIX_EPOCH};

use super::{
    Ace, AceKind, Acl, CertificateColumns, Disposition, ENROLL, EnrollmentFlags, GeneralFlags,
    KeyAlgorithms, KeyUsage, NameFlags, NewRow, PrivateKeyFlags, RequestId, RequestRow,
    SchemaVersion, SecurityDescriptor, SerialNumber, Template,
};
use crate::asn1::oids;

/// A row of alice's with a certificate of serial number 0a, valid for a day from 1970 on.
pub(crate) fn row(disposition: Disposition) -> RequestRow {
    let columns = NewRow {
        raw_request: vec![],
        request_type: 0,
        request_flags: 0,
        request_attributes: String::new(),
        submitted_when: UNIX_EPOCH,
        resolved_when: None,
        disposition,
        status_code: 0,
        disposition_message: String::new(),
        requester_name: r"LAB\alice".to_owned(),
        caller_name: r"LAB\alice".to_owned(),
        caller_sid: "S-1-5-21-1-2-3-1103".to_owned(),
        request_raw_name: vec![],
        request_distinguished_name: String::new(),
        raw_old_certificate: None,
        signer_policies: vec![],
        signer_application_policies: vec![],
        certificate_template: "User".to_owned(),
        attributes: vec![],
        extensions: vec![],
        certificate: Some(certificate()),
        requester_sid: None,
        request_names: Default::default(),
        requester_name_from_old_certificate: None,
        signer_certificate_hashes: vec![],
        renewals: 0,
        first_issued: None,
    };
    let id = RequestId(1);
    let (revoked_when, revoked_effective_when, revoked_reason) = (None, None, None);
    RequestRow { id, columns, revoked_when, revoked_effective_when, revoked_reason }
}

fn certificate() -> CertificateColumns {
    CertificateColumns {
        raw: vec![0x30, 0],
        serial_number: SerialNumber(vec![0x0A]),
        certificate_hash: [0x0A; 20],
        issuer_name_id: 0,
        not_before: UNIX_EPOCH,
        not_after: UNIX_EPOCH + Duration::from_secs(86_400),
        subject_key_identifier: vec![1; 20],
        raw_public_key: vec![2; 270],
        public_key_length: 2048,
        public_key_algorithm: "1.2.840.113549.1.1.1".to_owned(),
        distinguished_name: String::new(),
        raw_name: vec![0x30, 0],
        upn: None,
        enrollment_flags: 0,
        general_flags: 0,
        private_key_flags: 0,
        raw_public_key_algorithm_parameters: vec![5, 0],
        publish_expired_cert_in_crl: false,
        names: Default::default(),
    }
}

/// A user's template of version 2, which Domain Users of S-1-5-21-1-2-3 may enroll for.
pub(crate) fn template() -> Template {
    const DAY: Duration = Duration::from_secs(86_400);
    let enrollees =
        Ace::extended_right(AceKind::Allow, ENROLL, "S-1-5-21-1-2-3-513".parse().expect("valid"));
    Template {
        name: "User".to_owned(),
        display_name: "User".to_owned(),
        oid: Some("1.2.3.4".parse().expect("valid")),
        schema: SchemaVersion::V2,
        major: 100,
        minor: 5,
        flags: GeneralFlags::ADD_TEMPLATE_NAME,
        enrollment: EnrollmentFlags::empty(),
        private_key: PrivateKeyFlags::empty(),
        names: NameFlags::SUBJECT_REQUIRE_DIRECTORY_PATH | NameFlags::SUBJECT_ALT_REQUIRE_UPN,
        validity: DAY * 365,
        renewal_overlap: DAY * 42,
        minimal_key_size: 2048,
        key_usage: KeyUsage(0xA000),
        key_spec: 1,
        max_issuing_depth: Some(0),
        critical_extensions: vec![oids::KEY_USAGE],
        application_policies: vec![oids::CLIENT_AUTH, oids::EMAIL_PROTECTION],
        certificate_policies: Vec::new(),
        ra_signatures: 0,
        ra_application_policies: Vec::new(),
        ra_policies: Vec::new(),
        algorithms: KeyAlgorithms::default(),
        supersedes: Vec::new(),
        default_csps: Vec::new(),
        security: SecurityDescriptor {
            owner: None,
            group: None,
            dacl: Some(Acl { aces: vec![enrollees] }),
        },
    }
}
