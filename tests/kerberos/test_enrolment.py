"""Enrolment with Kerberos by clients that are not ours, and by ours."""

import concurrent.futures
import json
import os
import socket

import pytest
from impacket.krb5.ccache import Credential

import csr
import lab
from clients import (
    ADDRESS, FOREIGN, HOST, PORT, Impacket, ImpacketDcom, Proxy, Samba, ScapyDcom,
    ScapyIcpr, certipy, run, spnego_fields, tickets, token_of,
    wcce,
)
from conftest import ISSUED, KEY
from icpr import CONNECT, INTEGRITY, PACKET

TEMPLATE_DENIED = 0x80094012
ACCESS_DENIED = 5
# As Samba maps a fault of access denied.
SAMBA_DENIED = 0xC0000022
FULL_RESPONSE = 0x40000
TOO_LOW = r'call refused: its authentication level is too low account="WCCE\\alice"'


@pytest.mark.parametrize("stack", [Impacket, Samba, ScapyIcpr, ImpacketDcom])
def test_enrolment_at_privacy(ca, alice, stack, tally):
    ca.issues(stack(alice), "alice")
    tally("foreign-kerberos", f"{stack.__name__} privacy")


@pytest.mark.parametrize("stack, level", [
    (Impacket, INTEGRITY), (Samba, INTEGRITY), (Samba, PACKET), (Samba, CONNECT),
    (ScapyIcpr, INTEGRITY), (ScapyIcpr, CONNECT),
])
def test_lower_levels_are_understood_and_refused_as_too_low(ca, alice, stack, level, tally):
    """ICertPassage demands privacy: the exchange and the signature hold (else the fault would be
    another one), and the answer is access denied."""
    fault = ca.refuses(lambda: ca.enrol(stack(alice, level)), TOO_LOW)
    assert fault.status in (ACCESS_DENIED, SAMBA_DENIED)
    tally("foreign-kerberos", f"{stack.__name__} level {level}")


@pytest.mark.parametrize("stack", [ImpacketDcom, ScapyDcom])
def test_integrity_over_dcom(ca, alice, stack, tally):
    """Activation takes signed calls, is answered with signed ones, and tells the client to seal
    those of the object; both clients do."""
    ca.issues(stack(alice, INTEGRITY), "alice")
    tally("foreign-kerberos", f"{stack.__name__} activation at integrity")


def test_request2_over_ndr64_with_header_signing(ca, alice, tally):
    """What Windows does: SPNEGO with Kerberos, header signing, NDR64."""
    client = ScapyDcom(alice)
    answer = client.request2(ca.name, csr.csr(KEY), "CertificateTemplate:User", flags=FULL_RESPONSE)
    assert client.session.ndr64, "NDR 2.0 was negotiated"
    assert client.session.session.header_sign
    assert (answer.status, answer.pdwDisposition) == (0, ISSUED)
    certificate = bytes(answer.pctbEncodedCert.valueof("pb"))
    assert b"alice@wcce.test" in certificate
    client.close()
    client = ScapyIcpr(alice)
    assert client.ndr64, "NDR 2.0 was negotiated"
    ca.issues(client, "alice")
    tally("foreign-kerberos", "scapy Request2 over NDR64")


@pytest.mark.parametrize("way", [[], ["-dynamic-endpoint"], ["-dcom"]])
def test_certipy(ca, alice, way, tmp_path, tally):
    text = certipy(tmp_path, ca, alice, *way)
    assert "Successfully requested certificate" in text, text
    assert "UPN 'alice@wcce.test'" in text, text
    tally("foreign-kerberos", f"certipy {way}")


@pytest.mark.parametrize("around", ["spnego", "krb5"])
@pytest.mark.parametrize("protection", ["seal", "sign", "packet", "connect"])
def test_samba_asks_the_endpoint_mapper_and_the_ca(ca, alice, protection, around, tally):
    """Samba's RPC client: with Kerberos, in SPNEGO or bare (authentication type 16), it asks where
    ICertPassage is; then it enrols there."""
    script = FOREIGN.parent / "kerberos" / "samba_mapper.py"
    out = run("/usr/bin/python3", script, f"ncacn_ip_tcp:{HOST}[135,{protection},{around}]", alice,
              env=os.environ | {"KRB5CCNAME": f"FILE:{alice}"})
    looked_up, mapped = json.loads(out)
    assert looked_up == mapped == [ADDRESS, PORT]
    ca.issues(Samba(alice, port=mapped[1]), "alice")
    tally("foreign-kerberos", f"samba mapper {protection} {around}")


def test_spnego_in_three_legs_with_signatures_of_the_mechanisms(ca, alice, tally):
    """Both sides sign the list of mechanisms: the client in its last leg, the server after it.
    Of the clients here, Samba does."""
    with Proxy() as proxy:
        ca.issues(Samba(alice, port=proxy.port), "alice")
    bind, alter = proxy.pdus[:2]
    assert (bind[2], alter[2]) == (11, 14), "bind, alter_context"
    ack, response = proxy.answers[:2]
    assert (ack[2], response[2]) == (12, 15), "bind_ack, alter_context_resp"
    init, reply, last, done = (spnego_fields(token_of(one)) for one in (bind, ack, alter, response))
    assert init.keys() >= {0, 2} and reply.keys() == {0, 1, 2}
    mic = b"\x04\x1c\x04\x04"  # OCTET STRING of 28 bytes, a MIC token of RFC 4121
    assert last[3].startswith(mic) and done[3].startswith(mic)
    assert done[0] == b"\x0a\x01\x00", "accept-completed"
    tally("foreign-kerberos", "samba mechListMIC")


@pytest.mark.parametrize("stack", [Impacket, ScapyIcpr])
def test_clients_that_do_not_sign_the_list_of_mechanisms(ca, alice, stack, tally):
    """Kerberos is their first choice: nothing can have been taken out in front of it."""
    with Proxy() as proxy:
        ca.issues(stack(alice, port=proxy.port), "alice")
    assert 3 not in spnego_fields(token_of(proxy.pdus[1]))
    tally("foreign-kerberos", f"{stack.__name__} without mechListMIC")


@pytest.mark.parametrize("service, name", [("rpcss", HOST), ("host", "ca1"), ("rpcss", "ca1")])
def test_names_of_services_that_are_ours(ca, service, name, tmp_path, monkeypatch, tally):
    """impacket is kept from writing host/… onto every ticket."""
    cache, renaming = tickets(tmp_path, "bob", f"{service}/{name}"), Credential.toTGS
    monkeypatch.setattr(Credential, "toTGS", lambda one, name=None: renaming(one))
    ca.issues(Impacket(cache, name=name), "bob")
    tally("foreign-kerberos", f"{service}/{name}")


def test_groups_come_from_the_pac(ca, cache_of, tally):
    """alice is a member in the domain; the directory file says so of nobody."""
    ca.issues(Samba(cache_of("alice")), "alice", "ByGroup")
    assert ca.enrol(Samba(cache_of("bob")), "ByGroup").disposition == TEMPLATE_DENIED
    tally("foreign-kerberos", "groups")


@pytest.mark.parametrize("stack", [Impacket, Samba, ScapyIcpr])
def test_a_user_in_400_groups(ca, cache_of, stack, tally):
    """The last of 400 groups counts; the bind that carries them is larger than a fragment."""
    frank = cache_of("frank")
    with Proxy() as proxy:
        ca.issues(stack(frank, port=proxy.port), "frank", "ByLastGroup")
    size = len(proxy.pdus[0])
    print(stack.__name__, "bind of", size, "bytes")
    assert size > 4280 and size > 400 * 8
    tally("foreign-kerberos", f"{stack.__name__} 400 groups")


def test_a_user_in_400_groups_over_dcom(ca, cache_of, tally):
    ca.issues(ImpacketDcom(cache_of("frank")), "frank", "ByLastGroup")
    tally("foreign-kerberos", "impacket dcom 400 groups")


@pytest.mark.parametrize("way", [["--rpc", "icpr", "--ca", "Lab Kerberos CA"], ["--rpc", "dcom"]])
def test_wcce_takes_kerberos_by_default(ca, cache_of, way, tmp_path, tally):
    """Nothing but tickets in the environment's cache: the user's own, and those of 400 groups."""
    for user, template in (("alice", "User"), ("frank", "ByLastGroup")):
        done = wcce("enroll", "--server", HOST, "--template", template, *way, "--out",
                    tmp_path / user, cache=cache_of(user))
        assert done.returncode == 0, done.stderr
        der = run("openssl", "x509", "-in", tmp_path / f"{user}.crt", "-noout", "-text")
        assert f"{user}@wcce.test" in der
    tally("kerberos-own-client", f"{way[1]} by default")


@pytest.mark.parametrize("way", [["--rpc", "icpr", "--ca", "Lab Kerberos CA"], ["--rpc", "dcom"]])
def test_wcce_with_a_cache_and_with_a_keytab(ca, alice, way, tmp_path, tally):
    for template, who in (
        ("User", ["--ccache", f"FILE:{alice}"]),
        ("Machine", ["--keytab", lab.KEYTAB, "--user", f"CA1$@{lab.REALM}"]),
    ):
        done = wcce("enroll", "--server", HOST, "--template", template, *who, *way, "--out",
                    tmp_path / template)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / f"{template}.crt").exists()
    tally("kerberos-own-client", f"{way[1]} cache and keytab")


@pytest.mark.parametrize("rpc", ["icpr", "dcom"])
def test_wcce_bench_with_tickets(ca, alice, rpc, tally):
    for connections in ([], ["--reconnect"]):
        done = wcce("bench", "--server", HOST, "--ca", "Lab Kerberos CA", "--template", "User",
                    "--ccache", f"FILE:{alice}", "--rpc", rpc, "--connections", "2",
                    "--requests", "6", "--json", *connections)
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert (report["requests"], report["failures"]) == (6, 0)
    tally("kerberos-own-client", f"bench {rpc}")


def test_many_at_once(ca, cache_of, tally):
    """Twelve clients, each a process of its own."""
    clients = [Samba(cache_of(user)) for user in ("alice", "bob", "frank")] * 4
    with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(lambda client: ca.issues(client, client.cache.stem), clients))
    tally("foreign-kerberos", "many at once")


def test_no_kdc_is_needed_but_for_tickets(ca, alice, tmp_path, tally):
    """Who has tickets enrols while the domain controller is away."""
    lab.cable(False)
    try:
        with pytest.raises(OSError):
            socket.create_connection((lab.ADDRESS["dc"], 88), timeout=1)
        ca.issues(Impacket(alice), "alice")
        done = wcce("enroll", "--server", HOST, "--template", "User", "--out", tmp_path / "alice",
                    cache=alice)
        assert done.returncode == 0, done.stderr
    finally:
        lab.cable(True)
    tally("foreign-kerberos", "without a domain controller")
