"""A wcced on the CA's host of the lab, with everything of example 3.6 in the domain.

Run on that host: tests/lab/lab.py run -- python -m pytest tests/example.
"""

import pathlib
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / folder) for folder in ("foreign", "foreign/enterprise", "lab")]
pytest.register_assert_rewrite("enterprise_lab", "test_cases")

import enterprise_lab  # noqa: E402
from enterprise_fixtures import *  # noqa: E402, F403
from example_lab import DomainCa  # noqa: E402
from icpr import Credentials  # noqa: E402
from running import ends_well  # noqa: E402
from tallied import tally  # noqa: E402, F401


def account(user):
    return Credentials(DomainCa.domain, user, f"Passw0rd-{user.capitalize()}")


@pytest.fixture(scope="session")
def alice():
    return account("alice")


@pytest.fixture(scope="session")
def bob():
    return account("bob")


@pytest.fixture(scope="session")
def agent():
    return account("agent")


@pytest.fixture(scope="session")
def second_agent():
    return account("carol")


@pytest.fixture(scope="session")
def enterprise(tmp_path_factory, alice, bob, agent, second_agent, other_ca):
    folder = tmp_path_factory.mktemp("example")
    ca = DomainCa(folder, enterprise_lab.settings(folder, other_ca, "alice"))
    yield ca
    ends_well(ca, [alice, bob, agent, second_agent])
