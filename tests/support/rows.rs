//! Rows for tests of the Request table.

use std::time::SystemTime;

use wcce::model::{CertificateColumns, Disposition, NewRow, SerialNumber};

/// A row about to be issued under a serial number that names process, writer and turn.
pub fn row(serial: &str) -> NewRow {
    NewRow {
        raw_request: serial.as_bytes().repeat(60),
        request_type: 0x100,
        request_flags: 0,
        request_attributes: String::new(),
        submitted_when: SystemTime::UNIX_EPOCH,
        resolved_when: Some(SystemTime::UNIX_EPOCH),
        disposition: Disposition::Pending,
        status_code: 0,
        disposition_message: String::new(),
        requester_name: r"LAB\alice".into(),
        caller_name: r"LAB\alice".into(),
        caller_sid: "S-1-5-21-1-2-3-1105".into(),
        request_raw_name: vec![0x30, 0],
        request_distinguished_name: String::new(),
        raw_old_certificate: None,
        signer_policies: vec![],
        signer_application_policies: vec![],
        certificate_template: "User".into(),
        attributes: vec![],
        extensions: vec![],
        certificate: Some(CertificateColumns {
            raw: serial.as_bytes().repeat(60),
            serial_number: SerialNumber(serial.as_bytes().to_vec()),
            certificate_hash: {
                let mut hash = [0; 20];
                hash[..serial.len()].copy_from_slice(serial.as_bytes());
                hash
            },
            issuer_name_id: 0,
            not_before: SystemTime::UNIX_EPOCH,
            not_after: SystemTime::UNIX_EPOCH,
            subject_key_identifier: vec![1; 20],
            raw_public_key: vec![2; 270],
            public_key_length: 2048,
            public_key_algorithm: "1.2.840.113549.1.1.1".into(),
            distinguished_name: "CN=alice".into(),
            raw_name: vec![0x30, 0],
            upn: None,
            enrollment_flags: 0,
            general_flags: 0,
            private_key_flags: 0,
            raw_public_key_algorithm_parameters: vec![5, 0],
            publish_expired_cert_in_crl: false,
            names: Default::default(),
        }),
        requester_sid: None,
        request_names: Default::default(),
        requester_name_from_old_certificate: None,
        signer_certificate_hashes: vec![],
        renewals: 0,
        first_issued: None,
    }
}
