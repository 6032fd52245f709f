#!/usr/bin/env bash
# Installs, upgrades, removes and purges the Debian package in a root of its own: a copy of nothing
# but what its scripts need. Nothing of this machine is touched. Where there is no dpkg, that is said.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/install.sh
command -v dpkg-deb >/dev/null || { echo "packages: NOT TESTED, there is no dpkg here"; exit 0; }
need_packages dpkg-dev binutils adduser

bin=${WCCE_BIN:-target/debug}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for version in 0.0.1-1 0.0.2-1; do
  WCCE_BIN=$bin WCCE_DEB_VERSION=$version WCCE_DEB_COMPRESSION=-Znone bash packaging/build-deb.sh "$work"
done
first=$(echo "$work"/wcce_0.0.1-1_*.deb) second=$(echo "$work"/wcce_0.0.2-1_*.deb)

say "what is in the package"
dpkg-deb --info "$first" | sed -n 's/^ \(Depends\|Version\)/\1/p'
contents=$(dpkg-deb --contents "$first")
for path in ./usr/bin/wcced ./usr/bin/wcce ./lib/systemd/system/wcced.service; do
  grep -q " $path\$" <<<"$contents" || die "$path is not in the package"
done
if grep -E '^.{8}w' <<<"$contents"; then die "something in the package can be written by anybody"; fi

say "the metadata of cargo deb names the same files"
"${WCCE_PYTHON:-python3}" - "$contents" <<'METADATA'
import pathlib, sys, tomllib
metadata = tomllib.loads(pathlib.Path("Cargo.toml").read_text())["package"]["metadata"]["deb"]
packed = {line.split()[5].removeprefix("./") for line in sys.argv[1].splitlines() if line[0] == "-"}
named = set()
for source, to, _ in metadata["assets"]:
    path = pathlib.Path(source)
    assert path.exists() or path.parts[:2] == ("target", "release"), f"there is no {source}"
    named.add(to + path.name if to.endswith("/") else to)
assert pathlib.Path(metadata["license-file"][0]).exists()
scripts = {"postinst", "prerm", "postrm"}
assert {file.name for file in pathlib.Path(metadata["maintainer-scripts"]).iterdir()} == scripts
assert packed - named == {"usr/share/doc/wcce/copyright"} and named <= packed, packed ^ named
METADATA

# A root with this machine's programs and libraries read-only, and folders of its own for all else.
root=$work/root
mkdir -p "$root"/{usr,etc,var/lib/dpkg/{info,updates,triggers},var/log,tmp,dev,proc,run,lib/systemd/system}
touch "$root"/var/lib/dpkg/{status,available}
for file in passwd group shadow gshadow adduser.conf deluser.conf login.defs nsswitch.conf; do
  [ -e "/etc/$file" ] && cp "/etc/$file" "$root/etc/"
done
sed -i '/^wcce:/d' "$root"/etc/{passwd,group,shadow,gshadow}

script=$work/inside.sh
cat > "$script" <<'INSIDE'
set -euo pipefail
root=$1 first=$2 second=$3
die() { echo "error: $*" >&2; exit 1; }
# The package's own files go to an overlay of /usr and /lib.
mount -t tmpfs tmpfs "$root/tmp"
mkdir -p "$root"/tmp/{usr,lib}.{upper,work}
for folder in usr lib; do
  mkdir -p "$root/$folder"
  mount -t overlay overlay -o "lowerdir=$(realpath /$folder),upperdir=$root/tmp/$folder.upper,workdir=$root/tmp/$folder.work" "$root/$folder"
done
for link in bin sbin lib64; do
  [ -e "$root/$link" ] || { [ -L "/$link" ] && cp -P "/$link" "$root/$link"; } || { mkdir -p "$root/$link" && mount --bind "/$link" "$root/$link"; }
done
mount --bind /dev "$root/dev"
mkdir -p "$root/packages"
cp "$first" "$second" "$root/packages/"
in_root() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"; }
dpkg_() { in_root dpkg --force-depends --force-not-root --no-triggers "$@" 2>&1 | grep -v "dependency\|depends on\|is not installed\|configuring anyway" || true; }

echo "-- install"
dpkg_ -i "/packages/$(basename "$first")"
in_root dpkg-query -W -f '${Status} ${Version}\n' wcce | grep -q '^install ok installed 0.0.1-1$' || die "not installed"
in_root getent passwd wcce >/dev/null || die "no account wcce"
[ "$(stat -c '%a %U' "$root/var/lib/wcce" 2>/dev/null | cut -d' ' -f1)" = 700 ] || die "/var/lib/wcce is open"
[ "$(stat -c %a "$root/etc/wcce")" = 750 ] || die "/etc/wcce is open"
in_root wcced --version
in_root wcced init --folder /etc/wcce --netbios LAB --dns lab.test >/dev/null
in_root wcced check-config --config /etc/wcce/wcced.toml >/dev/null || die "check-config"
echo secret > "$root/var/lib/wcce/ca.key"
before=$(cat "$root/etc/wcce/wcced.toml" | sha256sum)

echo "-- upgrade"
dpkg_ -i "/packages/$(basename "$second")"
in_root dpkg-query -W -f '${Status} ${Version}\n' wcce | grep -q '^install ok installed 0.0.2-1$' || die "not upgraded"
[ "$(cat "$root/etc/wcce/wcced.toml" | sha256sum)" = "$before" ] || die "the upgrade changed the configuration"
[ -e "$root/var/lib/wcce/ca.key" ] || die "the upgrade lost the key"

echo "-- remove"
dpkg_ -r wcce
[ ! -e "$root/usr/bin/wcced" ] && [ ! -e "$root/lib/systemd/system/wcced.service" ] || die "files are left"
[ -e "$root/etc/wcce/wcced.toml" ] && [ -e "$root/var/lib/wcce/ca.key" ] || die "a removal must leave the CA"

echo "-- purge"
dpkg_ -P wcce
in_root dpkg-query -W wcce >/dev/null 2>&1 && die "still known after the purge"
[ -e "$root/var/lib/wcce/ca.key" ] || die "a purge must leave the CA's key"
echo "the package installs, upgrades, removes and purges cleanly"
INSIDE
say "install, upgrade, remove, purge"
if [ "$(id -u)" = 0 ]; then
  unshare --mount --propagation private bash "$script" "$root" "$first" "$second"
else
  unshare --user --map-root-user --mount --propagation private bash "$script" "$root" "$first" "$second"
fi

if command -v systemd-analyze >/dev/null; then
  say "the unit's sandbox"
  unit=$work/wcced.service
  sed 's|/usr/bin/wcced|/bin/true|' packaging/wcced.service > "$unit"
  # It says what it does not understand, and calls that a success.
  complaints=$(systemd-analyze verify --man=no "$unit" 2>&1 | grep -F wcced.service || true)
  [ -z "$complaints" ] || die "the unit: $complaints"
  exposure=$(systemd-analyze security --offline=true "$unit" --no-pager | tail -1)
  echo "$exposure"
  level=$(sed -n 's/.*level.*: \([0-9.]*\) .*/\1/p' <<<"$exposure")
  awk -v level="$level" 'BEGIN { exit !(level != "" && level <= 2.0) }' || die "the sandbox is not tight"
fi
