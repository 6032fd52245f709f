//! Which format a request has: what dwFlags claim, what armour is around it, what it is.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::asn1::{Asn1Error, Reader, Tag, check_structure, oids, to_der};
use crate::model::{Oid, RequestFormat};

use super::{Limits, RequestError};

const REQUEST_TYPE: u32 = 0xFF00;

/// The format that RequestType of dwFlags claims ([MS-WCCE] 3.2.1.4.3.1.1); `None` leaves it to
/// the server to find out.
pub fn claimed(flags: u32) -> Result<Option<RequestFormat>, RequestError> {
    match flags & REQUEST_TYPE {
        0x0000 => Ok(None),
        0x0100 => Ok(Some(RequestFormat::Pkcs10)),
        0x0200 => Ok(Some(RequestFormat::Keygen)),
        0x0300 => Ok(Some(RequestFormat::Cms)),
        0x0400 => Ok(Some(RequestFormat::Cmc)),
        other => Err(RequestError::UnsupportedType(other)),
    }
}

/// The binary request in `raw`: as it is, or out of PEM (with any label: Windows writes NEW
/// CERTIFICATE REQUEST around every format) or bare base64.
pub fn decode<'a>(raw: &'a [u8], limits: &Limits) -> Result<Cow<'a, [u8]>, RequestError> {
    const SEQUENCE: u8 = Tag::SEQUENCE.0;
    let too_large = || RequestError::TooLarge { limit: limits.request_bytes };
    // base64 takes 4/3 of the bytes; armour, line ends and text before it some more.
    if raw.len() / 2 > limits.request_bytes {
        return Err(too_large());
    }
    let der = match raw.first() {
        Some(&SEQUENCE) => Cow::Borrowed(raw),
        _ => Cow::Owned(decode_text(raw).ok_or(RequestError::Encoding)?),
    };
    if der.len() > limits.request_bytes { Err(too_large()) } else { Ok(der) }
}

fn decode_text(raw: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(raw).ok()?;
    let blank = |char: char| char.is_ascii_whitespace() || char == '\0';
    let text = text.trim_start_matches('\u{FEFF}').trim_matches(blank);
    let base64 = if text.contains(BEGIN) { pem_body(text)? } else { text };
    let base64: String = base64.chars().filter(|char| !char.is_ascii_whitespace()).collect();
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let engine = GeneralPurpose::new(&base64::alphabet::STANDARD, config);
    engine.decode(base64).ok().filter(|der| !der.is_empty())
}

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

/// What stands between the BEGIN line and its END line, which must be the last.
fn pem_body(text: &str) -> Option<&str> {
    let (_, from_label) = text.split_once(BEGIN)?;
    let (label, from_body) = from_label.split_once(DASHES)?;
    let (body, end) = from_body.split_once(DASHES)?;
    let end = end.strip_prefix("END ")?.strip_prefix(label)?;
    (end == DASHES).then_some(body)
}

/// Which format the binary request has, and its DER. What it isn't is refused with the decoder's
/// error.
pub fn open<'a>(
    binary: &'a [u8],
    limits: &Limits,
) -> Result<(RequestFormat, Cow<'a, [u8]>), RequestError> {
    let broken = RequestError::structure("format");
    let der = match normalised(binary, limits) {
        Ok(der) => der,
        Err(error) => return Err(broken(error)),
    };
    let format = outline(&der)?;
    // CMS may be BER; the others may not, because their signatures are over DER.
    let signed = matches!(format, RequestFormat::Cms | RequestFormat::Cmc);
    if signed || matches!(der, Cow::Borrowed(_)) {
        Ok((format, der))
    } else {
        Err(broken(Asn1Error::Length))
    }
}

/// The DER of what may be BER, checked in depth and count.
pub fn normalised<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Cow<'a, [u8]>, Asn1Error> {
    match check_structure(bytes, limits.values) {
        Err(Asn1Error::Length) => to_der(bytes, limits.values),
        Err(error) => Err(error),
        Ok(()) => match to_der(bytes, limits.values) {
            // Strings in parts; their lengths may be DER's.
            Ok(Cow::Owned(der)) if der.len() != bytes.len() => Ok(Cow::Owned(der)),
            _ => Ok(Cow::Borrowed(bytes)),
        },
    }
}

/// Tells the formats apart by their first fields.
fn outline(der: &[u8]) -> Result<RequestFormat, RequestError> {
    let broken = RequestError::structure("format");
    let first_fields = || {
        let mut outer = Reader::sequence_of(der)?;
        Ok(match outer.peek() {
            Some(Tag::OID) => Err(signed_data_content(outer)?),
            // CertificationRequestInfo begins with the version, PublicKeyAndChallenge with the key.
            _ => Ok(match outer.sequence()?.peek() {
                Some(Tag::SEQUENCE) => RequestFormat::Keygen,
                _ => RequestFormat::Pkcs10,
            }),
        })
    };
    match first_fields().map_err(broken)? {
        Ok(format) => Ok(format),
        Err(content) if content == oids::CMC_PKI_DATA => Ok(RequestFormat::Cmc),
        Err(content) if content == oids::CMS_DATA => Ok(RequestFormat::Cms),
        Err(content) => Err(RequestError::ContentType(content)),
    }
}

/// eContentType of ContentInfo { signedData, [0] SignedData { version, digestAlgorithms, … } }.
fn signed_data_content(mut content_info: Reader<'_>) -> Result<Oid, Asn1Error> {
    if content_info.oid()? != oids::CMS_SIGNED_DATA {
        return Err(Asn1Error::Unsupported("a CMS message other than signedData"));
    }
    let mut signed_data = content_info.enter(Tag::context(0))?.sequence()?;
    signed_data.integer()?;
    signed_data.expect(Tag::SET)?;
    signed_data.sequence()?.oid()
}
