"""What administrators change about a CA: imported certificates, templates."""

import datetime
import json

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

import certadmin as admin
import csr
from certadmin import DISPOSITION, EQ, MESSAGE, REQUESTER, REQUEST_ID, SERIAL, TEMPLATE, restriction
from staff import desk, enroll, retrieve, wcce

ISSUED, PENDING = 3, 5
ACCESS_DENIED, INVALID_ARGUMENT, INVALID_DATA = 0x80070005, 0x80070057, 0x8007000D
FOREIGN, KNOWN, NO_MATCH = 0x800B0107, 0x80071392, 0x80092009
UNSUPPORTED_TEMPLATE, UNKNOWN_TEMPLATE, NO_ARCHIVAL = 0x80094800, 0x80094813, 0x8009400A
ALLOW_FOREIGN, EXISTING_ROW = 0x10000, 0x20000
USER_OID = "1.3.6.1.4.1.311.21.8.1.2.3.4.5.6.1.100"


def certificate_of(office, key, name, issuer=None, signer=None):
    """A certificate that Python's cryptography signs, by default with the CA's own key."""
    own = serialization.load_pem_private_key((office.folder / "state/ca.key").read_bytes(), None)
    ca = x509.load_der_x509_certificate(office.certificate_der)
    now = datetime.datetime.now(datetime.timezone.utc)
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer or ca.subject)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=30))
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = builder.add_extension(identifier, critical=False)
    signed = builder.sign(signer or own, hashes.SHA256())
    return signed, signed.public_bytes(serialization.Encoding.DER)


def serial_of(certificate):
    digits = f"{certificate.serial_number:x}"
    return digits.zfill(len(digits) + len(digits) % 2)


def test_a_certificate_that_the_table_lacks_is_imported(office, people, tally):
    key = csr.rsa_key()
    certificate, der = certificate_of(office, key, "Imported")
    other, foreign = certificate_of(office, key, "Foreign", signer=csr.rsa_key())
    with desk(office, people["olivia"]) as officer:
        assert officer.imported(foreign)[0] == FOREIGN, "the CA's name, and another key"
        assert officer.imported(foreign, ALLOW_FOREIGN)[0] == FOREIGN, "KRAFlags is 0"
        assert officer.imported(der, 0x40000) == (INVALID_ARGUMENT, 0)
        assert officer.imported(der, EXISTING_ROW) == (NO_MATCH, 0)
        status, row = officer.imported(der)
        assert status == 0 and row > 0
        assert officer.imported(der) == (KNOWN, 0)
        assert officer.imported(der, EXISTING_ROW) == (KNOWN, 0)
        columns = [DISPOSITION, 0x1008, REQUESTER, 0x1011, SERIAL, 0x2001, 0x2017]
        [(_, values)] = officer.view([restriction(REQUEST_ID, EQ, row)], columns)
        assert values == {DISPOSITION: 20, 0x1008: 0, REQUESTER: "LAB\\olivia",
                          0x1011: "LAB\\olivia", SERIAL: serial_of(certificate), 0x2001: der,
                          0x2017: "Imported"}
        _, extensions = officer.extensions(row)
        assert extensions["2.5.29.14"][0] == 0x60000, "its origin is an import"
        # From now on it is revoked like any other.
        assert officer.is_valid(serial_of(certificate)) == (0, 3, 0)
        assert officer.revoke(serial_of(certificate), 4) == 0
        assert officer.is_valid(serial_of(certificate)) == (0, 2, 4)
    with desk(office, people["rita"]) as reader:
        assert reader.imported(der)[0] == ACCESS_DENIED
    assert 'events="4884"' in office.log_text()
    # Our own client, PEM and DER.
    certificate, der = certificate_of(office, key, "By our client")
    file = office.folder / "imported.pem"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    assert "imported as request" in wcce(office, people["olivia"], "import", file)
    file.write_bytes(der)
    assert "OBJECT_ALREADY_EXISTS" in wcce(office, people["olivia"], "import", file, code=1)
    tally("foreign-admin", "imported")


def test_an_imported_certificate_completes_a_pending_request(office, people, tally):
    key = csr.rsa_key()
    pending = enroll(office, people["alice"], "Approved", key)
    assert pending.disposition == PENDING
    row = pending.request_id
    certificate, der = certificate_of(office, key, "Signed elsewhere")
    _, others = certificate_of(office, csr.rsa_key(), "Of another key")
    with desk(office, people["olivia"]) as officer:
        assert officer.imported(others, EXISTING_ROW) == (NO_MATCH, 0)
        assert officer.imported(der, EXISTING_ROW) == (0, row)
        [(_, values)] = officer.view([restriction(REQUEST_ID, EQ, row)],
                                     [DISPOSITION, REQUESTER, SERIAL])
        assert values == {DISPOSITION: 20, REQUESTER: "LAB\\alice",
                          SERIAL: serial_of(certificate)}
    answer = retrieve(office, people["alice"], row)
    assert (answer.disposition, answer.certificate) == (ISSUED, der)
    tally("foreign-admin", "imported for a pending request")


def test_templates_are_enabled_and_disabled(office, people, tally):
    alice, adam = people["alice"], people["adam"]
    with desk(office, adam) as client:
        before = client.templates()
        assert before["UserECC"] == USER_OID and "Approved" in before and before["User"]
        # As clients do it: what they read, without a pair.
        without = {name: oid for name, oid in before.items() if name != "Approved"}
        assert client.set_templates(without) == 0
        assert client.templates() == without
    for _ in range(2):
        refused = enroll(office, alice, "Approved")
        assert refused.disposition == UNSUPPORTED_TEMPLATE, hex(refused.disposition)
        assert enroll(office, alice, "User").disposition == ISSUED
        office.stop()
        office.start()
    with desk(office, adam) as client:
        assert client.templates() == without, "kept over a restart"
        # Names without case, OIDs of any kind, no NUL at the end.
        changed = {"APPROVED": "1.2.3", **without}
        assert client.set_templates(changed, end="") == 0
        assert client.templates() == before
        assert client.set_templates({"Nobody": "", **before}) == UNKNOWN_TEMPLATE
        for wrong in (b"", b"x", "User\n".encode("utf-16-le"), "User".encode("utf-16-le")):
            assert client.set_property(0x1D, 4, wrong) == INVALID_ARGUMENT, wrong
        for number, kind, index in ((0x1D, 3, 0), (0x1D, 4, 1), (6, 4, 0), (0x18, 1, 0),
                                    (0x19, 1, 0), (0x1A, 3, -1), (0x99, 4, 0)):
            answer = client.set_property(number, kind, "User\n\n".encode("utf-16-le"), index)
            assert answer == INVALID_ARGUMENT, (number, kind, index)
        assert client.set_property(0x1A, 3, b"x") == NO_ARCHIVAL
        assert client.templates() == before
    with desk(office, people["olivia"]) as officer:
        assert officer.templates() == before, "for whoever reads"
        assert officer.set_templates(without) == ACCESS_DENIED
    assert enroll(office, alice, "Approved").disposition == PENDING
    assert 'events="4892"' in office.log_text()
    # Our own client.
    listed = json.loads(wcce(office, adam, "templates", "--json"))
    assert {one["name"]: one["oid"] for one in listed} == before
    assert wcce(office, adam, "templates", "disable", "approved") == "set\n"
    assert "Approved" not in wcce(office, adam, "templates")
    assert "not enabled" in wcce(office, adam, "templates", "disable", "Approved", code=1)
    assert wcce(office, adam, "templates", "enable", "Approved") == "set\n"
    assert "UNKNOWN_CERT_TYPE" in wcce(office, adam, "templates", "enable", "Nobody", code=1)
    assert "Approved" in wcce(office, adam, "templates")
    tally("foreign-admin", "templates")
