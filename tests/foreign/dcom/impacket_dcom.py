"""impacket's dcomrt against the exporter at 127.0.0.1, resolver port in argv[1].

Its port of the resolver is fixed to 135: one patched function puts ours in its place.
"""

import os
import sys

from impacket import hresult_errors
from impacket.dcerpc.v5 import dcomrt, rpcrt, transport
from impacket.dcerpc.v5.dcomrt import DCOMANSWER, DCOMCALL, DCOMConnection
from impacket.dcerpc.v5.dtypes import DWORD, LPWSTR
from impacket.uuid import string_to_bin, uuidtup_to_bin

HOST, PORT = "127.0.0.1", int(sys.argv[1])
PASSWORD = os.environ["PASSWORD"]
CLSID = string_to_bin("d99e6e74-fc88-11d0-b498-00a0c90312f3")
STRANGE = "11111111-0000-0000-0000-000000000001"
D = uuidtup_to_bin(("d99e6e70-fc88-11d0-b498-00a0c90312f3", "0.0"))
D2 = uuidtup_to_bin(("5422fd3a-d4b8-4cef-a12e-e87d4ca22e90", "0.0"))
PONG = 0x600D

bind_to = transport.DCERPCTransportFactory


def at_our_port(binding):
    return bind_to(binding if "[" in binding else f"{binding}[{PORT}]")


dcomrt.transport.DCERPCTransportFactory = at_our_port


class DCERPCSessionError(rpcrt.DCERPCException):
    """What impacket raises for a return value other than 0 of a call defined here."""


class Ping(DCOMCALL):
    opnum = 5
    structure = (("pwszAuthority", LPWSTR),)


class PingResponse(DCOMANSWER):
    structure = (("ErrorCode", DWORD),)


class Ping2(DCOMCALL):
    opnum = 9
    structure = (("pwszAuthority", LPWSTR),)


class Ping2Response(DCOMANSWER):
    structure = (("ErrorCode", DWORD),)


def connect(user="alice", level=rpcrt.RPC_C_AUTHN_LEVEL_PKT_PRIVACY):
    return DCOMConnection(HOST, user, PASSWORD, "LAB", authLevel=level)


def ping(interface, call, iid):
    """The method's return value; impacket raises it where it is not 0."""
    request = call()
    request["pwszAuthority"] = "CA\0"
    return error_of(lambda: interface.request(request, iid, interface.get_iPid()))


def error_of(action):
    """The code that impacket raises; where that is text, its code is looked up again."""
    try:
        action()
        return 0
    except rpcrt.DCERPCException as error:
        if error.error_code is not None:
            return error.error_code
        name = str(error).split(" - ")[0]
        codes = [code for code, (known, _) in hresult_errors.ERROR_MESSAGES.items() if known == name]
        codes += [code for code, known in rpcrt.rpc_status_codes.items() if known == name]
        assert codes, error
        return codes[0]


def expect(found, wanted, what):
    assert found == wanted, f"{what}: 0x{found:x}, not 0x{wanted:x}"


def life_of_an_object():
    dcom = connect()
    d = dcom.CoCreateInstanceEx(CLSID, D)
    expect(ping(d, Ping, D), PONG, "Ping")
    d2 = d.RemQueryInterface(1, (D2[:16],))
    assert d2.get_iPid() != d.get_iPid()
    expect(ping(d2, Ping2, D2), PONG + 1, "Ping2")
    d.RemAddRef()
    for _ in range(6):
        d.RemRelease()
    expect(ping(d, Ping, D), 0x80010108, "a call after the last release")
    d2.RemRelease()
    expect(ping(d2, Ping2, D2), 0x80010108, "a call after the last release")
    dcom.disconnect()


def class_object():
    dcom = connect()
    scm = dcomrt.IRemoteSCMActivator(dcom.get_dce_rpc())
    factory = scm.RemoteGetClassObject(CLSID, dcomrt.IID_IClassFactory)
    for _ in range(5):
        factory.RemRelease()
    dcom.disconnect()


def refusals():
    def refused(code, what, clsid=CLSID, iid=D, **how):
        dcom = connect(**how)
        expect(error_of(lambda: dcom.CoCreateInstanceEx(clsid, iid)), code, what)
        # DCOMConnection.disconnect() raises where no object was called.
        dcom.get_dce_rpc().disconnect()

    refused(0x80040154, "unknown class", clsid=string_to_bin(STRANGE))
    refused(0x80004002, "unknown interface", iid=uuidtup_to_bin((STRANGE, "0.0")))
    refused(0x80070005, "no access to the class", user="mallory")
    for level in (rpcrt.RPC_C_AUTHN_LEVEL_CONNECT, rpcrt.RPC_C_AUTHN_LEVEL_PKT):
        refused(5, "below packet integrity", level=level)


def resolver():
    dcom = connect()
    dcom.CoCreateInstanceEx(CLSID, D)
    exporter = dcomrt.IObjectExporter(dcom.get_dce_rpc())
    (oid,) = DCOMConnection.OID_ADD[HOST]
    made = exporter.ComplexPing(0, 0, [oid], [])
    assert made["pSetId"] and made["ErrorCode"] == 0
    assert exporter.SimplePing(made["pSetId"])["ErrorCode"] == 0
    assert exporter.ServerAlive()["ErrorCode"] == 0
    addresses = [binding["aNetworkAddr"].rstrip("\0") for binding in exporter.ServerAlive2()]
    assert addresses == ["lab.invalid", HOST], addresses
    dcom.get_dce_rpc().disconnect()


for test in (life_of_an_object, class_object, refusals, resolver):
    DCOMConnection.OID_ADD.clear()
    test()
    print(test.__name__, "ok")
