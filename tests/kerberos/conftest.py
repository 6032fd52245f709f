"""A wcced on the CA's host of the lab that takes Kerberos alone; tickets are of the domain's KDC.

Run on that host: tests/lab/lab.py run -- python -m pytest tests/kerberos. The accounts of the
directory file are the domain's, by name and relative identifier; memberships come from the PAC.
"""

import pathlib
import re
import shutil
import sys
import time

import pytest
from impacket.ntlm import compute_nthash

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "foreign"), str(TESTS / "lab")]

import csr  # noqa: E402
import keytabs  # noqa: E402
import lab  # noqa: E402
import running  # noqa: E402
from clients import ADDRESS, HOST, password, tickets  # noqa: E402
from icpr import Refused, RpcFault  # noqa: E402
from tallied import tally  # noqa: E402, F401

NAME = "Lab Kerberos CA"
ACCOUNTS = {"alice": 1103, "bob": 1104, "frank": 1115}
ISSUED = 3
KEY = csr.rsa_key()

DIRECTORY = """
[[groups]]
name = "PKI Enrollees"
rid = 1107

[[groups]]
name = "Many-399"
rid = 1515

[[computers]]
name = "CA1$"
rid = 1108
dns_host_name = "ca1.wcce.test"
"""

TEMPLATE = """
[[templates]]
cn = "{name}"
displayName = "For members of a group that the PAC tells"
msPKI-Template-Schema-Version = 2
revision = 100
msPKI-Template-Minor-Revision = 3
msPKI-Cert-Template-OID = "1.3.6.1.4.1.311.21.8.1.2.3.4.5.6.1.{number}"
msPKI-Certificate-Name-Flag = ["SUBJECT_REQUIRE_DIRECTORY_PATH", "SUBJECT_ALT_REQUIRE_UPN"]
pKIExpirationPeriod = "1y"
pKIOverlapPeriod = "6w"
msPKI-Minimal-Key-Size = 2048
pKIKeyUsage = ["digitalSignature"]
pKICriticalExtensions = ["keyUsage"]
msPKI-Certificate-Application-Policy = ["clientAuth"]
enroll = ["{group}"]
"""

USER = """
[[users]]
name = "{name}"
rid = {rid}
upn = "{name}@wcce.test"
mail = "{name}@wcce.test"
nt_hash = "{hash}"
"""


def user(name, rid):
    return USER.format(name=name, rid=rid, hash=compute_nthash(password(name)).hex())


class Ca(running.Ca):
    """A running wcced whose keytab is a copy of the machine's, which tests may exchange."""

    name, dns, domain, sid = NAME, lab.DNS, lab.DOMAIN, lab.DOMAIN_SID
    dns_name, host = HOST, ADDRESS

    def __init__(self, folder, authentication):
        self.folder = folder
        self.keytab = folder / "ca1.keytab"
        shutil.copy2(lab.KEYTAB, self.keytab)
        self.init({"authentication": f'keytab = "{self.keytab}"\n{authentication}'})
        with open(folder / "directory.toml", "a") as directory:
            directory.write(DIRECTORY)
            directory.write(TEMPLATE.format(name="ByGroup", number=100, group="PKI Enrollees"))
            directory.write(TEMPLATE.format(name="ByLastGroup", number=101, group="Many-399"))
            directory.write("".join(user(*one) for one in ACCOUNTS.items()))
        self.run("wcced", "check-config", "--config", folder / "wcced.toml")
        self.start()

    def stop(self):
        assert super().stop() == 0
        log = self.log_text()
        assert "panicked" not in log
        secrets = [key.hex() for key in keytabs.keys(lab.KEYTAB).values()]
        assert secrets and not any(secret in log for secret in secrets), "a secret is in the log"

    def wait_for_log(self, line, begin, seconds=5):
        """Waits until the log has this, from an offset on."""
        deadline = time.monotonic() + seconds
        while line not in self.log_text()[begin:]:
            assert self.process.poll() is None, self.log_text()
            assert time.monotonic() < deadline, f"not in the log: {line}\n{self.log_text()[begin:]}"
            time.sleep(0.02)

    def enrol(self, client, template="User"):
        try:
            return client.request(self.name, csr.csr(KEY), [f"CertificateTemplate:{template}"])
        finally:
            client.close()

    def issues(self, client, user, template="User"):
        """Enrols, and checks that the certificate is the user's."""
        answer = self.enrol(client, template)
        assert (answer.status, answer.disposition) == (0, ISSUED), (answer, answer.message)
        assert f"{user}@wcce.test".encode() in answer.certificate
        assert f"{lab.DOMAIN_SID}-{ACCOUNTS[user]}".encode() in answer.certificate

    def refuses(self, action, *lines):
        """What the action does is refused, and the log says why; nothing is issued."""
        begin = len(self.log_text())
        with pytest.raises((Refused, RpcFault)) as refusal:
            action()
        for line in lines:
            self.wait_for_log(line, begin)
        assert not re.search("Issued|Denied", self.log_text()[begin:]), self.log_text()[begin:]
        return refusal.value


@pytest.fixture(scope="session")
def ca_with(tmp_path_factory):
    """A CA with these settings of authentication; one runs at a time."""
    running = {}

    def started(authentication):
        if authentication not in running:
            for one in running.values():
                one.stop()
            running.clear()
            running[authentication] = Ca(tmp_path_factory.mktemp("wcced"), authentication)
        return running[authentication]

    yield started
    for one in running.values():
        one.stop()


@pytest.fixture
def ca(ca_with):
    return ca_with('ntlm = "refuse"\n')


@pytest.fixture(scope="session")
def cache_of(tmp_path_factory):
    """A user's tickets."""
    known = {}

    def of(user):
        if user not in known:
            known[user] = tickets(tmp_path_factory.mktemp(user), user)
        return known[user]

    return of


@pytest.fixture
def alice(cache_of):
    return cache_of("alice")
