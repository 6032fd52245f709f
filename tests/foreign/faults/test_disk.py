"""What wcced does when its disk is full, broken, read-only, or damaged.

Whatever happens: no certificate that a client received lacks its row, no serial number and no
request id is given twice, the client gets an HRESULT, the log says what to do, monitoring tells, and
service comes back. State lies on a small file system in memory; a shim below libc (shim.c) plays a
broken disk. The client is impacket.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import urllib.error
import urllib.request

import pytest
from cryptography import x509
from impacket.dcerpc.v5.rpcrt import DCERPCException

import csr
from icpr import Impacket, RpcFault
from running import PORT, Ca

HOST = "127.0.0.9"
MONITORING = 9180
ISSUED = 3
DISK_FULL, UNAVAILABLE = 0x80070070, 0x800706BA
EIO, ENOSPC, EROFS = 5, 28, 30
MIB = 1 << 20
REQUEST = csr.csr(csr.rsa_key())


class Disk:
    """A CA whose state is on a disk of its own, with all that it ever answered."""

    def __init__(self, folder, user, shim, settings="", size=200):
        self.user, self.folder = user, folder
        self.orders = folder / "orders"
        self.orders.write_text("")
        self.state = folder / "state"
        self.issued = {}
        environment = {"LD_PRELOAD": str(shim), "SHIM_ORDERS": str(self.orders),
                       "SHIM_FOLDER": str(self.state)}
        self.state.mkdir(mode=0o700)
        self.mount(f"size={size}m")
        outer = os.environ.copy()
        os.environ.update(environment)
        try:
            self.ca = Ca(folder, [user], HOST, settings={
                "http": f'monitoring = ["{HOST}:{MONITORING}"]\n', "store": settings,
                "ca": 'key = "ecdsa-p256"\n'})
        finally:
            os.environ.clear()
            os.environ.update(outer)
        self.environment = environment

    def mount(self, options):
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"mode=0700,{options}", "tmpfs", self.state],
                       check=True)

    def remount(self, options):
        subprocess.run(["mount", "-o", f"remount,{options}", self.state], check=True)

    def order(self, text):
        self.orders.write_text(text)

    def free(self):
        left = os.statvfs(self.state)
        return left.f_bavail * left.f_frsize

    def fill(self, left):
        """Takes room until so much is left."""
        with open(self.state / "ballast", "ab") as ballast:
            while (more := self.free() - left) > 0:
                try:
                    ballast.write(bytes(min(more, MIB)))
                    ballast.flush()
                except OSError:
                    break

    def make_room(self):
        (self.state / "ballast").unlink()

    def client(self):
        return Impacket(HOST, PORT, self.user)

    def enrol(self, client=None):
        """Status and disposition; what is issued is kept."""
        answer = (client or self.client()).request(
            Ca.name, REQUEST, ["CertificateTemplate:User"])
        if answer.disposition == ISSUED and answer.status == 0:
            assert answer.request_id not in self.issued, "a request id was given twice"
            self.issued[answer.request_id] = answer.certificate
        return answer

    def enrols(self, count=3):
        client = self.client()
        for _ in range(count):
            answer = self.enrol(client)
            assert (answer.status, answer.disposition) == (0, ISSUED), answer

    def enrols_until_it_fails(self, limit=100_000):
        client = self.client()
        for _ in range(limit):
            answer = self.enrol(client)
            if answer.status or answer.disposition != ISSUED:
                return answer
        raise AssertionError("it never fails")

    def ask(self, path):
        try:
            with urllib.request.urlopen(f"http://{HOST}:{MONITORING}{path}", timeout=20) as page:
                return page.status, page.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def start(self):
        outer = os.environ.copy()
        os.environ.update(self.environment)
        try:
            self.ca.start()
        finally:
            os.environ.clear()
            os.environ.update(outer)

    def restart(self):
        self.ca.stop()
        self.start()

    def kill(self):
        self.ca.process.send_signal(signal.SIGKILL)
        self.ca.process.wait()

    def fails_to_start(self):
        """Starts it where it cannot; what it says."""
        command = [self.ca_binary(), "serve", "--config", self.folder / "wcced.toml"]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60,
                             env=os.environ | self.environment)
        assert run.returncode not in (0, -signal.SIGABRT, -signal.SIGSEGV), run.stderr
        # sled's own panics are caught, and written to standard error all the same.
        return run.stderr

    @staticmethod
    def ca_binary():
        from running import BINARIES
        return BINARIES / "wcced"

    def everything_is_there(self):
        """Every certificate that was received is in the table, under its id, and none twice."""
        client = self.client()
        serials = set()
        for request_id, certificate in self.issued.items():
            answer = client.request(Ca.name, request_id=request_id)
            assert (answer.status, answer.disposition) == (0, ISSUED), (request_id, answer)
            assert answer.certificate == certificate, f"another certificate in row {request_id}"
            serials.add(x509.load_der_x509_certificate(certificate).serial_number)
        assert len(serials) == len(self.issued)
        text = subprocess.run([self.ca_binary(), "export", "--config",
                               self.folder / "wcced.toml"], check=True, capture_output=True,
                              text=True).stdout
        rows = [json.loads(line) for line in text.splitlines()]
        ids = [row["Request.RequestID"] for row in rows]
        numbers = [row["SerialNumber"] for row in rows if "SerialNumber" in row]
        assert len(set(ids)) == len(ids) and len(set(numbers)) == len(numbers)
        assert self.issued.keys() <= set(ids)

    def works_again(self):
        self.enrols()
        assert self.ask("/readyz")[0] == self.ask("/healthz")[0] == 200
        self.everything_is_there()

    def end(self):
        if self.ca.process.poll() is None:
            self.ca.stop()
        subprocess.run(["umount", "-l", self.state], check=True)
        assert "panicked at src" not in self.ca.log_text()


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    library = tmp_path_factory.mktemp("shim") / "shim.so"
    source = pathlib.Path(__file__).with_name("shim.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, source,
                    "-ldl", "-lpthread"], check=True)
    return library


@pytest.fixture
def disk(tmp_path, alice, shim):
    made = []

    def make(settings="", **options):
        made.append(Disk(tmp_path, alice, shim, settings, **options))
        return made[-1]
    yield make
    for one in made:
        one.end()


def test_a_disk_that_gets_full_stops_issuance_until_there_is_room(disk, tally):
    one = disk()
    one.enrols()
    one.fill(left=48 * MIB)
    client = one.client()
    for _ in range(3):
        answer = one.enrol(client)
        assert answer.status == DISK_FULL and not answer.certificate, answer
    code, text = one.ask("/readyz")
    assert code == 503 and "min_free_bytes" in text and "make room" in text
    assert one.ask("/healthz")[0] == 200, "no restart is needed"
    assert one.ca.log_text().count("nothing is issued until there is more room") == 1, "said once"
    # What matters most still goes: telling, and revoking.
    one.everything_is_there()
    first = min(one.issued)
    subprocess.run([one.ca_binary(), "revoke", "--id", str(first), "--config",
                    one.folder / "wcced.toml"], check=True, capture_output=True)
    one.make_room()
    del one.issued[first]
    one.works_again()
    assert "has room again" in one.ca.log_text()
    tally("disk-fault", "nearly full")


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
def test_a_disk_that_is_full_to_the_last_byte_loses_nothing(disk, kill, tally):
    one = disk("min_free_bytes = 0\n", size=24)
    one.enrols()
    one.fill(left=0)
    answer = one.enrols_until_it_fails()
    assert answer.status == UNAVAILABLE and not answer.certificate, answer
    one.is_out_of_service()
    one.make_room()
    one.is_out_of_service()
    one.kill() if kill else one.ca.stop()
    one.start()
    one.works_again()
    tally("disk-fault", f"full, {kill}")


def is_out_of_service(self):
    """For good: a write failed, and nobody knows what is on the disk."""
    for path in ("/healthz", "/readyz"):
        code, text = self.ask(path)
        assert code == 503 and "restart" in text, (path, code, text)
    for _ in range(2):
        answer = self.enrol()
        assert answer.status == UNAVAILABLE and not answer.certificate, answer
    log = self.ca.log_text()
    assert "the Request table is out of service" in log and "restart wcced" in log


Disk.is_out_of_service = is_out_of_service


@pytest.mark.parametrize("call, error", [
    ("fdatasync", EIO), ("pwrite", EIO), ("pwrite", ENOSPC),
], ids=str)
def test_a_write_or_sync_that_fails_once_is_never_believed_again(disk, call, error, tally):
    one = disk()
    one.enrols()
    one.order(f"{call} {error} 1")
    answer = one.enrols_until_it_fails(5)
    assert answer.status == UNAVAILABLE and not answer.certificate, answer
    assert one.orders.read_text().split()[-1] == "0", "the call failed once, and would work now"
    one.is_out_of_service()
    one.restart()
    one.works_again()
    tally("disk-fault", f"{call} {error}")


def test_a_disk_that_stays_broken_is_told_at_the_start(disk, tally):
    one = disk()
    one.enrols()
    one.ca.stop()
    one.order(f"fsync {EIO} -1")
    said = one.fails_to_start()
    assert "Input/output error" in said, said
    one.order("")
    one.start()
    one.works_again()
    tally("disk-fault", "start on a broken disk")


def test_a_read_only_disk_is_told_at_the_start(disk, tally):
    one = disk()
    one.enrols()
    one.ca.stop()
    one.remount("ro")
    said = one.fails_to_start()
    assert "Read-only file system" in said and str(one.state) in said, said
    one.remount("rw")
    one.start()
    one.works_again()
    tally("disk-fault", "read-only at the start")


def test_a_disk_that_becomes_read_only_fails_closed(disk, tally):
    """Files that are open can still be written, new ones cannot be made; then nothing goes."""
    one = disk()
    one.enrols()
    one.order(f"create {EROFS} -1")
    publish = subprocess.run([one.ca_binary(), "publish-crl", "--config",
                              one.folder / "wcced.toml"], capture_output=True, text=True)
    assert publish.returncode != 0 and "Read-only file system" in publish.stderr, publish
    one.everything_is_there()
    one.order(f"pwrite {EROFS} -1")
    answer = one.enrols_until_it_fails(5)
    assert answer.status == UNAVAILABLE and not answer.certificate, answer
    one.is_out_of_service()
    one.order("")
    one.restart()
    one.works_again()
    tally("disk-fault", "read-only while running")


def damaged(data, how):
    if how == "truncated":
        return data[:len(data) * 3 // 4]
    if how == "empty":
        return b""
    at = len(data) // 2
    return data[:at] + bytes(byte ^ 0x55 for byte in data[at:at + 4096]) + data[at + 4096:]


@pytest.mark.parametrize("how", ["truncated", "empty", "overwritten"])
def test_a_damaged_table_is_not_served(disk, how, tally):
    one = disk()
    one.enrols(300)
    one.ca.stop()
    table = next(one.state.rglob("db"))
    table = table if table.is_file() else table / "db"
    whole = one.folder / "whole"
    shutil.copytree(table.parent, whole)
    table.write_bytes(damaged(table.read_bytes(), how))
    said = one.fails_to_start()
    assert "restore a backup" in said, said
    shutil.rmtree(table.parent)
    shutil.copytree(whole, table.parent)
    one.start()
    one.works_again()
    tally("disk-fault", how)
