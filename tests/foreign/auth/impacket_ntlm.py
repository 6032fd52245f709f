"""impacket's NTLM, put together as its DCE/RPC client does (auth type 10)."""

import peer
from Cryptodome.Cipher import ARC4
from impacket import ntlm


def main():
    arguments = peer.arguments()
    negotiate = ntlm.getNTLMSSPType1("", "", signingRequired=True, use_ntlmv2=True)
    done, challenge = peer.send_token(negotiate.getData())
    assert not done
    authenticate, key = ntlm.getNTLMSSPType3(
        negotiate, challenge, arguments.user, arguments.password, arguments.domain, use_ntlmv2=True
    )
    done, rest = peer.send_token(authenticate.getData())
    assert done and not rest

    flags = authenticate["flags"]
    keys = {mode: ntlm.SIGNKEY(flags, key, mode) for mode in ("Client", "Server")}
    ciphers = {
        mode: ARC4.new(ntlm.SEALKEY(flags, key, mode)).encrypt for mode in ("Client", "Server")
    }
    sequence = {"Client": 0, "Server": 0}

    def mac(mode, pdu):
        number = sequence[mode]
        sequence[mode] += 1
        return ntlm.SIGN(flags, keys[mode], pdu, number, ciphers[mode]).getData()

    def protect(header, body, trailer):
        wire = body if arguments.integrity else ciphers["Client"](body)
        return wire, mac("Client", header + body + trailer)

    def unprotect(header, wire, trailer, token):
        body = wire if arguments.integrity else ciphers["Server"](wire)
        assert mac("Server", header + body + trailer) == token
        return body

    peer.check_context(protect, unprotect)


main()
