"""ICertRequestD and ICertRequestD2 for impacket's DCOM client, every method of both.

impacket has no classes for them: these are written after [MS-WCCE] 6 (the IDL). Methods return
what the server answered; a fault is raised as `RpcFault`.
"""

import contextlib
import struct

from impacket.dcerpc.v5 import dcomrt, rpcrt
from impacket.dcerpc.v5.dtypes import DWORD, LONG, LPWSTR, NULL
from impacket.dcerpc.v5.icpr import CERTTRANSBLOB
from impacket.uuid import string_to_bin, uuidtup_to_bin

from icpr import RpcFault, fault_of

CLSID = string_to_bin("d99e6e74-fc88-11d0-b498-00a0c90312f3")
ICERTREQUESTD = uuidtup_to_bin(("d99e6e70-fc88-11d0-b498-00a0c90312f3", "0.0"))
ICERTREQUESTD2 = uuidtup_to_bin(("5422fd3a-d4b8-4cef-a12e-e87d4ca22e90", "0.0"))
LONG_TYPE, BINARY_TYPE, TEXT_TYPE = 1, 3, 4


class Request(dcomrt.DCOMCALL):
    opnum = 3
    structure = (
        ("dwFlags", DWORD),
        ("pwszAuthority", LPWSTR),
        ("pdwRequestId", DWORD),
        ("pwszAttributes", LPWSTR),
        ("pctbRequest", CERTTRANSBLOB),
    )


class RequestAnswer(dcomrt.DCOMANSWER):
    structure = (
        ("pdwRequestId", DWORD),
        ("pdwDisposition", DWORD),
        ("chain", CERTTRANSBLOB),
        ("pctbEncodedCert", CERTTRANSBLOB),
        ("pctbDispositionMessage", CERTTRANSBLOB),
        ("status", DWORD),
    )


class GetCACert(dcomrt.DCOMCALL):
    opnum = 4
    structure = (("fchain", DWORD), ("pwszAuthority", LPWSTR))


class BlobAnswer(dcomrt.DCOMANSWER):
    structure = (("blob", CERTTRANSBLOB), ("status", DWORD))


class Ping(dcomrt.DCOMCALL):
    opnum = 5
    structure = (("pwszAuthority", LPWSTR),)


class StatusAnswer(dcomrt.DCOMANSWER):
    structure = (("status", DWORD),)


class Request2(dcomrt.DCOMCALL):
    opnum = 6
    structure = (
        ("pwszAuthority", LPWSTR),
        ("dwFlags", DWORD),
        ("pwszSerialNumber", LPWSTR),
        ("pdwRequestId", DWORD),
        ("pwszAttributes", LPWSTR),
        ("pctbRequest", CERTTRANSBLOB),
    )


class GetCAProperty(dcomrt.DCOMCALL):
    opnum = 7
    structure = (
        ("pwszAuthority", LPWSTR),
        ("PropID", LONG),
        ("PropIndex", LONG),
        ("PropType", LONG),
    )


class GetCAPropertyInfo(dcomrt.DCOMCALL):
    opnum = 8
    structure = (("pwszAuthority", LPWSTR),)


class PropertyInfoAnswer(dcomrt.DCOMANSWER):
    structure = (("pcProperty", LONG), ("blob", CERTTRANSBLOB), ("status", DWORD))


class Ping2(Ping):
    opnum = 9


def wide(text):
    """A string with its NUL; NULL for none."""
    return NULL if text is None else text + "\0"


def blob(data):
    value = CERTTRANSBLOB()
    value["cb"], value["pb"] = len(data), data or NULL
    return value


def data(value):
    return b"".join(value["pb"]) if value["cb"] else b""


def text(bytes_):
    assert bytes_.endswith(b"\0\0"), bytes_
    return bytes_.decode("utf-16-le")[:-1]


class CertRequest:
    """An activated object, called through one of its interfaces."""

    def __init__(self, host, credentials, level=rpcrt.RPC_C_AUTHN_LEVEL_PKT_PRIVACY,
                 iid=ICERTREQUESTD2, clsid=CLSID, kdc=None):
        """With a `kdc`: by the Kerberos tickets that KRB5CCNAME names."""
        self.host = host
        self.connection = dcomrt.DCOMConnection(
            host, credentials.user, credentials.password, credentials.domain, authLevel=level,
            doKerberos=kdc is not None, kdcHost=kdc,
        )
        try:
            activated = self.connection.CoCreateInstanceEx(clsid, iid)
        except BaseException:
            # impacket's own disconnect fails where nothing was activated.
            dcomrt.DCOMConnection.PORTMAPS.pop(host).disconnect()
            raise
        activated.get_cinstance().set_auth_level(level)
        self.unknown = dcomrt.IRemUnknown2(activated)
        self.iid, self.ipid = iid, activated.get_iPid()

    def query_interface(self, iid):
        """IRemUnknown::RemQueryInterface; later calls and releases are of that interface."""
        self.unknown = self.unknown.RemQueryInterface(1, (iid,))
        self.iid, self.ipid = iid, self.unknown.get_iPid()

    def release(self):
        self.unknown.RemRelease()

    def raw(self, call):
        """Sends a call; the stub of the answer."""
        call["ORPCthis"] = self.unknown.get_cinstance().get_ORPCthis()
        call["ORPCthis"]["flags"] = 0
        self.unknown.connect(self.iid)
        dce = self.unknown.get_dce_rpc()
        dce.call(call.opnum, call, self.ipid)
        try:
            return dce.recv()
        except rpcrt.DCERPCException as error:
            # impacket keeps the text of this code alone.
            if "RPC_E_DISCONNECTED" in str(error):
                raise RpcFault(0x80010108) from error
            raise fault_of(error) from error

    def request(self, authority, csr=b"", attributes=None, request_id=0, flags=0):
        call = Request()
        call["dwFlags"], call["pdwRequestId"] = flags, request_id
        call["pwszAuthority"], call["pwszAttributes"] = wide(authority), wide(attributes)
        call["pctbRequest"] = blob(csr)
        return Answer(RequestAnswer(self.raw(call)))

    def request2(self, authority, csr=b"", attributes=None, request_id=0, serial=None, flags=0):
        call = Request2()
        call["dwFlags"], call["pdwRequestId"] = flags, request_id
        call["pwszAuthority"], call["pwszAttributes"] = wide(authority), wide(attributes)
        call["pwszSerialNumber"], call["pctbRequest"] = wide(serial), blob(csr)
        return Answer(RequestAnswer(self.raw(call)))

    def get_ca_cert(self, fchain, authority):
        call = GetCACert()
        call["fchain"], call["pwszAuthority"] = fchain, wide(authority)
        answer = BlobAnswer(self.raw(call))
        return answer["status"], data(answer["blob"])

    def get_ca_property(self, authority, prop_id, index, kind):
        call = GetCAProperty()
        call["pwszAuthority"] = wide(authority)
        call["PropID"], call["PropIndex"], call["PropType"] = prop_id, index, kind
        answer = BlobAnswer(self.raw(call))
        return answer["status"], data(answer["blob"])

    def get_ca_property_info(self, authority):
        """Status, and of each property: id, type, whether it is indexed, display name."""
        call = GetCAPropertyInfo()
        call["pwszAuthority"] = wide(authority)
        answer = PropertyInfoAnswer(self.raw(call))
        array = data(answer["blob"])
        properties = []
        for n in range(answer["pcProperty"]):
            prop_id, kind, reserved, flags, offset = struct.unpack_from("<iBBHI", array, 12 * n)
            assert reserved == 0 and flags in (0, 1) and offset % 4 == 0
            units = array[offset:]
            end = next(i for i in range(0, len(units), 2) if units[i:i + 2] == b"\0\0")
            properties.append((prop_id, kind, bool(flags), units[:end].decode("utf-16-le")))
        return answer["status"], properties

    def ping(self, authority, opnum=5):
        call = Ping() if opnum == 5 else Ping2()
        call["pwszAuthority"] = wide(authority)
        return StatusAnswer(self.raw(call))["status"]

    def close(self):
        if self.connection:
            # The server may have been stopped meanwhile; what impacket keeps of this host is for
            # one account, and would serve the next one too.
            with contextlib.suppress(Exception):
                self.connection.disconnect()
            dcomrt.DCOMConnection.PORTMAPS.pop(self.host, None)
            dcomrt.INTERFACE.CONNECTIONS.pop(self.host, None)
        self.connection = None


class Answer:
    """What Request and Request2 answer."""

    def __init__(self, answer):
        self.status = answer["status"]
        self.request_id = answer["pdwRequestId"]
        self.disposition = answer["pdwDisposition"]
        self.chain = data(answer["chain"])
        self.certificate = data(answer["pctbEncodedCert"])
        message = data(answer["pctbDispositionMessage"])
        self.message = text(message) if message else None


__all__ = ["CertRequest", "RpcFault"]
