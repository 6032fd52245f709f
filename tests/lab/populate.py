#!/usr/bin/python3
"""Accounts of the lab's domain, written to its database before a server runs.

usage: populate.py SMB.CONF SAM.LDB. Made in a fixed order, so that relative identifiers are fixed:

    alice 1103, bob 1104, carol 1105 (no mail), agent 1106   password Passw0rd-Alice and so on
    PKI Enrollees 1107 (alice)
    CA1$ 1108 Passw0rd-Machine-CA1 (Cert Publishers), WS1$ 1109 Passw0rd-Machine-WS1
    dave 1110, in Inner 1111, which is in Outer 1112
    erin 1113, disabled
    Barred 1114 (bob)
    frank 1115, in the 400 groups Many-000 1116 to Many-399 1515
"""

import sys

import ldb
from samba.auth import system_session
from samba.dcerpc import dnsp
from samba.ndr import ndr_pack
from samba.param import LoadParm
from samba.samdb import SamDB

DNS = "wcce.test"
CA_ADDRESS = "10.77.0.20"
MACHINES = {"ca1": "Passw0rd-Machine-CA1", "ws1": "Passw0rd-Machine-WS1"}
USERS = (
    ("alice", "Alice", "Liddell", True),
    ("bob", "Bob", "Stone", True),
    ("carol", "Carol", "Moss", False),
    ("agent", "Enroll", "Agent", True),
)


def main(conf, database):
    lp = LoadParm()
    lp.load(conf)
    sam = SamDB(url=database, session_info=system_session(), lp=lp)
    for user in USERS:
        add_user(sam, *user)
    add_group(sam, "PKI Enrollees", ["alice"])
    for machine, password in MACHINES.items():
        add_machine(sam, machine, password)
    sam.add_remove_group_members("Cert Publishers", ["CA1$"])
    add_address(sam, "ca1", CA_ADDRESS)
    add_user(sam, "dave", "Dave", "Nest", True)
    add_group(sam, "Inner", ["dave"])
    add_group(sam, "Outer", ["Inner"])
    add_user(sam, "erin", "Erin", "Gone", True)
    sam.disable_account("(sAMAccountName=erin)")
    add_group(sam, "Barred", ["bob"])
    add_user(sam, "frank", "Frank", "Many", True)
    for number in range(400):
        add_group(sam, f"Many-{number:03}", ["frank"])
    for name in ("alice", "CA1$", "erin", "frank"):
        found = sam.search(sam.domain_dn(), expression=f"(sAMAccountName={name})",
                           attrs=["objectSid"])[0]
        print(f"  {name:8}", sam.schema_format_value("objectSid", found["objectSid"][0]).decode())


def add_user(sam, name, given, surname, mail):
    sam.newuser(name, "Passw0rd-" + name.capitalize(), givenname=given, surname=surname,
                mailaddress=f"{name}@{DNS}" if mail else None)
    sam.setexpiry(f"(sAMAccountName={name})", 0, no_expiry_req=True)


def add_group(sam, name, members):
    sam.newgroup(name)
    sam.add_remove_group_members(name, members)


def add_machine(sam, name, password):
    sam.newcomputer(name.upper())
    sam.setpassword(f"(sAMAccountName={name.upper()}$)", password, False)
    full = f"{name}.{DNS}"
    replace(sam, f"CN={name.upper()},CN=Computers,{sam.domain_dn()}", {
        "dNSHostName": full,
        # AES-256, AES-128 and RC4: without the attribute the KDC gives RC4 tickets.
        "msDS-SupportedEncryptionTypes": "28",
        "servicePrincipalName": [f"{service}/{host}" for service in ("HOST", "RestrictedKrbHost")
                                 for host in (full, name.upper())],
    })


def add_address(sam, name, address):
    record = dnsp.DnssrvRpcRecord()
    record.wType = dnsp.DNS_TYPE_A
    record.rank = dnsp.DNS_RANK_ZONE
    record.dwTtlSeconds = 900
    record.data = address
    zone = f"DC={DNS},CN=MicrosoftDNS,DC=DomainDnsZones,{sam.domain_dn()}"
    sam.add({"dn": f"DC={name},{zone}", "objectClass": "dnsNode", "dnsRecord": ndr_pack(record)})


def replace(sam, dn, attributes):
    message = ldb.Message(ldb.Dn(sam, dn))
    for name, value in attributes.items():
        message[name] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, name)
    sam.modify(message)


if __name__ == "__main__":
    main(*sys.argv[1:])
