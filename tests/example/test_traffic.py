"""Steps A1 to A5 and C1 to C2 of example 3.6 in the LDAP traffic: what Wireshark reads there with the
domain controller's keytab, for it is sealed by Kerberos. Who asked is in the tickets."""

import contextlib
import dataclasses
import os
import subprocess
import time
from xml.etree import ElementTree

import pytest
from cryptography import x509

import lab
from enterprise_lab import Identity, assert_subject, connections, issued
from example_lab import CONTAINER, DOMAIN_WAYS
from running import BINARIES
from test_cases import KEY, on_behalf, renewal
from wireshark import by_keytab, recording, trees

SEARCH, ENTRY, MODIFY = "3", "4", "6"
NOTIFICATION = "1.2.840.113556.1.4.528"
SERVICE = CONTAINER.replace("CN=Certificate Templates", "CN=Enrollment Services")


@dataclasses.dataclass
class Message:
    """An LDAP message: when, by which connection, whether the CA's host sent it, by whom the
    connection is bound, and its fields."""

    time: float
    stream: str
    asked: bool
    account: str
    fields: ElementTree.Element

    def all(self, name):
        return [field.get("show") for field in self.fields.iter("field")
                if field.get("name") == f"ldap.{name}"]

    def one(self, name):
        return next(iter(self.all(name)), None)

    def is_(self, operation):
        return self.one("protocolOp") == operation

    def waits(self):
        """Whether it wants to be told of changes."""
        return self.asked and self.is_(SEARCH) and NOTIFICATION in self.all("controlType")

    def asks_for_templates(self):
        """Whether it reads the templates."""
        return (self.asked and self.is_(SEARCH) and not self.waits()
                and self.one("baseObject") == CONTAINER
                and "revision" in self.all("AttributeDescription"))


def dissected(file, keytab):
    """The LDAP messages of a recording."""
    accounts, messages = {}, []
    for packet in trees(file, "ldap", by_keytab(keytab)):

        def first(name):
            found = (field.get("show") for field in packet.iter("field")
                     if field.get("name") == name)
            return next(found, None)

        stream = first("tcp.stream")
        if account := first("kerberos.CNameString"):
            accounts[stream] = account
        asked = first("ip.src") == lab.ADDRESS["ca"]
        for field in packet.iter("field"):
            if field.get("name") == "ldap.LDAPMessage_element":
                time_ = float(first("frame.time_epoch"))
                messages.append(Message(time_, stream, asked, accounts.get(stream), field))
    return messages


@pytest.fixture(scope="module")
def keytab(tmp_path_factory):
    """The domain controller's keys."""
    file = tmp_path_factory.mktemp("dc") / "dc.keytab"
    lab.on("dc", "samba-tool", "domain", "exportkeytab", file, "--principal=DC1$",
           "-s", lab.DC / "etc" / "smb.conf")
    return file


def asks_the_directory(ca, who):
    """The client's search for templates ([MS-WCCE] 3.1.2), by OpenLDAP; their names."""
    found = subprocess.run(
        ["ldapsearch", "-Q", "-LLL", "-o", "ldif-wrap=no", "-Y", "GSSAPI",
         "-H", f"ldap://{lab.fqdn('dc')}", "-b", CONTAINER, "-s", "one",
         "(objectClass=pKICertificateTemplate)", "cn", "revision", "msPKI-RA-Signature"],
        env=lab.environment() | {"KRB5CCNAME": ca.cache(who)}, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    return [line[4:] for line in found.stdout.splitlines() if line.startswith("cn: ")]


def wcce(ca, who, *arguments):
    """Our own client, with tickets alone: the directory tells it where the CA is. What the CA
    remembers of accounts is too old by then."""
    time.sleep(1.2)
    done = subprocess.run(
        [BINARIES / "wcce", *map(str, arguments)], capture_output=True, text=True, timeout=60,
        env=os.environ | {"KRB5CCNAME": f"FILE:{ca.cache(who)}"})
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def traffic(enterprise, alice, agent, agent_identity, keytab, tmp_path_factory):
    """The example from the CA's start to the renewal: the messages, and when what was done."""
    ca, files, times = enterprise, tmp_path_factory.mktemp("traffic"), {}
    file = files / "ldap.pcapng"
    agent_identity.write(files / "agent.crt", files / "agent.key")
    for who in (agent, alice):
        ca.cache(who)
    ca.stop()

    @contextlib.contextmanager
    def step(name):
        begin = time.time()
        yield
        times[name] = (begin, time.time())

    with recording(file, "lab", "tcp port 389"):
        with step("A1"):
            ca.start()
        with step("A3"):
            ca.change_template("OnBehalfToo", 0x20)
        with step("A4"):
            assert "OnBehalf" in asks_the_directory(ca, agent)
        with connections(ca, "dcom kerberos", DOMAIN_WAYS) as connect, step("B"):
            answer = connect(agent).submit(on_behalf(alice, agent_identity.signer()))
            issued(ca, answer, alice)
        with step("C1"):
            assert "OnBehalf" in asks_the_directory(ca, alice)
        with connections(ca, "dcom kerberos", DOMAIN_WAYS) as connect, step("C"):
            issued(ca, connect(alice).submit(renewal(Identity(KEY, answer.certificate))), alice)
        with step("A4 to B4 by wcce"):
            wcce(ca, agent, "enroll", "--template", "OnBehalf", "--on-behalf-of", alice.account,
                 "--agent-cert", files / "agent.crt", "--agent-key", files / "agent.key",
                 "--out", files / "first")
        with step("C1 to C5 by wcce"):
            wcce(ca, alice, "renew", "--cert", files / "first.crt", "--key", files / "first.key",
                 "--out", files / "second")
    first, second = (x509.load_pem_x509_certificate((files / name).read_bytes())
                     for name in ("first.crt", "second.crt"))
    for certificate in (first, second):
        assert_subject(ca, certificate, alice)
    assert first.serial_number != second.serial_number
    ca.change_template("OnBehalfToo", 0x40)
    messages = dissected(file, keytab)

    def during(name):
        begin, end = times[name]
        return [message for message in messages if begin <= message.time <= end]

    return during


def searches(messages, account):
    """The one who searches for templates: the connection."""
    found = [one for one in messages if one.asks_for_templates()]
    assert found and {one.account.lower() for one in found} == {account.lower()}, found
    return found[0].stream


def answered(messages, stream):
    """The templates that came back by a connection."""
    return {one.one("objectName").split(",")[0][3:] for one in messages
            if one.stream == stream and one.is_(ENTRY)
            and one.one("objectName").endswith(f",{CONTAINER}")}


TEMPLATES = {"OnBehalf", "OnBehalfToo", "OnBehalfOfTwo", "Agent", "Plain"}


def test_a1_a2_the_ca_reads_the_templates(traffic, tally):
    begin = traffic("A1")
    stream = searches(begin, "CA1$")
    [search] = [one for one in begin if one.asks_for_templates()]
    assert "msPKI-RA-Application-Policies" in search.all("AttributeDescription")
    assert answered(begin, stream) >= TEMPLATES
    tally("ldap-traffic", "A1 and A2")


def test_a3_the_ca_is_told_of_changes(traffic, tally):
    waits = [one for one in traffic("A1") if one.waits()]
    assert {one.one("baseObject") for one in waits} >= {CONTAINER, SERVICE}
    [(stream, account)] = {(one.stream, one.account) for one in waits}
    assert account == "CA1$"
    change, template = traffic("A3"), f"CN=OnBehalfToo,{CONTAINER}"
    [modify] = [one for one in change if one.asked and one.is_(MODIFY)]
    assert (modify.one("object"), modify.account) == (template, "Administrator")
    told = [one for one in change if one.stream == stream and one.is_(ENTRY)
            and one.one("objectName") == template and one.time > modify.time]
    again = [one for one in change if one.stream == stream and one.asks_for_templates()]
    assert told[0].one("messageID") in [one.one("messageID") for one in waits]
    assert modify.time < told[0].time < again[0].time < modify.time + 1
    print(f"told after {told[0].time - modify.time:.3f} s, "
          f"read again {again[0].time - told[0].time:.3f} s later")
    tally("ldap-traffic", "A3")


BY_WCCE = ["A4 to B4 by wcce", "C1 to C5 by wcce"]


@pytest.mark.parametrize("step, account", [
    ("A4", "agent"), ("C1", "alice"), (BY_WCCE[0], "agent"), (BY_WCCE[1], "alice"),
])
def test_the_clients_read_the_templates(traffic, step, account, tally):
    during = traffic(step)
    assert answered(during, searches(during, account)) >= TEMPLATES
    tally("ldap-traffic", step)


@pytest.mark.parametrize("step", ["B", "C", *BY_WCCE])
def test_no_request_makes_the_ca_read_templates(traffic, step, tally):
    """What it asks for is the account alone."""
    asked = [one for one in traffic(step)
             if one.asked and one.is_(SEARCH) and one.account == "CA1$"]
    assert asked and not any(CONTAINER in one.one("baseObject") for one in asked)
    tally("ldap-traffic", step)
