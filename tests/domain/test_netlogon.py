"""Logons of domain accounts, verified by Netlogon pass-through, by clients that are not ours;
Samba's domain controller is at the other end of the channel."""

import concurrent.futures
import pathlib
import re
import shutil
import subprocess
import sys
import time

import pytest
from cryptography import x509

import csr
import lab
from conftest import BINARIES, CA_NAME, HOST, credentials, keytab
from icpr import Impacket, Refused, RpcFault, Samba, Scapy

ISSUED = 3
TEMPLATE_DENIED = 0x80094012
KEY = csr.rsa_key()
NETLOGON = 'ntlm = "netlogon"\n'

WAYS = {
    "impacket": lambda ca, who: Impacket(ca.host, ca.port, who),
    "scapy ntlm": lambda ca, who: Scapy(ca.host, ca.port, who),
    "scapy spnego": lambda ca, who: Scapy(ca.host, ca.port, who, spnego=True),
    "samba spnego": lambda ca, who: Samba(ca.host, ca.port, who),
}


@pytest.fixture(scope="module")
def machine_keytab(tmp_path_factory):
    return keytab(tmp_path_factory.mktemp("secret"))


@pytest.fixture(scope="module")
def ca(ca_with, machine_keytab):
    return ca_with(NETLOGON + f'keytab = "{machine_keytab}"\n',
                   f'domain_controllers = ["{lab.fqdn("dc")}"]\n')


def enrol(ca, who, template="User", way="impacket"):
    client = WAYS[way](ca, who)
    try:
        request = csr.csr(KEY)
        return client.request(ca.name, request, [f"CertificateTemplate:{template}"])
    finally:
        client.close()


def refused(ca, who, way="impacket"):
    with pytest.raises((Refused, RpcFault, EOFError, OSError)):
        enrol(ca, who, way=way)


def issued(answer):
    assert (answer.status, answer.disposition) == (0, ISSUED), (answer, answer.message)
    return x509.load_der_x509_certificate(answer.certificate)


def bad_passwords(user):
    """badPwdCount, as the domain controller has it on disk."""
    out = lab.on("dc", "ldbsearch", "-H", lab.DC / "private" / "sam.ldb",
                 f"(sAMAccountName={user})", "badPwdCount")
    found = re.search(r"^badPwdCount: (\d+)$", out, re.MULTILINE)
    return int(found[1]) if found else 0


def logs_on_to_the_domain(user, password):
    """Whether the domain controller itself lets the account in."""
    done = subprocess.run(
        [*lab.entry("ca"), "rpcclient", "-U", rf"{lab.DOMAIN}\{user}%{password}",
         lab.fqdn("dc"), "-c", "lsaquery"], env=lab.environment("ca"), capture_output=True)
    return done.returncode == 0


@pytest.mark.parametrize("way", WAYS)
def test_domain_users_enrol(ca, way, tally):
    certificate = issued(enrol(ca, credentials("alice"), way=way))
    raw = certificate.public_bytes(csr.serialization.Encoding.DER)
    assert b"alice@wcce.test" in raw
    assert f"{lab.DOMAIN_SID}-1103".encode() in raw
    tally("foreign-domain", f"netlogon {way}")


def test_certipy_enrols(ca, tmp_path, tally):
    run = subprocess.run(
        [pathlib.Path(sys.executable).with_name("certipy"), "req", "-u", "alice@wcce.test",
         "-p", "Passw0rd-Alice", "-target", lab.fqdn("ca"), "-target-ip", HOST,
         "-dc-ip", lab.ADDRESS["dc"], "-ca", CA_NAME, "-template", "User", "-dynamic-endpoint"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, input="n\n")
    assert run.returncode == 0 and "Request ID is" in run.stdout + run.stderr, run.stdout + run.stderr
    assert "Successfully requested certificate" in run.stdout + run.stderr
    tally("foreign-domain", "netlogon certipy")


def test_the_domain_controller_tells_the_groups(ca, tally):
    """alice is a member in the domain; the directory file says so of nobody."""
    issued(enrol(ca, credentials("alice"), "ByGroup"))
    denied = enrol(ca, credentials("bob"), "ByGroup")
    assert denied.disposition == TEMPLATE_DENIED, denied
    tally("foreign-domain", "netlogon groups")


def test_names_are_the_domains(ca):
    """Domain by its DNS name, user in capitals, or a user principal name without a domain."""
    who = credentials("alice")
    for domain, user in (("wcce.test", "ALICE"), ("", "alice@wcce.test"), ("", "alice")):
        who.domain, who.user = domain, user
        issued(enrol(ca, who))


def test_machine_accounts_enrol(ca, tally):
    certificate = issued(enrol(ca, credentials("WS1$", "Passw0rd-Machine-WS1"), "Machine"))
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["ws1.wcce.test"]
    tally("foreign-domain", "netlogon machine")


@pytest.mark.parametrize("way", WAYS)
def test_an_unknown_user_is_refused(ca, way, tally):
    refused(ca, credentials("nobody"), way)
    tally("foreign-domain-refused", f"netlogon unknown user, {way}")


def test_a_disabled_account_is_refused_and_the_log_says_why(ca, tally):
    log = ca.mark()
    for _ in range(3):
        refused(ca, credentials("erin"))
    assert "the account is disabled" in log()
    tally("foreign-domain-refused", "netlogon disabled")


def test_anonymous_and_guest_are_refused(ca, tally):
    for user, password in (("", ""), ("Guest", "")):
        who = credentials("alice")
        who.user, who.password = user, password
        refused(ca, who)
    tally("foreign-domain-refused", "netlogon anonymous and guest")


def test_repeated_wrong_passwords_lock_nobody_out(ca, tally):
    """With a threshold of five in the domain, twelve tries at once and one after the other come
    to three there; the account is still good, and other accounts don't notice."""
    lab.on("dc", "samba-tool", "domain", "passwordsettings", "set",
           "--account-lockout-threshold=5", "-s", lab.DC / "etc" / "smb.conf")
    wrong = credentials("bob", "not his password")
    with concurrent.futures.ThreadPoolExecutor(6) as threads:
        for one in [threads.submit(refused, ca, wrong) for _ in range(6)]:
            one.result()
    for way in [*WAYS, "impacket", "impacket"]:
        refused(ca, wrong, way)
    assert bad_passwords("bob") == 3
    assert logs_on_to_the_domain("bob", "Passw0rd-Bob"), "the account is locked out"
    assert "too many failed logons" in ca.log_text()
    issued(enrol(ca, credentials("carol")))
    tally("foreign-domain-refused", "netlogon wrong password")


def test_one_wrong_password_does_no_harm(ca):
    refused(ca, credentials("carol", "wrong"))
    issued(enrol(ca, credentials("carol")))


def test_eight_at_once(ca, tally):
    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        calls = [threads.submit(enrol, ca, credentials(user))
                 for user in ("alice", "carol", "agent", "alice") * 2]
        for call in calls:
            issued(call.result())
    print(f"8 logons and enrolments at once: {time.monotonic() - begin:.2f} s")
    assert ca.log_text().count("secure channel to the domain") == 1
    tally("foreign-domain", "netlogon eight at once")


def test_check_config_tells_what_the_keytab_holds(ca, tmp_path):
    checked = ca.run("wcced", "check-config", "--config", ca.folder / "wcced.toml")
    assert f"host/{lab.fqdn('ca')}@{lab.REALM}, version 2: " in checked, checked
    assert "aes256-sha1" in checked and "warning" not in checked, checked
    rc4 = tmp_path / "rc4.keytab"
    subprocess.run(
        ["ktutil"], check=True, text=True, stdout=subprocess.DEVNULL,
        input=f"add_entry -password -p CA1$@{lab.REALM} -k 2 -e arcfour-hmac\n"
              f"{lab.MACHINE_PASSWORD}\nwrite_kt {rc4}\nquit\n")
    settings = (ca.folder / "wcced.toml").read_text()
    other = ca.folder / "rc4.toml"
    other.write_text(re.sub(r'(?m)^keytab = .*$', f'keytab = "{rc4}"', settings))
    checked = ca.run("wcced", "check-config", "--config", other)
    assert "warning: RC4 keys alone" in checked and "secret can be read" in checked, checked


def test_join_check_tries_the_secure_channel(ca, machine_keytab, tmp_path, tally):
    """The server's own channel is lost to the trial's, and it makes a new one."""

    def join_check(*changes):
        settings = (ca.folder / "wcced.toml").read_text()
        settings += (f'\n[directory]\nkind = "active-directory"\ndomain = "{lab.DNS}"\n'
                     f'keytab = "{machine_keytab}"\n')
        for old, new in changes:
            assert old in settings
            settings = settings.replace(old, new)
        joined = ca.folder / "joined.toml"
        joined.write_text(settings)
        return subprocess.run([BINARIES / "wcced", "join-check", "--config", joined],
                              capture_output=True, text=True, timeout=60).stdout

    issued(enrol(ca, credentials("alice")))
    said = join_check()
    assert f"ok    secure channel with {lab.fqdn('dc')}" in said, said
    assert f"ok    keytab {machine_keytab}" in said, said
    issued(enrol(ca, credentials("alice")))
    secret = tmp_path / "machine.secret"
    secret.write_text('password = "wrong"\n')
    secret.chmod(0o600)
    said = join_check(("[authentication.domain]\n",
                       f'[authentication.domain]\nsecret_file = "{secret}"\n'))
    assert "FAIL  secure channel: " in said, said
    assert "its secret is not the domain's" in said, said
    tally("foreign-domain", "join-check")


def recovers(ca, seconds=20):
    begin = time.monotonic()
    while True:
        try:
            issued(enrol(ca, credentials("alice")))
            return time.monotonic() - begin
        except (Refused, RpcFault, EOFError, OSError):
            assert time.monotonic() - begin < seconds, ca.log_text()[-4000:]
            time.sleep(0.2)


def test_a_restart_of_the_domain_controller_is_survived(ca, tally):
    issued(enrol(ca, credentials("alice")))
    lab.samba.end()
    log = ca.mark()
    refused(ca, credentials("alice"))
    assert "no verdict on the logon" in log()
    lab.start_dc()
    print(f"recovered {recovers(ca):.2f} s after the domain controller came back")
    tally("foreign-domain", "netlogon after a restart")


def test_a_new_machine_password_is_taken_up(ca, machine_keytab, tally):
    """First the domain knows it, then the keytab: no logon fails in between, as the channel
    stands; and the new key version makes a new channel."""
    change = (
        "import sys; from samba.samdb import SamDB; from samba.param import LoadParm; "
        "from samba.auth import system_session; lp = LoadParm(); lp.load(sys.argv[1]); "
        "SamDB(url=sys.argv[2], session_info=system_session(), lp=lp).setpassword("
        "'(sAMAccountName=CA1$)', sys.argv[3], False)"
    )
    lab.on("dc", "/usr/bin/python3", "-c", change, lab.DC / "etc" / "smb.conf",
           lab.DC / "private" / "sam.ldb", "Passw0rd-Machine-New")
    issued(enrol(ca, credentials("alice")))
    log = ca.mark()
    lab.export_keytab()
    shutil.copy2(lab.KEYTAB, machine_keytab)
    time.sleep(2.5)
    issued(enrol(ca, credentials("alice")))
    assert "the machine account's secret has changed" in log()
    assert re.search(r"secure channel to the domain.*kvno=3", log()), log()
    tally("foreign-domain", "netlogon after a new machine password")


def test_a_password_in_a_file_instead_of_the_keytab(ca_with, tmp_path, tally):
    secret = tmp_path / "machine.secret"
    secret.write_text('password = "Passw0rd-Machine-New"\n')
    secret.chmod(0o600)
    ca = ca_with(NETLOGON, f'domain_controllers = ["10.77.0.99", "{lab.ADDRESS["dc"]}"]\n'
                           f'secret_file = "{secret}"\n')
    print(f"with the first domain controller away: {recovers(ca):.2f} s")
    tally("foreign-domain", "netlogon password file")


def test_a_wrong_secret_is_said_so(ca_with, tmp_path, tally):
    secret = tmp_path / "machine.secret"
    secret.write_text('password = "wrong"\n')
    secret.chmod(0o600)
    ca = ca_with(NETLOGON, f'domain_controllers = ["{lab.ADDRESS["dc"]}"]\n'
                           f'secret_file = "{secret}"\n')
    for _ in range(3):
        refused(ca, credentials("alice"))
    log = ca.log_text()
    assert "refuses the machine account CA1$: its secret is not the domain's" in log
    assert log.count("no secure channel to the domain:") == 1, "tried once, not three times"
    tally("foreign-domain-refused", "netlogon wrong secret")


def test_ntlm_can_be_refused(ca_with, machine_keytab, tally):
    ca = ca_with(f'ntlm = "refuse"\nkeytab = "{machine_keytab}"\n')
    for way in WAYS:
        refused(ca, credentials("alice"), way)
    tally("foreign-domain-refused", "ntlm refused")
