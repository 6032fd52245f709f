"""Agents and other CAs for the tests of an enterprise CA, whichever CA the fixture `enterprise` is."""

import time

import pytest

from enterprise_lab import OtherCa, enrol


@pytest.fixture(scope="session")
def agent_identity(enterprise, agent):
    return enrol(enterprise, agent, "Agent")


@pytest.fixture(scope="session")
def second_agent_identity(enterprise, second_agent):
    return enrol(enterprise, second_agent, "Agent")


@pytest.fixture(scope="session")
def other_ca():
    return OtherCa("Other CA")


@pytest.fixture(scope="session")
def expired_agent(enterprise, agent):
    identity = enrol(enterprise, agent, "AgentShort")
    time.sleep(max(0, identity.parsed().not_valid_after_utc.timestamp() - time.time()) + 1.5)
    return identity


@pytest.fixture(scope="session")
def revoked_agent(enterprise, agent):
    """An agent's certificate that was revoked by `wcced revoke`, beside the running CA: it counts
    at once."""
    identity = enrol(enterprise, agent, "Agent")
    serial = f"{identity.parsed().serial_number:x}"
    [row] = [row for row in enterprise.rows() if row.get("SerialNumber", "").lstrip("0") == serial]
    enterprise.run("wcced", "revoke", "--config", enterprise.folder / "wcced.toml", "--id",
                   row["Request.RequestID"], "--reason", "1")
    return identity
