#!/usr/bin/env bash
# Fuzzes every target: tests/fuzz.sh SECONDS [TARGET...]; each for so many seconds, one after the other
# (-fork and the like are for long runs). Starts from the kept corpora and from what tests/corpora makes;
# with WCCE_CAPTURES, in a folder of its own, from captures too. Prints a table, and fails on any finding.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/install.sh

seconds=${1:?for how many seconds each target is run}
shift
# Longest input, time for one input in seconds, memory in all and of one allocation in MiB.
limits=(-max_len=16384 -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=256 -detect_leaks=0)

need_packages build-essential cmake pkg-config libkrb5-dev libclang-dev
need_rust
command -v cargo-fuzz >/dev/null || { say "installing cargo-fuzz"; cargo install --quiet --locked cargo-fuzz; }
host=$(rustc -vV | sed -n 's/^host: //p')
sanitizer=none
compgen -G "$(rustc --print sysroot)/lib/rustlib/$host/lib/librustc*asan.a" >/dev/null && sanitizer=address

work=target/fuzz/own
[ -z "${WCCE_CAPTURES:-}" ] || work=target/fuzz/with-captures
mkdir -p "$work/logs"

say "building the targets (sanitizer: $sanitizer)"
# Coverage and sanitizers are options of the nightly compiler; a stable one has them too.
# Not --cfg fuzzing: libraries are to be what they are in the server.
RUSTC_BOOTSTRAP=1 CARGO_TERM_QUIET=true cargo fuzz build --sanitizer "$sanitizer" --no-cfg-fuzzing
say "writing seeds"
rm -rf "$work/seeds"
WCCE_SEEDS="$PWD/$work/seeds" cargo test --quiet --locked --test corpora -- --ignored seeds_are_written >/dev/null

[ $# -gt 0 ] || set -- $(sed -n 's/^name = "\(.*\)"/\1/p' fuzz/Cargo.toml | tail -n +2)

# field NAME FILE : a number of libFuzzer's last line; stat NAME FILE : one of its statistics
field() { { grep -aE '^#[0-9]+.*cov: ' "$2" || true; } | tail -1 | sed -nE "s/.* $1: ([0-9]+).*/\1/p"; }
stat() { sed -nE "s/^stat::$1: *([0-9]+)/\1/p" "$2" | tail -1; }
count() { find "$1" -type f | wc -l; }

# fuzz TARGET : runs it, keeps the smallest set of inputs that reaches as much, adds a line to the table
fuzz() {
  local program="fuzz/target/$host/release/$1" seeds="$work/seeds/$1" corpus="$work/corpus/$1" log="$work/logs/$1"
  local found="$work/findings/$1" minimized="$work/minimized/$1" before outcome=0 new runs cpu
  mkdir -p "$corpus" "$found"
  before=$(count "$found")
  TIMEFORMAT='%U %S'
  { time "$program" "$corpus" "$seeds" "${limits[@]}" -max_total_time="$seconds" -artifact_prefix="$found/" \
    -print_final_stats=1 > "$log" 2>&1 || outcome=$?; } 2> "$log.time"
  # The shell's word about how a program died may stand before it.
  cpu=$(awk 'END { printf "%.0f", $1 + $2 }' "$log.time")
  rm -rf "$minimized" && mkdir -p "$minimized"
  "$program" -merge=1 "${limits[@]}" "$minimized" "$corpus" "$seeds" > "$log.merge" 2>&1 || true
  [ "$(count "$minimized")" = 0 ] || { rm -rf "$corpus" && cp -r "$minimized" "$corpus"; }
  new=$(($(count "$found") - before))
  [ "$outcome" = 0 ] || [ "$new" -gt 0 ] || new=1
  runs=$(stat number_of_executed_units "$log")
  line="| $1 | ${runs:-?} | $((${runs:-0} / (cpu > 0 ? cpu : 1))) | $cpu | $(field cov "$log") | $(field ft "$log") | $(count "$minimized") | $new |"
  echo "$line" | tee -a "$table"
  findings=$((findings + new)) total=$((total + ${runs:-0})) spent=$((spent + cpu))
}

findings=0 total=0 spent=0 table="$work/table.md"
printf '%s\n' "| Target | Executions | per second | CPU seconds | Edges | Features | Inputs | Findings |" \
  "|---|--:|--:|--:|--:|--:|--:|--:|" | tee "$table"
for target in "$@"; do fuzz "$target"; done
printf '\n%s executions in %s CPU seconds (sanitizer: %s), %s findings.\n' "$total" "$spent" "$sanitizer" "$findings" | tee -a "$table"
echo "The table is in $table, inputs that broke something are in $work/findings."
[ "$findings" = 0 ]
