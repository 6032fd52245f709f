#!/usr/bin/env bash
# make demo: a CA on loopback without root, one enrolment through it, and the server left up.
# The state is made anew each time, in target/demo.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/install.sh

need_packages build-essential cmake pkg-config ca-certificates openssl libkrb5-dev libclang-dev
need_rust

say "building wcced and wcce (some minutes the first time)"
cargo build --release --locked --bins
PATH="$PWD/target/release:$PATH"
demo="$PWD/target/demo"
rm -rf "$demo"
mkdir -p "$demo"

say "making a CA with an embedded directory"
made=$(wcced init --demo --folder "$demo" --netbios LAB --dns lab.test --subject "CN=Demo CA")
echo "$made"
password=$(sed -n 's/^account .*, password //p' <<<"$made")
(umask 077 && printf '%s\n' "$password" > "$demo/alice.password")

say "starting wcced on 127.0.0.1"
wcced serve --config "$demo/wcced.toml" 2> "$demo/wcced.log" &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true' EXIT
trap 'exit 0' INT TERM
server_options=(--server 127.0.0.1 --epm-port 13500)
for _ in $(seq 100); do
  wcce ping "${server_options[@]}" >/dev/null 2>&1 && break
  kill -0 "$server" 2>/dev/null || { cat "$demo/wcced.log" >&2; die "wcced did not start"; }
  sleep 0.1
done
wcce ping "${server_options[@]}"

say "enrolling as LAB\\alice for the template User"
wcce enroll "${server_options[@]}" --ca "Demo CA" --template User --user 'LAB\alice' \
  --password-file "$demo/alice.password" --out "$demo/alice"
openssl verify -x509_strict -CAfile "$demo/state/ca.crt" "$demo/alice.crt"
openssl x509 -in "$demo/alice.crt" -noout -subject -issuer -dates -ext \
  keyUsage,extendedKeyUsage,subjectAltName

say "wcced is up until ^C; its log is $demo/wcced.log"
cat <<END
Try, in another terminal:
  export PATH="$PWD/target/release:\$PATH"
  wcce endpoints ${server_options[*]}
  wcce enroll ${server_options[*]} --ca 'Demo CA' --template User \\
    --user 'LAB\\alice' --password-file $demo/alice.password --out $demo/another
  wcce bench --help
END
wait "$server"
