"""What wcced sends under Kerberos, as Wireshark sees it with the machine's keytab: all of it
opened, nothing malformed."""

import pytest

import lab
from clients import Impacket, ImpacketDcom, Samba, ScapyDcom, ScapyIcpr
from icpr import INTEGRITY
from wireshark import OURS, by_keytab, marks, recording, sealed_and_shown, tshark

STACKS = {
    "impacket": (Impacket, 1), "samba": (Samba, 1), "scapy": (ScapyIcpr, 1),
    "impacket dcom": (ImpacketDcom, 2), "scapy dcom": (ScapyDcom, 3),
}


@pytest.mark.parametrize("way", STACKS)
def test_wireshark_opens_all_and_finds_nothing_wrong(ca, alice, way, tmp_path, tally):
    stack, least = STACKS[way]
    file, opened = tmp_path / "kerberos.pcapng", by_keytab(lab.KEYTAB)
    with recording(file):
        ca.enrol(stack(alice))
    sealed, shown = sealed_and_shown(file, opened)
    assert sealed == shown >= least
    # Without the keytab nothing is: it is the keytab that opened them.
    assert sealed_and_shown(file, by_keytab(tmp_path / "none")) == (sealed, 0)
    # The AP-REP, its key, and the server's signature over the list of mechanisms.
    assert tshark(file, f"{OURS} and kerberos.encAPRepPart_element", "frame.number", opened=opened)
    assert marks(file, opened) == []
    tally("dissected", f"kerberos {way}")


def test_signed_pdus(ca, alice, tmp_path, tally):
    file, opened = tmp_path / "signed.pcapng", by_keytab(lab.KEYTAB)
    with recording(file):
        ca.enrol(ImpacketDcom(alice, INTEGRITY))
    signed = tshark(file, f"{OURS} and dcerpc.pkt_type == 2 and spnego.krb5.tok_id == 0x0404",
                    "frame.number", opened=opened)
    assert len(signed) >= 1
    assert marks(file, opened) == []
    tally("dissected", "kerberos signed")
