#!/usr/bin/env bash
# make profile: how many instructions of its own code wcced runs for a certificate, and where.
# callgrind counts them, so that what else the machine does is not in them; nor is the kernel's time.
# REQUESTS sets how many certificates (400), KEY the CA's key (ecdsa-p256).
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/install.sh
need_packages build-essential cmake pkg-config ca-certificates openssl libkrb5-dev libclang-dev valgrind
need_rust
cargo build --release --locked --bins
PATH="$PWD/target/release:$PATH"
requests=${REQUESTS:-400}
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; wait; rm -rf "$folder"' EXIT

# measured REQUESTS : the instructions of a server that starts, issues so many, and stops.
measured() {
  local password
  rm -rf "$folder/ca"
  password=$(wcced init --demo --folder "$folder/ca" --netbios LAB --dns lab.test \
    --subject "CN=Profile CA" | sed -n 's/^account .*, password //p')
  (umask 077 && echo "$password" > "$folder/ca/password")
  sed -i "s/^#key = .*/key = \"${KEY:-ecdsa-p256}\"/" "$folder/ca/wcced.toml"
  valgrind --tool=callgrind --callgrind-out-file="$folder/profile" \
    wcced serve --config "$folder/ca/wcced.toml" 2> "$folder/log" &
  server=$!
  until wcce ping --server 127.0.0.1 --epm-port 13500 >/dev/null 2>&1; do
    kill -0 "$server" || { cat "$folder/log"; die "wcced did not start"; }
    sleep 0.2
  done
  [ "$1" = 0 ] || wcce bench --server 127.0.0.1 --epm-port 13500 --ca "Profile CA" --template User \
    --user 'LAB\alice' --password-file "$folder/ca/password" --connections 4 --requests "$1" >/dev/null
  kill "$server"
  wait "$server"
  server=
  sed -n 's/^summary: //p;s/^totals: //p' "$folder/profile" | tail -1
}

at_rest=$(measured 0)
all=$(measured "$requests")
say "wcced for $requests certificates: $(((all - at_rest) / requests)) instructions each, start and stop left out"
callgrind_annotate --inclusive=yes "$folder/profile" 2>/dev/null |
  grep -oE '^ *[0-9,]+ \([ 0-9.]+%\) .*(wcce|sled|aws_lc_rs)::[^ ]+' |
  sed -E 's#  [^ ]*/##; s# \[.*##' | head -60
