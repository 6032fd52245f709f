//! Rows of the Request table as JSON, under the column names of the CA database ([MS-CSRA] 3.1.1.1)
//! as `certutil -view` shows them.

use std::time::SystemTime;

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use wcce::model::{CertificateColumns, NameColumns, NewRow, RequestRow};

/// All columns that hold something. Times are UTC as in RFC 3339, bytes hexadecimal.
pub fn json(row: &RequestRow) -> Value {
    let RequestRow { id, columns, revoked_when, revoked_effective_when, revoked_reason } = row;
    let mut object = request(columns);
    object.insert("Request.RequestID".into(), json!(id.0));
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put("Request.RevokedWhen", json!(revoked_when.map(time)));
    put("Request.RevokedEffectiveWhen", json!(revoked_effective_when.map(time)));
    put("Request.RevokedReason", json!(revoked_reason));
    if let Some(certificate) = &columns.certificate {
        object.extend(issued(certificate));
    }
    object.retain(|_, value| !(value.is_null() || *value == json!("") || *value == json!([])));
    Value::Object(object)
}

fn request(row: &NewRow) -> Map<String, Value> {
    let attributes: Vec<Value> = row.attributes.iter().map(|(n, v)| json!({ n: v })).collect();
    let extension = |(name, flags, value): &(String, u32, Vec<u8>)| {
        json!({ "ExtensionName": name, "ExtensionFlags": flags,
                "ExtensionRawValue": hex::encode(value) })
    };
    let extensions: Vec<Value> = row.extensions.iter().map(extension).collect();
    let signers: Vec<String> = row.signer_certificate_hashes.iter().map(hex::encode).collect();
    let mut object = columns([
        ("Request.RawRequest", json!(hex::encode(&row.raw_request))),
        ("Request.RequestType", json!(row.request_type)),
        ("Request.RequestFlags", json!(row.request_flags)),
        ("Request.RequestAttributes", json!(row.request_attributes)),
        ("Request.SubmittedWhen", json!(time(row.submitted_when))),
        ("Request.ResolvedWhen", json!(row.resolved_when.map(time))),
        ("Request.Disposition", json!(row.disposition.column_value())),
        ("Request.StatusCode", json!(row.status_code)),
        ("Request.DispositionMessage", json!(row.disposition_message)),
        ("Request.RequesterName", json!(row.requester_name)),
        ("Request.CallerName", json!(row.caller_name)),
        ("Request.RawName", json!(hex::encode(&row.request_raw_name))),
        ("Request.DistinguishedName", json!(row.request_distinguished_name)),
        ("Request.RawOldCertificate", json!(row.raw_old_certificate.as_ref().map(hex::encode))),
        ("Request.SignerPolicies", json!(row.signer_policies)),
        ("Request.SignerApplicationPolicies", json!(row.signer_application_policies)),
        ("CertificateTemplate", json!(row.certificate_template)),
        ("Attributes", json!(attributes)),
        ("Extensions", json!(extensions)),
        ("Request.RequesterNameFromOldCertificate", json!(row.requester_name_from_old_certificate)),
        // These are no columns of AD CS.
        ("CallerSID", json!(row.caller_sid)),
        ("RequesterSID", json!(row.requester_sid)),
        ("SignerCertificateHashes", json!(signers)),
        ("Renewals", json!(row.renewals)),
        ("FirstIssued", json!(row.first_issued.map(time))),
    ]);
    object.extend(names("Request.", &row.request_names));
    object
}

/// The columns of a name.
fn names(table: &str, names: &NameColumns) -> Map<String, Value> {
    names.iter().map(|(name, value)| (format!("{table}{name:?}"), json!(value))).collect()
}

fn issued(certificate: &CertificateColumns) -> Map<String, Value> {
    let parameters = hex::encode(&certificate.raw_public_key_algorithm_parameters);
    let mut object = columns([
        ("RawCertificate", json!(hex::encode(&certificate.raw))),
        ("CertificateHash", json!(hex::encode(certificate.certificate_hash))),
        ("SerialNumber", json!(certificate.serial_number.to_string())),
        ("IssuerNameID", json!(certificate.issuer_name_id)),
        ("NotBefore", json!(time(certificate.not_before))),
        ("NotAfter", json!(time(certificate.not_after))),
        ("SubjectKeyIdentifier", json!(hex::encode(&certificate.subject_key_identifier))),
        ("RawPublicKey", json!(hex::encode(&certificate.raw_public_key))),
        ("PublicKeyLength", json!(certificate.public_key_length)),
        ("PublicKeyAlgorithm", json!(certificate.public_key_algorithm)),
        ("DistinguishedName", json!(certificate.distinguished_name)),
        ("RawName", json!(hex::encode(&certificate.raw_name))),
        ("UPN", json!(certificate.upn)),
        ("EnrollmentFlags", json!(certificate.enrollment_flags)),
        ("GeneralFlags", json!(certificate.general_flags)),
        ("PrivatekeyFlags", json!(certificate.private_key_flags)),
        ("RawPublicKeyAlgorithmParameters", json!(parameters)),
        ("PublishExpiredCertInCRL", json!(u32::from(certificate.publish_expired_cert_in_crl))),
    ]);
    object.extend(names("", &certificate.names));
    object
}

fn columns<const N: usize>(columns: [(&str, Value); N]) -> Map<String, Value> {
    columns.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A time of the table, to the second.
pub fn time(time: SystemTime) -> String {
    let time = OffsetDateTime::from(time);
    time.replace_nanosecond(0).unwrap_or(time).format(&Rfc3339).unwrap_or_default()
}
