"""The CA's next key: what the directory tells of it. The last of the lab's tests, as the CA goes on with
that key."""

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from member import CA_NAME, PKS

INFORMATION = f"CN={CA_NAME},CN=AIA,{PKS}"


def der_of(file):
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    return certificate.public_bytes(serialization.Encoding.DER)


def tagged(number, content):
    """DER of a context-specific, constructed value."""
    return bytes([0xA0 | number, 0x82]) + len(content).to_bytes(2, "big") + content


def test_keys_that_vouch_for_each_other_are_published(member, tally):
    [before] = member.search(INFORMATION, "crossCertificatePair").values()
    assert before == {}
    member.stop()
    member.run("wcced", "ca", "renew", "--config", member.config, "--key", "new-key")
    member.start()

    def pairs():
        [found] = member.search(INFORMATION, "crossCertificatePair").values()
        return found.get("crosscertificatepair", [])

    member.wait(pairs, 15, "not published")
    state = member.folder / "state"
    # X.509 CertificatePair: what was issued to the new key, and by it for the one before.
    issued = tagged(0, der_of(state / "ca(0-1).crt")) + tagged(1, der_of(state / "ca(1-0).crt"))
    assert pairs() == [b"\x30\x82" + len(issued).to_bytes(2, "big") + issued]
    member.enroll("alice", "User")
    tally("lab-published", "crossCertificatePair")
