#!/usr/bin/env python3
"""Encodes the values of values.py with Samba, in NDR 2.0 of both byte orders and in NDR64.

Needs Samba's Python bindings (Debian: python3-samba).  Samba reads scapy.json's stubs, which
make_scapy.py has written, and writes what it understood anew, to samba.json.
"""

import json
import pathlib
import struct

import samba
from samba.dcerpc import epmapper, krb5pac, mgmt, netlogon
from samba.ndr import ndr_pack, ndr_pack_in, ndr_pack_out, ndr_unpack, ndr_unpack_in, ndr_unpack_out

import values

OPERATIONS = {
    "ept_map": epmapper.epm_Map,
    "ept_lookup": epmapper.epm_Lookup,
    "ept_lookup_handle_free": epmapper.epm_LookupHandleFree,
    "rpc_mgmt_inq_if_ids": mgmt.inq_if_ids,
    "rpc_mgmt_inq_princ_name": mgmt.inq_princ_name,
    "NetrServerReqChallenge": netlogon.netr_ServerReqChallenge,
    "NetrServerAuthenticate3": netlogon.netr_ServerAuthenticate3,
    "NetrLogonGetCapabilities": netlogon.netr_LogonGetCapabilities,
    "NetrLogonSamLogonEx": netlogon.netr_LogonSamLogonEx,
}
ENCODINGS = {"ndr": {}, "ndr-big": {"bigendian": True}, "ndr64": {"ndr64": True}}

# What Samba must know of the request to read an answer.
REQUEST = {
    "ept_map_none": {"in_max_towers": 4},
    "capabilities_out": {"in_query_level": 1},
    "sam_logon_ex_sam2": {"in_validation_level": 3},
    "sam_logon_ex_sam4": {"in_validation_level": 6},
    "sam_logon_ex_failed": {"in_validation_level": 6},
}

# What Samba cannot read, or writes otherwise than the specification's IDL says.
NOT_ENCODED = {
    "ept_map_found": "Samba takes whole towers only",
    "ept_lookup_found": "Samba takes whole towers only",
    "mgmt_princ_name_out": "Samba wants the size of the array to be that of the string",
}
NOT_IN_NDR64 = {
    "ept_map": "Samba has a length of 64 bits in the tower",
    "ept_map_object": "Samba has a length of 64 bits in the tower",
    "sam_logon_ex_sam2": "Samba has an inner structure, which moves the gaps",
    "sam_logon_ex_sam4": "Samba has an inner structure, which moves the gaps",
}
NOT_IN_BIG_ENDIAN = {
    "mgmt_if_ids": "Samba has one word for the two halves of the version",
    "sam_logon_ex_sam2": "Samba has octets for the first of the spare words",
}

PAC_BUFFERS = {
    "pac_logon_info": (krb5pac.PAC_TYPE_LOGON_INFO, krb5pac.PAC_LOGON_INFO_CTR),
    "pac_delegation": (krb5pac.PAC_TYPE_CONSTRAINED_DELEGATION, krb5pac.PAC_CONSTRAINED_DELEGATION_CTR),
}


def calls(scapy):
    for name, (_, operation, direction, _) in values.CALLS.items():
        if operation not in OPERATIONS or name in NOT_ENCODED:
            continue
        unpack, pack = {"in": (ndr_unpack_in, ndr_pack_in), "out": (ndr_unpack_out, ndr_pack_out)}[direction]
        call = OPERATIONS[operation]()
        for field, value in REQUEST.get(name, {}).items():
            setattr(call, field, value)
        unpack(call, scapy[name, "ndr"])
        for encoding, how in ENCODINGS.items():
            if name not in {"ndr": (), "ndr-big": NOT_IN_BIG_ENDIAN, "ndr64": NOT_IN_NDR64}[encoding]:
                yield {"name": name, "encoding": encoding, "stub": pack(call, **how).hex()}


def pac_buffers(scapy):
    for name, (kind, ctr) in PAC_BUFFERS.items():
        buffer = krb5pac.PAC_BUFFER()
        buffer.type = kind
        buffer.info = ndr_unpack(ctr, scapy[name, "type1"][16:])
        data = krb5pac.PAC_DATA()
        data.num_buffers = 1
        data.buffers = [buffer]
        packed = ndr_pack(data)
        _, size, offset = struct.unpack_from("<IIQ", packed, 8)
        yield {"name": name, "encoding": "type1", "stub": packed[offset : offset + size].hex()}


def main():
    here = pathlib.Path(__file__).parent
    scapy = {
        (v["name"], v["encoding"]): bytes.fromhex(v["stub"])
        for v in json.loads((here / "scapy.json").read_text())["vectors"]
    }
    vectors = [*calls(scapy), *pac_buffers(scapy)]
    values.write(here / "samba.json", "Samba " + samba.version, vectors)
    print(len(vectors), "vectors")


main()
