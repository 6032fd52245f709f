"""The published ways to escalate through an enterprise CA, tried with Certipy against templates that
are open to them, under default settings: each fails or waits for a manager, and the log says why."""

import re
import subprocess

import pytest


from enterprise_lab import assert_subject, sid_of
from running import BINARIES, certipy_of
from test_forms import of_pfx

ADMINISTRATOR = "administrator@lab.test"


@pytest.fixture
def attempt(ca, certipy, tally):
    """Certipy's request; what it said, what wcced logged meanwhile, and the certificate if any."""

    def run(case, template, *options, agent=None):
        before = len(ca.log_text())
        output = certipy("req", "-ca", ca.name, "-template", template, "-dynamic-endpoint",
                         "-out", "loot", *options, code=None)
        assert re.search(r"Request ID is \d+|Got error while requesting", output), output
        lines = [line for line in ca.log_text()[before:].splitlines() if "audit" in line]
        assert len(lines) == 1, lines
        loot = certipy.folder / "loot.pfx"
        tally("foreign-escalation", case)
        return output, lines[0], of_pfx(loot) if loot.exists() else None

    return run


def test_esc1_names_of_others(ca, attempt):
    sid = f"{ca.sid}-500"
    output, line, loot = attempt("ESC1", "ESC1", "-upn", ADMINISTRATOR, "-sid", sid)
    assert loot is None and "0x80094001" in line and ADMINISTRATOR in line, line
    assert "CERTSRV_E_BAD_REQUESTSUBJECT" in output
    # Names that nobody forbids wait for a manager.
    output, line, loot = attempt("ESC1", "ESC1", "-subject", "CN=Administrator")
    assert loot is None and "disposition=Pending" in line, line
    assert "the request supplies names" in line and "pending" in output.lower()
    # And in DNS names.
    output, line, loot = attempt("ESC1", "ESC1", "-dns", "dc1.lab.test")
    assert loot is None and "disposition=Pending" in line, line


@pytest.mark.parametrize("template", ["ESC2", "ESC2None"])
def test_esc2_any_purpose(attempt, template):
    output, line, loot = attempt("ESC2", template)
    assert loot is None and "0x80094800" in line and "any purpose" in line, line


def test_esc3_becoming_an_agent(attempt):
    output, line, loot = attempt("ESC3", "ESC3")
    assert loot is None and "disposition=Pending" in line, line
    assert "enroll for others" in line


def test_esc3_on_behalf_by_an_agent_without_rights(
    enterprise, bob, second_agent, second_agent_identity, tmp_path, tally
):
    """Somebody got hold of an agent's certificate: nobody granted that agent anything."""
    second_agent_identity.pfx(tmp_path / "agent.pfx")
    certipy = certipy_of(enterprise, second_agent, tmp_path)
    for template in ("OnBehalf", "User", "Plain"):
        before = len(enterprise.log_text())
        output = certipy("req", "-ca", enterprise.name, "-template", template, "-dynamic-endpoint",
                         "-on-behalf-of", bob.account, "-pfx", "agent.pfx", "-out", "loot", code=None)
        assert not (tmp_path / "loot.pfx").exists(), output
        log = enterprise.log_text()[before:]
        assert "disposition=Denied" in log and "agent2" in log, log
        tally("foreign-escalation", "ESC3 on behalf")


def test_esc6_names_among_the_attributes(ca, alice, attempt):
    """The certificate is the caller's own, whatever the attributes and the request say."""
    _, line, loot = attempt("ESC6", "User", "-upn", ADMINISTRATOR, "-sid", f"{ca.sid}-500")
    assert_subject(ca, loot.parsed(), alice)
    assert ADMINISTRATOR.encode() not in loot.certificate and b"-500" not in loot.certificate
    assert "ignored=" in line and "the attribute SAN" in line, line
    assert "the request's alternative names" in line, line


def test_esc9_no_security_extension(ca, alice, attempt):
    """The flag is not obeyed where the certificate authenticates."""
    _, line, loot = attempt("ESC9", "ESC9")
    assert sid_of(loot.parsed()) == ca.sid_of(alice)
    assert "the template's NO_SECURITY_EXTENSION" in line, line


def test_esc13_policy_of_a_group(ca, attempt):
    output, line, loot = attempt("ESC13", "ESC13")
    assert loot is None, "the policy is linked to a group that the caller is no member of"
    assert f"disposition=Denied" in line or "disposition=Pending" in line, line


@pytest.mark.parametrize("policy", ["Client Authentication", "1.3.6.1.4.1.311.20.2.1"])
def test_esc15_application_policies_of_the_request(ca, attempt, policy):
    output, line, loot = attempt(
        "ESC15", "ESC15", "-upn", ADMINISTRATOR, "-application-policies", policy
    )
    assert loot is None, output
    assert "disposition=Denied" in line or "disposition=Pending" in line, line


def test_esc15_more_policies_than_the_template_has(attempt):
    """Nor are they passed over in silence."""
    agent = "1.3.6.1.4.1.311.20.2.1"
    output, line, loot = attempt("ESC15", "User", "-application-policies", agent)
    assert loot is None and "disposition=Denied" in line and agent in line, line


def test_esc16_the_security_extension_cannot_be_switched_off(ca, bob, tmp_path, attempt, alice):
    """There is no setting for it: what Windows has in DisableExtensionList is an error here."""
    text = (ca.folder / "wcced.toml").read_text()
    for section, line in [("enrollment", 'disable_extension_list = ["1.3.6.1.4.1.311.25.2"]'),
                          ("ca", 'disabled_extensions = ["1.3.6.1.4.1.311.25.2"]')]:
        changed = tmp_path / f"{section}.toml"
        changed.write_text(text.replace(f"[{section}]\n", f"[{section}]\n{line}\n", 1))
        checked = subprocess.run(
            [BINARIES / "wcced", "check-config", "--config", changed], capture_output=True, text=True
        )
        assert checked.returncode == 1 and "unknown field" in checked.stderr, checked.stderr
    for template in ("User", "CVIUser", "ESC9"):
        _, line, loot = attempt("ESC16", template)
        assert sid_of(loot.parsed()) == ca.sid_of(alice), line
        (loot_file := next(tmp_path.glob("**/loot.pfx"), None)) and loot_file.unlink()


def test_esc17_names_of_servers(attempt):
    output, line, loot = attempt("ESC17", "ESC17", "-dns", "dc1.lab.test")
    assert loot is None and "disposition=Pending" in line, line


def test_a_template_that_was_attacked_is_named_at_the_start(ca):
    """The linter's findings stand in the log from the first moment on."""
    log = ca.log_text()
    for case in ("ESC1", "ESC2", "ESC3", "ESC9", "ESC15", "ESC17"):
        assert re.search(rf'WARN.* template="{case}" id="{case}" .*remedy=', log), case
