"""Starts `wcced` on the embedded default, and gives tests what they need to reach it.

Run inside a network namespace (tests/netns.sh): the endpoint mapper is on port 135, as Certipy
demands, and nothing leaves the machine.
"""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from impacket.ntlm import compute_nthash

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = pathlib.Path(os.environ.get("WCCE_BIN", ROOT / "target" / "debug"))
HOST = "127.0.0.1"
PORT = 50135
OBJECTS = 50136


# As User, of schema version 2, for keys on elliptic curves.
USER_ECC = """
[[templates]]
cn = "UserECC"
displayName = "User with a key on an elliptic curve"
msPKI-Template-Schema-Version = 2
revision = 100
msPKI-Template-Minor-Revision = 3
msPKI-Cert-Template-OID = "1.3.6.1.4.1.311.21.8.1.2.3.4.5.6.1.100"
msPKI-Certificate-Name-Flag = [
    "SUBJECT_REQUIRE_DIRECTORY_PATH", "SUBJECT_ALT_REQUIRE_EMAIL", "SUBJECT_ALT_REQUIRE_UPN",
]
pKIExpirationPeriod = "1y"
pKIOverlapPeriod = "6w"
msPKI-Minimal-Key-Size = 256
pKIKeyUsage = ["digitalSignature"]
pKICriticalExtensions = ["keyUsage"]
msPKI-Certificate-Application-Policy = ["clientAuth"]
enroll = ["Domain Users"]
"""


# A template whose requests wait for a manager.
APPROVED = USER_ECC.replace("UserECC", "Approved").replace(".1.100", ".1.101").replace(
    "revision = 100", 'revision = 100\nmsPKI-Enrollment-Flag = ["PEND_ALL_REQUESTS"]'
)


class Ca:
    """A running wcced with its state in a folder of its own.

    `templates` is text for the directory file; `settings` maps a section of the configuration to
    lines for it (an empty one to lines for the end), and `prepare` may change both files before the first start. Every CA has an address of its own on loopback, as each needs port 135.
    """

    port, name, dns = PORT, "Lab CA", "lab.test"
    dns_name = "ca1.lab.test"
    sid = "S-1-5-21-1111111111-2222222222-3333333333"

    def __init__(self, folder, users, host=HOST, templates="", settings=None, domain="LAB",
                 prepare=lambda ca: None):
        self.folder, self.host, self.domain = folder, host, domain
        self.rids = {user.user: rid for rid, user in enumerate(users, 1103)}
        self.init(settings or {})
        with open(folder / "directory.toml", "a") as directory:
            directory.write(USER_ECC + APPROVED + templates)
            directory.write("".join(account(self.rids[user.user], user) for user in users))
        prepare(self)
        self.run("wcced", "check-config", "--config", folder / "wcced.toml")
        self.start()

    def init(self, settings):
        """Makes the CA and its configuration, with these settings."""
        components = ",".join(f"DC={label}" for label in self.dns.split("."))
        self.run("wcced", "init", "--folder", self.folder, "--netbios", self.domain,
                 "--dns", self.dns, "--sid", self.sid, "--subject", f"CN={self.name},{components}")
        self.configure(self.host, settings)

    def configure(self, address, settings):
        """Writes settings, by section, and this address into the configuration."""
        settings = settings | {
            "listen": f'endpoint_mapper = ["{address}:135"]\nenrollment = ["{address}:{PORT}"]\n'
                      f'objects = ["{address}:{OBJECTS}"]\n',
            "host": f'dns_name = "{self.dns_name}"\n',
        }
        text = (self.folder / "wcced.toml").read_text() + settings.pop("", "")
        for section, lines in settings.items():
            assert text.count(f"\n[{section}]\n") == 1, section
            text = text.replace(f"\n[{section}]\n", f"\n[{section}]\n{lines}")
        (self.folder / "wcced.toml").write_text(text)

    def sid_of(self, who):
        """The SID of one of `users`."""
        return f"{self.sid}-{self.rids[who.user]}"

    def edit(self, file, old, new):
        """Replaces text that stands once in a file of the CA; it takes effect at the next start."""
        text = (self.folder / file).read_text()
        assert text.count(old) == 1, (file, old, text.count(old))
        (self.folder / file).write_text(text.replace(old, new))

    @contextlib.contextmanager
    def changed(self, old, new, after=""):
        """The directory file with other text, the next one behind `after`, for a while."""
        path = self.folder / "directory.toml"
        text = path.read_text()
        begin = text.index(after)
        changed = text[:begin] + text[begin:].replace(old, new, 1)
        assert changed != text
        try:
            self.stop()
            path.write_text(changed)
            self.start()
            yield
        finally:
            self.stop()
            path.write_text(text)
            self.start()

    def without_previous_approval(self, template):
        """Takes 0x40 from msPKI-Enrollment-Flag of a template for a while."""
        flag = "PREVIOUS_APPROVAL_VALIDATE_REENROLLMENT"
        return self.changed(flag, "AUTO_ENROLLMENT", f'cn = "{template}"\n')

    def with_upn(self, who, upn):
        """Gives an account another userPrincipalName for a while."""
        user = f'\n[[users]]\nname = "{who.user}"\n'
        return self.changed(f'upn = "{who.user}@{self.dns}"', f'upn = "{upn}"', user)

    def rows(self, *arguments):
        """Rows of the Request table, by `wcced requests`; the CA is stopped meanwhile."""
        self.stop()
        try:
            text = self.run("wcced", "requests", "--config", self.folder / "wcced.toml", "--json",
                            *arguments)
        finally:
            self.start()
        return [json.loads(line) for line in text.splitlines()]

    def run(self, *command):
        command = [BINARIES / command[0], *map(str, command[1:])]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

    def start(self):
        assert not listens(self.host, 135), f"another server is at {self.host}"
        self.log = open(self.folder / "wcced.log", "a")
        self.process = subprocess.Popen(
            [BINARIES / "wcced", "serve", "--config", self.folder / "wcced.toml"],
            stdout=self.log, stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + 60
        while not (listens(self.host, 135) and listens(self.host, PORT)):
            assert self.process.poll() is None, self.log_text()
            assert time.monotonic() < deadline, "wcced did not start to listen"
            time.sleep(0.05)

    def stop(self):
        """SIGTERM; the exit code of a clean end within ten seconds."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=15)
        finally:
            self.process.kill()
            self.log.close()

    def log_text(self):
        return (self.folder / "wcced.log").read_text()

    @property
    def certificate_file(self):
        return self.folder / "state" / "ca.crt"

    @property
    def certificate_der(self):
        return openssl("x509", "-in", self.certificate_file, "-outform", "DER")

    def openssl_verify(self, der):
        """openssl's verdict on the chain (strict), and its text of the certificate."""
        pem = openssl("x509", "-inform", "DER", input=der)
        leaf = self.folder / "leaf.pem"
        leaf.write_bytes(pem)
        openssl("verify", "-x509_strict", "-CAfile", self.certificate_file, leaf)
        # Text in other strings (UPN, SID) shows only in the raw form.
        text = openssl("x509", "-noout", "-text", input=pem).decode()
        return text + openssl("asn1parse", "-inform", "DER", "-dump", input=der).decode() + strings(der)


def strings(der):
    return der.decode("latin-1")


def openssl(*arguments, input=None):
    run = subprocess.run(["openssl", *map(str, arguments)], input=input, capture_output=True)
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout


def pkcs7_certificates(der):
    """The certificates of a degenerate PKCS#7, as openssl reads them."""
    pem = openssl("pkcs7", "-inform", "DER", "-print_certs", input=der)
    return [
        certificate.public_bytes(serialization.Encoding.DER)
        for certificate in x509.load_pem_x509_certificates(pem)
    ]


def account(rid, who):
    groups = f"member_of = {json.dumps(who.groups)}\n" if who.groups else ""
    return f"""
[[users]]
name = "{who.user}"
rid = {rid}
upn = "{who.user}@{Ca.dns}"
mail = "{who.user}@{Ca.dns}"
nt_hash = "{compute_nthash(who.password).hex()}"
{groups}"""


def listens(host, port):
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


def ends_well(ca, users):
    """Stops the CA: a clean end, and no secret in its log."""
    code = ca.stop()
    log = ca.log_text()
    for who in users:
        for secret in (who.password, compute_nthash(who.password).hex()):
            assert secret not in log, "a secret is in the log"
    assert "panicked" not in log
    assert code == 0


def certipy_of(ca, who, tmp_path):
    def run(*arguments, code=0):
        command = [
            pathlib.Path(sys.executable).with_name("certipy"), arguments[0],
            "-u", f"{who.user}@lab.test", "-p", who.password, "-target", ca.host,
            "-target-ip", ca.host, "-dc-ip", ca.host, *arguments[1:],
        ]
        run = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=120, input="n\n"
        )
        assert code is None or run.returncode == code, run.stdout + run.stderr
        return run.stdout + run.stderr

    run.folder = tmp_path
    return run
