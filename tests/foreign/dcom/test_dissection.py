"""What wcced sends over DCOM and over ICertPassage, as Wireshark's dissectors see it: recorded on
loopback, decrypted with the client's password, and free of marks for malformed packets and of
expert warnings."""

import os
import pathlib

import pytest

import csr
import enterprise_requests as requests
from certrequest import ICERTREQUESTD, ICERTREQUESTD2, CertRequest
from enterprise_lab import ON_BEHALF, WAYS, Identity, issued
from icpr import RpcFault
from scapy_object import ScapyObject, ntlm_ssp
from test_dcom import FULL_RESPONSE, RSA_KEY, USER
from wireshark import LONG_FRAME, OURS, by_password, marks, recording, sealed_and_shown, tshark


def use_every_method(ca, alice):
    """Every method that impacket has classes for, with good and bad arguments."""
    client = CertRequest(ca.host, alice, iid=ICERTREQUESTD)
    issued = client.request(ca.name, csr.csr(RSA_KEY), USER)
    client.get_ca_cert(int.from_bytes(b"info"), ca.name)
    client.ping(ca.name)
    client.query_interface(ICERTREQUESTD2)
    client.request2(ca.name, csr.csr(RSA_KEY), USER, flags=FULL_RESPONSE)
    client.request2(ca.name, csr.csr(RSA_KEY), "CertificateTemplate:Nope")
    client.request2(ca.name, request_id=issued.request_id)
    client.request2("Other", csr.csr(RSA_KEY), USER)
    for prop_id, kind in ((0x06, 4), (0x0D, 3), (0x0F, 3), (0x22, 1)):
        client.get_ca_property(ca.name, prop_id, 0, kind)
    client.get_ca_property_info(ca.name)
    client.ping(ca.name, 9)
    client.release()
    with pytest.raises(RpcFault):
        client.ping(ca.name)
    client.close()


def use_as_windows(ca, alice, spnego):
    windows = ScapyObject(ca.host, ntlm_ssp(alice, spnego))
    windows.request2(ca.name, csr.csr(RSA_KEY), USER, flags=FULL_RESPONSE)
    windows.close()


def test_wireshark_finds_nothing_wrong(ca, alice, tmp_path, tally):
    file = tmp_path / "ntlm.pcapng"
    with recording(file):
        use_every_method(ca, alice)
        use_as_windows(ca, alice, spnego=False)
    opened = by_password(alice.password)
    sent = tshark(file, OURS, "dcerpc.pkt_type", opened=opened)
    kinds = {kind for [kinds] in sent for kind in kinds.split(",")}
    assert kinds >= {"2", "3", "12", "15"}, "response, fault, bind_ack, alter_context_resp"
    # What is sealed has been opened: dissected by its interface, or shown in clear.
    sealed, shown = sealed_and_shown(file, opened)
    assert sealed == shown > 15
    assert len(tshark(file, f"{OURS} and dcom.oxid", "frame.number", opened=opened)) >= 2
    assert marks(file, opened) == []
    tally("dissected", "dcom with NTLM")

    # Within SPNEGO, tshark loses the RC4 key stream after the first sealed PDU, the client's too:
    # the stubs stay closed here.
    file = tmp_path / "spnego.pcapng"
    with recording(file):
        use_as_windows(ca, alice, spnego=True)
    assert len(tshark(file, OURS, "frame.number")) >= 8
    assert marks(file) == []
    tally("dissected", "dcom with SPNEGO")


@pytest.mark.parametrize("way", WAYS)
def test_on_behalf_and_renewal(
    enterprise, alice, agent, agent_identity, way, tmp_path, tally
):
    """Steps B and C of example 3.6, each with the password of the one who calls."""
    key, held = csr.rsa_key(), {}

    def on_behalf():
        request = requests.pkcs10(key, extensions=[requests.template_information(ON_BEHALF)])
        return requests.cmc_on_behalf(key, request, alice.account, agent_identity.signer())

    def renewal():
        old = Identity(key, held["certificate"])
        request = requests.pkcs10(csr.rsa_key(), renews=old.certificate)
        return requests.cms_renewal(request, old.signer())

    for who, make in ((agent, on_behalf), (alice, renewal)):
        file = tmp_path / f"{who.user}.pcapng"
        with recording(file):
            client = WAYS[way](enterprise, who)
            answer = client.submit(make())
            client.close()
        issued(enterprise, answer, alice)
        held["certificate"] = answer.certificate
        opened = by_password(who.password)
        sealed, shown = sealed_and_shown(file, opened)
        assert sealed == shown >= 1
        assert marks(file, opened) == []
    tally("dissected", f"on behalf and renewal over {way}")


def test_the_mark_that_is_allowed_is_on_windows_too(tally):
    if "WCCE_CAPTURES" not in os.environ:
        tally("not-run", "the dissection of ServerAlive2 of Windows")
        return
    captures = pathlib.Path(os.environ["WCCE_CAPTURES"])
    found = tshark(
        captures / "rpc" / "livediffad-add_adcs.pcapng",
        f"_ws.expert.message contains \"{LONG_FRAME}\"", "ip.src", "_ws.col.Info",
    )
    windows_2016 = "10.1.0.12"
    assert any(source == windows_2016 and "ServerAlive2 response" in info for source, info in found)
    tally("capture-dissected", "ServerAlive2 of Windows")
