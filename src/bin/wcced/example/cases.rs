//! The negative cases of the example, N1 to N14: each is refused as it should be.

use std::time::{Duration, SystemTime};

use wcce::asn1::cms::{SignedData, SignerId};
use wcce::asn1::{Certificate, Name};
use wcce::auth::AuthLevel;
use wcce::ca::{CaConfig, CertificateAuthority, StateFolder};
use wcce::client::{Identity, Signers, cms_on_behalf_of};
use wcce::model::{HResult, RequestFormat};

use super::desk::{Desk, Made, Manner, Sent};
use super::narration::{Narration, Seen};
use super::stage::Stage;
use super::steps::{
    Names, Played, Template, enroll_for_user, held, new_key, on_behalf, own, renewal, request,
    subject_is,
};
use crate::Failure;

const NO_SIGNATURE: &[HResult] = &[HResult::CERTSRV_E_SIGNATURE_POLICY_REQUIRED];
const ANY: &[HResult] = &[];

/// Plays all cases, then a good request again.
pub async fn play(
    stage: &mut Stage,
    desk: &mut Desk,
    narration: &mut Narration,
    played: &Played,
) -> Result<(), Failure> {
    signatures(stage, desk, narration, played).await?;
    agents(stage, desk, narration, played).await?;
    renewals(stage, desk, narration, played).await?;
    calls(stage, desk, narration, played).await?;
    names(stage, desk, narration, played).await?;
    let made = for_user(stage, Template::ON_BEHALF, &[played.agent.identity()?])?;
    let sent = desk.submit(stage, &stage.agent, &made).await;
    let seen = match sent.certificate() {
        Some(certificate) => subject_is(&stage.user, certificate),
        None => Err(sent.answer()),
    };
    narration.call("good", "After all of them a good request is issued", &sent, seen);
    Ok(())
}

/// Step B1 with a key that nobody keeps.
fn for_user(stage: &Stage, template: Template, agents: &[Identity]) -> Result<Made, Failure> {
    on_behalf(template, &new_key()?, &stage.agent, agents, &stage.user)
}

/// Nothing was issued, for one of these reasons (or for any, where none is given).
fn refused(sent: &Sent, codes: &[HResult]) -> Seen {
    let code = sent.code().ok_or_else(|| sent.answer())?;
    match codes.is_empty() || codes.contains(&code) {
        true => Ok(code.to_string()),
        false => Err(format!("refused, but with {code}")),
    }
}

/// N1 and N2.
async fn signatures(
    stage: &Stage,
    desk: &mut Desk,
    narration: &mut Narration,
    played: &Played,
) -> Result<(), Failure> {
    let who = &stage.agent;
    let signed = for_user(stage, Template::ON_BEHALF, &[played.agent.identity()?])?;
    let unsigned = altered(&signed, |message| {
        message.signers.retain(|signer| matches!(signer.signer, SignerId::SubjectKeyId(_)));
    })?;
    let sent = desk.submit(stage, who, &unsigned).await;
    narration.call(
        "N1",
        "B without any signature of an agent",
        &sent,
        refused(&sent, NO_SIGNATURE),
    );

    let one = for_user(stage, Template::ON_BEHALF_OF_TWO, &[played.agent.identity()?])?;
    let sent = desk.submit(stage, who, &one).await;
    let seen = refused(&sent, &[HResult::CERTSRV_E_SIGNATURE_COUNT]);
    narration.call("N1", "B with one signature where the template demands two", &sent, seen);

    let plain = own(stage, desk, Template::PLAIN).await?;
    let made = for_user(stage, Template::ON_BEHALF, &[plain.identity()?])?;
    let sent = desk.submit(stage, who, &made).await;
    let seen = refused(&sent, &[HResult::CERTSRV_E_SIGNATURE_REJECTED]);
    narration.call("N2", "B signed with a certificate that is no agent's", &sent, seen);
    Ok(())
}

/// N3 and N4.
async fn agents(
    stage: &mut Stage,
    desk: &mut Desk,
    narration: &mut Narration,
    played: &Played,
) -> Result<(), Failure> {
    wait_until_expired(&[&played.short_agent.certificate, &played.short_held.certificate]).await?;
    let made = for_user(stage, Template::ON_BEHALF, &[played.short_agent.identity()?])?;
    let sent = desk.submit(stage, &stage.agent, &made).await;
    let seen = refused(&sent, &[HResult::CERT_E_EXPIRED]);
    narration.call("N3", "B signed by an agent whose certificate has expired", &sent, seen);

    let revoked = own(stage, desk, Template::AGENT).await?;
    stage.revoke(revoked.request_id)?;
    let made = for_user(stage, Template::ON_BEHALF, &[revoked.identity()?])?;
    let sent = desk.submit(stage, &stage.agent, &made).await;
    let seen = refused(&sent, &[HResult::CRYPT_E_REVOKED, HResult::CERT_E_REVOKED]);
    narration.call("N3", "B signed by an agent whose certificate is revoked", &sent, seen);

    let made = for_user(stage, Template::ON_BEHALF, &[stranger(stage)?])?;
    let sent = desk.submit(stage, &stage.agent, &made).await;
    let seen = refused(&sent, &[HResult::CERT_E_UNTRUSTEDROOT, HResult::CERT_E_CHAINING]);
    narration.call("N3", "B signed by somebody whom another CA vouches for", &sent, seen);

    let restricted = &[HResult::CERTSRV_E_RESTRICTEDOFFICER];
    let made = for_user(stage, Template::ON_BEHALF_FORBIDDEN, &[played.agent.identity()?])?;
    let sent = desk.submit(stage, &stage.agent, &made).await;
    let seen = refused(&sent, restricted);
    narration.call("N4", "B for a template that this agent may not use", &sent, seen);
    let agent = [played.agent.identity()?];
    let target = &stage.bystander;
    let made = on_behalf(Template::ON_BEHALF, &new_key()?, &stage.agent, &agent, target)?;
    let sent = desk.submit(stage, &stage.agent, &made).await;
    let seen = refused(&sent, restricted);
    narration.call("N4", "B for a user whom this agent may not enroll for", &sent, seen);
    Ok(())
}

/// N5 to N9.
async fn renewals(
    stage: &mut Stage,
    desk: &mut Desk,
    narration: &mut Narration,
    played: &Played,
) -> Result<(), Failure> {
    let old = played.held.identity()?;
    let renew =
        |stage: &Stage, template, old: &Identity| renewal(template, &new_key()?, &stage.user, old);

    let made = renew(stage, Template::ON_BEHALF_SHORT, &played.short_held.identity()?)?;
    let sent = desk.submit(stage, &stage.user, &made).await;
    let seen =
        refused(&sent, &[HResult::CERTSRV_E_SIGNATURE_POLICY_REQUIRED, HResult::CERT_E_EXPIRED]);
    narration.call("N5", "C after the old certificate has expired", &sent, seen);

    let made = renew(stage, Template::ON_BEHALF_TOO, &old)?;
    let sent = desk.submit(stage, &stage.user, &made).await;
    let seen = refused(
        &sent,
        &[HResult::CERTSRV_E_SIGNATURE_POLICY_REQUIRED, HResult::CERTSRV_E_TEMPLATE_CONFLICT],
    );
    narration.call("N6", "C with an old certificate of another template", &sent, seen);

    const FLAG: &str = "[\"PREVIOUS_APPROVAL_VALIDATE_REENROLLMENT\"]";
    let before = stage.with_directory(|text| text.replacen(FLAG, "[]", 1))?;
    let made = renew(stage, Template::ON_BEHALF, &old)?;
    let sent = desk.submit(stage, &stage.user, &made).await;
    let seen = refused(&sent, NO_SIGNATURE);
    narration.call("N7", "C after the template has lost the flag 0x40", &sent, seen);
    stage.write_directory(&before)?;

    let thief = new_key()?;
    let made = renew(stage, Template::ON_BEHALF, &old)?;
    let signature = SignedData::parse(&made.der)?.content.map(|content| thief.sign(content));
    let signature = signature.ok_or("the renewal has no content")??;
    let stolen = altered(&made, |message| {
        for signer in &mut message.signers {
            signer.signature = &signature;
        }
    })?;
    let sent = desk.submit(stage, &stage.user, &stolen).await;
    narration.call("N8", "C signed by another key than the old one", &sent, refused(&sent, ANY));

    let made = renew(stage, Template::ON_BEHALF, &old)?;
    let missing = altered(&made, |message| message.certificates.clear())?;
    let sent = desk.submit(stage, &stage.user, &missing).await;
    let seen = refused(&sent, &[HResult::CERTSRV_E_BAD_RENEWAL_CERT_ATTRIBUTE]);
    narration.call("N9", "C without the old certificate along", &sent, seen);
    Ok(())
}

/// N10 to N13.
async fn calls(
    stage: &Stage,
    desk: &mut Desk,
    narration: &mut Narration,
    played: &Played,
) -> Result<(), Failure> {
    let (agent, user) = (&stage.agent, stage.user.account());
    let mut pkcs10 = request(Template::ON_BEHALF, agent)?.to_pkcs10(&new_key()?)?;
    if let Some(last) = pkcs10.last_mut() {
        *last ^= 1;
    }
    let der = cms_on_behalf_of(&pkcs10, &user, &played.agent.identity()?)?;
    let broken = Made { format: RequestFormat::Cms, der };
    let sent = desk.submit(stage, agent, &broken).await;
    narration.call(
        "N10",
        "B whose PKCS#10 is not signed by its own key",
        &sent,
        refused(&sent, ANY),
    );

    let good = for_user(stage, Template::ON_BEHALF, &[played.agent.identity()?])?;
    let manner = Manner { level: AuthLevel::Integrity, ..Manner::default() };
    let sent = desk.submit_so(stage, agent, &good, manner).await;
    let seen = refused(&sent, &[HResult::E_ACCESSDENIED]);
    narration.call("N11", "The connection is at packet integrity, not privacy", &sent, seen);

    let manner = Manner { authority: "Another CA", ..Manner::default() };
    let sent = desk.submit_so(stage, agent, &good, manner).await;
    let seen = refused(&sent, &[HResult::E_INVALIDARG]);
    narration.call("N12", "The call names another CA", &sent, seen);

    let cosigners = [played.agent.identity()?];
    let signers = Signers { cosigners: &cosigners, ..Signers::default() };
    let der = request(Template::ON_BEHALF, agent)?.to_cmc(&new_key()?, signers)?;
    let nameless = Made { format: RequestFormat::Cmc, der };
    let attributes = format!("RequesterName:{user}");
    let manner = Manner { attributes: &attributes, ..Manner::default() };
    let sent = desk.submit_so(stage, agent, &nameless, manner).await;
    let seen = match sent.certificate() {
        None => refused(&sent, ANY),
        Some(certificate) => match Names::of(certificate)?.upns.contains(&stage.user.upn()) {
            false => Ok("the certificate is the caller's own".to_owned()),
            true => Err("the certificate is for the user".to_owned()),
        },
    };
    let what = "B with the user's name among the unsigned attributes alone";
    narration.call("N13", what, &sent, seen);
    Ok(())
}

/// N14.
async fn names(
    stage: &Stage,
    desk: &mut Desk,
    narration: &mut Narration,
    played: &Played,
) -> Result<(), Failure> {
    let named = |subject: &str| -> Result<_, Failure> {
        let request = request(Template::ON_BEHALF_NAMED, &stage.user)?;
        Ok(wcce::client::CertificateRequest { subject: Name::parse(subject)?, ..request })
    };
    let (key, cosigners, user) = (new_key()?, [played.agent.identity()?], stage.user.account());
    let signers =
        Signers { cosigners: &cosigners, on_behalf_of: Some(&user), ..Signers::default() };
    let der = named("CN=alice at work")?.to_cmc(&key, signers)?;
    let made = Made { format: RequestFormat::Cmc, der };
    let old = held(key, &desk.submit(stage, &stage.agent, &made).await)?.identity()?;
    let signers = Signers { renews: Some(&old), ..Signers::default() };
    let der = named("CN=Administrator")?.to_cms(&new_key()?, signers)?;
    let made = Made { format: RequestFormat::Cms, der };
    let sent = desk.submit(stage, &stage.user, &made).await;
    let seen = refused(&sent, NO_SIGNATURE);
    narration.call("N14", "C with another subject than the old certificate's", &sent, seen);

    let made = renewal(
        Template::ON_BEHALF,
        &new_key()?,
        &stage.bystander,
        &enroll_for_user(stage, desk, Template::ON_BEHALF, &played.agent).await?.identity()?,
    )?;
    let sent = desk.submit(stage, &stage.bystander, &made).await;
    let seen = refused(&sent, NO_SIGNATURE);
    narration.call("N14", "C by another account than the old certificate's", &sent, seen);
    Ok(())
}

/// The same message with something changed, and its signatures as they were.
fn altered<'a>(made: &'a Made, change: impl FnOnce(&mut SignedData<'a>)) -> Result<Made, Failure> {
    let mut message = SignedData::parse(&made.der)?;
    change(&mut message);
    Ok(Made { format: made.format, der: message.encode() })
}

/// The certificate and key of another CA: its own.
fn stranger(stage: &Stage) -> Result<Identity, Failure> {
    let state = StateFolder::new(stage.path("stranger"));
    let config = CaConfig { subject: "CN=Another CA".to_owned(), ..CaConfig::default() };
    CertificateAuthority::init(&config, &state, SystemTime::now())?;
    let [certificate, key] = [state.certificate(), state.key()].map(std::fs::read);
    Ok(Identity::from_pem(&certificate?, &key?)?)
}

/// Waits until the last of the certificates is past its end.
async fn wait_until_expired(certificates: &[&[u8]]) -> Result<(), Failure> {
    for certificate in certificates {
        let end = Certificate::parse(certificate)?.not_after;
        let left = end.duration_since(SystemTime::now()).unwrap_or_default();
        tokio::time::sleep(left.saturating_add(Duration::from_millis(1100))).await;
    }
    Ok(())
}
