"""Samba's suite of raw PDUs (samba.tests.dcerpc.raw_protocol) against our association: HOST PORT,
where PORT is an endpoint mapper that also knows a stand-in for Netlogon; one `ok` line a test.

Not run: what needs named pipes (we serve none) or a KDC. Known to differ, each on purpose:

* A client that negotiates NTLM without the flags of its level is refused at once, not with its
  first call (`*_bind_none`, `*_bind_sign`).
* Level 3 (call) counts as packet, as [MS-RPCE] 2.2.1.1.8 says (`spnego_call_bind`).
* A bare request on a connection with security contexts is refused: it would be anonymous
  (`spnego_multiple_auth_hdr_signing`).
* Fragments whose security trailers name another context are refused (`lastSame111`), or a second
  first fragment with another fault (`firstSame2`).
* The presentation contexts of a leg are looked at before its authentication type
  (`spnego_change_auth_type3`).

Where the suite logs on as nobody, it logs on as its user here: anonymous logons are refused.
"""

import os
import sys
import unittest

HOST, MAPPER = sys.argv[1], sys.argv[3]
CONF = f"/tmp/wcce-samba-raw-{os.getpid()}.conf"
with open(CONF, "w") as conf:
    conf.write("[global]\n workgroup = LAB\n realm = LAB.TEST\n netbios name = CLIENT\n")
os.environ.update(
    SERVER=HOST, TARGET_HOSTNAME=HOST, DOMAIN="LAB", REALM="LAB.TEST", USERNAME="alice",
    PASSWORD="Passw0rd-Alice", SMB_CONF_PATH=CONF,
    MAX_NUM_AUTH="8",  # security contexts that the server under test allows; Windows: 2049
)

from samba.tests.dcerpc import raw_protocol, raw_testcase  # noqa: E402

NEEDS_PIPES = ("test_lsa_multi_auth_", "test_assoc_group_fail3", "test_assoc_group_ok2")
NEEDS_KDC = ("test_krb5_",)
DIFFERS = {
    "test_spnego_packet_bind_none", "test_spnego_integrity_bind_none",
    "test_spnego_privacy_bind_none", "test_spnego_privacy_bind_sign",
    "test_spnego_call_bind", "test_spnego_multiple_auth_hdr_signing",
    "test_ntlmssp_multi_auth_first1_lastSame111", "test_ntlmssp_multi_auth_first1_firstSame2",
    "test_spnego_change_auth_type3",
}

suite_class = raw_protocol.TestDCERPC_BIND
base = raw_testcase.RawDCERPCTest
base.get_anon_creds = base.get_user_creds
connect, receive = base.connect, base.recv_pdu_raw


def connect_to_mapper(self):
    """The suite takes it for granted that the endpoint mapper is at port 135."""
    if self.primary_address != "135":
        return connect(self)
    self.primary_address, self.secondary_address = MAPPER, None
    connect(self)
    self.primary_address = self.secondary_address = "135"
    self.tcp_port = 135


def receive_from_mapper(self, *arguments, **options):
    """And that its bind_ack says so, with the padding of three digits."""
    pdu, raw = receive(self, *arguments, **options)
    told = getattr(getattr(pdu, "u", None), "secondary_address", None)
    if (self.primary_address, told) == ("135", MAPPER):
        pdu.u.secondary_address, pdu.u.secondary_address_size = "135", 4
        pdu.u._pad1 = b"\0" * 2
    return pdu, raw


base.connect, base.recv_pdu_raw = connect_to_mapper, receive_from_mapper


class Result(unittest.TextTestResult):
    def addSuccess(self, test):
        super().addSuccess(test)
        print("ok", test._testMethodName, flush=True)


names = unittest.defaultTestLoader.getTestCaseNames(suite_class)
chosen = [name for name in names if not name.startswith(NEEDS_PIPES + NEEDS_KDC)]
suite = unittest.TestSuite(suite_class(name) for name in chosen)
result = unittest.TextTestRunner(sys.stderr, resultclass=Result).run(suite)
os.unlink(CONF)
failed = {test._testMethodName for test, _ in result.failures + result.errors}
sys.exit(f"differs: {sorted(failed ^ DIFFERS)}" if failed != DIFFERS else 0)
