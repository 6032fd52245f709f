"""A wcced on the CA's host of the lab, whose NTLM logons the domain verifies.

Run on that host: tests/lab/lab.py run -- python -m pytest tests/domain. The accounts of the
directory file are the domain's, by name and relative identifier, but it knows no password and no
membership: both must come from the domain controller.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "foreign"), str(ROOT / "tests" / "lab")]

import lab  # noqa: E402
from icpr import Credentials  # noqa: E402

BINARIES = pathlib.Path(os.environ.get("WCCE_BIN", ROOT / "target" / "debug"))
HOST = lab.ADDRESS["ca"]
PORT = 50135
CA_NAME = "Lab Domain CA"
ACCOUNTS = {"alice": 1103, "bob": 1104, "carol": 1105, "agent": 1106, "erin": 1113}

DIRECTORY = """
[[groups]]
name = "PKI Enrollees"
rid = 1107

[[computers]]
name = "WS1$"
rid = 1109
dns_host_name = "ws1.wcce.test"

[[templates]]
cn = "ByGroup"
displayName = "For members of a group that the domain controller tells"
msPKI-Template-Schema-Version = 2
revision = 100
msPKI-Template-Minor-Revision = 3
msPKI-Cert-Template-OID = "1.3.6.1.4.1.311.21.8.1.2.3.4.5.6.1.100"
msPKI-Certificate-Name-Flag = ["SUBJECT_REQUIRE_DIRECTORY_PATH", "SUBJECT_ALT_REQUIRE_UPN"]
pKIExpirationPeriod = "1y"
pKIOverlapPeriod = "6w"
msPKI-Minimal-Key-Size = 2048
pKIKeyUsage = ["digitalSignature"]
pKICriticalExtensions = ["keyUsage"]
msPKI-Certificate-Application-Policy = ["clientAuth"]
enroll = ["PKI Enrollees"]
"""

USER = """
[[users]]
name = "{name}"
rid = {rid}
upn = "{name}@wcce.test"
mail = "{name}@wcce.test"
"""


def credentials(user, password=None):
    return Credentials(lab.DOMAIN, user, password or f"Passw0rd-{user.capitalize()}")


class Ca:
    host, port, name = HOST, PORT, CA_NAME

    def __init__(self, folder, authentication):
        self.folder = folder
        self.run("init", "--folder", folder, "--netbios", lab.DOMAIN, "--dns", lab.DNS,
                 "--sid", lab.DOMAIN_SID, "--subject", f"CN={CA_NAME},DC=wcce,DC=test")
        settings = (folder / "wcced.toml").read_text()
        for section, lines in {
            "host": f'dns_name = "{lab.fqdn("ca")}"\n',
            "listen": f'endpoint_mapper = ["{HOST}:135"]\nenrollment = ["{HOST}:{PORT}"]\n'
                      f'objects = ["{HOST}:{PORT + 1}"]\n',
            **authentication,
        }.items():
            assert settings.count(f"\n[{section}]\n") == 1, section
            settings = settings.replace(f"\n[{section}]\n", f"\n[{section}]\n{lines}", 1)
        (folder / "wcced.toml").write_text(settings)
        with open(folder / "directory.toml", "a") as directory:
            directory.write(DIRECTORY)
            directory.write("".join(USER.format(name=n, rid=r) for n, r in ACCOUNTS.items()))
        print(self.run("check-config", "--config", folder / "wcced.toml"))
        self.start()

    def run(self, *arguments):
        command = [BINARIES / "wcced", *map(str, arguments)]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

    def start(self):
        self.log = open(self.folder / "wcced.log", "a")
        self.process = subprocess.Popen(
            [BINARIES / "wcced", "serve", "--config", self.folder / "wcced.toml"],
            stdout=self.log, stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + 60
        while "ready" not in self.log_text():
            assert self.process.poll() is None, self.log_text()
            assert time.monotonic() < deadline, "wcced did not start"
            time.sleep(0.05)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            assert self.process.wait(timeout=15) == 0
        finally:
            self.process.kill()
            self.log.close()
        log = self.log_text()
        assert "panicked" not in log
        for secret in (lab.MACHINE_PASSWORD, "Passw0rd-Alice"):
            assert secret not in log, "a secret is in the log"

    def log_text(self):
        return (self.folder / "wcced.log").read_text()

    def mark(self):
        """What the log says from now on, by a call."""
        begin = len(self.log_text())
        return lambda: self.log_text()[begin:]


@pytest.fixture(scope="session")
def tally():
    path = os.environ.get("WCCE_TALLY")

    def count(kind, name):
        if path:
            with open(path, "a") as out:
                out.write(f"{kind} {name}\n")

    return count


@pytest.fixture(scope="session")
def ca_with(tmp_path_factory):
    """Starts a CA with these settings; one at a time."""
    running = []

    def start(authentication, domain=""):
        for one in running:
            one.stop()
        running.clear()
        settings = {"authentication": authentication, "authentication.domain": domain}
        running.append(Ca(tmp_path_factory.mktemp("wcced"), settings))
        return running[0]

    yield start
    for one in running:
        one.stop()


def keytab(folder):
    """A copy of the machine's keytab, which the test may exchange."""
    copy = folder / "ca1.keytab"
    shutil.copy2(lab.KEYTAB, copy)
    return copy
