"""gss-ntlmssp, the GSS-API mechanism, alone and inside MIT Kerberos's SPNEGO."""

import os
import tempfile

import peer

NTLM, SPNEGO = "1.3.6.1.4.1.311.2.2.10", "1.3.6.1.5.5.2"


def main():
    arguments = peer.arguments()
    with tempfile.NamedTemporaryFile("w", suffix=".ntlm") as accounts:
        accounts.write(f"{arguments.domain}:{arguments.user}:{arguments.password}\n")
        accounts.flush()
        os.environ["NTLM_USER_FILE"] = accounts.name
        os.environ["KRB5_CONFIG"] = os.devnull
        os.environ["KRB5CCNAME"] = "FILE:" + os.devnull
        run(arguments)


def run(arguments):
    import gssapi  # reads the environment

    flag = gssapi.RequirementFlag
    context = gssapi.SecurityContext(
        name=gssapi.Name("host@ca1.wcce.test", gssapi.NameType.hostbased_service),
        mech=gssapi.OID.from_int_seq(SPNEGO if arguments.spnego else NTLM),
        flags=[
            flag.integrity,
            flag.confidentiality,
            flag.replay_detection,
            flag.out_of_sequence_detection,
        ],
        usage="initiate",
    )
    done, answer = False, None
    while not context.complete:
        token = context.step(answer)
        if token:
            assert not done, "the server's context stands, but gss-ntlmssp's doesn't"
            done, answer = peer.send_token(token)
    assert done

    # GSS-API covers no more than the body.
    if arguments.integrity:
        def protect(_header, body, _trailer):
            return body, context.get_signature(body)

        def unprotect(_header, body, _trailer, token):
            context.verify_signature(body, token)
            return body
    else:
        def protect(_header, body, _trailer):
            wrapped = context.wrap(body, True).message
            return wrapped[16:], wrapped[:16]

        def unprotect(_header, wire, _trailer, token):
            unwrapped = context.unwrap(token + wire)
            assert unwrapped.encrypted
            return unwrapped.message

    peer.check_context(protect, unprotect, covers_header=False)


main()
