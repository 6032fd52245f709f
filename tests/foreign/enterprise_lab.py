"""What the tests of an enterprise CA share: its templates, agents and users with their
certificates, and the two ways to its request interface."""

import contextlib
import dataclasses
import datetime
import itertools
import json
import re

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs12

import csr
import enterprise_requests as requests
from certrequest import CertRequest
from icpr import Impacket
from running import strings

HOST = "127.0.0.2"
ISSUED, PENDING = 3, 5
SIGNATURE_POLICY_REQUIRED = 0x80094809
SIGNATURE_COUNT = 0x8009480A
SIGNATURE_REJECTED = 0x8009480B
RESTRICTED_OFFICER = 0x80094009
BAD_RENEWAL_CERT_ATTRIBUTE = 0x8009400E
BAD_RENEWAL_SUBJECT = 0x80094806
ENROLLMENT_AGENT = "1.3.6.1.4.1.311.20.2.1"
CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
SID_EXTENSION = x509.ObjectIdentifier("1.3.6.1.4.1.311.25.2")
UPN = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
OIDS = "1.3.6.1.4.1.311.21.8.7.7.7.7.7.7.1"

_numbers = itertools.count(500)


def template(cn, number=None, **attributes):
    """A template of schema version 2 as text for the directory file."""
    values = {
        "displayName": cn, "msPKI-Template-Schema-Version": 2, "revision": 100,
        "msPKI-Cert-Template-OID": f"{OIDS}.{number or next(_numbers)}",
        "msPKI-Certificate-Name-Flag": ["SUBJECT_REQUIRE_DIRECTORY_PATH", "SUBJECT_ALT_REQUIRE_UPN"],
        "pKIExpirationPeriod": "1y", "pKIOverlapPeriod": "6w", "msPKI-Minimal-Key-Size": 2048,
        "pKIKeyUsage": ["digitalSignature", "keyEncipherment"],
        "pKICriticalExtensions": ["keyUsage"],
        "msPKI-Certificate-Application-Policy": ["clientAuth"], "enroll": ["Domain Users"],
        **{name.replace("_", "-"): value for name, value in attributes.items()},
    }
    lines = [f"cn = {json.dumps(cn)}"]
    lines += [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    return "\n[[templates]]\n" + "\n".join(lines) + "\n"


# What a request on behalf of others needs ([MS-WCCE] 3.2.2.6.2.1.4.5.5, .7), and what lets its
# certificates be renewed without.
BY_AGENT = {
    "msPKI_RA_Signature": 1, "msPKI_RA_Application_Policies": ["certificateRequestAgent"],
    "msPKI_Enrollment_Flag": ["PREVIOUS_APPROVAL_VALIDATE_REENROLLMENT"],
}
AGENT = {
    "msPKI_Certificate_Application_Policy": ["certificateRequestAgent"],
    "pKIKeyUsage": ["digitalSignature"], "enroll": ["PKI Agents"],
}
SHORT = {"pKIExpirationPeriod": "8s", "pKIOverlapPeriod": "1s"}

def settings(folder, other_ca, target):
    """Certificates begin when they are issued, as some here are valid for seconds only. `agent` may
    enroll for `target`, other agents have no rights, and another CA is trusted, though not for
    agents."""
    (folder / "other.crt").write_bytes(other_ca.certificate)
    (folder / "other.crl").write_bytes(other_ca.crl())
    return {
        "ca": 'key = "rsa-2048"\nclock_skew = "0s"\n',
        "trust": 'roots = ["other.crt"]\ncrls = ["other.crl"]\n',
        "": """
[[enrollment_agents]]
agents = ["agent"]
templates = ["OnBehalf", "OnBehalfToo", "OnBehalfOfTwo", "OnBehalfShort", "OnBehalfNamed", "User"]
subjects = [%s]
""" % json.dumps(target),
    }


TEMPLATES = "".join([
    '\n[[groups]]\nname = "PKI Agents"\nrid = 1200\n',
    template("OnBehalf", 1, **BY_AGENT),
    template("OnBehalfToo", 2, **BY_AGENT),
    template("OnBehalfOfTwo", 3, **{**BY_AGENT, "msPKI_RA_Signature": 2}),
    template("OnBehalfForbidden", 4, **BY_AGENT),
    template("OnBehalfShort", 5, **BY_AGENT, **SHORT),
    template("OnBehalfNamed", 6, **{
        **BY_AGENT, "msPKI_Certificate_Name_Flag": ["ENROLLEE_SUPPLIES_SUBJECT"],
        "msPKI_Certificate_Application_Policy": ["emailProtection"],
    }),
    template("Agent", 10, **AGENT),
    template("AgentShort", 11, **AGENT, **SHORT),
    template("Plain", 12),
    template("PlainEcc", 13, **{
        "msPKI_Minimal_Key_Size": 256, "pKIKeyUsage": ["digitalSignature"],
    }),
])


# The templates that the recorded console requests name, with the flags that their CA recorded.
CVI = "1.3.6.1.4.1.311.21.8.15886664.4298044.8996776.14853544.7902291.169"
WINDOWS = "".join([
    template("CVIUser", **{
        "msPKI-Cert-Template-OID": f"{CVI}.5191136.12906913", "msPKI_Template_Minor_Revision": 5,
        "flags": [0x2023A], "msPKI_Enrollment_Flag": [0x29], "msPKI_Private_Key_Flag": [0x10],
        "msPKI_Certificate_Name_Flag": ["SUBJECT_REQUIRE_COMMON_NAME", "SUBJECT_ALT_REQUIRE_UPN"],
    }),
    template("CVICodeSigning", **{
        "msPKI-Cert-Template-OID": f"{CVI}.7887297.16107480", "msPKI_Template_Minor_Revision": 3,
        "flags": [0x20220], "msPKI_Enrollment_Flag": [0x20],
        "msPKI_Certificate_Name_Flag": ["SUBJECT_REQUIRE_COMMON_NAME", "SUBJECT_ALT_REQUIRE_UPN"],
        "msPKI_Certificate_Application_Policy": ["codeSigning"],
        "pKIKeyUsage": ["digitalSignature"],
    }),
    template("Archived", **{
        "msPKI-Cert-Template-OID": "1.3.6.1.4.1.311.21.8.10998015.4198218.6898329.11679014"
        ".10423712.128.12396513.1783547",
        "msPKI_Template_Minor_Revision": 135,
        "msPKI_Private_Key_Flag": ["REQUIRE_PRIVATE_KEY_ARCHIVAL", "EXPORTABLE_KEY"],
    }),
])

# Templates with the errors that the published attacks live on; all users may enroll.
ATTACKED = "".join([
    template("ESC1", msPKI_Certificate_Name_Flag=["ENROLLEE_SUPPLIES_SUBJECT"]),
    template("ESC2", msPKI_Certificate_Application_Policy=["anyExtendedKeyUsage"]),
    template("ESC2None", msPKI_Certificate_Application_Policy=[]),
    template("ESC3", msPKI_Certificate_Application_Policy=["certificateRequestAgent"]),
    template("ESC9", msPKI_Enrollment_Flag=["NO_SECURITY_EXTENSION"]),
    template("ESC13", msPKI_Certificate_Policy=[f"{OIDS}.9013"]),
    f'\n[[issuance_policies]]\noid = "{OIDS}.9013"\ngroup = "Domain Admins"\n',
    template("ESC15", **{
        "msPKI-Template-Schema-Version": 1, "pKIExtendedKeyUsage": ["serverAuth"],
        "msPKI_Certificate_Name_Flag": ["ENROLLEE_SUPPLIES_SUBJECT"],
    }).replace('msPKI-Certificate-Application-Policy = ["clientAuth"]\n', ""),
    template("ESC17", msPKI_Certificate_Name_Flag=["ENROLLEE_SUPPLIES_SUBJECT"],
             msPKI_Certificate_Application_Policy=["serverAuth"]),
])


def user_by_agent(ca):
    """Makes the template User one for requests on behalf of others, under its name."""
    text = (ca.folder / "directory.toml").read_text()
    before, user = text.split('[[templates]]\ncn = "User"\n')
    after = user[user.index("\n[[templates]]"):]
    ours = template("User", 20, **BY_AGENT)
    (ca.folder / "directory.toml").write_text(before + ours.lstrip() + after)


def oid(number):
    return f"{OIDS}.{number}"


ON_BEHALF, ON_BEHALF_TOO, OF_TWO, FORBIDDEN, ON_BEHALF_SHORT, NAMED = (oid(n) for n in range(1, 7))


@dataclasses.dataclass
class Identity:
    """A certificate with its key."""

    key: object
    certificate: bytes

    def signer(self, **options):
        return requests.Signer(self.key, self.certificate, **options)

    def parsed(self):
        return x509.load_der_x509_certificate(self.certificate)

    def write(self, certificate, key):
        """Certificate and key in PEM."""
        pem = serialization.Encoding.PEM
        certificate.write_bytes(self.parsed().public_bytes(pem))
        key.touch(0o600)
        key.write_bytes(self.key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))

    def pfx(self, path):
        path.write_bytes(pkcs12.serialize_key_and_certificates(
            b"x", self.key, self.parsed(), None, serialization.NoEncryption()
        ))
        return path


class Passage:
    """ICertPassage::CertServerRequest, by impacket."""

    name = "icpr"

    def __init__(self, ca, who, level=6):
        self.ca, self.client = ca, Impacket(ca.host, ca.port, who, level=level)

    def submit(self, request, attributes=(), flags=0, authority=None):
        return self.client.request(authority or self.ca.name, request, list(attributes), flags=flags)

    def retrieve(self, request_id):
        return self.client.request(self.ca.name, request_id=request_id)

    def close(self):
        self.client.close()


class Object:
    """ICertRequestD2::Request2 on an activated object, by impacket."""

    name = "dcom"

    def __init__(self, ca, who, level=6):
        self.ca, self.client = ca, CertRequest(ca.host, who, level=level)

    def submit(self, request, attributes=(), flags=0, authority=None):
        text = "\n".join(attributes) or None
        return self.client.request2(authority or self.ca.name, request, text, flags=flags)

    def retrieve(self, request_id):
        return self.client.request2(self.ca.name, request_id=request_id)

    def close(self):
        self.client.close()


WAYS = {"icpr": Passage, "dcom": Object}


@contextlib.contextmanager
def connections(ca, way, ways=WAYS):
    """Connects as somebody by one of the ways, one connection at a time: impacket's DCOM client
    takes those to one host for those of one account."""
    opened = []

    def close():
        while opened:
            with contextlib.suppress(OSError):  # the server may have been started anew
                opened.pop().close()

    def connect(who, **options):
        close()
        opened.append(ways[way](ca, who, **options))
        return opened[-1]

    connect.name = way
    try:
        yield connect
    finally:
        close()


def issued(ca, answer, account=None):
    """Checks an answer that should hold a certificate; for `account` where one is given."""
    code = f"{answer.status:#x} {answer.disposition:#x}"
    assert (answer.status, answer.disposition) == (0, ISSUED), f"{code}: {answer.message}"
    ca.openssl_verify(answer.certificate)
    certificate = x509.load_der_x509_certificate(answer.certificate)
    if account:
        assert_subject(ca, certificate, account)
    return certificate


def assert_subject(ca, certificate, who):
    """Subject, UPN and SID extension are those of the account, and of nobody else."""
    assert who.user in certificate.subject.rfc4514_string().lower(), certificate.subject
    assert upns(certificate) == [f"{who.user}@{ca.dns}"]
    assert sid_of(certificate) == ca.sid_of(who)


def upns(certificate):
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    names = [name for name in names.get_values_for_type(x509.OtherName) if name.type_id == UPN]
    return [asn1_x509.UTF8String.load(name.value).native for name in names]


def sid_of(certificate):
    value = certificate.extensions.get_extension_for_oid(SID_EXTENSION).value.value
    return re.search(r"S-1-5-21-[\d-]+", strings(value)).group(0)


def refused(answer, *codes):
    """Checks an answer that should hold nothing but one of these codes and a sentence."""
    assert answer.status == 0 and answer.disposition & 0x80000000, (
        f"{answer.status:#x} {answer.disposition:#x}: {answer.message}"
    )
    assert hex(answer.disposition) in [hex(code) for code in codes] or not codes, answer.message
    assert (answer.certificate, answer.chain) == (b"", b"")
    assert answer.message
    return answer


class OtherCa:
    """A CA that is not the one under test."""

    def __init__(self, name):
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.key = csr.rsa_key()
        constraints = (x509.BasicConstraints(ca=True, path_length=None), True)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        self.certificate = self.issue(self.name, self.key, constraints, (usage, True))

    def issue(self, subject, key, *extensions):
        now = datetime.datetime.now(datetime.UTC).replace(microsecond=0, tzinfo=None)
        builder = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(self.name)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=30))
        )
        key_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        own_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        for extension, critical in ((key_id, False), (own_id, False), *extensions):
            builder = builder.add_extension(extension, critical)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def agent(self, name="agent"):
        """An enrollment agent of this CA."""
        key = csr.rsa_key()
        usage = x509.ExtendedKeyUsage([x509.ObjectIdentifier(ENROLLMENT_AGENT)])
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        return Identity(key, self.issue(subject, key, (usage, False)))

    def crl(self):
        now = datetime.datetime.now(datetime.UTC).replace(microsecond=0, tzinfo=None)
        builder = (
            x509.CertificateRevocationListBuilder().issuer_name(self.name).last_update(now)
            .next_update(now + datetime.timedelta(days=7))
        )
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def enrol(ca, who, template_, key=None, attributes=()):
    """A certificate from a template that issues at once to this account."""
    key = key or csr.rsa_key()
    way = Passage(ca, who)
    answer = way.submit(csr.csr(key, who.user), [f"CertificateTemplate:{template_}", *attributes])
    way.close()
    issued(ca, answer)
    return Identity(key, answer.certificate)


