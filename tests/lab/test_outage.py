"""Domain controllers that restart, are cut off, or do not answer; sites and global catalogs."""

import re
import subprocess
import sys
import time

import pytest

import lab
from member import MAX_AGE, template_change
from test_publication import account

PARTITION = 60


def backs(member):
    return member.run_text().count("Active Directory is back")


def test_enrolment_goes_on_while_the_domain_controller_restarts(member, tally):
    member.enroll("dave", "User")
    before, returns = max(member.versions()), backs(member)
    lab.samba.end()
    meanwhile = member.certificate(member.enroll("dave", "User"))
    lab.start_dc()
    member.wait(lambda: backs(member) > returns, 20, "no recovery")
    template_change(member, 21)
    member.wait(lambda: max(member.versions()) > before, 5, "not told of changes any more")
    member.enroll("dave", "User")
    member.wait(lambda: meanwhile in account(member, "dave")[1], 60,
                "what was issued meanwhile is not published")
    tally("lab-outage", "restart")
    tally("lab-published", "userCertificate after a restart")


def test_a_partition_is_survived_and_nothing_is_issued_on_stale_rights(member, tally):
    """A minute without a domain controller: what is known counts for max_age; then requests fail;
    a CA that starts now serves what it can; afterwards all is well without a restart."""
    member.enroll("alice", "Barred")
    lab.cable(False)
    begin = time.monotonic()
    try:
        member.enroll("alice", "Barred")
        within = time.monotonic() - begin
        assert within < MAX_AGE, "the test is too slow to tell"
        time.sleep(max(0, MAX_AGE + 3 - (time.monotonic() - begin)))
        stale = member.enroll("alice", "Barred", check=False)
        assert stale.returncode != 0
        assert "no domain controller has answered" in member.run_text()
        tally("lab-refused", "alice on stale rights")

        member.stop()
        started = time.monotonic()
        member.start()
        startup = time.monotonic() - started
        assert "is taken as before" in member.run_text(), "names of settings"
        told = member.run("wcce", "ca-info", "--server", lab.fqdn("ca"), user="alice").stdout
        assert "Wcce Lab CA" in told
        assert member.enroll("alice", "Barred", check=False).returncode != 0
        assert "Active Directory does not answer" in member.run_text()
        checked = member.run("wcced", "check-config", "--config", member.config).stdout
        assert "warning: whom the settings hardening.protected and enrollment_agents" in checked
        time.sleep(max(0, PARTITION - (time.monotonic() - begin)))
    finally:
        lab.cable(True)
    plugged = time.monotonic()
    member.wait(member.versions, 45, "no recovery")
    recovery = time.monotonic() - plugged
    member.enroll("alice", "Barred")
    print(f"\npartition of {PARTITION} s: enrolled after {within:.1f} s, refused after {MAX_AGE} s, "
          f"a start meanwhile took {startup:.1f} s, recovered {recovery:.1f} s after its end")
    tally("lab-outage", "partition")
    tally("lab-outage", "start without a domain controller")


def dns(member, action, name, kind, data):
    member.on("samba-tool", "dns", action, lab.fqdn("dc"), *name, kind, data,
              "-U", f"Administrator%{lab.ADMINISTRATOR_PASSWORD}")


def join_check(member, settings):
    """The answer of `join-check`, and how long it took."""
    file = member.folder / "servers.toml"
    file.write_text(member.config.read_text().replace(
        '\nkind = "active-directory"\n', f'\nkind = "active-directory"\n{settings}\n'))
    begin = time.monotonic()
    told = member.run("wcced", "join-check", "--config", file).stdout
    return told, time.monotonic() - begin


class Silent:
    """A server of LDAP on the host of the CA, which takes connections and never answers."""

    def __init__(self, folder):
        self.log = folder / "silent.log"
        program = ("import socket\nserver = socket.create_server(('%s', 389))\nheld = []\n"
                   "print('listens', flush=True)\n"
                   "while True:\n  held.append(server.accept())\n  print('asked', flush=True)")
        with open(self.log, "w") as out:
            self.process = subprocess.Popen(
                [*lab.entry("ca"), sys.executable, "-c", program % lab.ADDRESS["ca"]], stdout=out)

    def asked(self):
        return self.log.read_text().count("asked")


@pytest.fixture
def silent(member):
    """The domain controller dc0 of the DNS."""
    server = Silent(member.folder)
    member.wait(lambda: "listens" in server.log.read_text(), 10, "no silent server")
    dns(member, "add", (lab.DNS, "dc0"), "A", lab.ADDRESS["ca"])
    yield server
    dns(member, "delete", (lab.DNS, "dc0"), "A", lab.ADDRESS["ca"])
    server.process.kill()
    server.process.wait()


def test_the_next_domain_controller_is_taken_where_one_does_not_answer(member, silent, tally):
    """dc0 takes connections, has no key of the domain, and says nothing."""
    zone, service = f"_msdcs.{lab.DNS}", "_ldap._tcp.dc"
    dc0, dc1 = f"dc0.{lab.DNS} 389 0 100", lab.fqdn("dc")
    told, took = join_check(member, f'servers = ["dc0.{lab.DNS}", "{dc1}"]')
    assert f"{dc1} answers" in told and silent.asked() > 0, (told, took)
    tally("lab-failover", "configured")
    # By the priorities of the DNS records, dc0 comes first.
    dns(member, "add", (zone, service), "SRV", dc0)
    dns(member, "add", (zone, service), "SRV", f"{dc1} 389 10 100")
    dns(member, "delete", (zone, service), "SRV", f"{dc1} 389 0 100")
    try:
        asked = silent.asked()
        told, took = join_check(member, "")
        assert f"{dc1} answers" in told and silent.asked() == asked + 1, (told, took)
        tally("lab-failover", "DNS")
        # A site that has dc1.
        site = "_ldap._tcp.Branch._sites.dc"
        dns(member, "add", (zone, site), "SRV", f"{dc1} 389 0 100")
        asked = silent.asked()
        told, took = join_check(member, 'site = "Branch"')
        assert f"{dc1} answers" in told and silent.asked() == asked, (told, took)
        tally("lab-failover", "site")
    finally:
        dns(member, "add", (zone, service), "SRV", f"{dc1} 389 0 100")
        dns(member, "delete", (zone, service), "SRV", f"{dc1} 389 10 100")
        dns(member, "delete", (zone, service), "SRV", dc0)


def test_the_site_and_the_global_catalog_are_found(member, tally):
    assert "site=Default-First-Site-Name" in member.log_text().replace('"', "")
    told, _ = join_check(member, "")
    assert re.search(r"ok +global catalog dc1.wcce.test knows this machine", told), told
    tally("lab-failover", "global catalog")
