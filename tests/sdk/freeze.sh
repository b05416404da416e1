#!/bin/sh
# SPDX-License-Identifier: MIT
# Copies the current ABI headers to frozen/<major>.<minor>: once, when a minor is released. While the version is a release
# candidate, the copy may be renewed, with the reason in sdk/CHANGELOG.md.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
source=$here/../../sdk/include/kairos
number() { sed -n "s/^#define KAIROS_ABI_$1 \([0-9]*\)$/\1/p" "$source/abi/version.h"; }
target=$here/frozen/$(number MAJOR).$(number MINOR)
mkdir -p "$target/kairos/abi"
cp "$source/abi.h" "$target/kairos/"
cp "$source"/abi/*.h "$source"/abi/*.inc "$target/kairos/abi/"
echo "frozen into $target"
