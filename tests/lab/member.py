"""A member of the lab's domain, and wcced on it, with its directory in Active Directory."""

import os
import pathlib
import re
import signal
import subprocess
import time
from datetime import datetime

import lab

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = pathlib.Path(os.environ.get("WCCE_BIN", ROOT / "target" / "debug"))
SID = lab.DOMAIN_SID
MAX_AGE = 8
PKS = f"CN=Public Key Services,CN=Services,CN=Configuration,{lab.BASE}"
CA_NAME = "Wcce Lab CA"
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
TEMPLATES = f"""
[[template]]
cn = "Nested"
displayName = "For a group that holds a group"
@COMMON@
enroll = ["{SID}-1112"]

[[template]]
cn = "Barred"
displayName = "For all users but those of one group"
@COMMON@
nTSecurityDescriptor = "O:EAG:EAD:PAI(OD;;CR;0e10c968-78fb-11d2-90d4-00c04f79dc55;;{SID}-1114)(OA;;CR;0e10c968-78fb-11d2-90d4-00c04f79dc55;;DU)(A;;LCRPLORC;;;AU)"
""".replace("@COMMON@", """msPKI-Template-Schema-Version = 2
revision = 100
msPKI-Template-Minor-Revision = 1
flags = 0x20220
msPKI-Certificate-Name-Flag = 0x42000000
msPKI-Minimal-Key-Size = 256
pKIKeyUsage = "8000"
pKIExpirationPeriod = "1y"
pKIOverlapPeriod = "6w"
pKICriticalExtensions = ["2.5.29.15"]
pKIExtendedKeyUsage = ["1.3.6.1.5.5.7.3.2"]
msPKI-Certificate-Application-Policy = ["1.3.6.1.5.5.7.3.2"]""")


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
        self.config.write_text(settings)
        self.administrator = self.cache("Administrator", lab.ADMINISTRATOR_PASSWORD)

    def on(self, *command, user=None, check=True, **options):
        """Runs a command on the CA's host, with the tickets of a user."""
        environment = lab.environment("ca")
        if user:
            # impacket does not know the prefix FILE:.
            environment["KRB5CCNAME"] = str(self.caches[user])
        done = subprocess.run([*lab.entry("ca"), *map(str, command)], env=environment,
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
        self.process = subprocess.Popen(
            [*lab.entry("ca"), BINARIES / "wcced", "serve", "--config", self.config],
            stdout=self.log, stderr=subprocess.STDOUT, env=lab.environment("ca"))
        self.wait(lambda: " ready " in self.log_text(), 30, "wcced did not start")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=20)
        finally:
            self.process.kill()
            self.log.close()

    def log_text(self):
        return (self.folder / "wcced.log").read_text()

    def wait(self, true, seconds, what):
        deadline = time.monotonic() + seconds
        while not true():
            assert self.process.poll() is None, self.log_text()
            assert time.monotonic() < deadline, what + "\n" + self.log_text()[-3000:]
            time.sleep(0.02)

    def versions(self):
        """Versions of the template table and when they were read."""
        lines = re.findall(r"^(\S+)Z .*template table read version=(\d+)", self.log_text(), re.M)
        stamp = lambda text: datetime.fromisoformat(text + "+00:00").timestamp()
        return {int(version): stamp(text) for text, version in lines}

    def enroll(self, user, template, check=True):
        """Enrols over DCOM with Kerberos."""
        out = self.folder / f"{user}-{template}-{time.monotonic_ns()}"
        return self.run("wcce", "enroll", "--server", lab.fqdn("ca"), "--template", template,
                        "--out", out, "--timeout", "20",
                        user=user, check=check)

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
