//! DER structures: PKCS#10, CMS and CMC, X.509 names, extensions and certificates, Microsoft
//! attributes.
//!
//! A strict reader over slices is the base ([`Reader`]), not the serde types of picky-asn1.
//! Signatures are verified over the bytes that were received, so every structure keeps its raw
//! bytes; what an unauthenticated peer sends is bounded in depth and count before anything is
//! allocated. picky-asn1-der 0.5 (measured) takes trailing bytes and lengths that are not minimal,
//! encodes a request of OpenSSL (subject alternative names of every kind) to other bytes than it
//! read, and its types refuse ecdsa-with-SHA1 and RSASSA-PSS with default parameters.
//!
//! Reading: [`check_structure`] once over a whole message, then the structure's own `parse`.
//! Writing: [`Writer`], which cannot fail.

#![deny(clippy::arithmetic_side_effects)]

mod certificate;
pub mod cmc;
pub mod cms;
mod crl;
mod error;
pub mod extensions;
mod general_name;
mod name;
mod name_columns;
mod name_text;
mod normalize;
pub mod ocsp;
pub mod oids;
pub mod pem;
mod pkcs10;
mod reader;
mod signature;
mod spkac;
mod spki;
mod strings;
mod time;
mod writer;

pub use certificate::Certificate;
pub use cms::encode_certificates_only;
pub use crl::CertificateList;
pub use error::Asn1Error;
pub use general_name::{decode_general_names, encode_general_names};
pub use name::{Name, Rdn};
pub use name_columns::name_columns;
pub use name_text::NameTextError;
pub use normalize::to_der;
pub use pkcs10::{CertificationRequest, RequestAttribute, RequestBuilder};
pub use pkcs10::{decode_client_info, decode_csp_provider, decode_name_value_pairs};
pub use pkcs10::{
    encode_attribute, encode_client_info, encode_csp_provider, encode_name_value_pair,
};
pub use reader::{BitString, Element, Reader, Tag, check_structure};
pub use signature::{Hash, SignatureError, SignatureScheme, sha1, verify_signature};
pub use spkac::SignedPublicKeyAndChallenge;
pub use spki::{AlgorithmIdentifier, PublicKey, SubjectPublicKeyInfo, encode_spki};
pub use strings::{decode_text, encode_bmp};
pub use time::{decode_time, encode_generalized_time, encode_time};
pub use writer::{Writer, header, sequence, sequence_of_parts};

/// Deepest nesting of constructed values that [`check_structure`] and [`to_der`] follow.
pub const MAX_DEPTH: usize = 32;
