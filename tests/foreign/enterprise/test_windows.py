"""Requests that Windows made, submitted to wcced by a foreign client: unmodified wherever their own
keys allow it, and signed anew where an agent or an old certificate cannot be this CA's."""

import os
import pathlib
import re

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509

import csr
import enterprise_requests as requests
import resign
from enterprise_lab import (
    BAD_RENEWAL_CERT_ATTRIBUTE, SIGNATURE_POLICY_REQUIRED, WAYS, Identity, Object, enrol, issued,
    refused, upns,
)
from running import openssl

CMC_FULL_RESPONSE = 0x40400
KEY_LENGTH, INVALID_DATA = 0x80094811, 0x8007000D
KEY_ARCHIVAL_NOT_CONFIGURED = 0x8009400A
KEY = csr.rsa_key()


@pytest.fixture
def captured(tally):
    """Reads a file of the collection, where there is one; else the test has not run."""
    if "WCCE_CAPTURES" not in os.environ:
        tally("not-run", "a request of Windows, submitted")
        pytest.skip("WCCE_CAPTURES names no folder")
    folder = pathlib.Path(os.environ["WCCE_CAPTURES"]) / "enrollment"
    return lambda name: (folder / name).read_bytes()


@pytest.fixture
def client(captured, ca, alice):
    client = Object(ca, alice)
    yield client
    client.close()


def extensions(certificate):
    """Of each extension whether it is critical, and its bytes."""
    parsed = asn1_x509.Certificate.load(certificate)
    return {
        extension["extn_id"].dotted: (extension["critical"].native, extension["extn_value"].contents)
        for extension in parsed["tbs_certificate"]["extensions"]
    }


# What each CA puts in on its own account, and what names the subject.
OF_THE_CA = {"2.5.29.35", "2.5.29.31", "1.3.6.1.5.5.7.1.1", "2.5.29.17"}
SID = "1.3.6.1.4.1.311.25.2"


@pytest.mark.parametrize("row", ["0x4", "0x5", "0x6"])
def test_console_requests_are_issued_unmodified(ca, client, captured, row, tally):
    """As the console sent them: Request2, CMC, full response, the attributes of the console."""
    attributes = [
        "", "cdc:DC01.corp.cvilab.local", "rmd:PKI-SRV01.corp.cvilab.local", "",
        "ccm:PKI-SRV01.corp.cvilab.local",
    ]
    request = captured(f"adcs2022-{row}-request-cmc.der")
    answer = client.submit(request, attributes, flags=CMC_FULL_RESPONSE)
    issued(ca, answer)
    # The same extensions in the same bytes, in the same order but for the CA's own. Ours adds the
    # SID, which AD CS does since 2022 where the domain controller knows it.
    theirs = extensions(captured(f"adcs2022-{row}-certificate.der"))
    ours = extensions(answer.certificate)
    assert SID in ours and upns(x509.load_der_x509_certificate(answer.certificate))
    common = [oid for oid in theirs if oid not in OF_THE_CA]
    assert {oid: ours.get(oid) for oid in common} == {oid: theirs[oid] for oid in common}
    assert set(ours) - set(theirs) <= {SID}
    # The response is one of CMC, signed by the CA, with what was issued.
    content = openssl("cms", "-verify", "-inform", "DER", "-CAfile", ca.certificate_file,
                      "-purpose", "any", input=answer.chain)
    assert b"Issued" in content and answer.certificate in answer.chain
    assert_row(ca, captured, client, row, request, answer)
    tally("capture-submitted", f"adcs2022 {row}")


def assert_row(ca, captured, client, row, request, answer):
    """The row's columns are those that AD CS kept for this request."""
    view = captured("adcs2022-certutil-view.txt").decode("utf-8", "replace")
    theirs = re.split(r"\n\s*Row \d+:", view)[1:]
    [theirs] = [text for text in theirs if re.search(rf"Request ID: {row}\b", text)]
    listed = theirs.split("  Request Attributes:\n")[1].split("\n\n")[0]
    expected = dict(re.findall(r'^\s+(\w+): "(.*)"$', listed, re.M))
    client.close()
    [kept] = ca.rows("--id", str(answer.request_id))
    attributes = {name: value for pair in kept["Attributes"] for name, value in pair.items()}
    assert attributes == expected
    assert kept["Request.RequestType"] == CMC_FULL_RESPONSE
    flags = int(re.search(r"Request Flags: (0x[0-9a-f]+)", theirs).group(1), 16)
    assert kept["Request.RequestFlags"] == flags
    assert kept["Request.RawRequest"] == request.hex()
    template = re.search(r'Certificate Template: "([\d.]+)"', theirs).group(1)
    assert kept["CertificateTemplate"] == template
    for column in ("EnrollmentFlags", "GeneralFlags"):
        name = {"EnrollmentFlags": "Enrollment", "GeneralFlags": "General"}[column]
        value = re.search(rf"Template {name} Flags: (0x[0-9a-f]+)", theirs).group(1)
        assert kept[column] == int(value, 16)
    assert "Request.DistinguishedName" not in kept and kept["Request.RawName"] == "3000"


@pytest.mark.parametrize("name", [
    "ms-wstep-issue-pkcs10-request.der", "win11-certreq-cmc.der", "windows-iis-pkcs10.pem",
])
def test_others_with_keys_long_enough_are_issued_unmodified(ca, client, captured, name, tally):
    attributes = [] if name.startswith("ms-wstep") else ["CertificateTemplate:User"]
    answer = client.submit(captured(name), attributes)
    certificate = issued(ca, answer)
    assert upns(certificate) == ["alice@lab.test"]
    tally("capture-submitted", name)


@pytest.mark.parametrize("name", [
    "msdocs-pkcs10.der", "msdocs-cmc.der", "windows8-certenroll-cmc.der", "msdocs-pkcs7-eobo.der",
    "msdocs-cmc-eobo.der", "msdocs-pkcs7-renewal.der", "msdocs-cmc-renewal.der",
])
def test_keys_of_1024_bits_are_refused(client, captured, name, tally):
    """Before anything else is looked at, chains of agents and old certificates too."""
    refused(client.submit(captured(name), ["CertificateTemplate:User"]), KEY_LENGTH)
    tally("capture-submitted", name)


def test_keygen(ca, client, captured, tally):
    """The subject and the challenge come from the attributes, as a browser's form sent them."""
    request = captured("msdocs-netscape-keygen.der")
    template, subject = "CertificateTemplate:User", "CN:somebody"
    refused(client.submit(request, [template]), INVALID_DATA)
    refused(client.submit(request, [template, subject, "challenge:guessed"]), INVALID_DATA)
    answer = client.submit(request, [template, subject, "challenge:provePequalsNP"], flags=0x200)
    assert upns(issued(ca, answer)) == ["alice@lab.test"]
    client.close()
    [row] = ca.rows("--id", str(answer.request_id))
    assert "provePequalsNP" not in row["Request.RequestAttributes"]
    tally("capture-submitted", "msdocs-netscape-keygen.der")


def test_a_renewal_of_another_cas_certificate_is_refused(client, captured, tally):
    refused(client.submit(captured("ms-wstep-renewal-pkcs7-request.der")),
            BAD_RENEWAL_CERT_ATTRIBUTE)
    tally("capture-submitted", "ms-wstep-renewal-pkcs7-request.der")


@pytest.mark.parametrize("name", ["msdocs-cmc-key-archival.der", "windows-key-archival-cmc.der"])
def test_key_archival_is_refused_and_leaks_nothing(ca, client, captured, name, tally):
    request = captured(name)
    code = KEY_LENGTH if name.startswith("msdocs") else KEY_ARCHIVAL_NOT_CONFIGURED
    answer = refused(client.submit(request), code)
    client.close()
    [row] = ca.rows("--id", str(answer.request_id))
    encrypted = request[request.index(bytes.fromhex("06092b060104018237150d")):]
    assert len(encrypted) > 400 and encrypted[200:264].hex() not in row.get("Request.RawRequest", "")
    tally("capture-submitted", name)


@pytest.fixture
def holder(domain_ca, target_user, domain_agent):
    """What TargetUser holds, issued on behalf by the agent."""
    way = Object(domain_ca, domain_agent)
    agent = enrol(domain_ca, domain_agent, "Agent")
    request = requests.pkcs10(KEY, extensions=[requests.template_name("User")])
    answer = way.submit(
        requests.cmc_on_behalf(KEY, request, r"Domain\TargetUser", agent.signer())
    )
    issued(domain_ca, answer)
    way.close()
    return Identity(KEY, answer.certificate)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["msdocs-pkcs7-eobo.der", "msdocs-cmc-eobo.der"])
def test_on_behalf_signed_anew(captured, domain_ca, domain_agent, name, way, tally):
    """`Domain\\TargetUser` and `CertificateTemplate=User` as certreq wrote them."""
    agent = enrol(domain_ca, domain_agent, "Agent")
    key = csr.rsa_key()
    client = WAYS[way](domain_ca, domain_agent)
    # An agent's SHA-1 signature is not taken; of the new key's own it is.
    refused(client.submit(resign.cms_of(captured(name), key, agent)))
    answer = client.submit(resign.cms_of(captured(name), key, agent, "sha256"))
    certificate = issued(domain_ca, answer)
    assert upns(certificate) == ["TargetUser@lab.test"]
    assert certificate.public_key().public_numbers() == key.public_key().public_numbers()
    client.close()
    tally("capture-signed-anew", f"{way} {name}")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", [
    "msdocs-pkcs7-renewal.der", "ms-wstep-renewal-pkcs7-request.der", "msdocs-cmc-renewal.der",
])
def test_renewals_signed_anew(captured, domain_ca, target_user, holder, name, way, tally):
    key = csr.rsa_key()
    client = WAYS[way](domain_ca, target_user)
    request = resign.cms_of(captured(name), key, holder, "sha256")
    if name == "msdocs-cmc-renewal.der":
        # As published it lacks the signature of the old key and its certificate.
        refused(client.submit(request), BAD_RENEWAL_CERT_ATTRIBUTE)
        request = resign.with_signer(request, holder)
    certificate = issued(domain_ca, client.submit(request))
    assert upns(certificate) == ["TargetUser@lab.test"]
    assert certificate.serial_number != holder.parsed().serial_number
    client.close()
    tally("capture-signed-anew", f"{way} {name}")


def test_a_renewal_needs_the_holder(captured, domain_ca, domain_agent, holder):
    """The waiver is the holder's: for another caller the template's demand stands."""
    client = Object(domain_ca, domain_agent)
    request = resign.cms_of(captured("msdocs-pkcs7-renewal.der"), csr.rsa_key(), holder, "sha256")
    refused(client.submit(request), SIGNATURE_POLICY_REQUIRED)
    client.close()
