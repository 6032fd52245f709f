"""Clients with Kerberos tickets that are not ours: impacket, Certipy, Samba, scapy; and a proxy
that sees what they say, and may change it."""

import contextlib
import os
import pathlib
import select
import socket
import struct
import subprocess
import sys
import threading

from asn1crypto import parser
from impacket import uuid as impacket_uuid
from impacket.dcerpc.v5 import rpcrt, transport

import lab
from certrequest import CertRequest
from icpr import (
    CONNECT, ICERTPASSAGE, INTEGRITY, PACKET, PRIVACY, Answer, Credentials, Refused, RpcFault, Scapy,
    fault_of, impacket_answer, impacket_call,
)
from running import BINARIES, PORT
from scapy_object import ScapyObject

HOST = lab.fqdn("ca")
ADDRESS = lab.ADDRESS["ca"]
KDC = lab.ADDRESS["dc"]
FOREIGN = pathlib.Path(__file__).parents[1] / "foreign"


def run(*command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120,
                          **options)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def password(user):
    return f"Passw0rd-{user.capitalize()}"


def tickets(folder, user, *services):
    """A credential cache with tickets for these services, by MIT's tools."""
    cache = folder / f"{user}.ccache"
    run("kinit", "-c", f"FILE:{cache}", f"{user}@{lab.REALM}", input=password(user) + "\n")
    services = services or (f"host/{HOST}", f"RPCSS/{HOST}")
    run("kvno", "-q", "-c", f"FILE:{cache}", *services)
    return cache


class Impacket:
    """impacket over ICertPassage: AP-REQ in GSS framing, no header signing, no mechListMIC."""

    def __init__(self, cache, level=PRIVACY, port=PORT, name=HOST):
        # impacket does not know the prefix FILE:.
        os.environ["KRB5CCNAME"] = str(cache)
        binding = transport.DCERPCTransportFactory(f"ncacn_ip_tcp:{name}[{port}]")
        binding.setRemoteHost(ADDRESS)
        binding.setRemoteName(name)
        binding.set_credentials(cache.stem, "", lab.REALM)
        binding.set_kerberos(True, KDC)
        binding.set_connect_timeout(20)
        self.dce = binding.get_dce_rpc()
        self.dce.set_auth_type(rpcrt.RPC_C_AUTHN_GSS_NEGOTIATE)
        self.dce.set_auth_level(level)
        self.dce.connect()
        try:
            self.dce.bind(impacket_uuid.uuidtup_to_bin(ICERTPASSAGE))
        except rpcrt.DCERPCException as error:
            raise Refused(str(error)) from error

    def request(self, authority, csr=b"", attributes=()):
        self.dce.call(0, impacket_call(authority, csr, attributes, 0, 0).getData())
        try:
            return impacket_answer(self.dce.recv())
        except rpcrt.DCERPCException as error:
            raise fault_of(error) from error


    def close(self):
        self.dce.disconnect()


class ImpacketDcom(CertRequest):
    """impacket over DCOM: activation at this level, then ICertRequestD2 at privacy, as the server
    tells it to."""

    def __init__(self, cache, level=PRIVACY):
        os.environ["KRB5CCNAME"] = str(cache)
        super().__init__(HOST, Credentials(lab.REALM, cache.stem, ""), level, kdc=KDC)

    def request(self, authority, csr=b"", attributes=()):
        return self.request2(authority, csr, "\n".join(attributes))


class Samba:
    """Samba's gensec over ICertPassage: SPNEGO with mechListMIC, header signing."""

    LEVELS = {PRIVACY: "seal", INTEGRITY: "sign", PACKET: "packet", CONNECT: "connect"}

    def __init__(self, cache, level=PRIVACY, port=PORT):
        self.binding = f"ncacn_ip_tcp:{HOST}[{port},{self.LEVELS[level]},spnego]"
        self.cache = cache
        self.who, self.password = f"ccache:{cache}", ""

    def request(self, authority, csr=b"", attributes=()):
        stub = impacket_call(authority, csr, attributes, 0, 0).getData()
        done = subprocess.run(
            ["/usr/bin/python3", FOREIGN / "samba_call.py", self.binding, lab.DOMAIN, self.who,
             "0", *ICERTPASSAGE],
            input=f"{self.password}\n{stub.hex()}\n", capture_output=True, text=True, timeout=60,
            env=os.environ | {"KRB5CCNAME": f"FILE:{self.cache}"},
        )
        if done.returncode == 3:
            raise RpcFault(int(done.stdout, 16))
        if done.returncode == 2:
            raise Refused(done.stdout)
        assert done.returncode == 0, done.stderr
        return impacket_answer(bytes.fromhex(done.stdout.strip()))


    def close(self):
        pass


class SambaEither(Samba):
    """The same with a password: Kerberos, and behind it NTLM, are offered."""

    def __init__(self, cache, port=PORT):
        super().__init__(cache, port=port)
        self.who, self.password = f"either:{cache.stem}@{lab.REALM}", password(cache.stem)


def scapy_ssp(user):
    """scapy's own Kerberos, from the password on, within its SPNEGO."""
    from scapy.layers.kerberos import KerberosSSP
    from scapy.layers.spnego import SPNEGOSSP

    return SPNEGOSSP([KerberosSSP(
        UPN=f"{user}@{lab.REALM}", PASSWORD=password(user), SPN=f"host/{HOST}", DC_IP=KDC,
    )])


class ScapyIcpr(Scapy):
    """scapy over ICertPassage: SPNEGO with mechListMIC, header signing, NDR64."""

    def __init__(self, cache, level=PRIVACY, port=PORT):
        super().__init__(ADDRESS, port, None, level, ssp=scapy_ssp(cache.stem))


class ScapyDcom(ScapyObject):
    """scapy over DCOM, as Windows goes: Request2 over NDR64 with header signing."""

    def __init__(self, cache, level=PRIVACY):
        super().__init__(HOST, scapy_ssp(cache.stem), level)

    def request(self, authority, csr=b"", attributes=()):
        answer = self.request2(authority, csr, "\n".join(attributes))
        return Answer(answer.status, answer.pdwRequestId, answer.pdwDisposition, b"",
                      bytes(answer.pctbEncodedCert.valueof("pb")), "")


def certipy(folder, ca, cache, *way):
    """What Certipy's users run; the text that it printed."""
    done = subprocess.run(
        [pathlib.Path(sys.executable).with_name("certipy"), "req", "-k", "-no-pass", "-u",
         f"{cache.stem}@{lab.DNS}", "-ca", ca.name, "-template", "User", "-target", HOST,
         "-target-ip", ADDRESS, "-dc-ip", KDC, *way],
        cwd=folder, capture_output=True, text=True, timeout=120, input="n\n",
        env=os.environ | {"KRB5CCNAME": str(cache)},
    )
    return done.stdout + done.stderr


def wcce(*arguments, cache=None, **options):
    """Our own client, with the tickets of a cache as everybody has them: in the environment."""
    environment = {**os.environ, **({"KRB5CCNAME": f"FILE:{cache}"} if cache else {})}
    return subprocess.run([BINARIES / "wcce", *map(str, arguments)], capture_output=True, text=True,
                          timeout=120, env=environment, **options)


class Proxy:
    """Passes connections on, PDU by PDU, and keeps both sides of them. `tamper` may change the
    client's PDUs, `tamper_answer` the server's."""

    def __init__(self, tamper=lambda pdu: pdu, tamper_answer=lambda pdu: pdu):
        self.changes = (tamper, tamper_answer)
        self.pdus, self.answers = [], []
        self.failure = None
        self.listener = socket.create_server((ADDRESS, 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        # Wakes accept() up, which a close alone does not.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)
        if self.failure:
            raise self.failure

    def serve(self):
        try:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = self.listener.accept()
                    with client, socket.create_connection((ADDRESS, PORT)) as server:
                        self.carry(client, server)
        except Exception as error:  # a change that does not fit is the test's failure
            self.failure = error

    def carry(self, client, server):
        sides = {client: (server, self.pdus, self.changes[0]),
                 server: (client, self.answers, self.changes[1])}
        pending = {client: b"", server: b""}
        while ready := select.select(list(sides), [], [], 20)[0]:
            for one in ready:
                data = one.recv(65536)
                if not data:
                    return
                pending[one] += data
                to, seen, change = sides[one]
                while len(pending[one]) >= 16:
                    length, = struct.unpack_from("<H", pending[one], 8)
                    if len(pending[one]) < length:
                        break
                    pdu, pending[one] = pending[one][:length], pending[one][length:]
                    seen.append(pdu)
                    to.sendall(change(pdu))


def token_of(pdu):
    """The security provider's token of a PDU."""
    length, = struct.unpack_from("<H", pdu, 10)
    return pdu[len(pdu) - length:]


def elements(der):
    """Tag number and content of each DER element in a row."""
    while der:
        _, _, tag, header, content, trailer = parser.parse(der)
        yield tag, content
        der = der[len(header) + len(content) + len(trailer):]


def spnego_fields(token):
    """The fields of a NegTokenInit or NegTokenResp by number, as DER."""
    [(_, choice)] = elements(token)
    if token[0] == 0x60:  # [APPLICATION 0]: SPNEGO's identifier, then the NegTokenInit
        _, (_, choice) = elements(choice)
    [(_, sequence)] = elements(choice)
    return dict(elements(sequence))


def with_token(pdu, token):
    """The PDU with another token of the security provider."""
    pdu = pdu[:len(pdu) - len(token_of(pdu))] + token
    return pdu[:8] + struct.pack("<HH", len(pdu), len(token)) + pdu[12:]


def der(tag, *parts):
    """A DER element of fewer than 128 bytes."""
    content = b"".join(parts)
    return bytes([tag, len(content)]) + content
