"""Templates, accounts and rights in a real Active Directory, and its absence."""

import json
import os
import pathlib
import re
import time

import pytest

import lab
from member import CA_NAME, CERTIPY, ENROLL, MAX_AGE, OWNERS, PKS, template, template_change


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


def test_a_change_of_a_template_takes_effect_within_a_second(member, tally):
    latencies = []
    for minor in (11, 12, 13):
        before = max(member.versions())
        begin = time.time()
        template_change(member, minor)
        member.wait(lambda: max(member.versions()) > before, 5, "the change was not noticed")
        # Counted from before the change was sent, so that its own time is in it.
        latencies.append(member.versions()[before + 1] - begin)
        time.sleep(0.3)
    print("\nlatency of changes of templates:",
          ", ".join(f"{1000 * one:.0f} ms" for one in latencies))
    assert max(latencies) < 1
    tally("lab-notification", "template")


def test_a_removed_template_is_noticed_by_the_poll(member, tally):
    name = "ExchangeUser"
    before = max(member.versions())
    member.modify(f"dn: CN={name},CN=Certificate Templates,{PKS}\nchangetype: delete\n")
    member.wait(lambda: max(member.versions()) > before, 6, "the removal was not noticed")
    tally("lab-notification", "removal")


def test_certipy_finds_the_ca_and_no_vulnerability(member, tally):
    dc = lab.fqdn("dc")
    done = member.on(
        CERTIPY, "find", "-k", "-no-pass", "-u", f"alice@{lab.DNS}", "-target", dc, "-dc-host", dc,
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


def test_the_linter_reads_the_directory(member, tally):
    """OWNER RIGHTS takes from dave, who owns the template Owned, what owners may; without that
    entry he could change it."""
    def critical():
        told = member.run("wcced", "lint-templates", "--json", "--config", member.config,
                          check=False)
        assert told.returncode in (0, 2), told.stderr
        return {(one["template"], one["id"]) for one in json.loads(told.stdout)
                if one["severity"].lower() == "critical"}

    assert critical() == set()
    file = member.folder / "loose.toml"
    file.write_text(template("Loose", f"(OA;;CR;{ENROLL};;DA)", owner=OWNERS["Owned"]))
    member.command("template", "add", file)
    member.command("template", "enable", "Loose")
    assert critical() == {("Loose", "ESC4")}
    member.command("template", "disable", "Loose")
    tally("lab-lint", "Owned")


def test_a_setting_that_names_nobody_is_told_by_its_name(member, tally):
    wrong = member.folder / "wrong.toml"
    for setting, change in (("hardening.protected", (r"'WCCE\Barred'", r"'WCCE\Bared'")),
                            ("enrollment_agents", (r"'WCCE\agent'", "'Nobody'"))):
        wrong.write_text(member.config.read_text().replace(*change))
        checked = member.run("wcced", "check-config", "--config", wrong, check=False)
        assert checked.returncode == 1, checked.stdout
        assert f"setting {setting}: there is no account or group" in checked.stderr, checked.stderr
        tally("lab-trustees", setting)
    assert "there" in member.run("wcced", "check-config", "--config", member.config).stdout


def ldap_bytes(member):
    """What the CA's connections to the domain controller have carried, by the kernel's count."""
    text = member.on("ss", "-Htin", "dport = :389 or dport = :3268").stdout
    return sum(map(int, re.findall(r"bytes_(?:sent|received):(\d+)", text)))


def test_requests_ask_for_no_template(member, tally):
    """Templates are read ahead: while nothing changes and accounts are known, twenty enrolments
    cause no LDAP traffic at all."""
    with member.changed(('poll = "2s"', 'poll = "60s"'),
                        ('account_age = "1s"', 'account_age = "60s"'),
                        (f'max_age = "{MAX_AGE}s"', 'max_age = "120s"')):
        member.start()
        member.wait(member.versions, 10, "no table")
        member.enroll("alice", "Barred")
        time.sleep(1)
        searches, carried = count_searches(member), ldap_bytes(member)
        assert searches > 0 and carried > 0
        for _ in range(20):
            member.enroll("alice", "Barred")
        assert (count_searches(member) - searches, ldap_bytes(member) - carried) == (0, 0)
        # An account that is not known costs a look-up of that account alone.
        before = len(member.log_text())
        member.enroll("dave", "Nested")
        asked = re.findall(r"LDAP search .*", member.log_text()[before:])
        assert asked and not [one for one in asked if "pKICertificateTemplate" in one], asked
        print(f"\n20 enrolments: no LDAP traffic; a new account: {len(asked)} searches")
        tally("lab-searches", "none")


def count_searches(member):
    return member.run_text().count("LDAP search")
