use super::*;

#[test]
fn codes_are_those_of_the_specification_and_texts_name_the_culprit() {
    let template = || "User".to_owned();
    let account = || r"LAB\alice".to_owned();
    for (reason, code, part) in [
        (DenyReason::NoTemplate, 0x8009_4801, "CertificateTemplate"),
        (DenyReason::CaEnrollRight { account: account() }, 0x8009_4011, "alice"),
        (DenyReason::TemplateUnknown { name: template() }, 0x8009_4800, "User"),
        (
            DenyReason::TemplateVersion { template: template(), asked: (101, 2), known: (100, 9) },
            0x8009_4807,
            "101.2",
        ),
        (
            DenyReason::TemplateEnrollRight { account: account(), template: template() },
            0x8009_4012,
            "alice",
        ),
        (
            DenyReason::SignaturesRequired { template: template(), wanted: 1, waiver: None },
            0x8009_4809,
            "User",
        ),
        (
            DenyReason::KeyLength { template: template(), bits: 1024, minimum: 2048 },
            0x8009_4811,
            "2048",
        ),
        (DenyReason::AttestationRequired { template: template() }, 0x8009_481A, "attest"),
        (DenyReason::OnBehalfOf { requester: account() }, 0x8009_4806, "alice"),
    ] {
        assert_eq!(reason.hresult(), HResult(code), "{reason:?}");
        assert!(reason.to_string().contains(part), "{reason}");
    }
}
