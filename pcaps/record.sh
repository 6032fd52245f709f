#!/usr/bin/env bash
# Records every foreign client against wcced, on every interface and with every authentication:
# NTLM on the embedded directory, Kerberos in the lab (which needs root). Files of an earlier run
# are replaced.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/install.sh

need_packages git tshark wireshark-common iproute2 util-linux libkrb5-dev libclang-dev python3 \
  python3-venv python3-samba python3-gssapi
need_lab
need_rust
need_python
cargo build --quiet --locked --bins

say "NTLM, in a network namespace"
bash tests/netns.sh "$WCCE_PYTHON" pcaps/record.py ntlm
say "Kerberos, in the lab's domain"
as_root tests/lab/lab.py run -- "$WCCE_PYTHON" "$PWD/pcaps/record.py" kerberos
say "docs/replay.md and README.md show one of these; cargo test --test replay tells what they lack"
