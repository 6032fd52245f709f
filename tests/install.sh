# Sourced by run.sh and demo.sh: installs what is missing. sudo is used for apt alone.

say() { printf '\n==> %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else die "needs root to run '$*', and there is no sudo; run it yourself as root, then start again"; fi
}

# need_packages PACKAGE… : installs the Debian packages that dpkg does not know as installed.
need_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return
  command -v apt-get >/dev/null || die "no apt-get here; install by hand what corresponds to: ${missing[*]}"
  say "installing ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# version_at_least HAVE WANT
version_at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -1)" = "$2" ]; }

# need_lab : Samba's domain controller and what belongs to it, for tests/lab. Debian starts Samba's
# servers when it installs them; those that were not there before are stopped again.
need_lab() {
  local before after
  before=$(samba_units)
  need_packages samba samba-ad-dc samba-ad-provision samba-dsdb-modules samba-vfs-modules winbind \
    krb5-user smbclient ldb-tools ldap-utils libsasl2-modules-gssapi-mit python3-samba \
    python3-markdown iproute2
  after=$(samba_units)
  for unit in $after; do
    grep -qxF "$unit" <<< "$before" || as_root systemctl disable --quiet --now "$unit"
  done
}

samba_units() {
  command -v systemctl >/dev/null || return 0
  systemctl list-units --plain --no-legend --state=running 'smbd*' 'nmbd*' 'winbind*' 'samba-ad-dc*' \
    2>/dev/null | cut -d' ' -f1 || true
}

need_rust() {
  local want have
  want=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml | head -1)
  have=$(cargo --version 2>/dev/null | cut -d' ' -f2 || true)
  if [ -n "$have" ] && version_at_least "$have" "$want"; then return; fi
  say "installing Rust (have ${have:-none}, need $want)"
  need_packages rustup
  rustup default stable >/dev/null
  have=$(cargo --version | cut -d' ' -f2)
  version_at_least "$have" "$want" || die "cargo $have is older than $want; run 'rustup update'"
}

# need_python : a virtual environment in .venv with the foreign clients. certipy-ad 5 needs
# Python 3.12 or newer, so the newest interpreter on the machine is picked on purpose.
need_python() {
  local base
  base=$(newest_python) || die "no Python of 3.12 or newer with venv found, which Certipy 5 needs: \
Debian 13 has one; on older systems install one beside the system's (pyenv will do)"
  if ! .venv/bin/python -c 'import certipy, impacket, scapy, msrpcs, pytest' 2>/dev/null; then
    say "making .venv with $("$base" --version) for the foreign clients"
    rm -rf .venv
    "$base" -m venv .venv
    .venv/bin/python -m pip -q install -r tests/foreign/requirements.txt
  fi
  export WCCE_PYTHON="$PWD/.venv/bin/python"
  "$WCCE_PYTHON" --version
  "$WCCE_PYTHON" -m pip list 2>/dev/null | grep -iE '^(certipy-ad|impacket|scapy|scapy-rpc|pytest) '
}

newest_python() {
  local candidate pyenv=/nonexistent
  command -v pyenv >/dev/null && pyenv=$(pyenv root)
  for candidate in python3.14 python3.13 python3.12 "$pyenv"/versions/3.1{4,3,2}*/bin/python3 /usr/bin/python3 python3; do
    "$candidate" -c 'import sys, venv, ensurepip; assert sys.version_info >= (3, 12)' 2>/dev/null && { echo "$candidate"; return; }
  done
  return 1
}
