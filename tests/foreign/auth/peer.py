"""What the scripts here share: arguments, the pipe to the server under test, the course of a run.

The server (`tests/auth_foreign.rs`) holds the other end of stdin and stdout. One line each way:

    token HEX                        a token of the mechanism; the answer is `token HEX`,
                                     `done HEX` (the context stands; HEX may be empty) or `refused`
    pdu HEADER BODY TRAILER TOKEN    a protected message; the answer is one with the body reversed
"""

import argparse
import sys

REFUSED = 3  # exit status of a logon that the server refused

HEADER, TRAILER = b"a header of 24 bytes....", b"trailer8"
BODIES = (b"", b"x", b"stub data", bytes(range(256)) * 20)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--spnego", action="store_true", help="SPNEGO around NTLM")
    parser.add_argument("--integrity", action="store_true", help="sign instead of seal")
    parser.add_argument("--user", required=True)
    parser.add_argument("--domain", required=True)
    parser.add_argument("--password", required=True)
    return parser.parse_args()


def _ask(*words):
    fields = [word.hex() if isinstance(word, bytes) else word for word in words]
    print(" ".join(field or "-" for field in fields), flush=True)
    answer = sys.stdin.readline().split()
    if answer == ["refused"]:
        sys.exit(REFUSED)
    return answer[0], [b"" if field == "-" else bytes.fromhex(field) for field in answer[1:]]


def send_token(token):
    """Returns whether the server's context stands, and the server's token."""
    verb, (answer,) = _ask("token", bytes(token))
    assert verb in ("token", "done"), verb
    return verb == "done", answer


def check_context(protect, unprotect, covers_header=True):
    """Sends protected messages and checks the answers.

    `protect(header, body, trailer)` returns the body as it goes over the wire and its token;
    `unprotect(header, body, trailer, token)` returns the plain body. A client library that can
    sign nothing but the body (`covers_header=False`) goes without header and trailer.
    """
    header, trailer = (HEADER, TRAILER) if covers_header else (b"", b"")
    for body in BODIES:
        if not body and not covers_header:
            continue
        wire, token = protect(header, body, trailer)
        verb, (header_back, wire, trailer_back, token) = _ask("pdu", header, wire, trailer, token)
        assert verb == "pdu", verb
        plain = unprotect(header_back, wire, trailer_back, token)
        assert plain == body[::-1], (plain, body)
    print("ok", flush=True)
