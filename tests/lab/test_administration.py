"""What administrators do that concerns the directory: the templates that the CA issues from, requests
that they approve, and CRLs that the directory does not take."""

import base64
import json
import re
import time

from impacket.ldap.ldaptypes import SR_SECURITY_DESCRIPTOR

import lab
from member import CA_NAME, PKS, SID, TEMPLATE_ROOT, template

SERVICE = f"CN={CA_NAME},CN=Enrollment Services,{PKS}"
POINT = f"CN={CA_NAME},CN=ca1,CN=CDP,{PKS}"
MACHINE, PUBLISHERS = f"{SID}-1108", f"{SID}-517"
DACL_PROTECTED = 0x1000


def admin(member, *arguments, **options):
    done = member.run("wcce", "admin", "--server", lab.fqdn("ca"), *arguments,
                      user="Administrator", **options)
    return done.stdout + done.stderr


def service(member, attribute, dn=SERVICE):
    [found] = member.search(dn, attribute).values()
    return found.get(attribute.lower(), [])


def templates(member):
    return {name.decode() for name in service(member, "certificateTemplates")}


def set_security(member, descriptor, dn=SERVICE):
    text = base64.b64encode(descriptor).decode()
    member.modify(f"dn: {dn}\nchangetype: modify\nreplace: nTSecurityDescriptor\n"
                  f"nTSecurityDescriptor:: {text}\n")


def without_machine(descriptor):
    """The descriptor without what it gives the CA's machine and Cert Publishers, and protected."""
    parsed = SR_SECURITY_DESCRIPTOR(data=descriptor)
    parsed["Dacl"].aces = [ace for ace in parsed["Dacl"].aces
                           if ace["Ace"]["Sid"].formatCanonical() not in (MACHINE, PUBLISHERS)]
    parsed["Control"] |= DACL_PROTECTED
    return parsed.getData()


def test_templates_are_enabled_in_the_enrollment_service_object(member, tally):
    before = templates(member)
    assert "ByGroup" in before
    listed = {line.split()[0] for line in admin(member, "templates").splitlines()}
    assert listed == before
    assert admin(member, "templates", "disable", "ByGroup") == "set\n"
    assert templates(member) == before - {"ByGroup"}
    # It counts at once.
    refused = member.enroll("alice", "ByGroup", check=False)
    assert "UNSUPPORTED_CERT_TYPE" in refused.stdout + refused.stderr
    assert admin(member, "templates", "enable", "ByGroup") == "set\n"
    assert templates(member) == before
    member.enroll("alice", "ByGroup")
    assert "UNKNOWN_CERT_TYPE" in admin(member, "templates", "enable", "Nobody", check=False)
    tally("lab-administration", "templates")


def test_a_machine_without_the_right_to_enable_templates_says_so(member, tally):
    before = templates(member)
    [descriptor] = service(member, "nTSecurityDescriptor")
    set_security(member, without_machine(descriptor))
    try:
        assert "E_ACCESSDENIED" in admin(member, "templates", "disable", "User", check=False)
    finally:
        set_security(member, descriptor)
    assert templates(member) == before
    member.enroll("alice", "User")
    # The log says what was refused, and by whom.
    assert CA_NAME in next(line for line in member.log_text().splitlines()
                           if "SetCaProperty" in line and "E_ACCESSDENIED" in line)
    tally("lab-administration", "templates refused")


def certificates(member, name):
    [one] = member.search(lab.BASE, "userCertificate", scope="sub",
                          expression=f"(sAMAccountName={name})").values()
    return one.get("usercertificate", [])


def test_an_approval_before_a_crash_is_published_after_it(member, tally):
    enroll = "0e10c968-78fb-11d2-90d4-00c04f79dc55"
    # PEND_ALL_REQUESTS, and PUBLISH_TO_DS.
    awaiting = template("Awaiting", f"(OA;;CR;{enroll};;DU)", more="msPKI-Enrollment-Flag = 10")
    (member.folder / "awaiting.toml").write_text(awaiting)
    member.command("template", "add", member.folder / "awaiting.toml")
    admin(member, "templates", "enable", "Awaiting")
    pending = member.enroll("bob", "Awaiting", check=False)
    row = re.search(r"request (\d+)", pending.stdout + pending.stderr)[1]
    # Others are published meanwhile, so that this one is behind.
    later = member.certificate(member.enroll("bob", "User"))
    member.wait(lambda: later in certificates(member, "bob"), 10, "not published")
    before = certificates(member, "bob")
    assert f"request {row} issued" in admin(member, "approve", row)
    member.wait(lambda: len(certificates(member, "bob")) == len(before) + 1, 10, "not published")
    [mine] = set(certificates(member, "bob")) - set(before)
    kept = member.folder / "state" / "approved.json"
    member.wait(lambda: json.loads(kept.read_text()) == [], 10, "not remembered as done")
    # What a crash leaves behind between the row and its publication.
    member.process.kill()
    member.process.wait()
    member.log.close()
    [dn] = member.search(lab.BASE, "cn", scope="sub", expression="(sAMAccountName=bob)")
    member.modify(f"dn: {dn}\nchangetype: modify\ndelete: userCertificate\n"
                  f"userCertificate:: {base64.b64encode(mine).decode()}\n")
    for waiting, published in (("[]", False), (f"[{row}]", True)):
        kept.write_text(waiting)
        member.start()
        if published:
            member.wait(lambda: mine in certificates(member, "bob"), 10, "lost")
            member.wait(lambda: json.loads(kept.read_text()) == [], 10, "not done")
        else:
            member.wait(lambda: "table read" in member.run_text(), 10, "no directory")
            member.enroll("bob", "User")
            assert mine not in certificates(member, "bob"), "nobody knows of it"
            member.stop()
    # Other tests count the templates.
    admin(member, "templates", "disable", "Awaiting")
    member.modify(f"dn: CN=Awaiting,{TEMPLATE_ROOT}\nchangetype: delete\n")
    member.wait(lambda: not member.search(TEMPLATE_ROOT, "cn", scope="one",
                                          expression="(cn=Awaiting)"), 5, "still there")
    tally("lab-administration", "approval before a crash")


def crls(member):
    return [json.loads(line) for line in admin(member, "crls", "--json").splitlines()]


def wait_for_crls(member, flags):
    """Waits until the newest base and delta CRL have these flags."""
    deadline = time.monotonic() + 15
    while [row["flags"] for row in crls(member)[-2:]] != flags:
        assert time.monotonic() < deadline, crls(member)[-2:]
        time.sleep(0.2)
    return crls(member)[-2:]


def test_crls_that_the_directory_does_not_take_are_told(member, tally):
    assert admin(member, "publish-crl") == "published\n"
    wait_for_crls(member, [0x45, 0x46])
    assert admin(member, "config", "CRLAttemptRepublish") == "0\n"
    [descriptor] = service(member, "nTSecurityDescriptor", POINT)
    set_security(member, without_machine(descriptor), POINT)
    try:
        assert admin(member, "publish-crl") == "published\n"
        for row in wait_for_crls(member, [0x141, 0x142]):
            assert row["status"] == 0x80070005
            assert "WCCE\\Administrator -- 0" in row["published"] and POINT in row["published"]
        assert int(admin(member, "config", "CRLAttemptRepublish")) >= 1
    finally:
        set_security(member, descriptor, POINT)
    assert admin(member, "publish-crl") == "published\n"
    wait_for_crls(member, [0x45, 0x46])
    assert admin(member, "config", "CRLAttemptRepublish") == "0\n"
    tally("lab-administration", "CRLs refused")
