"""Makes and changes objects of the domain by Samba's LDAP client; run by Debian's own Python.

directory_change.py URL USER, with the password on the first line of standard input and JSON behind
it: a list of objects, each with "dn", attributes (lists of strings, or of {"hex": …}), where wanted
"sddl", and "change": true where the object is there already. Prints the objects' SIDs as JSON.
"""

import json
import sys

import ldb
from samba.credentials import Credentials
from samba.dcerpc import security
from samba.ndr import ndr_pack
from samba.param import LoadParm
from samba.samdb import SamDB


def main(url, user):
    password, objects = sys.stdin.readline().rstrip("\n"), json.load(sys.stdin)
    lp = LoadParm()
    lp.load_default()
    credentials = Credentials()
    credentials.guess(lp)
    credentials.set_username(user)
    credentials.set_password(password)
    sam = SamDB(url=url, credentials=credentials, lp=lp)
    domain = security.dom_sid(sam.get_domain_sid())
    sids = {}
    for one in objects:
        dn, change, sddl = one.pop("dn"), one.pop("change", False), one.pop("sddl", None)
        message = ldb.Message(ldb.Dn(sam, dn))
        for name, values in one.items():
            values = [bytes.fromhex(v["hex"]) if isinstance(v, dict) else str(v).encode()
                      for v in values]
            message[name] = ldb.MessageElement(values, ldb.FLAG_MOD_REPLACE if change else 0, name)
        if sddl:
            descriptor = ndr_pack(security.descriptor.from_sddl(sddl, domain))
            message["nTSecurityDescriptor"] = ldb.MessageElement(
                [descriptor], ldb.FLAG_MOD_REPLACE if change else 0, "nTSecurityDescriptor")
        (sam.modify if change else sam.add)(message)
        [found] = sam.search(dn, ldb.SCOPE_BASE, attrs=["objectSid"])
        if "objectSid" in found:
            sids[dn] = str(security.dom_sid(sam.schema_format_value(
                "objectSid", found["objectSid"][0]).decode()))
    print(json.dumps(sids))


if __name__ == "__main__":
    main(*sys.argv[1:])
