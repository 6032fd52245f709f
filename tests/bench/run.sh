#!/usr/bin/env bash
# make bench: everything that is measured, on this machine, in one run; README's tables are its
# output. What else runs on the machine shows in the numbers. ROWS sets the largest table, and
# KERBEROS=no leaves out what needs root and a domain.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/install.sh
need_packages build-essential cmake pkg-config ca-certificates openssl libkrb5-dev libclang-dev \
  python3 golang-cfssl wrk curl
need_rust

say "machine"
grep -m1 'model name' /proc/cpuinfo; nproc; uname -sr; uptime

say "criterion"
cargo bench --locked --benches

say "building"
cargo build --release --locked --bins
cargo test --release --locked --no-run --test fill_table
report() { python3 tests/bench/report.py "$@"; }

say "certificates issued by wcced"
report issuing
say "certificates signed by cfssl, for comparison"
report cfssl
if [ "${KERBEROS:-yes}" = yes ]; then
  say "with Kerberos, in a domain"
  need_lab
  need_python
  as_root env WCCE_BIN="$PWD/target/release" tests/lab/lab.py run -- \
    "$WCCE_PYTHON" "$PWD/tests/bench/report.py" kerberos
fi
say "tables of many rows"
report table 100000 "${ROWS:-1000000}"
