"""CMS made by OpenSSL: its `cms` command, and for signed attributes of one's own, which the
command cannot add, the same functions of libcrypto that it calls."""

import ctypes
import ctypes.util

from asn1crypto import core
from cryptography.hazmat.primitives import serialization

from enterprise_requests import PKI_DATA
from running import openssl

CMS_BINARY, CMS_NOSMIMECAP, CMS_PARTIAL = 0x80, 0x200, 0x4000
V_ASN1_SEQUENCE = 16


class Files:
    """Keys and certificates in files for the command."""

    def __init__(self, folder):
        self.folder, self.number = folder, 0

    def file(self, content):
        self.number += 1
        path = self.folder / f"{self.number}.pem"
        path.write_bytes(content)
        return path

    def key(self, key):
        return self.file(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ))

    def certificate(self, der):
        return self.file(openssl("x509", "-inform", "DER", input=der))

    def self_signed(self, key):
        """A certificate for a key that has none: signers are named by its key identifier."""
        extension = "subjectKeyIdentifier=hash"
        return self.file(openssl("req", "-x509", "-new", "-key", key, "-subj", "/CN=new",
                                 "-addext", extension))


def signed(files, content, identity, *options):
    """`openssl cms -sign` over the content by a certificate."""
    return openssl(
        "cms", "-sign", "-binary", "-nodetach", "-nosmimecap", "-outform", "DER", "-md", "sha256",
        "-signer", files.certificate(identity.certificate), "-inkey", files.key(identity.key),
        *options, input=content,
    )


def cmc(files, content, key, *identities):
    """PKIData signed by the new key, named by its identifier, then by each identity."""
    key_file = files.key(key)
    message = openssl(
        "cms", "-sign", "-binary", "-nodetach", "-nosmimecap", "-nocerts", "-keyid",
        "-econtent_type", PKI_DATA, "-outform", "DER", "-md", "sha256",
        "-signer", files.self_signed(key_file), "-inkey", key_file, input=content,
    )
    for identity in identities:
        message = openssl(
            "cms", "-resign", "-binary", "-nosmimecap", "-inform", "DER", "-outform", "DER",
            "-md", "sha256", "-signer", files.certificate(identity.certificate),
            "-inkey", files.key(identity.key), input=message,
        )
    return message


def signed_with_attribute(content, identity, oid, value):
    """What `openssl cms -sign` makes, with one more signed attribute."""
    crypto = ctypes.CDLL(ctypes.util.find_library("crypto"))

    def call(name, result, *arguments):
        function = getattr(crypto, name)
        function.restype = result
        found = function(*arguments)
        assert found, name
        return found

    def pointer(name, *arguments):
        return ctypes.c_void_p(call(name, ctypes.c_void_p, *arguments))

    def parse(name, der):
        data = ctypes.c_char_p(der)
        return pointer(name, None, ctypes.byref(data), ctypes.c_long(len(der)))

    key = identity.key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    key, certificate = parse("d2i_AutoPrivateKey", key), parse("d2i_X509", identity.certificate)
    data = pointer("BIO_new_mem_buf", content, len(content))
    cms = pointer("CMS_sign", None, None, None, data, CMS_BINARY | CMS_PARTIAL)
    signer = pointer("CMS_add1_signer", cms, certificate, key, None, CMS_NOSMIMECAP)
    der = value.dump()
    call("CMS_signed_add1_attr_by_txt", ctypes.c_int, signer, oid.encode(), V_ASN1_SEQUENCE, der,
         len(der))
    data = pointer("BIO_new_mem_buf", content, len(content))
    call("CMS_final", ctypes.c_int, cms, data, None, CMS_BINARY)
    length = call("i2d_CMS_ContentInfo", ctypes.c_int, cms, None)
    out = ctypes.create_string_buffer(length)
    call("i2d_CMS_ContentInfo", ctypes.c_int, cms, ctypes.byref(ctypes.c_void_p(ctypes.addressof(out))))
    core.load(out.raw)
    return out.raw
