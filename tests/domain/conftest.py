"""A wcced on the CA's host of the lab, whose NTLM logons the domain verifies.

Run on that host: tests/lab/lab.py run -- python -m pytest tests/domain. The accounts of the
directory file are the domain's, by name and relative identifier, but it knows no password and no
membership: both must come from the domain controller.
"""

import pathlib
import shutil
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "foreign"), str(ROOT / "tests" / "lab")]

import lab  # noqa: E402
import running  # noqa: E402
from icpr import Credentials  # noqa: E402
from tallied import tally  # noqa: E402, F401

BINARIES = running.BINARIES
HOST = lab.ADDRESS["ca"]
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


class Ca(running.Ca):
    """A running wcced on the CA's host, with these settings of authentication."""

    name, dns, domain, sid = CA_NAME, lab.DNS, lab.DOMAIN, lab.DOMAIN_SID
    dns_name, host = lab.fqdn("ca"), HOST

    def __init__(self, folder, authentication):
        self.folder = folder
        self.init(authentication)
        with open(folder / "directory.toml", "a") as directory:
            directory.write(DIRECTORY)
            directory.write("".join(USER.format(name=n, rid=r) for n, r in ACCOUNTS.items()))
        print(self.run("wcced", "check-config", "--config", folder / "wcced.toml"))
        self.start()

    def stop(self):
        assert super().stop() == 0
        log = self.log_text()
        assert "panicked" not in log
        for secret in (lab.MACHINE_PASSWORD, "Passw0rd-Alice"):
            assert secret not in log, "a secret is in the log"

    def mark(self):
        """What the log says from now on, by a call."""
        begin = len(self.log_text())
        return lambda: self.log_text()[begin:]


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
