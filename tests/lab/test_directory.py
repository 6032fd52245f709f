"""Templates, accounts and rights in a real Active Directory, and its absence."""

import json
import os
import pathlib
import re
import sys
import time

import pytest

import lab
from member import CA_NAME, MAX_AGE, PKS


def test_publication_makes_the_objects_that_a_windows_ca_makes(member, tally):
    """Classes and attributes of `ws2016-adcs-install-directory-changes.txt`, without what a
    domain controller sets itself."""
    expected = {
        f"CN={CA_NAME},CN=Certification Authorities,{PKS}": (
            "certificationAuthority",
            {"cacertificate", "authorityrevocationlist", "certificaterevocationlist"}),
        f"CN=NTAuthCertificates,{PKS}": (
            "certificationAuthority",
            {"cacertificate", "authorityrevocationlist", "certificaterevocationlist"}),
        f"CN={CA_NAME},CN=AIA,{PKS}": (
            "certificationAuthority",
            {"cacertificate", "authorityrevocationlist", "certificaterevocationlist"}),
        f"CN=ca1,CN=CDP,{PKS}": ("container", set()),
        f"CN={CA_NAME},CN=ca1,CN=CDP,{PKS}": (
            "cRLDistributionPoint", {"certificaterevocationlist", "deltarevocationlist"}),
        f"CN={CA_NAME},CN=KRA,{PKS}": ("msPKI-PrivateKeyRecoveryAgent", {"usercertificate"}),
        f"CN={CA_NAME},CN=Enrollment Services,{PKS}": (
            "pKIEnrollmentService",
            {"cacertificate", "cacertificatedn", "dnshostname", "displayname", "flags",
             "certificatetemplates"}),
    }
    by_server = {
        "objectclass", "objectcategory", "objectguid", "instancetype", "whencreated", "whenchanged",
        "usncreated", "usnchanged", "cn", "name", "distinguishedname", "ntsecuritydescriptor",
        "showinadvancedviewonly",
    }
    for dn, (kind, attributes) in expected.items():
        [found] = member.search(dn, "*", "nTSecurityDescriptor").values()
        assert found["objectclass"][-1].decode() == kind, dn
        assert found.keys() - by_server == attributes, dn
        assert found["showinadvancedviewonly"] == [b"TRUE"], dn
        tally("lab-published", dn)
    [service] = member.search(f"CN={CA_NAME},CN=Enrollment Services,{PKS}").values()
    assert service["flags"] == [b"10"]
    assert service["dnshostname"] == [lab.fqdn("ca").encode()]
    assert service["cacertificatedn"] == [f"CN={CA_NAME}, DC=wcce, DC=test".encode()]
    assert member.command("publish") == "nothing to do\n"


def test_the_default_templates_are_those_of_windows(member, tally):
    captures = os.environ.get("WCCE_CAPTURES")
    if not captures:
        tally("not-run", "default templates")
        pytest.skip("WCCE_CAPTURES does not name the folder of captures")
    file = pathlib.Path(captures) / "templates" / "ws2016-default-templates.json"
    found = member.search(f"CN=Certificate Templates,{PKS}", "*", scope="one")
    found = {one["cn"][0].decode(): one for one in found.values()}
    ignored = {"dn", "nTSecurityDescriptor", "objectCategory", "whenCreated", "instanceType", "name",
               "objectClass", "showInAdvancedViewOnly", "msPKI-Cert-Template-OID"}
    for windows in json.loads(file.read_text()):
        ours = found[windows["cn"]]
        last = windows["msPKI-Cert-Template-OID"].rsplit(".", 2)[1:]
        assert ours["mspki-cert-template-oid"][0].decode().rsplit(".", 2)[1:] == last
        for name, value in windows.items():
            if name not in ignored:
                values = value if isinstance(value, list) else [value]
                wire = [bytes.fromhex(one["hex"]) if isinstance(one, dict) else str(one).encode()
                        for one in values]
                assert sorted(ours[name.lower()]) == sorted(wire), (windows["cn"], name)
        tally("capture-default-template", windows["cn"])


def test_users_enrol_with_kerberos_by_the_rights_of_the_directory(member, tally):
    member.enroll("alice", "User")
    member.enroll("dave", "Nested")
    member.enroll("alice", "Barred")
    for user, template in (("bob", "Barred"), ("alice", "Nested"), ("alice", "WebServer")):
        refused = member.enroll(user, template, check=False)
        assert refused.returncode != 0, (user, template)
        tally("lab-refused", f"{user} {template}")
    tally("lab-enrolment", "alice User, dave Nested, alice Barred")


def test_a_disabled_account_does_not_enrol(member, tally):
    member.enroll("carol", "Barred")
    [dn] = member.search(lab.BASE, "cn", scope="sub", expression="(sAMAccountName=carol)")
    change = f"dn: {dn}\nchangetype: modify\n" \
             "replace: userAccountControl\nuserAccountControl: {}\n"
    member.modify(change.format(514))
    time.sleep(1.2)
    refused = member.enroll("carol", "Barred", check=False)
    assert refused.returncode != 0
    member.modify(change.format(512))
    time.sleep(1.2)
    member.enroll("carol", "Barred")
    tally("lab-refused", "carol while disabled")


def change_template(member, minor):
    member.modify(f"dn: CN=Nested,CN=Certificate Templates,{PKS}\nchangetype: modify\n"
                  "replace: msPKI-Template-Minor-Revision\n"
                  f"msPKI-Template-Minor-Revision: {minor}\n")


def test_a_change_of_a_template_takes_effect_within_a_second(member, tally):
    latencies = []
    for minor in (11, 12, 13):
        before = max(member.versions())
        begin = time.time()
        change_template(member, minor)
        member.wait(lambda: max(member.versions()) > before, 5, "the change was not noticed")
        # Counted from before the change was sent, so that its own time is in it.
        latencies.append(member.versions()[before + 1] - begin)
        time.sleep(0.3)
    print("\nlatency of changes of templates:",
          ", ".join(f"{1000 * one:.0f} ms" for one in latencies))
    assert max(latencies) < 1
    tally("lab-notification", "template")


def test_a_removed_template_is_noticed_by_the_poll(member, tally):
    member.command("template", "disable", "Barred")
    before = max(member.versions())
    member.modify(f"dn: CN=Barred,CN=Certificate Templates,{PKS}\nchangetype: delete\n")
    member.wait(lambda: max(member.versions()) > before, 6, "the removal was not noticed")
    tally("lab-notification", "removal")


def test_enrolment_goes_on_while_the_domain_controller_restarts(member, tally):
    member.enroll("alice", "User")
    before = max(member.versions())
    lab.samba.end()
    member.enroll("alice", "User")
    lab.start_dc()
    member.wait(lambda: member.log_text().count("Active Directory is back") == 1, 20, "no recovery")
    change_template(member, 21)
    member.wait(lambda: max(member.versions()) > before, 5, "not told of changes any more")
    member.enroll("alice", "User")
    tally("lab-outage", "restart")


def test_a_partition_is_survived_and_nothing_is_issued_on_stale_rights(member, tally):
    member.enroll("alice", "User")
    lab.cable(False)
    begin = time.monotonic()
    try:
        member.enroll("alice", "User")
        within = time.monotonic() - begin
        assert within < MAX_AGE, "the test is too slow to tell"
        time.sleep(max(0, MAX_AGE + 3 - (time.monotonic() - begin)))
        stale = member.enroll("alice", "User", check=False)
        assert stale.returncode != 0
        assert re.search("no domain controller has answered", member.log_text())
    finally:
        lab.cable(True)
    member.wait(lambda: member.log_text().count("Active Directory is back") >= 2, 45, "no recovery")
    member.enroll("alice", "User")
    print(f"\nenrolled {within:.1f} s into a partition, refused after {MAX_AGE} s, recovered")
    tally("lab-outage", "partition")


def test_certipy_finds_the_ca_and_no_vulnerability(member, tally):
    certipy = pathlib.Path(sys.executable).with_name("certipy")
    dc = lab.fqdn("dc")
    done = member.on(
        certipy, "find", "-k", "-no-pass", "-u", f"alice@{lab.DNS}", "-target", dc, "-dc-host", dc,
        "-dc-ip", lab.ADDRESS["dc"], "-ns", lab.ADDRESS["dc"], "-timeout", "5", "-stdout",
        user="alice", stdin=None)
    text = done.stdout + done.stderr
    assert "Found 1 certificate authority" in text
    assert re.search(rf"CA Name\s+: {CA_NAME}", text) and "Template Name" in text
    assert "[!] Vulnerabilities" not in text, text
    tally("lab-certipy", "find")


@pytest.mark.parametrize("transport", ["ldaps", "start-tls"])
def test_tls_carries_kerberos_bound_to_its_channel(member, tally, transport):
    tls = member.folder / f"{transport}.toml"
    tls.write_text(member.config.read_text().replace(
        '\nkind = "active-directory"\n',
        f'\nkind = "active-directory"\ntransport = "{transport}"\ntls_roots = "{lab.TLS_ROOT}"\n'))
    done = member.run("wcced", "template", "list", "--config", tls)
    assert "* User" in done.stdout
    tally("lab-transport", transport)
