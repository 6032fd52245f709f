//! NegTokenInit and NegTokenResp (RFC 4178 4.2, [MS-SPNG] 2.2).

use super::der::{Reader, single, value};
use super::oid;
use crate::auth::AuthError;

/// Most mechanisms that a client may list. Windows lists four.
const MAX_MECHANISMS: usize = 32;

const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const OCTET_STRING: u8 = 0x04;
const ENUMERATED: u8 = 0x0A;
/// InitialContextToken, `[APPLICATION 0]`.
const INITIAL: u8 = 0x60;
/// `[n]`, constructed.
const CONTEXT: [u8; 4] = [0xA0, 0xA1, 0xA2, 0xA3];
/// NegTokenInit and NegTokenResp, the choices of NegotiationToken.
const INIT: u8 = 0xA0;
const RESP: u8 = 0xA1;

/// The initiator's first message.
#[derive(Debug, PartialEq, Eq)]
pub struct NegTokenInit<'a> {
    /// Content octets of the mechanisms' object identifiers, the preferred one first.
    pub mech_types: Vec<&'a [u8]>,
    /// MechTypeList as it stands in the message, for the mechListMIC.
    pub mech_type_list: &'a [u8],
    /// Optimistic token of the first mechanism.
    pub mech_token: Option<&'a [u8]>,
}

impl<'a> NegTokenInit<'a> {
    /// Reads an initiator's message. One with a mechListMIC or with negHints (NegTokenInit2,
    /// which only servers send, and never in DCE/RPC) is refused.
    pub fn parse(token: &'a [u8]) -> Result<Self, AuthError> {
        let mut initial = Reader::new(single(token, INITIAL)?);
        if initial.expect(OID)? != oid::SPNEGO {
            return Err(AuthError::Malformed("first token: another mechanism than SPNEGO"));
        }
        let init = initial.expect(INIT)?;
        initial.end()?;

        let [mech_types, request_flags, mech_token, hints_or_mic] = CONTEXT;
        let mut init = Reader::new(single(init, SEQUENCE)?);
        let mech_type_list = init.expect(mech_types)?;
        init.optional(request_flags)?; // unprotected, and obsolete
        let mech_token = init.optional(mech_token)?;
        if init.optional(hints_or_mic)?.is_some() {
            return Err(AuthError::Refused("a NegTokenInit with negHints or an early mechListMIC"));
        }
        init.end()?;
        Ok(Self {
            mech_types: parse_mech_types(mech_type_list)?,
            mech_type_list,
            mech_token: mech_token.map(|token| single(token, OCTET_STRING)).transpose()?,
        })
    }

    /// MechTypeList for these mechanisms.
    pub fn encode_mech_types(mech_types: &[&[u8]]) -> Vec<u8> {
        let oids: Vec<u8> = mech_types.iter().flat_map(|mech| value(OID, mech)).collect();
        value(SEQUENCE, &oids)
    }

    /// The message with this MechTypeList and optimistic token.
    pub fn encode(mech_type_list: &[u8], mech_token: &[u8]) -> Vec<u8> {
        let [mech_types, _, token, _] = CONTEXT;
        let mut init = value(mech_types, mech_type_list);
        init.extend(value(token, &value(OCTET_STRING, mech_token)));
        let mut initial = value(OID, oid::SPNEGO);
        initial.extend(value(INIT, &value(SEQUENCE, &init)));
        value(INITIAL, &initial)
    }
}

fn parse_mech_types(list: &[u8]) -> Result<Vec<&[u8]>, AuthError> {
    let mut oids = Reader::new(single(list, SEQUENCE)?);
    let mut mech_types = Vec::new();
    while !oids.is_empty() {
        if mech_types.len() == MAX_MECHANISMS {
            return Err(AuthError::Refused("a NegTokenInit with more than 32 mechanisms"));
        }
        mech_types.push(oids.expect(OID)?);
    }
    Ok(mech_types)
}

/// How far the negotiation is, as the sender of a NegTokenResp sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NegState {
    /// 0.
    AcceptCompleted,
    /// 1.
    AcceptIncomplete,
    /// 2.
    Reject,
    /// 3: go on, and a mechListMIC must come.
    RequestMic,
}

/// Every message but the first.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct NegTokenResp<'a> {
    /// How far the sender is.
    pub state: Option<NegState>,
    /// The mechanism that the acceptor picked, in its first message.
    pub supported_mech: Option<&'a [u8]>,
    /// The mechanism's token.
    pub response_token: Option<&'a [u8]>,
    /// Signature over MechTypeList.
    pub mech_list_mic: Option<&'a [u8]>,
}

impl<'a> NegTokenResp<'a> {
    /// Reads a message.
    pub fn parse(token: &'a [u8]) -> Result<Self, AuthError> {
        let [state, mech, response, mic] = CONTEXT;
        let mut resp = Reader::new(single(single(token, RESP)?, SEQUENCE)?);
        let state = resp.optional(state)?.map(|state| single(state, ENUMERATED)).transpose()?;
        let mech = resp.optional(mech)?;
        let response = resp.optional(response)?;
        let mic = resp.optional(mic)?;
        resp.end()?;
        Ok(Self {
            state: state.map(parse_state).transpose()?,
            supported_mech: mech.map(|mech| single(mech, OID)).transpose()?,
            response_token: response.map(|token| single(token, OCTET_STRING)).transpose()?,
            mech_list_mic: mic.map(|mic| single(mic, OCTET_STRING)).transpose()?,
        })
    }

    /// The message's DER.
    pub fn encode(&self) -> Vec<u8> {
        let [state, mech, response, mic] = CONTEXT;
        let mut resp = Vec::new();
        if let Some(own) = self.state {
            resp.extend(value(state, &value(ENUMERATED, &[encode_state(own)])));
        }
        if let Some(own) = self.supported_mech {
            resp.extend(value(mech, &value(OID, own)));
        }
        if let Some(own) = self.response_token {
            resp.extend(value(response, &value(OCTET_STRING, own)));
        }
        if let Some(own) = self.mech_list_mic {
            resp.extend(value(mic, &value(OCTET_STRING, own)));
        }
        value(RESP, &value(SEQUENCE, &resp))
    }
}

fn parse_state(content: &[u8]) -> Result<NegState, AuthError> {
    match content {
        [0] => Ok(NegState::AcceptCompleted),
        [1] => Ok(NegState::AcceptIncomplete),
        [2] => Ok(NegState::Reject),
        [3] => Ok(NegState::RequestMic),
        _ => Err(AuthError::Malformed("NegTokenResp: negState")),
    }
}

fn encode_state(state: NegState) -> u8 {
    match state {
        NegState::AcceptCompleted => 0,
        NegState::AcceptIncomplete => 1,
        NegState::Reject => 2,
        NegState::RequestMic => 3,
    }
}
