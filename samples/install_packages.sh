#!/bin/sh
# Installs the Debian packages needed to build Kairos ("build"), or to build and test it ("build test"). If all are installed, it
# does nothing and does not need root.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -gt 0 ] || set -- build

wanted=
for purpose in "$@"; do
  wanted="$wanted $(awk -v purpose="$purpose" '$1 == purpose { print $2 }' "$here/packages.txt" | tr '\n' ' ')"
done

missing=
for package in $wanted; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "These packages of Debian 12 and 13 are missing, and apt-get is not available:$missing" >&2
  echo "Install the packages of this distribution that correspond to them, then run this script again." >&2
  exit 1
fi
if [ "$(id -u)" = 0 ]; then
  as_root=
elif command -v sudo >/dev/null; then
  as_root=sudo
else
  echo "Packages are missing, and installing them needs root. Run as root:" >&2
  echo "  apt-get install -y --no-install-recommends$missing" >&2
  exit 1
fi
echo "Installing:$missing"
$as_root apt-get update -q
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
