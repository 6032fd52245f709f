"""Fixtures of all foreign clients: who they are, and the `wcced` that they call."""

import pytest

import enterprise_lab
from enterprise_fixtures import *  # noqa: F403
from icpr import Credentials
from running import Ca, certipy_of, ends_well
from tallied import tally  # noqa: F401


@pytest.fixture(scope="session")
def alice():
    return Credentials("LAB", "alice", "Passw0rd-Alice")


@pytest.fixture(scope="session")
def bob():
    return Credentials("LAB", "bob", "Passw0rd-Böb \N{KEY}")


@pytest.fixture(scope="session")
def ca(tmp_path_factory, alice, bob):
    """A CA with default settings."""
    templates = enterprise_lab.WINDOWS + enterprise_lab.ATTACKED
    ca = Ca(tmp_path_factory.mktemp("wcced"), [alice, bob], templates=templates)
    yield ca
    ends_well(ca, [alice, bob])


@pytest.fixture
def certipy(ca, alice, tmp_path):
    """Runs Certipy as alice; the text it printed."""
    return certipy_of(ca, alice, tmp_path)


@pytest.fixture(scope="session")
def agent():
    return Credentials("LAB", "agent", "Passw0rd-Agent", ("PKI Agents",))


@pytest.fixture(scope="session")
def second_agent():
    return Credentials("LAB", "agent2", "Passw0rd-Agent2", ("PKI Agents",))


@pytest.fixture(scope="session")
def enterprise(tmp_path_factory, alice, bob, agent, second_agent, other_ca):
    """A CA with templates and agents for requests on behalf of others, and renewals. Its key is
    RSA: Certipy names its own signatures by the algorithm that its certificate is signed with."""
    users = [alice, bob, agent, second_agent]
    folder = tmp_path_factory.mktemp("enterprise")
    ca = Ca(folder, users, enterprise_lab.HOST, enterprise_lab.TEMPLATES,
            enterprise_lab.settings(folder, other_ca, "alice"))
    yield ca
    ends_well(ca, users)


@pytest.fixture(scope="session")
def target_user():
    return Credentials("DOMAIN", "TargetUser", "Passw0rd-Target")


@pytest.fixture(scope="session")
def domain_agent():
    return Credentials("DOMAIN", "agent", "Passw0rd-Agent", ("PKI Agents",))


@pytest.fixture(scope="session")
def domain_ca(tmp_path_factory, target_user, domain_agent, other_ca):
    """The CA of a domain called DOMAIN, of which Windows' recorded requests speak. Its template
    User is one for requests on behalf of others."""
    folder, users = tmp_path_factory.mktemp("domain"), [target_user, domain_agent]
    ca = Ca(folder, users, "127.0.0.3", enterprise_lab.TEMPLATES,
            enterprise_lab.settings(folder, other_ca, "TargetUser"), domain="DOMAIN",
            prepare=enterprise_lab.user_by_agent)
    yield ca
    ends_well(ca, users)
