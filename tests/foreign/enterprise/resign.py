"""Recorded requests of Windows signed anew: every byte stays but keys, the certificates of signers,
signatures and the digests and identifiers that follow from them."""

import hashlib

from asn1crypto import algos, cms, core

import enterprise_requests as requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding


def pkcs10(der, key, renews=None):
    """The same PKCS#10 of another key, that renews another certificate."""
    request = requests.Request.load(der)
    info = request["info"]
    info["spki"] = requests.any_of(requests.spki(key))
    for attribute in info["attributes"]:
        if attribute["type"].native == requests.RENEWAL_CERTIFICATE:
            attribute["values"] = [requests.any_of(renews)]
    digest, kind = request["algorithm"]["algorithm"].native.split("_")
    assert kind == "rsa"
    request["signature"] = requests.sign(key, info.dump(force=True), digest)
    return request.dump(force=True)


def cms_of(der, key, old=None, digest=None):
    """The same CMS or CMC of another key; `old` signs in place of whoever had a certificate, with
    another hash where one is given."""
    message = requests.ContentInfo.load(der)
    data = message["content"]
    kind, content = data["content"]["type"].native, data["content"]["content"].native
    renews = old and old.certificate
    if kind == requests.PKI_DATA:
        inner = requests.PkiData.load(content)
        [tagged] = inner["requests"]
        request = tagged.chosen["request"].dump()
        tagged.chosen["request"] = requests.any_of(pkcs10(request, key, renews))
        content = inner.dump(force=True)
    else:
        content = pkcs10(content, key, renews)
    data["content"]["content"] = core.OctetString(content)
    for signer in data["signers"]:
        if signer["sid"].name == "subject_key_identifier":
            sign(signer, content, key)
            signer["sid"] = cms.SignerIdentifier(
                "subject_key_identifier", core.OctetString(requests.key_identifier(key))
            )
        else:
            sign(signer, content, old.key, digest)
            signer["sid"] = old.signer().sid()
            data["certificates"] = [requests.any_of(old.certificate)]
    if digest:
        names = {"sha1", digest}
        data["digest_algorithms"] = [algos.DigestAlgorithm({"algorithm": name}) for name in names]
    return message.dump(force=True)


def sign(signer, content, key, digest=None):
    if digest:
        signer["digest_algorithm"] = algos.DigestAlgorithm({"algorithm": digest})
    digest = signer["digest_algorithm"]["algorithm"].native
    assert signer["signature_algorithm"]["algorithm"].native == "rsassa_pkcs1v15"
    message = content
    if signer["signed_attrs"]:
        for attribute in signer["signed_attrs"]:
            if attribute["type"].native == requests.MESSAGE_DIGEST:
                value = core.OctetString(hashlib.new(digest, content).digest())
                attribute["values"] = [requests.any_of(value)]
        message = requests.Attributes(list(signer["signed_attrs"])).dump(force=True)
    hash_ = getattr(hashes, digest.upper())()
    signer["signature"] = key.sign(message, padding.PKCS1v15(), hash_)


def with_signer(der, identity, digest="sha256"):
    """The same message with one more signer and its certificate."""
    message = requests.ContentInfo.load(der)
    data = message["content"]
    kind, content = data["content"]["type"].native, data["content"]["content"].native
    signer = identity.signer(digest=digest).info(kind, content)
    data["signers"] = [*data["signers"], signer]
    data["certificates"] = [requests.any_of(identity.certificate)]
    return message.dump(force=True)
