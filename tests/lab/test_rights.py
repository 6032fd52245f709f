"""Who may enrol for what, as the directory says: Certipy over RPC with Kerberos; agents by `wcce`."""

import time

import lab
from member import PKS


def refused(member, user, template, reason):
    text = member.certipy(user, template, check=False)
    assert reason in text, text


def test_groups_nested_groups_deny_entries_and_owners_decide(member, tally):
    for user, template in (("alice", "User"), ("dave", "Nested"), ("alice", "Barred"),
                           ("alice", "ByGroup"), ("dave", "Owned")):
        member.certipy(user, template)
        tally("lab-enrolment", f"{user} {template}")
    for user, template in (("bob", "Barred"), ("alice", "Nested"), ("alice", "WebServer"),
                           ("bob", "ByGroup"), ("alice", "Owned")):
        refused(member, user, template, "0x80094012")
        tally("lab-refused", f"{user} {template}")


def test_who_joins_a_group_may_enrol_and_who_leaves_it_no_more(member, tally):
    member.member_of("bob", "PKI Enrollees", True)
    member.certipy("bob", "ByGroup")
    member.member_of("bob", "PKI Enrollees", False)
    refused(member, "bob", "ByGroup", "0x80094012")
    tally("lab-enrolment", "bob while in the group")
    tally("lab-refused", "bob out of the group")


def test_a_disabled_account_does_not_enrol(member, tally):
    member.certipy("carol", "Barred")
    [dn] = member.search(lab.BASE, "cn", scope="sub", expression="(sAMAccountName=carol)")
    change = f"dn: {dn}\nchangetype: modify\n" \
             "replace: userAccountControl\nuserAccountControl: {}\n"
    # Her ticket lasts; the directory is asked.
    member.modify(change.format(514))
    time.sleep(1.2)
    refused(member, "carol", "Barred", "0x80070533")
    member.modify(change.format(512))
    time.sleep(1.2)
    member.certipy("carol", "Barred")
    tally("lab-refused", "carol while disabled")


def test_a_template_that_is_disabled_or_changed_is_so_at_once(member, tally):
    """The next request after the change was told of."""
    member.certipy("dave", "Nested")
    before = max(member.versions())
    member.command("template", "disable", "Nested")
    member.wait(lambda: max(member.versions()) > before, 5, "the change was not noticed")
    refused(member, "dave", "Nested", "0x80094800")
    before = max(member.versions())
    member.command("template", "enable", "Nested")
    member.wait(lambda: max(member.versions()) > before, 5, "the change was not noticed")
    member.certipy("dave", "Nested")
    tally("lab-refused", "dave while the template was off")


def agent_certificate(member):
    files = member.enroll("agent", "LabAgent").files
    return "--agent-cert", f"{files}.crt", "--agent-key", f"{files}.key"


def on_behalf(member, target, agent, check=True):
    return member.enroll("agent", "ForOthers", "--on-behalf-of", rf"WCCE\{target}", *agent,
                         check=check)


def test_agents_enrol_for_those_that_the_directory_does_not_protect(member, tally):
    """Targets' groups are told by tokenGroups; `protected` and `enrollment_agents` name accounts
    and groups of the directory."""
    agent = agent_certificate(member)
    on_behalf(member, "alice", agent)
    for target in ("bob", "Administrator"):
        answer = on_behalf(member, target, agent, check=False)
        assert answer.returncode == 1 and "protected" in answer.stderr, answer.stderr
        tally("lab-refused", f"agent for {target}")
    tally("lab-enrolment", "agent for alice")


def test_agents_of_a_ca_that_is_not_in_nt_auth_are_refused_at_once(member, tally):
    agent = agent_certificate(member)
    dn = f"CN=NTAuthCertificates,{PKS}"
    [nt_auth] = member.search(dn, "cACertificate").values()
    [certificate] = nt_auth["cacertificate"]

    def change(value):
        import base64

        before = member.log_text().count("the CAs that the forest trusts have changed")
        member.modify(f"dn: {dn}\nchangetype: modify\nreplace: cACertificate\n"
                      f"cACertificate:: {base64.b64encode(value).decode()}\n")
        member.wait(lambda: member.log_text().count(
            "the CAs that the forest trusts have changed") > before, 5, "not noticed")

    change(b"\0")
    answer = on_behalf(member, "alice", agent, check=False)
    assert answer.returncode == 1 and "0x800b0112" in answer.stderr, answer.stderr
    change(certificate)
    on_behalf(member, "alice", agent)
    tally("lab-refused", "agent while its CA was not in NTAuth")
