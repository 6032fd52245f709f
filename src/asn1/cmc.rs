//! The CMC full PKI request (RFC 2797 3.1), as clients of Windows send it, and the response (3.2)
//! in the form of [MS-WCCE] 3.2.1.4.2.1.4.8.2.

mod pki_data;

pub use pki_data::{AddedAttributes, Control, PkiData, PkiDataBuilder, TaggedRequest};
pub use pki_data::{decode_reg_info, encode_reg_info};

use std::time::SystemTime;

use crate::model::Oid;

use super::{
    Asn1Error, Element, Reader, Tag, Writer, decode_text, decode_time, encode_attribute,
    encode_generalized_time, oids, sequence,
};

/// ResponseBody: what became of the one request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PkiResponse {
    /// What became of it.
    pub status: CmcStatus,
    /// A text for people.
    pub text: String,
    /// SHA-1 of the certificate that comes with the response.
    pub issued_cert_hash: Option<[u8; 20]>,
}

/// CMCStatus, as far as a CA answers with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CmcStatus {
    /// 0: the certificate comes along.
    Success,
    /// 2: denied, or it failed.
    Failed,
    /// 3: somebody has to decide.
    Pending {
        /// By which the client asks again.
        token: Vec<u8>,
        /// When the request was received.
        received: SystemTime,
    },
}

/// The one request that a message is about: its bodyPartID.
const REQUEST: u32 = 1;
/// CMCStatus success.
const SUCCESS: u32 = 0;
/// CMCStatus failed.
const FAILED: u32 = 2;
/// CMCStatus pending.
const PENDING: u32 = 3;

impl PkiResponse {
    /// DER of the ResponseBody.
    ///
    /// # Errors
    /// For times that DER has no form for.
    pub fn encode(&self) -> Result<Vec<u8>, Asn1Error> {
        let status = self.encode_status()?;
        Ok(sequence(|body| {
            body.sequence(|controls| {
                write_control(controls, 1, &oids::CMC_STATUS_INFO, &status);
                if let Some(hash) = &self.issued_cert_hash {
                    let attributes = encode_added_attributes(hash);
                    write_control(controls, 2, &oids::CMC_ADD_ATTRIBUTES, &attributes);
                }
            });
            body.sequence(|_cms_sequence| {});
            body.sequence(|_other_msg_sequence| {});
        }))
    }

    /// CMCStatusInfo.
    fn encode_status(&self) -> Result<Vec<u8>, Asn1Error> {
        let (code, pend_info) = match &self.status {
            CmcStatus::Success => (SUCCESS, Vec::new()),
            CmcStatus::Failed => (FAILED, Vec::new()),
            CmcStatus::Pending { token, received } => {
                let mut time = Writer::new();
                encode_generalized_time(&mut time, *received)?;
                let info = sequence(|info| {
                    info.octet_string(token);
                    info.raw(&time.into_bytes());
                });
                (PENDING, info)
            }
        };
        Ok(sequence(|info| {
            info.u32(code);
            info.sequence(|body_list| body_list.u32(REQUEST));
            info.element(Tag::UTF8_STRING, self.text.as_bytes());
            info.raw(&pend_info);
        }))
    }

    /// Reads the ResponseBody that fills `der`. Controls of other kinds are passed over.
    pub fn parse(der: &[u8]) -> Result<Self, Asn1Error> {
        let mut body = Reader::sequence_of(der)?;
        let mut controls = body.sequence()?;
        for _other in ["cmsSequence", "otherMsgSequence"] {
            body.sequence()?;
        }
        body.end()?;
        let (mut found, mut issued_cert_hash) = (None, None);
        while !controls.is_empty() {
            let (oid, value) = read_control(&mut controls)?;
            if oid == oids::CMC_STATUS_INFO {
                found = Some(decode_status(&value)?);
            } else if oid == oids::CMC_ADD_ATTRIBUTES {
                issued_cert_hash = decode_added_attributes(&value)?;
            }
        }
        let (status, text) = found.ok_or(Asn1Error::Value("CMC response (no status)"))?;
        Ok(Self { status, text, issued_cert_hash })
    }
}

/// TaggedAttribute with one value.
fn write_control(controls: &mut Writer, body_part: u32, oid: &Oid, value: &[u8]) {
    controls.sequence(|control| {
        control.u32(body_part);
        control.oid(oid);
        control.element(Tag::SET, value);
    });
}

/// A control with one value.
fn read_control<'a>(controls: &mut Reader<'a>) -> Result<(Oid, Element<'a>), Asn1Error> {
    let control = Control::read(controls)?;
    let value = control.single().ok_or(Asn1Error::Value("CMC response (values of a control)"))?;
    Ok((control.oid, value))
}

/// CmcAddAttributes of the request, with the hash of the certificate ([MS-WCCE] 2.2.2.7.10).
fn encode_added_attributes(hash: &[u8; 20]) -> Vec<u8> {
    let mut value = Writer::new();
    value.octet_string(hash);
    let attribute = encode_attribute(&oids::ISSUED_CERT_HASH, vec![value.into_bytes()]);
    pki_data::encode_added_attributes(vec![attribute])
}

fn decode_added_attributes(value: &Element<'_>) -> Result<Option<[u8; 20]>, Asn1Error> {
    const INVALID: Asn1Error = Asn1Error::Value("CMC response (hash of the certificate)");
    let add = AddedAttributes::parse(value)?;
    let hash = add.attributes.iter().find(|attribute| attribute.oid == oids::ISSUED_CERT_HASH);
    let Some(hash) = hash else { return Ok(None) };
    let [value] = &*hash.values else { return Err(INVALID) };
    value.content_of(Tag::OCTET_STRING)?.try_into().map(Some).map_err(|_| INVALID)
}

fn decode_status(value: &Element<'_>) -> Result<(CmcStatus, String), Asn1Error> {
    let mut info = value.enter(Tag::SEQUENCE)?;
    let code = info.u32()?;
    info.sequence()?;
    let text = match info.optional(Tag::UTF8_STRING)? {
        Some(text) => decode_text(&text)?,
        None => String::new(),
    };
    let status = match code {
        SUCCESS => CmcStatus::Success,
        FAILED => {
            info.optional(Tag::INTEGER)?;
            CmcStatus::Failed
        }
        PENDING => {
            let mut pend_info = info.sequence()?;
            let token = pend_info.octet_string()?.to_vec();
            let received = decode_time(&pend_info.element()?)?;
            pend_info.end()?;
            CmcStatus::Pending { token, received }
        }
        _ => return Err(Asn1Error::Value("CMC response (status)")),
    };
    info.end()?;
    Ok((status, text))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn response(status: CmcStatus) -> PkiResponse {
        PkiResponse { status, text: "Issued".to_owned(), issued_cert_hash: None }
    }

    #[test]
    fn the_encoding_is_that_of_windows() {
        let response = PkiResponse {
            issued_cert_hash: Some(*b"\x58\xac\xd7\x8e\x7e\x61\xb1\x1a\xd7\x3b\x2c\x6b\x41\xba\xdc\xa9\x10\x0f\xaf\x8e"),
            ..response(CmcStatus::Success)
        };
        // eContent of the response in [MS-WSTEP] 4.1.1.
        let expected = concat!(
            "306d3067302102010106082b0601050507070131123010020100300302010",
            "10c0649737375656430",
            "42020102060a2b0601040182370a0a013131302f02010030030201013125302306092b06010401",
            "823715113116041458acd78e7e61b11ad73b2c6b41badca9100faf8e30003000"
        );
        let der = response.encode().expect("encodes");
        assert_eq!(hex::encode(&der), expected);
        assert_eq!(PkiResponse::parse(&der), Ok(response));
    }

    #[test]
    fn every_status_round_trips() {
        let received = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let pending = CmcStatus::Pending { token: vec![7, 0, 0, 0], received };
        for status in [CmcStatus::Success, CmcStatus::Failed, pending] {
            let response = response(status);
            let der = response.encode().expect("encodes");
            assert_eq!(PkiResponse::parse(&der), Ok(response));
        }
        let der = response(CmcStatus::Pending { token: vec![7, 0, 0, 0], received });
        let der = hex::encode(der.encode().expect("encodes"));
        let pend_info = "3017040407000000180f32303233313131343232313332305a";
        assert!(der.contains(pend_info), "GeneralizedTime, whatever the year: {der}");
    }

    #[test]
    fn damage_never_panics_and_cuts_are_refused() {
        let response = PkiResponse {
            issued_cert_hash: Some([7; 20]),
            ..response(CmcStatus::Pending { token: vec![1], received: UNIX_EPOCH })
        };
        let der = response.encode().expect("encodes");
        for length in 0..der.len() {
            assert!(PkiResponse::parse(&der[..length]).is_err());
            for mask in [0x01, 0x20, 0x80, 0xFF] {
                let mut changed = der.clone();
                changed[length] ^= mask;
                let _ = PkiResponse::parse(&changed);
            }
        }
    }
}
