"""ICertPassage over TCP, by clients that are not ours."""

import re
import socket
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

import csr
from running import pkcs7_certificates
from icpr import (
    CONNECT, INTEGRITY, PACKET, PRIVACY,
    Credentials, Impacket, Refused, RpcFault, Samba, Scapy, impacket_call,
)

ISSUED = 3
RSA_KEY = csr.rsa_key()
UNSUPPORTED_CERT_TYPE = 0x80094800
TEMPLATE_DENIED = 0x80094012
KEY_LENGTH = 0x80094811
BAD_SIGNATURE = 0x80090006
INVALID_ARGUMENT = 0x80070057
ACCESS_DENIED = 5
NT_STATUS_ACCESS_DENIED = 0xC0000022
BAD_STUB_DATA = 0x6F7
OPNUM_OUT_OF_RANGE = 0x1C010002

# Every way that a foreign stack can reach the interface at packet privacy.
WAYS = {
    "impacket ntlm": lambda ca, who: Impacket(ca.host, ca.port, who),
    "impacket ntlm, fragments of 512": lambda ca, who: Impacket(ca.host, ca.port, who, max_fragment=512),
    "scapy ntlm ndr64": lambda ca, who: Scapy(ca.host, ca.port, who),
    "scapy ntlm ndr": lambda ca, who: Scapy(ca.host, ca.port, who, ndr64=False),
    "scapy ntlm ndr big-endian": lambda ca, who: Scapy(ca.host, ca.port, who, ndr64=False, endian="big"),
    "scapy ntlm by endpoint mapper": lambda ca, who: Scapy(ca.host, None, who),
    "scapy spnego ndr64": lambda ca, who: Scapy(ca.host, ca.port, who, spnego=True),
    "scapy spnego ndr": lambda ca, who: Scapy(ca.host, ca.port, who, spnego=True, ndr64=False),
    "samba spnego": lambda ca, who: Samba(ca.host, ca.port, who),
}


@pytest.fixture(params=WAYS, ids=[name.replace(" ", "-") for name in WAYS])
def way(request, ca):
    """Connects as somebody, in one of the ways; closes what it opened."""
    opened = []

    def connect(who):
        opened.append(WAYS[request.param](ca, who))
        return opened[-1]

    connect.name = request.param
    yield connect
    for client in opened:
        client.close()


@pytest.fixture
def impacket(ca, alice):
    client = Impacket(ca.host, ca.port, alice)
    yield client
    client.close()


def user_certificate(ca, answer, key):
    """Checks an answer that should hold a User certificate of alice, as openssl sees it."""
    assert (answer.status, answer.disposition) == (0, ISSUED), answer.message
    certificate = x509.load_der_x509_certificate(answer.certificate)
    assert certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    ) == csr.spki(key)
    text = ca.openssl_verify(answer.certificate)
    assert "alice@lab.test" in text
    assert "S-1-5-21-" in text
    usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert ExtendedKeyUsageOID.CLIENT_AUTH in usages
    chain = pkcs7_certificates(answer.chain)
    assert answer.certificate in chain and ca.certificate_der in chain
    return certificate


def test_enrol_and_retrieve(ca, alice, way, tally):
    key = csr.rsa_key()
    client = way(alice)
    answer = client.request(ca.name, csr.csr(key), ["CertificateTemplate:User"])
    user_certificate(ca, answer, key)
    tally("foreign-enrolment", way.name)
    again = way(alice).request(ca.name, request_id=answer.request_id)
    assert again.certificate == answer.certificate
    assert again.disposition == ISSUED
    tally("foreign-retrieval", way.name)


def test_scapy_takes_ndr64_with_header_signing(ca, alice):
    client = Scapy(ca.host, ca.port, alice)
    assert client.ndr64, "the server must take NDR64 where both syntaxes are offered"
    assert client.client.session.header_sign
    client.close()


def test_wrong_password(ca, alice, way):
    wrong = Credentials(alice.domain, alice.user, "not " + alice.password)
    with pytest.raises((Refused, RpcFault, EOFError, OSError)):
        way(wrong).request(ca.name, csr.csr(RSA_KEY), ["CertificateTemplate:User"])
    still_serves(ca, way, alice)


def test_unknown_user(ca, alice, way):
    nobody = Credentials(alice.domain, "nobody", alice.password)
    with pytest.raises((Refused, RpcFault, EOFError, OSError)):
        way(nobody).request(ca.name, csr.csr(RSA_KEY), ["CertificateTemplate:User"])
    still_serves(ca, way, alice)


def still_serves(ca, way, alice):
    key = RSA_KEY
    answer = way(alice).request(ca.name, csr.csr(key), ["CertificateTemplate:User"])
    assert answer.disposition == ISSUED


@pytest.mark.parametrize("level", [CONNECT, PACKET, INTEGRITY])
def test_ntlm_below_privacy_is_refused(ca, alice, level):
    client = Impacket(ca.host, ca.port, alice, level=level)
    with pytest.raises(RpcFault) as fault:
        client.request(ca.name, csr.csr(RSA_KEY), ["CertificateTemplate:User"])
    assert fault.value.status == ACCESS_DENIED
    client.close()


def test_samba_signing_only_is_refused(ca, alice):
    client = Samba(ca.host, ca.port, alice, level=INTEGRITY)
    with pytest.raises(RpcFault) as fault:
        client.request(ca.name, csr.csr(RSA_KEY), ["CertificateTemplate:User"])
    assert fault.value.status == NT_STATUS_ACCESS_DENIED


def test_no_authentication_is_refused(ca):
    client = Impacket(ca.host, ca.port, None)
    with pytest.raises(RpcFault) as fault:
        client.request(ca.name, csr.csr(RSA_KEY), ["CertificateTemplate:User"])
    assert fault.value.status == ACCESS_DENIED
    client.close()


def denied(ca, impacket, code, request, attributes=("CertificateTemplate:User",)):
    """A denial is S_OK with the code as disposition, its message, and a row; the server goes on."""
    answer = impacket.request(ca.name, request, list(attributes))
    assert answer.status == 0
    assert f"{answer.disposition:#x}" == f"{code:#x}", answer.message
    assert answer.certificate == b"" and answer.chain == b""
    assert answer.message and answer.request_id > 0
    good = impacket.request(ca.name, csr.csr(RSA_KEY), ["CertificateTemplate:User"])
    assert good.disposition == ISSUED and good.request_id > answer.request_id
    return answer


def test_unknown_template(ca, impacket):
    denied(ca, impacket, UNSUPPORTED_CERT_TYPE, csr.csr(RSA_KEY), ["CertificateTemplate:Nope"])


def test_no_enroll_right(ca, impacket):
    request = csr.csr(RSA_KEY, "www.lab.test", dns=["www.lab.test"])
    denied(ca, impacket, TEMPLATE_DENIED, request, ["CertificateTemplate:WebServer"])


def test_bad_signature(ca, impacket):
    denied(ca, impacket, BAD_SIGNATURE, csr.break_signature(csr.csr(csr.rsa_key())))


def test_key_shorter_than_the_template_wants(ca, impacket):
    denied(ca, impacket, KEY_LENGTH, csr.csr(csr.ec_key()))


def test_weak_rsa_key(ca, impacket):
    answer = denied(ca, impacket, KEY_LENGTH, csr.csr(csr.rsa_key(1024)))
    assert "2048" in answer.message


def test_garbage_request(ca, impacket):
    answer = impacket.request(ca.name, b"\x30\x03\x02\x01\x05", ["CertificateTemplate:User"])
    assert answer.disposition & 0x80000000 and answer.message
    still = impacket.request(ca.name, csr.csr(RSA_KEY), ["CertificateTemplate:User"])
    assert still.disposition == ISSUED


def test_wrong_ca_name(ca, impacket):
    answer = impacket.request("Wrong CA", csr.csr(RSA_KEY), ["CertificateTemplate:User"])
    assert answer.status == INVALID_ARGUMENT
    assert answer.certificate == b""
    still = impacket.request(ca.name.upper(), csr.csr(RSA_KEY), ["CertificateTemplate:User"])
    assert still.disposition == ISSUED


def test_null_ca_name(ca, impacket):
    answer = impacket.request(None, csr.csr(RSA_KEY), ["CertificateTemplate:User"])
    assert answer.status == INVALID_ARGUMENT


@pytest.mark.parametrize("cut", [0, 1, 3, 4, 20, 60, 200])
def test_truncated_stub(ca, impacket, cut):
    stub = impacket_call(
        ca.name, csr.csr(RSA_KEY), ["CertificateTemplate:User"], 0, 0
    ).getData()
    with pytest.raises(RpcFault) as fault:
        impacket.raw(0, stub[:cut])
    assert fault.value.status == BAD_STUB_DATA
    still = impacket.request(ca.name, csr.csr(RSA_KEY), ["CertificateTemplate:User"])
    assert still.disposition == ISSUED


def test_oversized_stub(ca, alice):
    """Over the limit of reassembly (4 MiB) the call is refused, and the server goes on."""
    client = Impacket(ca.host, ca.port, alice)
    with pytest.raises((RpcFault, ConnectionError, socket.error)) as refusal:
        client.raw(0, bytes(5 * 1024 * 1024))
    if isinstance(refusal.value, RpcFault):
        assert refusal.value.status == ACCESS_DENIED
    client = Impacket(ca.host, ca.port, alice)
    assert client.request(
        ca.name, csr.csr(RSA_KEY), ["CertificateTemplate:User"]
    ).disposition == ISSUED
    client.close()


def test_oversized_request(ca, impacket):
    """A request larger than a row may be is refused with a disposition, not a crash."""
    answer = impacket.request(ca.name, bytes(200_000), ["CertificateTemplate:User"])
    assert answer.disposition & 0x80000000 or answer.status & 0x80000000
    still = impacket.request(ca.name, csr.csr(RSA_KEY), ["CertificateTemplate:User"])
    assert still.disposition == ISSUED


def test_opnum_out_of_range(ca, impacket):
    with pytest.raises(RpcFault) as fault:
        impacket.raw(1, b"")
    assert fault.value.status == OPNUM_OUT_OF_RANGE


def test_attributes_without_terminator(ca, impacket):
    """[MS-ICPR] 3.2.4.1.1: cb counts the terminating NUL, else E_INVALIDARG."""
    from impacket.dcerpc.v5 import icpr

    call = impacket_call(ca.name, csr.csr(RSA_KEY), ["x"], 0, 0)
    blob = icpr.CERTTRANSBLOB()
    data = "CertificateTemplate:User".encode("utf-16-le")
    blob["cb"], blob["pb"] = len(data), data
    call["pctbAttribs"] = blob
    stub = impacket.raw(0, call.getData())
    assert int.from_bytes(stub[-4:], "little") == INVALID_ARGUMENT


@pytest.mark.parametrize(
    "key", [csr.rsa_key(2048), csr.rsa_key(4096), csr.ec_key(), csr.ec_key(ec.SECP384R1()),
            csr.ec_key(ec.SECP521R1()), ed25519.Ed25519PrivateKey.generate()],
    ids=["rsa-2048", "rsa-4096", "p-256", "p-384", "p-521", "ed25519"],
)
def test_key_types(ca, impacket, key, tally):
    # msPKI-Minimal-Key-Size counts bits whatever the algorithm: User wants 2048, UserECC 256.
    template = "User" if isinstance(key, rsa.RSAPrivateKey) else "UserECC"
    answer = impacket.request(ca.name, csr.csr(key), [f"CertificateTemplate:{template}"])
    user_certificate(ca, answer, key)
    tally("foreign-enrolment", "impacket key types")


@pytest.mark.parametrize("flags", [0, 0x100])
@pytest.mark.parametrize("form", ["der", "pem", "new-pem", "base64"])
def test_request_forms(ca, impacket, flags, form, tally):
    import base64

    key = RSA_KEY
    der = csr.csr(key)
    request = {
        "der": der,
        "pem": csr.pem_csr(der),
        "new-pem": csr.pem_csr(der, "NEW CERTIFICATE REQUEST"),
        "base64": base64.b64encode(der),
    }[form]
    answer = impacket.request(ca.name, request, ["CertificateTemplate:User"], flags=flags)
    user_certificate(ca, answer, key)
    tally("foreign-enrolment", "impacket request forms")


def test_wrong_request_type(ca, impacket):
    answer = impacket.request(
        ca.name, csr.csr(RSA_KEY), ["CertificateTemplate:User"], flags=0x400
    )
    assert f"{answer.disposition:#x}" == "0x80091004", answer.message


def test_retrieval_of_anothers_request(ca, impacket, bob):
    mine = impacket.request(ca.name, csr.csr(RSA_KEY), ["CertificateTemplate:User"])
    other = Impacket(ca.host, ca.port, bob)
    answer = other.request(ca.name, request_id=mine.request_id)
    assert answer.certificate == b"" and answer.disposition != ISSUED
    unknown = other.request(ca.name, request_id=999_999)
    # The two look alike: nobody learns which ids exist.
    assert (answer.status, answer.disposition) == (unknown.status, unknown.disposition)
    other.close()


def test_denied_request_is_recorded(ca, impacket):
    refused = impacket.request(ca.name, csr.csr(RSA_KEY), ["CertificateTemplate:Nope"])
    again = impacket.request(ca.name, request_id=refused.request_id)
    assert again.disposition == 2 or again.disposition & 0x80000000
    assert again.certificate == b""


def test_hostile_extensions_never_reach_the_certificate(ca, impacket):
    key = RSA_KEY
    sid = bytes.fromhex("3040a03e060a2b060104018237190201a0300 42e".replace(" ", "")) + (
        b"S-1-5-21-1111111111-2222222222-3333333333-500"
    ).ljust(46, b"0")
    extensions = [
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (x509.KeyUsage(True, False, False, False, False, True, True, False, False), True),
        (x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.1")]), False),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.311.25.2"), sid), False),
    ]
    request = csr.csr(key, "Administrator", dns=["dc1.lab.test"], extensions=extensions)
    answer = impacket.request(ca.name, request, ["CertificateTemplate:User", "SAN:upn=root@lab.test"])
    certificate = user_certificate(ca, answer, key)
    text = ca.openssl_verify(answer.certificate)
    assert "CA:TRUE" not in text and "Certificate Sign" not in text
    assert "1.3.6.1.4.1.311.20.2.1" not in text and "dc1.lab.test" not in text
    assert "root@lab.test" not in text and "-500" not in text
    assert "Administrator" not in certificate.subject.rfc4514_string()


def test_many_calls_on_one_connection(ca, impacket):
    request = csr.csr(RSA_KEY)
    ids = [impacket.request(ca.name, request, ["CertificateTemplate:User"]).request_id for _ in range(20)]
    assert ids == sorted(set(ids))


@pytest.mark.parametrize("options", [[], ["-dynamic-endpoint"]], ids=["default", "dynamic"])
def test_certipy(ca, alice, certipy, options, tally):
    """Certipy, as its users run it: the endpoint mapper on 135, then NTLM at packet privacy."""
    output = certipy("req", "-ca", ca.name, "-template", "User", "-out", "alice", *options)
    assert "Successfully requested certificate" in output, output
    request_id = re.search(r"Request ID is (\d+)", output).group(1)
    assert "Got certificate with UPN 'alice@lab.test'" in output
    assert re.search(r"object SID is 'S-1-5-21-[\d-]+'", output), output
    pem = subprocess.run(
        ["openssl", "pkcs12", "-in", certipy.folder / "alice.pfx", "-nokeys", "-passin", "pass:"],
        check=True, capture_output=True,
    ).stdout
    der = x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)
    ca.openssl_verify(der)
    tally("foreign-enrolment", "certipy")
    output = certipy("req", "-ca", ca.name, "-retrieve", request_id, "-out", "again", *options)
    assert "Successfully retrieved certificate" in output, output
    row = Impacket(ca.host, ca.port, alice).request(ca.name, request_id=int(request_id))
    assert row.certificate == der
    tally("foreign-retrieval", "certipy")


def test_certipy_denial(ca, certipy):
    output = certipy("req", "-ca", ca.name, "-template", "Nope", "-dynamic-endpoint", code=None)
    assert "CERTSRV_E_UNSUPPORTED_CERT_TYPE" in output or "0x80094800" in output, output
