"""Keytabs taken apart, and tickets forged with the keys in them, by impacket's Kerberos."""

import datetime
import os
import struct

from impacket.krb5 import asn1, types
from impacket.krb5.ccache import CCache, CountedOctetString
from impacket.krb5.crypto import Key, _enctype_table
from pyasn1.codec.der import decoder, encoder

# Key usage of a ticket's encrypted part (RFC 4120 7.5.1).
TICKET = 2
HEADER = b"\x05\x02"


def entries(file):
    """Each entry of a keytab: encryption type, key, and its bytes."""
    data = file.read_bytes()
    assert data[:2] == HEADER
    at = 2
    while at < len(data):
        length, = struct.unpack_from(">i", data, at)
        entry = data[at + 4:at + 4 + length]
        count, field = struct.unpack_from(">H", entry)[0], 2
        for _ in range(count + 1):
            field += 2 + struct.unpack_from(">H", entry, field)[0]
        etype, key_length = struct.unpack_from(">HH", entry, field + 9)
        yield etype, entry[field + 13:field + 13 + key_length], data[at:at + 4 + length]
        at += 4 + length


def keys(file):
    """The key of each encryption type; all entries of the machine's keytab have the same ones."""
    return {etype: key for etype, key, _ in entries(file)}


def write(file, of, *etypes):
    """Puts a keytab in place that has these encryption types alone of another one."""
    new = file.with_suffix(".new")
    new.write_bytes(HEADER + b"".join(
        entry for etype, _, entry in entries(of) if not etypes or etype in etypes))
    new.chmod(0o600)
    os.replace(new, file)


def forge(cache, keytab, folder, change):
    """A copy of a credential cache in which the ticket for host/… is changed: opened with the
    service's key, changed by `change` (which gets the EncTicketPart), and sealed again."""
    copy = CCache.loadFile(str(cache))
    [credential] = [
        one for one in copy.credentials
        if one["server"].prettyPrint().lower().startswith(b"host/ca1")
    ]
    ticket = decoder.decode(credential.ticket["data"], asn1Spec=asn1.Ticket())[0]
    etype = int(ticket["enc-part"]["etype"])
    cipher, key = _enctype_table[etype], Key(etype, keys(keytab)[etype])
    sealed = ticket["enc-part"]["cipher"].asOctets()
    part = decoder.decode(cipher.decrypt(key, TICKET, sealed), asn1Spec=asn1.EncTicketPart())[0]
    change(part)
    ticket["enc-part"]["cipher"] = cipher.encrypt(key, TICKET, encoder.encode(part), None)
    credential.ticket = counted(encoder.encode(ticket))
    forged = folder / cache.name
    copy.saveFile(str(forged))
    return forged


def counted(data):
    octets = CountedOctetString()
    octets["length"], octets["data"] = len(data), data
    return octets


def expired(part):
    """The ticket ended ten minutes ago: more than clocks may be apart."""
    now = datetime.datetime.now(datetime.timezone.utc)
    part["starttime"] = types.KerberosTime.to_asn1(now - datetime.timedelta(hours=2))
    part["endtime"] = types.KerberosTime.to_asn1(now - datetime.timedelta(minutes=10))


def replaced_in_pac(old, new):
    """A change of the authorization data: a relative identifier for another one, once."""
    old, new = struct.pack("<I", old), struct.pack("<I", new)

    def change(part):
        data = part["authorization-data"][0]["ad-data"].asOctets()
        assert data.count(old) == 1, data.count(old)
        part["authorization-data"][0]["ad-data"] = data.replace(old, new)

    return change


def without_pac(part):
    part["authorization-data"].clear()
