"""scapy's NTLMSSP and SPNEGOSSP, called as its DCE/RPC client does."""

import peer
from scapy.layers.gssapi import GSS_C_FLAGS, GSS_S_COMPLETE, GSS_S_CONTINUE_NEEDED, GSSAPI_BLOB, SSP
from scapy.layers.ntlm import NTLMSSP, NTLM_Header, NTLMSSP_MESSAGE_SIGNATURE
from scapy.layers.spnego import SPNEGOSSP


def main():
    arguments = peer.arguments()
    ssp = NTLMSSP(UPN=f"{arguments.user}@{arguments.domain}", PASSWORD=arguments.password)
    parse = NTLM_Header
    if arguments.spnego:
        ssp, parse = SPNEGOSSP([ssp]), GSSAPI_BLOB
    flags = GSS_C_FLAGS.GSS_C_DCE_STYLE | GSS_C_FLAGS.GSS_C_INTEG_FLAG | GSS_C_FLAGS.GSS_C_CONF_FLAG
    flags |= GSS_C_FLAGS.GSS_C_REPLAY_FLAG | GSS_C_FLAGS.GSS_C_SEQUENCE_FLAG

    context, answer, done = None, None, False
    while True:
        context, token, status = ssp.GSS_Init_sec_context(
            context, answer and parse(answer), req_flags=flags, target_name="host/ca1.wcce.test"
        )
        assert status in (GSS_S_COMPLETE, GSS_S_CONTINUE_NEEDED), status
        if token is None:
            assert status == GSS_S_COMPLETE and done
            break
        assert not done, "the server's context stands, but scapy's doesn't"
        done, answer = peer.send_token(token)
        if done and not answer:
            break

    def messages(kind, parts):
        return [kind(part, sealed) for part, sealed in zip(parts, (False, True, False))]

    def sealed(data, seal):
        return SSP.WRAP_MSG(conf_req_flag=seal, sign=True, data=data)

    def signed(data, _):
        return SSP.MIC_MSG(sign=True, data=data)

    def protect(*parts):
        if arguments.integrity:
            return parts[1], bytes(ssp.GSS_GetMICEx(context, messages(signed, parts)))
        wire, signature = ssp.GSS_WrapEx(context, messages(sealed, parts))
        return wire[1].data, bytes(signature)

    def unprotect(header, wire, trailer, token):
        parts, token = (header, wire, trailer), NTLMSSP_MESSAGE_SIGNATURE(token)
        if arguments.integrity:
            ssp.GSS_VerifyMICEx(context, messages(signed, parts), token)
            return wire
        return ssp.GSS_UnwrapEx(context, messages(sealed, parts), token)[1].data

    peer.check_context(protect, unprotect)


main()
