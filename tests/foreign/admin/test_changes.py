"""What administrators change about a CA: imported certificates, templates, configuration entries, rows
of its tables, and whether it runs."""

import base64
import datetime
import json

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

import certadmin as admin
import csr
from certadmin import BASE, DELTA, DISPOSITION, EQ, REQUESTER, REQUEST_ID, SERIAL, restriction
from certrequest import CertRequest
from running import openssl
from staff import desk, enroll, issue, retrieve, wcce

ISSUED, PENDING = 3, 5
ACCESS_DENIED, INVALID_ARGUMENT, INVALID_DATA = 0x80070005, 0x80070057, 0x8007000D
FOREIGN, KNOWN, NO_MATCH = 0x800B0107, 0x80071392, 0x80092009
UNSUPPORTED_TEMPLATE, UNKNOWN_TEMPLATE, NO_ARCHIVAL = 0x80094800, 0x80094813, 0x8009400A
ALLOW_FOREIGN, EXISTING_ROW = 0x10000, 0x20000
KEYGEN = 0x200
USER_OID = "1.3.6.1.4.1.311.21.8.1.2.3.4.5.6.1.100"


def certificate_of(office, key, name, signer=None, start=None):
    """A certificate that Python's cryptography signs, by default with the CA's own key."""
    own = serialization.load_pem_private_key((office.folder / "state/ca.key").read_bytes(), None)
    ca = x509.load_der_x509_certificate(office.certificate_der)
    start = start or datetime.datetime.now(datetime.timezone.utc)
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(ca.subject)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(start).not_valid_after(start + datetime.timedelta(days=30))
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


def lifetime(office, who):
    """How many days a certificate is valid that is issued now."""
    _, _, der = issue(office, who)
    certificate = x509.load_der_x509_certificate(der)
    return (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days


def crl_days(client):
    """For how many days the CRL is valid that is published now."""
    assert client.publish(BASE) == 0
    crl = x509.load_der_x509_crl(client.crl()[1])
    return (crl.next_update_utc - crl.last_update_utc).days


def test_periods_count_at_once_and_after_a_restart(office, people, tally):
    alice, adam = people["alice"], people["adam"]
    assert lifetime(office, alice) > 300
    with desk(office, adam) as client:
        assert (client.value("CRLPeriod"), client.value("CRLPeriodUnits")) == ("Weeks", 1)
        assert crl_days(client) == 7
        assert client.set_entry("CRLPeriodUnits", 3) == 0
        assert crl_days(client) == 21
        assert client.set_entry("crlperiod", "DAYS") == 0
        assert (client.value("CRLPeriod"), client.value("CRLPeriodUnits")) == ("Days", 3)
        assert client.set_entry("CRLOverlapPeriod", "Hours") == 0
        assert client.set_entry("CRLOverlapUnits", 48) == 0
        assert crl_days(client) == 5
        assert client.set_entry("ValidityPeriod", "Months") == 0
        assert client.set_entry("ValidityPeriodUnits", 3) == 0
        for name, wrong in (("CRLPeriod", "Fortnights"), ("CRLPeriod", 3), ("CRLPeriodUnits", "3"),
                            ("CRLPeriodUnits", 0), ("ValidityPeriodUnits", 101 * 365)):
            assert client.set_entry(name, wrong) == INVALID_ARGUMENT, name
        # No delta CRLs, and then again.
        assert client.set_entry("CRLDeltaPeriodUnits", 0) == 0
        assert client.publish(DELTA) == INVALID_ARGUMENT
        assert client.set_entry("CRLDeltaPeriodUnits", 2) == 0
        assert client.publish(DELTA) == 0
        assert client.set_entry("InterfaceFlags", 0) == ACCESS_DENIED
        assert client.set_entry("CRLPublicationURLs", "x") == ACCESS_DENIED
        assert client.set_entry("Nothing", 1) == ACCESS_DENIED
    for _ in range(2):
        assert 89 <= lifetime(office, alice) <= 90
        with desk(office, adam) as client:
            assert crl_days(client) == 5
        office.stop()
        office.start()
    assert 'setting="ca.crl.validity"' in office.log_text(), "the log says what counts in its place"
    for name in ("CRLPeriod", "CRLPeriodUnits", "CRLOverlapPeriod", "CRLOverlapUnits",
                 "ValidityPeriod", "ValidityPeriodUnits", "CRLDeltaPeriodUnits"):
        with desk(office, adam) as client:
            assert client.set_entry(name, None) == 0
    with desk(office, people["rita"]) as reader:
        assert reader.set_entry("CRLPeriodUnits", 3) == ACCESS_DENIED
    assert lifetime(office, alice) > 300
    with desk(office, adam) as client:
        assert crl_days(client) == 7
    # Our own client.
    assert wcce(office, adam, "config", "CRLPeriodUnits", "--set", 2) == "set\n"
    assert wcce(office, adam, "config", "CRLPeriodUnits") == "2\n"
    assert wcce(office, adam, "config", "CRLPeriodUnits", "--unset") == "set\n"
    assert wcce(office, adam, "config", "CRLPeriodUnits") == "1\n"
    tally("foreign-admin", "periods")


def test_every_entry_that_is_listed_can_be_read(office, people, tally):
    module = "PolicyModules\\CertificateAuthority_MicrosoftDefault.Policy"
    with desk(office, people["rita"]) as reader:
        names = {}
        for authority, node in (("", ""), (office.name, ""), (office.name, "CSP"),
                                (office.name, "PolicyModules"), (office.name, "ExitModules"),
                                (office.name, module)):
            listed = wcce(office, people["rita"], "config", "--node", node) if authority else ""
            for name in listed.split():
                status, kind = reader.kind_of_entry(authority, node, name)
                assert status == 0 and kind in (3, 8, 0x2008, 0x2011), name
            names[node] = listed.split()
        assert len(names[""]) > 25 and "CRLAttemptRepublish" in names[""]
        assert reader.value("UseDS") == 0, "the directory is a file"
        assert reader.value("CAType") == 0 and reader.value("KRAFlags") == 0
        assert reader.value("CommonName") == office.name
        assert reader.value("CNGHashAlgorithm", "CSP") == "SHA256"
        assert reader.value("EditFlags", module) == 0x11014E
        assert reader.value("Version", authority="") == 0x70001
    tally("foreign-admin", "entries listed")


def test_rows_that_nobody_needs_are_deleted(office, people, tally):
    alice, boss = people["alice"], people["boss"]
    pending = [enroll(office, alice, "Approved").request_id for _ in range(2)]
    denied = enroll(office, alice, "Nobody").request_id
    valid, serial, _ = issue(office, alice)
    with desk(office, people["olivia"]) as officer:
        key = csr.rsa_key()
        start = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
        _, expired_der = certificate_of(office, key, "Expired", start=start)
        status, expired = officer.imported(expired_der)
        assert status == 0
        assert officer.delete(row=denied) == (ACCESS_DENIED, 0), "it takes both roles"
    with desk(office, people["adam"]) as administrator:
        assert administrator.delete(row=denied) == (ACCESS_DENIED, 0)
    with desk(office, boss) as client:
        ids = lambda: {row for row, _ in client.view([], [REQUEST_ID])}
        for wrong in ({}, {"row": 1, "before": start}, {"row": 1, "flags": 3},
                      {"row": 1, "table": 0x6000}, {"before": start}, {"row": 1, "flags": 1,
                      "table": 0x3000}, {"before": start, "table": 0x4000}):
            assert client.delete(**wrong) == (INVALID_ARGUMENT, 0), wrong
        assert client.delete(row=0x7FFFFFFF) == (0, 0)
        assert client.delete(row=valid) == (ACCESS_DENIED, 0), "valid"
        assert client.revoke(serial, 1) == 0
        assert client.delete(row=valid) == (ACCESS_DENIED, 0), "revoked, and on CRLs"
        assert client.delete(row=valid, table=0x3000) == (ACCESS_DENIED, 0)
        assert client.delete(row=pending[0], table=0x4000) == (ACCESS_DENIED, 0), "undecided"
        assert client.attributes(denied)[1]
        status, count = client.delete(row=denied, table=0x4000)
        assert status == 0 and count > 0 and client.attributes(denied)[1] == []
        assert client.delete(row=pending[0]) == (0, 1)
        before = ids()
        assert client.delete(flags=1, before=start) == (0, 0), "nothing ended before it began"
        tomorrow = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
        assert client.delete(flags=1, before=tomorrow + datetime.timedelta(days=9999)) == (0, 1)
        assert ids() == before - {expired} and valid in ids()
        status, count = client.delete(flags=2, before=tomorrow)
        assert status == 0 and count >= 2
        left = client.view([], [DISPOSITION])
        assert {values[DISPOSITION] for _, values in left} <= {20, 21}
        assert valid in ids() and not {*pending, denied} & ids()
        assert enroll(office, alice, "Approved").request_id > valid, "no identifier twice"
    assert 'events="4896"' in office.log_text()
    # Our own client.
    row = enroll(office, alice, "Nobody").request_id
    assert wcce(office, boss, "delete-rows", "--id", row) == "1 rows deleted\n"
    assert "E_ACCESSDENIED" in wcce(office, boss, "delete-rows", "--id", valid, code=1)
    old = wcce(office, boss, "delete-rows", "--expired-before", "2020-01-01")
    assert old == "0 rows deleted\n"
    office.run("wcced", "check-db", "--config", office.folder / "wcced.toml")
    tally("foreign-admin", "rows deleted")


CRL_COLUMNS = list(range(0x5000, 0x5011))


def test_the_crl_table_has_each_crl_that_was_published(office, people, tally):
    alice, boss = people["alice"], people["boss"]
    with desk(office, boss) as client:
        assert client.publish(BASE) == 0
        [*_, (_, base_before), _] = client.view([], CRL_COLUMNS)
    _, serial, _ = issue(office, alice)
    with desk(office, boss) as client:
        assert client.revoke(serial, 1) == 0
        assert client.publish(DELTA) == 0
        rows = client.view([], CRL_COLUMNS)
        _, delta = rows[-1]
        crl = x509.load_der_x509_crl(delta[0x5010])
        assert delta[0x5001] == base_before[0x5001] + 1 and delta[0x5002] == base_before[0x5001]
        assert delta[0x5004] == len(crl) >= 1
        assert delta[0x5009] == base_before[0x5005], "since its base CRL"
        seconds = lambda filetime: filetime // 10_000_000 - 11_644_473_600
        assert seconds(delta[0x5005]) == crl.last_update_utc.timestamp()
        assert seconds(delta[0x5006]) == crl.next_update_utc.timestamp()
        assert delta[0x5007] < delta[0x500A] < delta[0x5008] < delta[0x5006]
        assert (delta[0x500C], delta[0x500D], delta[0x500E]) == (1, 0x46, 0)
        assert delta[0x500F] == "Published by LAB\\boss\n"
        assert client.publish(BASE) == 0
        rows = client.view([], CRL_COLUMNS)
        assert rows[-2][1][0x5004] == base_before[0x5004] + 1, "one entry more"
        over = rows[-3][1]
        assert over[0x5001] == delta[0x5001] and over[0x5010] is None, "kept without its text"
        # The status of the newest ones is a property too.
        assert client.property(0x1E, 1) == (0, b"\x45\0\0\0")
        assert client.property(0x1F, 1) == (0, b"\x46\0\0\0")
        filtered = client.view([restriction(0x5001, EQ, delta[0x5001])], [0x5000])
        assert [row for row, _ in filtered] == [over[0x5000]]
    office.stop()
    office.start()
    with desk(office, boss) as client:
        assert client.view([], CRL_COLUMNS) == rows, "kept over a restart"
        ids = [row for row, _ in rows]
        assert client.delete(table=0x5000, row=ids[-1]) == (ACCESS_DENIED, 0), "in use"
        assert client.delete(table=0x5000, row=ids[-3]) == (0, 1)
        assert client.delete(table=0x5000, row=ids[-3]) == (0, 0)
        later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=99)
        assert client.delete(table=0x5000, flags=1, before=later) == (0, len(ids) - 3)
        assert client.view([], CRL_COLUMNS) == rows[-2:]
    assert wcce(office, boss, "delete-rows", "--crls-before", "2020-01-01") == "0 rows deleted\n"
    tally("foreign-admin", "CRL table")


def test_backups_are_not_made_over_the_network(office, people, tally):
    """IF_NOREMOTEICERTADMINBACKUP is set, as on Windows."""
    with desk(office, people["bert"]) as operator:
        prepare = {"grbit": 0, "backup_flags": 0, "annotation": "\0", "client": 0}
        assert operator.status(admin.BackupPrepare, **prepare) == ACCESS_DENIED
    with desk(office, people["rita"]) as reader:
        assert reader.value("InterfaceFlags") & 0x40
    log = office.log_text()
    assert "backups are made on the CA's machine" in log
    tally("foreign-admin", "backup refused")


def test_the_service_is_ended_only_where_that_is_allowed(office, people, tally):
    settings = "[administration]\n"
    for who, expected in (("boss", 0), ("adam", 0), ("bert", 0), ("olivia", ACCESS_DENIED)):
        with desk(office, people[who]) as client:
            assert client.control(2) == client.control(3) == expected
            assert client.control(1) == ACCESS_DENIED
            assert client.control(4) == (INVALID_ARGUMENT if expected == 0 else ACCESS_DENIED)
    office.stop()
    office.edit("wcced.toml", settings, settings + "remote_shutdown = true\n")
    office.start()
    with desk(office, people["olivia"]) as client:
        assert client.control(1) == ACCESS_DENIED
    with desk(office, people["bert"]) as operator:
        assert operator.control(2) == 0
        assert operator.control(1) == 0
    assert office.process.wait(timeout=15) == 0, "a clean end"
    assert 'events="4875"' in office.log_text()
    office.log.close()
    office.edit("wcced.toml", settings + "remote_shutdown = true\n", settings)
    office.start()
    assert "E_ACCESSDENIED" in wcce(office, people["adam"], "shutdown", code=1)
    tally("foreign-admin", "service ended")


def test_a_keygen_request_waits_and_is_approved(office, people, tally):
    """Its challenge is a password: it is checked once, is among no attributes of the row, and an approval
    needs none."""
    key = csr.rsa_key()
    file = office.folder / "keygen.pem"
    file.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    made = openssl("spkac", "-key", file, "-challenge", "Ch4llenge", "-digest", "sha256")
    spkac = base64.b64decode(made.removeprefix(b"SPKAC="))
    client = CertRequest(office.host, people["alice"])
    attributes = "CertificateTemplate:Approved\nCN:Keygen"
    ask = lambda more: client.request2(office.name, spkac, attributes + more, flags=KEYGEN)
    try:
        wrong = ask("\nchallenge:other")
        assert wrong.disposition not in (ISSUED, PENDING), "not the challenge"
        pending = ask("\nchallenge:Ch4llenge")
    finally:
        client.close()
    assert pending.disposition == PENDING, pending.message
    with desk(office, people["olivia"]) as officer:
        columns = officer.view([restriction(REQUEST_ID, EQ, pending.request_id)], [0x1005])
        assert "Ch4llenge" not in str(columns) and not any(
            name.lower() == "challenge" for name, _ in officer.attributes(pending.request_id)[1])
        assert officer.resubmit(pending.request_id) == (0, ISSUED)
    issued = retrieve(office, people["alice"], pending.request_id)
    certificate = x509.load_der_x509_certificate(issued.certificate)
    assert certificate.public_key() == key.public_key()
    assert "Ch4llenge" not in office.log_text()
    tally("foreign-admin", "KEYGEN approved")
