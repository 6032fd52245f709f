"""The CA of example 3.6 in a real domain: templates, users and rights are Samba's, put there by its
own tools; logons are Kerberos' and domain NTLM's; agent, user and CA are principals of their own."""

import contextlib
import dataclasses
import json
import os
import struct
import subprocess
import time
import tomllib

import lab
from certrequest import CertRequest
from enterprise_lab import TEMPLATES, Object, Passage
from icpr import Credentials, Impacket
from running import BINARIES, Ca

URL = f"ldap://{lab.fqdn('dc')}"
USERS = f"CN=Users,{lab.BASE}"
CONTAINER = ("CN=Certificate Templates,CN=Public Key Services,CN=Services,CN=Configuration,"
             + lab.BASE)
RIDS = {"alice": 1103, "bob": 1104, "carol": 1105, "agent": 1106}
ENROLL = "0e10c968-78fb-11d2-90d4-00c04f79dc55"
DOMAIN_USERS = f"{lab.DOMAIN_SID}-513"

# The names of the directory file in numbers ([MS-CRTD], [MS-WCCE] 2.2.2.7.7).
FLAGS = {
    "SUBJECT_REQUIRE_DIRECTORY_PATH": 0x80000000, "SUBJECT_ALT_REQUIRE_UPN": 0x02000000,
    "ENROLLEE_SUPPLIES_SUBJECT": 1, "PREVIOUS_APPROVAL_VALIDATE_REENROLLMENT": 0x40,
    "digitalSignature": 0x80, "keyEncipherment": 0x20,
}
OBJECT_IDENTIFIERS = {
    "certificateRequestAgent": "1.3.6.1.4.1.311.20.2.1", "clientAuth": "1.3.6.1.5.5.7.3.2",
    "emailProtection": "1.3.6.1.5.5.7.3.4", "keyUsage": "2.5.29.15",
}
SECONDS = {"s": 1, "w": 7 * 86400, "y": 365 * 86400}


def dn(rid):
    """An account's object ([MS-ADTS] 3.1.1.3.1.2.4)."""
    return f"<SID={lab.DOMAIN_SID}-{rid}>"


def period(text):
    """Units of 100 ns, negative."""
    return {"hex": struct.pack("<q", -int(text[:-1]) * SECONDS[text[-1]] * 10**7).hex()}


def flags(names):
    """A signed number of 32 bits."""
    return [struct.unpack("<i", struct.pack("<I", sum(FLAGS[name] for name in names)))[0]]


def template_object(template, groups):
    """A template of the directory file as an object of Active Directory."""
    template = dict(template)
    cn, may_enroll = template.pop("cn"), template.pop("enroll")
    rights = [f"(OA;;CR;{ENROLL};;{groups[group]})" for group in may_enroll]
    one = {
        "dn": f"CN={cn},{CONTAINER}", "objectClass": ["top", "pKICertificateTemplate"],
        "flags": [0x20220], "msPKI-Private-Key-Flag": [0x10], "pKIDefaultKeySpec": [1],
        "pKIMaxIssuingDepth": [0], "msPKI-RA-Signature": [0], "msPKI-Enrollment-Flag": [0],
        "msPKI-Template-Minor-Revision": [1],
        "sddl": "O:EAG:EAD:PAI" + "".join(rights) + "(A;;CCDCLCSWRPWPDTLOSDRCWDWO;;;EA)(A;;LCRPLORC;;;AU)",
    }
    for name, value in template.items():
        match name:
            case "pKIKeyUsage":
                value = [{"hex": bytes([flags(value)[0], 0]).hex()}]
            case "pKIExpirationPeriod" | "pKIOverlapPeriod":
                value = [period(value)]
            case "msPKI-Certificate-Name-Flag" | "msPKI-Enrollment-Flag":
                value = flags(value)
            case _ if isinstance(value, list):
                value = [OBJECT_IDENTIFIERS[one] for one in value]
            case _:
                value = [value]
        one[name] = value
    one["pKIExtendedKeyUsage"] = one["msPKI-Certificate-Application-Policy"]
    return one


def change_directory(*objects):
    """Objects made or changed by the domain's administrator; the SIDs of those that have one."""
    done = subprocess.run(
        ["/usr/bin/python3", __file__.replace("example_lab", "directory_change"), URL,
         "Administrator"],
        input=lab.ADMINISTRATOR_PASSWORD + "\n" + json.dumps(objects), capture_output=True,
        text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def fill_directory():
    """The group of the agents, and the templates; their names."""
    group = f"CN=PKI Agents,{USERS}"
    sids = change_directory({
        "dn": group, "objectClass": ["group"], "sAMAccountName": ["PKI Agents"],
        "member": [dn(RIDS["agent"]), dn(RIDS["carol"])]})
    groups = {"PKI Agents": sids[group], "Domain Users": DOMAIN_USERS}
    templates = tomllib.loads(TEMPLATES)["templates"]
    change_directory(*(template_object(one, groups) for one in templates))
    return [one["cn"] for one in templates]


class DomainCa(Ca):
    """wcced on the CA's host of the lab, a member of the domain."""

    name, dns, domain, sid = "Wcce Example CA", lab.DNS, lab.DOMAIN, lab.DOMAIN_SID
    host = dns_name = lab.fqdn("ca")

    def __init__(self, folder, settings):
        self.folder, self.rids, self.caches = folder, RIDS, {}
        self.config = folder / "wcced.toml"
        self.run("wcced", "init", "--folder", folder, "--active-directory", "--dns", self.dns,
                 "--subject", f"CN={self.name},DC=wcce,DC=test")
        self.configure(lab.ADDRESS["ca"], settings | {
            "directory": f'keytab = "{lab.KEYTAB}"\naccount_age = "1s"\npoll = "9m"\n',
        })
        templates = fill_directory()
        self.run("wcced", "check-config", "--config", self.config)
        self.start()
        self.administer("publish")
        self.administer("template", "enable", *templates)
        self.waits_for(f"enabled={len(templates)}", 0)

    def administer(self, *command):
        """A command of wcced that changes the domain, by its administrator's tickets."""
        administrator = Credentials(self.domain, "Administrator", lab.ADMINISTRATOR_PASSWORD)
        subprocess.run(
            [BINARIES / "wcced", *command, "--config", self.config, "--ccache"], check=True,
            stdout=subprocess.PIPE, env=os.environ | {"KRB5CCNAME": self.cache(administrator)})

    def cache(self, who):
        """The file with an account's tickets."""
        if who.user not in self.caches:
            self.caches[who.user] = str(self.folder / f"{who.user}.ccache")
            lab.tickets(who.user, who.password, self.caches[who.user])
        return self.caches[who.user]

    def waits_for(self, text, since):
        deadline = time.monotonic() + 10
        while text not in self.log_text()[since:]:
            assert time.monotonic() < deadline, self.log_text()[since:]
            time.sleep(0.01)

    @contextlib.contextmanager
    def without_previous_approval(self, template):
        self.change_template(template, 0x20)
        try:
            yield
        finally:
            self.change_template(template, 0x40)

    def change_template(self, cn, enrollment_flag):
        """The CA goes on running: the domain controller tells it of the change."""
        since, begin = len(self.log_text()), time.monotonic()
        change_directory({"dn": f"CN={cn},{CONTAINER}", "change": True,
                          "msPKI-Enrollment-Flag": [enrollment_flag]})
        self.waits_for("template table read", since)
        took = time.monotonic() - begin
        print(f"template changed and read anew after {took:.2f} s, Samba's own tool included")

    @contextlib.contextmanager
    def with_upn(self, who, upn):
        self.change_account(who, upn)
        try:
            yield
        finally:
            self.change_account(who, f"{who.user}@{self.dns}")

    @staticmethod
    def change_account(who, upn):
        change_directory({"dn": dn(RIDS[who.user]), "change": True, "userPrincipalName": [upn]})
        # What is remembered of the account becomes too old.
        time.sleep(1.2)


def with_tickets(ca, who):
    """impacket takes the tickets that the environment names; without a password, nothing else."""
    os.environ["KRB5CCNAME"] = ca.cache(who)
    return dataclasses.replace(who, domain=lab.REALM, password="")


class KerberosPassage(Passage):
    """ICertPassage::CertServerRequest, by impacket with tickets."""

    def __init__(self, ca, who, level=6):
        kdc = lab.ADDRESS["dc"]
        self.ca = ca
        self.client = Impacket(ca.host, ca.port, with_tickets(ca, who), level=level, kdc=kdc)


class KerberosObject(Object):
    """ICertRequestD2::Request2, by impacket with tickets."""

    def __init__(self, ca, who, level=6):
        kdc = lab.ADDRESS["dc"]
        self.ca, self.client = ca, CertRequest(ca.host, with_tickets(ca, who), level=level, kdc=kdc)
        # Without NTLM impacket goes up to privacy, whatever it is told.
        self.client.unknown.get_cinstance().get_auth_level = lambda: level


DOMAIN_WAYS = {
    "icpr ntlm": Passage, "icpr kerberos": KerberosPassage,
    "dcom ntlm": Object, "dcom kerberos": KerberosObject,
}
