"""Example 3.6 of [MS-CERSOD] in a real domain, and every negative case, over ICertPassage and over
DCOM, with Kerberos and with domain NTLM: the tests of the embedded directory, with templates, users
and rights of Samba's domain controller. What changes there reaches the CA while it runs."""

import pytest

from enterprise_lab import connections, issued
from example_lab import DOMAIN_WAYS
from test_cases import *  # noqa: F403
from test_cases import on_behalf


@pytest.fixture(params=DOMAIN_WAYS)
def way(request, enterprise, alice, agent, agent_identity, tally):
    """Connects as somebody, by one of the interfaces and logons. In the end a good request works,
    and the server says who called and how."""
    with connections(enterprise, request.param, DOMAIN_WAYS) as connect:
        yield connect
        answer = connect(agent).submit(on_behalf(alice, agent_identity.signer()))
        issued(enterprise, answer, alice)
    tally("foreign-domain-example", request.node.name)
