"""Requests on behalf of others and renewals in every form, made by OpenSSL, by Python's asn1crypto
with cryptography, and by Certipy, over ICertPassage and over DCOM."""

import hashlib
import re
import struct

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs12

import csr
import enterprise_requests as requests
import openssl_cms
from enterprise_lab import (
    ON_BEHALF, WAYS, Identity, Object, assert_subject, connections, enrol, issued, oid, refused,
)
from running import certipy_of, openssl

FULL_RESPONSE = 0x40000
CMC, CMS = 0x400, 0x300
KEY, NEXT_KEY = csr.rsa_key(), csr.rsa_key()
EC_KEY = csr.ec_key()
PLAIN = oid(12)


def pkcs10(template=ON_BEHALF, key=KEY, **options):
    return requests.pkcs10(key, extensions=[requests.template_information(template)], **options)


@pytest.fixture(params=WAYS)
def way(request, enterprise):
    with connections(enterprise, request.param) as connect:
        yield connect


@pytest.fixture
def old(enterprise, alice, agent, agent_identity):
    """What alice holds after step B."""
    client = Object(enterprise, agent)
    answer = client.submit(
        requests.cmc_on_behalf(KEY, pkcs10(), alice.account, agent_identity.signer())
    )
    client.close()
    issued(enterprise, answer, alice)
    return Identity(KEY, answer.certificate)


@pytest.fixture
def files(tmp_path):
    return openssl_cms.Files(tmp_path)


def of_agent(alice, agent_identity):
    """Every form of a request on behalf of alice; those of OpenSSL take a folder."""
    signer = agent_identity.signer
    return {
        "cmc": lambda _: requests.cmc_on_behalf(KEY, pkcs10(), alice.account, signer()),
        "cmc, null signature": lambda _: requests.cmc_on_behalf(
            KEY, null_signed(pkcs10()), alice.account, signer()
        ),
        "cmc, sha512": lambda _: requests.cmc_on_behalf(
            KEY, pkcs10(digest="sha512"), alice.account, signer(digest="sha512")
        ),
        "cms": lambda _: requests.cms_on_behalf(pkcs10(), alice.account, signer()),
        "cms without contentType": lambda _: requests.cms_on_behalf(
            pkcs10(), alice.account, signer(content_type=False)
        ),
        "cms, terminated strings": lambda _: requests.signed(requests.DATA, pkcs10(), [signer(
            attributes=(requests.requester_name(alice.account + "\0", "requestername\0"),)
        )]),
        "openssl cmc": lambda files: openssl_cms.cmc(
            files, requests.pki_data(pkcs10(), alice.account), KEY, agent_identity
        ),
        "openssl cms": lambda _: openssl_cms.signed_with_attribute(
            pkcs10(), agent_identity, requests.NAME_VALUE_PAIR,
            requests.NameValuePair({"name": "RequesterName", "value": alice.account}),
        ),
    }


ON_BEHALF_FORMS = list(of_agent(None, type("Any", (), {"signer": None})))


def null_signed(der):
    """The same PKCS#10 with a null signature ([MS-WCCE] 2.2.2.6.5): a hash, and no proof."""
    info = requests.Request.load(der)["info"].dump()
    algorithm = requests.algos.DigestAlgorithm({"algorithm": "sha256"}).dump()
    digest = requests.core.OctetBitString(hashlib.sha256(info).digest()).dump()
    body = info + algorithm + digest
    return b"\x30\x82" + struct.pack(">H", len(body)) + body


@pytest.mark.parametrize("form", ON_BEHALF_FORMS)
def test_on_behalf(enterprise, way, alice, agent, agent_identity, files, form, tally):
    request = of_agent(alice, agent_identity)[form](files)
    answer = way(agent).submit(request)
    certificate = issued(enterprise, answer, alice)
    assert certificate.public_key().public_numbers() == KEY.public_key().public_numbers()
    tally("foreign-on-behalf", f"{way.name} {form}")


def renewals(old):
    """Every form of a renewal."""
    request = pkcs10(key=NEXT_KEY, renews=old.certificate)
    return {
        "cms": lambda _: requests.cms_renewal(request, old.signer()),
        "cms, no signed attributes": lambda _: requests.cms_renewal(request, old.signer(bare=True)),
        "cms, the same key": lambda _: requests.cms_renewal(
            pkcs10(key=KEY, renews=old.certificate), old.signer()
        ),
        "cms, template of the old certificate": lambda _: requests.cms_renewal(
            requests.pkcs10(NEXT_KEY, renews=old.certificate), old.signer()
        ),
        "cmc": lambda _: requests.cmc_renewal(NEXT_KEY, request, old.signer()),
        "cmc, null signature": lambda _: requests.cmc_renewal(
            NEXT_KEY, null_signed(request), old.signer()
        ),
        "openssl cms": lambda files: openssl_cms.signed(files, request, old),
        "openssl cms, no signed attributes": lambda files: openssl_cms.signed(
            files, request, old, "-noattr"
        ),
        "openssl cmc": lambda files: openssl_cms.cmc(
            files, requests.pki_data(request), NEXT_KEY, old
        ),
    }


RENEWAL_FORMS = [
    "cms", "cms, no signed attributes", "cms, the same key",
    "cms, template of the old certificate", "cmc", "cmc, null signature", "openssl cms",
    "openssl cms, no signed attributes", "openssl cmc",
]


@pytest.mark.parametrize("form", RENEWAL_FORMS)
def test_renewal(enterprise, way, alice, old, files, form, tally):
    forms = renewals(old)
    assert list(forms) == RENEWAL_FORMS
    answer = way(alice).submit(forms[form](files))
    renewed = issued(enterprise, answer, alice)
    assert renewed.serial_number != old.parsed().serial_number
    tally("foreign-renewal", f"{way.name} {form}")


@pytest.mark.parametrize("key", [KEY, EC_KEY], ids=["rsa", "ecdsa"])
@pytest.mark.parametrize("form", ["assembled", "openssl"])
def test_new_cmc(enterprise, way, alice, files, key, form, tally):
    template = PLAIN if key is KEY else oid(13)
    content = pkcs10(template, key)
    request = {
        "assembled": lambda: requests.cmc_new(key, content),
        "openssl": lambda: openssl_cms.cmc(files, requests.pki_data(content), key),
    }[form]()
    answer = way(alice).submit(request, flags=CMC)
    certificate = issued(enterprise, answer, alice)
    assert certificate.public_key().public_numbers() == key.public_key().public_numbers()
    tally("foreign-cmc", f"{way.name} {form}")


def test_the_full_response(enterprise, alice, agent, agent_identity, old, tally):
    """Request2 with a full response, on behalf and renewal: CMC by the CA, openssl verifies it."""
    client = Object(enterprise, agent)
    on_behalf = requests.cmc_on_behalf(KEY, pkcs10(), alice.account, agent_identity.signer())
    answers = [client.submit(on_behalf, flags=CMC | FULL_RESPONSE)]
    client.close()
    client = Object(enterprise, alice)
    request = pkcs10(key=NEXT_KEY, renews=old.certificate)
    answers.append(client.submit(
        requests.cms_renewal(request, old.signer()), flags=CMS | FULL_RESPONSE
    ))
    for answer in answers:
        certificate = issued(enterprise, answer, alice)
        content = openssl("cms", "-verify", "-inform", "DER", "-CAfile",
                          enterprise.certificate_file, "-purpose", "any", input=answer.chain)
        assert b"Issued" in content and certificate.fingerprint(hashes.SHA1()) in content
        again = client.retrieve(answers[1].request_id)
        assert again.certificate == answers[1].certificate
        tally("foreign-enrolment", "full response to CMC and CMS")
    client.close()


def test_wrong_format_byte(enterprise, alice, old):
    """The type that dwFlags claims must be that of the request."""
    client = Object(enterprise, alice)
    request = requests.cms_renewal(pkcs10(key=NEXT_KEY, renews=old.certificate), old.signer())
    for flags in (0x100, 0x200, CMC):
        refused(client.submit(request, flags=flags), 0x80091004)
    client.close()


CERTIPY_WAYS = {"icpr": "-dynamic-endpoint", "dcom": "-dcom"}


@pytest.mark.parametrize("option", CERTIPY_WAYS.values(), ids=CERTIPY_WAYS)
def test_certipy_on_behalf_of_and_renew(
    enterprise, alice, agent, agent_identity, tmp_path, option, tally
):
    """As its users run it: the agent for alice, then alice for herself."""
    agent_identity.pfx(tmp_path / "agent.pfx")
    certipy = certipy_of(enterprise, agent, tmp_path)
    output = certipy("req", "-ca", enterprise.name, "-template", "OnBehalf", option,
                     "-on-behalf-of", alice.account, "-pfx", "agent.pfx", "-out", "alice")
    assert "Successfully requested certificate" in output, output
    assert "Got certificate with UPN 'alice@lab.test'" in output
    assert f"object SID is '{enterprise.sid_of(alice)}'" in output
    first = of_pfx(tmp_path / "alice.pfx")
    assert_subject(enterprise, first.parsed(), alice)
    enterprise.openssl_verify(first.certificate)
    tally("foreign-on-behalf", f"certipy {option}")

    certipy = certipy_of(enterprise, alice, tmp_path)
    output = certipy("req", "-ca", enterprise.name, "-template", "OnBehalf", option, "-renew",
                     "-pfx", "alice.pfx", "-out", "renewed")
    assert "Got certificate with UPN 'alice@lab.test'" in output, output
    second = of_pfx(tmp_path / "renewed.pfx")
    assert_subject(enterprise, second.parsed(), alice)
    enterprise.openssl_verify(second.certificate)
    assert second.parsed().serial_number != first.parsed().serial_number
    assert second.parsed().subject == first.parsed().subject
    tally("foreign-renewal", f"certipy {option}")
    lines = [line for line in enterprise.log_text().splitlines() if "Issued" in line][-2:]
    assert re.search(r"requester=.LAB.+alice", lines[0]) and "agent" in lines[0], lines
    assert not re.search(r"\bagent\b", lines[1]), lines


@pytest.mark.parametrize("option", CERTIPY_WAYS.values(), ids=CERTIPY_WAYS)
def test_certipy_on_behalf_without_an_agents_certificate(
    enterprise, alice, bob, tmp_path, option
):
    enrol(enterprise, bob, "Plain").pfx(tmp_path / "bob.pfx")
    certipy = certipy_of(enterprise, bob, tmp_path)
    output = certipy("req", "-ca", enterprise.name, "-template", "OnBehalf", option,
                     "-on-behalf-of", alice.account, "-pfx", "bob.pfx", code=None)
    assert "CERTSRV_E_SIGNATURE_REJECTED" in output or "0x8009480b" in output.lower(), output
    assert not (tmp_path / "alice.pfx").exists()


def of_pfx(path):
    key, certificate, _ = pkcs12.load_key_and_certificates(path.read_bytes(), None)
    assert isinstance(certificate, x509.Certificate)
    return Identity(key, certificate.public_bytes(serialization.Encoding.DER))
