#!/usr/bin/env bash
# Deletes and changes each rule of the policy module in turn and wants a test to notice
# (cargo-mutants; about 12 minutes). The policy room imports asn1 and model alone, so the three are
# built apart from the rest, in a second instead of ten for each of some 500 mutants.
# Survivors that no test can tell from the code are explained in tests/mutants-explained.txt.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/install.sh

need_rust
cargo mutants --version > /dev/null 2>&1 || cargo install --locked cargo-mutants

root="$PWD/target/mutants"
rm -rf "$root/src" "$root/base" "$root/tests" "$root/mutants.out" "$root/mutants.out.old"
mkdir -p "$root/src" "$root/base/src" "$root/base/tests"
cp -r src/policy "$root/src/"
cp -r src/asn1 src/model "$root/base/src/"
# What model has for tests of several rooms.
sed -i '/^#\[cfg(test)\]$/d; s/^pub(crate) mod testing/pub mod testing/' "$root/base/src/model/mod.rs"
sed -i 's/^pub(crate) fn/pub fn/' "$root/base/src/model/testing.rs"
cp -r tests/fixtures "$root/base/tests/"
cp Cargo.lock "$root/"
echo 'pub use base::{asn1, model}; pub mod policy;' > "$root/src/lib.rs"
echo 'pub mod asn1; pub mod model;' > "$root/base/src/lib.rs"

needed=$(grep -E '^(aws-lc-rs|base64|bitflags|hex|serde|thiserror|time|uuid|zeroize) = ' Cargo.toml)
package() { printf '[package]\nname = "%s"\nversion = "0.1.0"\nedition = "2024"\n[dependencies]\n%s\n' "$1" "$needed"; }
package base > "$root/base/Cargo.toml"
{
  package policy-mutants
  printf 'base = { path = "base" }\n[dev-dependencies]\n%s\n' "$(grep '^proptest = ' Cargo.toml)"
  printf '[workspace]\nmembers = ["base"]\n[profile.dev]\ndebug = false\n'
} > "$root/Cargo.toml"

say "mutants of src/policy"
status=0
(cd "$root" && cargo mutants --in-place --no-shuffle --file 'src/policy/**' --exclude 'src/policy/tests/**' \
  --timeout 60 -- --lib) || status=$?
# 2: some survived, looked at below; anything else but 0 means that they were not tried.
[ "$status" = 0 ] || [ "$status" = 2 ] || die "cargo mutants failed ($status)"
[ ! -s "$root/mutants.out/timeout.txt" ] || die "mutants that ran into the timeout: $(cat "$root/mutants.out/timeout.txt")"

survivors() { sed -E 's/:[0-9]+:[0-9]+:/:/' "$root/mutants.out/missed.txt" | sort; }
explained() { grep -v -e '^#' -e '^$' tests/mutants-explained.txt | sort; }
diff <(explained) <(survivors) || die "survivors (>) without an explanation, or explained ones (<) that died"
say "$(wc -l < "$root/mutants.out/caught.txt") mutants caught, $(explained | wc -l) explained, none unexplained"
