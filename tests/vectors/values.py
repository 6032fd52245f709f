"""Values that every foreign encoder is given, under the names of the IDL.

Notation: dict = structure, list = array, str = text (no terminator), bytes = octets,
uuid.UUID = GUID, None = NULL, Arm(case, value) = union.  Counts are left out: each encoder
works them out, and the decoder that is tested must find them consistent.
"""

import json
import pathlib
import uuid


class Arm:
    """The arm of a union that is present."""

    def __init__(self, case, value):
        self.case = case
        self.value = value


def guid(text):
    return uuid.UUID(text)


CO = "-0000-0000-c000-000000000046"
PKCS10 = bytes(range(0x30, 0x30 + 61))
CERT = bytes(i * 7 & 0xFF for i in range(131))
CHAIN = bytes(i * 5 & 0xFF for i in range(258))
ATTRIBS = "CertificateTemplate:User\n".encode("utf-16-le") + b"\0\0"
MESSAGE = "Issued".encode("utf-16-le") + b"\0\0"
ISSUED = {"pctbEncodedCert": {"pb": CERT}, "pctbDispositionMessage": {"pb": MESSAGE}}
EMPTY = {"pb": None}

TOWER = bytes.fromhex(
    "0500130 00d2060ae913c9ecf118d7c00aa00c091be000002000000"
    "13000d045d888aeb1cc9119fe808002b10486002000200 0000"
    "01000b020000000100070200c00001000904000a4d0014".replace(" ", "")
)
HANDLE = {"attributes": 0, "uuid": guid("11223344-5566-7788-99aa-bbccddeeff00")}
NULL_HANDLE = {"attributes": 0, "uuid": guid("00000000-0000-0000-0000-000000000000")}
IF_ICPR = {"Uuid": guid("91ae6020-9e3c-11cf-8d7c-00aa00c091be"), "VersMajor": 0, "VersMinor": 0}
IF_EPM = {"Uuid": guid("e1af8308-5d1f-11c9-91a4-08002b14a0fa"), "VersMajor": 3, "VersMinor": 0}

CID = guid("0badc0de-1234-4321-aaaa-00112233aabb")
ORPCTHIS = {
    "version": {"MajorVersion": 5, "MinorVersion": 7},
    "flags": 0,
    "reserved1": 0,
    "cid": CID,
    "extensions": None,
}
ORPCTHAT = {"flags": 0, "extensions": None}
# The binding ncacn_ip_tcp:ca.test[1025] and one security binding, as 16-bit units.
BINDINGS = {
    "wSecurityOffset": 16,
    "aStringArray": [7, *"ca.test[1025]".encode("ascii"), 0, 0, 10, 0xFFFF, 0, 0],
}
STD = {
    "flags": 0,
    "cPublicRefs": 5,
    "oxid": 0x1122334455667788,
    "oid": 0x99AABBCCDDEEFF00,
    "ipid": guid("00000c00-0bb8-0000-1111-222233334444"),
}
OBJREF = bytes.fromhex("4d454f5701000000") + bytes(range(61))
IPID = guid("00000c00-0bb8-0000-1111-222233334444")
IID_D = guid("d99e6e70-fc88-11d0-b498-00a0c90312f3")
IID_D2 = guid("5422fd3a-d4b8-4cef-a12e-e87d4ca22e90")
CLSID_CA = guid("d99e6e74-fc88-11d0-b498-00a0c90312f3")

SID_DOMAIN = {
    "Revision": 1,
    "IdentifierAuthority": {"Value": bytes([0, 0, 0, 0, 0, 5])},
    "SubAuthority": [21, 1111111111, 2222222222, 3333333333],
}
SID_ENTERPRISE = {
    "Revision": 1,
    "IdentifierAuthority": {"Value": bytes([0, 0, 0, 0, 0, 5])},
    "SubAuthority": [21, 4, 5, 6, 519],
}
SID_ASSERTED = {
    "Revision": 1,
    "IdentifierAuthority": {"Value": bytes([0, 0, 0, 0, 0, 18])},
    "SubAuthority": [1],
}


def ustr(text):
    """An RPC_UNICODE_STRING."""
    return {"Buffer": text}


def time(low, high):
    return {"dwLowDateTime": low, "dwHighDateTime": high}


def old_time(low, high):
    return {"LowPart": low, "HighPart": high}


KEY = {"data": [{"data": bytes(range(16, 24))}, {"data": bytes(range(24, 32))}]}
NO_KEY = {"data": [{"data": bytes(8)}, {"data": bytes(8)}]}
GROUPS = [{"RelativeId": 513, "Attributes": 7}, {"RelativeId": 1107, "Attributes": 7}, {"RelativeId": 572, "Attributes": 0x20000007}]
EXTRA = [{"Sid": SID_ENTERPRISE, "Attributes": 7}, {"Sid": SID_ASSERTED, "Attributes": 7}]


def sam_info(level):
    """NETLOGON_VALIDATION_SAM_INFO, …2 or …4."""
    info = {
        "LogonTime": old_time(1, 2),
        "LogoffTime": old_time(0xFFFFFFFF, 0x7FFFFFFF),
        "KickOffTime": old_time(0xFFFFFFFF, 0x7FFFFFFF),
        "PasswordLastSet": old_time(0x11111111, 0x01DA0000),
        "PasswordCanChange": old_time(0x22222222, 0x01DA0001),
        "PasswordMustChange": old_time(0xFFFFFFFF, 0x7FFFFFFF),
        "EffectiveName": ustr("alice"),
        "FullName": ustr("Alice Example"),
        "LogonScript": ustr("logon.cmd"),
        "ProfilePath": ustr("\\\\srv\\profiles\\alice"),
        "HomeDirectory": ustr("\\\\srv\\home\\alice"),
        "HomeDirectoryDrive": ustr("H:"),
        "LogonCount": 17,
        "BadPasswordCount": 2,
        "UserId": 1103,
        "PrimaryGroupId": 513,
        "GroupIds": GROUPS,
        "UserFlags": 0x20,
        "UserSessionKey": KEY,
        "LogonServer": ustr("DC1"),
        "LogonDomainName": ustr("WCCE"),
        "LogonDomainId": SID_DOMAIN,
    }
    if level in (2, 3):
        info["ExpansionRoom"] = list(range(10))
    if level == 3:
        info["ExtraSids"] = EXTRA
    if level == 6:
        info |= {
            "LMKey": bytes(range(8)),
            "UserAccountControl": 0x10,
            "SubAuthStatus": 0,
            "LastSuccessfulILogon": old_time(3, 4),
            "LastFailedILogon": old_time(5, 6),
            "FailedILogonCount": 1,
            "Reserved4": [0],
            "ExtraSids": EXTRA,
            "DnsLogonDomainName": ustr("WCCE.TEST"),
            "Upn": ustr("alice@wcce.test"),
        }
        for i in range(1, 11):
            info[f"ExpansionString{i}"] = ustr(None)
    return info


NETWORK_INFO = {
    "Identity": {
        "LogonDomainName": ustr("WCCE"),
        "ParameterControl": 0x1830,
        "Reserved": old_time(0, 0),
        "UserName": ustr("alice"),
        "Workstation": ustr("WS1"),
    },
    "LmChallenge": {"data": bytes(range(1, 9))},
    "NtChallengeResponse": {"Buffer": bytes(range(0x40, 0x40 + 85))},
    "LmChallengeResponse": {"Buffer": bytes(range(24))},
}

LOGON_INFO = {
    "LogonTime": time(1, 2),
    "LogoffTime": time(0xFFFFFFFF, 0x7FFFFFFF),
    "KickOffTime": time(0xFFFFFFFF, 0x7FFFFFFF),
    "PasswordLastSet": time(0x11111111, 0x01DA0000),
    "PasswordCanChange": time(0x22222222, 0x01DA0001),
    "PasswordMustChange": time(0xFFFFFFFF, 0x7FFFFFFF),
    "EffectiveName": ustr("alice"),
    "FullName": ustr("Alice Example"),
    "LogonScript": ustr("logon.cmd"),
    "ProfilePath": ustr("\\\\srv\\profiles\\alice"),
    "HomeDirectory": ustr("\\\\srv\\home\\alice"),
    "HomeDirectoryDrive": ustr("H:"),
    "LogonCount": 17,
    "BadPasswordCount": 2,
    "UserId": 1103,
    "PrimaryGroupId": 513,
    "GroupIds": GROUPS,
    "UserFlags": 0x220,
    "UserSessionKey": NO_KEY,
    "LogonServer": ustr("DC1"),
    "LogonDomainName": ustr("WCCE"),
    "LogonDomainId": SID_DOMAIN,
    "Reserved1": [0, 0],
    "UserAccountControl": 0x10,
    "SubAuthStatus": 0,
    "LastSuccessfulILogon": time(0, 0),
    "LastFailedILogon": time(0, 0),
    "FailedILogonCount": 0,
    "Reserved3": 0,
    "ExtraSids": EXTRA,
    "ResourceGroupDomainSid": SID_DOMAIN,
    "ResourceGroupIds": [{"RelativeId": 1200, "Attributes": 0x20000007}],
}

DELEGATION = {
    "S4U2proxyTarget": ustr("host/ca.wcce.test"),
    "S4UTransitedServices": [ustr("http/web.wcce.test@WCCE.TEST"), ustr("http/app.wcce.test@WCCE.TEST")],
}


def variant(vt, case, size, value):
    return {
        "clSize": size,
        "rpcReserved": 0,
        "vt": vt,
        "wReserved1": 0,
        "wReserved2": 0,
        "wReserved3": 0,
        "_varUnion": Arm(case, value),
    }


def bstr(text):
    units = list(text.encode("utf-16-le"))
    words = [units[i] | units[i + 1] << 8 for i in range(0, len(units), 2)]
    return {"cBytes": len(units), "asData": words}


BSTR_ARRAY = {
    "cDims": 1,
    "fFeatures": 0x180,
    "cbElements": 4,
    "cLocks": 0x80000,
    "uArrayStructs": Arm("BstrStr", {"aBstr": [bstr("http://a"), bstr(""), bstr("ldap:///b")]}),
    "rgsabound": [{"cElements": 3, "lLbound": 0}],
}

ACTIVATION = {
    "CustomHeader": {
        "totalSize": 1000,
        "headerSize": 120,
        "dwReserved": 0,
        "destCtx": 2,
        "classInfoClsid": guid("00000000-0000-0000-0000-000000000000"),
        "pclsid": [guid("000001ab" + CO), guid("000001a5" + CO)],
        "pSizes": [104, 776],
        "pdwReserved": None,
    },
    "InstantiationInfoData": {
        "classId": CLSID_CA,
        "classCtx": 16,
        "actvflags": 0,
        "fIsSurrogate": 0,
        "instFlag": 0,
        "pIID": [IID_D, IID_D2],
        "thisSize": 104,
        "clientCOMVersion": {"MajorVersion": 5, "MinorVersion": 7},
    },
    "SpecialPropertiesData": {
        "dwSessionId": 0xFFFFFFFF,
        "fRemoteThisSessionId": 0,
        "fClientImpersonating": 0,
        "fPartitionIDPresent": 0,
        "dwDefaultAuthnLvl": 2,
        "guidPartition": guid("00000000-0000-0000-0000-000000000000"),
        "dwPRTFlags": 0,
        "dwOrigClsctx": 16,
        "dwFlags": 0,
        "Reserved1": 0,
        "Reserved2": 0,
        "Reserved3": [1, 2, 3, 4, 5],
    },
    "ScmRequestInfoData": {
        "pdwReserved": None,
        "remoteRequest": {"ClientImpLevel": 2, "pRequestedProtseqs": [7, 15, 31]},
    },
    "ActivationContextInfoData": {
        "clientOK": 0,
        "bReserved1": 0,
        "dwReserved1": 0,
        "dwReserved2": 0,
        "pIFDClientCtx": {"abData": OBJREF},
        "pIFDPrototypeCtx": None,
    },
    "LocationInfoData": {"machineName": None, "processId": 0, "apartmentId": 0, "contextId": 0},
    "SecurityInfoData": {
        "dwAuthnFlags": 0,
        "pServerInfo": {"dwReserved1": 0, "pwszName": "ca.wcce.test", "pdwReserved": None, "dwReserved2": 0},
        "pdwReserved": None,
    },
    "InstanceInfoData": {"fileName": "C:\\x", "mode": 2, "ifdROT": None, "ifdStg": {"abData": OBJREF}},
    "PropsOutInfo": {
        "piid": [IID_D, IID_D2],
        "phresults": [0, -2147467262],
        "ppIntfData": [{"abData": OBJREF}, None],
    },
    "ScmReplyInfoData": {
        "pdwReserved": None,
        "remoteReply": {
            "Oxid": 0x1122334455667788,
            "pdsaOxidBindings": BINDINGS,
            "ipidRemUnknown": IPID,
            "authnHint": 6,
            "serverVersion": {"MajorVersion": 5, "MinorVersion": 7},
        },
    },
}

# Name of the vector -> (interface, operation, "in" or "out", values by parameter).
CALLS = {
    "icpr_submit": ("ICertPassage", "CertServerRequest", "in", {
        "dwFlags": 0x40000, "pwszAuthority": "Example CA", "pdwRequestId": 0,
        "pctbAttribs": {"pb": ATTRIBS}, "pctbRequest": {"pb": PKCS10}}),
    "icpr_retrieve": ("ICertPassage", "CertServerRequest", "in", {
        "dwFlags": 0, "pwszAuthority": "Example CA", "pdwRequestId": 17,
        "pctbAttribs": EMPTY, "pctbRequest": EMPTY}),
    "icpr_no_authority": ("ICertPassage", "CertServerRequest", "in", {
        "dwFlags": 1, "pwszAuthority": None, "pdwRequestId": 0xFFFFFFFF,
        "pctbAttribs": {"pb": b"\0\0"}, "pctbRequest": {"pb": b"\x30"}}),
    "icpr_issued": ("ICertPassage", "CertServerRequest", "out", {
        "pdwRequestId": 17, "pdwDisposition": 3, "pctbCert": {"pb": CHAIN}, **ISSUED, "return": 0}),
    "icpr_denied": ("ICertPassage", "CertServerRequest", "out", {
        "pdwRequestId": 18, "pdwDisposition": 2, "pctbCert": EMPTY, "pctbEncodedCert": EMPTY,
        "pctbDispositionMessage": {"pb": MESSAGE}, "return": 0x80094800}),
    "ept_map": ("ept", "ept_map", "in", {
        "obj": None, "map_tower": {"tower_octet_string": TOWER}, "entry_handle": NULL_HANDLE, "max_towers": 4}),
    "ept_map_object": ("ept", "ept_map", "in", {
        "obj": guid("01020304-0506-0708-090a-0b0c0d0e0f10"), "map_tower": {"tower_octet_string": TOWER},
        "entry_handle": HANDLE, "max_towers": 500}),
    "ept_map_found": ("ept", "ept_map", "out", {
        "entry_handle": HANDLE, "ITowers": [{"tower_octet_string": TOWER}, {"tower_octet_string": TOWER[:-1]}],
        "max_towers": 4, "status": 0}),
    "ept_map_none": ("ept", "ept_map", "out", {
        "entry_handle": NULL_HANDLE, "ITowers": [], "max_towers": 4, "status": 0x16C9A0D6}),
    "ept_lookup": ("ept", "ept_lookup", "in", {
        "inquiry_type": 1, "object": None, "Ifid": IF_ICPR, "vers_option": 1,
        "entry_handle": NULL_HANDLE, "max_ents": 500}),
    "ept_lookup_found": ("ept", "ept_lookup", "out", {
        "entry_handle": HANDLE,
        "entries": [
            {"object": guid("00000000-0000-0000-0000-000000000000"),
             "tower": {"tower_octet_string": TOWER}, "annotation": "wcce CA"},
            {"object": guid("01020304-0506-0708-090a-0b0c0d0e0f10"),
             "tower": {"tower_octet_string": TOWER[:-2]}, "annotation": ""},
        ],
        "max_ents": 2, "status": 0}),
    "ept_lookup_handle_free": ("ept", "ept_lookup_handle_free", "in", {"entry_handle": HANDLE}),
    "ept_lookup_handle_freed": ("ept", "ept_lookup_handle_free", "out", {"entry_handle": NULL_HANDLE, "status": 0}),
    "mgmt_if_ids": ("mgmt", "rpc_mgmt_inq_if_ids", "out", {"if_id_vector": {"IfId": [IF_ICPR, IF_EPM]}, "status": 0}),
    "mgmt_stats": ("mgmt", "rpc_mgmt_inq_stats", "in", {"count": 4}),
    "mgmt_stats_out": ("mgmt", "rpc_mgmt_inq_stats", "out", {"count": 4, "statistics": [9, 8, 7, 6], "status": 0}),
    "mgmt_listening": ("mgmt", "rpc_mgmt_is_server_listening", "out", {"status": 0, "return": 1}),
    "mgmt_princ_name": ("mgmt", "rpc_mgmt_inq_princ_name", "in", {"authn_proto": 9, "princ_name_size": 4096}),
    "mgmt_princ_name_out": ("mgmt", "rpc_mgmt_inq_princ_name", "out", {
        "princ_name": "host/ca.wcce.test", "max_count": 4096, "status": 0}),
    "request": ("ICertRequestD", "Request", "in", {
        "orpcthis": ORPCTHIS, "dwFlags": 0x100, "pwszAuthority": "Example CA", "pdwRequestId": 0,
        "pwszAttributes": "CertificateTemplate:User", "pctbRequest": {"pb": PKCS10}}),
    "request_out": ("ICertRequestD", "Request", "out", {
        "orpcthat": ORPCTHAT, "pdwRequestId": 17, "pdwDisposition": 3, "pctbCertChain": {"pb": CHAIN},
        **ISSUED, "return": 0}),
    "get_ca_cert": ("ICertRequestD", "GetCACert", "in", {
        "orpcthis": ORPCTHIS, "fchain": 0x6363, "pwszAuthority": "Example CA"}),
    "get_ca_cert_out": ("ICertRequestD", "GetCACert", "out", {
        "orpcthat": ORPCTHAT, "pctbOut": {"pb": CERT}, "return": 0}),
    "ping": ("ICertRequestD", "Ping", "in", {"orpcthis": ORPCTHIS, "pwszAuthority": None}),
    "request2": ("ICertRequestD2", "Request2", "in", {
        "orpcthis": ORPCTHIS, "pwszAuthority": "Example CA", "dwFlags": 0x40700, "pwszSerialNumber": "6100000002",
        "pdwRequestId": 3, "pwszAttributes": "cdc:dc1\nrmd:ws1", "pctbRequest": {"pb": PKCS10}}),
    "request2_out": ("ICertRequestD2", "Request2", "out", {
        "orpcthat": ORPCTHAT, "pdwRequestId": 17, "pdwDisposition": 3, "pctbFullResponse": {"pb": CHAIN},
        **ISSUED, "return": 0}),
    "get_ca_property": ("ICertRequestD2", "GetCAProperty", "in", {
        "orpcthis": ORPCTHIS, "pwszAuthority": "Example CA", "PropID": 29, "PropIndex": 0, "PropType": 4}),
    "get_ca_property_out": ("ICertRequestD2", "GetCAProperty", "out", {
        "orpcthat": ORPCTHAT, "pctbPropertyValue": {"pb": MESSAGE}, "return": 0}),
    "get_ca_property_info_out": ("ICertRequestD2", "GetCAPropertyInfo", "out", {
        "orpcthat": ORPCTHAT, "pcProperty": 3, "pctbPropInfo": {"pb": CERT}, "return": 0}),
    "create_instance": ("IRemoteSCMActivator", "RemoteCreateInstance", "in", {
        "orpcthis": ORPCTHIS, "pUnkOuter": None, "pActProperties": {"abData": OBJREF}}),
    "create_instance_out": ("IRemoteSCMActivator", "RemoteCreateInstance", "out", {
        "orpcthat": ORPCTHAT, "ppActProperties": {"abData": OBJREF}, "return": 0}),
    "remote_activation": ("IActivation", "RemoteActivation", "in", {
        "ORPCthis": ORPCTHIS, "Clsid": CLSID_CA, "pwszObjectName": None, "pObjectStorage": None,
        "ClientImpLevel": 2, "Mode": 0, "pIIDs": [IID_D, IID_D2], "aRequestedProtseqs": [7, 15, 31]}),
    "remote_activation_out": ("IActivation", "RemoteActivation", "out", {
        "ORPCthat": ORPCTHAT, "pOxid": 0x1122334455667788, "ppdsaOxidBindings": BINDINGS, "pipidRemUnknown": IPID,
        "pAuthnHint": 6, "pServerVersion": {"MajorVersion": 5, "MinorVersion": 7}, "phr": 0,
        "ppInterfaceData": [{"abData": OBJREF}, None], "pResults": [0, -2147467262], "return": 0}),
    "resolve_oxid2": ("IObjectExporter", "ResolveOxid2", "in", {
        "pOxid": 0x1122334455667788, "arRequestedProtseqs": [7, 15, 31]}),
    "resolve_oxid2_out": ("IObjectExporter", "ResolveOxid2", "out", {
        "ppdsaOxidBindings": BINDINGS, "pipidRemUnknown": IPID, "pAuthnHint": 6,
        "pComVersion": {"MajorVersion": 5, "MinorVersion": 7}, "return": 0}),
    "resolve_oxid2_unknown": ("IObjectExporter", "ResolveOxid2", "out", {
        "ppdsaOxidBindings": None, "pipidRemUnknown": guid("00000000-0000-0000-0000-000000000000"), "pAuthnHint": 0,
        "pComVersion": {"MajorVersion": 0, "MinorVersion": 0}, "return": 1910}),
    "simple_ping": ("IObjectExporter", "SimplePing", "in", {"pSetId": 0x0102030405060708}),
    "complex_ping": ("IObjectExporter", "ComplexPing", "in", {
        "pSetId": 0, "SequenceNum": 1, "AddToSet": [1, 2, 0x1122334455667788], "DelFromSet": None}),
    "complex_ping_out": ("IObjectExporter", "ComplexPing", "out", {
        "pSetId": 0x0102030405060708, "pPingBackoffFactor": 0, "return": 0}),
    "server_alive2_out": ("IObjectExporter", "ServerAlive2", "out", {
        "pComVersion": {"MajorVersion": 5, "MinorVersion": 7}, "ppdsaOrBindings": BINDINGS, "pReserved": 0, "return": 0}),
    "rem_query_interface": ("IRemUnknown", "RemQueryInterface", "in", {
        "orpcthis": ORPCTHIS, "ripid": IPID, "cRefs": 5, "iids": [IID_D2, IID_D]}),
    "rem_query_interface_out": ("IRemUnknown", "RemQueryInterface", "out", {
        "orpcthat": ORPCTHAT,
        "ppQIResults": [{"hResult": 0, "std": STD}, {"hResult": -2147467262, "std": STD}], "return": 0}),
    "rem_release": ("IRemUnknown", "RemRelease", "in", {
        "orpcthis": ORPCTHIS,
        "InterfaceRefs": [
            {"ipid": IPID, "cPublicRefs": 5, "cPrivateRefs": 0},
            {"ipid": IPID, "cPublicRefs": 1, "cPrivateRefs": 2}]}),
    "rem_query_interface2_out": ("IRemUnknown2", "RemQueryInterface2", "out", {
        "orpcthat": ORPCTHAT, "phr": [0, -2147467262], "ppMIF": [{"abData": OBJREF}, None], "return": 0}),
    "challenge": ("logon", "NetrServerReqChallenge", "in", {
        "PrimaryName": "\\\\DC1", "ComputerName": "CA1", "ClientChallenge": {"data": bytes(range(8))}}),
    "challenge_out": ("logon", "NetrServerReqChallenge", "out", {
        "ServerChallenge": {"data": bytes(range(8, 16))}, "return": 0}),
    "authenticate3": ("logon", "NetrServerAuthenticate3", "in", {
        "PrimaryName": "\\\\DC1", "AccountName": "CA1$", "SecureChannelType": 2, "ComputerName": "CA1",
        "ClientCredential": {"data": bytes(range(8))}, "NegotiateFlags": 0x612FFFFF}),
    "authenticate3_out": ("logon", "NetrServerAuthenticate3", "out", {
        "ServerCredential": {"data": bytes(range(8, 16))}, "NegotiateFlags": 0x612FFFFF, "AccountRid": 1108, "return": 0}),
    "capabilities": ("logon", "NetrLogonGetCapabilities", "in", {
        "ServerName": "\\\\DC1", "ComputerName": "CA1",
        "Authenticator": {"Credential": {"data": bytes(range(8))}, "Timestamp": 0x65000000},
        "ReturnAuthenticator": {"Credential": {"data": bytes(8)}, "Timestamp": 0}, "QueryLevel": 1}),
    "capabilities_out": ("logon", "NetrLogonGetCapabilities", "out", {
        "ReturnAuthenticator": {"Credential": {"data": bytes(range(8))}, "Timestamp": 0x65000001},
        "Capabilities": Arm("ServerCapabilities", 0x612FFFFF), "return": 0}),
    "sam_logon_ex": ("logon", "NetrLogonSamLogonEx", "in", {
        "LogonServer": "\\\\DC1", "ComputerName": "CA1", "LogonLevel": 2,
        "LogonInformation": Arm("LogonNetwork", NETWORK_INFO), "ValidationLevel": 6, "ExtraFlags": 0}),
    "sam_logon_ex_sam2": ("logon", "NetrLogonSamLogonEx", "out", {
        "ValidationInformation": Arm("ValidationSam2", sam_info(3)), "Authoritative": 1, "ExtraFlags": 0, "return": 0}),
    "sam_logon_ex_sam4": ("logon", "NetrLogonSamLogonEx", "out", {
        "ValidationInformation": Arm("ValidationSam4", sam_info(6)), "Authoritative": 1, "ExtraFlags": 0, "return": 0}),
    "sam_logon_ex_failed": ("logon", "NetrLogonSamLogonEx", "out", {
        "ValidationInformation": Arm("ValidationSam4", None), "Authoritative": 1, "ExtraFlags": 0, "return": -1073741715}),
    "get_config_entry_i4": ("ICertAdminD2", "GetConfigEntry", "out", {
        "orpcthat": ORPCTHAT, "pVariant": variant(3, "lVal", 3, 7), "return": 0}),
    "get_config_entry_bstr": ("ICertAdminD2", "GetConfigEntry", "out", {
        "orpcthat": ORPCTHAT, "pVariant": variant(8, "bstrVal", 5, bstr("Weeks")), "return": 0}),
    "get_config_entry_array": ("ICertAdminD2", "GetConfigEntry", "out", {
        "orpcthat": ORPCTHAT, "pVariant": variant(0x2008, "parray", 9, BSTR_ARRAY), "return": 0}),
    "get_config_entry_empty": ("ICertAdminD2", "GetConfigEntry", "out", {
        "orpcthat": ORPCTHAT, "pVariant": variant(0, "VT_EMPTY", 3, None), "return": 0}),
    "open_view": ("ICertAdminD", "OpenView", "in", {
        "orpcthis": ORPCTHIS, "pwszAuthority": "Example CA",
        "acvr": [
            {"ColumnIndex": 9, "SeekOperator": 1, "SortOrder": 0, "pbValue": b"\x14\0\0\0"},
            {"ColumnIndex": 0xFFFFFFFE, "SeekOperator": 16, "SortOrder": 1, "pbValue": None}],
        "acolOut": [0, 7, 9], "ielt": 1, "celt": 100}),
    "revoke": ("ICertAdminD", "RevokeCertificate", "in", {
        "orpcthis": ORPCTHIS, "pwszAuthority": "Example CA", "pwszSerialNumber": "6100000002", "Reason": 1,
        "FileTime": time(0x11111111, 0x01DA0000)}),
    "backup_files_out": ("ICertAdminD", "BackupGetAttachmentInformation", "out", {
        "orpcthat": ORPCTHAT, "ppwszzDBFiles": [*"a.edb".encode(), 0, 0], "return": 0}),
}

# Structures that are serialized behind a pointer ([MS-PAC] 2.5).
POINTED = {"KERB_VALIDATION_INFO", "S4U_DELEGATION_INFO"}

# Name of the vector -> (structure, values), in type serialization version 1.
TYPES = {
    "pac_logon_info": ("KERB_VALIDATION_INFO", LOGON_INFO),
    "pac_delegation": ("S4U_DELEGATION_INFO", DELEGATION),
    **{f"activation_{name}": (name, value) for name, value in ACTIVATION.items()},
}


def plain(value):
    """The value in JSON: octets as {"hex": …}, GUIDs as text, unions as {"arm": …, "value": …}."""
    if isinstance(value, Arm):
        return {"arm": value.case, "value": plain(value.value)}
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, uuid.UUID):
        return str(value)
    return value


# How much room the caller offers for an array of the answer: not a parameter of the answer.
ROOM = ("max_towers", "max_ents", "max_count")


def main():
    """Writes the values, for the test that compares them with what was decoded."""
    calls = {}
    for name, (interface, operation, direction, parameters) in CALLS.items():
        told = {k: v for k, v in parameters.items() if direction == "in" or k not in ROOM}
        calls[name] = {"of": f"{interface}.{operation}.{direction}", "values": plain(told)}
    for name, (structure, fields) in TYPES.items():
        calls[name] = {"of": structure, "values": plain(fields)}
    with open(pathlib.Path(__file__).with_name("values.json"), "w", encoding="utf-8") as out:
        out.write("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in calls.items()) + "\n}\n")


def write(path, tool, vectors):
    """Writes the vectors of one tool, one to a line."""
    with open(path, "w", encoding="utf-8") as out:
        out.write('{"tool": %s, "vectors": [\n' % json.dumps(tool))
        out.write(",\n".join(json.dumps(v, ensure_ascii=False) for v in vectors))
        out.write("\n]}\n")


if __name__ == "__main__":
    main()
