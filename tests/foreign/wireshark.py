"""Wireshark's dissectors on what a test has recorded: what they open, and what they complain of."""

import contextlib
import signal
import subprocess
import time
from xml.etree import ElementTree

from running import OBJECTS, PORT

MAPPER = 135


OUR_PORTS = " or ".join(f"tcp port {port}" for port in (MAPPER, OBJECTS, PORT))


@contextlib.contextmanager
def recording(file, interface="lo", ports=OUR_PORTS):
    """Records what an interface sees at these ports into the file."""
    dumpcap = subprocess.Popen(
        ["dumpcap", "-q", "-i", interface, "-f", ports, "-w", file], stderr=subprocess.PIPE,
        text=True,
    )
    try:
        for line in dumpcap.stderr:
            if line.startswith("File:"):
                break
        else:
            raise AssertionError("dumpcap does not record")
        yield
        time.sleep(0.5)  # the last packets reach the file
        dumpcap.send_signal(signal.SIGINT)
        dumpcap.wait(timeout=10)
    finally:
        dumpcap.kill()
        dumpcap.wait()


def by_password(password):
    """What opens what NTLM has sealed."""
    return ["-o", f"ntlmssp.nt_password:{password}"]


def by_keytab(file):
    """What opens what Kerberos has sealed."""
    return ["-o", "kerberos.decrypt:TRUE", "-o", f"kerberos.file:{file}"]


def tshark(file, condition, *fields, opened=()):
    """The fields of each frame that fulfils the condition."""
    columns = [part for field in fields for part in ("-e", field)]
    command = ["tshark", "-n", "-r", file, "-d", f"tcp.port=={OBJECTS},dcerpc",
               "-d", f"tcp.port=={PORT},dcerpc", *opened,
               "-Y", condition, "-T", "fields", *columns]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    return [line.split("\t") for line in run.stdout.splitlines()]


def trees(file, condition, opened=()):
    """Each frame that fulfils the condition with all that is known of it, as XML."""
    command = ["tshark", "-n", "-r", file, *opened, "-Y", condition, "-T", "pdml"]
    run = subprocess.run(command, capture_output=True, timeout=120)
    assert run.returncode == 0, run.stderr.decode()
    return ElementTree.fromstring(run.stdout).iter("packet")


OURS = "dcerpc and (" + " or ".join(
    f"tcp.srcport == {port}" for port in (MAPPER, OBJECTS, PORT)
) + ")"
MARKS = "(_ws.malformed or _ws.expert.severity >= warning)"
# The dissector of ServerAlive2 does not read the answer's last bytes and says so; it says the same
# of Windows (below).
LONG_FRAME = "Long frame"


def marks(file, opened=()):
    """What it complains of in what the server sent."""
    found = tshark(
        file, f"{OURS} and {MARKS}", "frame.number", "_ws.col.Info", "_ws.expert.message",
        opened=opened,
    )
    return [mark for mark in found if not ("ServerAlive2" in mark[1] and mark[2] == LONG_FRAME)]


def sealed_and_shown(file, opened, condition=OURS):
    """How many sealed stubs there are, and how many of them are dissected or shown in clear."""
    sealed = f"{condition} and dcerpc.encrypted_stub_data"
    clear = f"{sealed} and (dcom or dcerpc.decrypted_stub_data)"
    return tuple(len(tshark(file, one, "frame.number", opened=opened)) for one in (sealed, clear))
