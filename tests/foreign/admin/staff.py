"""Who works with the CA of these tests, and what they do again and again."""

import contextlib
import subprocess

from cryptography import x509

import csr
import enterprise_lab
from certadmin import CertAdmin
from certrequest import CertRequest
from running import BINARIES, Ca

# Right of each account, in the order of their identifiers: Alice and Oscar only enroll.
RIGHTS = {
    "alice": 0, "oscar": 0, "olivia": 0x2, "adam": 0x1, "audrey": 0x4, "bert": 0x8, "rita": 0x100,
    "boss": 0x3,
}
RSA_KEY = csr.rsa_key()
ISSUED = 3
FORBIDDEN = enterprise_lab.template("Forbidden", enroll=["Domain Admins"])


def security():
    entries = "".join(
        f"(A;;{right:#x};;;{Ca.sid}-{rid})"
        for rid, right in enumerate(RIGHTS.values(), 1103) if right
    )
    return f"O:BAG:BAD:(A;;0x200;;;AU){entries}"


@contextlib.contextmanager
def desk(office, who, **how):
    with CertAdmin(office, who, **how) as client:
        yield client


def enroll(office, who, template, key=RSA_KEY):
    client = CertRequest(office.host, who)
    try:
        return client.request2(office.name, csr.csr(key), f"CertificateTemplate:{template}")
    finally:
        client.close()


def retrieve(office, who, row):
    client = CertRequest(office.host, who)
    try:
        return client.request2(office.name, request_id=row)
    finally:
        client.close()


def issue(office, who):
    """An issued certificate, and its serial number as the table has it."""
    answer = enroll(office, who, "User")
    assert answer.disposition == ISSUED, answer.message
    certificate = x509.load_der_x509_certificate(answer.certificate)
    digits = f"{certificate.serial_number:x}"
    return answer.request_id, digits.zfill(len(digits) + len(digits) % 2), answer.certificate


def wcce(office, who, *arguments, code=0):
    """Our own client, as its users run it."""
    password = office.folder / f"{who.user}.password"
    password.write_text(who.password)
    command = [BINARIES / "wcce", "admin", "--server", office.host, "--user", who.account,
               "--password-file", password, *map(str, arguments)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert run.returncode == code, run.stdout + run.stderr
    return run.stdout + run.stderr
