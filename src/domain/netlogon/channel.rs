//! One secure channel: session key negotiation ([MS-NRPC] 3.1.4.1), sealed connections on its key,
//! and the logon call.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::locate::DomainController;
use super::validation::{LogonInfo, logon_info};
use crate::auth::netlogon::{
    Authenticators, Credential, NetlogonInitiator, client_challenge, credential, same, session_key,
};
use crate::auth::ntlm::Key;
use crate::auth::{AuthError, AuthLevel, Environment};
use crate::domain::secret::SecretError;
use crate::domain::status::{Denial, LogonError, Verdict, verdict};
use crate::generated::dtyp::RPC_UNICODE_STRING;
use crate::generated::netlogon::{
    LM_CHALLENGE, LOGON, LogonClient, NETLOGON_AUTHENTICATOR, NETLOGON_CAPABILITIES,
    NETLOGON_CREDENTIAL, NETLOGON_LEVEL, NETLOGON_LOGON_IDENTITY_INFO, NETLOGON_LOGON_INFO_CLASS,
    NETLOGON_NETWORK_INFO, NETLOGON_SECURE_CHANNEL_TYPE, NETLOGON_VALIDATION_INFO_CLASS,
    NetrLogonGetCapabilitiesIn, NetrLogonSamLogonExIn, NetrServerAuthenticate3In,
    NetrServerReqChallengeIn, STRING,
};
use crate::ndr::{Varying, WideString};
use crate::rpc::client::{Authentication, ClientError, ClientOptions, Connection, resolve};

/// What is offered: everything that a member may, AES and secure RPC among it.
const OFFERED: u32 = 0x612F_FFFF;
/// AES with SHA-2, and secure RPC: what the domain controller must agree to.
const REQUIRED: u32 = 0x4100_0000;
/// Accounts of workstations and servers may log on, nobody becomes Guest ([MS-NRPC] 2.2.1.4.15).
const PARAMETER_CONTROL: u32 = 0x1830;

const STATUS_ACCESS_DENIED: u32 = 0xC000_0022;
const STATUS_NO_TRUST_SAM_ACCOUNT: u32 = 0xC000_018B;
const STATUS_DOWNGRADE_DETECTED: u32 = 0xC000_0388;

/// This machine, as the domain knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// NetBIOS name of the domain.
    pub domain: String,
    /// NetBIOS name of the computer: what the CHALLENGE says, and what the domain controller finds
    /// the channel by.
    pub computer: String,
    /// The machine account, with its dollar sign.
    pub account: String,
}

/// A logon to be verified.
#[derive(Clone, Copy)]
pub struct NetworkLogon<'a> {
    /// DomainName of the AUTHENTICATE message.
    pub domain: &'a str,
    /// UserName of the AUTHENTICATE message.
    pub user: &'a str,
    /// Workstation of the AUTHENTICATE message.
    pub workstation: &'a str,
    /// The challenge that the client answered.
    pub challenge: [u8; 8],
    /// NtChallengeResponse. The LM response never gets here: domain controllers take a right one
    /// in place of a wrong NT response, and it covers less.
    pub nt_response: &'a [u8],
}

/// Why there is no channel.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// The machine account's secret cannot be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// No domain controller is known.
    #[error("no domain controller is known: {0}")]
    NoController(String),
    /// The domain controller cannot be reached, or a call failed.
    #[error("{controller}: {source}")]
    Call {
        /// Which one.
        controller: String,
        /// Why.
        source: ClientError,
    },
    /// The domain controller does not accept the machine account's secret.
    #[error(
        "{controller} refuses the machine account {account}: its secret is not the domain's (was \
         the password changed, or the account reset?)"
    )]
    WrongSecret {
        /// Which one.
        controller: String,
        /// Which account.
        account: String,
    },
    /// The domain has no such machine account.
    #[error("{controller} knows no machine account {account}: has this machine joined the domain?")]
    NoAccount {
        /// Which one.
        controller: String,
        /// Which account.
        account: String,
    },
    /// Another status.
    #[error("{controller} refuses the secure channel with NTSTATUS 0x{status:08x}")]
    Status {
        /// Which one.
        controller: String,
        /// What it says.
        status: u32,
    },
    /// The domain controller agrees to less than AES and sealing, or somebody on the way makes
    /// it look so.
    #[error(
        "{controller} agrees to no AES on the secure channel (flags 0x{flags:08x}): a downgrade, \
         which is refused"
    )]
    Downgrade {
        /// Which one.
        controller: String,
        /// What it agrees to.
        flags: u32,
    },
    /// The domain controller does not know the machine account's secret: it is none.
    #[error("{controller} cannot prove that it is a domain controller of this domain")]
    Impostor {
        /// Which one.
        controller: String,
    },
    /// The operating system gives no random bytes, or the names make no token.
    #[error(transparent)]
    Auth(#[from] AuthError),
}

/// A negotiated session key at a domain controller. Any number of connections may be bound to it.
pub(super) struct Session {
    pub(super) controller: DomainController,
    pub(super) account_rid: u32,
    pub(super) flags: u32,
    port: u16,
    session_key: Key,
}

/// A sealed connection on a session's key; one call at a time.
pub(super) struct SealedConnection {
    pub(super) session: Arc<Session>,
    client: LogonClient<Connection>,
}

/// What a domain controller says to a logon.
pub(super) enum Answer {
    Granted(Box<LogonInfo>),
    Denied(Denial),
    ChannelLost,
    NoVerdict(u32),
}

/// What all channels share.
pub(super) struct Channels {
    pub(super) member: Member,
    pub(super) environment: Arc<dyn Environment>,
    pub(super) options: ClientOptions,
}

impl Channels {
    /// Negotiates a session key with the machine account's secret, and binds the first connection.
    pub(super) async fn establish(
        &self,
        controller: &DomainController,
        nt_hash: &Key,
    ) -> Result<SealedConnection, ChannelError> {
        let at = |source| call_error(controller, source);
        let (host, mapper_port) = (controller.host.as_str(), controller.mapper_port);
        let port = resolve(host, mapper_port, LOGON, &self.options).await.map_err(at)?;
        let open = Connection::open(host, port, LOGON, None, &self.options);
        let mut client = LogonClient(open.await.map_err(at)?);
        let challenge = client_challenge(&*self.environment)?;
        let (session, client_credential) =
            self.negotiate(controller, port, &mut client, nt_hash, challenge).await?;
        drop(client);
        let mut connection = self.bind(Arc::new(session)).await?;
        let authenticators =
            Authenticators::new(connection.session.session_key.clone(), client_credential);
        self.confirm(&mut connection, authenticators).await?;
        Ok(connection)
    }

    /// NetrServerReqChallenge and NetrServerAuthenticate3, on one unprotected connection.
    async fn negotiate(
        &self,
        controller: &DomainController,
        port: u16,
        client: &mut LogonClient<Connection>,
        nt_hash: &Key,
        challenge: Credential,
    ) -> Result<(Session, Credential), ChannelError> {
        let at = |source| call_error(controller, source);
        let member = &self.member;
        let request = NetrServerReqChallengeIn {
            primary_name: Some(unc(controller)),
            computer_name: WideString::from(member.computer.as_str()),
            client_challenge: NETLOGON_CREDENTIAL { data: challenge },
        };
        let answer = client.netr_server_req_challenge(&request).await.map_err(at)?;
        self.check_status(controller, answer.return_value, None)?;
        let server_challenge = answer.server_challenge.data;
        let session_key = session_key(nt_hash, &challenge, &server_challenge);
        let client_credential = credential(&session_key, &challenge);
        let request = NetrServerAuthenticate3In {
            primary_name: Some(unc(controller)),
            account_name: WideString::from(member.account.as_str()),
            secure_channel_type: NETLOGON_SECURE_CHANNEL_TYPE::WORKSTATION_SECURE_CHANNEL,
            computer_name: WideString::from(member.computer.as_str()),
            client_credential: NETLOGON_CREDENTIAL { data: client_credential },
            negotiate_flags: OFFERED,
        };
        let answer = client.netr_server_authenticate3(&request).await.map_err(at)?;
        let (flags, name) = (answer.negotiate_flags, || controller.to_string());
        self.check_status(controller, answer.return_value, Some(flags))?;
        let proof = credential(&session_key, &server_challenge);
        if !same(&proof, &answer.server_credential.data) {
            return Err(ChannelError::Impostor { controller: name() });
        }
        if flags & REQUIRED != REQUIRED {
            return Err(ChannelError::Downgrade { controller: name(), flags });
        }
        let (controller, account_rid) = (controller.clone(), answer.account_rid);
        let session = Session { controller, account_rid, flags, port, session_key };
        Ok((session, client_credential))
    }

    fn check_status(
        &self,
        controller: &DomainController,
        status: u32,
        flags: Option<u32>,
    ) -> Result<(), ChannelError> {
        let (controller, account) = (controller.to_string(), self.member.account.clone());
        Err(match (status, flags) {
            (0, _) => return Ok(()),
            (STATUS_ACCESS_DENIED, Some(_)) => ChannelError::WrongSecret { controller, account },
            (STATUS_NO_TRUST_SAM_ACCOUNT, _) => ChannelError::NoAccount { controller, account },
            (STATUS_DOWNGRADE_DETECTED, Some(flags)) => {
                ChannelError::Downgrade { controller, flags }
            }
            _ => ChannelError::Status { controller, status },
        })
    }

    /// Binds a connection to a session's key, sealed.
    pub(super) async fn bind(
        &self,
        session: Arc<Session>,
    ) -> Result<SealedConnection, ChannelError> {
        let initiator = NetlogonInitiator::new(
            &self.member.domain,
            &self.member.computer,
            session.session_key.clone(),
            Arc::clone(&self.environment),
        );
        let authentication =
            Authentication { initiator: Box::new(initiator), level: AuthLevel::Privacy };
        let host = session.controller.host.as_str();
        let open = Connection::open(host, session.port, LOGON, Some(authentication), &self.options);
        let connection = open.await.map_err(|source| call_error(&session.controller, source))?;
        Ok(SealedConnection { session, client: LogonClient(connection) })
    }

    /// Has the domain controller confirm, under the session key, the flags that it negotiated:
    /// those of NetrServerAuthenticate3 came without protection ([MS-NRPC] 3.1.4.1).
    async fn confirm(
        &self,
        connection: &mut SealedConnection,
        mut authenticators: Authenticators,
    ) -> Result<(), ChannelError> {
        let SealedConnection { session, client } = connection;
        let timestamp = seconds(self.environment.now());
        let request = NetrLogonGetCapabilitiesIn {
            server_name: unc(&session.controller),
            computer_name: Some(WideString::from(self.member.computer.as_str())),
            authenticator: NETLOGON_AUTHENTICATOR {
                credential: NETLOGON_CREDENTIAL { data: authenticators.next(timestamp) },
                timestamp,
            },
            return_authenticator: NETLOGON_AUTHENTICATOR::default(),
            query_level: 1,
        };
        let answer = client
            .netr_logon_get_capabilities(&request)
            .await
            .map_err(|source| call_error(&session.controller, source))?;
        let controller = session.controller.to_string();
        if answer.return_value != 0 {
            return Err(ChannelError::Status { controller, status: answer.return_value });
        }
        if authenticators.check(&answer.return_authenticator.credential.data).is_err() {
            return Err(ChannelError::Impostor { controller });
        }
        match answer.capabilities {
            NETLOGON_CAPABILITIES::ServerCapabilities(flags) if flags == session.flags => Ok(()),
            NETLOGON_CAPABILITIES::ServerCapabilities(flags) => {
                Err(ChannelError::Downgrade { controller, flags })
            }
            _ => Err(ChannelError::Impostor { controller }),
        }
    }
}

impl SealedConnection {
    /// Asks for the verdict, at validation level 6, or 3 where the domain controller is too old.
    pub(super) async fn logon(
        &mut self,
        member: &Member,
        logon: &NetworkLogon<'_>,
    ) -> Result<Answer, CallFailure> {
        use NETLOGON_VALIDATION_INFO_CLASS as Level;
        let levels = [Level::NETLOGON_VALIDATION_SAM_INFO4, Level::NETLOGON_VALIDATION_SAM_INFO2];
        for level in levels {
            let request = request(&self.session.controller, member, logon, level)?;
            let answer = self.client.netr_logon_sam_logon_ex(&request).await?;
            return Ok(match verdict(answer.return_value) {
                Verdict::UnknownLevel if level == Level::NETLOGON_VALIDATION_SAM_INFO4 => continue,
                Verdict::Granted => Answer::Granted(Box::new(
                    logon_info(answer.validation_information, &self.session.session_key)
                        .map_err(CallFailure::Logon)?,
                )),
                Verdict::Denied(denial) => Answer::Denied(denial),
                Verdict::ChannelLost => Answer::ChannelLost,
                Verdict::Unknowing | Verdict::UnknownLevel => {
                    Answer::NoVerdict(answer.return_value)
                }
            });
        }
        Ok(Answer::NoVerdict(0))
    }
}

/// Why a logon call has no answer.
#[derive(Debug)]
pub(super) enum CallFailure {
    /// The connection is of no use any more.
    Connection(ClientError),
    /// The logon itself: another connection would not help.
    Logon(LogonError),
}

impl From<ClientError> for CallFailure {
    fn from(error: ClientError) -> Self {
        Self::Connection(error)
    }
}

fn request(
    controller: &DomainController,
    member: &Member,
    logon: &NetworkLogon<'_>,
    validation_level: NETLOGON_VALIDATION_INFO_CLASS,
) -> Result<NetrLogonSamLogonExIn, CallFailure> {
    let network = NETLOGON_NETWORK_INFO {
        identity: NETLOGON_LOGON_IDENTITY_INFO {
            logon_domain_name: unicode(logon.domain)?,
            parameter_control: PARAMETER_CONTROL,
            user_name: unicode(logon.user)?,
            workstation: unicode(logon.workstation)?,
            ..NETLOGON_LOGON_IDENTITY_INFO::default()
        },
        lm_challenge: LM_CHALLENGE { data: logon.challenge },
        nt_challenge_response: octets(logon.nt_response)?,
        lm_challenge_response: octets(&[])?,
    };
    Ok(NetrLogonSamLogonExIn {
        logon_server: Some(unc(controller)),
        computer_name: Some(WideString::from(member.computer.as_str())),
        logon_level: NETLOGON_LOGON_INFO_CLASS::NETLOGON_NETWORK_INFORMATION,
        logon_information: NETLOGON_LEVEL::LogonNetwork(Some(Box::new(network))),
        validation_level,
        extra_flags: 0,
    })
}

const TOO_LONG: CallFailure =
    CallFailure::Logon(LogonError::Unusable("a name or a response of more than 64 KiB"));

fn unicode(text: &str) -> Result<RPC_UNICODE_STRING, CallFailure> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let count = u16::try_from(units.len()).map_err(|_| TOO_LONG)?;
    let length = count.checked_mul(2).ok_or(TOO_LONG)?;
    let buffer = Some(Varying::new(count.into(), units));
    Ok(RPC_UNICODE_STRING { length, maximum_length: length, buffer })
}

fn octets(bytes: &[u8]) -> Result<STRING, CallFailure> {
    let length = u16::try_from(bytes.len()).map_err(|_| TOO_LONG)?;
    let buffer = Some(Varying::new(length.into(), bytes.to_vec()));
    Ok(STRING { length, maximum_length: length, buffer })
}

/// `\\host`.
fn unc(controller: &DomainController) -> WideString {
    WideString::from(format!(r"\\{}", controller.host))
}

fn call_error(controller: &DomainController, source: ClientError) -> ChannelError {
    ChannelError::Call { controller: controller.to_string(), source }
}

/// Seconds since 1970; what has no such number proves nothing less.
fn seconds(time: SystemTime) -> u32 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u32::try_from(since.as_secs() & u64::from(u32::MAX)).unwrap_or_default()
}
