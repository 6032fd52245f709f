//! The steps of the example, in its order and under its numbers.

use std::time::{Duration, SystemTime};

use wcce::asn1::cms::{SignedData, SignerId};
use wcce::asn1::extensions::{TemplateInformation, decode_security_identifier, find};
use wcce::asn1::{Certificate, Name, decode_general_names, oids};
use wcce::client::property::{CaProperty, OfferedTemplate, parse_templates};
use wcce::client::{
    CertificateRequest, ClientDescription, Identity, KeyKind, RequestKey, Signers, TemplateId,
};
use wcce::model::{Disposition, GeneralName, Oid, RequestFormat, RequestRow, Sid};
use zeroize::Zeroizing;

use super::desk::{Actor, Desk, Made, Sent, Way};
use super::narration::{Narration, Seen};
use super::stage::Stage;
use crate::Failure;

/// CR_FLG_RENEWAL and CR_FLG_ENROLLONBEHALFOF of Request.RequestFlags ([MS-CSRA] 3.1.1.1.2).
const RENEWAL: u32 = 0x2;
const ON_BEHALF: u32 = 0x10;

/// A template of the stage, by the last number of its OID.
#[derive(Clone, Copy)]
pub struct Template(u32);

impl Template {
    pub const ON_BEHALF: Self = Self(1);
    pub const ON_BEHALF_TOO: Self = Self(2);
    pub const ON_BEHALF_OF_TWO: Self = Self(3);
    pub const ON_BEHALF_FORBIDDEN: Self = Self(4);
    pub const ON_BEHALF_SHORT: Self = Self(5);
    pub const ON_BEHALF_NAMED: Self = Self(6);
    pub const AGENT: Self = Self(10);
    pub const AGENT_SHORT: Self = Self(11);
    pub const PLAIN: Self = Self(12);

    fn information(self) -> Result<TemplateInformation, Failure> {
        let oid: Oid = format!("{}.{}", super::stage::ARC, self.0).parse()?;
        Ok(TemplateInformation { oid, major: Some(100), minor: Some(0) })
    }
}

/// A key with the certificate for it.
pub struct Held {
    key: Zeroizing<Vec<u8>>,
    pub certificate: Vec<u8>,
    pub request_id: u32,
}

impl Held {
    /// As a client uses it.
    pub fn identity(&self) -> Result<Identity, Failure> {
        Ok(Identity::new(RequestKey::from_der(&self.key)?, vec![self.certificate.clone()])?)
    }
}

/// What the negative cases build on.
pub struct Played {
    pub agent: Held,
    pub held: Held,
    pub short_agent: Held,
    pub short_held: Held,
}

/// A request for a template.
pub fn request(template: Template, caller: &Actor) -> Result<CertificateRequest, Failure> {
    let mut client = ClientDescription::default();
    client.info.user = caller.account();
    Ok(CertificateRequest {
        template: Some(TemplateId::Information(template.information()?)),
        client: Some(client),
        ..CertificateRequest::default()
    })
}

pub fn new_key() -> Result<RequestKey, Failure> {
    Ok(RequestKey::generate(KeyKind::EcP256)?)
}

/// CMC of a new key on behalf of somebody, signed by agents (B1).
pub fn on_behalf(
    template: Template,
    key: &RequestKey,
    agent: &Actor,
    cosigners: &[Identity],
    target: &Actor,
) -> Result<Made, Failure> {
    let target = target.account();
    let signers = Signers { cosigners, on_behalf_of: Some(&target), ..Signers::default() };
    let der = request(template, agent)?.to_cmc(key, signers)?;
    Ok(Made { format: RequestFormat::Cmc, der })
}

/// CMS around a PKCS#10 that renews a certificate, signed with its key (C3).
pub fn renewal(
    template: Template,
    key: &RequestKey,
    who: &Actor,
    old: &Identity,
) -> Result<Made, Failure> {
    let signers = Signers { renews: Some(old), ..Signers::default() };
    let der = request(template, who)?.to_cms(key, signers)?;
    Ok(Made { format: RequestFormat::Cms, der })
}

/// Plays steps A to E.
pub async fn play(
    stage: &mut Stage,
    desk: &mut Desk,
    narration: &mut Narration,
) -> Result<Played, Failure> {
    templates(stage, desk, narration).await?;
    let agent = agent(stage, desk, narration, Template::AGENT).await?;
    let short_agent = own(stage, desk, Template::AGENT_SHORT).await?;
    let short_held = enroll_for_user(stage, desk, Template::ON_BEHALF_SHORT, &agent).await?;

    // B.
    let key = new_key()?;
    let made =
        on_behalf(Template::ON_BEHALF, &key, &stage.agent, &[agent.identity()?], &stage.user)?;
    let seen = built_b(&made, &stage.user);
    narration.step("B1", "The agent makes a key and a CMC request for the user", seen);
    let sent = desk.submit(stage, &stage.agent, &made).await;
    narration.call(
        "B2",
        "The agent submits it, naming the template in the request",
        &sent,
        sent.issued(),
    );
    narration.step("B3", "The CA verifies signatures, chain, policies and the agent's rights", {
        logged(stage, &sent, "agent")
    });
    let first = held(key, &sent)?;
    let seen = subject_is(&stage.user, &first.certificate);
    narration.step("B4", "The CA answers with a certificate for the user, not for the agent", seen);
    narration.not_here(
        "B5",
        "The agent hands key and certificate to the user",
        "out of band, not part of the protocol; here the same process holds both",
    );

    // C.
    asked(stage, desk, narration, ("C1", "C2"), &stage.user).await;
    let key = new_key()?;
    let made = renewal(Template::ON_BEHALF, &key, &stage.user, &first.identity()?)?;
    let renewal = desk.submit(stage, &stage.user, &made).await;
    narration.call(
        "C3",
        "The user submits a CMS renewal with a new key, signed with the old one",
        &renewal,
        renewal.issued(),
    );
    narration.step("C4", "The CA waives the agent's signature for the previous approval", {
        logged(stage, &renewal, "renew")
    });
    let second = held(key, &renewal)?;
    narration.step(
        "C5",
        "The CA issues without approval",
        subject_is(&stage.user, &second.certificate),
    );

    // E.
    narration.step("E1", "The user holds the renewed certificate", renewed(&first, &second));
    let ids: Vec<u32> = [&sent, &renewal].iter().filter_map(|sent| sent.request_id()).collect();
    let rows = stage.rows(&ids).await?;
    narration.step("E2", "Both requests are rows of the Request table", {
        rows_are(stage, &rows, &first, &second)
    });
    Ok(Played { agent, held: second, short_agent, short_held })
}

/// A1 to A5.
async fn templates(stage: &Stage, desk: &Desk, narration: &mut Narration) -> Result<(), Failure> {
    narration.not_here(
        "A1",
        "The CA searches the directory for templates",
        "in a domain by LDAP; here it has read directory.toml at its start",
    );
    let served = offered(stage, desk, &stage.agent).await;
    narration.step("A2", "The CA has the templates in its table", served.and_then(has_template));
    narration.not_here(
        "A3",
        "The CA is told of changes to templates",
        "in a domain by an LDAP notification; here the file is read at the next start, as in N7",
    );
    asked(stage, desk, narration, ("A4", "A5"), &stage.agent).await;
    Ok(())
}

/// A client asks for the templates, and has them.
async fn asked(
    stage: &Stage,
    desk: &Desk,
    narration: &mut Narration,
    (asks, has): (&'static str, &'static str),
    who: &Actor,
) {
    let offered = offered(stage, desk, who).await;
    let call = match desk.way {
        Way::Object => "ICertRequestD2::GetCAProperty(CR_PROP_TEMPLATES)",
        Way::Passage => "ICertRequestD2::GetCAProperty, as ICertPassage has no such call",
    };
    let seen = offered.as_ref().map(|_| format!("by {call}; in a domain an LDAP search"));
    let seen = seen.map_err(Clone::clone);
    narration.step(asks, "The client asks for the templates", seen);
    narration.step(has, "The client has the templates", offered.and_then(has_template));
}

/// The templates that the CA offers, by its property.
async fn offered(stage: &Stage, desk: &Desk, who: &Actor) -> Result<Vec<OfferedTemplate>, String> {
    let ask = async || -> Result<_, Failure> {
        let mut client = desk.object(stage, who).await?;
        let value = client.property(CaProperty::TEMPLATES, 0).await;
        client.close().await?;
        Ok(parse_templates(&value?))
    };
    ask().await.map_err(|error| error.to_string())
}

/// Template T is among them, by its name and OID.
fn has_template(offered: Vec<OfferedTemplate>) -> Seen {
    let wanted = Template::ON_BEHALF.information().map_err(|error| error.to_string())?;
    let wanted = wanted.oid.to_string();
    match offered.iter().find(|offered| offered.name == "OnBehalf") {
        Some(t) if t.oid == wanted => {
            Ok(format!("{} templates, among them OnBehalf, {wanted}", offered.len()))
        }
        found => Err(format!("OnBehalf is not offered as it should be: {found:?}")),
    }
}

/// The agent's own certificate (condition P4).
async fn agent(
    stage: &Stage,
    desk: &mut Desk,
    narration: &mut Narration,
    template: Template,
) -> Result<Held, Failure> {
    let key = new_key()?;
    let made = own_request(stage, template, &key)?;
    let sent = desk.submit(stage, &stage.agent, &made).await;
    let seen = sent
        .certificate()
        .map(|_| "the agent has a certificate for enrollment agents".to_owned())
        .ok_or_else(|| sent.answer());
    narration.call("P4", "The agent enrolls for its own certificate", &sent, seen);
    held(key, &sent)
}

fn own_request(stage: &Stage, template: Template, key: &RequestKey) -> Result<Made, Failure> {
    let der = request(template, &stage.agent)?.to_cmc(key, Signers::default())?;
    Ok(Made { format: RequestFormat::Cmc, der })
}

/// A certificate of the agent's own, without a word about it.
pub async fn own(stage: &Stage, desk: &mut Desk, template: Template) -> Result<Held, Failure> {
    let key = new_key()?;
    let made = own_request(stage, template, &key)?;
    held(key, &desk.submit(stage, &stage.agent, &made).await)
}

/// Step B without a word about it.
pub async fn enroll_for_user(
    stage: &Stage,
    desk: &mut Desk,
    template: Template,
    agent: &Held,
) -> Result<Held, Failure> {
    let key = new_key()?;
    let made = on_behalf(template, &key, &stage.agent, &[agent.identity()?], &stage.user)?;
    held(key, &desk.submit(stage, &stage.agent, &made).await)
}

/// What was issued, with its key.
pub fn held(key: RequestKey, sent: &Sent) -> Result<Held, Failure> {
    let certificate = sent.certificate().ok_or_else(|| sent.answer())?.to_vec();
    let request_id = sent.request_id().unwrap_or_default();
    Ok(Held { key: Zeroizing::new(key.to_pkcs8().to_vec()), certificate, request_id })
}

/// The message is as [MS-WCCE] 3.1.1.4.3.3.3 says.
fn built_b(made: &Made, user: &Actor) -> Seen {
    let message = SignedData::parse(&made.der).map_err(|error| error.to_string())?;
    let name = format!("RequesterName={}", user.account().replace('\\', "%5C"));
    let content = message.content.unwrap_or_default();
    let named = content.windows(name.len()).any(|part| part == name.as_bytes());
    let [own, agent] = message.signers.as_slice() else {
        return Err(format!("{} signers", message.signers.len()));
    };
    let right = message.content_type == oids::CMC_PKI_DATA
        && named
        && message.certificates.len() == 1
        && matches!(own.signer, SignerId::SubjectKeyId(_))
        && matches!(agent.signer, SignerId::IssuerAndSerial { .. });
    let text = format!(
        "{} bytes of CMC: PKIData with RegInfo {name}, signed by the new key (by its identifier) \
         and by the agent (by its certificate, which comes along)",
        made.der.len()
    );
    if right { Ok(text) } else { Err("the message has another form".to_owned()) }
}

/// What the server logged about a request, which must hold a word.
fn logged(stage: &Stage, sent: &Sent, word: &str) -> Seen {
    let line = sent.request_id().and_then(|id| stage.log_of(id));
    let line = line.ok_or("the log has no line about it")?;
    match line.contains(word) {
        true => Ok(format!("the log: {line}")),
        false => Err(format!("the log says nothing of {word:?}: {line}")),
    }
}

/// Names of a certificate that say whose it is.
pub struct Names {
    subject: String,
    pub upns: Vec<String>,
    sid: Option<Sid>,
}

impl Names {
    pub fn of(certificate: &[u8]) -> Result<Self, String> {
        let read = || -> Result<Self, wcce::asn1::Asn1Error> {
            let certificate = Certificate::parse(certificate)?;
            let value = |oid: Oid| find(&certificate.extensions, &oid).map(|found| &*found.value);
            let names = value(oids::SUBJECT_ALT_NAME).map(decode_general_names).transpose()?;
            let sid = value(oids::NTDS_CA_SECURITY_EXT).map(decode_security_identifier);
            let upn = |name| match name {
                GeneralName::Upn(upn) => Some(upn),
                _ => None,
            };
            Ok(Self {
                subject: Name::from_der(certificate.subject)?.to_windows_text(),
                upns: names.unwrap_or_default().into_iter().filter_map(upn).collect(),
                sid: sid.transpose()?,
            })
        };
        read().map_err(|error| format!("the certificate cannot be read: {error}"))
    }
}

/// Subject, UPN and SID are the actor's.
pub fn subject_is(actor: &Actor, certificate: &[u8]) -> Seen {
    let Names { subject, upns, sid } = Names::of(certificate)?;
    let sid = sid.ok_or("the certificate has no SID extension")?;
    let right = subject.contains(&format!("CN={}", actor.user)) && upns == [actor.upn()];
    let text = format!("subject {subject}, UPN {}, SID {sid}", upns.join(" "));
    if right { Ok(text) } else { Err(text) }
}

/// The second certificate is a renewal of the first (E1).
fn renewed(first: &Held, second: &Held) -> Seen {
    let unreadable = |error| format!("the certificate cannot be read: {error}");
    let old = Certificate::parse(&first.certificate).map_err(unreadable)?;
    let new = Certificate::parse(&second.certificate).map_err(unreadable)?;
    let names = (Names::of(&first.certificate)?, Names::of(&second.certificate)?);
    let same =
        old.subject == new.subject && names.0.upns == names.1.upns && names.0.sid == names.1.sid;
    for (right, what) in [
        (same, "its names are others"),
        (old.serial != new.serial, "its serial number is the same"),
        (old.public_key.raw != new.public_key.raw, "its key is the same"),
        (new.not_after >= old.not_after, "it ends earlier"),
        (new.not_after > SystemTime::now() + Duration::from_secs(60), "it has expired"),
    ] {
        if !right {
            return Err(what.to_owned());
        }
    }
    Ok(format!(
        "same names and SID, new key, serial number {} after {}",
        hex::encode(new.serial),
        hex::encode(old.serial)
    ))
}

/// The rows of B and C are as [MS-WCCE] 3.2.1.4.2.1.4.4 and .5 say (E2).
fn rows_are(stage: &Stage, rows: &[RequestRow], first: &Held, second: &Held) -> Seen {
    let [b, c] = rows else { return Err(format!("there are {} rows", rows.len())) };
    let (user, agent) = (stage.user.account(), stage.agent.account());
    let agent_policy = oids::ENROLLMENT_AGENT.to_string();
    let raw = |row: &RequestRow| row.columns.certificate.as_ref().map(|c| c.raw.clone());
    for (right, what) in [
        (b.columns.requester_name == user && b.columns.caller_name == agent, "names of B"),
        (c.columns.requester_name == user && c.columns.caller_name == user, "names of C"),
        (b.columns.request_flags & (ON_BEHALF | RENEWAL) == ON_BEHALF, "RequestFlags of B"),
        (c.columns.request_flags & (ON_BEHALF | RENEWAL) == RENEWAL, "RequestFlags of C"),
        (b.columns.signer_application_policies.contains(&agent_policy), "signer policies of B"),
        (c.columns.raw_old_certificate.as_ref() == Some(&first.certificate), "old certificate"),
        (b.columns.disposition == Disposition::Issued, "disposition of B"),
        (c.columns.disposition == Disposition::Issued, "disposition of C"),
        (raw(b).as_ref() == Some(&first.certificate), "certificate of B"),
        (raw(c).as_ref() == Some(&second.certificate), "certificate of C"),
        (!b.columns.raw_request.is_empty() && !c.columns.raw_request.is_empty(), "raw requests"),
    ] {
        if !right {
            return Err(format!("{what}: {:#?}", (summary(b), summary(c))));
        }
    }
    Ok(format!("{}; {}", summary(b), summary(c)))
}

fn summary(row: &RequestRow) -> String {
    let columns = &row.columns;
    format!(
        "row {}: requester {}, caller {}, flags 0x{:x}, disposition {}, signer policies [{}]",
        row.id.0,
        columns.requester_name,
        columns.caller_name,
        columns.request_flags,
        columns.disposition.column_value(),
        columns.signer_application_policies.join(" ")
    )
}
