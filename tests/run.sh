#!/usr/bin/env bash
# Everything that proves wcce: lints, licences, Rust tests, replays, foreign clients.
# WCCE_CAPTURES names a folder of captures to replay (they may not be distributed with wcce).
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/install.sh

need_packages build-essential cmake pkg-config ca-certificates git openssl gnutls-bin tshark wireshark-common \
  iproute2 util-linux libkrb5-dev libclang-dev python3 python3-venv python3-samba python3-gssapi gss-ntlmssp
need_lab
need_rust
need_python

export WCCE_TALLY="$PWD/target/tally" WCCE_REQUIRE_FOREIGN=1
mkdir -p target
: > "$WCCE_TALLY"

say "rustfmt and clippy"
cargo fmt --all -- --check
cargo clippy --quiet --workspace --all-targets --locked -- -D warnings
cargo clippy --quiet --all-targets --no-default-features --locked -- -D warnings

say "licences and advisories"
bash tests/deny.sh

say "Rust tests (unit, property, golden, vectors, replays, crashes)"
cargo test --workspace --locked

say "example 3.6 of [MS-CERSOD]"
cargo build --quiet --locked --bins
target/debug/wcced example > target/example.txt || { cat target/example.txt; die "wcced example failed"; }
tail -n 1 target/example.txt

say "foreign clients"
bash tests/netns.sh "$WCCE_PYTHON" -m pytest -q -rA tests/foreign

say "soak: the short one"
bash tests/netns.sh "$WCCE_PYTHON" tests/soak/soak.py --short

say "Active Directory: templates, accounts, rights, outages; foreign clients in a domain"
as_root env WCCE_TALLY="$WCCE_TALLY" ${WCCE_CAPTURES:+WCCE_CAPTURES="$WCCE_CAPTURES"} tests/lab/lab.py run -- \
  bash -euc 'for suite; do "$0" -m pytest -q -rA -p no:cacheprovider "$suite"; done' "$WCCE_PYTHON" "$PWD"/tests/lab "$PWD"/tests/kerberos \
  "$PWD"/tests/example "$PWD"/tests/domain

say "Debian package"
bash tests/package.sh

say "what was exercised"
"$WCCE_PYTHON" tests/tally.py "$WCCE_TALLY" tests/expected-tally.txt
