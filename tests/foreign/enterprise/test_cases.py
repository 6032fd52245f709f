"""The negative cases of [MS-CERSOD] example 3.6, over ICertPassage and over DCOM, by clients and
requests that are not ours. After each of them the next good request works."""

import dataclasses
import hashlib
import time
import urllib.parse

import pytest
from asn1crypto import x509 as asn1_x509
from impacket.dcerpc.v5.rpcrt import DCERPCException

import csr
import enterprise_requests as requests
from enterprise_lab import (
    BAD_RENEWAL_CERT_ATTRIBUTE, BAD_RENEWAL_SUBJECT, FORBIDDEN, NAMED, OF_TWO, ON_BEHALF,
    ON_BEHALF_SHORT, ON_BEHALF_TOO, RESTRICTED_OFFICER, SIGNATURE_COUNT, SIGNATURE_POLICY_REQUIRED,
    SIGNATURE_REJECTED, WAYS, Identity, OtherCa, connections, enrol, issued, refused,
)
from icpr import RpcFault

EXPIRED, REVOKED = 0x800B0101, 0x80092010
UNTRUSTED_ROOT, CHAINING, BAD_CERTIFICATE = 0x800B0109, 0x800B010A, 0x80096004
BAD_SIGNATURE = 0x80090006
INVALID_ARGUMENT = 0x80070057
KEY, NEXT_KEY = csr.rsa_key(), csr.rsa_key()


def pkcs10(template=ON_BEHALF, key=KEY, **options):
    return requests.pkcs10(key, extensions=[requests.template_information(template)], **options)


def on_behalf(who, *agents, template=ON_BEHALF, request=None):
    """Step B1: CMC of a new key for somebody, signed by agents."""
    return requests.cmc_on_behalf(KEY, request or pkcs10(template), who.account, *agents)


def renewal(old, template=ON_BEHALF, signer=None, **options):
    """Step C3: CMS around a PKCS#10 with the old certificate, signed with the old key."""
    request = pkcs10(template, NEXT_KEY, renews=old.certificate, **options)
    return requests.cms_renewal(request, signer or old.signer())


@pytest.fixture(params=WAYS)
def way(request, enterprise, alice, agent, agent_identity):
    """Connects as somebody, by one of the interfaces. In the end a good request works."""
    with connections(enterprise, request.param) as connect:
        yield connect
        answer = connect(agent).submit(on_behalf(alice, agent_identity.signer()))
        issued(enterprise, answer, alice)


def held(enterprise, way, who, agent, agent_identity, template=ON_BEHALF):
    """What somebody holds after step B."""
    answer = way(agent).submit(on_behalf(who, agent_identity.signer(), template=template))
    issued(enterprise, answer)
    return Identity(KEY, answer.certificate)


def test_steps_b_and_c(enterprise, way, alice, agent, agent_identity, tally):
    """The example itself: on behalf of alice by CMC, then her renewal without approval."""
    first = way(agent).submit(on_behalf(alice, agent_identity.signer()))
    certificate = issued(enterprise, first, alice)
    old = Identity(KEY, first.certificate)
    second = way(alice).submit(renewal(old))
    renewed = issued(enterprise, second, alice)
    assert renewed.serial_number != certificate.serial_number
    assert renewed.not_valid_after_utc >= certificate.not_valid_after_utc
    assert renewed.subject == certificate.subject
    assert csr.spki(NEXT_KEY) != csr.spki(KEY)
    assert renewed.public_key().public_numbers() == NEXT_KEY.public_key().public_numbers()
    # E2: both are rows, as the tables of [MS-WCCE] 3.2.1.4.2.1.4.4 say.
    rows = {row["Request.RequestID"]: row for row in enterprise.rows("--disposition", "issued")}
    b, c = rows[first.request_id], rows[second.request_id]
    assert (b["Request.RequesterName"], b["Request.CallerName"]) == (alice.account, agent.account)
    assert (c["Request.RequesterName"], c["Request.CallerName"]) == (alice.account, alice.account)
    assert b["Request.RequestFlags"] & 0x10 and not b["Request.RequestFlags"] & 0x2
    assert c["Request.RequestFlags"] & 0x2 and not c["Request.RequestFlags"] & 0x10
    assert "1.3.6.1.4.1.311.20.2.1" in b["Request.SignerApplicationPolicies"]
    assert c["Request.RawOldCertificate"] == first.certificate.hex()
    for row, answer in ((b, first), (c, second)):
        assert row["Request.Disposition"] == 20 and row["RawCertificate"] == answer.certificate.hex()
        assert row["Request.StatusCode"] == 0 and row["CertificateTemplate"] == ON_BEHALF
    # The raw request: a CMS whose PKIData names the key that was certified.
    raw = bytes.fromhex(b["Request.RawRequest"])
    assert requests.spki(KEY) in raw and b"RequesterName=" + encoded(alice) in raw
    tally("foreign-example", way.name)


def encoded(who):
    """The account as RegInfo holds it."""
    return urllib.parse.quote(who.account).encode()


def test_n1_no_signature_of_an_agent(way, alice, agent):
    refused(way(agent).submit(on_behalf(alice)), SIGNATURE_POLICY_REQUIRED)
    refused(way(agent).submit(requests.cmc_new(KEY, pkcs10())), SIGNATURE_POLICY_REQUIRED)
    refused(way(agent).submit(pkcs10()), SIGNATURE_POLICY_REQUIRED)


def test_n1_fewer_signatures_than_demanded(
    enterprise, way, alice, agent, agent_identity, second_agent_identity
):
    one = on_behalf(alice, agent_identity.signer(), template=OF_TWO)
    refused(way(agent).submit(one), SIGNATURE_COUNT)
    # The same agent twice is one agent.
    twice = on_behalf(alice, agent_identity.signer(), agent_identity.signer(), template=OF_TWO)
    refused(way(agent).submit(twice))
    both = on_behalf(alice, agent_identity.signer(), second_agent_identity.signer(), template=OF_TWO)
    issued(enterprise, way(agent).submit(both), alice)


def test_n2_signed_with_a_certificate_that_is_no_agents(enterprise, way, alice, bob, agent):
    plain = enrol(enterprise, bob, "Plain")
    refused(way(agent).submit(on_behalf(alice, plain.signer())), SIGNATURE_REJECTED)


def test_n3_expired_agent(way, alice, agent, expired_agent):
    refused(way(agent).submit(on_behalf(alice, expired_agent.signer())), EXPIRED)


def test_n3_revoked_agent(way, alice, agent, revoked_agent):
    refused(way(agent).submit(on_behalf(alice, revoked_agent.signer())), REVOKED)


def test_n3_untrusted_agent(way, alice, agent):
    stranger = OtherCa("CA of nobody")
    signer = stranger.agent().signer()
    refused(way(agent).submit(on_behalf(alice, signer)), CHAINING)
    content = requests.pki_data(pkcs10(), alice.account)
    with_chain = requests.signed(requests.PKI_DATA, content, [requests.Signer(KEY), signer],
                                 [signer.certificate, stranger.certificate])
    refused(way(agent).submit(with_chain), UNTRUSTED_ROOT)


def test_n3_agent_of_another_ca_with_our_name(enterprise, way, alice, agent, agent_identity):
    """Its issuer has our CA's name, but not our key."""
    forger = OtherCa("of another name")
    forger.name = agent_identity.parsed().issuer
    refused(way(agent).submit(on_behalf(alice, forger.agent().signer())), BAD_CERTIFICATE, CHAINING,
            UNTRUSTED_ROOT)


def test_n3_agent_of_a_ca_that_is_not_in_ntauth(way, alice, agent, other_ca):
    """Its CA is trusted, but may not vouch for agents."""
    answer = way(agent).submit(on_behalf(alice, other_ca.agent().signer()))
    refused(answer, 0x800B0112)


def test_n4_agent_rights_forbid(enterprise, way, alice, bob, agent, agent_identity,
                                second_agent_identity):
    """By template, by target and by agent."""
    caller = way(agent)
    template = on_behalf(alice, agent_identity.signer(), template=FORBIDDEN)
    refused(caller.submit(template), RESTRICTED_OFFICER)
    target = on_behalf(bob, agent_identity.signer())
    refused(caller.submit(target), RESTRICTED_OFFICER)
    other_agent = on_behalf(alice, second_agent_identity.signer())
    refused(caller.submit(other_agent), RESTRICTED_OFFICER)


@pytest.fixture(scope="module")
def expired(enterprise, alice, agent, agent_identity):
    """What alice held after step B, some seconds ago."""
    with connections(enterprise, "icpr") as connect:
        old = held(enterprise, connect, alice, agent, agent_identity, ON_BEHALF_SHORT)
    left = old.parsed().not_valid_after_utc.timestamp() - time.time()
    assert left < 30
    time.sleep(max(0, left) + 1.5)
    return old


def test_n5_renewal_of_an_expired_certificate(way, alice, expired):
    answer = way(alice).submit(renewal(expired, ON_BEHALF_SHORT))
    refused(answer, SIGNATURE_POLICY_REQUIRED, EXPIRED)


def test_n6_renewal_of_a_certificate_of_another_template(
    enterprise, way, alice, agent, agent_identity
):
    old = held(enterprise, way, alice, agent, agent_identity, ON_BEHALF)
    refused(way(alice).submit(renewal(old, ON_BEHALF_TOO)), SIGNATURE_POLICY_REQUIRED, 0x80094802)


def test_n7_renewal_after_previous_approval_is_switched_off(
    enterprise, way, alice, agent, agent_identity
):
    old = held(enterprise, way, alice, agent, agent_identity)
    with enterprise.without_previous_approval("OnBehalf"):
        refused(way(alice).submit(renewal(old)), SIGNATURE_POLICY_REQUIRED)
    issued(enterprise, way(alice).submit(renewal(old)), alice)


def test_n8_renewal_signed_with_another_key(enterprise, way, alice, agent, agent_identity):
    old = held(enterprise, way, alice, agent, agent_identity)
    thief = requests.Signer(csr.rsa_key(), old.certificate)
    refused(way(alice).submit(renewal(old, signer=thief)))
    bare = dataclasses.replace(thief, bare=True)
    refused(way(alice).submit(renewal(old, signer=bare)))


def test_n9_renewal_without_the_old_certificate_along(
    enterprise, way, alice, agent, agent_identity
):
    old = held(enterprise, way, alice, agent, agent_identity)
    refused(way(alice).submit(renewal(old, signer=old.signer(shown=False))),
            BAD_RENEWAL_CERT_ATTRIBUTE)
    request = pkcs10(key=NEXT_KEY, renews=old.certificate)
    unsigned = requests.cmc_new(NEXT_KEY, request)
    refused(way(alice).submit(unsigned), BAD_RENEWAL_CERT_ATTRIBUTE)
    # There is no such kind of request.
    refused(way(alice).submit(request), 0x80091004)


def test_n9_the_attribute_holds_another_certificate(enterprise, way, alice, agent, agent_identity):
    old = held(enterprise, way, alice, agent, agent_identity)
    stranger = OtherCa("CA of nobody")
    forged = Identity(KEY, stranger.issue(old.parsed().subject, KEY))
    refused(way(alice).submit(renewal(forged)), BAD_RENEWAL_CERT_ATTRIBUTE)
    # Signed with one, and holding another.
    request = pkcs10(key=NEXT_KEY, renews=forged.certificate)
    refused(way(alice).submit(requests.cms_renewal(request, old.signer())))


def test_n10_wrong_proof_of_possession(way, alice, agent, agent_identity):
    broken = csr.break_signature(pkcs10())
    for request in (
        on_behalf(alice, agent_identity.signer(), request=broken),
        requests.cms_on_behalf(broken, alice.account, agent_identity.signer()),
        broken,
    ):
        refused(way(agent).submit(request), BAD_SIGNATURE)


def test_n10_proof_by_another_key(way, alice, agent, agent_identity):
    """The CMC is signed by a key that is not that of the PKCS#10."""
    content = requests.pki_data(pkcs10(), alice.account)
    other = csr.rsa_key()
    request = requests.signed(
        requests.PKI_DATA, content, [requests.Signer(other), agent_identity.signer()]
    )
    refused(way(agent).submit(request))


@pytest.mark.parametrize("level", [2, 4, 5], ids=["connect", "packet", "integrity"])
def test_n11_below_packet_privacy(way, alice, agent, agent_identity, level):
    request = on_behalf(alice, agent_identity.signer())
    with pytest.raises((RpcFault, DCERPCException)) as refusal:
        way(agent, level=level).submit(request)
    assert "access" in str(refusal.value).lower() or getattr(refusal.value, "status", 0) == 5


@pytest.mark.parametrize("name", ["Other CA", "{0:.3}", "{}2", " {}"])
def test_n12_wrong_ca_name(enterprise, way, alice, agent, agent_identity, name):
    name = name.format(enterprise.name)
    answer = way(agent).submit(on_behalf(alice, agent_identity.signer()), authority=name)
    assert answer.status == INVALID_ARGUMENT
    assert (answer.certificate, answer.chain, answer.disposition) == (b"", b"", answer.disposition)


def test_n13_requestername_among_the_attributes_alone(
    enterprise, way, alice, bob, agent, agent_identity
):
    """Only what is signed by the agent says who the request is for."""
    for attribute in (f"requestername:{alice.account}", f"RequesterName:{alice.account}"):
        # With an agent's signature, but without a name in the signed part.
        content = requests.pki_data(pkcs10())
        signed = requests.signed(
            requests.PKI_DATA, content, [requests.Signer(KEY), agent_identity.signer()]
        )
        not_for(alice, way(agent).submit(signed, [attribute]))
        # Without any: an ordinary request of bob's.
        plain = csr.csr(KEY, "alice")
        not_for(alice, way(bob).submit(plain, ["CertificateTemplate:Plain", attribute]))
        # Beside a name that is signed, this one counts for nothing.
        for_alice = on_behalf(alice, agent_identity.signer())
        answer = way(agent).submit(for_alice, [attribute.replace("alice", "bob")])
        not_for(bob, answer)


def test_n13_requestername_in_the_pkcs10_alone(way, alice, agent, agent_identity):
    """The agent's signature does not cover the meaning of what the new key signed."""
    pair = requests.requester_name(alice.account)
    request = pkcs10(attributes=[pair])
    content = requests.pki_data(request)
    signers = [requests.Signer(KEY), agent_identity.signer()]
    not_for(alice, way(agent).submit(requests.signed(requests.PKI_DATA, content, signers)))
    plain = requests.signed(requests.DATA, request, [agent_identity.signer()], version=1)
    not_for(alice, way(agent).submit(plain))


def test_n13_requestername_in_unsigned_attributes(way, alice, agent, agent_identity):
    signer = agent_identity.signer(unsigned=(requests.requester_name(alice.account),))
    request = requests.signed(requests.DATA, pkcs10(), [signer], version=1)
    not_for(alice, way(agent).submit(request))


def not_for(who, answer):
    """Whatever came of it, there is no certificate that names `who`."""
    assert who.user.encode() not in answer.certificate.lower()


def test_n13_on_behalf_without_a_signature(way, alice, bob):
    """A template that needs no signature does not make a name trustworthy."""
    request = requests.pkcs10(KEY, extensions=[requests.template_information(oid_of_plain())])
    refused(way(bob).submit(requests.cmc_on_behalf(KEY, request, alice.account)),
            BAD_RENEWAL_SUBJECT)


def oid_of_plain():
    return ON_BEHALF.rsplit(".", 1)[0] + ".12"


def test_n14_renewal_with_another_subject(enterprise, way, alice, agent, agent_identity):
    """The template takes the subject from the request: it must be that of the old certificate."""
    mine = asn1_x509.Name.build({"common_name": "alice at work"})
    other = asn1_x509.Name.build({"common_name": "Administrator"})
    request = requests.pkcs10(
        KEY, mine, extensions=[requests.template_information(NAMED)]
    )
    answer = way(agent).submit(on_behalf(alice, agent_identity.signer(), request=request))
    issued(enterprise, answer)
    old = Identity(KEY, answer.certificate)
    refused(way(alice).submit(renewal(old, NAMED, subject=other)), SIGNATURE_POLICY_REQUIRED)
    renewed = issued(enterprise, way(alice).submit(renewal(old, NAMED, subject=mine)))
    assert renewed.subject == old.parsed().subject


def test_n14_renewal_by_somebody_else(enterprise, way, alice, bob, agent, agent_identity):
    """The old certificate's user principal name and SID are alice's, the caller is bob."""
    old = held(enterprise, way, alice, agent, agent_identity)
    refused(way(bob).submit(renewal(old)), SIGNATURE_POLICY_REQUIRED)


def test_n14_renewal_after_the_account_has_another_name(
    enterprise, way, alice, agent, agent_identity
):
    old = held(enterprise, way, alice, agent, agent_identity)
    with enterprise.with_upn(alice, f"al@{enterprise.dns}"):
        refused(way(alice).submit(renewal(old)), SIGNATURE_POLICY_REQUIRED)


def test_a_name_in_two_places_is_refused(way, alice, bob, agent, agent_identity):
    """Request smuggling: two names, or the same attribute twice."""
    info = requests.core.OctetString(requests.reg_info(RequesterName=bob.account))
    second = requests.control(9, requests.REG_INFO, info)
    content = requests.pki_data(pkcs10(), alice.account, controls=[second])
    signers = [requests.Signer(KEY), agent_identity.signer()]
    refused(way(agent).submit(requests.signed(requests.PKI_DATA, content, signers)))
    twice = requests.reg_info(RequesterName=alice.account) + requests.reg_info(
        requestername=bob.account
    )
    control = requests.control(2, requests.REG_INFO, requests.core.OctetString(twice))
    content = requests.pki_data(pkcs10(), controls=[control])
    refused(way(agent).submit(requests.signed(requests.PKI_DATA, content, signers)))


def test_two_requests_in_one_are_refused(way, alice, agent, agent_identity):
    content = requests.pki_data(pkcs10(), alice.account, requests=2)
    signers = [requests.Signer(KEY), agent_identity.signer()]
    answer = way(agent).submit(requests.signed(requests.PKI_DATA, content, signers))
    refused(answer, 0x8007000D)


def test_a_tampered_name_is_refused(way, alice, bob, agent, agent_identity):
    """One byte of the signed content changed: every signature over it is wrong."""
    request = on_behalf(alice, agent_identity.signer())
    name = encoded(alice)
    assert request.count(name) == 1
    refused(way(agent).submit(request.replace(name, name[:-1] + b"f")))


def test_a_request_whose_agent_signed_another_content(way, alice, agent, agent_identity):
    """The digest in the agent's attributes is that of another request."""
    content = requests.pki_data(pkcs10(), alice.account)
    signer = agent_identity.signer()
    info = signer.info(requests.PKI_DATA, b"another content")
    good = requests.Signer(KEY).info(requests.PKI_DATA, content)
    assert hashlib.sha256(content).digest() not in info.dump()
    request = requests.ContentInfo({"type": requests.SIGNED_DATA, "content": {
        "version": 3, "digest_algorithms": [requests.algos.DigestAlgorithm({"algorithm": "sha256"})],
        "content": {"type": requests.PKI_DATA, "content": content},
        "certificates": [requests.any_of(signer.certificate)], "signers": [good, info],
    }}).dump()
    refused(way(agent).submit(request))
