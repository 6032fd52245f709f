"""One raw call through Samba's RPC client; run by Debian's own Python.

samba_call.py BINDING DOMAIN USER OPNUM UUID VERSION, with the password and the stub (hex) on two
lines of standard input; a USER of ccache:FILE stands for Kerberos with that cache, one of
either:USER@REALM for Kerberos or NTLM, as both sides agree. Prints the answer's stub in hex; exit
code 3 and the status for a fault (as the NTSTATUS that Samba maps it to).
"""

import sys

import samba
from samba import param
from samba.credentials import (
    AUTO_USE_KERBEROS, DONT_USE_KERBEROS, MUST_USE_KERBEROS, Credentials,
)
from samba.dcerpc import mgmt
from samba.dcerpc.base import ClientConnection

binding, domain, user, opnum, interface, version = sys.argv[1:]
password, stub = sys.stdin.read().splitlines()

lp = param.LoadParm()
lp.set("client min protocol", "SMB2")
lp.set("name resolve order", "host")
credentials = Credentials()
credentials.guess(lp)
if user.startswith("ccache:"):
    credentials.set_kerberos_state(MUST_USE_KERBEROS)
    credentials.set_named_ccache(user.removeprefix("ccache:"), 0, lp)
else:
    credentials.set_kerberos_state(DONT_USE_KERBEROS)
    if user.startswith("either:"):
        user, realm = user.removeprefix("either:").split("@")
        credentials.set_kerberos_state(AUTO_USE_KERBEROS)
        credentials.set_realm(realm)
    credentials.set_domain(domain)
    credentials.set_username(user)
    credentials.set_password(password)

try:
    # An interface that Samba has no table for can be authenticated only by way of one that it
    # knows (else its bindings crash): bind the management interface, then alter the context.
    basis = mgmt.mgmt(binding, lp, credentials)
    syntax = (interface, int(float(version)))
    connection = ClientConnection(binding, syntax, lp, credentials, basis_connection=basis)
except samba.NTSTATUSError as error:
    print(error)
    sys.exit(2)
try:
    print(connection.request(int(opnum), bytes.fromhex(stub)).hex())
except samba.NTSTATUSError as error:
    print(f"{error.args[0] & 0xFFFFFFFF:08x}")
    sys.exit(3)
