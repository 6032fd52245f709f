"""Samba's GENSEC: the ntlmssp and spnego mechanisms of its DCE/RPC client."""

import os

import peer
from samba import credentials, gensec, param

AUTH_TYPE = {False: 10, True: 9}
PRIVACY = 6


def main():
    arguments = peer.arguments()
    settings = param.LoadParm()
    settings.load(os.devnull)
    account = credentials.Credentials()
    account.guess(settings)
    account.set_domain(arguments.domain)
    account.set_username(arguments.user)
    account.set_password(arguments.password)
    account.set_kerberos_state(credentials.DONT_USE_KERBEROS)

    client = gensec.Security.start_client(
        {"lp_ctx": settings, "target_hostname": "ca1.wcce.test"}
    )
    client.set_credentials(account)
    client.set_target_service("host")
    client.want_feature(gensec.FEATURE_DCE_STYLE)
    client.want_feature(gensec.FEATURE_SEAL)
    client.start_mech_by_authtype(AUTH_TYPE[arguments.spnego], PRIVACY)

    finished, done, answer = False, False, b""
    while not finished:
        finished, token = client.update(answer)
        if token:
            assert not done, "the server's context stands, but Samba's doesn't"
            done, answer = peer.send_token(token)
    assert done

    # The Python binding seals by wrap() alone, which covers no more than the body.
    if arguments.integrity:
        def protect(header, body, trailer):
            return body, client.sign_packet(body, header + body + trailer)

        def unprotect(header, body, trailer, token):
            client.check_packet(body, header + body + trailer, token)
            return body
    else:
        def protect(_header, body, _trailer):
            wrapped = client.wrap(body)
            return wrapped[16:], wrapped[:16]

        def unprotect(_header, wire, _trailer, token):
            return client.unwrap(token + wire)

    peer.check_context(protect, unprotect, covers_header=arguments.integrity)


main()
