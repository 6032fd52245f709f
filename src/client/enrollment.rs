//! Submission to a CA: over ICertPassage ([MS-ICPR]), or through its DCOM object ([MS-WCCE]).

use std::sync::Arc;

use uuid::{Uuid, uuid};

use crate::auth::kerberos::{KerberosCredentials, KerberosInitiator};
use crate::auth::{AuthLevel, Credentials, Initiator, NtlmInitiator, SpnegoInitiator};
use crate::dcom::client::{DcomClient, DcomClientError, RemoteObject};
use crate::generated::certtransblob::CERTTRANSBLOB;
use crate::generated::icertpassage::{
    CertServerRequestIn, CertServerRequestOut, I_CERT_PASSAGE, ICertPassageClient,
};
use crate::generated::icertrequestd::{
    I_CERT_REQUEST_D2, ICertRequestD2Client, Request2In, Request2Out,
};
use crate::model::HResult;
use crate::ndr::{DecodeError, EncodeError};
use crate::rpc::client::{Authentication, ClientError, ClientOptions, Connection, resolve};

/// The class of a CA's request object ([MS-WCCE] 1.9).
const CERT_REQUEST_CLASS: Uuid = uuid!("d99e6e74-fc88-11d0-b498-00a0c90312f3");
/// dwFlags of a new request: the server finds out its format ([MS-WCCE] 3.2.1.4.3.1.1).
const DETECT: u32 = 0;
/// Dispositions of the answer ([MS-WCCE] 3.2.1.4.3.1.1).
const ISSUED: u32 = 3;
const UNDER_SUBMISSION: u32 = 5;

/// Where a CA is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Server {
    /// Host name or address.
    pub host: String,
    /// TCP port of ICertPassage; `None`: the endpoint mapper is asked.
    pub port: Option<u16>,
    /// TCP port of the endpoint mapper.
    pub mapper_port: u16,
}

/// Who logs on, and how.
#[derive(Clone)]
pub struct Login {
    /// What proves who it is.
    pub proof: Proof,
    /// The level for the connection; CAs demand privacy.
    pub level: AuthLevel,
}

/// What proves who logs on.
#[derive(Clone)]
pub enum Proof {
    /// Account and password, by NTLM.
    Password(Credentials, Mechanism),
    /// Kerberos tickets, in SPNEGO.
    Tickets(KerberosCredentials),
}

/// How NTLM is spoken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mechanism {
    /// SPNEGO.
    Negotiate,
    /// NTLM without SPNEGO around it.
    Ntlm,
}

/// A connection to a CA.
pub struct EnrollmentClient {
    interface: Interface,
    authority: String,
}

enum Interface {
    Passage(ICertPassageClient<Connection>),
    Object(RemoteObject),
}

/// What the CA says about a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The request's id at this CA.
    pub request_id: u32,
    /// What became of it.
    pub outcome: Outcome,
    /// The CA's message for people, without control characters.
    pub message: String,
}

/// What became of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The certificate is there.
    Issued {
        /// DER of the certificate.
        certificate: Vec<u8>,
        /// DER of the PKCS#7 with the chain; may be empty.
        chain: Vec<u8>,
    },
    /// A certificate manager has to decide.
    Pending,
    /// Denied or failed, with the code; CAs are free in its choice.
    Refused(HResult),
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum EnrollError {
    /// The call failed.
    #[error(transparent)]
    Rpc(#[from] ClientError),
    /// The CA's object could not be had, or not be released.
    #[error(transparent)]
    Dcom(#[from] DcomClientError),
    /// The CA refused the call itself; [`HResult::E_INVALIDARG`] mostly means another CA name.
    #[error("the CA refused the call: {0}{hint}", hint = hint(*.0))]
    Call(HResult),
    /// The CA issued a certificate, but sent none.
    #[error("the CA says that it issued request {0}, but sent no certificate")]
    NoCertificate(u32),
}

impl From<DecodeError> for EnrollError {
    fn from(error: DecodeError) -> Self {
        Self::Rpc(error.into())
    }
}

impl From<EncodeError> for EnrollError {
    fn from(error: EncodeError) -> Self {
        Self::Rpc(error.into())
    }
}

fn hint(code: HResult) -> &'static str {
    match code {
        HResult::E_INVALIDARG => " Is the CA's name right?",
        _ => "",
    }
}

/// The TCP port of a CA's ICertPassage.
pub async fn find(server: &Server, options: &ClientOptions) -> Result<u16, ClientError> {
    match server.port {
        Some(port) => Ok(port),
        None => resolve(&server.host, server.mapper_port, I_CERT_PASSAGE, options).await,
    }
}

impl EnrollmentClient {
    /// Connects to the CA named `authority`.
    pub async fn connect(
        server: &Server,
        authority: &str,
        login: &Login,
        options: &ClientOptions,
    ) -> Result<Self, ClientError> {
        let port = find(server, options).await?;
        let authentication = login.authentication(&format!("host/{}", server.host));
        let connection =
            Connection::open(&server.host, port, I_CERT_PASSAGE, Some(authentication), options);
        let interface = Interface::Passage(ICertPassageClient(connection.await?));
        Ok(Self { interface, authority: authority.to_owned() })
    }

    /// Connects to the DCOM object of the CA named `authority`, as Windows' clients do: the
    /// resolver is at the port of the endpoint mapper, and tells the port of the object. To be
    /// ended with [`close`](Self::close).
    pub async fn activate(
        server: &Server,
        authority: &str,
        login: &Login,
        options: &ClientOptions,
    ) -> Result<Self, DcomClientError> {
        let (login, options) = (login.clone(), options.clone());
        let authenticate = Arc::new(move |principal: &str| login.authentication(principal));
        let connect = DcomClient::connect(&server.host, server.mapper_port, options, authenticate);
        let client = connect.await?;
        let object = client.activate(CERT_REQUEST_CLASS, &[I_CERT_REQUEST_D2]).await?;
        Ok(Self { interface: Interface::Object(object), authority: authority.to_owned() })
    }

    /// Releases the CA's object, if there is one.
    pub async fn close(self) -> Result<(), EnrollError> {
        match self.interface {
            Interface::Passage(_) => Ok(()),
            Interface::Object(object) => Ok(object.release().await?),
        }
    }

    /// Submits a new request (PKCS#10 or CMS, DER or PEM) with its attributes string.
    pub async fn submit(
        &mut self,
        request: &[u8],
        attributes: &str,
    ) -> Result<Answer, EnrollError> {
        self.call(0, request, attributes).await
    }

    /// Asks for the result of an earlier request.
    pub async fn retrieve(&mut self, request_id: u32) -> Result<Answer, EnrollError> {
        self.call(request_id, &[], "").await
    }

    async fn call(
        &mut self,
        request_id: u32,
        request: &[u8],
        attributes: &str,
    ) -> Result<Answer, EnrollError> {
        let pwsz_authority = Some(self.authority.as_str().into());
        let pctb_request = blob(request.to_vec());
        match &mut self.interface {
            Interface::Passage(passage) => {
                let request = CertServerRequestIn {
                    dw_flags: DETECT,
                    pwsz_authority,
                    pdw_request_id: request_id,
                    pctb_attribs: blob(text_bytes(attributes)),
                    pctb_request,
                };
                answer(passage.cert_server_request(&request).await?)
            }
            Interface::Object(object) => {
                let request = Request2In {
                    dw_flags: DETECT,
                    pwsz_authority,
                    pdw_request_id: request_id,
                    pwsz_attributes: Some(attributes).filter(|a| !a.is_empty()).map(Into::into),
                    pctb_request,
                    ..Request2In::default()
                };
                let calls = object.interface(I_CERT_REQUEST_D2).await?;
                answer(of_object(ICertRequestD2Client(calls).request2(&request).await?))
            }
        }
    }
}

impl Login {
    /// For one connection to the service `principal`.
    fn authentication(&self, principal: &str) -> Authentication {
        Authentication { initiator: self.initiator(principal), level: self.level }
    }

    fn initiator(&self, principal: &str) -> Box<dyn Initiator> {
        match &self.proof {
            Proof::Password(credentials, Mechanism::Negotiate) => {
                Box::new(SpnegoInitiator::ntlm(credentials, self.level))
            }
            Proof::Password(credentials, Mechanism::Ntlm) => {
                Box::new(NtlmInitiator::new(credentials, self.level))
            }
            Proof::Tickets(credentials) => {
                let kerberos = KerberosInitiator::new(credentials.clone(), principal);
                Box::new(SpnegoInitiator::kerberos(kerberos))
            }
        }
    }
}

fn blob(bytes: Vec<u8>) -> CERTTRANSBLOB {
    let cb = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    CERTTRANSBLOB { cb, pb: Some(bytes).filter(|bytes| !bytes.is_empty()) }
}

/// UTF-16LE with its terminator, which counts ([MS-ICPR] 3.2.4.1.1); nothing for no text.
fn text_bytes(text: &str) -> Vec<u8> {
    if text.is_empty() {
        return Vec::new();
    }
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

/// Without the flag that asks for more, the full response is the chain ([MS-WCCE]
/// 3.2.1.4.3.1.1): both interfaces answer the same.
fn of_object(out: Request2Out) -> CertServerRequestOut {
    CertServerRequestOut {
        pdw_request_id: out.pdw_request_id,
        pdw_disposition: out.pdw_disposition,
        pctb_cert: out.pctb_full_response,
        pctb_encoded_cert: out.pctb_encoded_cert,
        pctb_disposition_message: out.pctb_disposition_message,
        return_value: out.return_value,
    }
}

fn answer(out: CertServerRequestOut) -> Result<Answer, EnrollError> {
    if out.return_value != 0 {
        return Err(EnrollError::Call(HResult(out.return_value)));
    }
    let request_id = out.pdw_request_id;
    let outcome = match out.pdw_disposition {
        ISSUED => Outcome::Issued {
            certificate: bytes(out.pctb_encoded_cert)
                .ok_or(EnrollError::NoCertificate(request_id))?,
            chain: bytes(out.pctb_cert).unwrap_or_default(),
        },
        UNDER_SUBMISSION => Outcome::Pending,
        code => Outcome::Refused(HResult(code)),
    };
    let message = message(&bytes(out.pctb_disposition_message).unwrap_or_default());
    Ok(Answer { request_id, outcome, message })
}

fn bytes(blob: CERTTRANSBLOB) -> Option<Vec<u8>> {
    blob.pb.filter(|bytes| !bytes.is_empty())
}

/// UTF-16LE text from a server: up to its terminator, control characters made blanks.
fn message(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).filter_map(|unit| unit.try_into().ok());
    let units = units.map(u16::from_le_bytes).take_while(|unit| *unit != 0);
    let text = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER));
    let text: String = text.map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn out(disposition: u32, certificate: &[u8]) -> CertServerRequestOut {
        CertServerRequestOut {
            pdw_request_id: 7,
            pdw_disposition: disposition,
            pctb_encoded_cert: blob(certificate.to_vec()),
            pctb_disposition_message: blob(text_bytes("Denied\r\nby X\u{1b}[1m")),
            ..CertServerRequestOut::default()
        }
    }

    #[test]
    fn dispositions_become_outcomes() {
        let issued = Outcome::Issued { certificate: b"cert".to_vec(), chain: Vec::new() };
        assert_eq!(answer(out(3, b"cert")).unwrap().outcome, issued);
        assert!(matches!(answer(out(3, b"")), Err(EnrollError::NoCertificate(7))));
        assert_eq!(answer(out(5, b"")).unwrap().outcome, Outcome::Pending);
        for code in [0, 1, 2, 6, 0x8009_4012] {
            let refused = answer(out(code, b"cert")).unwrap();
            assert_eq!(refused.outcome, Outcome::Refused(HResult(code)));
            assert_eq!((refused.request_id, &*refused.message), (7, "Denied  by X [1m"));
        }
        let failed = CertServerRequestOut { return_value: 0x8007_0057, ..out(3, b"cert") };
        let error = answer(failed).unwrap_err();
        assert!(matches!(error, EnrollError::Call(HResult::E_INVALIDARG)));
        assert!(error.to_string().contains("Is the CA's name right?"), "{error}");
    }

    #[test]
    fn texts_count_their_terminator() {
        assert!(text_bytes("").is_empty());
        assert_eq!(text_bytes("A"), [0x41, 0, 0, 0]);
    }
}
