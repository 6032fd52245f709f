"""The domain's verdict by way of winbindd. Comes last: the join gives the machine account a new
password, and winbindd a channel of its own."""

import lab
import pytest
from conftest import credentials
from test_netlogon import TEMPLATE_DENIED, WAYS, bad_passwords, enrol, issued, refused


@pytest.fixture(scope="module")
def ca(ca_with):
    lab.join()
    ca = ca_with('ntlm = "winbind"\n')
    yield ca
    lab.winbindd.end()


@pytest.mark.parametrize("way", WAYS)
def test_domain_users_enrol(ca, way, tally):
    issued(enrol(ca, credentials("alice"), way=way))
    tally("foreign-domain", f"winbind {way}")


def test_winbindd_tells_the_groups(ca, tally):
    issued(enrol(ca, credentials("alice"), "ByGroup"))
    assert enrol(ca, credentials("carol"), "ByGroup").disposition == TEMPLATE_DENIED
    tally("foreign-domain", "winbind groups")


def test_wrong_passwords_and_disabled_accounts(ca, tally):
    before = bad_passwords("agent")
    for _ in range(6):
        refused(ca, credentials("agent", "wrong"))
    assert bad_passwords("agent") - before <= 3
    log = ca.mark()
    refused(ca, credentials("erin"))
    refused(ca, credentials("nobody"))
    assert "the account is disabled" in log(), log()
    issued(enrol(ca, credentials("alice")))
    tally("foreign-domain-refused", "winbind")


def test_without_winbindd_nobody_logs_on(ca, tally):
    lab.winbindd.end()
    log = ca.mark()
    refused(ca, credentials("alice"))
    assert "no verdict on the logon" in log(), log()
    tally("foreign-domain-refused", "winbindd away")
