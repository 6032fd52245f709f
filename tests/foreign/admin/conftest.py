"""A CA with people for each of its roles."""

import pytest

from staff import FORBIDDEN, RIGHTS, security
from icpr import Credentials
from running import Ca, ends_well


@pytest.fixture(scope="session")
def people():
    return {name: Credentials("LAB", name, f"Passw0rd-{name}") for name in RIGHTS}


@pytest.fixture(scope="session")
def office(tmp_path_factory, people):
    users = list(people.values())
    ca = Ca(tmp_path_factory.mktemp("office"), users, "127.0.0.4", FORBIDDEN,
            {"enrollment": f'security = "{security()}"\n', "ca": 'key = "rsa-2048"\n'})
    yield ca
    ends_well(ca, users)
