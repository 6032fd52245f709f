#!/usr/bin/env bash
# Runs a command in a network and mount namespace of its own, with loopback up: there port 135 is free and
# may be bound without root, and nothing that a test sends or mounts can leave it.
set -euo pipefail
run='ip link set lo up && exec "$@"'
if [ "$(id -u)" = 0 ]; then
  exec unshare --net --mount bash -c "$run" netns "$@"
fi
unshare --user --map-root-user --net --mount true 2>/dev/null || {
  echo "error: no user namespaces here; run as root, or set kernel.unprivileged_userns_clone=1" >&2
  exit 1
}
exec unshare --user --map-root-user --net --mount bash -c "$run" netns "$@"
