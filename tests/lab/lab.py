#!/usr/bin/python3
"""A domain for tests: a Samba AD domain controller and a host for the CA, each in network, mount
and UTS namespaces of its own, joined by a cable (a veth pair).

    lab.py run [--host ca|dc] [--] COMMAND…   starts the domain, runs a command on the CA's host,
                                              stops the domain; the exit code is the command's
    lab.py up | down                          the same by hand
    lab.py on [--host ca|dc] COMMAND…         runs a command on a host of the running domain
    lab.py stop-dc | start-dc                 the domain controller alone
    lab.py unplug | plug                      the cable
    lab.py tickets USER PASSWORD CCACHE       a TGT and service tickets, by MIT's tools
    lab.py join                               joins the CA's host by Samba's tools; runs winbindd

Everything is kept in target/lab of the project, or in the folder that WCCE_LAB names. Passwords,
SIDs and names are fixed, see below and populate.py. Needs root; README.md tells the packages.
"""

import argparse
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
STATE = pathlib.Path(os.environ.get("WCCE_LAB", HERE.parents[1] / "target" / "lab")).resolve()
DC = STATE / "dc"
CA = STATE / "ca"

DOMAIN, REALM, DNS, BASE = "WCCE", "WCCE.TEST", "wcce.test", "DC=wcce,DC=test"
DOMAIN_SID = "S-1-5-21-1111111111-2222222222-3333333333"
ADDRESS = {"dc": "10.77.0.10", "ca": "10.77.0.20"}
NAME = {"dc": "dc1", "ca": "ca1"}
ADMINISTRATOR_PASSWORD = "Passw0rd-Admin"
MACHINE_PASSWORD = "Passw0rd-Machine-CA1"
KEYTAB = CA / "ca1.keytab"
TLS_ROOT = STATE / "tls-root.pem"
PORTS = (53, 88, 135, 389, 445, 464, 636, 3268)
SERVICES = ("host", "HOST", "RPCSS", "rpcss", "cifs", "HTTP")


def fqdn(host):
    return f"{NAME[host]}.{DNS}"


# --- small tools -------------------------------------------------------------------------------


def call(*command, **options):
    """Runs a command; on failure its output is the error."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True} | options
    done = subprocess.run(list(map(str, command)), **options)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}")
    return done.stdout


def started_at(pid):
    """When the process started, in clock ticks: with the pid, its identity. None if it is gone."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])


class Process:
    """A process that this lab started, remembered in a file, so that nothing else is ever ended."""

    def __init__(self, name):
        self.file = STATE / f"{name}.json"

    def remember(self, pid):
        self.file.write_text(json.dumps({"pid": pid, "started": started_at(pid)}))

    def pid(self):
        try:
            known = json.loads(self.file.read_text())
        except (OSError, ValueError):
            return None
        return known["pid"] if known["started"] == started_at(known["pid"]) else None

    def end(self, number=signal.SIGTERM, patience=10):
        """Ends it, first its children if it is a guard; hard when it does not listen."""
        pid = self.pid()
        if pid is None:
            self.file.unlink(missing_ok=True)
            return
        for one in children(pid) or [pid]:
            kill(one, number)
        deadline = time.monotonic() + patience
        while self.pid() is not None:
            if time.monotonic() > deadline:
                kill(pid, signal.SIGKILL)
            reap(pid)
            time.sleep(0.02)
        self.file.unlink(missing_ok=True)


def kill(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def reap(pid):
    """Collects the process, where it is a child of this very process."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


def children(pid):
    try:
        return list(map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    except OSError:
        return []


def wait_for(what, ready, seconds, log):
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise SystemExit(f"{what} did not come; see {log}")
        time.sleep(0.05)


# --- hosts -------------------------------------------------------------------------------------

holder = {host: Process(f"{host}-host") for host in ("dc", "ca")}
samba = Process("samba")
winbindd = Process("winbindd")


def start_host(host):
    """A process that holds the host's namespaces, in which /etc and /run/samba are its own."""
    folder = {"dc": DC, "ca": CA}[host]
    (folder / "run").mkdir(parents=True, exist_ok=True)
    pathlib.Path("/run/samba").mkdir(exist_ok=True)
    script = (
        'mount --bind "$1/hosts" /etc/hosts && mount --bind "$1/resolv.conf" /etc/resolv.conf && '
        'mount --bind "$2/run" /run/samba && hostname "$3" && ip link set lo up && '
        'echo ready && exec sleep infinity'
    )
    process = subprocess.Popen(
        ["unshare", "--net", "--mount", "--uts", "bash", "-c", script, "host", STATE, folder,
         fqdn(host)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True,
        # Whoever reads what this program writes must not wait for the host's end.
        stderr=subprocess.DEVNULL,
    )
    if process.stdout.readline() != b"ready\n":
        raise SystemExit("no namespaces here: run as root")
    holder[host].remember(process.pid)
    return process.pid


def plug_cable(dc, ca):
    call("nsenter", "-t", dc, "-n", "ip", "link", "add", "lab", "type", "veth",
         "peer", "name", "lab", "netns", ca)
    for pid, host in ((dc, "dc"), (ca, "ca")):
        enter = ("nsenter", "-t", pid, "-n", "ip")
        call(*enter, "address", "add", f"{ADDRESS[host]}/24", "dev", "lab")
        call(*enter, "link", "set", "lab", "up")


def cable(up):
    """Plugs or unplugs the domain controller's end."""
    call(*entry("dc"), "ip", "link", "set", "lab", "up" if up else "down")


def entry(host):
    """The command that runs what follows on a host."""
    pid = holder[host].pid()
    if pid is None:
        raise SystemExit("the lab is not up")
    return ["nsenter", "-t", str(pid), "-n", "-m", "-u", "--"]


def environment(host="ca"):
    """What programs on a host must know."""
    conf = DC / "etc" / "smb.conf" if host == "dc" else CA / "smb.conf"
    return os.environ | {
        "KRB5_CONFIG": str(STATE / "krb5.conf"),
        "SMB_CONF_PATH": str(conf),
        "LDAPTLS_CACERT": str(TLS_ROOT),
        "WCCE_LAB": str(STATE),
    }


def on(host, *command, **options):
    """Runs a command on a host; the output."""
    return call(*entry(host), *command, env=environment(host), **options)


# --- the domain --------------------------------------------------------------------------------


def write_files():
    """What both hosts read."""
    lines = [f"{ADDRESS[host]} {fqdn(host)} {NAME[host]} {DNS if host == 'dc' else ''}"
             for host in ("dc", "ca")]
    (STATE / "hosts").write_text("127.0.0.1 localhost\n" + "\n".join(lines) + "\n")
    (STATE / "resolv.conf").write_text(
        f"search {DNS}\nnameserver {ADDRESS['dc']}\noptions timeout:1 attempts:2\n"
    )
    (STATE / "krb5.conf").write_text(f"""[libdefaults]
 default_realm = {REALM}
 dns_lookup_realm = false
 dns_lookup_kdc = false
 rdns = false
 dns_canonicalize_hostname = false
 udp_preference_limit = 1
[realms]
 {REALM} = {{
  kdc = {ADDRESS['dc']}
  kpasswd_server = {ADDRESS['dc']}
 }}
[domain_realm]
 .{DNS} = {REALM}
 {DNS} = {REALM}
""")
    CA.mkdir(exist_ok=True)
    folders = "".join(
        f"\t{key} = {CA}/{folder}\n"
        for key, folder in (
            ("private dir", "private"), ("state directory", "state"), ("cache directory", "cache"),
            ("lock directory", "lock"), ("pid directory", "run"), ("ncalrpc dir", "run/ncalrpc"),
        )
    )
    (CA / "smb.conf").write_text(f"""[global]
\tworkgroup = {DOMAIN}
\trealm = {REALM}
\tnetbios name = {NAME['ca'].upper()}
\tserver role = member server
\tsecurity = ads
\tinterfaces = {ADDRESS['ca']}/24
\tbind interfaces only = yes
\tdisable netbios = yes
{folders}\tlog file = {CA}/log/log.%m
\tkerberos method = secrets only
\tidmap config * : backend = tdb
\tidmap config * : range = 100000-199999
\tmachine password timeout = 0
""")


def dc_configuration(strong_auth):
    """smb.conf of the domain controller: nothing of the machine's own Samba is read or written."""
    folders = "".join(
        f"\t{key} = {DC}/{folder}\n"
        for key, folder in (
            ("private dir", "private"), ("state directory", "state"), ("cache directory", "cache"),
            ("lock directory", "lock"), ("pid directory", "run"), ("ncalrpc dir", "run/ncalrpc"),
            ("ntp signd socket directory", "run/ntp_signd"), ("binddns dir", "bind-dns"),
        )
    )
    return f"""[global]
\tworkgroup = {DOMAIN}
\trealm = {REALM}
\tnetbios name = {NAME['dc'].upper()}
\tserver role = active directory domain controller
\tinterfaces = {ADDRESS['dc']}/24
\tbind interfaces only = yes
{folders}\tlog file = {DC}/log/log.%m
\tlog level = 1
\tdisable netbios = yes
\tsmb ports = 445
\tload printers = no
\tprintcap name = /dev/null
\tserver services = rpc, ldap, cldap, kdc, winbindd, dns, s3fs
\tdns forwarder =
\tdns update command = /bin/true
\tnsupdate command = /bin/true
\trpc server dynamic port range = 49152-49252
\tldap server require strong auth = {strong_auth}
\ttls keyfile = {DC}/tls/dc.key
\ttls certfile = {DC}/tls/dc.pem
\ttls cafile = {TLS_ROOT}
[sysvol]
\tpath = {DC}/state/sysvol
\tread only = No
[netlogon]
\tpath = {DC}/state/sysvol/{DNS}/scripts
\tread only = No
"""


def make_tls():
    """A certificate with the names of the domain controller: Samba's own one has none."""
    tls = DC / "tls"
    tls.mkdir()
    new = ("openssl", "req", "-newkey", "rsa:2048", "-nodes")
    call(*new, "-x509", "-sha256", "-days", "30", "-subj", "/CN=Lab TLS root",
         "-keyout", tls / "root.key", "-out", TLS_ROOT,
         "-addext", "basicConstraints=critical,CA:TRUE")
    call(*new, "-subj", f"/CN={fqdn('dc')}", "-keyout", tls / "dc.key", "-out", tls / "dc.csr")
    (tls / "extensions").write_text(
        f"subjectAltName=DNS:{fqdn('dc')},DNS:{DNS},IP:{ADDRESS['dc']}\n"
        "extendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n"
    )
    call("openssl", "x509", "-req", "-in", tls / "dc.csr", "-CA", TLS_ROOT,
         "-CAkey", tls / "root.key", "-CAcreateserial", "-days", "30", "-sha256",
         "-extfile", tls / "extensions", "-out", tls / "dc.pem")
    for key in tls.glob("*.key"):
        key.chmod(0o600)


def provision(strong_auth):
    """A new domain, with its accounts, on disk; no server runs."""
    for folder in ("etc", "run", "log", "cache"):
        (DC / folder).mkdir(parents=True)
    conf = DC / "etc" / "smb.conf"
    # A configuration of its own keeps /etc/samba/smb.conf out of what is made.
    conf.write_text(dc_configuration(strong_auth))
    log = call(
        "samba-tool", "domain", "provision", "-s", conf, f"--realm={REALM}", f"--domain={DOMAIN}",
        f"--domain-sid={DOMAIN_SID}", "--server-role=dc", "--dns-backend=SAMBA_INTERNAL",
        f"--adminpass={ADMINISTRATOR_PASSWORD}", f"--host-name={NAME['dc']}",
        f"--host-ip={ADDRESS['dc']}",
    )
    (DC / "log" / "provision.log").write_text(log)
    conf.write_text(dc_configuration(strong_auth))
    make_tls()
    print(call("/usr/bin/python3", HERE / "populate.py", conf, DC / "private" / "sam.ldb"), end="")
    # The names of the domain controller's own services, which another service would add later.
    call("samba_spnupdate", "-s", conf)
    export_keytab()


def export_keytab():
    """The CA machine's keys, under its account's name and those of its services."""
    KEYTAB.parent.mkdir(exist_ok=True)
    KEYTAB.unlink(missing_ok=True)
    names = [f"{NAME['ca'].upper()}$", f"host/{NAME['ca']}"]
    names += [f"{service}/{fqdn('ca')}" for service in SERVICES]
    for name in names:
        call("samba-tool", "domain", "exportkeytab", KEYTAB, f"--principal={name}",
             "-s", DC / "etc" / "smb.conf")
    KEYTAB.chmod(0o600)


def recipe(strong_auth):
    """What a provisioned domain depends on, as one word."""
    digest = hashlib.sha256(strong_auth.encode() + str(STATE).encode())
    for file in (HERE / "lab.py", HERE / "populate.py"):
        digest.update(file.read_bytes())
    digest.update(call("samba", "--version").encode())
    # The TLS certificate lasts 30 days.
    digest.update(str(int(time.time()) // (20 * 86400)).encode())
    return digest.hexdigest()[:16]


def make_domain(strong_auth):
    """A fresh domain: from the copy of an earlier one, where nothing that it is made of changed."""
    pristine = STATE / f"pristine-{recipe(strong_auth)}"
    for folder in (DC, CA):
        shutil.rmtree(folder, ignore_errors=True)
    write_files()
    if not pristine.exists():
        for old in STATE.glob("pristine-*"):
            shutil.rmtree(old)
        provision(strong_auth)
        unfinished = STATE / "pristine.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        call("cp", "-a", "--sparse=always", DC, KEYTAB, TLS_ROOT, unfinished)
        unfinished.rename(pristine)
        return
    call("cp", "-a", "--sparse=always", pristine / "dc", DC)
    shutil.copy2(pristine / KEYTAB.name, KEYTAB)
    shutil.copy2(pristine / TLS_ROOT.name, TLS_ROOT)


def start_dc():
    """Starts Samba in a process namespace of its own, so that no part of it can outlive the rest."""
    log = DC / "log" / "stdout"
    with open(log, "w") as out:
        process = subprocess.Popen(
            [*entry("dc"), "unshare", "--pid", "--fork", "--mount-proc", "--kill-child",
             "samba", "-i", "-M", "single", "--debug-stdout", "-s", DC / "etc" / "smb.conf"],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
            env=environment("dc"),
        )
    samba.remember(process.pid)
    wait_for("the domain controller's ports", lambda: samba_listens(process), 60, log)
    wait_for("a ticket", lambda: answers(
        "kinit", "-c", f"FILE:{DC}/run/administrator.ccache", f"Administrator@{REALM}",
        input=ADMINISTRATOR_PASSWORD + "\n"), 30, log)
    wait_for("an NTLM logon", lambda: answers(
        "rpcclient", "-U", rf"{DOMAIN}\Administrator%{ADMINISTRATOR_PASSWORD}", ADDRESS["dc"],
        "-c", "lsaquery"), 30, log)


def samba_listens(process):
    if process.poll() is not None:
        raise SystemExit(f"samba ended at once; see {DC}/log/stdout")
    open_ports = on("dc", "ss", "-Hlnt").split()
    return all(f"{ADDRESS['dc']}:{port}" in open_ports for port in PORTS)


def answers(*command, **options):
    done = subprocess.run([*entry("dc"), *command], env=environment("dc"), capture_output=True,
                          text=True, **options)
    return done.returncode == 0


def up(strong_auth="allow_sasl_over_tls"):
    """Starts a fresh domain."""
    if os.geteuid() != 0:
        raise SystemExit("the lab needs root: namespaces, and the owners of Samba's files")
    down()
    STATE.mkdir(parents=True, exist_ok=True)
    begin = time.monotonic()
    make_domain(strong_auth)
    made = time.monotonic()
    dc, ca = start_host("dc"), start_host("ca")
    plug_cable(dc, ca)
    start_dc()
    print(f"lab: domain made in {made - begin:.1f} s, served after {time.monotonic() - made:.1f} s",
          flush=True)


def down():
    """Ends what this lab started, and with it its namespaces."""
    for process in (winbindd, samba, holder["ca"], holder["dc"]):
        process.end()


def tickets(user, password, ccache, services=("host", "rpcss")):
    """A TGT and service tickets in a file. impacket's own requests for service tickets carry no
    checksum, and Samba's KDC refuses them; tickets that are there already it uses."""
    pathlib.Path(ccache).unlink(missing_ok=True)
    on("ca", "kinit", "-c", f"FILE:{ccache}", f"{user}@{REALM}", input=password + "\n")
    names = [f"{service}/{fqdn('ca')}" for service in services]
    names += [f"{service}/{fqdn('dc')}" for service in ("host", "ldap", "cifs")]
    on("ca", "kvno", "-q", "-c", f"FILE:{ccache}", *names)


def join():
    """Joins the CA's host by Samba's tools, and runs its winbindd. The key version goes up."""
    for folder in ("log", "private", "state", "cache", "lock"):
        (CA / folder).mkdir(exist_ok=True)
    conf = CA / "smb.conf"
    on("ca", "net", "ads", "join", "-s", conf, "-U", f"Administrator%{ADMINISTRATOR_PASSWORD}",
       "--no-dns-updates", f"machinepass={MACHINE_PASSWORD}")
    export_keytab()
    with open(CA / "log" / "stdout", "w") as out:
        process = subprocess.Popen(
            [*entry("ca"), "unshare", "--pid", "--fork", "--mount-proc", "--kill-child",
             "winbindd", "-F", "--no-process-group", "-s", conf],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
            env=environment("ca"),
        )
    winbindd.remember(process.pid)

    def trusts():
        return subprocess.run([*entry("ca"), "wbinfo", "-t"], env=environment("ca"),
                              capture_output=True).returncode == 0

    wait_for("winbindd's secure channel", trusts, 30, CA / "log")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(dest="action", required=True)
    for name in ("run", "up"):
        one = actions.add_parser(name)
        one.add_argument("--strong-auth", default="allow_sasl_over_tls",
                         help="Samba's setting `ldap server require strong auth`")
    for name in ("down", "stop-dc", "start-dc", "plug", "unplug", "join"):
        actions.add_parser(name)
    for name in ("run", "on"):
        one = actions.choices.get(name) or actions.add_parser(name)
        one.add_argument("--host", choices=("ca", "dc"), default="ca")
        one.add_argument("command", nargs=argparse.REMAINDER)
    one = actions.add_parser("tickets")
    one.add_argument("user")
    one.add_argument("password")
    one.add_argument("ccache")
    arguments = parser.parse_args()
    match arguments.action:
        case "up":
            up(arguments.strong_auth)
        case "run":
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
            try:
                up(arguments.strong_auth)
                sys.exit(foreground(arguments))
            finally:
                down()
        case "on":
            sys.exit(foreground(arguments))
        case "down":
            down()
        case "stop-dc":
            samba.end()
        case "start-dc":
            start_dc()
        case "plug" | "unplug":
            cable(arguments.action == "plug")
        case "join":
            join()
        case "tickets":
            tickets(arguments.user, arguments.password, arguments.ccache)


def foreground(arguments):
    command = arguments.command
    if command[:1] == ["--"]:
        command = command[1:]
    return subprocess.run([*entry(arguments.host), *command],
                          env=environment(arguments.host)).returncode


if __name__ == "__main__":
    main()
