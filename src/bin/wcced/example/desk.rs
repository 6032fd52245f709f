//! Where clients sit: connections to the CA as this or that account, and what went over them.

use std::collections::BTreeMap;

use uuid::Uuid;
use wcce::auth::{AuthLevel, Credentials};
use wcce::client::{
    Answer, EnrollError, EnrollmentClient, Login, Mechanism, Outcome, Proof, Server,
};
use wcce::generated::epm::EPT;
use wcce::generated::icertpassage::I_CERT_PASSAGE;
use wcce::generated::icertrequestd::I_CERT_REQUEST_D2;
use wcce::generated::oxid::I_OBJECT_EXPORTER;
use wcce::generated::remote_activation::I_REMOTE_SCM_ACTIVATOR;
use wcce::generated::remunknown::I_REM_UNKNOWN2;
use wcce::model::{HResult, RequestFormat};
use wcce::rpc::client::{ClientError, ClientOptions, RecordedPdu, Traffic};
use zeroize::Zeroizing;

use super::stage::Stage;
use crate::Failure;

/// Name of the CA.
pub const CA: &str = "Example CA";
/// NetBIOS name of the domain.
pub const DOMAIN: &str = "EXAMPLE";
/// CR_IN_FULLRESPONSE of dwFlags.
const FULL_RESPONSE: u32 = 0x4_0000;

/// Which interface of the CA.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// ICertRequestD2, over DCOM.
    Object,
    /// ICertPassage.
    Passage,
}

impl Way {
    pub fn short(self) -> &'static str {
        match self {
            Self::Object => "dcom",
            Self::Passage => "icpr",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Object => "DCOM (ICertRequestD2::Request2, [MS-WCCE])",
            Self::Passage => "ICertPassage (CertServerRequest, [MS-ICPR])",
        }
    }
}

/// Somebody with an account.
pub struct Actor {
    pub user: &'static str,
    pub password: Zeroizing<String>,
}

impl Actor {
    /// `DOMAIN\user`.
    pub fn account(&self) -> String {
        format!(r"{DOMAIN}\{}", self.user)
    }

    pub fn upn(&self) -> String {
        format!("{}@example.test", self.user)
    }
}

/// A request that was made.
pub struct Made {
    pub format: RequestFormat,
    pub der: Vec<u8>,
}

/// What differs from a good call.
pub struct Manner<'a> {
    pub authority: &'a str,
    pub level: AuthLevel,
    pub attributes: &'a str,
}

impl Default for Manner<'_> {
    fn default() -> Self {
        Self { authority: CA, level: AuthLevel::Privacy, attributes: "" }
    }
}

/// A call that was made.
pub struct Sent {
    way: Way,
    flags: u32,
    length: usize,
    format: RequestFormat,
    caller: String,
    pub result: Result<Answer, EnrollError>,
    pdus: Vec<RecordedPdu>,
}

/// Calls by one interface.
pub struct Desk {
    pub way: Way,
    traffic: Traffic,
}

impl Desk {
    pub fn new(way: Way) -> Self {
        Self { way, traffic: Traffic::default() }
    }

    /// Submits a request as somebody.
    pub async fn submit(&mut self, stage: &Stage, who: &Actor, made: &Made) -> Sent {
        self.submit_so(stage, who, made, Manner::default()).await
    }

    /// Submits a request in some manner.
    pub async fn submit_so(
        &mut self,
        stage: &Stage,
        who: &Actor,
        made: &Made,
        manner: Manner<'_>,
    ) -> Sent {
        self.traffic.take();
        let result = self.call(stage, who, made, &manner).await;
        let full = if self.way == Way::Object { FULL_RESPONSE } else { 0 };
        Sent {
            way: self.way,
            flags: request_type(made.format) | full,
            length: made.der.len(),
            format: made.format,
            caller: who.account(),
            result,
            pdus: self.traffic.take(),
        }
    }

    async fn call(
        &self,
        stage: &Stage,
        who: &Actor,
        made: &Made,
        manner: &Manner<'_>,
    ) -> Result<Answer, EnrollError> {
        let mut client = self.connect(stage, who, manner).await?;
        let answer = client.submit_as(Some(made.format), &made.der, manner.attributes).await;
        let closed = client.close().await;
        let answer = answer?;
        closed.map(|()| answer)
    }

    async fn connect(
        &self,
        stage: &Stage,
        who: &Actor,
        manner: &Manner<'_>,
    ) -> Result<EnrollmentClient, EnrollError> {
        let Manner { authority, level, .. } = *manner;
        let options =
            ClientOptions { traffic: Some(self.traffic.clone()), ..ClientOptions::default() };
        let server = server(stage);
        let login = login(who, level);
        Ok(match self.way {
            Way::Object => EnrollmentClient::activate(&server, authority, &login, &options).await?,
            Way::Passage => EnrollmentClient::connect(&server, authority, &login, &options).await?,
        })
    }

    /// A connection to the CA's object, whatever the way: only that tells properties.
    pub async fn object(&self, stage: &Stage, who: &Actor) -> Result<EnrollmentClient, Failure> {
        let (server, login) = (server(stage), login(who, AuthLevel::Privacy));
        Ok(EnrollmentClient::activate(&server, CA, &login, &ClientOptions::default()).await?)
    }
}

fn server(stage: &Stage) -> Server {
    Server { host: "127.0.0.1".to_owned(), port: None, mapper_port: stage.mapper_port() }
}

fn login(who: &Actor, level: AuthLevel) -> Login {
    let credentials = Credentials {
        user: who.user.to_owned(),
        domain: DOMAIN.to_owned(),
        password: who.password.clone(),
    };
    Login { proof: Proof::Password(credentials, Mechanism::Negotiate), level }
}

/// The request type that dwFlags hold ([MS-WCCE] 3.2.1.4.3.1.1).
fn request_type(format: RequestFormat) -> u32 {
    match format {
        RequestFormat::Pkcs10 => 0x100,
        RequestFormat::Keygen => 0x200,
        RequestFormat::Cms => 0x300,
        RequestFormat::Cmc => 0x400,
    }
}

impl Sent {
    /// The certificate, where one was issued.
    pub fn certificate(&self) -> Option<&[u8]> {
        match &self.result.as_ref().ok()?.outcome {
            Outcome::Issued { certificate, .. } => Some(certificate),
            _ => None,
        }
    }

    /// What the narration says where a certificate was issued; otherwise what came back.
    pub fn issued(&self) -> Result<String, String> {
        self.certificate().map(|_| "pdwDisposition 3".to_owned()).ok_or_else(|| self.answer())
    }

    /// The request's id, where there is an answer.
    pub fn request_id(&self) -> Option<u32> {
        self.result.as_ref().ok().map(|answer| answer.request_id)
    }

    /// The code of a refusal: by policy, of the call, or of the RPC layer.
    pub fn code(&self) -> Option<HResult> {
        match &self.result {
            Ok(Answer { outcome: Outcome::Refused(code), .. }) | Err(EnrollError::Call(code)) => {
                Some(*code)
            }
            Err(
                EnrollError::Rpc(ClientError::Fault(fault))
                | EnrollError::Dcom(wcce::dcom::client::DcomClientError::Rpc(ClientError::Fault(
                    fault,
                ))),
            ) => Some(HResult(0x8007_0000 | fault.0)),
            _ => None,
        }
    }

    /// The call in a line.
    pub fn call(&self) -> String {
        let Self { way, flags, length, format, caller, .. } = self;
        let method = match way {
            Way::Object => "ICertRequestD2::Request2",
            Way::Passage => "ICertPassage::CertServerRequest",
        };
        format!("{method} as {caller}: {format}, {length} bytes, dwFlags 0x{flags:x}")
    }

    /// What went over the wire: a line for each interface, or for each PDU.
    pub fn traffic(&self, every: bool) -> Vec<String> {
        if every {
            return self.pdus.iter().map(pdu_line).collect();
        }
        let mut order = Vec::new();
        let mut sums: BTreeMap<Uuid, [u32; 4]> = BTreeMap::new();
        for pdu in &self.pdus {
            if !order.contains(&pdu.interface) {
                order.push(pdu.interface);
            }
            let [out, out_bytes, back, back_bytes] = sums.entry(pdu.interface).or_default();
            let (count, bytes) = if pdu.sent { (out, out_bytes) } else { (back, back_bytes) };
            *count = count.saturating_add(1);
            *bytes = bytes.saturating_add(pdu.length.into());
        }
        let line = |interface: &Uuid| {
            let [out, out_bytes, back, back_bytes] = sums.get(interface).copied()?;
            Some(format!(
                "{:<22} {out} PDUs out ({out_bytes} bytes), {back} back ({back_bytes} bytes)",
                interface_name(interface)
            ))
        };
        order.iter().filter_map(line).collect()
    }

    /// What came back, in a line.
    pub fn answer(&self) -> String {
        match &self.result {
            Ok(Answer { request_id, outcome, message }) => match outcome {
                Outcome::Issued { certificate, chain } => format!(
                    "request {request_id}: pdwDisposition 3, certificate {} bytes, chain {} \
                     bytes: {message}",
                    certificate.len(),
                    chain.len()
                ),
                Outcome::Pending => format!("request {request_id}: pdwDisposition 5: {message}"),
                Outcome::Refused(code) => {
                    format!("request {request_id}: pdwDisposition {code}: {message}")
                }
            },
            Err(error) => format!("no answer: {error}"),
        }
    }
}

fn pdu_line(pdu: &RecordedPdu) -> String {
    let RecordedPdu { port, interface, sent, ptype, length } = pdu;
    let arrow = if *sent { "->" } else { "<-" };
    format!("{arrow} port {port}, {}: {ptype:?}, {length} bytes", interface_name(interface))
}

fn interface_name(interface: &Uuid) -> String {
    [
        (EPT, "endpoint mapper"),
        (I_OBJECT_EXPORTER, "IObjectExporter"),
        (I_REMOTE_SCM_ACTIVATOR, "IRemoteSCMActivator"),
        (I_CERT_REQUEST_D2, "ICertRequestD2"),
        (I_REM_UNKNOWN2, "IRemUnknown2"),
        (I_CERT_PASSAGE, "ICertPassage"),
    ]
    .iter()
    .find(|(known, _)| known.uuid == *interface)
    .map_or_else(|| interface.to_string(), |(_, name)| (*name).to_owned())
}
