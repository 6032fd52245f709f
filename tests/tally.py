"""Compares what the tests say they exercised with what they must have exercised.

Each line of the tally is `KIND NAME`; the expectation is `KIND COUNT`. A kind whose count differs
is a failure, so that a test that silently did nothing cannot pass. Replays of captures are
expected only where the captures are (WCCE_CAPTURES); elsewhere the number not run is said.
"""

import collections
import os
import sys


def main(tally_path, expected_path):
    with open(tally_path) as tally:
        lines = [line.split(maxsplit=1) for line in tally if line.strip()]
    got = collections.Counter(kind for kind, _ in lines)
    with open(expected_path) as expected:
        want = {
            kind: int(count)
            for kind, count in (line.split() for line in expected if not line.startswith("#"))
        }
    captures = bool(os.environ.get("WCCE_CAPTURES"))
    failed = 0
    for kind in sorted(want.keys() | got.keys() - {"not-run"}):
        needs_captures = kind.startswith("capture-")
        expected = 0 if needs_captures and not captures else want.get(kind, 0)
        verdict = "ok" if got[kind] == expected else f"MUST BE {expected}"
        failed += verdict != "ok"
        print(f"{kind:28} {got[kind]:6} {verdict}")
    if got["not-run"]:
        print(f"{got['not-run']} replays were not run: set WCCE_CAPTURES to the folder of captures")
    if captures and got["not-run"]:
        failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
