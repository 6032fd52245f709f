"""A CA that was renewed: with a new key, and then with the same: what it tells of its certificates, and
of the CRLs of each key."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from certadmin import BASE, DELTA
from running import Ca, ends_well, openssl
from staff import FORBIDDEN, desk, issue, security

INVALID_ARGUMENT, EMPTY = 0x80070057, 0x80094004
LONG, BINARY = 1, 3
CRL_COLUMNS = [0x5000, 0x5001, 0x5002, 0x5003, 0x5004, 0x5010]


@pytest.fixture(scope="module")
def renewed(tmp_path_factory, people):
    users = list(people.values())
    ca = Ca(tmp_path_factory.mktemp("renewed"), users, "127.0.0.14", FORBIDDEN,
            {"enrollment": f'security = "{security()}"\n'})
    ca.first = issue(ca, people["alice"])
    for key in ("new-key", "same-key"):
        ca.stop()
        ca.run("wcced", "ca", "renew", "--config", ca.folder / "wcced.toml", "--key", key)
        ca.start()
    yield ca
    ends_well(ca, users)


def der_of(file):
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    return certificate.public_bytes(serialization.Encoding.DER)


def test_keys_that_vouch_for_each_other_are_told(renewed, people, tally):
    state = renewed.folder / "state"
    forward, backward = der_of(state / "ca(0-1).crt"), der_of(state / "ca(1-0).crt")
    with desk(renewed, people["rita"]) as reader:
        assert reader.property(0x27, LONG) == (0, b"\0\0\0\0" b"\1\0\1\0" b"\2\0\1\0")
        for index in range(3):
            assert reader.property(0x13, LONG, index) == (0, b"\3\3\3"), "all are valid"
            assert reader.property(0x14, LONG, index) == (0, b"\3\3\1"), "two keys have CRLs"
            assert reader.property(0x25, LONG, index) == (0, b"\3\1\1")
            assert reader.property(0x26, LONG, index) == (0, b"\1\3\1")
        assert reader.property(0x25, LONG, 3)[0] == INVALID_ARGUMENT
        expected = {0x23: [(0, forward), (EMPTY, b""), (INVALID_ARGUMENT, b"")],
                    0x24: [(INVALID_ARGUMENT, b""), (0, backward), (EMPTY, b"")]}
        for number, answers in expected.items():
            assert [reader.property(number, BINARY, i) for i in range(3)] == answers
            assert reader.property(number, BINARY, -1)[0] == INVALID_ARGUMENT
    # OpenSSL believes the new key by the forward one, where it trusts the old one alone.
    _, _, leaf = issue(renewed, people["alice"])
    for name, der in (("leaf.pem", leaf), ("forward.pem", forward)):
        (renewed.folder / name).write_bytes(openssl("x509", "-inform", "DER", input=der))
    openssl("verify", "-x509_strict", "-CAfile", state / "ca.crt", "-untrusted",
            renewed.folder / "forward.pem", renewed.folder / "leaf.pem")
    tally("foreign-admin", "cross certificates")


def test_each_key_has_rows_of_crls(renewed, people, tally):
    _, serial, _ = renewed.first
    with desk(renewed, people["boss"]) as boss:
        assert boss.revoke(serial, 1) == 0
        assert boss.publish(BASE | DELTA) == 0
        rows = [values for _, values in boss.view([], CRL_COLUMNS)][-4:]
        assert [(row[0x5003], row[0x5002] > 0) for row in rows] == [
            (0x10000, False), (0x10000, True), (0, False), (0, True)]
        assert len({row[0x5001] for row in rows}) == 1, "one number"
        for row in rows:
            crl = x509.load_der_x509_crl(row[0x5010])
            assert crl.get_revoked_certificate_by_serial_number(int(serial, 16))
            assert len(crl) == row[0x5004]
        keys = [der_of(renewed.folder / "state" / name) for name in ("ca(2).crt", "ca.crt")]
        for row, der in zip(rows[::2], keys):
            signer = x509.load_der_x509_certificate(der)
            assert x509.load_der_x509_crl(row[0x5010]).is_signature_valid(signer.public_key())
        for index, key in ((0, 0), (1, 0x10000), (2, 0x10000)):
            [base] = [row[0x5010] for row in rows if row[0x5003] == key and not row[0x5002]]
            assert boss.property(0x11, BINARY, index) == (0, base)
            assert boss.property(0x1E, LONG, index) == (0, b"\x45\0\0\0")
            assert boss.property(0x1F, LONG, index) == (0, b"\x46\0\0\0")
        for row in rows:
            assert boss.delete(table=0x5000, row=row[0x5000])[0] == 0x80070005, "in use"
    tally("foreign-admin", "CRLs of two keys")
