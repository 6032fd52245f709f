#!/usr/bin/env python3
"""Soak: a running wcced under attack, while honest clients enrol and their latency is measured.

Run in a network namespace (`make soak`, or tests/netns.sh). By the environment:

  SOAK_SECONDS     how long each attack lasts (15; `--short` makes it a few seconds)
  SOAK_MANY        connections of the attacks that hold many (10000)
  SOAK_ATTACKS     names of the attacks, by default all
  SOAK_P99_MS      the most that the 99th percentile of honest clients may become (3000)
  WCCE_BIN         folder of the binaries (target/release; `--short`: target/debug)

What must hold for each attack: the server's memory (RSS) stays below the bound that the
configuration states; no honest request fails, and none takes too long; nothing panics; and
afterwards connections, files and memory are back.
"""

import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SHORT = "--short" in sys.argv
BIN = pathlib.Path(os.environ.setdefault(
    "WCCE_BIN", str(ROOT / "target" / ("debug" if SHORT else "release"))))
sys.path[:0] = [str(HERE), str(HERE.parent / "foreign")]

from attacks import ATTACKS  # noqa: E402
from icpr import Credentials, Impacket  # noqa: E402
from running import HOST, OBJECTS, PORT, Ca  # noqa: E402

import csr  # noqa: E402

SECONDS = float(os.environ.get("SOAK_SECONDS", 3 if SHORT else 15))
MANY = int(os.environ.get("SOAK_MANY", 300 if SHORT else 10_000))
P99 = float(os.environ.get("SOAK_P99_MS", 3000))
HTTP, MONITORING = 8080, 9180
HONEST = Credentials("LAB", "alice", "Passw0rd-Alice")
ACCOUNTS = [Credentials("LAB", f"mallory{n}", f"Passw0rd-Mallory{n}") for n in range(40)]
MIB = 1 << 20
NO_FILE = "cannot accept a connection error=Too many open files"


class Server:
    """The wcced, and what the system and its metrics tell of it."""

    def __init__(self, folder):
        settings = {
            "http": f'listen = ["{HOST}:{HTTP}"]\nmonitoring = ["{HOST}:{MONITORING}"]\n',
        }
        if SHORT:
            # Who vanished is missed sooner.
            settings["limits"] = 'transfer_time = "4s"\n'
        self.ca = Ca(folder, [HONEST, *ACCOUNTS], settings=settings)
        self.peak = 0
        self.sampling = threading.Event()
        threading.Thread(target=self.sample, daemon=True).start()

    @property
    def pid(self):
        return self.ca.process.pid

    def rss(self):
        with open(f"/proc/{self.pid}/status") as status:
            line = next(line for line in status if line.startswith("VmRSS"))
        return int(line.split()[1]) * 1024

    def sample(self):
        while not self.sampling.wait(0.1):
            try:
                self.peak = max(self.peak, self.rss())
            except (OSError, StopIteration):
                return

    def files(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def free_file(self):
        """The least file descriptor that is not in use."""
        used = set(map(int, os.listdir(f"/proc/{self.pid}/fd")))
        return next(number for number in range(len(used) + 1) if number not in used)

    def metrics(self):
        with urllib.request.urlopen(f"http://{HOST}:{MONITORING}/metrics", timeout=30) as page:
            lines = [line for line in page.read().decode().splitlines() if line[0] != "#"]
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    def connections(self):
        return self.metrics()['wcce_connections{protocol="rpc"}']

    def bound(self):
        """What config/wcced.toml says that wcced takes at most."""
        text = (self.ca.folder / "wcced.toml").read_text()

        def stated(name):
            return sum(map(int, re.findall(rf"^#?{name} = (\d+)$", text, re.MULTILINE)))
        connections = stated("connections")
        assert connections > 10_000, "limits.connections and http.connections"
        return (100 * MIB + 2 * stated("cache_capacity") + stated("buffered_bytes")
                + 32 * 1024 * connections)


def wcce_bench(server, name, seconds, *options):
    return subprocess.Popen(
        [BIN / "wcce", "bench", "--server", HOST, "--port", str(PORT), "--ca", server.ca.name,
         "--template", "User", "--user", r"LAB\alice", "--password-file", server.ca.folder / "pw",
         "--duration", f"{max(round(seconds), 1)}s", "--verify", "some", "--json", *options],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )


KINDS = {
    "kept": ["--connections", "4", "--interval", "40"],
    "new": ["--connections", "2", "--interval", "80", "--reconnect", "--auth", "ntlm"],
}


def honest(server, seconds):
    """Honest clients, for so long: on connections that they keep, and on new ones."""
    running = {kind: wcce_bench(server, kind, seconds, *KINDS[kind]) for kind in KINDS}

    def results():
        return {kind: json.loads(process.communicate(timeout=seconds + 120)[0])
                for kind, process in running.items()}
    return results


def one_line(report):
    latency = report["latency_ms"]
    numbers = "  ".join(f"{name} {latency[name] or 0:7.1f}" for name in ("p50", "p99", "max"))
    return f"{report['requests']:5} ok {report['failures']:2} failed  {numbers} ms"


def start_attack(name):
    values = {
        "host": HOST, "port": PORT, "objects_port": OBJECTS, "http_port": HTTP, "many": MANY,
        "seconds": SECONDS, "authority": Ca.name, "domain": "LAB",
        "accounts": [[who.user, who.password] for who in ACCOUNTS],
    }
    return subprocess.Popen([sys.executable, HERE / "attacks.py", name, json.dumps(values)],
                            stdout=subprocess.PIPE, text=True)


def phase(server, names):
    """Attacks by these names at once, with honest clients beside them."""
    before = server.rss()
    server.peak = before
    attackers = {name: start_attack(name) for name in names}
    for name, attacker in attackers.items():
        assert attacker.stdout.readline() == "ready\n", f"the attack {name} does not stand"
    measured = honest(server, SECONDS)
    most = 0
    while any(attacker.poll() is None for attacker in attackers.values()):
        try:
            most = max(most, server.connections())
        except OSError as error:
            print(f"  monitoring does not answer: {error}")
        time.sleep(0.5)
    reports = measured()
    for name, attacker in attackers.items():
        out = attacker.communicate()[0]
        assert attacker.returncode == 0, f"the attack {name} failed by itself"
        print(f"{name}: {out.strip()}")
    peak = server.peak
    print(f"  at most {most:.0f} connections, RSS at most {peak / MIB:.0f} MiB "
          f"(before {before / MIB:.0f})")
    for kind, report in reports.items():
        print(f"  honest, {kind:4} {one_line(report)}")
    return reports, peak


def wait_back(server, baseline, seconds=100):
    """Waits until the connections of the attackers are gone."""
    deadline = time.monotonic() + seconds
    while server.connections() > baseline["connections"] or server.files() > baseline["files"] + 8:
        assert time.monotonic() < deadline, "connections stay: " + str(
            (server.connections(), server.files(), baseline))
        time.sleep(0.2)


def out_of_files(server):
    """The process has no file descriptor left, for a while."""
    print("out-of-files: the server may open no more files")
    limits = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    failed = server.metrics()["wcce_accept_failed_total"]
    told = server.ca.log_text().count(NO_FILE)
    deadline = time.monotonic() + 60
    # The log tells of it once in ten seconds.
    while server.ca.log_text().count(NO_FILE) == told:
        assert time.monotonic() < deadline, "accepting failed, and nobody knows"
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (server.free_file(), limits[1]))
        try:
            impatient = wcce_bench(server, "new", 1, "--timeout", "2", *KINDS["new"])
            impatient.communicate(timeout=120)
        finally:
            resource.prlimit(server.pid, resource.RLIMIT_NOFILE, limits)
    assert server.metrics()["wcce_accept_failed_total"] > failed, "no accept failed"
    report = honest(server, 2)()
    for kind, one in report.items():
        print(f"  honest afterwards, {kind:4} {one_line(one)}")
        assert one["failures"] == 0 and one["requests"] > 0, one


def tally(name):
    if path := os.environ.get("WCCE_TALLY"):
        with open(path, "a") as out:
            out.write(f"soak {name}\n")


def groups():
    wanted = os.environ.get("SOAK_ATTACKS", "").split() or list(ATTACKS)
    if not SHORT:
        return [[name] for name in wanted]
    return [wanted[first::4] for first in range(4)]


def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), min(hard, 65536)))
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        server = Server(folder)
        try:
            (folder / "pw").touch(mode=0o600)
            (folder / "pw").write_text(HONEST.password + "\n")
            bound = server.bound()
            honest(server, 2)()
            baseline = {"connections": server.connections(), "files": server.files(),
                        "rss": server.rss()}
            print(f"at rest: RSS {baseline['rss'] / MIB:.0f} MiB, stated bound {bound / MIB:.0f} MiB")
            for kind, report in honest(server, SECONDS)().items():
                print(f"  honest, {kind:4} {one_line(report)}")
                assert report["failures"] == 0, report
            for names in groups():
                reports, peak = phase(server, names)
                wait_back(server, baseline)
                for kind, report in reports.items():
                    if report["failures"] or not report["requests"]:
                        failures.append(f"{names}: honest clients failed: {report}")
                    elif report["latency_ms"]["p99"] > P99:
                        failures.append(f"{names}: honest clients wait: {report}")
                if peak > bound:
                    failures.append(f"{names}: RSS {peak} is above {bound}")
                print(f"  afterwards: RSS {server.rss() / MIB:.0f} MiB, {server.files()} files")
                for name in names:
                    tally(name)
            out_of_files(server)
            tally("out-of-files")
            wait_back(server, baseline)
            key = csr.rsa_key()
            client = Impacket(HOST, PORT, HONEST)
            answer = client.request(Ca.name, csr.csr(key), ["CertificateTemplate:User"])
            assert answer.disposition == 3, answer
            print("an enrolment by impacket afterwards: issued")
            log = server.ca.log_text()
            print(f"log: {len(log)} bytes, {log.count(' WARN ')} warnings, "
                  f"{log.count(' ERROR ')} errors")
            assert "panicked" not in log, "something panicked"
            if log.count(" ERROR "):
                failures.append(next(line for line in log.splitlines() if " ERROR " in line))
            if len(log) > 64 * MIB:
                failures.append("attackers fill the disk with the log")
        except BaseException:
            print(server.ca.log_text()[-4000:], file=sys.stderr)
            raise
        finally:
            server.sampling.set()
            code = server.ca.stop()
        assert code == 0, f"wcced ended with {code}"
    for failure in failures:
        print("FAILED:", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
