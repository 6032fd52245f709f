"""What wcced sends over DCOM and over ICertPassage, as Wireshark's dissectors see it: recorded on
loopback, decrypted with the client's password, and free of marks for malformed packets and of
expert warnings."""

import contextlib
import os
import pathlib
import signal
import subprocess
import time

import pytest

import csr
import enterprise_requests as requests
from certrequest import ICERTREQUESTD, ICERTREQUESTD2, CertRequest
from enterprise_lab import ON_BEHALF, WAYS, Identity, issued
from running import OBJECTS, PORT
from icpr import RpcFault
from scapy.layers.msrpce import msdcom
from test_dcom import FULL_RESPONSE, RSA_KEY, USER, ExporterClient, ScapyObject

MAPPER = 135


@contextlib.contextmanager
def recording(file):
    """Records loopback into the file."""
    ports = " or ".join(f"tcp port {port}" for port in (MAPPER, OBJECTS, PORT))
    dumpcap = subprocess.Popen(
        ["dumpcap", "-q", "-i", "lo", "-f", ports, "-w", file], stderr=subprocess.PIPE, text=True
    )
    try:
        for line in dumpcap.stderr:
            if line.startswith("File:"):
                break
        else:
            raise AssertionError("dumpcap does not record")
        yield
        time.sleep(0.5)  # the last packets reach the file
        dumpcap.send_signal(signal.SIGINT)
        dumpcap.wait(timeout=10)
    finally:
        dumpcap.kill()
        dumpcap.wait()


def tshark(file, condition, *fields, password=None):
    """The fields of each frame that fulfils the condition."""
    columns = [part for field in fields for part in ("-e", field)]
    opened = ["-o", f"ntlmssp.nt_password:{password}"] if password else []
    command = ["tshark", "-n", "-r", file, "-d", f"tcp.port=={OBJECTS},dcerpc",
               "-d", f"tcp.port=={PORT},dcerpc", *opened,
               "-Y", condition, "-T", "fields", *columns]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    return [line.split("\t") for line in run.stdout.splitlines()]


OURS = "dcerpc and (" + " or ".join(
    f"tcp.srcport == {port}" for port in (MAPPER, OBJECTS, PORT)
) + ")"
MARKS = "(_ws.malformed or _ws.expert.severity >= warning)"
# The dissector of ServerAlive2 does not read the answer's last bytes and says so; it says the same
# of Windows (below).
LONG_FRAME = "Long frame"


def marks(file, password=None):
    found = tshark(
        file, f"{OURS} and {MARKS}", "frame.number", "_ws.col.Info", "_ws.expert.message",
        password=password,
    )
    return [mark for mark in found if not ("ServerAlive2" in mark[1] and mark[2] == LONG_FRAME)]


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
    windows = ScapyObject(ca.host, alice, spnego)
    windows.request2(ca.name, csr.csr(RSA_KEY), USER, flags=FULL_RESPONSE)
    windows.close()


def test_wireshark_finds_nothing_wrong(ca, alice, tmp_path, monkeypatch, tally):
    monkeypatch.setattr(msdcom, "DCERPC_Client", ExporterClient)
    file = tmp_path / "ntlm.pcapng"
    with recording(file):
        use_every_method(ca, alice)
        use_as_windows(ca, alice, spnego=False)
    opened = {"password": alice.password}
    sent = tshark(file, OURS, "dcerpc.pkt_type", **opened)
    kinds = {kind for [kinds] in sent for kind in kinds.split(",")}
    assert kinds >= {"2", "3", "12", "15"}, "response, fault, bind_ack, alter_context_resp"
    # What is sealed has been opened: dissected by its interface, or shown in clear.
    sealed = tshark(file, f"{OURS} and dcerpc.encrypted_stub_data", "frame.number", **opened)
    clear = "(dcom or dcerpc.decrypted_stub_data)"
    shown = tshark(file, f"{OURS} and dcerpc.encrypted_stub_data and {clear}", "frame.number",
                   **opened)
    assert len(sealed) == len(shown) > 15
    assert len(tshark(file, f"{OURS} and dcom.oxid", "frame.number", **opened)) >= 2
    assert marks(file, **opened) == []
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
        opened = {"password": who.password}
        sealed = tshark(file, f"{OURS} and dcerpc.encrypted_stub_data", "frame.number", **opened)
        clear = "(dcom or dcerpc.decrypted_stub_data)"
        shown = tshark(file, f"{OURS} and dcerpc.encrypted_stub_data and {clear}", "frame.number",
                       **opened)
        assert len(sealed) == len(shown) >= 1
        assert marks(file, **opened) == []
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
