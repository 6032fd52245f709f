//! What an AP-REQ says in clear (RFC 4120 5.5.1): the service that its ticket is for, and the
//! encryption types. The KDC's word is the encrypted part; this one is checked because a ticket
//! for another service of this machine opens with the same key.

use crate::auth::AuthError;
use crate::auth::spnego::der::{Reader, single, value};
use crate::auth::spnego::oid;

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const GENERALIZED_TIME: u8 = 0x18;
const GENERAL_STRING: u8 = 0x1B;
const SEQUENCE: u8 = 0x30;
const TICKET: u8 = 0x61;
/// First octet of an AP-REQ.
const AP_REQ: u8 = 0x6E;
const KRB_ERROR: u8 = 0x7E;

const MALFORMED: AuthError = AuthError::Malformed("AP-REQ");
/// Components of a service name that are read.
const MAX_COMPONENTS: usize = 8;

/// The AP-REQ of a client's first token: in DCE style the token itself. impacket and Certipy frame
/// it as other users of GSS-API do (RFC 4121 4.1), and Windows takes that as well.
///
/// # Errors
/// It is neither.
pub fn unframe(token: &[u8]) -> Result<&[u8], AuthError> {
    const FRAME: u8 = 0x60;
    const OBJECT_IDENTIFIER: u8 = 0x06;
    const TOKEN_ID: [u8; 2] = [0x01, 0x00];
    if token.first() == Some(&AP_REQ) {
        return Ok(token);
    }
    let framed = single(token, FRAME).map_err(|_| MALFORMED)?;
    let names = [oid::KERBEROS, oid::MS_KERBEROS].map(|name| value(OBJECT_IDENTIFIER, name));
    let named = names.iter().find_map(|name| framed.strip_prefix(name.as_slice()));
    named.and_then(|rest| rest.strip_prefix(&TOKEN_ID)).ok_or(MALFORMED)
}

/// The clear parts of an AP-REQ.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApReq {
    /// Realm of the service.
    pub realm: String,
    /// Components of the service's name, such as `host` and `ca1.example.com`.
    pub service: Vec<String>,
    /// Encryption type of the service's key.
    pub ticket_type: u32,
    /// Encryption type of the session key.
    pub session_type: u32,
}

impl ApReq {
    /// Reads an AP-REQ.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(token: &[u8]) -> Result<Self, AuthError> {
        Self::read(token).map_err(|_| MALFORMED)
    }

    fn read(token: &[u8]) -> Result<Self, AuthError> {
        let mut fields = Reader::new(single(single(token, AP_REQ)?, SEQUENCE)?);
        let _version = fields.expect(0xA0)?;
        let _type = fields.expect(0xA1)?;
        let _options = fields.expect(0xA2)?;
        let ticket = single(single(fields.expect(0xA3)?, TICKET)?, SEQUENCE)?;
        let session_type = encryption_type(fields.expect(0xA4)?)?;
        fields.end()?;
        let mut ticket = Reader::new(ticket);
        let _version = ticket.expect(0xA0)?;
        let realm = text(single(ticket.expect(0xA1)?, GENERAL_STRING)?)?;
        let mut name = Reader::new(single(ticket.expect(0xA2)?, SEQUENCE)?);
        let ticket_type = encryption_type(ticket.expect(0xA3)?)?;
        ticket.end()?;
        let _type = name.expect(0xA0)?;
        let mut strings = Reader::new(single(name.expect(0xA1)?, SEQUENCE)?);
        name.end()?;
        let mut service = Vec::new();
        while !strings.is_empty() && service.len() < MAX_COMPONENTS {
            service.push(text(strings.expect(GENERAL_STRING)?)?);
        }
        strings.end()?;
        Ok(Self { realm, service, ticket_type, session_type })
    }

    /// The KRB-ERROR that tells a client the time of this machine, so that it can try again
    /// ([MS-KILE] 3.4.5): KRB_AP_ERR_SKEW with a KERB-ERROR-DATA. `time` is a GeneralizedTime.
    pub(super) fn skew_error(&self, time: &str, microseconds: u32) -> Vec<u8> {
        const NT_SRV_INST: u8 = 2;
        const SKEW: u8 = 37;
        // SEQUENCE { [1] data-type 2 }: KERB_AP_ERR_TYPE_SKEW_RECOVERY.
        const RECOVERY: [u8; 7] = [0x30, 0x05, 0xA1, 0x03, 0x02, 0x01, 0x02];
        let integer = |small: u8| value(INTEGER, &[small]);
        let [_, a, b, c] = microseconds.to_be_bytes();
        let strings: Vec<u8> =
            self.service.iter().flat_map(|text| value(GENERAL_STRING, text.as_bytes())).collect();
        let name =
            [value(0xA0, &integer(NT_SRV_INST)), value(0xA1, &value(SEQUENCE, &strings))].concat();
        let fields = [
            value(0xA0, &integer(5)),
            value(0xA1, &integer(30)),
            value(0xA4, &value(GENERALIZED_TIME, time.as_bytes())),
            value(0xA5, &value(INTEGER, &[a, b, c])),
            value(0xA6, &integer(SKEW)),
            value(0xA9, &value(GENERAL_STRING, self.realm.as_bytes())),
            value(0xAA, &value(SEQUENCE, &name)),
            value(0xAC, &value(OCTET_STRING, &RECOVERY)),
        ];
        value(KRB_ERROR, &value(SEQUENCE, &fields.concat()))
    }
}

/// The `etype` of an EncryptedData.
fn encryption_type(encrypted: &[u8]) -> Result<u32, AuthError> {
    let mut fields = Reader::new(single(encrypted, SEQUENCE)?);
    let number = single(fields.expect(0xA0)?, INTEGER)?;
    // Negative ones are Microsoft's own old types, none of which is spoken here.
    match number {
        [] => Err(MALFORMED),
        [number] => Ok(u32::from(*number)),
        _ => Ok(u32::MAX),
    }
}

fn text(bytes: &[u8]) -> Result<String, AuthError> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| MALFORMED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ap_req(service: &[&str]) -> Vec<u8> {
        let encrypted = |etype: u8| {
            let fields = [
                value(0xA0, &value(INTEGER, &[etype])),
                value(0xA2, &value(OCTET_STRING, b"cipher")),
            ];
            value(SEQUENCE, &fields.concat())
        };
        let strings: Vec<u8> =
            service.iter().flat_map(|text| value(GENERAL_STRING, text.as_bytes())).collect();
        let name = [value(0xA0, &value(INTEGER, &[2])), value(0xA1, &value(SEQUENCE, &strings))];
        let ticket = [
            value(0xA0, &value(INTEGER, &[5])),
            value(0xA1, &value(GENERAL_STRING, b"WCCE.TEST")),
            value(0xA2, &value(SEQUENCE, &name.concat())),
            value(0xA3, &encrypted(18)),
        ];
        let fields = [
            value(0xA0, &value(INTEGER, &[5])),
            value(0xA1, &value(INTEGER, &[14])),
            value(0xA2, &value(0x03, &[0, 0x20, 0, 0, 0])),
            value(0xA3, &value(TICKET, &value(SEQUENCE, &ticket.concat()))),
            value(0xA4, &encrypted(17)),
        ];
        value(AP_REQ, &value(SEQUENCE, &fields.concat()))
    }

    #[test]
    fn service_and_types() {
        let parsed = ApReq::parse(&ap_req(&["host", "ca1.wcce.test"])).expect("sound");
        assert_eq!(parsed.service, ["host", "ca1.wcce.test"]);
        assert_eq!(
            (&*parsed.realm, parsed.ticket_type, parsed.session_type),
            ("WCCE.TEST", 18, 17)
        );
        assert!(ApReq::parse(&ap_req(&["x"; 9])).is_err(), "a name without end");
    }

    #[test]
    fn a_framed_ap_req_is_taken_out_of_its_frame() {
        let bare = ap_req(&["host", "ca1"]);
        assert_eq!(unframe(&bare), Ok(&bare[..]));
        for name in [oid::KERBEROS, oid::MS_KERBEROS] {
            let framed = [&value(0x06, name)[..], &[1, 0], &bare].concat();
            assert_eq!(unframe(&value(0x60, &framed)), Ok(&bare[..]));
            for cut in 0..value(0x60, &framed).len() {
                assert!(unframe(&value(0x60, &framed)[..cut]).is_err());
            }
        }
        let ntlm = [&value(0x06, oid::NTLM)[..], &[1, 0], &bare].concat();
        let reply = [&value(0x06, oid::KERBEROS)[..], &[2, 0], &bare].concat();
        for other in [value(0x60, &ntlm), value(0x60, &reply), b"NTLMSSP\0".to_vec(), vec![]] {
            assert_eq!(unframe(&other), Err(MALFORMED));
        }
    }

    #[test]
    fn damage_is_refused_or_read_otherwise() {
        let whole = ap_req(&["host", "ca1"]);
        for cut in 0..whole.len() {
            assert_eq!(ApReq::parse(&whole[..cut]), Err(MALFORMED), "{cut}");
            for bit in 0..8 {
                let mut flipped = whole.clone();
                flipped[cut] ^= 1 << bit;
                let _ = ApReq::parse(&flipped);
            }
        }
        assert!(ApReq::parse(&[&whole[..], &[0]].concat()).is_err());
    }

    #[test]
    fn a_skew_error_reads_as_a_krb_error() {
        let request = ApReq::parse(&ap_req(&["host", "ca1"])).expect("sound");
        let error = request.skew_error("20261127040000Z", 123_456);
        let error: picky_krb::messages::KrbError =
            picky_asn1_der::from_bytes(&error).expect("a KRB-ERROR");
        assert_eq!(error.0.error_code.0, 37);
        assert_eq!(error.0.e_data.0.expect("data").0.0, hex::decode("3005a103020102").unwrap());
    }
}
