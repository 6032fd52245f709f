"""ICertPassage spoken by three stacks that are not ours: impacket, scapy and Samba.

Each client takes the same arguments and returns the same `Answer`, or raises `RpcFault`.
"""

import dataclasses
import subprocess

from impacket import uuid as impacket_uuid
from impacket.dcerpc.v5 import icpr, rpcrt, transport
from impacket.dcerpc.v5.dtypes import NULL

ICERTPASSAGE = ("91ae6020-9e3c-11cf-8d7c-00aa00c091be", "0.0")
PRIVACY, INTEGRITY, PACKET, CONNECT = 6, 5, 4, 2


class RpcFault(Exception):
    """A fault PDU, with its status."""

    def __init__(self, status):
        super().__init__(f"fault 0x{status:08x}")
        self.status = status


class Refused(Exception):
    """The bind did not succeed."""


@dataclasses.dataclass
class Credentials:
    domain: str
    user: str
    password: str
    groups: tuple = ()

    @property
    def account(self):
        return f"{self.domain}\\{self.user}"


@dataclasses.dataclass
class Answer:
    status: int
    request_id: int
    disposition: int
    chain: bytes
    certificate: bytes
    message: str


def attribute_bytes(attributes):
    return ("\n".join(attributes) + "\0").encode("utf-16-le") if attributes else b""


def impacket_call(authority, csr, attributes, request_id, flags):
    call = icpr.CertServerRequest()
    call["dwFlags"] = flags
    call["pwszAuthority"] = authority + "\0" if authority is not None else NULL
    call["pdwRequestId"] = request_id
    for name, data in (("pctbAttribs", attribute_bytes(attributes)), ("pctbRequest", csr)):
        blob = icpr.CERTTRANSBLOB()
        blob["cb"] = len(data)
        blob["pb"] = data if data else NULL
        call[name] = blob
    return call


def impacket_answer(stub):
    # impacket's class lacks the return value, which ends the stub.
    answer = icpr.CertServerRequestResponse(stub)

    def blob(name):
        return b"".join(answer[name]["pb"]) if answer[name]["cb"] else b""

    return Answer(
        status=int.from_bytes(stub[-4:], "little"),
        request_id=answer["pdwRequestId"],
        disposition=answer["pdwDisposition"],
        chain=blob("pctbCert"),
        certificate=blob("pctbEncodedCert"),
        message=blob("pctbDispositionMessage").decode("utf-16-le").rstrip("\0"),
    )


class Impacket:
    """impacket: NTLM as auth type 10, NDR 2.0, no header signing. With a `kdc`: SPNEGO and
    Kerberos, by the tickets that KRB5CCNAME names."""

    name = "impacket"

    def __init__(self, host, port, credentials, level=PRIVACY, max_fragment=None, kdc=None):
        binding = transport.DCERPCTransportFactory(f"ncacn_ip_tcp:{host}[{port}]")
        if credentials:
            binding.set_credentials(credentials.user, credentials.password, credentials.domain)
        binding.set_connect_timeout(20)
        if kdc:
            binding.set_kerberos(True, kdc)
        self.dce = binding.get_dce_rpc()
        if credentials:
            self.dce.set_auth_level(level)
        if kdc:
            self.dce.set_auth_type(rpcrt.RPC_C_AUTHN_GSS_NEGOTIATE)
        if max_fragment:
            self.dce.set_max_fragment_size(max_fragment)
        self.dce.connect()
        try:
            self.dce.bind(impacket_uuid.uuidtup_to_bin(ICERTPASSAGE))
        except rpcrt.DCERPCException as error:
            self.close()
            raise Refused(str(error)) from error

    def raw(self, opnum, stub):
        self.dce.call(opnum, stub)
        try:
            return self.dce.recv()
        except rpcrt.DCERPCException as error:
            raise fault_of(error) from error

    def request(self, authority, csr=b"", attributes=(), request_id=0, flags=0):
        call = impacket_call(authority, csr, attributes, request_id, flags)
        return impacket_answer(self.raw(0, call.getData()))

    def close(self):
        self.dce.disconnect()


def fault_of(error):
    """impacket turns the fault's status into text; the number is looked up again here."""
    if error.error_code is not None:
        return RpcFault(error.error_code)
    for status, text in rpcrt.rpc_status_codes.items():
        if text == str(error):
            return RpcFault(status)
    if str(error).startswith("Unknown DCE RPC fault status code: "):
        return RpcFault(int(str(error).split()[-1], 16))
    return error


class Scapy:
    """scapy: NTLM bare or in SPNEGO with MIC, header signing, verification trailer, NDR64."""

    name = "scapy"

    def __init__(self, host, port, credentials, level=PRIVACY, spnego=False, ndr64=True,
                 endian="little", ssp=None):
        from scapy.layers.dcerpc import DCERPC_Transport, find_dcerpc_interface
        from scapy.layers.msrpce.rpcclient import DCERPC_Client
        from msrpcs import ms_icpr
        from scapy_object import ntlm_ssp

        self.icpr = ms_icpr
        interface = find_dcerpc_interface("ICertPassage")
        self.client = DCERPC_Client(
            DCERPC_Transport.NCACN_IP_TCP,
            ssp=ssp or ntlm_ssp(credentials, spnego),
            auth_level=level,
            ndr64=ndr64,
            ndrendian=endian,
            verb=False,
        )
        if port is None:
            self.client.connect(host, interface=interface, timeout=20)
        else:
            self.client.connect(host, port=port, timeout=20)
        try:
            bound = self.client.bind(interface)
        except Exception:
            self.close()
            raise
        if not bound:
            self.close()
            raise Refused("bind")

    @property
    def ndr64(self):
        """Whether NDR64 was negotiated."""
        return self.client.ndr64

    def request(self, authority, csr=b"", attributes=(), request_id=0, flags=0):
        from scapy.layers.dcerpc import DceRpc5Fault
        from scapy.packet import Raw

        def blob(data):
            return self.icpr.CERTTRANSBLOB(pb=data) if data else self.icpr.CERTTRANSBLOB(pb=None)

        call = self.icpr.CertServerRequest_Request(
            dwFlags=flags,
            pwszAuthority=authority,
            pdwRequestId=request_id,
            pctbAttribs=blob(attribute_bytes(attributes)),
            pctbRequest=blob(csr),
            ndr64=self.client.ndr64,
            ndrendian=self.client.ndrendian,
        )
        if self.client.ndrendian == "big":
            # scapy writes UTF-16 little-endian whatever data representation it declares.
            stub = bytes(call)
            little, big = (authority.encode(f"utf-16-{order}") for order in ("le", "be"))
            assert stub.count(little) == 1
            call = Raw(stub.replace(little, big))
        resp = self.client.sr1_req(call, opnum=0)
        if DceRpc5Fault in resp:
            raise RpcFault(resp[DceRpc5Fault].status)

        def data(value):
            return bytes(value.pb.value.value) if value.cb else b""

        return Answer(
            status=resp.status,
            request_id=resp.pdwRequestId,
            disposition=resp.pdwDisposition,
            chain=data(resp.pctbCert),
            certificate=data(resp.pctbEncodedCert),
            message=data(resp.pctbDispositionMessage).decode("utf-16-le").rstrip("\0"),
        )

    def close(self):
        self.client.close()


class Samba:
    """Samba's own RPC client (Debian's python3-samba): gensec's SPNEGO, then alter_context."""

    name = "samba"
    python = "/usr/bin/python3"

    def __init__(self, host, port, credentials, level=PRIVACY):
        protection = {PRIVACY: "seal", INTEGRITY: "sign", PACKET: "packet", CONNECT: "connect"}
        self.binding = f"ncacn_ip_tcp:{host}[{port},{protection[level]},spnego]"
        self.credentials = credentials

    def request(self, authority, csr=b"", attributes=(), request_id=0, flags=0):
        call = impacket_call(authority, csr, attributes, request_id, flags)
        return impacket_answer(self.raw(0, call.getData()))

    def raw(self, opnum, stub):
        script = __file__.replace("icpr.py", "samba_call.py")
        c = self.credentials
        run = subprocess.run(
            [self.python, script, self.binding, c.domain, c.user, str(opnum), *ICERTPASSAGE],
            input=f"{c.password}\n{stub.hex()}\n", capture_output=True, text=True, timeout=60,
        )
        if run.returncode == 0:
            return bytes.fromhex(run.stdout.strip())
        if run.returncode == 3:
            raise RpcFault(int(run.stdout, 16))
        if run.returncode == 2:
            raise Refused(run.stdout)
        raise RuntimeError(f"{run.returncode}: {run.stderr}")

    def close(self):
        pass


__all__ = ["Answer", "Credentials", "Impacket", "Refused", "RpcFault", "Samba", "Scapy"]
