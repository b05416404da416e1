#!/bin/sh
# Installs the Debian packages that building Kairos takes ("build"), or building and testing it ("build test"). Does nothing,
# and needs no root, where they are all there.
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
  echo "These packages of Debian 12 are missing, and there is no apt-get to install them:$missing" >&2
  echo "Install what they are called here by hand, then start again." >&2
  exit 1
fi
if [ "$(id -u)" = 0 ]; then
  as_root=
elif command -v sudo >/dev/null; then
  as_root=sudo
else
  echo "These packages are missing, and installing them needs root. As root, run:" >&2
  echo "  apt-get install -y --no-install-recommends$missing" >&2
  exit 1
fi
echo "Installing:$missing"
$as_root apt-get update -q
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
