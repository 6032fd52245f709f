#!/usr/bin/env python3
"""Encodes the values of values.py with scapy, in NDR 2.0 and NDR64.

Needs the packages scapy and scapy-rpc.  Writes scapy.json beside itself.
"""

import importlib.metadata
import pathlib
import uuid

from scapy.layers import dcerpc
from scapy.layers.dcerpc import NDRConformantArray, NDRPointer, NDRUnion, NDRVaryingArray
from scapy.layers.msrpce import msdcom, mspac
from scapy.layers.msrpce.raw import ept, ms_dcom, ms_nrpc
from msrpcs import mgmt, ms_csra, ms_icpr, ms_wcce

import values

MODULES = {
    "ICertPassage": ms_icpr,
    "ept": ept,
    "mgmt": mgmt,
    "ICertRequestD": ms_wcce,
    "ICertRequestD2": ms_wcce,
    "IRemoteSCMActivator": ms_dcom,
    "IActivation": ms_dcom,
    "IObjectExporter": ms_dcom,
    "IRemUnknown": ms_dcom,
    "IRemUnknown2": ms_dcom,
    "logon": ms_nrpc,
    "ICertAdminD": ms_csra,
    "ICertAdminD2": ms_csra,
}

# Where scapy's own definition is not what the specification's IDL says.
NOT_ENCODED = {
    "rem_query_interface_out": "scapy has an array of pointers instead of a pointer to an array",
    "backup_files_out": "scapy has an array of pointers instead of a pointer to an array",
    "get_config_entry_i4": "scapy has a 16-bit discriminant in VARIANT",
    "get_config_entry_bstr": "scapy has a 16-bit discriminant in VARIANT",
    "get_config_entry_array": "scapy has a 16-bit discriminant in VARIANT",
    "get_config_entry_empty": "scapy has a 16-bit discriminant in VARIANT",
    "mgmt_listening": "scapy has no status beside the result",
    "complex_ping": "scapy has no pointers before the arrays",
}

NOT_IN_NDR64 = {
    "mgmt_if_ids": "scapy does not align the array of pointers",
}

TAGS = {"LogonNetwork": 2, "ValidationSam2": 3, "ValidationSam4": 6, "ServerCapabilities": 1}
RESERVED = {"SubAuthStatus", "LastSuccessfulILogon", "LastFailedILogon", "FailedILogonCount"}
PARAMETERS = {"return": "status"}


def packet_class(field):
    while not hasattr(field, "cls"):
        field = field.fld
    return field.cls


class Build:
    """Turns neutral values into scapy's; every pointer gets a referent id of its own."""

    def __init__(self, ndr64):
        self.ndr64 = ndr64
        self.referent = 0x20000

    def packet(self, cls, value):
        if isinstance(value, uuid.UUID):
            value = dict(zip(("Data1", "Data2", "Data3"), value.fields)) | {"Data4": value.bytes_le[8:]}
        if cls is dcerpc.NDRContextHandle:
            value = value | {"uuid": value["uuid"].bytes_le}
        fields = {field.name: field for field in cls.fields_desc}
        assert set(value) <= set(fields), (cls, set(value) - set(fields))
        packet = cls(ndr64=self.ndr64, **{k: self.value(fields[k], v) for k, v in value.items()})
        if cls is ms_dcom.DUALSTRINGARRAY:  # scapy counts octets here
            packet.wNumEntries = packet.max_count = len(value["aStringArray"])
        return packet

    def value(self, field, value):
        if isinstance(field, dcerpc.NDRUnionField):
            return self.union(field, value)
        if isinstance(field, dcerpc.NDRFullPointerField):
            if value is None:
                return None
            pointer = NDRPointer(referent_id=self.referent, ndr64=self.ndr64)
            self.referent += 4
            pointer.value = field.fld.any2i(None, self.value(field.fld, value))
            return pointer
        if isinstance(field, dcerpc._NDRPacketListField):
            return [self.value(field.fld, v) for v in value]
        if isinstance(field, dcerpc.NDRPacketField):
            return self.packet(packet_class(field), value)
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return [self.packet(field.cls, v) for v in value]
        if isinstance(value, list) and isinstance(field, dcerpc.NDRConfStrLenFieldUtf16):
            return b"".join(unit.to_bytes(2, "little") for unit in value)
        if field.name == "status":
            return value & 0xFFFFFFFF
        if field.name in ("annotation", "princ_name"):
            value += "\0"  # scapy does not know that these are terminated
        return value.encode("ascii") if isinstance(value, str) else value

    def union(self, field, arm):
        tag = TAGS[arm.case]
        chosen, _ = field._find_fld_pkt_val(None, NDRUnion(tag=tag))
        union = NDRUnion(tag=tag, ndr64=self.ndr64)
        union.value = self.value(chosen, arm.value)
        return union


def call(interface, operation, direction, parameters, ndr64):
    module = MODULES[interface]
    name = operation + {"in": "_Request", "out": "_Response"}[direction]
    cls = getattr(module, name, None) or getattr(module, name.replace("rpc_mgmt", "rpc__mgmt"))
    known = {field.name for field in cls.fields_desc}
    build = Build(ndr64)
    parameters = {PARAMETERS.get(k, k): v for k, v in parameters.items()}
    stub = b""
    for orpc in ("orpcthis", "orpcthat"):
        if orpc in parameters and orpc not in known:
            # [MS-DCOM] 2.2.13: the implicit parameters are NDR 2.0 whatever the stub is.
            stub = bytes(Build(False).packet(getattr(ms_dcom, orpc.upper()), parameters.pop(orpc)))
    room = [parameters.pop(k) for k in values.ROOM if k in parameters and k not in known]
    packet = build.packet(cls, parameters)
    if room:
        array = next(v for v in packet.fields.values() if isinstance(v, NDRConformantArray))
        array.max_count = room[0]
    return stub + bytes(packet)


def main():
    versions = "scapy {} (scapy-rpc {})".format(*map(importlib.metadata.version, ("scapy", "scapy-rpc")))
    vectors = []
    for name, (interface, operation, direction, parameters) in values.CALLS.items():
        if name in NOT_ENCODED:
            continue
        for encoding in ("ndr", "ndr64"):
            if encoding == "ndr64" and name in NOT_IN_NDR64:
                continue
            stub = call(interface, operation, direction, parameters, encoding == "ndr64")
            vectors.append({"name": name, "encoding": encoding, "stub": stub.hex()})
    for name, (structure, fields) in values.TYPES.items():
        cls = getattr(mspac, structure, None) or getattr(msdcom, structure)
        if structure == "KERB_VALIDATION_INFO":
            # Here scapy has [MS-PAC] 2.17, with seven reserved words for these fields; all are zero.
            fields = {k: v for k, v in fields.items() if k not in RESERVED} | {"Reserved3": [0] * 7}
        packet = Build(False).packet(cls, fields)
        stream = dcerpc.ndr_serialize1(packet, ptr_pack=structure in values.POINTED)
        vectors.append({"name": name, "encoding": "type1", "stub": stream.hex()})
    values.write(pathlib.Path(__file__).with_name("scapy.json"), versions, vectors)
    print(len(vectors), "vectors")


main()
