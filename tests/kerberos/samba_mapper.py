"""Where ICertPassage is, by Samba's client of the endpoint mapper; run by Debian's own Python.

samba_mapper.py BINDING CCACHE. Prints address and port, as ept_lookup tells them and as ept_map.
"""

import json
import sys
import uuid

from samba.credentials import MUST_USE_KERBEROS, Credentials
from samba.dcerpc import epmapper, misc
from samba.param import LoadParm

ICERTPASSAGE = uuid.UUID("91ae6020-9e3c-11cf-8d7c-00aa00c091be").bytes_le

binding, cache = sys.argv[1:]
settings = LoadParm()
settings.set("name resolve order", "host")
credentials = Credentials()
credentials.guess(settings)
credentials.set_kerberos_state(MUST_USE_KERBEROS)
credentials.set_named_ccache(cache, 0, settings)
mapper = epmapper.epmapper(binding, settings, credentials)


def place(twr):
    *_, tcp, ip = twr.tower.floors
    return [ip.rhs.ipaddr, tcp.rhs.port]


handle, known = misc.policy_handle(), []
while True:
    handle, entries, _ = mapper.epm_Lookup(0, None, None, 1, handle, 2)
    known += [one.tower for one in entries]
    if handle.uuid == misc.GUID():
        break
[tower] = [one for one in known if one.tower.floors[0].lhs.lhs_data[:16] == ICERTPASSAGE]
looked_up = place(tower)
tower.tower.floors[3].rhs.port = 0
_, towers, status = mapper.epm_Map(None, tower, misc.policy_handle(), 4)
assert status == 0, hex(status)
print(json.dumps([looked_up, *(place(one.twr) for one in towers)]))
