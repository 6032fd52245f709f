"""Kerberos that somebody takes out of what a client offers, where NTLM is taken too."""

import pytest

from clients import Proxy, SambaEither, der, spnego_fields, token_of, with_token

BIND = 11
SPNEGO = bytes.fromhex("06062b0601050502")
NTLM = bytes.fromhex("060a2b06010401823702020a")


@pytest.fixture
def both(ca_with):
    return ca_with('ntlm = "local"\n')


def test_kerberos_comes_before_ntlm(both, alice, tally):
    with Proxy() as proxy:
        both.issues(SambaEither(alice, port=proxy.port), "alice")
    offered = spnego_fields(token_of(proxy.pdus[0]))
    assert NTLM in offered[0], "the client knows NTLM too"
    assert b"\x6e\x82" in offered[2][:8], "an AP-REQ"
    tally("foreign-kerberos", "before ntlm")


def test_kerberos_that_is_taken_out_is_missed(both, alice, tally):
    """NTLM alone is left of the list. The client goes on with it, and so does the server; the
    client's signature over what it had offered tells in the end."""
    without = der(0x60, SPNEGO, der(0xA0, der(0x30, der(0xA0, der(0x30, NTLM)))))

    def enrol():
        with Proxy(lambda pdu: with_token(pdu, without) if pdu[2] == BIND else pdu) as proxy:
            both.enrol(SambaEither(alice, port=proxy.port))
        assert any(b"NTLMSSP" in pdu for pdu in proxy.pdus), "the client did not go on with NTLM"

    both.refuses(enrol, "bad signature or sequence number")
    tally("foreign-kerberos-tampered", "Kerberos taken out")
