"""The attacks of the soak test, each a function that goes on until its time is over and returns what
it did. Run as a process of its own: `attacks.py NAME SETTINGS`, settings and result in JSON."""

import json
import os
import random
import resource
import selectors
import socket
import struct
import sys
import time

import wire
from wire import (ALTER, AUTH3, BIND, EPM, FIRST, ICERTPASSAGE, LAST, MGMT, MULTIPLEX,
                  REQUEST, RESPONSE, Association, bind_body, dial, pdu, trailer)

TCP_REPAIR = 19
ATTACKS = {}


class Settings:
    """Where, how long, how many; `many` is the number of connections that are meant by many."""

    def __init__(self, values):
        self.__dict__.update(values)
        self.icpr, self.epm, self.objects = (self.host, self.port), (self.host, 135), (
            self.host, self.objects_port)
        self.http, self.end = (self.host, self.http_port), time.monotonic() + 240

    def account(self, number):
        user, password = self.accounts[number % len(self.accounts)]
        return user, self.domain, password

    def ready(self):
        """The attack stands: its time begins."""
        print("ready", flush=True)
        self.end = time.monotonic() + self.seconds

    def goes_on(self):
        return time.monotonic() < self.end


def attack(function):
    ATTACKS[function.__name__.replace("_", "-")] = function
    return function


def drip(settings, openings, data, pause=1.0):
    """Opens connections by `openings`, then sends one byte of `data` over each per second."""
    clients, sent, closed = [], 0, 0
    for opening in openings:
        if not settings.goes_on():
            break
        try:
            clients.append(opening())
        except OSError:
            closed += 1
    opened, at = len(clients), 0
    settings.ready()
    while settings.goes_on():
        for client in list(clients):
            try:
                client.send(data[at % len(data):at % len(data) + 1])
                sent += 1
            except OSError:
                clients.remove(client)
                closed += 1
        at += 1
        time.sleep(min(pause, max(settings.end - time.monotonic(), 0)))
    return {"connections": opened, "bytes": sent, "closed": closed}


def hold(settings, clients):
    """Keeps connections; how many the server has closed by the end."""
    while settings.goes_on():
        time.sleep(0.1)
    closed = 0
    for client in clients:
        try:
            client.setblocking(False)
            closed += client.recv(65536) == b""
        except BlockingIOError:
            pass
        except OSError:
            closed += 1
    return closed


def attempts(settings, many, attempt):
    """Calls `attempt` so many times, or until the time is over; results and failures."""
    done, failed = [], 0
    for number in range(many):
        if not settings.goes_on():
            break
        try:
            done.append(attempt(number))
        except OSError:
            failed += 1
    return done, failed


@attack
def idle_associations(settings):
    """Logged on, and then nothing."""
    opened, failed = attempts(settings, settings.many,
                              lambda n: Association(settings.icpr, settings.account(n)))
    settings.ready()
    closed = hold(settings, [one.socket for one in opened])
    return {"connections": len(opened), "failed": failed, "closed": closed}


@attack
def busy_associations(settings):
    """Logged on, each calling again and again: every call is sealed, and looked up in the table."""
    opened, failed = attempts(settings, settings.many // 10 or 1,
                              lambda n: Association(settings.icpr, settings.account(n)))
    settings.ready()
    selector, answers = selectors.DefaultSelector(), {}
    retrieval = retrieval_stub(settings.authority)
    for one in opened:
        one.send(one.fragment(0, retrieval))
        selector.register(one.socket, selectors.EVENT_READ, one)
    while settings.goes_on():
        for key, _ in selector.select(0.2):
            one = key.data
            try:
                ptype, flags, _ = wire.read_pdu(one.socket)
                answers[ptype] = answers.get(ptype, 0) + 1
                if flags & LAST:
                    one.call_id += 1
                    one.send(one.fragment(0, retrieval))
            except OSError:
                failed += 1
                selector.unregister(one.socket)
    return {"connections": len(opened), "failed": failed, "responses": answers.get(RESPONSE, 0),
            "faults": answers.get(wire.FAULT, 0)}


def retrieval_stub(authority):
    """CertServerRequest for a request that is not there."""
    name = (authority + "\0").encode("utf-16-le")
    count = len(name) // 2
    stub = struct.pack("<IIIII", 0, 1, count, 0, count) + name + bytes(-len(name) % 4)
    return stub + struct.pack("<I", 0x7FFFFFFF) + struct.pack("<IIII", 0, 0, 0, 0)


@attack
def slow_headers(settings):
    """A byte per second of a bind."""
    data = pdu(BIND, bind_body([(0, ICERTPASSAGE)]))
    targets = [settings.icpr, settings.epm, settings.objects]
    openings = (lambda n=n: dial(targets[n % 3]) for n in range(settings.many))
    return drip(settings, openings, data)


@attack
def slow_fragments(settings):
    """A request in many fragments, a byte per second."""
    def opening():
        one = Association(settings.epm, interface=EPM)
        one.send(one.fragment(3, bytes(512), FIRST))
        return one.socket
    data = pdu(REQUEST, wire.request_body(3, bytes(512)), 0)
    return drip(settings, (opening for _ in range(settings.many)), data)


@attack
def slow_logons(settings):
    """NTLM up to the challenge, and then a byte per second."""
    def opening():
        client = dial(settings.icpr)
        client.sendall(pdu(BIND, bind_body([(0, ICERTPASSAGE)]),
                           auth=trailer(wire.negotiate().getData())))
        wire.read_pdu(client)
        return client
    data = pdu(AUTH3, b"    ", auth=trailer(bytes(200)))
    return drip(settings, (opening for _ in range(settings.many)), data)


@attack
def unfinished_logons(settings):
    """As many NTLM exchanges as can be begun, none of them finished, some on one connection."""
    settings.ready()
    first = wire.negotiate().getData()
    opened, begun = [], 0
    while settings.goes_on():
        try:
            client = dial(settings.icpr)
            client.sendall(pdu(BIND, bind_body([(0, ICERTPASSAGE)]), auth=trailer(first)))
            wire.read_pdu(client)
            begun += 1
            for context in range(1, 6):
                client.sendall(pdu(ALTER, bind_body([(0, ICERTPASSAGE)]), call=2,
                                   auth=trailer(first, context=context)))
                if wire.read_pdu(client)[0] != wire.ALTER + 1:
                    break
                begun += 1
        except OSError:
            continue
        opened.append(client)
        if len(opened) > settings.many:
            opened.pop(0).close()
    return {"begun": begun}


@attack
def half_open(settings):
    """Clients that vanish without a word: the server's end of the connection stays."""
    def vanish(_):
        client = Association(settings.icpr).socket
        client.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        client.close()
    gone, failed = attempts(settings, settings.many, vanish)
    settings.ready()
    while settings.goes_on():
        time.sleep(0.1)
    return {"connections": len(gone), "failed": failed}


@attack
def fragment_flood(settings):
    """Who may log on sends requests that are as large as they may be, and never ends them."""
    opened, failed = attempts(settings, settings.many // 20 or 1,
                              lambda n: Association(settings.icpr, settings.account(n)))
    settings.ready()
    sent, faults = 0, 0
    live = list(opened)
    piece = bytes(5600)
    for one in live:
        one.socket.settimeout(2)
    first = True
    while settings.goes_on() and live:
        for one in list(live):
            try:
                # Up to just below the largest call.
                if one.sequence * len(piece) > 4_100_000:
                    continue
                one.send(one.fragment(0, piece, FIRST if first else 0))
                sent += len(piece)
            except OSError:
                live.remove(one)
        first = False
        if all(one.sequence * len(piece) > 4_100_000 for one in live):
            time.sleep(0.1)
    for one in opened:
        try:
            faults += wire.read_pdu(one.socket)[0] == wire.FAULT if one not in live else 0
        except OSError:
            pass
    return {"connections": len(opened), "failed": failed, "bytes": sent, "shut": len(opened) - len(live),
            "faults": faults}


@attack
def claims(settings):
    """Sizes of 4 GiB and 64 KiB that are claimed and never come, in headers and in stubs."""
    def claim(number):
        kind = number % 4
        if kind == 0:
            client = dial(settings.icpr)
            client.sendall(pdu(BIND, bind_body([(0, ICERTPASSAGE)]), length=65535))
        elif kind == 1:
            one = Association(settings.epm, interface=EPM)
            one.send(one.fragment(3, bytes(64), FIRST, alloc_hint=0xFFFFFFFF))
            client = one.socket
        elif kind == 2:
            one = Association(settings.icpr, settings.account(number))
            one.send(one.fragment(0, bytes(64), FIRST, alloc_hint=0xFFFFFFFF))
            client = one.socket
        else:
            one = Association(settings.icpr, settings.account(number))
            lie = wire.enrollment(settings.authority, bytes(64), "", claim=0xFFFFFFF0)
            one.send(one.fragment(0, lie))
            client = one.socket
        return client
    settings.ready()
    opened = []
    made = failed = 0
    while settings.goes_on():
        try:
            opened.append(claim(made + failed))
            made += 1
        except OSError:
            failed += 1
        if len(opened) > settings.many:
            opened.pop(0).close()
    return {"claims": made, "failed": failed}


@attack
def bind_flood(settings):
    """Binds with as many contexts as fit, of all authentication types, again and again."""
    contexts = bind_body([(n, (ICERTPASSAGE, EPM, MGMT)[n % 3]) for n in range(250)])
    token = wire.negotiate().getData()
    settings.ready()
    binds = connections = 0
    while settings.goes_on():
        try:
            client = dial(settings.icpr, timeout=2)
            connections += 1
            client.sendall(pdu(BIND, contexts))
            for turn in range(20):
                auth = trailer(token, (9, 10, 14, 16, 68, 0, 255)[turn % 7], context=turn)
                client.sendall(pdu(ALTER, contexts, call=2 + turn, auth=auth if turn % 2 else b""))
                binds += 1
                wire.read_pdu(client)
        except OSError:
            pass
        finally:
            client.close()
    return {"connections": connections, "binds": binds}


@attack
def garbage(settings):
    """Noise, also behind a good beginning, at every port."""
    random.seed(settings.seconds)
    targets = [settings.icpr, settings.epm, settings.objects, settings.http]
    good = pdu(BIND, bind_body([(0, ICERTPASSAGE)]))
    settings.ready()
    sent = connections = 0
    while settings.goes_on():
        try:
            with dial(targets[connections % 4], timeout=2) as client:
                connections += 1
                data = random.randbytes(random.choice((1, 16, 100, 5000, 70000)))
                if connections % 2:
                    at = random.randrange(len(good))
                    data = good[:at] + data
                client.sendall(data)
                sent += len(data)
        except OSError:
            pass
    return {"connections": connections, "bytes": sent}


@attack
def connect_flood(settings):
    """Connections as fast as they can be made, from many addresses, kept as long as they last."""
    settings.ready()
    opened, made, failed = [], 0, 0
    targets = [settings.icpr, settings.epm, settings.objects]
    while settings.goes_on():
        try:
            opened.append(dial(targets[made % 3]))
            made += 1
        except OSError:
            failed += 1
        if len(opened) > settings.files - 100:
            for client in opened[:100]:
                client.close()
            del opened[:100]
    return {"connections": made, "failed": failed}


@attack
def request_flood(settings):
    """Calls on one association, multiplexed, whose answers nobody reads; as somebody and as nobody."""
    settings.ready()
    sent = connections = 0
    while settings.goes_on():
        one = None
        try:
            who = settings.account(connections) if connections % 2 else None
            target, interface = (settings.icpr, ICERTPASSAGE) if who else (settings.epm, EPM)
            one = Association(target, who, interface=interface, flags=MULTIPLEX)
            connections += 1
            one.socket.settimeout(1)
            stub = retrieval_stub(settings.authority) if who else bytes(256)
            while settings.goes_on():
                one.send(one.fragment(0 if who else 3, stub))
                one.call_id += 1
                sent += 1
        except OSError:
            pass
        if one:
            one.socket.close()
    return {"connections": connections, "requests": sent}


@attack
def slow_http(settings):
    """HTTP heads and OCSP requests, a byte per second; and a CRL that is read slowly."""
    head = b"GET /ocsp HTTP/1.1\r\nHost: ca\r\nX-Long: "
    body = (b"POST /ocsp HTTP/1.1\r\nHost: ca\r\nContent-Type: application/ocsp-request\r\n"
            b"Content-Length: 4000\r\n\r\n")

    def opening(number):
        client = dial(settings.http)
        client.sendall(head if number % 2 else body)
        return client
    many = min(settings.many, 2000)
    return drip(settings, (lambda n=n: opening(n) for n in range(many)), b"x")


def main(name, text):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    values = json.loads(text)
    values["files"] = min(hard, 20_000)
    resource.setrlimit(resource.RLIMIT_NOFILE, (values["files"], hard))
    # On a real network attackers do not take the server's processors.
    os.nice(10)
    print(json.dumps(ATTACKS[name](Settings(values))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
