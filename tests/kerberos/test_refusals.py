"""What must be refused, and named in the log: wrong tickets, wrong clocks, tampered PDUs."""

import calendar
import datetime
import socket
import time

import pytest
from impacket.krb5 import asn1, kerberosv5
from impacket.krb5.ccache import Credential
from pyasn1.codec.der import decoder

import keytabs
import lab
from clients import (
    ADDRESS, HOST, PORT, Impacket, Proxy, Samba, ScapyIcpr, elements, spnego_fields, tickets,
    token_of, wcce,
)
from icpr import CONNECT, INTEGRITY, PACKET, PRIVACY, Credentials
from icpr import Samba as SambaWithPassword

BIND, BIND_NAK, ALTER_CONTEXT, REQUEST, RESPONSE = 11, 13, 14, 0, 2
# The fault of a wrong signature, and as Samba shows it.
SECURITY_PACKAGE = {0x721, 0xC0020057}
BAD_SIGNATURE = "bad signature or sequence number"
NOT_OPENED = "Kerberos: Decrypt integrity check failed"
SKEW = 37


def test_a_ticket_for_another_host(ca, tmp_path, tally):
    cache = tickets(tmp_path, "bob", f"host/{lab.fqdn('dc')}")
    ca.refuses(lambda: ca.enrol(Impacket(cache, name=lab.fqdn("dc"))),
               f'the ticket is for another host, "host/{lab.fqdn("dc")}"')
    tally("foreign-kerberos-refused", "another host")


def test_a_ticket_for_another_service(ca, tmp_path, monkeypatch, tally):
    """The same key opens it. impacket is kept from writing another name onto it, which nobody
    could see: a ticket's name is not sealed."""
    cache, renaming = tickets(tmp_path, "bob", f"cifs/{HOST}"), Credential.toTGS
    monkeypatch.setattr(Credential, "toTGS", lambda one, name=None: renaming(one))
    ca.refuses(lambda: ca.enrol(Impacket(cache)), f'the ticket is for the service "cifs/{HOST}"')
    tally("foreign-kerberos-refused", "another service")


def forge(cache, tmp_path, change):
    folder = tmp_path / "forged"
    folder.mkdir()
    return keytabs.forge(cache, lab.KEYTAB, folder, change)


def test_a_ticket_that_is_opened_and_sealed_again_is_still_good(ca, alice, tmp_path, tally):
    """So that what the next tests see is not the forger's clumsiness."""
    ca.issues(Impacket(forge(alice, tmp_path, lambda part: None)), "alice")
    tally("foreign-kerberos", "a ticket sealed anew")


def test_an_expired_ticket(ca, alice, tmp_path, tally):
    forged = forge(alice, tmp_path, keytabs.expired)
    ca.refuses(lambda: ca.enrol(Impacket(forged)), "Kerberos: Ticket expired")
    tally("foreign-kerberos-refused", "expired")


@pytest.mark.parametrize("change", [keytabs.replaced_in_pac(1114, 1107), keytabs.without_pac])
def test_a_forged_pac(ca, cache_of, change, tmp_path, tally):
    """Who knows the service's key but not how to sign: bob makes himself a member of another
    group, or comes without a PAC."""
    forged = forge(cache_of("bob"), tmp_path, change)
    ca.refuses(lambda: ca.enrol(Impacket(forged), "ByGroup"),
               "a ticket without a PAC, or with one whose signature is not the KDC's")
    tally("foreign-kerberos-refused", "PAC")


def test_a_replayed_ap_req(ca, alice, tally):
    with Proxy() as proxy:
        ca.issues(Samba(alice, port=proxy.port), "alice")
    for when in ("at once", "after a restart"):
        begin = len(ca.log_text())
        with socket.create_connection((ADDRESS, PORT), timeout=10) as again:
            again.sendall(proxy.pdus[0])
            assert again.recv(4096)[2] == BIND_NAK
        ca.wait_for_log("Kerberos: Request is a replay", begin)
        tally("foreign-kerberos-refused", f"replay {when}")
        if when == "at once":
            ca.stop()
            ca.start()


def test_a_client_whose_clock_is_wrong_is_told_the_time(ca, alice, monkeypatch, tally):
    class Ahead(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return super().now(tz) + datetime.timedelta(hours=1)

    monkeypatch.setattr(kerberosv5.datetime, "datetime", Ahead)
    begin = len(ca.log_text())
    with Proxy() as proxy, pytest.raises(Exception):
        ca.enrol(Impacket(alice, port=proxy.port))
    ca.wait_for_log("the client's clock is more than 5 minutes off; it is told the time", begin)
    [ack] = proxy.answers[:1]
    [(_, token)] = elements(spnego_fields(token_of(ack))[2])
    error = decoder.decode(token, asn1Spec=asn1.KRB_ERROR())[0]
    assert int(error["error-code"]) == SKEW
    told = calendar.timegm(time.strptime(str(error["stime"]), "%Y%m%d%H%M%SZ"))
    assert abs(told - time.time()) < 10
    tally("foreign-kerberos-refused", "clock skew")


def flipped(at):
    """A change of one bit, counted from the end where negative."""
    return lambda pdu: pdu[:at % len(pdu)] + bytes([pdu[at] ^ 1]) + pdu[at % len(pdu) + 1:]


def of_type(kind, change):
    return lambda pdu: change(pdu) if pdu[2] == kind else pdu


# Where a request of Samba's and scapy's is changed: allocation hint, stub, trailer (its reserved
# byte), token.
PLACES = {
    "header": flipped(16),
    "body": flipped(30),
    "trailer": lambda pdu: flipped(len(pdu) - len(token_of(pdu)) - 5)(pdu),
    "token": flipped(-1),
}


# scapy sends bare requests at level packet.
SIGNED = [(Samba, PRIVACY), (Samba, INTEGRITY), (Samba, PACKET), (ScapyIcpr, PRIVACY),
          (ScapyIcpr, INTEGRITY)]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("stack, level", SIGNED)
def test_a_tampered_request(ca, alice, stack, level, place, tally):
    """Whatever is changed: the signature is found wrong, before anything else is looked at."""
    def enrol():
        with Proxy(of_type(REQUEST, PLACES[place])) as proxy:
            ca.enrol(stack(alice, level, port=proxy.port))

    assert ca.refuses(enrol, BAD_SIGNATURE).status in SECURITY_PACKAGE
    tally("foreign-kerberos-tampered", f"{stack.__name__} {level} {place}")


@pytest.mark.parametrize("place", ["body", "token"])
@pytest.mark.parametrize("level", [PRIVACY, INTEGRITY])
def test_a_tampered_request_without_header_signing(ca, alice, level, place, tally):
    def enrol():
        with Proxy(of_type(REQUEST, PLACES[place])) as proxy:
            ca.enrol(Impacket(alice, level, port=proxy.port))

    assert ca.refuses(enrol, BAD_SIGNATURE).status in SECURITY_PACKAGE
    tally("foreign-kerberos-tampered", f"impacket {level} {place}")


# What is left to tamper with at level connect, where no PDU is protected: the exchange itself.
LEGS = {
    "authenticator": (BIND, flipped(-1), NOT_OPENED),
    "third leg": (ALTER_CONTEXT, lambda pdu: flipped(in_last_leg(pdu))(pdu), NOT_OPENED),
    "mechListMIC": (ALTER_CONTEXT, flipped(-1), BAD_SIGNATURE),
}


def in_last_leg(pdu):
    """A place in what is sealed of the client's AP-REP."""
    reply = spnego_fields(token_of(pdu))[2]
    return pdu.index(reply) + len(reply) - 20


@pytest.mark.parametrize("level, leg", [
    (level, leg) for level in (CONNECT, PACKET, INTEGRITY, PRIVACY) for leg in LEGS
    # Without signed PDUs Samba does not sign the list of mechanisms either.
    if (level, leg) != (CONNECT, "mechListMIC")
])
def test_a_tampered_exchange(ca, alice, level, leg, tally):
    kind, change, line = LEGS[leg]

    def enrol():
        with Proxy(of_type(kind, change)) as proxy:
            ca.enrol(Samba(alice, level, port=proxy.port))

    ca.refuses(enrol, line)
    tally("foreign-kerberos-tampered", f"{level} {leg}")


def test_a_list_of_mechanisms_that_was_altered_on_the_way(ca, alice, tally):
    """Microsoft's name for Kerberos stays the first choice; the standard's name behind it becomes
    another one. The signatures over the list show it."""
    second = bytes.fromhex("06092a864886f712010202")

    def alter(pdu):
        return pdu.replace(second, second[:-1] + b"\x03", 1)

    def enrol():
        with Proxy(of_type(BIND, alter)) as proxy:
            ca.enrol(Samba(alice, port=proxy.port))
        assert second in proxy.pdus[0]

    ca.refuses(enrol, BAD_SIGNATURE)
    tally("foreign-kerberos-tampered", "mechanism list")


@pytest.mark.parametrize("kind, place", [(RESPONSE, "body"), (RESPONSE, "token"), (12, "token")])
def test_our_client_refuses_what_was_tampered_with(ca, alice, kind, place, tmp_path, tally):
    with Proxy(tamper_answer=of_type(kind, PLACES[place])) as proxy:
        done = wcce("enroll", "--server", HOST, "--port", proxy.port, "--rpc", "icpr", "--ca",
                    ca.name, "--template", "User", "--out", tmp_path / "x", cache=alice)
    assert done.returncode == 1, done.stdout
    assert not (tmp_path / "x.crt").exists()
    tally("kerberos-own-client", f"tampered {kind} {place}")


def test_ntlm_can_be_refused(ca, tally):
    who = Credentials(lab.DOMAIN, "alice", "Passw0rd-Alice")
    ca.refuses(lambda: ca.enrol(SambaWithPassword(ADDRESS, PORT, who)),
               "no SPNEGO mechanism of the client's is offered")
    tally("foreign-kerberos-refused", "ntlm")
