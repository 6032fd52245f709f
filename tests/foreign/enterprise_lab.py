"""What the tests of an enterprise CA share: its templates, agents and users with their
certificates, and the two ways to its request interface."""

import dataclasses
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
    assert upns(certificate) == [f"{who.user}@lab.test"]
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


def self_signed(key, name, ca_name=None, ca_key=None, agent=True):
    """A certificate by somebody who is not the CA, or claims its name."""
    import datetime

    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    builder = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(ca_name or subject)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
    )
    if agent:
        usage = x509.ExtendedKeyUsage([x509.ObjectIdentifier(ENROLLMENT_AGENT)])
        builder = builder.add_extension(usage, critical=False)
    certificate = builder.sign(ca_key or key, hashes.SHA256())
    return Identity(key, certificate.public_bytes(serialization.Encoding.DER))


def enrol(ca, who, template_, key=None, attributes=()):
    """A certificate from a template that issues at once to this account."""
    key = key or csr.rsa_key()
    way = Passage(ca, who)
    answer = way.submit(csr.csr(key, who.user), [f"CertificateTemplate:{template_}", *attributes])
    way.close()
    issued(ca, answer)
    return Identity(key, answer.certificate)


