"""A member of the lab's domain, and wcced on it, with its directory in Active Directory."""

import contextlib
import os
import pathlib
import re
import signal
import ssl
import subprocess
import sys
import time
from datetime import datetime

import lab

ROOT = pathlib.Path(__file__).resolve().parents[2]
CERTIPY = pathlib.Path(sys.executable).with_name("certipy")
BINARIES = pathlib.Path(os.environ.get("WCCE_BIN", ROOT / "target" / "debug"))
SID = lab.DOMAIN_SID
MAX_AGE = 8
PKS = f"CN=Public Key Services,CN=Services,CN=Configuration,{lab.BASE}"
CA_NAME = "Wcce Lab CA"
TEMPLATE_ROOT = f"CN=Certificate Templates,{PKS}"
ENROLL = "0e10c968-78fb-11d2-90d4-00c04f79dc55"
SETTINGS = f"""
[directory]
kind = "active-directory"
domain = "{lab.DNS}"
keytab = "{lab.KEYTAB}"
timeout = "1s"
poll = "2s"
account_age = "1s"
max_age = "{MAX_AGE}s"
"""
AGENTS = """
[[enrollment_agents]]
agents = ['WCCE\\agent']
templates = ["ForOthers"]
"""
# Name, security descriptor's entries, owner, and what differs from a plain client certificate.
TEMPLATES = [
    ("Nested", f"(OA;;CR;{ENROLL};;{SID}-1112)"),
    ("Barred", f"(OD;;CR;{ENROLL};;{SID}-1114)(OA;;CR;{ENROLL};;DU)"),
    ("ByGroup", f"(OA;;CR;{ENROLL};;{SID}-1107)"),
    ("Owned", f"(OA;;CR;{ENROLL};;OW)"),
    ("LabAgent", f"(OA;;CR;{ENROLL};;{SID}-1106)"),
    ("ForOthers", f"(OA;;CR;{ENROLL};;{SID}-1106)"),
]
OWNERS = {"Owned": f"{SID}-1110"}
AGENT = "1.3.6.1.4.1.311.20.2.1"
DIFFERENT = {
    "LabAgent": {"eku": AGENT},
    "ForOthers": {"more": f'msPKI-RA-Signature = 1\nmsPKI-RA-Application-Policies = ["{AGENT}"]'},
}


def template(name, entries, owner="EA", eku="1.3.6.1.5.5.7.3.2", more=""):
    """A template for `wcced template add`."""
    return f"""
[[template]]
cn = "{name}"
displayName = "{name} of the lab"
msPKI-Template-Schema-Version = 2
revision = 100
msPKI-Template-Minor-Revision = 1
flags = 0x20220
msPKI-Certificate-Name-Flag = 0x42000000
msPKI-Minimal-Key-Size = 256
pKIKeyUsage = "8000"
pKIExpirationPeriod = "1y"
pKIOverlapPeriod = "6w"
pKICriticalExtensions = ["2.5.29.15"]
pKIExtendedKeyUsage = ["{eku}"]
msPKI-Certificate-Application-Policy = ["{eku}"]
{more}
nTSecurityDescriptor = "O:{owner}G:EAD:PAI{entries}(A;;LCRPLORC;;;AU)(A;;CCDCLCSWRPWPDTLOSDRCWDWO;;;EA)"
"""


def templates():
    return "".join(template(name, entries, OWNERS.get(name, "EA"), **DIFFERENT.get(name, {}))
                   for name, entries in TEMPLATES)


class Member:
    """The CA's host, and the CA on it."""

    def __init__(self, folder):
        self.folder = folder
        self.caches = {}
        self.run("wcced", "init", "--folder", folder, "--active-directory", "--dns", lab.DNS,
                 "--subject", f"CN={CA_NAME},DC=wcce,DC=test")
        self.config = folder / "wcced.toml"
        settings = self.config.read_text()
        section = settings[settings.index("\n[directory]"):settings.index("\n[host]")]
        settings = settings.replace(section, SETTINGS, 1)
        settings = settings.replace(
            "[authentication]\n", f'[authentication]\nkeytab = "{lab.KEYTAB}"\n', 1)
        settings = settings.replace("[hardening]\n", "[hardening]\nprotected = ['WCCE\\Barred']\n", 1)
        settings = settings.replace("[log]\n", '[log]\nlevel = "info,wcce::directory=trace"\n', 1)
        self.config.write_text(settings + AGENTS)
        self.administrator = self.cache("Administrator", lab.ADMINISTRATOR_PASSWORD)

    def on(self, *command, user=None, check=True, folder=None, **options):
        """Runs a command on the CA's host, with the tickets of a user, in its own folder."""
        environment = lab.environment("ca")
        if user:
            # impacket does not know the prefix FILE:.
            environment["KRB5CCNAME"] = str(self.caches[user])
        inside = ["sh", "-c", 'cd "$0" && exec "$@"', folder or self.folder]
        done = subprocess.run([*lab.entry("ca"), *map(str, [*inside, *command])], env=environment,
                              capture_output=True, text=True, timeout=60, **options)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def run(self, program, *arguments, **options):
        return self.on(BINARIES / program, *arguments, **options)

    def command(self, *arguments, user="Administrator", **options):
        """A command of wcced, as an administrator."""
        access = ["--config", self.config, "--ccache"]
        return self.run("wcced", *arguments, *access, user=user, **options).stdout

    def cache(self, user, password):
        self.caches[user] = self.folder / f"{user}.ccache"
        lab.tickets(user, password, self.caches[user])
        return self.caches[user]

    def start(self):
        self.log = open(self.folder / "wcced.log", "a")
        self.begin = self.log.tell()
        self.process = subprocess.Popen(
            [*lab.entry("ca"), BINARIES / "wcced", "serve", "--config", self.config],
            stdout=self.log, stderr=subprocess.STDOUT, env=lab.environment("ca"))
        self.wait(lambda: " ready " in self.run_text(), 30, "wcced did not start")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=20)
        finally:
            self.process.kill()
            self.log.close()

    @contextlib.contextmanager
    def changed(self, *changes):
        """Runs the CA with other settings for a while; it is started by the caller."""
        settings = self.config.read_text()
        changed = settings
        for old, new in changes:
            assert changed.count(old) == 1, old
            changed = changed.replace(old, new)
        self.stop()
        self.config.write_text(changed)
        try:
            yield
        finally:
            if self.process.poll() is None:
                self.stop()
            self.config.write_text(settings)
            self.start()

    def log_text(self):
        return (self.folder / "wcced.log").read_text()

    def run_text(self):
        """The log since the last start."""
        return (self.folder / "wcced.log").read_bytes()[self.begin:].decode()

    def wait(self, true, seconds, what):
        deadline = time.monotonic() + seconds
        while not true():
            assert self.process.poll() is None, self.log_text()
            assert time.monotonic() < deadline, what + "\n" + self.log_text()[-3000:]
            time.sleep(0.02)

    def versions(self):
        """Versions of the template table since the last start, and when they were read."""
        lines = re.findall(r"^(\S+)Z .*template table read version=(\d+)", self.run_text(), re.M)
        stamp = lambda text: datetime.fromisoformat(text + "+00:00").timestamp()
        return {int(version): stamp(text) for text, version in lines}

    def enroll(self, user, template, *more, check=True):
        """Enrols over DCOM with Kerberos; where it is done, the name of the files."""
        out = self.folder / f"{user}-{template}-{time.monotonic_ns()}"
        done = self.run("wcce", "enroll", "--server", lab.fqdn("ca"), "--template", template,
                        "--out", out, "--timeout", "20", *more, user=user, check=check)
        done.files = out
        return done

    def certificate(self, enrolled):
        """DER of what was enrolled."""
        text = pathlib.Path(f"{enrolled.files}.crt").read_text()
        return ssl.PEM_cert_to_DER_cert(text[text.index("-----BEGIN"):])

    def certipy(self, user, template, *more, check=True, transport=("-dynamic-endpoint",)):
        """Enrols by Certipy, over RPC with Kerberos; the text that it prints."""
        done = self.on(
            CERTIPY, "req", "-k", "-no-pass", "-u", f"{user}@{lab.DNS}", "-ca", CA_NAME,
            "-template", template, "-target", lab.fqdn("ca"), "-dc-host", lab.fqdn("dc"),
            "-dc-ip", lab.ADDRESS["dc"], "-ns", lab.ADDRESS["dc"], "-timeout", "10", *transport,
            "-out", f"{user}-{template}-{time.monotonic_ns()}", *more,
            user=user, stdin=None)
        text = done.stdout + done.stderr
        issued = "Successfully requested certificate" in text
        assert not check or issued, text
        assert issued or re.search("code: 0x8", text), text
        return text

    def member_of(self, user, group, is_member):
        """Puts a user into a group or takes it out, and gets new tickets."""
        dns = {}
        for name in (user, group):
            [dns[name]] = self.search(lab.BASE, "cn", scope="sub",
                                      expression=f"(sAMAccountName={name})")
        self.modify(f"dn: {dns[group]}\nchangetype: modify\n"
                    f"{'add' if is_member else 'delete'}: member\nmember: {dns[user]}\n")
        self.cache(user, f"Passw0rd-{user.capitalize()}")

    def search(self, base, *attributes, scope="base", expression="(objectClass=*)"):
        """What the domain controller holds: for each object, attribute to list of bytes."""
        text = self.on(
            "ldapsearch", "-Q", "-LLL", "-o", "ldif-wrap=no", "-Y", "GSSAPI",
            "-H", f"ldap://{lab.fqdn('dc')}", "-E", "!1.2.840.113556.1.4.801=::MAMCAQc=",
            "-b", base, "-s", scope, expression, *attributes, user="Administrator").stdout
        return parse_ldif(text)

    def modify(self, ldif):
        self.on("ldapmodify", "-Q", "-Y", "GSSAPI", "-H", f"ldap://{lab.fqdn('dc')}",
                user="Administrator", input=ldif)


def parse_ldif(text):
    import base64

    objects = {}
    for block in text.split("\n\n"):
        one = {}
        for line in block.splitlines():
            name, _, value = line.partition(":")
            if not line.startswith("#"):
                value = base64.b64decode(value[1:]) if value.startswith(":") else value[1:].encode()
                one.setdefault(name.lower(), []).append(value)
        if "dn" in one:
            objects[one.pop("dn")[0].decode()] = one
    return objects


def template_change(member, minor):
    member.modify(f"dn: CN=Nested,{TEMPLATE_ROOT}\nchangetype: modify\n"
                  "replace: msPKI-Template-Minor-Revision\n"
                  f"msPKI-Template-Minor-Revision: {minor}\n")
