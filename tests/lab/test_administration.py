"""What administrators change in the directory by way of the CA: the templates that it issues from."""

import base64

from impacket.ldap.ldaptypes import SR_SECURITY_DESCRIPTOR

import lab
from member import CA_NAME, PKS, SID

SERVICE = f"CN={CA_NAME},CN=Enrollment Services,{PKS}"
MACHINE = f"{SID}-1108"


def admin(member, *arguments, **options):
    done = member.run("wcce", "admin", "--server", lab.fqdn("ca"), *arguments,
                      user="Administrator", **options)
    return done.stdout + done.stderr


def service(member, attribute):
    [found] = member.search(SERVICE, attribute).values()
    return found.get(attribute.lower(), [])


def templates(member):
    return {name.decode() for name in service(member, "certificateTemplates")}


def set_security(member, descriptor):
    text = base64.b64encode(descriptor).decode()
    member.modify(f"dn: {SERVICE}\nchangetype: modify\nreplace: nTSecurityDescriptor\n"
                  f"nTSecurityDescriptor:: {text}\n")


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
    parsed = SR_SECURITY_DESCRIPTOR(data=descriptor)
    parsed["Dacl"].aces = [ace for ace in parsed["Dacl"].aces
                           if ace["Ace"]["Sid"].formatCanonical() != MACHINE]
    set_security(member, parsed.getData())
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
