"""DCE/RPC and NTLM at the level of bytes, for clients that mean harm: PDUs are packed by hand, the
cryptography of NTLM is impacket's. Nothing of wcce is in here."""

import itertools
import socket
import struct
import uuid

from Cryptodome.Cipher import ARC4
from impacket import ntlm

NDR = uuid.UUID("8a885d04-1ceb-11c9-9fe8-08002b104860"), 2
ICERTPASSAGE = uuid.UUID("91ae6020-9e3c-11cf-8d7c-00aa00c091be"), 0
EPM = uuid.UUID("e1af8308-5d1f-11c9-91a4-08002b14a0fa"), 3
MGMT = uuid.UUID("afa8bd80-7d8a-11c9-bef4-08002b102989"), 1
REQUEST, RESPONSE, FAULT, BIND, BIND_ACK, BIND_NAK, ALTER, AUTH3 = 0, 2, 3, 11, 12, 13, 14, 16
FIRST, LAST, MULTIPLEX = 1, 2, 16
FRAGMENT = 5840
NTLM, PRIVACY = 10, 6

_sources = itertools.count()


def pdu(ptype, body, flags=FIRST | LAST, call=1, auth=b"", length=None):
    """A PDU; `auth` is a whole security trailer with its token, `length` a lie about its size."""
    auth_length = max(len(auth) - 8, 0)
    length = 16 + len(body) + len(auth) if length is None else length
    return struct.pack("<BBBB4sHHI", 5, 0, ptype, flags, b"\x10\0\0\0", length, auth_length,
                       call) + body + auth


def syntax(interface, minor=0):
    return interface[0].bytes_le + struct.pack("<HH", interface[1], minor)


def bind_body(contexts, group=0):
    """The body of a bind: `contexts` are identifiers with their interfaces."""
    items = b"".join(
        struct.pack("<HBB", number, 1, 0) + syntax(interface) + syntax(NDR)
        for number, interface in contexts
    )
    return struct.pack("<HHIBBH", FRAGMENT, FRAGMENT, group, len(contexts), 0, 0) + items


def trailer(token, auth_type=NTLM, level=PRIVACY, context=0, pad=0):
    return struct.pack("<BBBBI", auth_type, level, pad, 0, context) + token


def request_body(opnum, stub, context=0, alloc_hint=None):
    return struct.pack("<IHH", len(stub) if alloc_hint is None else alloc_hint, context,
                       opnum) + stub


def source():
    """Another address of loopback each time, as if clients came from everywhere."""
    number = next(_sources)
    return f"127.{64 + (number >> 16 & 63)}.{number >> 8 & 255}.{1 + number % 254}"


def dial(target, address=None, timeout=20):
    client = socket.socket()
    client.settimeout(timeout)
    client.bind((address or source(), 0))
    client.connect(target)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def read_pdu(client):
    """Type, flags and bytes of the next PDU; fails at the end of the stream."""
    head = read(client, 16)
    return head[2], head[3], head + read(client, struct.unpack_from("<H", head, 8)[0] - 16)


def read(client, count):
    data = b""
    while len(data) < count:
        more = client.recv(count - len(data))
        if not more:
            raise ConnectionError("closed")
        data += more
    return data


def negotiate():
    return ntlm.getNTLMSSPType1(signingRequired=True)


def challenge_of(answer):
    """The token of a bind_ack."""
    return answer[-struct.unpack_from("<H", answer, 10)[0]:]


class Association:
    """A connection with ICertPassage bound, as somebody (user, domain, password) by NTLM with
    sealing, or as nobody."""

    def __init__(self, target, who=None, address=None, interface=ICERTPASSAGE, flags=0):
        self.socket = dial(target, address)
        self.call_id = 1
        self.sequence = 0
        self.seal = None
        if who is None:
            self.send(pdu(BIND, bind_body([(0, interface)]), FIRST | LAST | flags))
            self.expect(BIND_ACK)
            return
        first = negotiate()
        self.send(pdu(BIND, bind_body([(0, interface)]), FIRST | LAST | flags,
                      auth=trailer(first.getData())))
        answer = self.expect(BIND_ACK)
        user, domain, password = who
        third, key = ntlm.getNTLMSSPType3(first, challenge_of(answer), user, password, domain)
        self.send(pdu(AUTH3, b"    ", auth=trailer(third.getData())))
        self.flags = third["flags"]
        self.signing = ntlm.SIGNKEY(self.flags, key)
        self.seal = ARC4.new(ntlm.SEALKEY(self.flags, key)).encrypt

    def send(self, data):
        self.socket.sendall(data)

    def expect(self, ptype):
        found, _, answer = read_pdu(self.socket)
        if found != ptype:
            raise ConnectionError(f"PDU of type {found}, not {ptype}")
        return answer

    def fragment(self, opnum, stub, flags=FIRST | LAST, alloc_hint=None, call=None):
        """A request, or a fragment of one, sealed if somebody logged on."""
        call = self.call_id if call is None else call
        if self.seal is None:
            return pdu(REQUEST, request_body(opnum, stub, 0, alloc_hint), flags, call)
        pad = -len(stub) % 16
        stub += bytes(pad)
        body = request_body(opnum, stub, 0, alloc_hint)
        plain = pdu(REQUEST, body, flags, call, trailer(bytes(16), pad=pad))
        sealed, signature = ntlm.SEAL(self.flags, self.signing, None, plain[:-16], stub,
                                      self.sequence, self.seal)
        self.sequence += 1
        return plain[:24] + sealed + plain[24 + len(stub):-16] + signature.getData()

    def call(self, opnum, stub):
        """Calls, and waits for all of the answer; its type."""
        self.send(self.fragment(opnum, stub))
        self.call_id += 1
        while True:
            ptype, flags, _ = read_pdu(self.socket)
            if flags & LAST:
                return ptype


def blob(data):
    """A CERTTRANSBLOB's referent of NDR 2.0."""
    return struct.pack("<I", len(data)) + data + bytes(-len(data) % 4)


def enrollment(authority, csr, attributes, claim=None):
    """The stub of CertServerRequest; `claim` is a lie about the size of the request."""
    name = (authority + "\0").encode("utf-16-le")
    attributes = (attributes + "\0").encode("utf-16-le")
    count = len(name) // 2
    stub = struct.pack("<IIIII", 0, 1, count, 0, count) + name + bytes(-len(name) % 4)
    stub += struct.pack("<I", 0)
    stub += struct.pack("<II", len(attributes), 2) + blob(attributes)
    size = len(csr) if claim is None else claim
    stub += struct.pack("<II", size, 3)
    return stub + struct.pack("<I", size) + csr + bytes(-len(csr) % 4)
