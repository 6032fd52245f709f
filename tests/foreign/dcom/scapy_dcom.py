"""scapy's DCOM client against the exporter at 127.0.0.1, resolver port in argv[1].

Its port of the resolver is fixed to 135: one patched method puts ours in its place.
"""

import os
import sys
import uuid

from scapy.layers.dcerpc import DCE_C_AUTHN_LEVEL, find_com_interface
from scapy.layers.msrpce import rpcclient
from scapy.layers.msrpce.msdcom import DCOM_Client
from scapy.layers.ntlm import MD4le, NTLMSSP
from scapy.layers.spnego import SPNEGOSSP

from msrpcs.ms_wcce import Ping2_Request, Ping_Request

HOST, PORT = "127.0.0.1", int(sys.argv[1])
CLSID = uuid.UUID("d99e6e74-fc88-11d0-b498-00a0c90312f3")
PONG = 0x600D

dial = rpcclient.DCERPC_Client.connect


def at_our_port(self, host, port=None, **options):
    return dial(self, host, port=PORT if port in (None, 135) else port, **options)


rpcclient.DCERPC_Client.connect = at_our_port


def client(user="alice", spnego=True):
    ntlm = NTLMSSP(UPN=f"{user}@LAB", HASHNT=MD4le(os.environ["PASSWORD"]))
    dcom = DCOM_Client(ssp=SPNEGOSSP([ntlm]) if spnego else ntlm, verb=False,
                       auth_level=DCE_C_AUTHN_LEVEL.PKT_PRIVACY)
    dcom.connect(HOST)
    return dcom


def life_of_an_object(spnego):
    D, D2 = find_com_interface("ICertRequestD"), find_com_interface("ICertRequestD2")
    dcom = client(spnego=spnego)
    both = dcom.RemoteCreateInstance(CLSID, iids=[D, D2])
    oxid = next(iter(dcom.OXID_table.values()))
    assert oxid.authnHint == DCE_C_AUTHN_LEVEL.PKT_PRIVACY
    assert both.sr1_req(Ping_Request(pwszAuthority="CA"), iface=D).status == PONG
    assert oxid.client.ndr64, "NDR 2.0 was taken"
    assert both.sr1_req(Ping2_Request(pwszAuthority="CA"), iface=D2).status == PONG + 1
    dcom.ResolveOxid2(oxid.oxid, host=dcom.host, port=dcom.port)
    # scapy believes in NDR64 for the whole connection once one interface has taken it; IRemUnknown2
    # is NDR 2.0, here as on Windows.
    oxid.client.session.ndr64 = False
    # ObjectInstance.release() changes the list that it walks through, and misses interfaces.
    for interface in list(dcom.OID_table[both.oid].ipids):
        dcom.RemRelease(interface)
    assert not both.valid
    dcom.close()


for spnego in (True, False):
    life_of_an_object(spnego)
    print("life of an object ok, SPNEGO:", spnego)
