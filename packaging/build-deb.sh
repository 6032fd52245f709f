#!/usr/bin/env bash
# build-deb.sh FOLDER : makes wcce_VERSION_ARCH.deb in FOLDER, of the binaries in WCCE_BIN (default:
# target/release). The same package as `cargo deb` makes by the metadata in Cargo.toml, with dpkg-deb
# alone.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(realpath "$1")
bin=${WCCE_BIN:-target/release}
version=${WCCE_DEB_VERSION:-$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)-1}
architecture=$(dpkg --print-architecture)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
chmod 0755 "$tree"

install -D -m 0755 -s "$bin/wcced" "$tree/usr/bin/wcced"
install -D -m 0755 -s "$bin/wcce" "$tree/usr/bin/wcce"
install -D -m 0644 packaging/wcced.service "$tree/lib/systemd/system/wcced.service"
for file in README.md ARCHITECTURE.md docs/windows-checklist.md; do
  install -D -m 0644 "$file" "$tree/usr/share/doc/wcce/$(basename "$file")"
done
install -D -m 0644 LICENSE "$tree/usr/share/doc/wcce/copyright"

# What the programs are linked with.
mkdir -p "$tree/debian"
: > "$tree/debian/control"
depends=$(cd "$tree" && dpkg-shlibdeps -O usr/bin/wcced usr/bin/wcce 2>/dev/null |
  sed -n 's/^shlibs:Depends=//p')
rm -r "$tree/debian"
[ -n "$depends" ] || { echo "error: dpkg-shlibdeps found no dependencies" >&2; exit 1; }

mkdir -p "$tree/DEBIAN"
cat > "$tree/DEBIAN/control" <<CONTROL
Package: wcce
Version: $version
Architecture: $architecture
Maintainer: The wcce developers <wcce@localhost>
Installed-Size: $(du -sk "$tree/usr" | cut -f1)
Depends: $depends, adduser
Section: net
Priority: optional
Description: enterprise certificate authority for Active Directory
 Speaks what Microsoft's own CA speaks (MS-ICPR and MS-WCCE over DCE/RPC), so that
 clients of AD CS enroll against it unchanged. With wcce, a client for any such CA.
CONTROL
for script in postinst prerm postrm; do
  grep -v '^#DEBHELPER#$' "packaging/debian/$script" > "$tree/DEBIAN/$script"
  chmod 0755 "$tree/DEBIAN/$script"
done
dpkg-deb --root-owner-group ${WCCE_DEB_COMPRESSION:--Zxz} --build "$tree" "$out/wcce_${version}_${architecture}.deb"
