#!/usr/bin/env bash
# make soak: a wcced of optimized binaries under attack, on a bare machine. tests/soak/soak.py says
# what the environment can change; WCCE_BIN names a folder of binaries that are built already.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/install.sh
need_packages build-essential cmake pkg-config ca-certificates openssl libkrb5-dev libclang-dev iproute2 util-linux \
  python3 python3-venv
need_python
if [ -z "${WCCE_BIN:-}" ]; then
  need_rust
  cargo build --release --locked --bins
fi
say "machine"
grep -m1 'model name' /proc/cpuinfo; nproc; uname -sr; uptime
say "soak"
exec bash tests/netns.sh "$WCCE_PYTHON" tests/soak/soak.py
