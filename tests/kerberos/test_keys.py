"""Keys of the service: each encryption type, with a keytab of that type alone; RC4 by a setting
only; a keytab that is exchanged under a running server."""

import pytest

import keytabs
import lab
from clients import Impacket, ImpacketDcom, Proxy, Samba, ScapyIcpr, run, tickets, token_of
from icpr import INTEGRITY, RpcFault

AES128, AES256, RC4 = 17, 18, 23
# msDS-SupportedEncryptionTypes ([MS-KILE] 2.2.7), and what klist calls the types.
SUPPORTED = {AES128: (8, "aes128-cts"), AES256: (16, "aes256-cts"), RC4: (4, "arcfour-hmac")}
ALL = 28


def set_types(types):
    change = (f"dn: CN=CA1,CN=Computers,{lab.BASE}\nchangetype: modify\n"
              f"replace: msDS-SupportedEncryptionTypes\nmsDS-SupportedEncryptionTypes: {types}\n")
    run("ldbmodify", "-H", f"ldap://{lab.fqdn('dc')}", "-U",
        f"Administrator%{lab.ADMINISTRATOR_PASSWORD}", "-k", "no", input=change)


@pytest.fixture
def tickets_of_type(tmp_path):
    """bob's tickets under a service key of this type."""
    def of(etype):
        types, name = SUPPORTED[etype]
        set_types(types)
        cache = tickets(tmp_path, "bob")
        listed = run("klist", "-e", "-c", f"FILE:{cache}").split("host/")[1].split("tkt): ")[1]
        assert name in listed.splitlines()[0], listed
        return cache

    yield of
    set_types(ALL)


@pytest.fixture
def keys(ca):
    """Restores the CA's keytab."""
    yield lambda *etypes: keytabs.write(ca.keytab, lab.KEYTAB, *etypes)
    keytabs.write(ca.keytab, lab.KEYTAB)


@pytest.mark.parametrize("etype", [AES128, AES256])
def test_a_service_key_of_aes(ca, keys, tickets_of_type, etype, tally):
    """Each type with a keytab that has no other."""
    keys(etype)
    cache = tickets_of_type(etype)
    for stack in (Samba, Impacket, ScapyIcpr, ImpacketDcom):
        ca.issues(stack(cache), "bob")
        tally("foreign-kerberos", f"{stack.__name__} service key {etype}")


def test_a_keytab_without_the_key_and_then_with_it(ca, keys, tickets_of_type, tally):
    """The keytab is read again for each ticket: no restart."""
    cache = tickets_of_type(AES256)
    keys(AES128)
    ca.refuses(lambda: ca.enrol(Impacket(cache)), "found in keytab but not with enctype aes256-cts")
    keys(AES128, AES256)
    ca.issues(Impacket(cache), "bob")
    tally("foreign-kerberos-refused", "no key")


def test_rc4_is_refused(ca, tickets_of_type, tally):
    cache = tickets_of_type(RC4)
    for stack in (Samba, Impacket):
        ca.refuses(lambda: ca.enrol(stack(cache)), "uses RC4: give the account AES keys")
        tally("foreign-kerberos-refused", f"{stack.__name__} RC4")


def test_rc4_where_a_setting_allows_it(ca_with, tickets_of_type, tally):
    """Another CA runs for this."""
    ca = ca_with('ntlm = "refuse"\nkerberos_rc4 = true\n')
    keytabs.write(ca.keytab, lab.KEYTAB, RC4)
    cache = tickets_of_type(RC4)
    for stack in (Samba, Impacket, ImpacketDcom):
        ca.issues(stack(cache), "bob")
        tally("foreign-kerberos", f"{stack.__name__} service key {RC4}")
    # impacket offers no better type for the messages: they have RC4's tokens.
    with Proxy() as proxy:
        ca.issues(Impacket(cache, port=proxy.port), "bob")
    assert token_of(proxy.pdus[-1]).startswith(b"\x60\x2b")
    with pytest.raises(RpcFault) as fault:
        ca.enrol(Impacket(cache, INTEGRITY))
    assert fault.value.status == 5
    tally("foreign-kerberos", "messages with RC4")
