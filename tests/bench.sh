#!/usr/bin/env bash
# make bench: criterion benches, then a wcced under load of `wcce bench`, all on this machine.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/install.sh
need_packages build-essential cmake pkg-config ca-certificates openssl libkrb5-dev libclang-dev
need_rust

say "machine"
grep -m1 'model name' /proc/cpuinfo; nproc; uname -sr
say "criterion"
cargo bench --locked --benches

say "building"
cargo build --release --locked --bins
PATH="$PWD/target/release:$PATH"
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null; wait 2>/dev/null; rm -rf "$folder"' EXIT

# load KEY CONNECTIONS REQUESTS OPTION… : a fresh CA with such a key, and the load.
load() {
  local key=$1 connections=$2 requests=$3 password
  shift 3
  rm -rf "$folder/ca"
  password=$(wcced init --demo --folder "$folder/ca" --netbios LAB --dns lab.test \
    --subject "CN=Bench CA" | sed -n 's/^account .*, password //p')
  (umask 077 && echo "$password" > "$folder/ca/password")
  sed -i "s/^#key = .*/key = \"$key\"/" "$folder/ca/wcced.toml"
  wcced serve --config "$folder/ca/wcced.toml" 2> "$folder/ca/log" &
  server=$!
  until wcce ping --server 127.0.0.1 --epm-port 13500 >/dev/null 2>&1; do sleep 0.1; done
  say "CA key $key, $connections connections, $requests requests $*"
  wcce bench --server 127.0.0.1 --epm-port 13500 --ca "Bench CA" --template User \
    --user 'LAB\alice' --password-file "$folder/ca/password" --key-type rsa2048 \
    --connections "$connections" --requests "$requests" "$@"
  kill $server
  wait $server || true
}

for key in ecdsa-p256 ecdsa-p384 rsa-2048 rsa-4096; do
  load "$key" 16 5000
done
load ecdsa-p256 1 1000
load ecdsa-p256 16 2000 --reconnect
