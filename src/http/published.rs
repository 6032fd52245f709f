//! What is at which path: made anew as a whole whenever a CRL is published.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;

use crate::ca::{CertificateAuthority, Crl, Crls, CrossCertificate};

const CRL: &str = "application/pkix-crl";
const CERTIFICATE: &str = "application/pkix-cert";

/// A file as it is served.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) body: Bytes,
    pub(super) content_type: &'static str,
    /// ETag: a hash of the content, in quotation marks.
    pub(super) etag: String,
    /// Last-Modified.
    pub(super) modified: SystemTime,
    /// Until when it need not be asked for again; `None`: ask each time.
    pub(super) fresh_until: Option<SystemTime>,
}

/// CRLs and CA certificates by path.
#[derive(Clone, Debug, Default)]
pub struct Published {
    files: HashMap<Vec<u8>, File>,
}

impl Published {
    /// What this CA publishes: at the paths of its `http:` addresses, and at the names that
    /// Windows' CA gives them, below `/CertEnroll/`.
    pub fn of(ca: &CertificateAuthority, crls: &Crls, host: &str) -> Self {
        let mut published = Self::default();
        let keys = ca.keys();
        let earlier = crls.of_earlier_keys.iter().filter_map(|crls| {
            let ca = keys.iter().find(|ca| ca.generation().key == crls.key)?;
            Some((*ca, &crls.base, &crls.delta))
        });
        for (ca, base, delta) in earlier.chain([(ca, &crls.base, &crls.delta)]) {
            let name = format!("{}{}", name_of(ca), ca.generation().key_suffix());
            for (crl, urls, usual) in [
                (base, &ca.urls().crl, format!("/CertEnroll/{name}.crl")),
                (delta, &ca.urls().delta_crl, format!("/CertEnroll/{name}+.crl")),
            ] {
                if let Some(crl) = crl {
                    published.add(urls, &usual, &of_crl(ca, crl));
                }
            }
        }
        for ca in ca.earlier().iter().map(|ca| &**ca).chain([ca]) {
            let suffix = ca.generation().certificate_suffix();
            let usual = format!("/CertEnroll/{host}_{}{suffix}.crt", name_of(ca));
            published.add(
                &ca.urls().ca_certificate,
                &usual,
                &of_certificate(ca, &ca.certificate().der),
            );
        }
        for CrossCertificate { by, of, der } in ca.cross_certificates() {
            let usual = format!("/CertEnroll/{host}_{}({by}-{of}).crt", name_of(ca));
            published.add(&[], &usual, &of_certificate(ca, der));
        }
        published
    }

    fn add(&mut self, urls: &[String], usual: &str, file: &File) {
        let paths = urls.iter().filter_map(|url| path_of(url));
        for path in paths.chain([usual.as_bytes().to_vec()]) {
            self.files.insert(path, file.clone());
        }
    }

    /// What is at this path, its escapes resolved.
    pub(super) fn at(&self, path: &[u8]) -> Option<&File> {
        self.files.get(path)
    }
}

fn name_of(ca: &CertificateAuthority) -> &str {
    &ca.certificate().names.common_name
}

fn of_certificate(ca: &CertificateAuthority, der: &[u8]) -> File {
    file(Bytes::copy_from_slice(der), CERTIFICATE, ca.certificate().not_before)
}

fn of_crl(ca: &CertificateAuthority, crl: &Arc<Crl>) -> File {
    struct Content(Arc<Crl>);
    impl AsRef<[u8]> for Content {
        fn as_ref(&self) -> &[u8] {
            &self.0.der
        }
    }
    // thisUpdate is dated back, and one who has the CRL before must not take it for this one.
    let made = crl.this_update.checked_add(ca.clock_skew()).unwrap_or(crl.this_update);
    let body = Bytes::from_owner(Content(Arc::clone(crl)));
    // Once the next one is due this one is asked for each time, however long it is still valid.
    File { fresh_until: Some(crl.next_publish), ..file(body, CRL, made) }
}

fn file(body: Bytes, content_type: &'static str, modified: SystemTime) -> File {
    let hash = hex::encode(digest(&SHA256, &body));
    let etag = format!("\"{}\"", hash.get(..32).unwrap_or_default());
    File { body, content_type, etag, modified, fresh_until: None }
}

/// The path of an `http:` address, its escapes resolved.
pub(super) fn path_of(url: &str) -> Option<Vec<u8>> {
    let (scheme, rest) = url.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("http") {
        return None;
    }
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let path = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/");
    Some(unescape(path))
}

/// The bytes that a path's escapes stand for; what is no escape stays as it is.
pub(super) fn unescape(path: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = match (first, after) {
            (b'%', [high, low, ..]) => hex::decode([*high, *low]).ok(),
            _ => None,
        };
        match escaped.as_deref() {
            Some([byte]) => {
                bytes.push(*byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}
