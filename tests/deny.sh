#!/usr/bin/env bash
# Licences, bans and sources: always. Advisories: against the newest database that can be had;
# where there is none at all, that is said aloud.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/install.sh
command -v cargo-deny >/dev/null || { say "installing cargo-deny"; cargo install --quiet --locked cargo-deny; }
cargo deny check licenses bans sources
if cargo deny fetch db >/dev/null 2>&1; then
  cargo deny check advisories
elif compgen -G "${CARGO_HOME:-$HOME/.cargo}/advisory-dbs/advisory-db-*/crates" >/dev/null; then
  echo "advisories: the database cannot be reached, checking against the copy of an earlier day"
  cargo deny --offline check advisories
else
  echo "advisories: NOT CHECKED, the advisory database cannot be reached and there is no copy"
fi
