"""A CA with its HTTP listener on, and what tests of its life share."""

import pathlib
import subprocess
import urllib.request

import csr
from icpr import Impacket
from running import Ca, openssl

HTTP = "127.0.0.5:8080"
MONITORING = "127.0.0.5:9180"
SITE = f"http://{HTTP}/CertEnroll/"
SETTINGS = {
    "http": f'listen = ["{HTTP}"]\nmonitoring = ["{MONITORING}"]\n',
    "ca.urls": f"""crl = ["{SITE}%3%8%9.crl"]
delta_crl = ["{SITE}%3%8%9.crl"]
ca_certificate = ["{SITE}%1_%3%4.crt"]
ocsp = ["http://{HTTP}/ocsp"]
""",
}


class LifeCa(Ca):
    """A CA at 127.0.0.5."""

    def __init__(self, folder, users, **more):
        settings = dict(SETTINGS)
        for section, lines in more.pop("settings", {}).items():
            settings[section] = settings.get(section, "") + lines
        super().__init__(folder, users, "127.0.0.5", settings=settings, **more)

    def enrol(self, who, template="User"):
        """A certificate, as file; its request id."""
        client = Impacket(self.host, self.port, who)
        key = csr.rsa_key()
        answer = client.request(self.name, csr.csr(key), [f"CertificateTemplate:{template}"])
        client.close()
        assert (answer.status, answer.disposition) == (0, 3), answer.message
        path = self.folder / f"leaf-{answer.request_id}.pem"
        path.write_bytes(openssl("x509", "-inform", "DER", input=answer.certificate))
        return path, answer.request_id

    def revoke(self, request_id, reason=1):
        """By `wcced revoke`, while the CA is stopped."""
        self.stop()
        try:
            self.wcced("revoke", "--id", request_id, "--reason", reason)
        finally:
            self.start()

    def wcced_ca(self, command, *arguments):
        return self.run("wcced", "ca", command, "--config", self.folder / "wcced.toml", *arguments)

    def wcced(self, command, *arguments):
        return self.run("wcced", command, "--config", self.folder / "wcced.toml", *arguments)


def fetch(url, **headers):
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read(), answer.headers


def tool(*command, cwd, code=0):
    """What a tool printed."""
    run = subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True, timeout=60)
    assert code is None or run.returncode == code, run.stdout + run.stderr
    return run.stdout + run.stderr


def addresses(leaf: pathlib.Path, certificate):
    """CDP, caIssuers and OCSP addresses of a certificate."""
    from cryptography import x509

    extension = lambda kind: certificate.extensions.get_extension_for_class(kind).value
    [point] = extension(x509.CRLDistributionPoints)
    by_method = {d.access_method._name: d.access_location.value
                 for d in extension(x509.AuthorityInformationAccess)}
    return [name.value for name in point.full_name], by_method["caIssuers"], by_method["OCSP"]
