"""Samba's client library against our endpoint mapper and management interface: HOST PORT, one `ok`
line a check. NDR 2.0; every level, NTLM bare and in SPNEGO.
"""

import sys

from samba.credentials import DONT_USE_KERBEROS, Credentials
from samba.dcerpc import epmapper, mgmt, misc
from samba.param import LoadParm

HOST, PORT = sys.argv[1], int(sys.argv[2])
NOT_REGISTERED = 0x16C9A0D6


def ok(name):
    print("ok", name, flush=True)


def credentials(settings):
    who = Credentials()
    who.guess(settings)
    who.set_kerberos_state(DONT_USE_KERBEROS)
    who.set_domain("LAB")
    who.set_username("alice")
    who.set_password("Passw0rd-Alice")
    return who


settings = LoadParm()
settings.set("workgroup", "LAB")
settings.set("netbios name", "CLIENT")

WAYS = ["", "connect", "packet", "sign", "seal", "ntlm,sign", "ntlm,seal", "spnego,sign", "spnego,seal"]
for way in WAYS:
    binding = f"ncacn_ip_tcp:{HOST}[{PORT}{',' + way if way else ''}]"
    who = credentials(settings) if way else None
    mapper = epmapper.epmapper(binding, settings, who)
    handle, seen = misc.policy_handle(), 0
    while True:
        handle, entries, status = mapper.epm_Lookup(0, None, None, 1, handle, 2)
        assert status in (0, NOT_REGISTERED), hex(status)
        seen += len(entries)
        if handle.uuid == misc.GUID():
            break
    assert seen == 3, seen
    ok(f"epm_Lookup {way or 'clear'}")

    management = mgmt.mgmt(binding, settings, who)
    identities = management.inq_if_ids()
    assert identities.count == 1, identities.count
    ok(f"inq_if_ids {way or 'clear'}")
