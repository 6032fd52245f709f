"""Requests of an enterprise CA, assembled with asn1crypto and signed with Python's cryptography:
PKCS#10 with Microsoft's attributes, CMS around it, and CMC ([MS-WCCE] 2.2.2.6, 3.1.1.4.3).

Nothing here comes from wcce: the structures are those of RFC 2986, RFC 5652 and RFC 5272.
"""

import dataclasses
import hashlib
import urllib.parse

from asn1crypto import algos, cms, core, csr, x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding

DATA, SIGNED_DATA = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.2"
PKI_DATA = "1.3.6.1.5.5.7.12.2"
REG_INFO = "1.3.6.1.5.5.7.7.18"
ADD_ATTRIBUTES = "1.3.6.1.4.1.311.10.10.1"
NAME_VALUE_PAIR = "1.3.6.1.4.1.311.13.2.1"
RENEWAL_CERTIFICATE = "1.3.6.1.4.1.311.13.1"
OS_VERSION = "1.3.6.1.4.1.311.13.2.3"
CLIENT_INFO = "1.3.6.1.4.1.311.21.20"
TEMPLATE_NAME = "1.3.6.1.4.1.311.20.2"
TEMPLATE_INFORMATION = "1.3.6.1.4.1.311.21.7"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
EXTENSION_REQUEST = "1.2.840.113549.1.9.14"


class AnySet(core.SetOf):
    _child_spec = core.Any


class Attribute(core.Sequence):
    _fields = [("type", core.ObjectIdentifier), ("values", AnySet)]


class Attributes(core.SetOf):
    _child_spec = Attribute


class NameValuePair(core.Sequence):
    _fields = [("name", core.BMPString), ("value", core.BMPString)]


class TemplateInformation(core.Sequence):
    _fields = [("oid", core.ObjectIdentifier), ("major", core.Integer), ("minor", core.Integer)]


class ClientInformation(core.Sequence):
    _fields = [("id", core.Integer), ("machine", core.UTF8String), ("user", core.UTF8String),
               ("process", core.UTF8String)]


class RequestInfo(core.Sequence):
    _fields = [
        ("version", core.Integer), ("subject", x509.Name), ("spki", core.Any),
        ("attributes", Attributes, {"implicit": 0}),
    ]


class Request(core.Sequence):
    _fields = [("info", RequestInfo), ("algorithm", algos.SignedDigestAlgorithm),
               ("signature", core.OctetBitString)]


class TaggedAttribute(core.Sequence):
    _fields = [("id", core.Integer), ("type", core.ObjectIdentifier), ("values", AnySet)]


class Controls(core.SequenceOf):
    _child_spec = TaggedAttribute


class TaggedRequest(core.Sequence):
    _fields = [("id", core.Integer), ("request", core.Any)]


class Tagged(core.Choice):
    _alternatives = [("tcr", TaggedRequest, {"implicit": 0})]


class Requests(core.SequenceOf):
    _child_spec = Tagged


class AnySequence(core.SequenceOf):
    _child_spec = core.Any


class Integers(core.SequenceOf):
    _child_spec = core.Integer


class CmcAddAttributes(core.Sequence):
    _fields = [("data", core.Integer), ("references", Integers), ("attributes", Attributes)]


class PkiData(core.Sequence):
    _fields = [("controls", Controls), ("requests", Requests), ("cms", AnySequence),
               ("others", AnySequence)]


class SignerInfo(core.Sequence):
    _fields = [
        ("version", core.Integer), ("sid", cms.SignerIdentifier),
        ("digest_algorithm", algos.DigestAlgorithm),
        ("signed_attrs", Attributes, {"implicit": 0, "optional": True}),
        ("signature_algorithm", algos.SignedDigestAlgorithm), ("signature", core.OctetString),
        ("unsigned_attrs", Attributes, {"implicit": 1, "optional": True}),
    ]


class SignerInfos(core.SetOf):
    _child_spec = SignerInfo


class Content(core.Sequence):
    _fields = [("type", core.ObjectIdentifier),
               ("content", core.OctetString, {"explicit": 0, "optional": True})]


class SignedData(core.Sequence):
    _fields = [
        ("version", core.Integer), ("digest_algorithms", cms.DigestAlgorithms),
        ("content", Content), ("certificates", AnySet, {"implicit": 0, "optional": True}),
        ("signers", SignerInfos),
    ]


class ContentInfo(core.Sequence):
    _fields = [("type", core.ObjectIdentifier), ("content", SignedData, {"explicit": 0})]


def any_of(value):
    return core.Any(value) if isinstance(value, core.Asn1Value) else core.Any(core.load(value))


def attribute(oid, *values):
    return Attribute({"type": oid, "values": [any_of(value) for value in values]})


def spki(key):
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def key_identifier(key):
    """SHA-1 of the subjectPublicKey bits."""
    bits = core.load(spki(key))[1]
    return hashlib.sha1(bytes(bits.contents[1:])).digest()


def algorithm(key, digest):
    kind = "ecdsa" if isinstance(key, ec.EllipticCurvePrivateKey) else "rsa"
    return algos.SignedDigestAlgorithm({"algorithm": f"{digest}_{kind}"})


def sign(key, message, digest):
    hash_ = getattr(hashes, digest.upper())()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(message, ec.ECDSA(hash_))
    return key.sign(message, padding.PKCS1v15(), hash_)


def template_information(oid, major=100, minor=0):
    value = TemplateInformation({"oid": oid, "major": major, "minor": minor})
    return x509.Extension({"extn_id": TEMPLATE_INFORMATION, "extn_value": value.dump()})


def template_name(name):
    return x509.Extension({"extn_id": TEMPLATE_NAME, "extn_value": name})


def client_information(user=r"LAB\alice"):
    info = {"id": 5, "machine": "ws1.lab.test", "user": user, "process": "certreq"}
    return attribute(CLIENT_INFO, ClientInformation(info))


def pkcs10(key, subject=None, extensions=(), attributes=(), renews=None, digest="sha256"):
    """A PKCS#10 with a proof of possession; `renews` is the DER of an old certificate."""
    all_ = [attribute(OS_VERSION, core.IA5String("10.0.20348.2")), client_information()]
    if renews:
        all_.append(attribute(RENEWAL_CERTIFICATE, renews))
    all_ += list(attributes)
    if extensions:
        all_.append(attribute(EXTENSION_REQUEST, x509.Extensions(list(extensions))))
    info = RequestInfo({
        "version": 0, "subject": subject or x509.Name.build({}), "spki": any_of(spki(key)),
        "attributes": all_,
    })
    return Request({
        "info": info, "algorithm": algorithm(key, digest),
        "signature": sign(key, info.dump(), digest),
    }).dump()


@dataclasses.dataclass
class Signer:
    """Somebody who signs a request: by a certificate, or (without one) by the key's identifier."""

    key: object
    certificate: bytes = None
    attributes: tuple = ()
    digest: str = "sha256"
    bare: bool = False  # no signed attributes, as Windows signs a renewal around a PKCS#10
    content_type: bool = True
    unsigned: tuple = ()
    shown: bool = True  # whether the certificate goes along

    def info(self, kind, content):
        digest = hashlib.new(self.digest, content).digest()
        signed = None
        message = content
        if not self.bare:
            signed = Attributes([
                *([attribute(CONTENT_TYPE, core.ObjectIdentifier(kind))] * self.content_type),
                attribute(MESSAGE_DIGEST, core.OctetString(digest)), *self.attributes,
            ])
            message = signed.dump()
        fields = {
            "version": 1 if self.certificate else 3, "sid": self.sid(),
            "digest_algorithm": algos.DigestAlgorithm({"algorithm": self.digest}),
            "signature_algorithm": algorithm(self.key, self.digest),
            "signature": sign(self.key, message, self.digest),
        }
        if signed:
            fields["signed_attrs"] = signed
        if self.unsigned:
            fields["unsigned_attrs"] = list(self.unsigned)
        return SignerInfo(fields)

    def sid(self):
        if not self.certificate:
            return cms.SignerIdentifier(
                "subject_key_identifier", core.OctetString(key_identifier(self.key))
            )
        certificate = x509.Certificate.load(self.certificate)
        return cms.SignerIdentifier("issuer_and_serial_number", cms.IssuerAndSerialNumber(
            {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
        ))


def signed(kind, content, signers, certificates=None, version=3):
    """CMS SignedData over the content by all signers."""
    if certificates is None:
        certificates = [s.certificate for s in signers if s.certificate and s.shown]
    fields = {
        "version": version,
        "digest_algorithms": [
            algos.DigestAlgorithm({"algorithm": name}) for name in sorted({s.digest for s in signers})
        ],
        "content": {"type": kind, "content": content},
        "signers": [signer.info(kind, content) for signer in signers],
    }
    if certificates:
        fields["certificates"] = [any_of(certificate) for certificate in certificates]
    return ContentInfo({"type": SIGNED_DATA, "content": fields}).dump()


def requester_name(account, name="RequesterName"):
    """The signed attribute of a CMS on behalf of somebody."""
    return attribute(NAME_VALUE_PAIR, NameValuePair({"name": name, "value": account}))


def reg_info(**pairs):
    """The text of the CMC control RegInfo: `Name=Value&`, percent-encoded."""
    return "".join(f"{name}={urllib.parse.quote(value)}&" for name, value in pairs.items()).encode()


def control(body_part, oid, value):
    return TaggedAttribute({"id": body_part, "type": oid, "values": [any_of(value)]})


def pki_data(request, requester=None, requests=1, controls=()):
    """PKIData as Windows fills it: client information, RegInfo where on behalf, one request."""
    added = CmcAddAttributes(
        {"data": 0, "references": [1], "attributes": [client_information()]}
    )
    all_ = [control(3 if requester else 2, ADD_ATTRIBUTES, added)]
    if requester:
        info = core.OctetString(reg_info(RequesterName=requester))
        all_.append(control(2, REG_INFO, info))
    all_ += list(controls)
    tagged = [
        Tagged("tcr", TaggedRequest({"id": 1 + 100 * n, "request": any_of(request)}))
        for n in range(requests)
    ]
    return PkiData({"controls": all_, "requests": tagged, "cms": [], "others": []}).dump()


def cmc_new(key, request):
    """A CMC request: signed by the key to be certified alone."""
    return signed(PKI_DATA, pki_data(request), [Signer(key)])


def cmc_on_behalf(key, request, account, *agents):
    """A CMC on behalf of the account: the new key signs first, then the agents."""
    return signed(PKI_DATA, pki_data(request, account), [Signer(key), *agents])


def cmc_renewal(key, request, old):
    """A CMC renewal: the new key signs first, then that of the old certificate."""
    return signed(PKI_DATA, pki_data(request), [Signer(key), old])


def cms_on_behalf(request, account, agent, *more):
    """CMS around a PKCS#10; who it is for stands among what the first agent signs."""
    first = dataclasses.replace(agent, attributes=(*agent.attributes, requester_name(account)))
    return signed(DATA, request, [first, *more], version=1)


def cms_renewal(request, old):
    """CMS around a PKCS#10, signed with the key of the old certificate."""
    return signed(DATA, request, [old], version=1)
