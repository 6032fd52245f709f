//! Calls to a CA: through its DCOM object ([MS-WCCE]), or over ICertPassage ([MS-ICPR]).

use std::sync::Arc;

use uuid::{Uuid, uuid};

use super::answer::{Answer, AnswerError, Fields, Form, Unchecked};
use super::property::{CaProperty, GETCERT_CANAME};
use super::text;
use crate::auth::kerberos::{KerberosCredentials, KerberosInitiator};
use crate::auth::{AuthLevel, Credentials, Initiator, NtlmInitiator, SpnegoInitiator};
use crate::dcom::client::{DcomClient, DcomClientError, RemoteObject};
use crate::generated::certtransblob::CERTTRANSBLOB;
use crate::generated::icertpassage::{CertServerRequestIn, I_CERT_PASSAGE, ICertPassageClient};
use crate::generated::icertrequestd::{
    GetCaCertIn, GetCaPropertyIn, I_CERT_REQUEST_D, I_CERT_REQUEST_D2, ICertRequestD2Client,
    ICertRequestDClient, Ping2In, PingIn, Request2In, RequestIn,
};
use crate::model::{HResult, RequestFormat};
use crate::ndr::{DecodeError, EncodeError, WideString};
use crate::rpc::client::{Authentication, ClientError, ClientOptions, Connection, resolve};

/// The class of a CA's request object ([MS-WCCE] 1.9).
const CERT_REQUEST_CLASS: Uuid = uuid!("d99e6e74-fc88-11d0-b498-00a0c90312f3");
/// CR_IN_FULLRESPONSE of dwFlags ([MS-WCCE] 3.2.1.4.3.1.1).
const FULL_RESPONSE: u32 = 0x0004_0000;

/// Where a CA is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Server {
    /// Host name or address.
    pub host: String,
    /// TCP port of ICertPassage; `None`: the endpoint mapper is asked.
    pub port: Option<u16>,
    /// TCP port of the endpoint mapper, and of the resolver and activator of DCOM.
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
    trusted: Vec<Vec<u8>>,
}

enum Interface {
    Passage(ICertPassageClient<Connection>),
    /// ICertRequestD2.
    Object(RemoteObject),
    /// ICertRequestD, of a CA that has no more.
    OldObject(RemoteObject),
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
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
    /// The answer is not believed.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// The interface has no such call.
    #[error("{0} does not go over {1}{advice}", advice = advice(.1))]
    NotOffered(&'static str, &'static str),
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

const PASSAGE: &str = "ICertPassage";

fn advice(interface: &str) -> &'static str {
    if interface == PASSAGE { ": leave out --rpc icpr" } else { "" }
}

/// The TCP port of a CA's ICertPassage.
///
/// # Errors
/// Where the endpoint mapper cannot be asked, or does not know.
pub async fn find(server: &Server, options: &ClientOptions) -> Result<u16, ClientError> {
    match server.port {
        Some(port) => Ok(port),
        None => resolve(&server.host, server.mapper_port, I_CERT_PASSAGE, options).await,
    }
}

impl EnrollmentClient {
    /// Connects to ICertPassage of the CA named `authority`.
    ///
    /// # Errors
    /// Where the server cannot be reached, or refuses the login.
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
        Ok(Self::new(interface, authority))
    }

    /// Connects to the DCOM object of the CA named `authority`, as Windows' clients do: the
    /// resolver is at the port of the endpoint mapper, and tells the port of the object, of whose
    /// interfaces ICertRequestD2 is taken, or ICertRequestD where there is no other ([MS-WCCE]
    /// 3.1.1.4). To be ended with [`close`](Self::close).
    ///
    /// # Errors
    /// Where the server cannot be reached, refuses the login, or has no such object.
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
        let interface = match client.activate(CERT_REQUEST_CLASS, &[I_CERT_REQUEST_D2]).await {
            Ok(object) => Interface::Object(object),
            Err(DcomClientError::Refused { code: HResult::E_NOINTERFACE, .. }) => {
                let object = client.activate(CERT_REQUEST_CLASS, &[I_CERT_REQUEST_D]).await?;
                Interface::OldObject(object)
            }
            Err(error) => return Err(error),
        };
        Ok(Self::new(interface, authority))
    }

    fn new(interface: Interface, authority: &str) -> Self {
        Self { interface, authority: authority.to_owned(), trusted: Vec::new() }
    }

    /// Lets certificates count only whose chain leads to one of these (DER).
    pub fn trust_only(&mut self, certificates: Vec<Vec<u8>>) {
        self.trusted = certificates;
    }

    /// The name that the CA is called by.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Asks the CA for its name, and calls it by that from now on. (A server of DCOM tells it
    /// whatever name it is called by, [MS-WCCE] 3.2.1.4.2.2.)
    ///
    /// # Errors
    /// Where the call fails, or the interface does not have it.
    pub async fn discover(&mut self) -> Result<&str, EnrollError> {
        let name = self.ca_cert(GETCERT_CANAME, None).await?;
        self.authority = text::from_utf16(&name);
        Ok(&self.authority)
    }

    /// Releases the CA's object, if there is one.
    ///
    /// # Errors
    /// Where the server does not take it back.
    pub async fn close(self) -> Result<(), EnrollError> {
        match self.interface {
            Interface::Passage(_) => Ok(()),
            Interface::Object(object) | Interface::OldObject(object) => {
                Ok(object.release().await?)
            }
        }
    }

    /// Submits a new request (DER or PEM), whose format the CA finds out, with its attributes
    /// string.
    ///
    /// # Errors
    /// Where there is no answer, or none that can be believed.
    pub async fn submit(
        &mut self,
        request: &[u8],
        attributes: &str,
    ) -> Result<Answer, EnrollError> {
        self.submit_as(None, request, attributes).await
    }

    /// The same; the CA is told the format, as Windows does.
    ///
    /// # Errors
    /// Where there is no answer, or none that can be believed.
    pub async fn submit_as(
        &mut self,
        format: Option<RequestFormat>,
        request: &[u8],
        attributes: &str,
    ) -> Result<Answer, EnrollError> {
        let flags = request_type(format);
        self.call(Call { flags, request, attributes, ..Call::default() }).await
    }

    /// As [`submit`](Self::submit); what is believed of the answer is left to the caller.
    ///
    /// # Errors
    /// Where there is no answer.
    pub async fn submit_unchecked(
        &mut self,
        request: &[u8],
        attributes: &str,
    ) -> Result<Unchecked, EnrollError> {
        let flags = request_type(None);
        self.transact(Call { flags, request, attributes, ..Call::default() }).await
    }

    /// Asks for the result of an earlier request.
    ///
    /// # Errors
    /// Where there is no answer, or none that can be believed.
    pub async fn retrieve(&mut self, request_id: u32) -> Result<Answer, EnrollError> {
        self.call(Call { request_id, ..Call::default() }).await
    }

    /// Asks for a certificate by its serial number in hex.
    ///
    /// # Errors
    /// Where there is no answer, or none that can be believed, or the interface has no such call.
    pub async fn retrieve_by_serial(&mut self, serial: &str) -> Result<Answer, EnrollError> {
        self.call(Call { serial: Some(serial), ..Call::default() }).await
    }

    /// Asks whether the CA answers.
    ///
    /// # Errors
    /// Where it does not, or has another name.
    pub async fn ping(&mut self) -> Result<(), EnrollError> {
        let pwsz_authority = optional(&self.authority);
        let code = match &mut self.interface {
            Interface::Passage(_) => return Err(EnrollError::NotOffered("Ping", PASSAGE)),
            Interface::Object(object) => {
                let mut calls = ICertRequestD2Client(object.interface(I_CERT_REQUEST_D2).await?);
                let request = Ping2In { pwsz_authority, ..Ping2In::default() };
                calls.ping2(&request).await?.return_value
            }
            Interface::OldObject(object) => {
                let mut calls = ICertRequestDClient(object.interface(I_CERT_REQUEST_D).await?);
                let request = PingIn { pwsz_authority, ..PingIn::default() };
                calls.ping(&request).await?.return_value
            }
        };
        succeeded(code)
    }

    /// A property of the CA, as bytes of the wire.
    ///
    /// # Errors
    /// Where the CA has none, or the interface has no such call.
    pub async fn property(
        &mut self,
        property: CaProperty,
        index: i32,
    ) -> Result<Vec<u8>, EnrollError> {
        let authority = self.authority.clone();
        if let Interface::Object(object) = &mut self.interface {
            let mut calls = ICertRequestD2Client(object.interface(I_CERT_REQUEST_D2).await?);
            let request = GetCaPropertyIn {
                pwsz_authority: optional(&authority),
                prop_id: property.id,
                prop_index: index,
                prop_type: property.kind.wire(),
                ..GetCaPropertyIn::default()
            };
            let out = calls.get_ca_property(&request).await?;
            succeeded(out.return_value)?;
            return Ok(out.pctb_property_value.pb.unwrap_or_default());
        }
        let fchain = property.fchain(index);
        let fchain = fchain.ok_or(EnrollError::NotOffered("this property", "ICertRequestD"))?;
        self.ca_cert(fchain, optional(&authority)).await
    }

    /// GetCACert, which both interfaces of the object have.
    async fn ca_cert(
        &mut self,
        fchain: u32,
        pwsz_authority: Option<WideString>,
    ) -> Result<Vec<u8>, EnrollError> {
        let request = GetCaCertIn { fchain, pwsz_authority, ..GetCaCertIn::default() };
        let out = match &mut self.interface {
            Interface::Passage(_) => {
                return Err(EnrollError::NotOffered("a property of the CA", PASSAGE));
            }
            Interface::Object(object) => {
                let calls = object.interface(I_CERT_REQUEST_D2).await?;
                ICertRequestD2Client(calls).get_ca_cert(&request).await?
            }
            Interface::OldObject(object) => {
                let calls = object.interface(I_CERT_REQUEST_D).await?;
                ICertRequestDClient(calls).get_ca_cert(&request).await?
            }
        };
        succeeded(out.return_value)?;
        Ok(out.pctb_out.pb.unwrap_or_default())
    }

    async fn call(&mut self, call: Call<'_>) -> Result<Answer, EnrollError> {
        let answer = self.transact(call).await?;
        Ok(answer.check(&self.trusted)?)
    }

    async fn transact(&mut self, call: Call<'_>) -> Result<Unchecked, EnrollError> {
        let pwsz_authority = Some(self.authority.as_str().into());
        let (fields, form) = match &mut self.interface {
            Interface::Passage(passage) => {
                if call.serial.is_some() {
                    return Err(EnrollError::NotOffered("a serial number", PASSAGE));
                }
                let request = CertServerRequestIn {
                    dw_flags: call.flags,
                    pwsz_authority,
                    pdw_request_id: call.request_id,
                    pctb_attribs: blob(text::to_utf16(call.attributes)),
                    pctb_request: blob(call.request.to_vec()),
                };
                let out = passage.cert_server_request(&request).await?;
                succeeded(out.return_value)?;
                let fields = Fields {
                    request_id: out.pdw_request_id,
                    disposition: out.pdw_disposition,
                    certificate: bytes(out.pctb_encoded_cert),
                    response: bytes(out.pctb_cert),
                    message: bytes(out.pctb_disposition_message),
                };
                (fields, Form::Chain)
            }
            Interface::Object(object) => {
                let request = Request2In {
                    dw_flags: call.flags | FULL_RESPONSE,
                    pwsz_authority,
                    pwsz_serial_number: call.serial.map(Into::into),
                    pdw_request_id: call.request_id,
                    pwsz_attributes: optional(call.attributes),
                    pctb_request: blob(call.request.to_vec()),
                    ..Request2In::default()
                };
                let calls = object.interface(I_CERT_REQUEST_D2).await?;
                let out = ICertRequestD2Client(calls).request2(&request).await?;
                succeeded(out.return_value)?;
                let fields = Fields {
                    request_id: out.pdw_request_id,
                    disposition: out.pdw_disposition,
                    certificate: bytes(out.pctb_encoded_cert),
                    response: bytes(out.pctb_full_response),
                    message: bytes(out.pctb_disposition_message),
                };
                (fields, Form::Full)
            }
            Interface::OldObject(object) => {
                // Here a serial number comes in place of the attributes (3.2.1.4.2.1.3).
                let request = RequestIn {
                    dw_flags: call.flags,
                    pwsz_authority,
                    pdw_request_id: call.request_id,
                    pwsz_attributes: optional(call.serial.unwrap_or(call.attributes)),
                    pctb_request: blob(call.request.to_vec()),
                    ..RequestIn::default()
                };
                let calls = object.interface(I_CERT_REQUEST_D).await?;
                let out = ICertRequestDClient(calls).request(&request).await?;
                succeeded(out.return_value)?;
                let fields = Fields {
                    request_id: out.pdw_request_id,
                    disposition: out.pdw_disposition,
                    certificate: bytes(out.pctb_encoded_cert),
                    response: bytes(out.pctb_cert_chain),
                    message: bytes(out.pctb_disposition_message),
                };
                (fields, Form::Chain)
            }
        };
        Ok(Unchecked { fields, form })
    }
}

/// The parameters of a Request call.
#[derive(Default)]
struct Call<'a> {
    flags: u32,
    request_id: u32,
    serial: Option<&'a str>,
    request: &'a [u8],
    attributes: &'a str,
}

impl Login {
    /// For one connection to the service `principal`.
    pub(super) fn authentication(&self, principal: &str) -> Authentication {
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

/// RequestType of dwFlags; 0 lets the server find out ([MS-WCCE] 3.2.1.4.3.1.1).
fn request_type(format: Option<RequestFormat>) -> u32 {
    match format {
        None => 0,
        Some(RequestFormat::Pkcs10) => 0x0100,
        Some(RequestFormat::Keygen) => 0x0200,
        Some(RequestFormat::Cms) => 0x0300,
        Some(RequestFormat::Cmc) => 0x0400,
    }
}

fn succeeded(code: u32) -> Result<(), EnrollError> {
    if code == 0 { Ok(()) } else { Err(EnrollError::Call(HResult(code))) }
}

/// NULL for no text.
fn optional(text: &str) -> Option<WideString> {
    Some(text).filter(|text| !text.is_empty()).map(Into::into)
}

fn blob(bytes: Vec<u8>) -> CERTTRANSBLOB {
    let cb = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    CERTTRANSBLOB { cb, pb: Some(bytes).filter(|bytes| !bytes.is_empty()) }
}

fn bytes(blob: CERTTRANSBLOB) -> Vec<u8> {
    blob.pb.unwrap_or_default()
}
