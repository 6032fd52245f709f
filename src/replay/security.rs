//! The security contexts of a recorded connection: what its tokens say, and the keys for those who
//! have a secret.

use std::sync::Arc;

use bytes::Bytes;
use zeroize::Zeroizing;

use super::Secrets;
use super::streams::Direction;
use crate::auth::kerberos::{
    AesType, EncryptionType, End, Established, KerberosContext, ReceivedToken, RecordedApReq,
    clear_ap_req,
};
use crate::auth::ntlm::{Key, NtlmContext, RecordedChallenge, RecordedExchange};
use crate::auth::spnego::{NegTokenInit, NegTokenResp, oid};
use crate::auth::{AuthError, AuthLevel, AuthType, SecurityContext, SystemEnvironment};
use crate::model::{Caller, Sid, Token};
use crate::rpc::pdu::SecTrailer;

const SIGNATURE: &[u8] = b"NTLMSSP\0";

/// What protects the messages of an established context.
#[derive(Clone)]
pub enum SessionKeys {
    /// The exchange is not complete, or nobody has a secret that fits: why.
    Unknown(String),
    /// ExportedSessionKey.
    Ntlm(Key),
    /// The acceptor's end after the AP exchange.
    Kerberos(Arc<Established>),
    /// The acceptor's subkey; sequence numbers are those of the first tokens.
    Subkey(Zeroizing<Vec<u8>>),
}

/// One security context of a recorded connection.
pub struct RecordedContext {
    /// `auth_context_id`.
    pub id: u32,
    /// Security provider on the wire.
    pub auth_type: u8,
    /// Level, where it is one.
    pub level: Option<AuthLevel>,
    /// The client's tokens, each with the server's answer to it.
    pub legs: Vec<Leg>,
    /// Keys, as far as they are known.
    pub keys: SessionKeys,
    /// Who logged on, as far as it is known.
    pub account: Option<String>,
    /// Length of the tokens on the server's PDUs.
    pub token_len: usize,
    /// The first signatures that client and server made, which tell the sequence numbers to those
    /// who know no more than a key.
    pub firsts: Firsts,
    negotiation: Negotiation,
    /// Opens what the client sent.
    acceptor: Opener,
    /// Opens what the server sent.
    initiator: Opener,
}

/// A leg of an authentication.
#[derive(Clone, Debug)]
pub struct Leg {
    /// The client's token.
    pub token: Bytes,
    /// The server's answer.
    pub answer: LegAnswer,
}

/// What the server answered to a leg.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LegAnswer {
    /// Nothing, or no token.
    Nothing,
    /// This token.
    Token(Bytes),
    /// A bind_nak or a fault.
    Refused,
}

/// The first signatures of an established context.
#[derive(Clone, Default, Debug)]
pub struct Firsts {
    /// The client's.
    pub client: Vec<u8>,
    /// The server's.
    pub server: Vec<u8>,
}

#[derive(Default)]
struct Negotiation {
    /// MechTypeList of SPNEGO, which mechListMIC signs.
    mech_types: Option<Vec<u8>>,
    negotiate: Vec<u8>,
    challenge: Vec<u8>,
    ap_req: Option<RecordedApReq>,
    session_type: Option<u32>,
}

/// A context that opens one direction, made when it is first needed.
#[derive(Default)]
enum Opener {
    #[default]
    Fresh,
    Ready(Box<dyn SecurityContext>),
    Impossible(String),
}

impl RecordedContext {
    pub(super) fn new(trailer: &SecTrailer) -> Self {
        Self {
            id: trailer.context_id,
            auth_type: trailer.auth_type,
            level: AuthLevel::from_wire(trailer.auth_level),
            legs: Vec::new(),
            keys: SessionKeys::Unknown("the capture lacks its authentication".to_owned()),
            account: None,
            token_len: 0,
            firsts: Firsts::default(),
            negotiation: Negotiation::default(),
            acceptor: Opener::Fresh,
            initiator: Opener::Fresh,
        }
    }

    /// Takes a token of the exchange; what it says, a line for each thing.
    pub(super) fn token(
        &mut self,
        direction: Direction,
        token: &Bytes,
        secrets: &Secrets,
    ) -> Vec<String> {
        match (direction, self.legs.last_mut()) {
            (Direction::ToServer, _) => {
                self.legs.push(Leg { token: token.clone(), answer: LegAnswer::Nothing });
            }
            (Direction::ToClient, Some(leg)) => leg.answer = LegAnswer::Token(token.clone()),
            (Direction::ToClient, None) => {}
        }
        let mut notes = Vec::new();
        if AuthType::from_wire(self.auth_type) == Some(AuthType::Negotiate) {
            self.spnego(direction, token, secrets, &mut notes);
        } else {
            self.mechanism(direction, token, secrets, &mut notes);
        }
        notes
    }

    fn spnego(
        &mut self,
        direction: Direction,
        token: &[u8],
        secrets: &Secrets,
        notes: &mut Vec<String>,
    ) {
        if token.is_empty() {
            return notes.push("no token".to_owned());
        }
        if let Ok(init) = NegTokenInit::parse(token) {
            let names: Vec<_> = init.mech_types.iter().map(|mech| mechanism_name(mech)).collect();
            notes.push(format!("SPNEGO offers {}", names.join(", ")));
            self.negotiation.mech_types = Some(init.mech_type_list.to_vec());
            if let Some(token) = init.mech_token {
                self.mechanism(direction, token, secrets, notes);
            }
        } else if let Ok(resp) = NegTokenResp::parse(token) {
            let state = resp.state.map_or_else(String::new, |state| format!(" {state:?}"));
            let picked = resp.supported_mech.map(mechanism_name);
            let picked = picked.map_or_else(String::new, |name| format!(", {name} is picked"));
            notes.push(format!("SPNEGO{state}{picked}"));
            if let Some(token) = resp.response_token {
                self.mechanism(direction, token, secrets, notes);
            }
            if let Some(mic) = resp.mech_list_mic {
                notes.push(format!("mechListMIC: {}", self.mech_list_mic(direction, mic)));
            }
        } else {
            self.mechanism(direction, token, secrets, notes);
        }
    }

    fn mech_list_mic(&mut self, direction: Direction, mic: &[u8]) -> String {
        let Some(list) = self.negotiation.mech_types.clone() else {
            return "not checked: the capture lacks the list".to_owned();
        };
        match self.opener(direction, mic).map(|context| context.verify_mic(&list, mic)) {
            Ok(Ok(())) => "right".to_owned(),
            Ok(Err(error)) => format!("WRONG: {error}"),
            Err(why) => format!("not checked: {why}"),
        }
    }

    fn mechanism(
        &mut self,
        direction: Direction,
        token: &[u8],
        secrets: &Secrets,
        notes: &mut Vec<String>,
    ) {
        let note = match (token, direction) {
            (token, _) if token.starts_with(SIGNATURE) => self.ntlm(token, secrets),
            ([0x6E | 0x60, ..], Direction::ToServer) => self.ap_req(token, secrets),
            ([0x6F, ..], Direction::ToClient) => self.ap_rep(token),
            ([0x6F, ..], Direction::ToServer) => "Kerberos: third leg".to_owned(),
            ([0x7E, ..], _) => "Kerberos: KRB-ERROR".to_owned(),
            ([], _) => "no token".to_owned(),
            _ => format!("a token of {} bytes", token.len()),
        };
        notes.push(note);
    }

    fn ntlm(&mut self, token: &[u8], secrets: &Secrets) -> String {
        match token.get(8) {
            Some(1) => {
                self.negotiation = Negotiation {
                    mech_types: self.negotiation.mech_types.take(),
                    negotiate: token.to_vec(),
                    ..Negotiation::default()
                };
                "NTLM NEGOTIATE".to_owned()
            }
            Some(2) => {
                self.negotiation.challenge = token.to_vec();
                match RecordedChallenge::parse(token) {
                    Ok(challenge) => format!(
                        "NTLM CHALLENGE of {} in {}",
                        clean(&challenge.names.dns_computer),
                        clean(&challenge.names.netbios_domain)
                    ),
                    Err(error) => format!("NTLM CHALLENGE: {error}"),
                }
            }
            Some(3) => self.authenticate(token, secrets).unwrap_or_else(|error| {
                self.keys = SessionKeys::Unknown(format!("its AUTHENTICATE: {error}"));
                format!("NTLM AUTHENTICATE: {error}")
            }),
            _ => "an NTLM message of an unknown type".to_owned(),
        }
    }

    fn authenticate(&mut self, token: &[u8], secrets: &Secrets) -> Result<String, AuthError> {
        let Negotiation { negotiate, challenge, .. } = &self.negotiation;
        let exchange = RecordedExchange { negotiate, challenge, authenticate: token };
        let logon = exchange.logon()?;
        let (user, domain) = (clean(&logon.user), clean(&logon.domain));
        let account = match logon.user.is_empty() {
            true => "anonymous".to_owned(),
            false => format!(r"{domain}\{user}"),
        };
        let who = format!("NTLM AUTHENTICATE by {account} from {:?}", clean(&logon.workstation));
        self.account = Some(account.clone());
        if challenge.is_empty() {
            self.keys = SessionKeys::Unknown("the capture lacks its CHALLENGE".to_owned());
            return Ok(who);
        }
        let tried = secrets.hashes(&logon.user).map(Some).chain([None]);
        let mut keys = tried.map(|hash| exchange.session_key(hash));
        let key = keys.find_map(Result::transpose).transpose()?;
        let Some(key) = key else {
            let known = secrets.hashes(&logon.user).next().is_some();
            self.keys = SessionKeys::Unknown(match known {
                true => format!("the password that was given is not that of {account}"),
                false => format!("the password of {account} was not given"),
            });
            let verdict = if known { "; password WRONG" } else { "" };
            return Ok(format!("{who}{verdict}"));
        };
        let mic = match exchange.mic(&key)? {
            Some(true) => "; MIC right",
            Some(false) => "; MIC WRONG",
            None => "; no MIC",
        };
        self.keys = SessionKeys::Ntlm(key);
        let verdict = if logon.user.is_empty() { "" } else { "; password right" };
        Ok(format!("{who}{verdict}{mic}"))
    }

    fn ap_req(&mut self, token: &[u8], secrets: &Secrets) -> String {
        let clear = match clear_ap_req(token) {
            Ok(clear) => clear,
            Err(error) => return format!("a token of {} bytes: {error}", token.len()),
        };
        self.negotiation.session_type = Some(clear.session_type);
        let service = clean(&format!("{}@{}", clear.service.join("/"), clear.realm));
        let what = format!(
            "Kerberos AP-REQ for {service} (ticket type {}, session key type {})",
            clear.ticket_type, clear.session_type
        );
        let subkey = secrets.acceptor_subkeys.first();
        self.keys = match subkey {
            Some(subkey) => SessionKeys::Subkey(subkey.clone()),
            None => SessionKeys::Unknown(format!("the key of {service} was not given")),
        };
        match RecordedApReq::open(token, &secrets.keytab) {
            Ok(Some(request)) => {
                let client = clean(&request.client);
                self.account = Some(client.clone());
                self.negotiation.ap_req = Some(request);
                self.keys = SessionKeys::Unknown("the capture lacks the AP-REP".to_owned());
                format!("{what} by {client}")
            }
            Ok(None) if secrets.keytab.is_empty() => what,
            Ok(None) => {
                if subkey.is_none() {
                    let why = format!("no key of the keytab opens a ticket for {service}");
                    self.keys = SessionKeys::Unknown(why);
                }
                format!("{what}; no key of the keytab opens it")
            }
            Err(error) => format!("{what}: {error}"),
        }
    }

    fn ap_rep(&mut self, token: &[u8]) -> String {
        let Some(request) = &self.negotiation.ap_req else {
            return "Kerberos AP-REP".to_owned();
        };
        match request.established(token) {
            Ok(established) => {
                self.keys = SessionKeys::Kerberos(Arc::new(established));
                "Kerberos AP-REP, opened".to_owned()
            }
            Err(error) => {
                self.keys = SessionKeys::Unknown(format!("its AP-REP: {error}"));
                format!("Kerberos AP-REP: {error}")
            }
        }
    }

    /// The context that opens what this side sent; `signature` is what it is to check.
    pub(super) fn opener(
        &mut self,
        sender: Direction,
        signature: &[u8],
    ) -> Result<&mut (dyn SecurityContext + 'static), String> {
        let (own, first) = match sender {
            Direction::ToServer => (End::Acceptor, &mut self.firsts.client),
            Direction::ToClient => (End::Initiator, &mut self.firsts.server),
        };
        if first.is_empty() {
            *first = signature.to_vec();
        }
        let needed = matches!(
            if own == End::Acceptor { &self.acceptor } else { &self.initiator },
            Opener::Fresh
        );
        let made = needed.then(|| self.keys.context(own, &self.firsts));
        let opener = if own == End::Acceptor { &mut self.acceptor } else { &mut self.initiator };
        match made {
            Some(Ok(context)) => *opener = Opener::Ready(context),
            // Keys may still come.
            Some(Err(why)) if matches!(self.keys, SessionKeys::Unknown(_)) => return Err(why),
            Some(Err(why)) => *opener = Opener::Impossible(why),
            None => {}
        }
        match opener {
            Opener::Ready(context) => Ok(context.as_mut()),
            Opener::Impossible(why) => Err(why.clone()),
            Opener::Fresh => Err("no keys".to_owned()),
        }
    }

    /// The last leg is answered with a bind_nak or a fault.
    pub(super) fn refused(&mut self) {
        if let Some(leg) = self.legs.last_mut() {
            leg.answer = LegAnswer::Refused;
        }
    }

    /// Whether the mechanism inside SPNEGO was Kerberos.
    pub(super) fn is_kerberos(&self) -> bool {
        self.negotiation.session_type.is_some()
    }

    /// NTLM's CHALLENGE, where there is one.
    pub(super) fn challenge(&self) -> &[u8] {
        &self.negotiation.challenge
    }

    /// Whether its stubs stay sealed.
    pub fn is_opaque(&self) -> bool {
        self.level == Some(AuthLevel::Privacy) && matches!(self.keys, SessionKeys::Unknown(_))
    }
}

impl SessionKeys {
    /// The context of one end.
    ///
    /// # Errors
    /// Why there is none.
    pub fn context(&self, own: End, firsts: &Firsts) -> Result<Box<dyn SecurityContext>, String> {
        let caller = (own == End::Acceptor).then(nobody);
        let established = match self {
            Self::Unknown(why) => return Err(why.clone()),
            Self::Ntlm(key) => {
                return Ok(match caller {
                    Some(caller) => Box::new(NtlmContext::acceptor(key, caller)),
                    None => Box::new(NtlmContext::initiator(key)),
                });
            }
            Self::Kerberos(established) => at_end(established, own),
            Self::Subkey(key) => by_subkey(key, own, firsts)?,
        };
        match KerberosContext::new(&established, Arc::new(SystemEnvironment), caller) {
            Ok(context) => Ok(Box::new(context)),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn at_end(acceptors: &Established, own: End) -> Established {
    let (send_sequence, receive_sequence) = match own {
        End::Acceptor => (acceptors.send_sequence, acceptors.receive_sequence),
        End::Initiator => (acceptors.receive_sequence, acceptors.send_sequence),
    };
    Established { own, key: acceptors.key.clone(), send_sequence, receive_sequence, ..*acceptors }
}

fn by_subkey(key: &Zeroizing<Vec<u8>>, own: End, firsts: &Firsts) -> Result<Established, String> {
    let aes = match key.len() {
        16 => AesType::Aes128Sha1,
        32 => AesType::Aes256Sha1,
        other => return Err(format!("a subkey of {other} bytes")),
    };
    let (peers, owns) = match own {
        End::Acceptor => (&firsts.client, &firsts.server),
        End::Initiator => (&firsts.server, &firsts.client),
    };
    let first = ReceivedToken::peek(peers).ok_or("its first token is not one of RFC 4121")?;
    Ok(Established {
        own,
        encryption_type: EncryptionType::Aes(aes),
        key: key.clone(),
        acceptor_subkey: first.acceptor_subkey,
        send_sequence: ReceivedToken::peek(owns).map_or(0, |own| own.sequence),
        receive_sequence: first.sequence,
        ordered: true,
    })
}

/// Whom contexts of recordings belong to: no account of any directory.
pub(super) fn nobody() -> Arc<Caller> {
    Arc::new(Caller { account: "recorded".to_owned(), token: Token::new(Sid::anonymous(), []) })
}

fn mechanism_name(oid: &[u8]) -> String {
    match oid {
        oid::KERBEROS => "Kerberos".to_owned(),
        oid::MS_KERBEROS => "MS-Kerberos".to_owned(),
        oid::NTLM => "NTLM".to_owned(),
        // 1.3.6.1.4.1.311.2.2.30
        [0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x1E] => "NEGOEX".to_owned(),
        other => format!("an unknown mechanism ({})", hex::encode(other)),
    }
}

pub(super) fn clean(text: &str) -> String {
    crate::client::clean(text)
}
