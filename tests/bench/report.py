"""Measures a running wcced, and cfssl beside it, and prints tables in Markdown.

    report.py issuing      rates by kind of CA key, interface and connections, against raw signatures
    report.py cfssl        cfssl signing the same requests over HTTP, for comparison
    report.py table ROWS…  the same CA with tables of so many rows
    report.py kerberos     rates with tickets; on the CA's host of the lab (tests/lab/lab.py run)

WCCE_BIN names the folder of the binaries; SECONDS_EACH how long each line is measured (5).
"""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = pathlib.Path(os.environ.get("WCCE_BIN", ROOT / "target" / "release"))
SECONDS = int(os.environ.get("SECONDS_EACH", "5"))
KEYS = ("rsa-2048", "rsa-4096", "ecdsa-p256", "ecdsa-p384")
CONNECTIONS = 16
TICKS = os.sysconf("SC_CLK_TCK")
CFSSL_PORT = 13888  # below those that clients get


def run(*command, **options):
    done = subprocess.run(list(map(str, command)), text=True, capture_output=True, **options)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


class Process:
    """A server that is measured from outside."""

    def __init__(self, command, log):
        self.process = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log)
        self.stat = pathlib.Path(f"/proc/{self.process.pid}/stat")
        self.status = pathlib.Path(f"/proc/{self.process.pid}/status")

    def cpu(self):
        """Seconds of processor time so far, user and system."""
        fields = self.stat.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self):
        """Resident memory in MiB."""
        return int(re.search(r"VmRSS:\s+(\d+)", self.status.read_text())[1]) // 1024

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=120)


class Wcced:
    """A CA of its own on loopback, with an embedded directory."""

    def __init__(self, folder, key):
        self.folder = folder
        made = run(BINARIES / "wcced", "init", "--demo", "--folder", folder, "--netbios", "LAB",
                   "--dns", "lab.test", "--subject", "CN=Bench CA")
        password = folder / "password"
        password.touch(0o600)
        password.write_text(re.search(r"^account .*, password (.*)$", made, re.M)[1])
        config = folder / "wcced.toml"
        text, count = re.subn(r"^#key = .*", f'key = "{key}"', config.read_text(), flags=re.M)
        assert count == 1
        config.write_text(text)
        self.server = ("--server", "127.0.0.1", "--epm-port", "13500")
        self.login = ("--user", r"LAB\alice", "--password-file", password)
        self.start()

    def start(self):
        """Starts it; returns how long it took until it answered, in seconds."""
        begin = time.monotonic()
        with open(self.folder / "log", "a") as log:
            self.process = Process(
                [BINARIES / "wcced", "serve", "--config", self.folder / "wcced.toml"], log)
        while subprocess.run([BINARIES / "wcce", "ping", *self.server], capture_output=True).returncode:
            assert self.process.process.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.02)
        return time.monotonic() - begin

    def load(self, *options, connections=CONNECTIONS, seconds=SECONDS):
        return load(self.process, "Bench CA", *self.server, *self.login, *options,
                    connections=connections, seconds=seconds)


def load(process, name, *options, connections=CONNECTIONS, seconds=SECONDS):
    """Issues certificates for some seconds; the client's report, with the server's time for each."""
    bench = [BINARIES / "wcce", "bench", "--ca", name, "--template", "User", "--verify", "some",
             "--json", "--connections", connections, *options]
    run(*bench, "--requests", 2 * connections)
    before = process.cpu()
    report = json.loads(run(*bench, "--duration", f"{seconds}s"))
    assert report["failures"] == 0, report
    report["cpu_us"] = (process.cpu() - before) / report["requests"] * 1e6
    return report


@contextlib.contextmanager
def wcced(key):
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as folder:
        ca = Wcced(pathlib.Path(folder) / "ca", key)
        try:
            yield ca
        finally:
            ca.process.stop()


def heading(*columns):
    print("\n| " + " | ".join(columns) + " |")
    print("|" + "---|" * len(columns), flush=True)


def line(*cells):
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def milliseconds(value):
    return f"{value:.1f} ms"


def signatures():
    """Microseconds of a signature by each kind of key and of the verification of a request, as the
    criterion bench `signing` measured them in aws-lc-rs; and OpenSSL's rates beside them."""
    micros = {}
    for name in (*(f"sign {key}" for key in KEYS), "verify rsa-2048"):
        estimates = ROOT / "target" / "criterion" / name / "new" / "estimates.json"
        micros[name] = json.loads(estimates.read_text())["mean"]["point_estimate"] / 1000
    names = {"rsa-2048": "rsa2048", "rsa-4096": "rsa4096", "ecdsa-p256": "ecdsap256",
             "ecdsa-p384": "ecdsap384"}
    heading("one thread", "aws-lc-rs, signatures/s", "openssl speed, signatures/s")
    for key in KEYS:
        said = run("openssl", "speed", "-mr", "-seconds", 2, names[key])
        rate = float(re.search(r"^\+F[24]:\d+:\d+:([\d.]+)", said, re.M)[1])
        line(key, f"{1e6 / micros[f'sign {key}']:,.0f}", f"{rate:,.0f}")
    print(f"\nVerifying a request's RSA-2048 signature: {micros['verify rsa-2048']:.0f} µs")
    return micros


def issuing():
    micros = signatures()
    heading("CA key", "interface, logon", "connections", "certificates/s", "p50", "p99",
            "server CPU each", "signature + verification", "ratio")
    kept, new = f"{CONNECTIONS}, kept", f"{CONNECTIONS}, new each"
    icpr, dcom = ("icpr", "SPNEGO with NTLM"), ("dcom", "SPNEGO with NTLM")
    cases = [(key, *icpr, kept) for key in KEYS]
    cases += [("ecdsa-p256", "icpr", "NTLM", kept), ("ecdsa-p256", *dcom, kept),
              ("ecdsa-p256", *icpr, new), ("ecdsa-p256", *dcom, new), ("rsa-2048", *icpr, new),
              ("ecdsa-p256", *icpr, "1, kept")]
    for key, rpc, logon, connections in cases:
        with wcced(key) as ca:
            options = ["--rpc", rpc, "--auth", "ntlm" if logon == "NTLM" else "negotiate"]
            options += ["--reconnect"] if connections == new else []
            report = ca.load(*options, connections=int(connections.split(",")[0]))
        least = micros[f"sign {key}"] + micros["verify rsa-2048"]
        line(key, f"{rpc}, {logon}", connections, f"{report['rate']:,.0f}",
             milliseconds(report["latency_ms"]["p50"]), milliseconds(report["latency_ms"]["p99"]),
             f"{report['cpu_us']:.0f} µs", f"{least:.0f} µs", f"{report['cpu_us'] / least:.2f}")


WRK = """
local file = io.open("{body}", "rb")
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "application/json"
local threads = {{}}
function setup(thread) table.insert(threads, thread) end
function init() failed = 0 end
function response(status, headers, body)
  if status ~= 200 or not string.find(body, "BEGIN CERTIFICATE", 1, true) then failed = failed + 1 end
end
function done(summary, latency)
  local failed = 0
  for _, thread in ipairs(threads) do failed = failed + thread:get("failed") end
  io.write(string.format("RESULT %d %d %d %f %f\\n", summary.requests, summary.duration, failed,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
"""


def cfssl():
    """`cfssl serve` signs the same kind of request: HTTP with keep-alive, no logon, no table."""
    heading("cfssl, CA key", "connections", "certificates/s", "p50", "p99", "server CPU each")
    for key in KEYS:
        with tempfile.TemporaryDirectory() as folder:
            print_cfssl(pathlib.Path(folder), key)


def print_cfssl(folder, key):
    kind, size = key.split("-")
    kind_of_key = ["rsa:" + size] if kind == "rsa" else ["ec", "-pkeyopt", f"ec_paramgen_curve:{size.upper().replace('P', 'P-')}"]
    run("openssl", "req", "-x509", "-newkey", *kind_of_key, "-nodes", "-keyout", folder / "ca.key", "-out",
        folder / "ca.pem", "-days", 3650, "-subj", "/CN=Bench CA")
    run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "key", "-out",
        folder / "request.pem", "-subj", "/CN=bench")
    profile = {"signing": {"default": {"expiry": "8760h", "usages": ["client auth", "email protection"]}}}
    (folder / "config.json").write_text(json.dumps(profile))
    body = {"certificate_request": (folder / "request.pem").read_text(), "hosts": ["bench.lab.test"]}
    (folder / "body.json").write_text(json.dumps(body))
    (folder / "load.lua").write_text(WRK.format(body=folder / "body.json"))
    with open(folder / "log", "w") as log:
        server = Process(["cfssl", "serve", "-address", "127.0.0.1", "-port", CFSSL_PORT, "-ca", folder / "ca.pem",
                          "-ca-key", folder / "ca.key", "-config", folder / "config.json"], log)
    try:
        wrk = ["wrk", "-t2", f"-c{CONNECTIONS}", "-s", folder / "load.lua"]
        url = f"http://127.0.0.1:{CFSSL_PORT}/api/v1/cfssl/sign"
        deadline = time.monotonic() + 20
        while subprocess.run(["curl", "-s", "-o", "/dev/null", url]).returncode:
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.05)
        run(*wrk, "-d1s", url)
        before = server.cpu()
        said = run(*wrk, f"-d{SECONDS}s", url)
        cpu = server.cpu() - before
    finally:
        server.stop()
    count, duration, failed, p50, p99 = map(float, re.search(r"RESULT (.*)", said)[1].split())
    assert count and not failed, said
    line(key, f"{CONNECTIONS}, kept", f"{count / duration * 1e6:,.0f}", milliseconds(p50), milliseconds(p99),
         f"{cpu / count * 1e6:.0f} µs")


def table(sizes):
    """One CA whose table grows by copies of a row that it issued."""
    heading("rows", "certificates/s", "p50", "p99", "server CPU each", "start until it answers",
            "memory after the start", "table on disk")
    with wcced("ecdsa-p256") as ca:
        issued = 0
        for rows in (0, *sizes):
            started, memory = 0, ca.process.memory()
            if rows > issued:
                ca.process.stop()
                fill(find_database(ca.folder), rows)
                started = ca.start()
                memory = ca.process.memory()
            issued = max(issued, rows)
            begin, report = issued, ca.load()
            issued += report["requests"] + 2 * CONNECTIONS
            disk = sum(f.stat().st_blocks * 512 for f in find_database(ca.folder).rglob("*"))
            line(f"{begin:,}", f"{report['rate']:,.0f}", milliseconds(report["latency_ms"]["p50"]),
                 milliseconds(report["latency_ms"]["p99"]), f"{report['cpu_us']:.0f} µs", f"{started:.2f} s",
                 f"{memory} MiB", f"{disk / 2**20:,.0f} MiB")


def find_database(folder):
    return next((folder / "state").rglob("conf")).parent


def fill(folder, rows):
    environment = os.environ | {"WCCE_FILL": str(folder), "WCCE_ROWS": str(rows)}
    run("cargo", "test", "--release", "--locked", "--test", "fill_table", "--", "--ignored", cwd=ROOT,
        env=environment)


def kerberos():
    sys.path[:0] = [str(ROOT / "tests" / "kerberos")]
    os.environ.setdefault("WCCE_BIN", str(BINARIES))
    import conftest

    heading("Kerberos, CA key", "interface", "connections", "certificates/s", "p50", "p99",
            "server CPU each")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        cache = conftest.tickets(folder, "alice")
        (folder / "ca").mkdir()
        ca = conftest.Ca(folder / "ca", 'ntlm = "refuse"\n')
        try:
            measured = Process.__new__(Process)
            measured.stat = pathlib.Path(f"/proc/{ca.process.pid}/stat")
            for rpc in ("icpr", "dcom"):
                for connections in (f"{CONNECTIONS}, kept", f"{CONNECTIONS}, new each"):
                    new = ["--reconnect"] if "new" in connections else []
                    report = load(measured, ca.name, "--server", conftest.HOST, "--ccache",
                                  f"FILE:{cache}", "--rpc", rpc, *new)
                    line("ecdsa-p384", rpc, connections, f"{report['rate']:,.0f}",
                         milliseconds(report["latency_ms"]["p50"]), milliseconds(report["latency_ms"]["p99"]),
                         f"{report['cpu_us']:.0f} µs")
        finally:
            ca.stop()


if __name__ == "__main__":
    what, *arguments = sys.argv[1:] or ["--help"]
    if what == "issuing":
        issuing()
    elif what == "cfssl":
        cfssl()
    elif what == "table" and arguments:
        table([int(rows) for rows in arguments])
    elif what == "kerberos":
        kerberos()
    else:
        sys.exit(__doc__)
