//! The acceptor of RFC 4178 with the rules of [MS-SPNG] for the mechListMIC.

use super::messages::{NegState, NegTokenInit, NegTokenResp};
use super::oid;
use crate::auth::{Accepted, Acceptor, AuthError, BoxFuture, SecurityContext};

/// Longest token, in bytes.
const MAX_TOKEN: usize = 65_536;
/// Most tokens that one exchange takes from the client.
const MAX_LEGS: u8 = 6;

/// A security mechanism that SPNEGO may pick.
pub struct Mechanism {
    oids: &'static [&'static [u8]],
    raw_prefix: Option<&'static [u8]>,
    acceptor: Box<dyn Acceptor>,
}

impl Mechanism {
    /// NTLM. With `raw`, its tokens are taken without SPNEGO around them as well, where no
    /// mechListMIC can show a downgrade.
    pub fn ntlm(acceptor: Box<dyn Acceptor>, raw: bool) -> Self {
        Self { oids: &[oid::NTLM], raw_prefix: raw.then_some(b"NTLMSSP\0"), acceptor }
    }

    /// Kerberos under both its names; an AP-REQ is taken without SPNEGO around it as well.
    pub fn kerberos(acceptor: Box<dyn Acceptor>) -> Self {
        const AP_REQ: &[u8] = &[0x6E];
        Self { oids: &[oid::MS_KERBEROS, oid::KERBEROS], raw_prefix: Some(AP_REQ), acceptor }
    }
}

/// One SPNEGO negotiation, the server's side. The client's last message may not come as an
/// `auth3`: what this side answers it with must reach the client.
pub struct SpnegoAcceptor {
    legs: u8,
    state: State,
}

enum State {
    /// Nothing received yet; these are offered.
    Start(Vec<Mechanism>),
    /// The mechanism speaks without SPNEGO.
    Raw(Box<dyn Acceptor>),
    /// A mechanism is picked.
    Picked(Negotiation),
    /// Done or failed: every further token is an error.
    End,
}

struct Negotiation {
    acceptor: Box<dyn Acceptor>,
    /// MechTypeList as received: what mechListMIC signs.
    mech_type_list: Vec<u8>,
    /// Whether the client must send a mechListMIC whatever the mechanism says: the mechanism
    /// isn't the client's first choice, so somebody may have taken a better one out.
    mic_required: bool,
}

/// What one leg leads to: the state after it, and the answer.
type Step = (State, Accepted);

impl SpnegoAcceptor {
    /// An acceptor that offers `mechanisms`. Among those that both sides know, the client's
    /// order decides.
    pub fn new(mechanisms: Vec<Mechanism>) -> Self {
        Self { legs: 0, state: State::Start(mechanisms) }
    }

    async fn leg(&mut self, token: &[u8]) -> Result<Accepted, AuthError> {
        let state = std::mem::replace(&mut self.state, State::End);
        self.legs = self.legs.saturating_add(1);
        if self.legs > MAX_LEGS || token.len() > MAX_TOKEN {
            return Err(AuthError::Refused("a SPNEGO token too many or too long"));
        }
        let (state, accepted) = match state {
            State::Start(mechanisms) => start(mechanisms, token).await?,
            State::Raw(acceptor) => raw(acceptor, token).await?,
            State::Picked(negotiation) => negotiation.response(token).await?,
            State::End => return Err(AuthError::OutOfSequence),
        };
        self.state = state;
        Ok(accepted)
    }
}

impl Acceptor for SpnegoAcceptor {
    fn accept<'a>(&'a mut self, token: &'a [u8]) -> BoxFuture<'a, Result<Accepted, AuthError>> {
        Box::pin(self.leg(token))
    }
}

async fn start(mechanisms: Vec<Mechanism>, token: &[u8]) -> Result<Step, AuthError> {
    let takes_raw = |mechanism: &Mechanism| {
        mechanism.raw_prefix.is_some_and(|prefix| token.starts_with(prefix))
    };
    let taker = mechanisms.iter().position(takes_raw);
    match taker {
        Some(index) => raw(take(mechanisms, index)?, token).await,
        None => negotiate(mechanisms, &NegTokenInit::parse(token)?).await,
    }
}

async fn raw(mut acceptor: Box<dyn Acceptor>, token: &[u8]) -> Result<Step, AuthError> {
    match acceptor.accept(token).await? {
        going_on @ Accepted::Continue(_) => Ok((State::Raw(acceptor), going_on)),
        done @ Accepted::Done { .. } => Ok((State::End, done)),
    }
}

async fn negotiate(mechanisms: Vec<Mechanism>, init: &NegTokenInit<'_>) -> Result<Step, AuthError> {
    let (first_choice, mech, index) = pick(&mechanisms, &init.mech_types)
        .ok_or(AuthError::Refused("no SPNEGO mechanism of the client's is offered"))?;
    let negotiation = Negotiation {
        acceptor: take(mechanisms, index)?,
        mech_type_list: init.mech_type_list.to_vec(),
        mic_required: !first_choice,
    };
    match init.mech_token {
        Some(token) if first_choice => negotiation.step(token, None, Some(mech)).await,
        // No token yet, or one of a mechanism that wasn't picked.
        _ => {
            let state = match first_choice {
                true => NegState::AcceptIncomplete,
                false => NegState::RequestMic,
            };
            let answer = NegTokenResp {
                state: Some(state),
                supported_mech: Some(mech),
                ..Default::default()
            };
            Ok((State::Picked(negotiation), Accepted::Continue(answer.encode())))
        }
    }
}

/// The first of the client's mechanisms that is offered; the others are skipped unread. Returns
/// whether it is the client's first choice, how the client spells it, and the place of ours.
fn pick<'a>(mechanisms: &[Mechanism], mech_types: &[&'a [u8]]) -> Option<(bool, &'a [u8], usize)> {
    mech_types.iter().enumerate().find_map(|(place, mech)| {
        let index = mechanisms.iter().position(|offered| offered.oids.contains(mech))?;
        Some((place == 0, *mech, index))
    })
}

impl Negotiation {
    async fn response(self, token: &[u8]) -> Result<Step, AuthError> {
        let resp = NegTokenResp::parse(token)?;
        if resp.state == Some(NegState::Reject) {
            return Err(AuthError::Refused("the client rejects the SPNEGO negotiation"));
        }
        let token = resp
            .response_token
            .ok_or(AuthError::Malformed("NegTokenResp: no token for the mechanism"))?;
        self.step(token, resp.mech_list_mic, None).await
    }

    /// Hands the mechanism its token. `supported_mech` goes into the first answer only.
    async fn step(
        mut self,
        token: &[u8],
        mic: Option<&[u8]>,
        supported_mech: Option<&[u8]>,
    ) -> Result<Step, AuthError> {
        match self.acceptor.accept(token).await? {
            Accepted::Continue(_) if mic.is_some() => {
                Err(AuthError::Malformed("NegTokenResp: a mechListMIC before the context stands"))
            }
            Accepted::Continue(token) => {
                let answer = NegTokenResp {
                    state: Some(NegState::AcceptIncomplete),
                    supported_mech,
                    response_token: Some(&token),
                    mech_list_mic: None,
                }
                .encode();
                Ok((State::Picked(self), Accepted::Continue(answer)))
            }
            Accepted::Done { token, mut context } => {
                let mic = self.exchange_mics(context.as_mut(), mic)?;
                let answer = NegTokenResp {
                    state: Some(NegState::AcceptCompleted),
                    supported_mech,
                    response_token: token.as_deref(),
                    mech_list_mic: mic.as_deref(),
                }
                .encode();
                Ok((State::End, Accepted::Done { token: Some(answer), context }))
            }
        }
    }

    /// Checks the client's mechListMIC and makes ours. One that is there is always checked; one
    /// that isn't is an error where it is required ([MS-SPNG] 3.3.5.1).
    fn exchange_mics(
        &self,
        context: &mut dyn SecurityContext,
        mic: Option<&[u8]>,
    ) -> Result<Option<Vec<u8>>, AuthError> {
        match mic {
            Some(mic) => {
                context.verify_mic(&self.mech_type_list, mic)?;
                context.get_mic(&self.mech_type_list).map(Some)
            }
            None if self.mic_required || self.acceptor.wants_mech_list_mic() => {
                Err(AuthError::Refused("no mechListMIC: the mechanism list may have been altered"))
            }
            None => Ok(None),
        }
    }
}

fn take(mechanisms: Vec<Mechanism>, index: usize) -> Result<Box<dyn Acceptor>, AuthError> {
    let mechanism = mechanisms.into_iter().nth(index).ok_or(AuthError::OutOfSequence)?;
    Ok(mechanism.acceptor)
}
