//! Extensions that only a CA writes: where to find CRLs and certificates, versions of CA
//! certificates, and those of CRLs.

use std::time::SystemTime;

use super::config::UrlConfig;
use crate::asn1::{
    Asn1Error, Element, Hash, Tag, Writer, decode_time, encode_time, oids, sequence,
};
use crate::model::{Extension, Oid};

/// cRLDistributionPoints: one point that holds all URLs, as Windows writes it.
pub fn crl_distribution_points(urls: &[String]) -> Option<Extension> {
    distribution_points(oids::CRL_DISTRIBUTION_POINTS, urls)
}

/// freshestCRL, of base CRLs: where the delta CRL is.
pub fn freshest_crl(urls: &[String]) -> Option<Extension> {
    distribution_points(oids::FRESHEST_CRL, urls)
}

/// deltaCRLIndicator, which is critical: the number of the base CRL.
pub fn delta_crl_indicator(base: u32) -> Extension {
    Extension { critical: true, ..integer(oids::DELTA_CRL_INDICATOR, base) }
}

fn distribution_points(oid: Oid, urls: &[String]) -> Option<Extension> {
    let value = sequence(|points| {
        points.sequence(|point| {
            point.nested(Tag::context(0), |name| {
                name.nested(Tag::context(0), |full_name| {
                    urls.iter().for_each(|url| write_uri(full_name, url));
                });
            });
        });
    });
    (!urls.is_empty()).then(|| plain(oid, value))
}

/// authorityInfoAccess.
pub fn authority_info_access(urls: &UrlConfig, with_ocsp: bool) -> Option<Extension> {
    let ocsp: &[String] = if with_ocsp { &urls.ocsp } else { &[] };
    if urls.ca_certificate.is_empty() && ocsp.is_empty() {
        return None;
    }
    let value = sequence(|list| {
        for (method, urls) in
            [(oids::AIA_CA_ISSUERS, &urls.ca_certificate[..]), (oids::AIA_OCSP, ocsp)]
        {
            for url in urls {
                list.sequence(|description| {
                    description.oid(&method);
                    write_uri(description, url);
                });
            }
        }
    });
    Some(plain(oids::AUTHORITY_INFO_ACCESS, value))
}

fn write_uri(writer: &mut Writer, url: &str) {
    writer.element(Tag::context_primitive(6), url.as_bytes());
}

/// szOID_CERTSRV_CA_VERSION: key index << 16 | certificate index. A CA starts at 0.
pub fn ca_version(version: u32) -> Extension {
    integer(oids::CERTSRV_CA_VERSION, version)
}

/// szOID_CERTSRV_PREVIOUS_CERT_HASH: SHA-1 of the certificate that this one renews.
pub fn previous_certificate_hash(previous: &[u8]) -> Extension {
    let mut writer = Writer::new();
    writer.octet_string(Hash::Sha1.digest(previous).as_ref());
    plain(oids::CERTSRV_PREVIOUS_CERT_HASH, writer.into_bytes())
}

/// cRLNumber.
pub fn crl_number(number: u32) -> Extension {
    integer(oids::CRL_NUMBER, number)
}

/// szOID_CRL_NEXT_PUBLISH: when the next CRL will be made.
///
/// # Errors
/// For years that DER has no form for.
pub fn next_publish(time: SystemTime) -> Result<Extension, Asn1Error> {
    let mut writer = Writer::new();
    encode_time(&mut writer, time)?;
    Ok(plain(oids::CRL_NEXT_PUBLISH, writer.into_bytes()))
}

/// Value of szOID_CRL_NEXT_PUBLISH.
pub fn decode_next_publish(value: &[u8]) -> Result<SystemTime, Asn1Error> {
    decode_time(&Element::parse(value)?)
}

/// cRLReason of a CRL's entry (RFC 5280 5.3.1).
pub fn crl_reason(reason: u8) -> Extension {
    let mut writer = Writer::new();
    writer.element(Tag::ENUMERATED, &[reason]);
    plain(oids::CRL_REASON, writer.into_bytes())
}

fn integer(oid: Oid, value: u32) -> Extension {
    let mut writer = Writer::new();
    writer.u32(value);
    plain(oid, writer.into_bytes())
}

fn plain(oid: Oid, value: Vec<u8>) -> Extension {
    Extension { oid, critical: false, value }
}
