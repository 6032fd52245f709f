use super::*;
use crate::model::{ChainProblem, RequestSigner};

/// A signer that is good, with these application policies.
pub(super) fn signer(policies: &[Oid]) -> SignerFacts {
    SignerFacts {
        signer: RequestSigner { certificate: vec![4], sha1: false },
        subject: "CN=Agent".to_owned(),
        certificate_hash: [5; 20],
        chain: Ok(()),
        application_policies: policies.to_vec(),
        issuance_policies: vec![oid("1.2.3.7")],
        sid: Some(sid("S-1-5-21-1-2-3-1103")),
    }
}

/// A template that wants one signature of an agent, and a request that has it.
fn signed() -> World {
    let mut world = World::new();
    world.template.ra_signatures = 1;
    world.template.ra_application_policies = vec![oids::ENROLLMENT_AGENT];
    world.signers = vec![signer(&[oids::ENROLLMENT_AGENT])];
    world
}

/// [MS-WCCE] 3.2.2.6.2.1.4.5.1; N1 of the example.
#[test]
fn ra_signature_none_fewer_enough_and_more() {
    let mut world = signed();
    world.plan();
    world.signers.push(signer(&[]));
    world.plan();
    world.template.ra_signatures = 3;
    assert_eq!(world.denied(), HResult::CERTSRV_E_SIGNATURE_COUNT);
    world.signers.clear();
    assert_eq!(world.denied(), HResult::CERTSRV_E_SIGNATURE_POLICY_REQUIRED);
    assert!(world.reason().to_string().ends_with("the request has none"));
}

/// [MS-WCCE] 3.2.2.6.2.1.4.5.4; N2 of the example.
#[test]
fn ra_application_policies_are_each_one_of_a_signer() {
    let mut world = signed();
    let wanted = &mut world.template.ra_application_policies;
    wanted.push(oids::KEY_RECOVERY_AGENT);
    assert_eq!(world.denied(), HResult::CERTSRV_E_SIGNATURE_REJECTED);
    world.signers.push(signer(&[oids::KEY_RECOVERY_AGENT]));
    world.plan();
    for any in [oids::ANY_EXTENDED_KEY_USAGE, oids::ANY_APPLICATION_POLICY] {
        let mut world = signed();
        world.signers = vec![signer(&[any])];
        assert_eq!(world.denied(), HResult::CERTSRV_E_SIGNATURE_REJECTED, "it does not count");
    }
}

/// [MS-WCCE] 3.2.2.6.2.1.4.5.3.
#[test]
fn ra_policies_are_each_one_of_a_signer() {
    let mut world = signed();
    world.template.ra_policies = vec![oid("1.2.3.7")];
    world.plan();
    world.template.ra_policies = vec![oid("1.2.3.7"), oid("1.2.3.8")];
    assert_eq!(world.denied(), HResult::CERTSRV_E_SIGNATURE_REJECTED);
    assert!(world.reason().to_string().contains("1.2.3.8"));
}

#[test]
fn policies_of_signers_without_a_signature() {
    let mut world = World::new();
    world.template.ra_policies = vec![oids::ANY_POLICY];
    assert_eq!(world.denied(), HResult::CERTSRV_E_TEMPLATE_POLICY_REQUIRED);
    let mut world = World::new();
    world.template.ra_application_policies = vec![oids::ENROLLMENT_AGENT];
    assert_eq!(world.denied(), HResult::CERTSRV_E_TEMPLATE_POLICY_REQUIRED);
}

/// N3 of the example, and whatever else is wrong with a chain; each signer counts.
#[test]
fn the_chain_of_each_signer_must_be_good() {
    let at = || "CN=X".to_owned();
    for (problem, code) in [
        (ChainProblem::Expired(at()), HResult::CERT_E_EXPIRED),
        (ChainProblem::NotYetValid(at()), HResult::CERT_E_EXPIRED),
        (ChainProblem::Revoked(at()), HResult::CRYPT_E_REVOKED),
        (ChainProblem::RevocationUnknown(at()), HResult::CRYPT_E_REVOCATION_OFFLINE),
        (ChainProblem::NoIssuer(at()), HResult::CERT_E_CHAINING),
        (ChainProblem::UntrustedRoot(at()), HResult::CERT_E_UNTRUSTEDROOT),
        (ChainProblem::NotInNtAuth(at()), HResult::CERT_E_UNTRUSTEDCA),
        (ChainProblem::BadSignature(at()), HResult::TRUST_E_CERT_SIGNATURE),
        (ChainProblem::NotAnIssuer(at()), HResult::TRUST_E_BASIC_CONSTRAINTS),
        (ChainProblem::Malformed(at()), HResult::CRYPT_E_ASN1_ERROR),
    ] {
        let mut world = signed();
        world.signers.push(SignerFacts { chain: Err(problem), ..signer(&[]) });
        assert_eq!(world.denied(), code);
        assert!(world.reason().to_string().contains("CN=Agent"));
        world.template.ra_signatures = 0;
        world.template.ra_application_policies.clear();
        assert_eq!(world.denied(), code, "wanted or not");
    }
}

#[test]
fn signatures_by_sha_1_count_by_the_setting() {
    let mut world = signed();
    world.signers[0].signer.sha1 = true;
    assert_eq!(world.denied(), HResult::NTE_BAD_ALGID);
    world.settings.sha1_signatures = true;
    world.plan();
}
