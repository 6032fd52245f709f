//! The calls of an enrollment in words: what is asked for, what is answered, and what a CA of ours
//! would make of the request itself.

use super::conversation::{Call, Presentation};
use super::operations::{interface_name, operation};
use super::security::clean;
use crate::asn1::{Certificate, Name};
use crate::client::from_utf16;
use crate::dcom::activation::{ActivationReply, ActivationRequest};
use crate::dcom::objref::ObjRef;
use crate::generated::certtransblob::CERTTRANSBLOB;
use crate::generated::epm::{EPT, EptMapIn, EptMapOut};
use crate::generated::icertpassage::{CertServerRequestIn, CertServerRequestOut, I_CERT_PASSAGE};
use crate::generated::icertrequestd::{
    I_CERT_REQUEST_D, I_CERT_REQUEST_D2, Request2In, Request2Out, RequestIn, RequestOut,
};
use crate::generated::remote_activation::{
    I_REMOTE_SCM_ACTIVATOR, RemoteCreateInstanceIn, RemoteCreateInstanceOut,
};
use crate::model::{EnrollmentRequest, HResult, PublicKeyKind, SerialNumber, TemplateHint};
use crate::ndr::{DecodeError, Encoding, InterfaceId, WideString, from_stub};
use crate::request::{self, Limits, decode_attributes_blob};
use crate::rpc::epm::Tower;
use crate::services::{C_CERT_ADMIN_D, C_CERT_REQUEST_D};

/// What a call says, a line for each thing.
pub(super) fn lines(call: &Call, request: bool) -> Vec<String> {
    let Some(stub) = &call.stub else { return vec!["the stub stays sealed".to_owned()] };
    let (Some(presentation), Some(opnum)) = (call.presentation, call.opnum) else {
        return vec![format!(
            "a stub of {} bytes; the capture lacks its bind or request",
            stub.len()
        )];
    };
    let interface = presentation.interface;
    let Some((operation, encoding)) = operation(&interface, opnum).zip(call.encoding) else {
        return vec![format!("a stub of {} bytes, not known here", stub.len())];
    };
    let special = match special(&interface, opnum, request, encoding, stub) {
        Some(Ok(lines)) => Ok(lines),
        Some(Err(error)) => Err(error),
        None => operation.arguments(request, encoding, stub).map(|text| vec![clean(&text)]),
    };
    special
        .unwrap_or_else(|error| vec![format!("a MALFORMED stub of {} bytes: {error}", stub.len())])
}

/// The disposition that an answer to a request for a certificate tells; `None` for other calls,
/// and where the stub is sealed or malformed.
pub fn disposition(answer: &Call) -> Option<u32> {
    let Presentation { interface, .. } = answer.presentation?;
    let (encoding, stub) = (answer.encoding?, answer.stub.as_deref()?);
    let of_objects = [I_CERT_REQUEST_D, I_CERT_REQUEST_D2].contains(&interface);
    match answer.opnum? {
        0 if interface == I_CERT_PASSAGE => {
            let answer: CertServerRequestOut = from_stub(encoding, stub).ok()?;
            Some(answer.pdw_disposition)
        }
        3 if of_objects => {
            let answer: RequestOut = from_stub(encoding, stub).ok()?;
            Some(answer.pdw_disposition)
        }
        6 if of_objects => {
            let answer: Request2Out = from_stub(encoding, stub).ok()?;
            Some(answer.pdw_disposition)
        }
        _ => None,
    }
}

/// `interface.operation` of a call.
pub(super) fn name(call: &Call) -> String {
    let interface = call.presentation.map(|one| one.interface);
    let of = interface.as_ref().map_or_else(|| "?".to_owned(), interface_name);
    let opnum = call.opnum.map_or_else(|| "?".to_owned(), |opnum| format!("opnum {opnum}"));
    let known = interface.zip(call.opnum).and_then(|(id, opnum)| operation(&id, opnum));
    format!("{of}.{}", known.map_or(opnum.as_str(), |operation| operation.name))
}

type Lines = Result<Vec<String>, DecodeError>;

/// Calls that are worth more than their arguments.
fn special(
    interface: &InterfaceId,
    opnum: u16,
    request: bool,
    encoding: Encoding,
    stub: &[u8],
) -> Option<Lines> {
    let of_objects = [I_CERT_REQUEST_D, I_CERT_REQUEST_D2].contains(interface);
    Some(match (opnum, request) {
        (3, true) if *interface == EPT => from_stub(encoding, stub).map(map_question),
        (3, false) if *interface == EPT => from_stub(encoding, stub).map(map_answer),
        (0, true) if *interface == I_CERT_PASSAGE => from_stub(encoding, stub).map(passage_request),
        (0, false) if *interface == I_CERT_PASSAGE => from_stub(encoding, stub).map(passage_answer),
        (3, true) if of_objects => from_stub(encoding, stub).map(object_request),
        (3, false) if of_objects => from_stub(encoding, stub).map(object_answer),
        (6, true) if of_objects => from_stub(encoding, stub).map(object_request2),
        (6, false) if of_objects => from_stub(encoding, stub).map(object_answer2),
        (4, true) if *interface == I_REMOTE_SCM_ACTIVATOR => {
            from_stub(encoding, stub).map(activation)
        }
        (4, false) if *interface == I_REMOTE_SCM_ACTIVATOR => {
            from_stub(encoding, stub).map(activated)
        }
        _ => return None,
    })
}

fn map_question(question: EptMapIn) -> Vec<String> {
    let tower = question.map_tower.get().map(|tower| Tower::parse(&tower.tower_octet_string));
    vec![match tower {
        Some(Ok(tower)) => {
            let interface = tower.interface();
            let name = interface.as_ref().map_or_else(|| "?".to_owned(), interface_name);
            format!("where is {name}? at most {} answers", question.max_towers)
        }
        Some(Err(error)) => format!("a malformed tower: {error}"),
        None => "no tower".to_owned(),
    }]
}

fn map_answer(answer: EptMapOut) -> Vec<String> {
    let ports = answer.i_towers.elements.iter().map(|twr| {
        let tower = twr.get().map(|twr| Tower::parse(&twr.tower_octet_string));
        match tower {
            Some(Ok(tower)) => match tower.tcp_port() {
                Some(port) => format!("TCP port {port}"),
                None => "another protocol".to_owned(),
            },
            _ => "a malformed tower".to_owned(),
        }
    });
    let ports: Vec<_> = ports.collect();
    let found = if ports.is_empty() { "nothing".to_owned() } else { ports.join(", ") };
    vec![format!("{found}; status {}", status(answer.status))]
}

/// The fields of a request, whatever call carries it.
struct Asked {
    flags: u32,
    authority: Option<String>,
    serial: Option<String>,
    id: u32,
    attributes: Result<String, String>,
    request: Vec<u8>,
}

fn passage_request(call: CertServerRequestIn) -> Vec<String> {
    let attributes = decode_attributes_blob(call.pctb_attribs.pb.as_deref().unwrap_or_default());
    asked(Asked {
        flags: call.dw_flags,
        authority: call.pwsz_authority.as_ref().map(text),
        serial: None,
        id: call.pdw_request_id,
        attributes: attributes.map_err(|error| error.to_string()),
        request: bytes(call.pctb_request),
    })
}

fn object_request(call: RequestIn) -> Vec<String> {
    asked(Asked {
        flags: call.dw_flags,
        authority: call.pwsz_authority.as_ref().map(text),
        serial: None,
        id: call.pdw_request_id,
        attributes: Ok(call.pwsz_attributes.as_ref().map(text).unwrap_or_default()),
        request: bytes(call.pctb_request),
    })
}

fn object_request2(call: Request2In) -> Vec<String> {
    asked(Asked {
        flags: call.dw_flags,
        authority: call.pwsz_authority.as_ref().map(text),
        serial: call.pwsz_serial_number.as_ref().map(text),
        id: call.pdw_request_id,
        attributes: Ok(call.pwsz_attributes.as_ref().map(text).unwrap_or_default()),
        request: bytes(call.pctb_request),
    })
}

fn asked(asked: Asked) -> Vec<String> {
    let Asked { flags, authority, serial, id, attributes, request } = asked;
    let authority =
        authority.map_or_else(|| "none".to_owned(), |name| format!("{:?}", clean(&name)));
    let mut lines = vec![format!("CA {authority}, flags {flags:#x}, request id {id}")];
    if let Some(serial) = serial {
        lines.push(format!("serial number {:?}", clean(&serial)));
    }
    let attributes = match attributes {
        Ok(attributes) => attributes,
        Err(error) => {
            lines.push(format!("attributes: {error}"));
            return lines;
        }
    };
    let shown = attributes.split(['\n', '\0']).map(str::trim).filter(|line| !line.is_empty());
    lines.extend(shown.map(|line| format!("attribute {}", clean(line))));
    if request.is_empty() {
        lines.push("no request: the result of an earlier one is asked for".to_owned());
        return lines;
    }
    match request::parse(&request, flags, &attributes, &Limits::default()) {
        Ok(read) => lines.extend(contents(&read, request.len())),
        Err(error) => lines.push(format!(
            "request of {} bytes, which wcced refuses with {}: {}",
            request.len(),
            error.hresult(),
            clean(&error.to_string())
        )),
    }
    lines
}

/// A request that wcced can read and whose signatures are right.
fn contents(read: &EnrollmentRequest, length: usize) -> Vec<String> {
    let mut lines = vec![format!(
        "{} of {length} bytes, signatures right; subject {:?}, {}",
        read.format,
        clean(&Name::windows_text_of(&read.subject)),
        key_kind(read.public_key.kind)
    )];
    for hint in &read.template_hints {
        lines.push(match hint {
            TemplateHint::Name(name) => format!("template {}", clean(name)),
            TemplateHint::Oid { oid, major, minor } => {
                let part = |part: &Option<u32>| part.map_or("?".to_owned(), |n| n.to_string());
                format!("template {oid}, version {}.{}", part(major), part(minor))
            }
        });
    }
    if let Some(name) = &read.on_behalf_of {
        lines.push(format!("on behalf of {}", clean(name)));
    }
    if !read.signers.is_empty() {
        lines.push(format!("signed by {} others", read.signers.len()));
    }
    if read.renewal.is_some() {
        lines.push("renews a certificate".to_owned());
    }
    if read.archives_key {
        lines.push("archives its private key".to_owned());
    }
    if let Some(client) = &read.client_info {
        let (user, machine) = (clean(&client.user), clean(&client.machine));
        lines.push(format!("client: {} by {user} on {machine}", clean(&client.process)));
    }
    lines
}

fn key_kind(kind: PublicKeyKind) -> String {
    match kind {
        PublicKeyKind::Rsa { bits } => format!("RSA {bits}"),
        PublicKeyKind::EcP256 => "P-256".to_owned(),
        PublicKeyKind::EcP384 => "P-384".to_owned(),
        PublicKeyKind::EcP521 => "P-521".to_owned(),
        PublicKeyKind::Ed25519 => "Ed25519".to_owned(),
    }
}

/// The fields of an answer, whatever call carries it.
struct Answered {
    id: u32,
    disposition: u32,
    response: CERTTRANSBLOB,
    certificate: CERTTRANSBLOB,
    message: CERTTRANSBLOB,
    status: u32,
}

fn passage_answer(call: CertServerRequestOut) -> Vec<String> {
    answered(Answered {
        id: call.pdw_request_id,
        disposition: call.pdw_disposition,
        response: call.pctb_cert,
        certificate: call.pctb_encoded_cert,
        message: call.pctb_disposition_message,
        status: call.return_value,
    })
}

fn object_answer(call: RequestOut) -> Vec<String> {
    answered(Answered {
        id: call.pdw_request_id,
        disposition: call.pdw_disposition,
        response: call.pctb_cert_chain,
        certificate: call.pctb_encoded_cert,
        message: call.pctb_disposition_message,
        status: call.return_value,
    })
}

fn object_answer2(call: Request2Out) -> Vec<String> {
    answered(Answered {
        id: call.pdw_request_id,
        disposition: call.pdw_disposition,
        response: call.pctb_full_response,
        certificate: call.pctb_encoded_cert,
        message: call.pctb_disposition_message,
        status: call.return_value,
    })
}

fn answered(answer: Answered) -> Vec<String> {
    let disposition = disposition_text(answer.disposition);
    let mut lines = vec![format!(
        "request id {}, disposition {disposition}, returns {}",
        answer.id,
        status(answer.status)
    )];
    let message = from_utf16(&bytes(answer.message));
    if !message.is_empty() {
        lines.push(format!("message {message:?}"));
    }
    let der = bytes(answer.certificate);
    if !der.is_empty() {
        lines.push(certificate(&der));
    }
    let response = bytes(answer.response);
    if !response.is_empty() {
        lines.push(format!("chain or full response of {} bytes", response.len()));
    }
    lines
}

fn certificate(der: &[u8]) -> String {
    match Certificate::parse(der) {
        Ok(certificate) => format!(
            "certificate of {} bytes: {:?}, serial number {}, by {:?}",
            der.len(),
            clean(&Name::windows_text_of(certificate.subject)),
            SerialNumber(certificate.serial.to_vec()),
            clean(&Name::windows_text_of(certificate.issuer))
        ),
        Err(error) => format!("{} bytes that are no certificate: {error}", der.len()),
    }
}

/// A disposition ([MS-WCCE] 3.2.1.4.2.1) with its meaning.
fn disposition_text(value: u32) -> String {
    let known = match value {
        0 => "incomplete",
        1 => "error",
        2 => "denied",
        3 => "issued",
        4 => "issued out of band",
        5 => "under submission: a certificate manager has to decide",
        6 => "revoked",
        _ => return status(value),
    };
    format!("{value} ({known})")
}

/// An HRESULT or status with its name and explanation, where they are known.
pub(super) fn status(value: u32) -> String {
    let code = HResult(value);
    match code.name() {
        Some("S_OK") => "0".to_owned(),
        Some(_) => format!("{code}: {}", code.message()),
        None => code.to_string(),
    }
}

/// The status of a fault with its meaning.
pub(super) fn fault_text(status: u32) -> String {
    let known = match status {
        0x0000_0005 => "access is denied",
        0x0000_06BD => "no call is active",
        0x0000_06D1 => "the interface is not known",
        0x0000_06F7 => "the stub cannot be decoded",
        0x0000_0721 => "a security package failed",
        0x1C00_0012 => "unspecified",
        0x1C00_001A => "the context handle is not valid",
        0x1C00_001B => "no memory, or an auth3 that cannot be read",
        0x1C01_0002 => "there is no such operation",
        0x1C01_0003 => "the interface is not known, or not bound",
        0x1C01_000B => "protocol error",
        0x1C01_0014 => "the server is too busy",
        other => return self::status(other),
    };
    format!("{status:#010x} ({known})")
}

fn activation(call: RemoteCreateInstanceIn) -> Vec<String> {
    let request = ObjRef::from_pointer(call.p_act_properties.as_deref())
        .and_then(ActivationRequest::from_objref);
    match request {
        Ok(request) => {
            let iids: Vec<_> = request.iids.iter().map(interface_of).collect();
            vec![format!("class {}, interfaces {}", class(&request.clsid), iids.join(", "))]
        }
        Err(error) => vec![format!("activation properties: {error}")],
    }
}

fn activated(call: RemoteCreateInstanceOut) -> Vec<String> {
    let mut lines = vec![format!("returns {}", status(call.return_value))];
    let reply = ObjRef::from_pointer(call.pp_act_properties.as_deref())
        .and_then(ActivationReply::from_objref);
    match reply {
        Ok(reply) => {
            lines.push(format!(
                "exporter {:016x}, IRemUnknown {}",
                reply.oxid, reply.remote_unknown
            ));
            for (iid, result) in &reply.interfaces {
                let result = match result {
                    Ok(_) => "there".to_owned(),
                    Err(code) => status(code.0),
                };
                lines.push(format!("{}: {result}", interface_of(iid)));
            }
        }
        Err(_) if call.return_value != 0 => {}
        Err(error) => lines.push(format!("activation properties: {error}")),
    }
    lines
}

fn interface_of(iid: &uuid::Uuid) -> String {
    interface_name(&InterfaceId { uuid: *iid, major: 0, minor: 0 })
}

fn class(clsid: &uuid::Uuid) -> String {
    match *clsid {
        C_CERT_REQUEST_D => "CCertRequestD".to_owned(),
        C_CERT_ADMIN_D => "CCertAdminD".to_owned(),
        other => other.to_string(),
    }
}

fn bytes(blob: CERTTRANSBLOB) -> Vec<u8> {
    blob.pb.unwrap_or_default()
}

fn text(wide: &WideString) -> String {
    wide.to_string_lossy()
}
