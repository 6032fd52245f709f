"""scapy's DCOM client with an activated object, called through ICertRequestD2."""

import uuid

from msrpcs import ms_wcce
from scapy.layers.dcerpc import find_com_interface
from scapy.layers.msrpce import msdcom
from scapy.layers.msrpce.raw.ms_dcom import ORPCTHIS
from scapy.layers.msrpce.rpcclient import DCERPC_Client
from scapy.layers.ntlm import NTLMSSP
from scapy.layers.spnego import SPNEGOSSP
from scapy.packet import Raw


def ntlm_ssp(credentials, spnego):
    """NTLM, bare or within SPNEGO."""
    ssp = NTLMSSP(
        UPN=f"{credentials.domain}\\{credentials.user}", PASSWORD=credentials.password
    )
    return SPNEGOSSP([ssp]) if spnego else ssp


class ExporterClient(DCERPC_Client):
    """Two errors of scapy 2.8.0 put right. It turns the ORPCTHIS to NDR64 just before it sends
    it: [MS-DCOM] 2.2.13 wants it in NDR 2.0, as scapy has built it. And after one context in
    NDR64 it takes every later one for NDR64 too, whatever the server accepted."""

    def sr1_req(self, pkt, **arguments):
        return super().sr1_req(Raw(bytes(pkt)) if ORPCTHIS in pkt else pkt, **arguments)

    def _bind(self, *arguments, **named):
        self.session.ndr64 = False
        return super()._bind(*arguments, **named)


class ScapyObject:
    """scapy's DCOM client: ServerAlive2, activation, NDR64 with header signing."""

    def __init__(self, host, ssp, level=6):
        msdcom.DCERPC_Client = ExporterClient
        self.client = msdcom.DCOM_Client(ssp=ssp, auth_level=level, verb=False)
        self.client.connect(host, timeout=20)
        self.interface = find_com_interface("ICertRequestD2")
        self.object = self.client.RemoteCreateInstance(
            uuid.UUID("d99e6e74-fc88-11d0-b498-00a0c90312f3"), [self.interface]
        )

    @property
    def session(self):
        """The connection to the object exporter."""
        [oxid] = self.client.OXID_table.values()
        return oxid.client

    def request2(self, authority, csr=b"", attributes="", request_id=0, flags=0):
        blob = ms_wcce.CERTTRANSBLOB(pb=csr or None)
        return self.object.sr1_req(
            ms_wcce.Request2_Request(
                pwszAuthority=authority, dwFlags=flags, pwszSerialNumber=None,
                pdwRequestId=request_id, pwszAttributes=attributes, pctbRequest=blob,
            ),
            self.interface, timeout=20,
        )

    def close(self):
        if self.client.OID_table:
            self.object.release()
        self.session.close()
        self.client.close()
