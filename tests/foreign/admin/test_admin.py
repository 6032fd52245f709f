"""Administration over DCOM: impacket with the methods of ICertAdminD and ICertAdminD2, through
examples 3.5, 3.8 and 3.9 of [MS-CERSOD] and the roles of a CA."""

import contextlib
import datetime
import json
import struct

import pytest
from cryptography import x509
from impacket.dcerpc.v5 import rpcrt
from impacket.ldap.ldaptypes import SR_SECURITY_DESCRIPTOR

import certadmin as admin
from certadmin import (
    BASE, CRITICAL, DELTA, DISABLED, DISPOSITION, DOWN, EQ, GE, HOLD, LE, MESSAGE, RELEASE,
    REPUBLISH, REQUESTER, REQUEST_ID, S_FALSE, SERIAL, STATUS, TEMPLATE, UP, restriction,
)
from icpr import RpcFault
from running import openssl
from staff import RIGHTS, desk, enroll, issue, retrieve, wcce

ISSUED, PENDING, DENIED = 3, 5, 2
ACCESS_DENIED, INVALID_ARGUMENT, INVALID_DATA = 0x80070005, 0x80070057, 0x8007000D
INVALID_HANDLE, UNEXPECTED, FILE_NOT_FOUND = 0x80070006, 0x8000FFFF, 0x80070002
BAD_STATUS, NOT_FOUND, RESTRICTED = 0x80094003, 0x80094004, 0x80094009
TEMPLATE_DENIED, ADMIN_DENIED, NO_ADMINISTRATOR = 0x80094012, 0x80094014, 0x8009400D
FOREIGN, KNOWN = 0x800B0107, 0x80071392
CAPABILITIES = "1.2.840.113549.1.9.15"
AES = bytes.fromhex("300d300b060960864801650304012a")


def test_example_3_5(office, people, tally):
    """A request is approved by a certificate manager, who sets an extension first."""
    requested = enroll(office, people["alice"], "Approved")
    assert (requested.status, requested.disposition) == (0, PENDING)
    row = requested.request_id
    with desk(office, people["olivia"]) as officer:
        pending = officer.open_view(
            [restriction(DISPOSITION, EQ, 9)], [REQUEST_ID, REQUESTER, 0x100B, TEMPLATE]
        )
        assert pending.status == S_FALSE
        [mine] = [values for row_id, values in pending.rows if row_id == row]
        assert mine[REQUEST_ID] == row and mine[REQUESTER] == "LAB\\alice" and mine[0x100B]
        assert officer.set_extension(row, CAPABILITIES, AES) == 0
        assert officer.resubmit(row) == (0, ISSUED)
        assert officer.close_view() == 0
        assert officer.close_view() == INVALID_HANDLE
    issued = retrieve(office, people["alice"], row)
    assert (issued.status, issued.disposition) == (0, ISSUED)
    text = office.openssl_verify(issued.certificate)
    assert "S/MIME Capabilities" in text
    certificate = x509.load_der_x509_certificate(issued.certificate)
    [extension] = [e for e in certificate.extensions if e.oid.dotted_string == CAPABILITIES]
    assert extension.value.value == AES
    with desk(office, people["olivia"]) as officer:
        [(_, values)] = officer.view(
            [restriction(REQUEST_ID, EQ, row)], [DISPOSITION, MESSAGE, SERIAL, 0x1010, 0x1011]
        )
        assert values[DISPOSITION] == 20 and values[MESSAGE].endswith("Resubmitted by LAB\\olivia")
        assert int(values[SERIAL], 16) == certificate.serial_number
        assert values[0x1010] == values[0x1011] == "LAB\\alice"
        status, extensions = officer.extensions(row)
        assert status == S_FALSE and extensions[CAPABILITIES] == (0x30000, AES)
        # Once more there is nothing to decide.
        assert officer.set_extension(row, CAPABILITIES, AES) == BAD_STATUS
        assert officer.set_attributes(row, "a:b") == BAD_STATUS
        assert officer.deny(row) == BAD_STATUS
        assert officer.resubmit(row) == (0, BAD_STATUS)
        assert officer.resubmit(0x7FFFFFFF) == (NOT_FOUND, 0)
    for event in ('events="4873"', 'events="4869,4887"'):
        assert event in office.log_text()
    tally("foreign-admin", "example 3.5")


def test_example_3_5_denied(office, people, tally):
    row = enroll(office, people["alice"], "Approved").request_id
    with desk(office, people["olivia"]) as officer:
        assert officer.deny(row) == 0
        # A denied request is for administrators who are officers too.
        assert officer.resubmit(row) == (0, BAD_STATUS)
    answer = retrieve(office, people["alice"], row)
    assert (answer.status, answer.disposition) == (ADMIN_DENIED, DENIED)
    assert answer.message == "Denied by LAB\\olivia" and not answer.certificate
    with desk(office, people["boss"]) as boss:
        assert boss.resubmit(row) == (0, ISSUED)
    assert retrieve(office, people["alice"], row).disposition == ISSUED
    tally("foreign-admin", "example 3.5 denied")


def test_nobody_approves_a_request_of_their_own(office, people, tally):
    row = enroll(office, people["boss"], "Approved").request_id
    with desk(office, people["boss"]) as boss:
        assert boss.set_extension(row, CAPABILITIES, AES) == RESTRICTED
        assert boss.set_attributes(row, "a:b") == RESTRICTED
        assert boss.resubmit(row)[0] == RESTRICTED
    with desk(office, people["olivia"]) as officer:
        assert officer.resubmit(row) == (0, ISSUED)
    tally("foreign-admin", "own request")


def test_managers_cannot_name_others(office, people, tally):
    """ESC7: an approver sets names, purposes and SIDs of certificates."""
    row = enroll(office, people["alice"], "Approved").request_id
    with desk(office, people["olivia"]) as officer:
        for oid in ("2.5.29.17", "2.5.29.37", "2.5.29.19", "1.3.6.1.4.1.311.25.2", "2.5.29.32"):
            for flags in (0, CRITICAL, DISABLED):
                assert officer.set_extension(row, oid, b"\x30\x00", flags=flags) == ACCESS_DENIED
        assert officer.set_extension(row, "no oid", AES) == INVALID_ARGUMENT
        assert officer.set_extension(row, CAPABILITIES, AES, kind=7) == INVALID_ARGUMENT
        assert officer.set_attributes(row, "SAN:upn=boss@lab.test\nRequesterName:LAB\\boss") == 0
        assert officer.resubmit(row) == (0, ISSUED)
    text = office.openssl_verify(retrieve(office, people["alice"], row).certificate)
    assert "boss" not in text and "alice@lab.test" in text
    tally("foreign-admin", "names by managers")


def test_example_3_8(office, people, tally):
    """A certificate is found, revoked, and on the next CRL."""
    row, serial, certificate = issue(office, people["alice"])
    with desk(office, people["boss"]) as boss:
        view = boss.open_view([restriction(DISPOSITION, EQ, 20)], [REQUEST_ID, SERIAL, 0x2017])
        assert (row, serial) in [(found, values[SERIAL]) for found, values in view.rows]
        assert boss.is_valid(serial) == (0, 3, 0)
        now = datetime.datetime.now(datetime.timezone.utc)
        assert boss.revoke(serial, 1, now) == 0
        assert boss.publish(BASE | DELTA) == 0
        assert boss.close_view() == 0
        assert boss.is_valid(serial) == (0, 2, 1)
        status, der = boss.crl()
        assert status == 0
        crl = x509.load_der_x509_crl(der)
        entry = crl.get_revoked_certificate_by_serial_number(int(serial, 16))
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
        assert reason == x509.ReasonFlags.key_compromise
        [(_, values)] = boss.view([restriction(REQUEST_ID, EQ, row)],
                                  [DISPOSITION, MESSAGE, 0x100D, 0x100E, 0x100F])
        assert values[DISPOSITION] == 21 and values[0x100F] == 1
        assert values[0x100E] and values[0x100D] and values[MESSAGE] == "Revoked by LAB\\boss"
        # The CRL table ends with the base and the delta CRL of one number, which boss asked for.
        rows = boss.view([], [0x5000, 0x5001, 0x500D, 0x500F, 0x5010])
        assert [row for row, _ in rows] == [values[0x5000] for _, values in rows]
        base, delta = (values for _, values in rows[-2:])
        assert (base[0x500D], delta[0x500D]) == (0x45, 0x46)
        assert base[0x5001] == delta[0x5001] and base[0x5010] == der
        assert base[0x500F] == "Published by LAB\\boss\n"
    (office.folder / "crl.der").write_bytes(der)
    (office.folder / "leaf.der").write_bytes(certificate)
    pem = openssl("x509", "-inform", "DER", input=certificate)
    (office.folder / "leaf.pem").write_bytes(pem)
    crl_pem = openssl("crl", "-inform", "DER", input=der)
    (office.folder / "crl.pem").write_bytes(crl_pem)
    with pytest.raises(AssertionError, match="revoked"):
        openssl("verify", "-crl_check", "-CAfile", office.certificate_file, "-CRLfile",
                office.folder / "crl.pem", office.folder / "leaf.pem")
    tally("foreign-admin", "example 3.8")


def test_example_3_8_variations(office, people, tally):
    _, serial, _ = issue(office, people["alice"])
    listed = lambda der: x509.load_der_x509_crl(der).get_revoked_certificate_by_serial_number(
        int(serial, 16))
    with desk(office, people["boss"]) as boss:
        assert boss.revoke(serial, RELEASE) == INVALID_DATA
        assert boss.revoke(serial, 7) == INVALID_ARGUMENT
        assert boss.revoke(serial.upper() + "AA", 1) == INVALID_ARGUMENT
        assert boss.revoke("0badcafe", 1) == INVALID_ARGUMENT
        tomorrow = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
        assert boss.revoke(serial, HOLD, tomorrow) == 0
        assert boss.is_valid(serial) == (0, 3, 0)
        assert boss.publish(BASE) == 0 and not listed(boss.crl()[1])
        assert boss.revoke(serial, HOLD) == 0
        assert boss.publish(BASE) == 0 and listed(boss.crl()[1])
        assert boss.revoke(serial, RELEASE) == 0
        assert boss.is_valid(serial) == (0, 3, 0)
        assert boss.publish(DELTA) == 0
        [*_, (_, newest)] = boss.view([restriction(0x5002, GE, 1)], [0x5010])
        delta = newest[0x5010]
        reason = listed(delta).extensions.get_extension_for_class(x509.CRLReason).value.reason
        assert reason == x509.ReasonFlags.remove_from_crl
        assert boss.publish(BASE) == 0 and not listed(boss.crl()[1])
        assert boss.revoke(serial, 4) == 0
        assert boss.revoke(serial, RELEASE) == INVALID_DATA
        before = boss.crl()[1]
        assert boss.publish(REPUBLISH | BASE) == 0 and boss.crl()[1] == before
        for wrong in (0, REPUBLISH, 8):
            assert boss.publish(wrong) == INVALID_ARGUMENT
        assert boss.publish(BASE, 1) == INVALID_ARGUMENT
        assert boss.publish(BASE, tomorrow) == 0
        crl = x509.load_der_x509_crl(boss.crl()[1])
        assert abs(crl.next_update_utc - tomorrow) < datetime.timedelta(seconds=2)
    tally("foreign-admin", "example 3.8 variations")


def test_example_3_9(office, people, tally):
    """The template's permissions do not let the caller enroll; the table says so."""
    denied = enroll(office, people["oscar"], "Forbidden")
    assert (denied.status, denied.disposition) == (0, TEMPLATE_DENIED) and not denied.certificate
    with desk(office, people["rita"]) as reader:
        rows = reader.view([restriction(0xFFFFFFFD)], [REQUEST_ID, DISPOSITION, STATUS, REQUESTER])
    [values] = [values for row, values in rows if row == denied.request_id]
    assert (values[DISPOSITION], values[STATUS]) == (31, TEMPLATE_DENIED)
    assert values[REQUESTER] == "LAB\\oscar"
    tally("foreign-admin", "example 3.9")


READERS = {"olivia", "adam", "rita", "boss"}
OFFICERS, ADMINISTRATORS = {"olivia", "boss"}, {"adam", "boss"}


def attempts(client):
    """Methods with arguments that change nothing, and who may call them."""
    nobody = 0x7FFFFFFF
    return {
        "SetExtension": (client.set_extension(nobody, CAPABILITIES, AES), OFFICERS),
        "SetAttributes": (client.set_attributes(nobody, "a:b"), OFFICERS),
        "ResubmitRequest": (client.resubmit(nobody)[0], OFFICERS),
        "DenyRequest": (client.deny(nobody), OFFICERS),
        "RevokeCertificate": (client.revoke("0badcafe", 1), OFFICERS),
        "ImportCertificate": (client.call(
            admin.ImportCertificate, admin.LongAnswer, certificate=admin.blob(b"x"),
            flags=0)["status"], OFFICERS),
        "GetArchivedKey": (client.call(admin.GetArchivedKey, admin.BlobAnswer, id=1)["status"],
                           OFFICERS),
        "IsValidCertificate": (client.is_valid("0badcafe")[0], READERS),
        "GetCRL": (client.crl()[0], READERS),
        "EnumViewColumnTable": (client.columns(0)[0], READERS),
        "GetViewDefaultColumnSet": (client.counted(
            admin.GetViewDefaultColumnSet, set=0xFFFFFFFF)[0], READERS),
        "EnumAttributesOrExtensions": (client.counted(
            admin.EnumAttributesOrExtensions, row=1, flags=0, last=admin.NULL, wanted=9)[0],
            READERS),
        "EnumView": (client.counted(admin.EnumView, ielt=1, celt=1)[0], READERS),
        "CloseView": (client.close_view(), READERS),
        "GetCAProperty": (client.call(
            admin.GetCAProperty, admin.BlobAnswer, id=6, index=0, type=4)["status"], READERS),
        "GetCASecurity": (client.security()[0], READERS),
        "GetAuditFilter": (client.call(admin.GetAuditFilter, admin.DwordAnswer)["status"], READERS),
        "GetOfficerRights": (client.officer_rights()[0], READERS),
        "GetConfigEntry": (client.entry("", "", "Active")[0], READERS),
        "GetMyRoles": (client.roles()[0], READERS),
        "Ping": (client.status(admin.Ping), ADMINISTRATORS),
        "Ping2": (client.status(admin.Ping2), ADMINISTRATORS),
        "PublishCRLs": (client.publish(0), ADMINISTRATORS),
        "SetCASecurity": (client.set_security(b"x"), ADMINISTRATORS),
        "SetOfficerRights": (client.set_officer_rights(1, b"x"), ADMINISTRATORS),
        "SetAuditFilter": (client.status(admin.SetAuditFilter, filter=0x80),
                           ADMINISTRATORS | {"audrey"}),
        "GetServerState": (client.call(
            admin.GetServerState, admin.DwordAnswer)["status"], set(RIGHTS)),
    }


@pytest.mark.parametrize("name", RIGHTS)
def test_role_matrix(office, people, name, tally):
    with desk(office, people[name]) as client:
        for method, (status, allowed) in attempts(client).items():
            assert (status != ACCESS_DENIED) == (name in allowed), f"{method}: 0x{status:08x}"
        if name in READERS:
            assert client.roles() == (0, 0x200 | RIGHTS[name])
    tally("foreign-admin-role", name)


def test_another_ca_is_not_meant(office, people, tally):
    with desk(office, people["boss"]) as boss:
        boss.authority = office.name.upper()
        assert boss.roles()[0] == 0, "compared without case"
        assert boss.status(admin.Ping2, authority="") == 0
        boss.authority = "Another CA"
        assert boss.roles()[0] == INVALID_ARGUMENT
        assert boss.status(admin.Ping2) == INVALID_ARGUMENT
    tally("foreign-admin", "another CA")


def test_calls_must_be_sealed(office, people, tally):
    for level in (rpcrt.RPC_C_AUTHN_LEVEL_PKT_INTEGRITY, rpcrt.RPC_C_AUTHN_LEVEL_PKT):
        with contextlib.suppress(rpcrt.DCERPCException), \
                desk(office, people["boss"], level=level) as boss:
            with pytest.raises(RpcFault) as refused:
                boss.roles()
            assert refused.value.status == 5
    tally("foreign-admin", "sealed")


def test_the_old_interface(office, people, tally):
    with desk(office, people["boss"], iid=admin.ICERTADMIND) as boss:
        assert boss.status(admin.Ping) == 0
        assert boss.crl()[0] == 0
        boss.query_interface(admin.ICERTADMIND2)
        assert boss.roles() == (0, 0x203)
        boss.release()
    tally("foreign-admin", "old interface")


def test_views_page_and_filter(office, people, tally):
    for _ in range(3):
        issue(office, people["oscar"])
    with desk(office, people["rita"]) as reader:
        everything = reader.view([], [REQUEST_ID, DISPOSITION, REQUESTER], count=2)
        ids = [row for row, _ in everything]
        assert ids == sorted(set(ids)) and len(ids) > 3
        down = reader.view([restriction(REQUEST_ID, sort=DOWN)], [REQUEST_ID], count=3)
        assert [row for row, _ in down] == ids[::-1]
        mine = reader.view([restriction(REQUESTER, EQ, "lab\\OSCAR")], [REQUESTER], count=2)
        assert {values[REQUESTER] for _, values in mine} == {"LAB\\oscar"} and len(mine) >= 3
        some = reader.view([restriction(REQUEST_ID, GE, 2), restriction(REQUEST_ID, LE, 4)],
                           [REQUEST_ID])
        assert [row for row, _ in some] == [2, 3, 4]
        by_serial = [v[SERIAL] for _, v in reader.view([restriction(SERIAL, sort=UP)], [SERIAL])]
        assert by_serial == sorted(by_serial) and len(by_serial) >= 3
        [(row, _)] = reader.view([restriction(SERIAL, EQ, by_serial[0])], [SERIAL])
        assert row in ids
        expired = struct.pack("<Q", 1)
        assert reader.view([restriction(0x200A, LE, expired)], [REQUEST_ID]) == []
        assert reader.open_view([], [REQUEST_ID], count=1).total is None
        status, *_ = reader.counted(admin.OpenView, ccvr=0, acvr=[], ccolOut=1, acolOut=[0x1000],
                                    ielt=1, celt=1)
        assert status == UNEXPECTED
        assert reader.enum_view(2, 1).rows[0][0] == ids[1]
        assert reader.close_view() == 0
        for columns, restrictions in (
            ([REQUEST_ID, 0x5000], []), ([], []), ([0x9999], []),
            ([REQUEST_ID], [restriction(REQUEST_ID, sort=UP), restriction(SERIAL, sort=UP)]),
            ([REQUEST_ID], [restriction(DISPOSITION, EQ, b"xx")]),
            ([REQUEST_ID], [restriction(0x1001, GE, b"xx")]),
        ):
            status, *_ = reader.counted(
                admin.OpenView, ccvr=len(restrictions), acvr=restrictions, ccolOut=len(columns),
                acolOut=columns, ielt=1, celt=1)
            assert status == INVALID_ARGUMENT, columns
    tally("foreign-admin", "views")


def test_tables_and_columns(office, people, tally):
    row, _, certificate = issue(office, people["alice"])
    with desk(office, people["rita"]) as reader:
        status, columns = reader.columns(0)
        assert status == 0 and len(columns) == 79
        assert columns[0] == (0x10001, 0x1000, 4, "Request.RequestID", "Request ID")
        names = [name for *_, name, _ in columns]
        assert names[-1] == "DeviceSerialNumber" and len(set(names)) == len(names)
        assert reader.columns(0, 79) == (S_FALSE, [])
        assert [name for *_, name, _ in reader.columns(0x4000)[1]][1] == "AttributeName"
        every = [index for _, index, *_ in columns]
        [(_, values)] = reader.view([restriction(REQUEST_ID, EQ, row)], every)
        assert values[0x2001] == certificate and values[0x2011] == "alice@lab.test"
        status, attributes = reader.attributes(row)
        assert status == S_FALSE and ("CertificateTemplate", "User") in attributes
        status, extensions = reader.extensions(row)
        parsed = x509.load_der_x509_certificate(certificate)
        enabled = {oid for oid, (flags, _) in extensions.items() if not flags & DISABLED}
        assert enabled >= {extension.oid.dotted_string for extension in parsed.extensions}
        rows = reader.view([restriction(0x4000, EQ, row)], [0x4000, 0x4001, 0x4002, 0x4003])
        assert {v[0x4001]: (v[0x4002], v[0x4003]) for _, v in rows} == extensions
        rows = reader.view([restriction(0x3000, EQ, row)], [0x3001, 0x3002])
        assert [(v[0x3001], v[0x3002]) for _, v in rows] == attributes
        for chosen in range(0xFFFFFFF9, 0x100000000):
            status, count, array = reader.counted(admin.GetViewDefaultColumnSet, set=chosen)
            if chosen == 0xFFFFFFF8:
                continue
            assert status == 0 and len(array) == 4 * count
            reader.view([], list(struct.unpack(f"<{count}I", array)))
    tally("foreign-admin", "tables")


def test_security_holds_at_once_and_after_a_restart(office, people, tally):
    with desk(office, people["boss"]) as boss:
        _, descriptor = boss.security()
        parsed = SR_SECURITY_DESCRIPTOR(data=descriptor)
        sids = {ace["Ace"]["Sid"].formatCanonical() for ace in parsed["Dacl"].aces}
        assert office.sid_of(people["olivia"]) in sids
        keep = [ace for ace in parsed["Dacl"].aces
                if ace["Ace"]["Sid"].formatCanonical() != office.sid_of(people["olivia"])]
        parsed["Dacl"].aces = keep
        assert boss.set_security(parsed.getData()) == 0
        parsed["Dacl"].aces = []
        assert boss.set_security(parsed.getData()) == NO_ADMINISTRATOR
    for _ in range(2):
        # impacket keeps one connection for each host: one client at a time.
        with desk(office, people["olivia"]) as officer:
            assert officer.roles()[0] == officer.deny(1) == ACCESS_DENIED
        office.stop()
        office.start()
    with desk(office, people["boss"]) as boss:
        assert boss.set_security(descriptor) == 0
        assert boss.security() == (0, descriptor)
    with desk(office, people["olivia"]) as officer:
        assert officer.roles() == (0, 0x202)
    assert 'events="4882"' in office.log_text()
    tally("foreign-admin", "security")


def officer_descriptor(officer, subject, template=""):
    """A descriptor of officers as the console writes it: one entry."""
    def sid(text):
        _, revision, authority, *subs = text.split("-")
        return struct.pack(">BBQ", int(revision), len(subs), int(authority))[:2] + \
            int(authority).to_bytes(6, "big") + b"".join(struct.pack("<I", int(s)) for s in subs)
    name = (template + "\0").encode("utf-16-le") if template else b""
    body = struct.pack("<I", 0x10000) + sid(officer) + struct.pack("<I", 1) + sid(subject) + name
    ace = struct.pack("<BBH", 9, 0, len(body) + 4) + body
    acl = struct.pack("<BBHHH", 2, 0, len(ace) + 8, 1, 0) + ace
    owner = sid("S-1-5-32-544")
    return struct.pack("<BBHIIII", 1, 0, 0x8004, 20, 0, 0, 20 + len(owner)) + owner + acl


def test_officer_rights(office, people, tally):
    olivia, alice, oscar = (office.sid_of(people[who]) for who in ("olivia", "alice", "oscar"))
    row = enroll(office, people["alice"], "Approved").request_id
    with desk(office, people["boss"]) as boss:
        status, enabled, rights = boss.officer_rights()
        assert (status, enabled) == (0, 0) and rights[:4] == b"\1\0\0\0"
        assert boss.set_officer_rights(1, b"nonsense") == INVALID_ARGUMENT
    for subject, template, expected in (
        (oscar, "", RESTRICTED), (alice, "Other", RESTRICTED), (alice, "Approved", 0),
        ("S-1-1-0", "", 0),
    ):
        descriptor = officer_descriptor(olivia, subject, template)
        with desk(office, people["boss"]) as boss:
            assert boss.set_officer_rights(1, descriptor) == 0
            status, enabled, rights = boss.officer_rights()
            assert enabled == 1 and rights.startswith(descriptor)
        with desk(office, people["olivia"]) as officer:
            assert officer.set_extension(row, CAPABILITIES, AES) == expected, subject
    with desk(office, people["boss"]) as boss:
        assert boss.set_officer_rights(0, b"") == 0
        assert boss.officer_rights()[1] == 0
    tally("foreign-admin", "officer rights")


def test_entries_and_properties(office, people, tally):
    with desk(office, people["adam"]) as client:
        status, variant = client.entry("", "", "Active")
        assert status == 0 and variant["vt"] == 8
        text = variant["_varUnion"]["bstrVal"]["asData"]
        assert text == office.name
        status, variant = client.entry(office.name, "", "CRLPeriodUnits")
        assert (status, variant["vt"], variant["_varUnion"]["lVal"]) == (0, 3, 1)
        assert client.entry(office.name, "", "Nothing")[0] == FILE_NOT_FOUND
        assert client.entry("Another CA", "", "CRLPeriod")[0] == INVALID_ARGUMENT
        answer = client.call(admin.GetCAProperty, admin.BlobAnswer, id=6, index=0, type=4)
        assert admin.data(answer["blob"]).decode("utf-16-le") == office.name + "\0"
        filters = client.call(admin.GetAuditFilter, admin.DwordAnswer)
        assert filters["value"] == 0x7F
        assert client.status(admin.SetAuditFilter, filter=0x1C) == 0
        assert client.call(admin.GetAuditFilter, admin.DwordAnswer)["value"] == 0x1C
        assert client.status(admin.SetAuditFilter, filter=0x7F) == 0
        assert client.status(admin.SetAuditFilter, filter=0x80) == INVALID_ARGUMENT
    tally("foreign-admin", "entries")


def test_certificates_that_are_known_or_foreign_are_not_imported(office, people, tally):
    _, _, certificate = issue(office, people["alice"])
    with desk(office, people["olivia"]) as officer:
        def imported(der):
            call = officer.call(admin.ImportCertificate, admin.LongAnswer,
                                certificate=admin.blob(der), flags=0)
            return call["status"]
        assert imported(certificate) == KNOWN
        assert imported(b"\x30\x00") == INVALID_DATA
        assert imported(office.certificate_der) == FOREIGN
        answer = officer.call(admin.GetArchivedKey, admin.BlobAnswer, id=1)
        assert answer["status"] == NOT_FOUND
    tally("foreign-admin", "import")


def test_our_own_client(office, people, tally):
    olivia, adam = people["olivia"], people["adam"]
    rows = [enroll(office, people["alice"], "Approved").request_id for _ in range(2)]
    listed = wcce(office, olivia, "list", "--state", "pending", "--json")
    pending = {line["id"]: line for line in map(json.loads, listed.splitlines())}
    assert set(rows) <= set(pending) and pending[rows[0]]["requester"] == "LAB\\alice"
    assert f"request {rows[0]} issued" in wcce(office, olivia, "approve", rows[0])
    assert f"request {rows[1]} denied" in wcce(office, olivia, "deny", rows[1])
    shown = json.loads(wcce(office, olivia, "show", rows[0], "--json"))
    assert shown["Request.Disposition"] == 20 and shown["UPN"] == "alice@lab.test"
    assert "Issued Common Name: " in wcce(office, olivia, "show", rows[0])
    serial = shown["SerialNumber"]
    assert "revoked" in wcce(office, olivia, "revoke", serial.upper(), "--reason", 6)
    assert "Revoked" in wcce(office, olivia, "list", "--serial", serial)
    assert "released" in wcce(office, olivia, "unrevoke", serial)
    assert "INVALID_DATA" in wcce(office, olivia, "unrevoke", serial, code=1)
    page = wcce(office, olivia, "list", "--limit", 2)
    assert "--after 2" in page and len(page.splitlines()) == 3
    after = wcce(office, olivia, "list", "--limit", 1, "--after", rows[0])
    assert after.split()[0] == str(rows[1])
    assert "published" in wcce(office, adam, "publish-crl")
    assert "E_ACCESSDENIED" in wcce(office, olivia, "publish-crl", code=1)
    assert wcce(office, adam, "roles").split() == ["administrator", "enroll"]
    assert wcce(office, adam, "config", "CRLPeriod") == "Weeks\n"
    descriptor = wcce(office, adam, "security").strip()
    assert descriptor.startswith("O:S-1-5-32-544") and office.sid_of(olivia) in descriptor
    assert wcce(office, adam, "security", "--set", descriptor) == "set\n"
    assert wcce(office, adam, "security").strip() == descriptor
    tally("own-admin", "wcce admin")
