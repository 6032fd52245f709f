"""Records clients that nobody here wrote against wcced: a capture and a manifest for each.

record.py ntlm      in a network namespace (tests/netns.sh), on the embedded directory
record.py kerberos  on the CA's host of the lab (tests/lab/lab.py run)

What a manifest says of a capture is Wireshark's word, not ours: the tests compare.
"""

import contextlib
import importlib.metadata
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
TESTS = HERE.parent / "tests"
KERBEROS = sys.argv[1:] == ["kerberos"]
sys.path[:0] = [str(TESTS / part) for part in ("foreign", "foreign/dcom")]
if KERBEROS:
    sys.path[:0] = [str(TESTS / "kerberos"), str(TESTS / "lab")]

from scapy.utils import RawPcapNgReader  # noqa: E402

import csr  # noqa: E402
import icpr  # noqa: E402
from certrequest import CertRequest  # noqa: E402
from icpr import INTEGRITY, Credentials, Refused, RpcFault  # noqa: E402
from running import OBJECTS, PORT, Ca, certipy_of  # noqa: E402
from scapy_object import ScapyObject, ntlm_ssp  # noqa: E402
from wireshark import MAPPER, by_keytab, by_password, recording, tshark  # noqa: E402

USER = "CertificateTemplate:User"
NOPE = "CertificateTemplate:Nope"
KEY = csr.rsa_key()
ALICE = Credentials("LAB", "alice", "Passw0rd-Alice")
SYNTAXES = {"8a885d04-1ceb-11c9-9fe8-08002b104860": "NDR 2.0",
            "71710533-beba-4937-8319-b5dbef9ccc36": "NDR64"}


def version(client):
    if client == "samba":
        command = ["/usr/bin/python3", "-c", "import samba; print(samba.version)"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    return importlib.metadata.version({"certipy": "certipy-ad"}.get(client, client))


def enrol(client, ca, attributes=USER):
    """A new request, and the result of it once more where there is one; the dispositions."""
    try:
        answer = client.request(ca.name, csr.csr(KEY), [attributes])
        found = [answer.disposition]
        if answer.disposition == 3 and isinstance(client, (icpr.Impacket, icpr.Scapy)):
            found.append(client.request(ca.name, request_id=answer.request_id).disposition)
        return found
    finally:
        client.close()


def objects(client, ca):
    """Request2 of an object."""
    try:
        if isinstance(client, ScapyObject):
            return [client.request2(ca.name, csr.csr(KEY), USER, flags=0x40000).pdwDisposition]
        return [client.request2(ca.name, csr.csr(KEY), USER).disposition]
    finally:
        client.close()


def refused(action):
    """What must be refused: a fault's status, or that the bind failed."""
    try:
        action()
    except RpcFault as fault:
        return f"fault {fault.status:#x}"
    except Refused:
        return "refused at bind"
    raise AssertionError("not refused")


def certipy(ca, who, *way):
    """Certipy as its users run it."""
    with tempfile.TemporaryDirectory() as folder:
        run = certipy_of(ca, who, pathlib.Path(folder))
        output = run("req", "-ca", ca.name, "-template", "User", *way)
    assert "Successfully requested certificate" in output, output
    return [3]


class SambaNtlm(icpr.Samba):
    """Samba's client with NTLM outside of SPNEGO. Its Python sends the AUTHENTICATE of the
    management interface's bind once more with the alter_context that follows, which is refused."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.binding = self.binding.replace(",spnego]", ",ntlm]")


def wrong(who):
    return Credentials(who.domain, who.user, "not " + who.password)


# Name, client, interface, authentication, and what it does.
NTLM = [
    ("certipy-icpr-ntlm", "certipy", "ICertPassage", "NTLM",
     lambda ca: certipy(ca, ALICE, "-dynamic-endpoint")),
    ("certipy-dcom-ntlm", "certipy", "ICertRequestD", "NTLM",
     lambda ca: certipy(ca, ALICE, "-dcom")),
    ("impacket-icpr-ntlm", "impacket", "ICertPassage", "NTLM",
     lambda ca: enrol(icpr.Impacket(ca.host, ca.port, ALICE), ca)),
    ("impacket-icpr-ntlm-fragments", "impacket", "ICertPassage", "NTLM",
     lambda ca: enrol(icpr.Impacket(ca.host, ca.port, ALICE, max_fragment=512), ca)),
    ("impacket-icpr-ntlm-unknown-template", "impacket", "ICertPassage", "NTLM",
     lambda ca: enrol(icpr.Impacket(ca.host, ca.port, ALICE), ca, NOPE)),
    ("impacket-icpr-ntlm-wrong-password", "impacket", "ICertPassage", "NTLM",
     lambda ca: refused(lambda: enrol(icpr.Impacket(ca.host, ca.port, wrong(ALICE)), ca))),
    ("impacket-icpr-ntlm-integrity", "impacket", "ICertPassage", "NTLM",
     lambda ca: refused(lambda: enrol(icpr.Impacket(ca.host, ca.port, ALICE, INTEGRITY), ca))),
    ("impacket-icpr-anonymous", "impacket", "ICertPassage", "none",
     lambda ca: refused(lambda: enrol(icpr.Impacket(ca.host, ca.port, None), ca))),
    ("impacket-dcom-ntlm", "impacket", "ICertRequestD2", "NTLM",
     lambda ca: objects(CertRequest(ca.host, ALICE), ca)),
    ("scapy-icpr-ntlm", "scapy", "ICertPassage", "NTLM",
     lambda ca: enrol(icpr.Scapy(ca.host, None, ALICE), ca)),
    ("scapy-icpr-ntlm-big-endian", "scapy", "ICertPassage", "NTLM",
     lambda ca: enrol(icpr.Scapy(ca.host, ca.port, ALICE, ndr64=False, endian="big"), ca)),
    ("scapy-icpr-spnego", "scapy", "ICertPassage", "SPNEGO with NTLM",
     lambda ca: enrol(icpr.Scapy(ca.host, ca.port, ALICE, spnego=True), ca)),
    ("scapy-dcom-ntlm", "scapy", "ICertRequestD2", "NTLM",
     lambda ca: objects(ScapyObject(ca.host, ntlm_ssp(ALICE, False)), ca)),
    ("scapy-dcom-spnego", "scapy", "ICertRequestD2", "SPNEGO with NTLM",
     lambda ca: objects(ScapyObject(ca.host, ntlm_ssp(ALICE, True)), ca)),
    ("samba-icpr-ntlm", "samba", "ICertPassage", "NTLM",
     lambda ca: refused(lambda: enrol(SambaNtlm(ca.host, ca.port, ALICE), ca))),
    ("samba-icpr-spnego", "samba", "ICertPassage", "SPNEGO with NTLM",
     lambda ca: enrol(icpr.Samba(ca.host, ca.port, ALICE), ca)),
]


@contextlib.contextmanager
def running(ca):
    """The CA ends, whatever becomes of the recordings."""
    try:
        yield
    finally:
        code = ca.stop()
    assert not code, f"wcced ended with {code}"


def record_ntlm(folder):
    ca = Ca(folder, [ALICE])
    secrets = {"user": ALICE.user, "password": ALICE.password}
    with running(ca):
        for name, client, interface, authentication, act in NTLM:
            opened = by_password(ALICE.password)
            take(ca, name, client, interface, authentication, act, secrets, opened)


def record_kerberos(folder):
    import clients
    import conftest
    import lab

    ca = conftest.Ca(folder, 'ntlm = "refuse"\n')
    cache = clients.tickets(folder, "alice")
    keytab = HERE / "ca1.keytab"
    shutil.copy(lab.KEYTAB, keytab)
    keytab.chmod(0o644)

    def by_certipy(*way):
        def run(ca):
            with tempfile.TemporaryDirectory() as where:
                output = clients.certipy(where, ca, cache, *way)
            assert "Successfully requested certificate" in output, output
            return [3]
        return run

    def by(stack):
        return lambda ca: enrol(stack(cache), ca)

    recordings = [
        ("certipy-icpr-kerberos", "certipy", "ICertPassage", by_certipy("-dynamic-endpoint")),
        ("certipy-dcom-kerberos", "certipy", "ICertRequestD", by_certipy("-dcom")),
        ("impacket-icpr-kerberos", "impacket", "ICertPassage", by(clients.Impacket)),
        ("impacket-dcom-kerberos", "impacket", "ICertRequestD2", by(clients.ImpacketDcom)),
        ("samba-icpr-kerberos", "samba", "ICertPassage", by(clients.Samba)),
        ("scapy-icpr-kerberos", "scapy", "ICertPassage", by(clients.ScapyIcpr)),
        ("scapy-dcom-kerberos", "scapy", "ICertRequestD2", by(clients.ScapyDcom)),
    ]
    with running(ca):
        for name, client, interface, act in recordings:
            take(ca, name, client, interface, "SPNEGO with Kerberos", act,
                 {"keytab": keytab.name}, by_keytab(keytab))


def take(ca, name, client, interface, authentication, act, secrets, opened):
    """One recording, and its manifest."""
    with tempfile.TemporaryDirectory() as folder:
        raw = pathlib.Path(folder) / "raw.pcapng"
        began = time.time()
        with recording(raw):
            outcome = act(ca)
        file = HERE / f"{name}.pcapng"
        strip(raw, file)
    manifest = {
        "client": f"{client} {version(client)}", "interface": interface,
        "authentication": authentication,
        "expected": outcome if isinstance(outcome, str) else "answers with these dispositions",
        "dispositions": [] if isinstance(outcome, str) else outcome,
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(began)),
        "ports": [MAPPER, PORT, OBJECTS],
    }
    write(HERE / f"{name}.toml", manifest, secrets, seen(file, opened))
    print(name, outcome, file.stat().st_size, "bytes")


def strip(raw, file):
    """The packets alone: nothing about the machine that recorded them."""
    blocks = [block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)),
              # Ethernet; time stamps in units of 10^-9 s.
              block(1, struct.pack("<HHI", 1, 0, 0) + struct.pack("<HHB3xHH", 9, 1, 9, 0, 0))]
    for data, about in RawPcapNgReader(str(raw)):
        stamp = (about.tshigh << 32 | about.tslow) * (10**9 // about.tsresol)
        head = struct.pack("<IIIII", 0, stamp >> 32, stamp & 0xFFFFFFFF, len(data), len(data))
        blocks.append(block(6, head + data + bytes(-len(data) % 4)))
    file.write_bytes(b"".join(blocks))


def block(kind, body):
    length = len(body) + 12
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)


def seen(file, opened):
    """What Wireshark sees: counts, and the randomness and times that a replay needs again."""
    def values(field, condition="dcerpc"):
        rows = tshark(file, condition, field, opened=opened)
        return [value for [row] in rows for value in row.split(",") if value]

    def once(found):
        return list(dict.fromkeys(found))

    types = values("dcerpc.pkt_type")
    accepted = values("dcerpc.cn_ack_trans_id", "dcerpc.cn_ack_result == 0")
    return {
        "connections": len(once(values("tcp.stream"))), "pdus": len(types),
        "requests": types.count("0"), "responses": types.count("2"), "faults": types.count("3"),
        "opnums": [int(one) for one in values("dcerpc.opnum", "dcerpc.pkt_type == 0")],
        "auth_types": sorted(set(map(int, values("dcerpc.auth_type")))),
        "auth_levels": sorted(set(map(int, values("dcerpc.auth_level")))),
        "transfer_syntaxes": sorted({SYNTAXES[one] for one in accepted if one in SYNTAXES}),
        "server_challenges": once(values("ntlmssp.ntlmserverchallenge")),
        "challenge_times": once(values("ntlmssp.challenge.target_info.timestamp")),
        "association_groups": once(values(
            "dcerpc.cn_assoc_group", "dcerpc.pkt_type == 12 or dcerpc.pkt_type == 15")),
        "oxids": once(values("dcom.oxid", "dcom")), "ipids": once(values("dcom.ipid", "dcom")),
    }


def write(file, manifest, secrets, found):
    sections = [manifest, ("secrets", secrets), ("wireshark", found)]
    lines = ["# Written by pcaps/record.sh. The secrets are those of throw-away accounts."]
    for section in sections:
        title, fields = section if isinstance(section, tuple) else (None, section)
        lines += ["", f"[{title}]"] if title else []
        lines += [f"{key} = {json.dumps(value)}" for key, value in fields.items()]
    file.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as where:
        (record_kerberos if KERBEROS else record_ntlm)(pathlib.Path(where))
