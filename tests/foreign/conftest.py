"""Fixtures of all foreign clients: who they are, and the `wcced` that they call."""

import os

import pytest

import enterprise_lab
from enterprise_lab import enrol

from icpr import Credentials
from running import Ca, certipy_of, ends_well


@pytest.fixture(scope="session")
def tally():
    path = os.environ.get("WCCE_TALLY")

    def count(kind, name):
        if path:
            with open(path, "a") as out:
                out.write(f"{kind} {name}\n")

    return count


@pytest.fixture(scope="session")
def alice():
    return Credentials("LAB", "alice", "Passw0rd-Alice")


@pytest.fixture(scope="session")
def bob():
    return Credentials("LAB", "bob", "Passw0rd-Böb \N{KEY}")


@pytest.fixture(scope="session")
def ca(tmp_path_factory, alice, bob):
    ca = Ca(tmp_path_factory.mktemp("wcced"), [alice, bob])
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
            enterprise_lab.settings(folder, other_ca))
    yield ca
    ends_well(ca, users)


@pytest.fixture(scope="session")
def agent_identity(enterprise, agent):
    return enrol(enterprise, agent, "Agent")


@pytest.fixture(scope="session")
def second_agent_identity(enterprise, second_agent):
    return enrol(enterprise, second_agent, "Agent")
