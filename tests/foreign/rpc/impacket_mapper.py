"""impacket against our endpoint mapper and management interface: HOST PORT, one `ok` line a check.

NDR 2.0; without authentication, and with NTLM at packet privacy.
"""

import sys

from impacket.dcerpc.v5 import epm, mgmt, rpcrt, transport
from impacket.dcerpc.v5.dtypes import NULL
from impacket.uuid import uuidtup_to_bin

HOST, PORT = sys.argv[1], int(sys.argv[2])
ICERTPASSAGE = ("91ae6020-9e3c-11cf-8d7c-00aa00c091be", "0.0")
UNKNOWN = ("11111111-9e3c-11cf-8d7c-00aa00c091be", "0.0")
NOT_REGISTERED = 0x16C9A0D6


def ok(name):
    print("ok", name, flush=True)


def connect(protected, interface=None):
    """Without an interface, for impacket's helpers, which bind on their own."""
    binding = transport.DCERPCTransportFactory(f"ncacn_ip_tcp:{HOST}[{PORT}]")
    dce = binding.get_dce_rpc()
    if protected:
        binding.set_credentials("alice", "Passw0rd-Alice", "LAB")
        dce.set_auth_level(rpcrt.RPC_C_AUTHN_LEVEL_PKT_PRIVACY)
    dce.connect()
    if interface:
        dce.bind(interface)
    return dce


def page(dce, handle, count):
    request = epm.ept_lookup()
    request["inquiry_type"] = epm.RPC_C_EP_ALL_ELTS
    request["object"] = NULL
    request["Ifid"] = NULL
    request["vers_option"] = epm.RPC_C_VERS_ALL
    request["entry_handle"] = handle
    request["max_ents"] = count
    return dce.request(request, checkError=False)


for protected in (False, True):
    how = "privacy" if protected else "clear"
    entries = epm.hept_lookup(HOST, dce=connect(protected))
    annotations = [entry["annotation"].rstrip(b"\0") for entry in entries]
    assert annotations == [b"endpoint mapper", b"enrollment", b"enrollment"], annotations
    bindings = [epm.PrintStringBinding(entry["tower"]["Floors"]) for entry in entries]
    assert bindings[1:] == [f"ncacn_ip_tcp:{HOST}[49170]", f"ncacn_ip_tcp:{HOST}[49171]"], bindings
    ok(f"hept_lookup {how}")

    interface = uuidtup_to_bin(ICERTPASSAGE)
    found = epm.hept_map(HOST, interface, protocol="ncacn_ip_tcp", dce=connect(protected))
    assert found == f"ncacn_ip_tcp:{HOST}[49170]", found
    ok(f"hept_map {how}")

    try:
        interface = uuidtup_to_bin(UNKNOWN)
        epm.hept_map(HOST, interface, protocol="ncacn_ip_tcp", dce=connect(protected))
        raise AssertionError("found what is not there")
    except rpcrt.DCERPCException as error:
        assert error.error_code == NOT_REGISTERED, error
    ok(f"hept_map of nothing {how}")

    dce = connect(protected, epm.MSRPC_UUID_PORTMAP)
    handle, seen = epm.ept_lookup_handle_t(), 0
    while True:
        answer = page(dce, handle, 1)
        if answer["status"] == NOT_REGISTERED:
            assert answer["entry_handle"].isNull()
            break
        assert answer["status"] == 0 and answer["num_ents"] == 1
        handle, seen = answer["entry_handle"], seen + 1
    assert seen == 3, seen
    ok(f"ept_lookup page by page {how}")

    handle = page(dce, epm.ept_lookup_handle_t(), 1)["entry_handle"]
    other = connect(protected, epm.MSRPC_UUID_PORTMAP)
    try:
        page(other, handle, 1)
        raise AssertionError("another client's handle was taken")
    except rpcrt.DCERPCException as error:
        assert "context_mismatch" in str(error), error
    other.disconnect()
    ok(f"another client's handle {how}")
    dce.disconnect()

    dce = connect(protected, mgmt.MSRPC_UUID_MGMT)
    identities = mgmt.hinq_if_ids(dce)["if_id_vector"]
    assert identities["count"] == 1
    assert identities["if_id"][0]["Data"]["Uuid"] == epm.MSRPC_UUID_PORTMAP[:16]
    ok(f"inq_if_ids {how}")
    counted = mgmt.hinq_stats(dce)
    assert counted["count"] == 4 and counted["statistics"][0] > 0
    ok(f"inq_stats {how}")
    assert mgmt.his_server_listening(dce)["status"] == 0
    ok(f"is_server_listening {how}")
    try:
        assert mgmt.hstop_server_listening(dce)["status"] == 5
    except rpcrt.DCERPCException as error:
        assert error.error_code == 5, error
    assert mgmt.his_server_listening(dce)["status"] == 0
    ok(f"stop_server_listening {how}")
    name = b"".join(mgmt.hinq_princ_name(dce, 16, 64)["princ_name"]).rstrip(b"\0")
    assert name == b"host/ca.lab.test", name
    ok(f"inq_princ_name {how}")
    dce.disconnect()
