"""What the running CA writes into the directory."""

import base64
import datetime
import re

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import lab
from member import CA_NAME, PKS

POINT = f"CN={CA_NAME},CN=ca1,CN=CDP,{PKS}"


def account(member, name):
    [(dn, one)] = member.search(lab.BASE, "userCertificate", scope="sub",
                                expression=f"(sAMAccountName={name})").items()
    return dn, one.get("usercertificate", [])


def certificate(days):
    """Of another CA, valid until so many days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"of others {days}")])
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(end - datetime.timedelta(days=30)).not_valid_after(end)
            .sign(key, hashes.SHA256()))
    return made.public_bytes(serialization.Encoding.DER)


def test_certificates_are_put_to_their_accounts(member, tally):
    """PUBLISH_TO_DS: beside those that are there; those that expired more than a day ago go."""
    dn, before = account(member, "dave")
    old, recent, valid = certificate(-2), certificate(-0.5), certificate(20)
    values = "".join(f"userCertificate:: {base64.b64encode(one).decode()}\n"
                     for one in (old, recent, valid))
    member.modify(f"dn: {dn}\nchangetype: modify\nadd: userCertificate\n{values}")
    first = member.certificate(member.enroll("dave", "User"))
    second = member.certificate(member.enroll("dave", "User"))
    member.wait(lambda: second in account(member, "dave")[1], 5, "not published")
    assert sorted(account(member, "dave")[1]) == sorted([*before, recent, valid, first, second])
    member.enroll("dave", "Nested")
    third = member.certificate(member.enroll("dave", "User"))
    member.wait(lambda: third in account(member, "dave")[1], 5, "not published")
    assert len(account(member, "dave")[1]) == len(before) + 5, "not what the template keeps back"
    tally("lab-published", "userCertificate")


def crl(member, attribute="certificateRevocationList"):
    [point] = member.search(POINT, attribute).values()
    return x509.load_der_x509_crl(point[attribute.lower()][0])


def service_host(member):
    dn = f"CN={CA_NAME},CN=Enrollment Services,{PKS}"
    [service] = member.search(dn, "dNSHostName").values()
    return service["dnshostname"][0].decode()


def test_crls_reach_the_directory_and_what_others_change_is_mended(member, tally):
    enrolled = member.enroll("alice", "Barred")
    revoked = x509.load_der_x509_certificate(member.certificate(enrolled)).serial_number
    request = re.search(r"request (\d+) issued", enrolled.stdout)[1]
    with member.changed(("[ca.crl]\n", '[ca.crl]\ndelta_validity = "5s"\n')):
        member.run("wcced", "revoke", "--config", member.config, "--id", request)
        assert crl(member).get_revoked_certificate_by_serial_number(revoked) is None
        member.modify(f"dn: CN={CA_NAME},CN=Enrollment Services,{PKS}\nchangetype: modify\n"
                      "replace: dNSHostName\ndNSHostName: elsewhere.wcce.test\n")
        member.start()
        member.wait(lambda: crl(member).get_revoked_certificate_by_serial_number(revoked), 10,
                    "the CRL is not in the directory")
        member.wait(lambda: service_host(member) == lab.fqdn("ca"), 10, "the service is not mended")
        tally("lab-published", "certificateRevocationList")

        def number():
            delta = crl(member, "deltaRevocationList").extensions
            return delta.get_extension_for_class(x509.CRLNumber).value.crl_number

        # The running CA makes another every five seconds.
        before = number()
        member.wait(lambda: number() > before, 15, "no new delta CRL in the directory")
        tally("lab-published", "deltaRevocationList")
