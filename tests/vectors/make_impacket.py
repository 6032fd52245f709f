#!/usr/bin/env python3
"""Encodes the values of values.py with impacket and certipy, in NDR 2.0.

Needs the package certipy-ad, which brings impacket along.  Writes impacket.json beside itself.
(impacket has NDR64 too, but without the gaps at the end of structures.)
"""

import importlib.metadata
import pathlib
import random
import uuid

from certipy.commands import ca
from certipy.lib import req
from impacket.dcerpc.v5 import dcomrt, epm, mgmt, ndr, nrpc
from impacket.dcerpc.v5.rpcrt import TypeSerialization1
from impacket.krb5 import pac

import values

# Operation -> classes of the request and the answer.
CLASSES = {
    "CertServerRequest": (req.CertServerRequest, req.CertServerRequestResponse),
    "ept_map": (epm.ept_map, epm.ept_mapResponse),
    "ept_lookup": (epm.ept_lookup, epm.ept_lookupResponse),
    "rpc_mgmt_inq_if_ids": (mgmt.inq_if_ids, mgmt.inq_if_idsResponse),
    "rpc_mgmt_inq_stats": (mgmt.inq_stats, mgmt.inq_statsResponse),
    "rpc_mgmt_inq_princ_name": (mgmt.inq_princ_name, None),
    "Request": (req.CertServerRequestD, req.CertServerRequestDResponse),
    "GetCAProperty": (ca.ICertRequestD2GetCAProperty, ca.ICertRequestD2GetCAPropertyResponse),
    "GetConfigEntry": (ca.ICertAdminD2GetConfigEntry, ca.ICertAdminD2GetConfigEntryResponse),
    "RemQueryInterface": (dcomrt.RemQueryInterface, None),
    **{
        name: (getattr(module, name), getattr(module, name + "Response"))
        for module, names in (
            (dcomrt, ("RemoteActivation", "RemoteCreateInstance", "ResolveOxid2", "SimplePing", "ComplexPing",
                      "ServerAlive2", "RemRelease")),
            (nrpc, ("NetrServerReqChallenge", "NetrServerAuthenticate3", "NetrLogonGetCapabilities",
                    "NetrLogonSamLogonEx")),
        )
        for name in names
    },
}

# Where impacket's own definition is not what the specification's IDL says.
NOT_ENCODED = {
    "get_config_entry_array": "impacket has no pointers before the array",
    "activation_SpecialPropertiesData": "impacket has a layout of its own",
    "server_alive2_out": "impacket has a pointer to the reserved word",
    "ept_map_none": "impacket cannot state the size of an empty array",
}

# Names that differ from the IDL's.
NAMES = {
    "orpcthis": ("ORPCthis", "orpcthis"),
    "orpcthat": ("ORPCthat", "orpcthat"),
    "PropID": ("PropId",),
    "IfId": ("if_id",),
    "count": ("count", "Count"),
    "attributes": ("context_handle_attributes",),
    "uuid": ("context_handle_uuid",),
    "Reserved1": ("Reserved1", "LMKey"),
    "Capabilities": ("ServerCapabilities",),
}
TAGS = {"LogonNetwork": 2, "ValidationSam2": 3, "ValidationSam4": 6, "ServerCapabilities": 1,
        "lVal": 3, "bstrVal": 8, "VT_EMPTY": 0}

# Counts that impacket leaves to the caller: structure -> count -> array.
COUNTS = {
    "CERTTRANSBLOB": {"cb": "pb"},
    "FLAGGED_WORD_BLOB": {"clSize": "asData"},
    "twr_t": {"tower_length": "tower_octet_string"},
    "rpc_if_id_vector_t": {"count": "IfId"},
    "MInterfacePointer": {"ulCntData": "abData"},
    "DUALSTRINGARRAY": {"wNumEntries": "aStringArray"},
    "CustomHeader": {"cIfs": "pclsid"},
    "InstantiationInfoData": {"cIID": "pIID"},
    "customREMOTE_REQUEST_SCM_INFO": {"cRequestedProtseqs": "pRequestedProtseqs"},
    "PropsOutInfo": {"cIfs": "piid"},
    "RPC_SID": {"SubAuthorityCount": "SubAuthority"},
    "KERB_VALIDATION_INFO": {
        "GroupCount": "GroupIds", "SidCount": "ExtraSids", "ResourceGroupCount": "ResourceGroupIds"},
    "NETLOGON_VALIDATION_SAM_INFO2": {"GroupCount": "GroupIds", "SidCount": "ExtraSids"},
    "NETLOGON_VALIDATION_SAM_INFO4": {"GroupCount": "GroupIds", "SidCount": "ExtraSids"},
    "S4U_DELEGATION_INFO": {"TransitedListSize": "S4UTransitedServices"},
    "ept_lookupResponse": {"num_ents": "entries"},
    "ept_mapResponse": {"num_towers": "ITowers"},
    "RemoteActivation": {"Interfaces": "pIIDs", "cRequestedProtseqs": "aRequestedProtseqs"},
    "ResolveOxid2": {"cRequestedProtseqs": "arRequestedProtseqs"},
    "ComplexPing": {"cAddToSet": "AddToSet", "cDelFromSet": "DelFromSet"},
    "RemQueryInterface": {"cIids": "iids"},
    "RemRelease": {"cInterfaceRefs": "InterfaceRefs"},
}


class CustomHeader(TypeSerialization1):
    """impacket's, without the sizes that it would work out itself."""

    structure = dcomrt.CustomHeader.structure


class S4uDelegationInfo(TypeSerialization1):
    """impacket has the structure, but not its stream."""

    structure = (("Data", type("PS4U", (ndr.NDRPOINTER,), {"referent": (("Data", pac.S4U_DELEGATION_INFO),)})),)


STREAMS = {
    "KERB_VALIDATION_INFO": pac.VALIDATION_INFO,
    "S4U_DELEGATION_INFO": S4uDelegationInfo,
    "CustomHeader": CustomHeader,
}


def fill(node, value):
    """Puts a neutral value into an impacket node."""
    if isinstance(node, ndr.NDRPOINTER):
        fill(node.fields["Data"], value)
    elif isinstance(value, values.Arm):
        node["tag"] = TAGS[value.case]
        if value.case != "VT_EMPTY":
            put(node, node.union[TAGS[value.case]][0], value.value)
    elif isinstance(value, dict) and len(value) == 1 and list(node.fields) == ["Data"]:
        node["Data"] = octets(value)
    elif isinstance(value, dict):
        fill_struct(node, value)
    elif isinstance(value, list) and isinstance(node, ndr.NDRUniFixedArray):
        node["Data"] = b"".join(word.to_bytes(4, "little") for word in value)
    elif isinstance(value, list):
        node["Data"] = [item(node.item, v) for v in value]
    elif isinstance(value, uuid.UUID):
        node["Data"] = value.bytes_le
    elif isinstance(value, str) and isinstance(node, ndr.NDRArray):
        node["Data"] = [bytes([octet]) for octet in value.encode("ascii") + b"\0"]
    elif isinstance(value, str):
        node["Data"] = value + "\0"
    elif isinstance(value, bytes) and isinstance(node, ndr.NDRArray) and not isinstance(node, ndr.NDRUniFixedArray):
        node["Data"] = [bytes([octet]) for octet in value]
    else:
        node["Data"] = value


def octets(value):
    """Octets that impacket has in one piece where the IDL nests structures."""
    (data,) = value.values()
    return data if isinstance(data, bytes) else b"".join(map(octets, data))


def fill_struct(node, value):
    kind = type(node).__name__
    if kind == "STRING":
        node.fields["Data"].fields["Data"] = value["Buffer"]
        return
    if kind == "RPC_UNICODE_STRING":
        node["Data"] = ndr.NULL if value["Buffer"] is None else value["Buffer"]
        return
    for count, array in COUNTS.get(kind, {}).items():
        node[count] = len(value[array] or ())
    for name, v in value.items():
        put(node, name, v)


def put(node, name, value):
    assert any(n in node.fields for n in NAMES.get(name, (name,))), (type(node).__name__, name, list(node.fields))
    name = next(n for n in NAMES.get(name, (name,)) if n in node.fields)
    child = node.fields[name]
    if value is None and isinstance(child, ndr.NDRPOINTER):
        node[name] = ndr.NULL
    elif value is None or value == [0]:
        node[name] = 0
    elif isinstance(child, ndr.NDR):
        fill(child, value)
    else:
        node[name] = value.bytes_le if isinstance(value, uuid.UUID) else value


def item(kind, value):
    """One element of an array."""
    if not ndr.NDR.isNDR(kind):
        return value
    node = kind()
    if value is None:
        node.fields |= {"ReferentID": 0, "Data": b""}
    else:
        fill(node, value)
    return node


def call(interface, operation, direction, parameters):
    cls = CLASSES[operation][direction == "out"]
    if cls is None:
        return None
    parameters = dict(parameters)
    result = parameters.pop("return", None)
    room = [parameters.pop(k) for k in values.ROOM if direction == "out" and k in parameters]
    node = cls()
    for name, value in parameters.items():
        put(node, name, value)
    for count, array in COUNTS.get(cls.__name__, {}).items():
        node[count] = len(parameters[array] or ())
    if room:
        array = next(f for f in node.fields.values() if isinstance(f, ndr.NDRUniConformantVaryingArray))
        array.fields["MaximumCount"] = room[0]
    if result is not None and "ErrorCode" in node.fields:
        node["ErrorCode"] = result & 0xFFFFFFFF
        return node.getData()
    stub = node.getData()
    if result is not None:  # impacket leaves it out of the structure
        stub += b"\0" * (-len(stub) % 4) + (result & 0xFFFFFFFF).to_bytes(4, "little")
    return stub


def stream(structure, fields):
    cls = STREAMS.get(structure) or getattr(dcomrt, structure)
    node = cls()
    if structure in values.POINTED:
        fill(node.fields["Data"], fields)
    else:
        for count, array in COUNTS.get(structure, {}).items():
            node[count] = len(fields[array])
        for name, value in fields.items():
            put(node, name, value)
    body = node.getData()
    body += node.getDataReferents(len(body))
    return body


def main():
    random.seed(0)
    versions = "impacket {}, certipy-ad {}".format(*map(importlib.metadata.version, ("impacket", "certipy-ad")))
    vectors = []
    for name, (interface, operation, direction, parameters) in values.CALLS.items():
        if operation in CLASSES and name not in NOT_ENCODED:
            stub = call(interface, operation, direction, parameters)
            if stub is not None:
                vectors.append({"name": name, "encoding": "ndr", "stub": stub.hex()})
    for name, (structure, fields) in values.TYPES.items():
        if name not in NOT_ENCODED:
            vectors.append({"name": name, "encoding": "type1", "stub": stream(structure, fields).hex()})
    values.write(pathlib.Path(__file__).with_name("impacket.json"), versions, vectors)
    print(len(vectors), "vectors")


main()
