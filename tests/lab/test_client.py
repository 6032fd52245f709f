"""`wcce` on a host of the domain: it finds CA and templates by itself."""

import json

import lab
from member import CA_NAME


def listed(member, user, *more):
    told = json.loads(member.run("wcce", "templates", "--json", *more, user=user).stdout)
    assert told["directory"] is True
    for one in told["templates"]:
        assert (one["ca"], one["host"]) == (CA_NAME, lab.fqdn("ca")), one
    return {one["name"]: one["rights"] for one in told["templates"]}


def test_templates_lists_what_the_caller_may_enrol_for(member, tally):
    expected = {
        "alice": {"User", "Barred", "ByGroup"},
        "bob": {"User"},
        "dave": {"User", "Nested", "Barred", "Owned"},
        "agent": {"User", "Barred", "LabAgent", "ForOthers"},
    }
    for user, templates in expected.items():
        assert listed(member, user).keys() == templates, user
        tally("lab-templates", user)
    everything = listed(member, "bob", "--all")
    assert everything.keys() >= {"Machine", "WebServer", "Nested"}
    assert everything["WebServer"] == {"enroll": False, "autoenroll": False}
    text = member.run("wcce", "templates", user="alice").stdout
    assert "User      yes     no          Wcce Lab CA (ca1.wcce.test)" in text, text


def test_the_list_is_what_the_ca_then_grants(member, tally):
    rights = listed(member, "bob", "--all")
    for template in ("User", "Nested", "Barred", "ByGroup", "Owned"):
        answer = member.enroll("bob", template, check=False)
        assert (answer.returncode == 0) == rights[template]["enroll"], template
    tally("lab-templates", "granted as listed")


def test_a_certificate_takes_no_more_than_a_template_and_a_ticket(member, tmp_path, tally):
    member.run("wcce", "enroll", "--template", "User", user="alice", folder=tmp_path)
    assert {one.name for one in tmp_path.iterdir()} == {"User.key", "User.crt", "User.p7b"}
    member.run("wcce", "enroll", "--template", "User", "--rpc", "icpr", "--out", "icpr",
               user="alice", folder=tmp_path)
    for template, problem in (("WebServer", "no right to enroll"), ("Nothing", "no CA")):
        refused = member.run("wcce", "enroll", "--template", template, user="alice", folder=tmp_path,
                             check=False)
        assert refused.returncode == 1 and problem in refused.stderr, refused.stderr
    assert "ca1.wcce.test" in member.run("wcce", "ca-info", user="alice").stdout
    tally("lab-enrolment", "alice by discovery")


def test_without_a_directory_only_the_cas_offer_is_listed(member, tally):
    done = member.run("wcce", "templates", "--server", lab.fqdn("ca"), "--dc", lab.fqdn("ca"),
                      user="alice")
    assert "only what Wcce Lab CA offers" in done.stderr, done.stderr
    assert "WebServer" in done.stdout
    alone = member.run("wcce", "templates", "--dc", lab.fqdn("ca"), user="alice", check=False)
    assert alone.returncode == 1 and "no directory" in alone.stderr
    tally("lab-templates", "no directory")
