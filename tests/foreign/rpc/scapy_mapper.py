"""scapy against our endpoint mapper and management interface: HOST PORT, one `ok` line a check.

NDR 2.0 and NDR64, little- and big-endian; without authentication, and with NTLM and SPNEGO.
"""

import sys

from scapy.layers.dcerpc import (
    DCE_C_AUTHN_LEVEL, DCERPC_Transport, NDRContextHandle, find_dcerpc_interface,
)
from scapy.layers.msrpce.raw.ept import ept_lookup_Request, ept_lookup_Response
from scapy.layers.msrpce.rpcclient import DCERPC_Client
from scapy.layers.ntlm import NTLMSSP
from scapy.layers.spnego import SPNEGOSSP
from msrpcs import mgmt, ms_icpr  # noqa: F401: registers the interface

HOST, PORT = sys.argv[1], int(sys.argv[2])
NOT_REGISTERED = 0x16C9A0D6


def ok(name):
    print("ok", name, flush=True)


def connect(interface, ndr64, endian, ssp):
    options = {"ssp": ssp, "auth_level": DCE_C_AUTHN_LEVEL.PKT_PRIVACY} if ssp else {}
    client = DCERPC_Client(
        DCERPC_Transport.NCACN_IP_TCP, ndr64=ndr64, ndrendian=endian, verb=False, **options
    )
    client.connect(HOST, port=PORT, timeout=20)
    assert client.bind(find_dcerpc_interface(interface)), "bind"
    assert client.ndr64 == ndr64
    return client


def pages(client):
    """The whole map, two elements at a time (all at once in big-endian: scapy sends a handle's
    UUID back in the byte order that it came in)."""
    count = 2 if client.ndrendian == "little" else 500
    handle, seen = NDRContextHandle(attributes=0, uuid=b"\0" * 16), 0
    while True:
        answer = client.sr1_req(ept_lookup_Request(
            inquiry_type=0, object=None, Ifid=None, vers_option=1, entry_handle=handle,
            max_ents=count, ndr64=client.ndr64, ndrendian=client.ndrendian,
        ))[ept_lookup_Response]
        assert answer.status in (0, NOT_REGISTERED), hex(answer.status)
        seen += answer.num_ents
        if answer.entry_handle.uuid == b"\0" * 16:
            return seen
        handle = answer.entry_handle


def login(spnego):
    ntlm = NTLMSSP(UPN=r"LAB\alice", PASSWORD="Passw0rd-Alice")
    return SPNEGOSSP([ntlm]) if spnego else ntlm


LOGINS = {"clear": lambda: None, "ntlm": lambda: login(False), "spnego": lambda: login(True)}

for ndr64, endian in ((False, "little"), (True, "little"), (False, "big")):
    for how, ssp in LOGINS.items():
        name = f"{'NDR64' if ndr64 else 'NDR'} {endian} {how}"
        client = connect("ept", ndr64, endian, ssp())
        found = client.epm_map(find_dcerpc_interface("ICertPassage"))
        assert [port for _, port in found] == [49170, 49171], found
        assert {address for address, _ in found} == {HOST}, found
        ok(f"ept_map {name}")
        assert pages(client) == 3
        ok(f"ept_lookup {name}")
        client.close()

        client = connect("mgmt", ndr64, endian, ssp())
        answer = client.sr1_req(mgmt.rpc__mgmt_is_server_listening_Request(
            ndr64=client.ndr64, ndrendian=client.ndrendian,
        ))[mgmt.rpc__mgmt_is_server_listening_Response]
        assert answer.status == 0, answer.status
        ok(f"is_server_listening {name}")
        client.close()
