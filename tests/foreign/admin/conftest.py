"""A CA with people for each of its roles."""

import pytest

import enterprise_lab
from staff import RIGHTS
from icpr import Credentials
from running import Ca, ends_well

FORBIDDEN = enterprise_lab.template("Forbidden", enroll=["Domain Admins"])


@pytest.fixture(scope="session")
def people():
    return {name: Credentials("LAB", name, f"Passw0rd-{name}") for name in RIGHTS}


def security():
    entries = "".join(
        f"(A;;{right:#x};;;{Ca.sid}-{rid})"
        for rid, right in enumerate(RIGHTS.values(), 1103) if right
    )
    return f"O:BAG:BAD:(A;;0x200;;;AU){entries}"


@pytest.fixture(scope="session")
def office(tmp_path_factory, people):
    users = list(people.values())
    ca = Ca(tmp_path_factory.mktemp("office"), users, "127.0.0.4", FORBIDDEN,
            {"enrollment": f'security = "{security()}"\n', "ca": 'key = "rsa-2048"\n'})
    yield ca
    ends_well(ca, users)
