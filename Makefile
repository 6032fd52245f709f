# make demo   start a CA on loopback and enrol through it
# make test   install what is missing and run everything

.PHONY: help demo example test crash soak lint deny mutants bench bench-crl bench-views generate pcaps profile fuzz fuzz-keep

help:
	@sed -n 's/^# make/  make/p' Makefile

demo:
	@bash tests/demo.sh

test:
	@bash tests/run.sh

# make example  play example 3.6 of [MS-CERSOD]: on behalf of a user, renewal, negative cases
example:
	@cargo run --release --quiet --locked --bin wcced -- example

# make crash  kill wcced under load (SIGKILL), ROUNDS=200 times, and look for what was lost or given twice
crash:
	@CRASH_ROUNDS=$${ROUNDS:-200} cargo test --locked --test crash_under_load -- --nocapture

# make soak   ten thousand connections, floods and slow clients against wcced beside honest ones (minutes)
soak:
	@bash tests/soak.sh

# make lint   rustfmt and clippy
lint:
	cargo fmt --all -- --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

# make deny   licences, bans, sources and advisories
deny:
	@bash tests/deny.sh

# make mutants   change each rule of the policy module and want a test to notice
mutants:
	@bash tests/mutants.sh

# make fuzz   fuzz every entry to bytes, SECONDS=60 each (or TARGETS="pdu cms"); fails on a finding
SECONDS = 60
fuzz:
	@bash tests/fuzz.sh $(SECONDS) $(TARGETS)

# make fuzz-keep   keep for the tests what make fuzz found without captures
fuzz-keep:
	@WCCE_MINIMIZED="$(CURDIR)/target/fuzz/own/minimized" cargo test --locked --test corpora -- --ignored corpora_are_kept

# make bench   signatures, certificates issued by wcced and by cfssl, growing tables (a quarter of an hour, and builds)
bench:
	@bash tests/bench/run.sh

# make pcaps   record the foreign clients of pcaps/ anew (needs root, for the lab)
pcaps:
	@bash pcaps/record.sh

# make profile   where the server's instructions go, for each certificate (callgrind; a minute)
profile:
	@bash tests/bench/profile.sh

# make generate   write src/generated from idl
generate:
	cargo run -q -p codegen

# make bench-crl   a CRL of a million entries, while requests are recorded (minutes, 2 GB of disk)
bench-crl:
	@cargo test --release --locked --test crl_million -- --ignored --nocapture

# make bench-views   page through a table of a million rows (minutes)
bench-views:
	@cargo test --release --lib --locked -- --ignored --nocapture a_million_rows
