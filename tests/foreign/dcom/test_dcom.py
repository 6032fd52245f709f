"""Foreign DCOM clients against wcced: impacket with every method of ICertRequestD and
ICertRequestD2, Certipy as its users run it, and scapy on the way that Windows goes."""

import re
import struct
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

import csr
from certrequest import (
    BINARY_TYPE, ICERTREQUESTD, ICERTREQUESTD2, LONG_TYPE, TEXT_TYPE, CertRequest, text,
)
from running import OBJECTS, openssl, pkcs7_certificates
from icpr import RpcFault
from scapy_object import ScapyObject, ntlm_ssp
from impacket.dcerpc.v5.rpcrt import DCERPCException
from impacket.uuid import string_to_bin, uuidtup_to_bin

ISSUED, PENDING, DENIED = 3, 5, 2
INVALID_ARGUMENT = 0x80070057
FILE_NOT_FOUND = 0x80070002
PROPERTY_EMPTY = 0x80094004
ADMIN_DENIED_REQUEST = 0x80094014
UNSUPPORTED_CERT_TYPE = 0x80094800
NO_CERT_TYPE = 0x80094801
FULL_RESPONSE, WITH_CRLS = 0x40000, 0x80000
RSA_KEY = csr.rsa_key()
USER = "CertificateTemplate:User"
NEWEST = -1


@pytest.fixture
def client(ca, alice):
    client = CertRequest(ca.host, alice)
    yield client
    client.close()


def check(ca, answer, key=RSA_KEY):
    """An issued certificate that openssl accepts."""
    assert (answer.status, answer.disposition) == (0, ISSUED), answer.message
    assert answer.message == "Issued"
    ca.openssl_verify(answer.certificate)
    certificate = x509.load_der_x509_certificate(answer.certificate)
    assert certificate.public_key().public_numbers() == key.public_key().public_numbers()
    return certificate


def verified_content(ca, message):
    """The content of a CMS message whose signature openssl has verified, and its certificates."""
    file, certificates = ca.folder / "message.der", ca.folder / "certificates.pem"
    file.write_bytes(message)
    content = openssl("cms", "-verify", "-inform", "DER", "-in", file, "-CAfile",
                      ca.certificate_file, "-purpose", "any", "-certsout", certificates)
    return content, [
        certificate.public_bytes(serialization.Encoding.DER)
        for certificate in x509.load_pem_x509_certificates(certificates.read_bytes())
    ]


def test_request_issues_and_retrieves(ca, client, tally):
    issued = client.request(ca.name, csr.csr(RSA_KEY), USER)
    certificate = check(ca, issued)
    chain = pkcs7_certificates(issued.chain)
    assert issued.certificate in chain and ca.certificate_der in chain
    tally("foreign-enrolment", "impacket Request")
    # Attributes by NULL and by an empty string.
    for attributes in (None, ""):
        again = client.request(ca.name, request_id=issued.request_id, attributes=attributes)
        assert (again.status, again.certificate) == (0, issued.certificate)
        tally("foreign-retrieval", "impacket Request")
    serial = f"{certificate.serial_number:x}"
    by_serial = client.request(ca.name, request_id=1, attributes=serial)
    assert by_serial.certificate == issued.certificate
    tally("foreign-retrieval", "impacket Request")


def test_request2_issues_and_retrieves(ca, client, tally):
    issued = client.request2(ca.name, csr.csr(RSA_KEY), USER)
    certificate = check(ca, issued)
    assert issued.certificate in pkcs7_certificates(issued.chain)
    tally("foreign-enrolment", "impacket Request2")
    by_id = client.request2(ca.name, request_id=issued.request_id)
    by_serial = client.request2(ca.name, serial=f"{certificate.serial_number:x}")
    for again in (by_id, by_serial):
        assert (again.status, again.disposition) == (0, ISSUED)
        assert again.request_id == issued.request_id
        assert (again.certificate, again.chain) == (issued.certificate, issued.chain)
        tally("foreign-retrieval", "impacket Request2")


def test_full_response(ca, client, tally):
    issued = client.request2(ca.name, csr.csr(RSA_KEY), USER, flags=FULL_RESPONSE)
    certificate = check(ca, issued)
    content, certificates = verified_content(ca, issued.chain)
    fingerprint = certificate.fingerprint(hashes.SHA1())
    assert b"Issued" in content and fingerprint in content
    assert set(certificates) == {issued.certificate, ca.certificate_der}
    tally("foreign-enrolment", "impacket Request2 full response")

    with_crls = client.request2(
        ca.name, request_id=issued.request_id, flags=FULL_RESPONSE | WITH_CRLS
    )
    crl = (ca.folder / "state" / "crl" / "base.crl").read_bytes()
    assert crl in with_crls.chain and crl not in issued.chain
    tally("foreign-retrieval", "impacket Request2 full response")

    denied = client.request2(
        ca.name, csr.csr(RSA_KEY), "CertificateTemplate:Nope", flags=FULL_RESPONSE
    )
    content, certificates = verified_content(ca, denied.chain)
    assert b"Denied by Policy Module" in content and certificates == [ca.certificate_der]
    assert b"\x02\x01\x02\x30\x03\x02\x01\x01" in content, "cMCStatus failed, bodyList 1"


def test_crls_with_the_chain(ca, client):
    issued = client.request2(ca.name, csr.csr(RSA_KEY), USER, flags=WITH_CRLS)
    text_ = openssl("pkcs7", "-inform", "DER", "-print_certs", "-text", input=issued.chain)
    assert b"Certificate Revocation List" in text_


def test_pending(ca, client, tally):
    pending = client.request2(
        ca.name, csr.csr(RSA_KEY), "CertificateTemplate:Approved", flags=FULL_RESPONSE
    )
    assert (pending.status, pending.disposition) == (0, PENDING)
    assert pending.message.startswith("Taken Under Submission") and pending.certificate == b""
    content, _ = verified_content(ca, pending.chain)
    assert b"\x04\x04" + struct.pack("<I", pending.request_id) in content
    again = client.request2(ca.name, request_id=pending.request_id)
    assert (again.status, again.disposition) == (0, PENDING)
    tally("foreign-retrieval", "impacket pending")


def test_denials(ca, client):
    for attributes, code in [
        ("CertificateTemplate:Nope", UNSUPPORTED_CERT_TYPE), (None, NO_CERT_TYPE),
        ("", NO_CERT_TYPE),
    ]:
        for method in (client.request, client.request2):
            denied = method(ca.name, csr.csr(RSA_KEY), attributes)
            assert (denied.status, hex(denied.disposition)) == (0, hex(code))
            assert denied.message.startswith("Denied by Policy Module")
            assert (denied.certificate, denied.chain) == (b"", b"")
            again = method(ca.name, request_id=denied.request_id)
            assert (again.status, again.disposition) == (ADMIN_DENIED_REQUEST, DENIED)


def test_calls_that_make_no_sense(ca, client, alice, bob):
    request = csr.csr(RSA_KEY)
    issued = client.request2(ca.name, request, USER)
    serial = f"{x509.load_der_x509_certificate(issued.certificate).serial_number:x}"
    mine = {"request_id": issued.request_id}
    for code, arguments in [
        (INVALID_ARGUMENT, {}),
        (INVALID_ARGUMENT, {**mine, "serial": serial}),
        (INVALID_ARGUMENT, {**mine, "flags": 0x100}),
        (INVALID_ARGUMENT, {**mine, "csr": request, "attributes": USER}),
        (INVALID_ARGUMENT, {"serial": "123"}),
        (PROPERTY_EMPTY, {"serial": "1234"}),
        (PROPERTY_EMPTY, {"request_id": 999_999}),
    ]:
        answer = client.request2(ca.name, **arguments)
        assert hex(answer.status) == hex(code), arguments
        assert (answer.certificate, answer.chain, answer.message) == (b"", b"", None)
    client.close()
    other = CertRequest(ca.host, bob)
    assert other.request2(ca.name, **mine).status == PROPERTY_EMPTY
    assert other.request2(ca.name, serial=serial).status == PROPERTY_EMPTY
    other.close()


def test_wrong_ca_name(ca, client):
    for name in ("Other", "", None):
        assert client.request(name, csr.csr(RSA_KEY), USER).status == INVALID_ARGUMENT
        assert client.request2(name, csr.csr(RSA_KEY), USER).status == INVALID_ARGUMENT
        assert client.get_ca_property(name, 6, 0, TEXT_TYPE)[0] == INVALID_ARGUMENT
        assert client.get_ca_property_info(name) == (INVALID_ARGUMENT, [])
        assert client.get_ca_cert(0, name)[0] == INVALID_ARGUMENT
        status, answer = client.get_ca_cert(int.from_bytes(b"name"), name)
        assert (status, text(answer)) == (0, ca.name)
        status, answer = client.get_ca_cert(int.from_bytes(b"sani"), name)
        assert (status, text(answer)) == (0, ca.name)
    check(ca, client.request2(ca.name.upper(), csr.csr(RSA_KEY), USER))


def test_pings(ca, client):
    for opnum in (5, 9):
        for name in (ca.name, "", None):
            assert client.ping(name, opnum) == 0
        assert client.ping("Other", opnum) == INVALID_ARGUMENT


def test_every_property(ca, client, tally):
    status, properties = client.get_ca_property_info(ca.name)
    assert status == 0
    assert [prop_id for prop_id, *_ in properties] == list(range(1, 0x33))
    values = {}
    for prop_id, kind, indexed, name in properties:
        assert kind in (LONG_TYPE, BINARY_TYPE, TEXT_TYPE) and name
        status, values[prop_id] = client.get_ca_property(ca.name, prop_id, 0, kind)
        wrong = client.get_ca_property(ca.name, prop_id, 0, 2)
        assert wrong == (INVALID_ARGUMENT, b"")
        if status:
            values[prop_id] = hex(status)
        elif kind == TEXT_TYPE:
            values[prop_id] = text(values[prop_id])
        status, _ = client.get_ca_property(ca.name, prop_id, 7, kind)
        assert status in (INVALID_ARGUMENT, FILE_NOT_FOUND, PROPERTY_EMPTY)
        if not indexed:
            assert client.get_ca_property(ca.name, prop_id, NEWEST, kind)[0] == INVALID_ARGUMENT
    info = struct.pack("<10I", 40, 0, 1, 1, 0, 0x32, 0, 0, 0, 1)
    crl = (ca.folder / "state" / "crl" / "base.crl").read_bytes()
    delta = (ca.folder / "state" / "crl" / "delta.crl").read_bytes()
    exchange = values[0x0F]
    version = values[0x01]
    assert re.fullmatch(r"\d+\.\d+\.\d+\.\d+", version)
    invalid, missing, empty = map(hex, (INVALID_ARGUMENT, FILE_NOT_FOUND, PROPERTY_EMPTY))
    zero, base, delta_only = bytes(4), b"\x05\0\0\0", b"\x06\0\0\0"
    expected = {
        0x02: version, 0x03: info, 0x04: missing, 0x05: "wcce enterprise policy", 0x06: ca.name,
        0x07: ca.name, 0x08: missing, 0x09: missing, 0x0A: info, 0x0B: info,
        0x0C: ca.certificate_der, 0x0E: info, 0x11: crl, 0x12: delta, 0x13: b"\x03", 0x14: b"\x03",
        0x15: info, 0x16: "ca1.lab.test", 0x17: invalid, 0x18: info, 0x19: info, 0x1A: missing,
        0x1B: empty, 0x1C: info, 0x1E: base, 0x1F: delta_only, 0x22: zero, 0x23: invalid,
        0x24: invalid, 0x25: invalid, 0x26: invalid, 0x27: zero, 0x28: ca.name, 0x29: "",
        0x2A: "", 0x2B: "", 0x2C: "en-US", 0x2D: "", 0x2E: zero, 0x2F: invalid, 0x30: invalid,
        0x31: invalid, 0x32: invalid,
    }
    for prop_id, value in expected.items():
        assert values[prop_id] == value, hex(prop_id)
    templates = values[0x1D].split("\n")
    assert templates[-1] == "" and "User" in templates[::2] and "UserECC" in templates[::2]
    ca.openssl_verify(exchange)
    assert x509.load_der_x509_certificate(exchange).subject.rfc4514_string().startswith(
        f"CN={ca.name}-Xchg"
    ) or f"CN={ca.name}-Xchg" in x509.load_der_x509_certificate(exchange).subject.rfc4514_string()
    for prop_id in (0x0D, 0x20):
        assert pkcs7_certificates(values[prop_id]) == [ca.certificate_der]
    for prop_id in (0x10, 0x21):
        assert pkcs7_certificates(values[prop_id]) == [ca.certificate_der]
        assert exchange in values[prop_id]
    assert [crl in values[prop_id] for prop_id in (0x0D, 0x20, 0x10, 0x21)] == [
        False, True, False, True
    ]
    tally("foreign-properties", "impacket")


def test_get_ca_cert(ca, client):
    for fchain, prop_id, index, kind in [
        (0, 0x0C, NEWEST, BINARY_TYPE), (1, 0x0F, 0, BINARY_TYPE),
        (b"ccrl", 0x11, NEWEST, BINARY_TYPE), (b"file", 0x01, 0, TEXT_TYPE),
        (b"info", 0x0A, 0, LONG_TYPE), (b"name", 0x06, 0, TEXT_TYPE), (b"pare", 0x09, 0, TEXT_TYPE),
        (b"poli", 0x05, 0, TEXT_TYPE), (b"prod", 0x02, 0, TEXT_TYPE), (b"sani", 0x07, 0, TEXT_TYPE),
        (b"shar", 0x08, 0, TEXT_TYPE), (b"cl\0\0", 0x11, 0, BINARY_TYPE),
        (b"ct\0\0", 0x0C, 0, BINARY_TYPE), (b"ct\0\1", 0x0C, 1, BINARY_TYPE),
        (b"ex\0\0", 0x04, 0, TEXT_TYPE), (b"sl\0\0", 0x14, 0, LONG_TYPE),
        (b"st\0\0", 0x13, 0, LONG_TYPE),
    ]:
        fchain = fchain if isinstance(fchain, int) else int.from_bytes(fchain)
        assert client.get_ca_cert(fchain, ca.name) == client.get_ca_property(
            ca.name, prop_id, index, kind
        ), hex(fchain)
    assert client.get_ca_cert(int.from_bytes(b"type"), ca.name) == (0, bytes(4))
    assert client.get_ca_cert(2, ca.name)[0] == INVALID_ARGUMENT


def test_from_the_old_interface_to_the_new(ca, alice):
    client = CertRequest(ca.host, alice, iid=ICERTREQUESTD)
    check(ca, client.request(ca.name, csr.csr(RSA_KEY), USER))
    client.query_interface(ICERTREQUESTD2)
    check(ca, client.request2(ca.name, csr.csr(RSA_KEY), USER))
    client.close()


def test_wrong_class_and_wrong_interface(ca, alice):
    nobody = uuidtup_to_bin(("12345678-1234-1234-1234-123456789abc", "0.0"))
    for arguments, code in [
        ({"clsid": string_to_bin("12345678-1234-1234-1234-123456789abc")}, "80040154"),
        ({"iid": nobody}, "80004002"),
    ]:
        with pytest.raises(DCERPCException) as refused:
            CertRequest(ca.host, alice, **arguments)
        assert code in str(refused.value).lower() or code in hex(refused.value.error_code), code


def test_a_released_object_is_gone(ca, client):
    assert client.ping(ca.name) == 0
    for _ in range(5):
        client.release()
    with pytest.raises(RpcFault) as fault:
        client.ping(ca.name)
    assert fault.value.status == 0x80010108, "RPC_E_DISCONNECTED"


@pytest.mark.parametrize("level", [2, 4, 5])
def test_calls_below_privacy_are_refused(ca, alice, level):
    """Activation at integrity is let in, the object's methods are not."""
    try:
        client = CertRequest(ca.host, alice, level=level)
    except DCERPCException as refused:
        assert level < 5, refused
        return
    assert level == 5
    with pytest.raises(RpcFault) as fault:
        client.ping(ca.name)
    assert fault.value.status == 5
    client.close()


def test_certipy(ca, alice, certipy, tally):
    output = certipy("req", "-dcom", "-ca", ca.name, "-template", "User", "-out", "alice")
    assert "Successfully requested certificate" in output, output
    request_id = re.search(r"Request ID is (\d+)", output).group(1)
    pem = subprocess.run(
        ["openssl", "pkcs12", "-in", certipy.folder / "alice.pfx", "-nokeys", "-passin", "pass:"],
        check=True, capture_output=True,
    ).stdout
    der = x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)
    ca.openssl_verify(der)
    tally("foreign-enrolment", "certipy -dcom")
    output = certipy("req", "-dcom", "-ca", ca.name, "-retrieve", request_id, "-out", "again")
    assert f"Request ID is {request_id}" in output and "Got certificate" in output, output
    again = x509.load_pem_x509_certificate((certipy.folder / "again.crt").read_bytes())
    assert again.public_bytes(serialization.Encoding.DER) == der
    tally("foreign-retrieval", "certipy -dcom")


def test_certipy_denial(ca, certipy):
    output = certipy("req", "-dcom", "-ca", ca.name, "-template", "Nope", code=None)
    assert "CERTSRV_E_UNSUPPORTED_CERT_TYPE" in output or "0x80094800" in output, output


def test_certipy_exchange_certificate(ca, certipy, tally):
    certipy("req", "-cax-cert", "-ca", ca.name, "-out", "exchange", code=None)
    found = [path.read_bytes() for path in certipy.folder.iterdir()]
    assert found, "certipy wrote no exchange certificate"
    certificate = next(load(content) for content in found)
    assert f"CN={ca.name}-Xchg" in certificate.subject.rfc4514_string()
    usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [usage.dotted_string for usage in usages] == ["1.3.6.1.4.1.311.21.5"]
    tally("foreign-properties", "certipy -cax-cert")


def load(content):
    if content.startswith(b"-----"):
        return x509.load_pem_x509_certificate(content)
    return x509.load_der_x509_certificate(content)


@pytest.mark.parametrize("spnego", [False, True], ids=["ntlm", "spnego"])
def test_the_way_of_windows(ca, alice, spnego, tally):
    """Request2 with a full response over NDR64 and header signing, then a release."""
    client = ScapyObject(ca.host, ntlm_ssp(alice, spnego))
    answer = client.request2(ca.name, csr.csr(RSA_KEY), USER, flags=FULL_RESPONSE)
    assert client.session.ndr64, "the server must take NDR64 where both syntaxes are offered"
    assert client.session.session.header_sign
    assert client.session.port == OBJECTS
    assert (answer.status, answer.pdwDisposition) == (0, ISSUED)
    certificate = bytes(answer.pctbEncodedCert.valueof("pb"))
    ca.openssl_verify(certificate)
    content, certificates = verified_content(ca, bytes(answer.pctbFullResponse.valueof("pb")))
    assert b"Issued" in content and certificate in certificates
    tally("foreign-enrolment", "scapy Request2 over NDR64")
    again = client.request2(ca.name, request_id=answer.pdwRequestId)
    assert bytes(again.pctbEncodedCert.valueof("pb")) == certificate
    tally("foreign-retrieval", "scapy Request2 over NDR64")
    client.object.release()
    assert not client.object.valid
    assert not client.session.ndr64, "IRemUnknown2 is in NDR 2.0, as Windows has it"
    client.close()
