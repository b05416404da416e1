#!/bin/sh
# Releases what is checked out: checks, tags, and makes packages.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
dry=no
build=

usage() {
  cat <<END
usage: .github/release.sh [--dry-run [--build DIR]]

Releases the commit that is checked out:
  1. checks that the tree is clean, and that the versions agree:
       SDK    KAIROS_SDK_VERSION in sdk/include/kairos/abi/version.h, and the first heading of sdk/CHANGELOG.md
       host   what kairos --version prints, and the first heading of host/CHANGELOG.md
  2. runs tests/run.sh
  3. makes a .tar.gz and a .deb of each component (sdk, callbacks, host, plugins) in build/packages
  4. tags: sdk-VERSION unless that version was released before, and host-VERSION
The SDK and the host have a version each. Where sdk-VERSION exists, what the SDK installs must be what it was. Nothing is pushed; the
last lines say what to push.

  --dry-run    checks and makes packages; no tests, no tags
  --build DIR  with --dry-run: takes the finished build in DIR and does not build the preset "release"
  --help       this text
END
}

fail() {
  echo "release: $1" >&2
  exit 1
}

while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) dry=yes ;;
    --build) [ $# -gt 1 ] || fail "--build needs a directory"; build=$(cd "$2" && pwd) || fail "there is no directory $2"; shift ;;
    --help | -h) usage; exit 0 ;;
    *) echo "release: unknown argument \"$1\"; see .github/release.sh --help" >&2; exit 2 ;;
  esac
  shift
done
cd "$root"
[ -z "$build" ] || [ $dry = yes ] || fail "--build goes with --dry-run: a release is built from the commit"

[ -z "$(git status --porcelain)" ] || fail "the tree is not clean. Commit or remove what git status lists"

# heading FILE: the version of the newest entry.
heading() {
  sed -n 's/^## //p' "$1" | head -n 1
}

# number NAME: that macro of version.h.
number() {
  sed -n "s/^#define $1 \"\{0,1\}\([^\"]*\)\"\{0,1\}\$/\1/p" sdk/include/kairos/abi/version.h
}

sdk=$(number KAIROS_SDK_VERSION)
parts=$(number KAIROS_ABI_MAJOR).$(number KAIROS_ABI_MINOR).$(number KAIROS_SDK_PATCH)
[ "${sdk%%-*}" = "$parts" ] || fail "version.h says $sdk in KAIROS_SDK_VERSION, and $parts in its three numbers. Make them agree"
entry=$(heading sdk/CHANGELOG.md)
[ "$entry" = "$sdk" ] || fail "the SDK is $sdk, but sdk/CHANGELOG.md begins with \"$entry\". Correct one of them"
if git rev-parse -q --verify "refs/tags/sdk-$sdk" >/dev/null; then
  git diff --quiet "sdk-$sdk" HEAD -- sdk/include sdk/cmake ||
    fail "sdk-$sdk was released, and the SDK has changed since. Raise KAIROS_SDK_VERSION, and add an entry to sdk/CHANGELOG.md"
  tags=
else
  tags="sdk-$sdk "
fi

if [ -z "$build" ]; then
  build=$root/build/release
  cmake --preset release >/dev/null
  cmake --build --preset release -- --quiet
fi
host=$("$build/bin/kairos" --version | sed -n 's/^kairos \([^ ,]*\).*/\1/p')
entry=$(heading host/CHANGELOG.md)
[ "$entry" = "$host" ] || fail "the host is $host, but host/CHANGELOG.md begins with \"$entry\". Correct one of them"
! git rev-parse -q --verify "refs/tags/host-$host" >/dev/null ||
  fail "host-$host was released. Raise the version of the host, and add an entry to host/CHANGELOG.md"
tags="${tags}host-$host"

if [ $dry = yes ]; then
  echo "Would run tests/run.sh"
else
  tests/run.sh
fi

packages=$root/build/packages
rm -rf "$packages"
mkdir -p "$packages"
# package VERSION COMPONENTS
package() {
  KAIROS_BUILD=$build KAIROS_COMPONENTS=$2 KAIROS_VERSION=$1 KAIROS_SDK=$sdk cpack --config .github/package.cmake -B "$packages" \
    >"$packages/cpack.log" 2>&1 || { cat "$packages/cpack.log" >&2; fail "no packages were made"; }
}
package "$sdk" sdk
package "$host" "callbacks;host;plugins"
rm -rf "$packages/_CPack_Packages" "$packages/cpack.log"
(cd "$packages" && sha256sum ./*.tar.gz ./*.deb >SHA256SUMS)
cat "$packages/SHA256SUMS"

for tag in $tags; do
  if [ $dry = yes ]; then
    echo "Would tag $tag"
  else
    git tag -a "$tag" -m "Kairos ${tag%%-*} ${tag#*-}"
    echo "Tagged $tag"
  fi
done
[ $dry = yes ] || echo "Publish with: git push origin $tags"
