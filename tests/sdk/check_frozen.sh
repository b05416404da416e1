#!/bin/sh
# SPDX-License-Identifier: MIT
# check_frozen.sh SDK_INCLUDE FROZEN_DIR: the ABI headers are those that were frozen under their version.
set -eu
source=$1/kairos
number() { sed -n "s/^#define KAIROS_ABI_$1 \([0-9]*\)$/\1/p" "$source/abi/version.h"; }
version=$(number MAJOR).$(number MINOR)
frozen=$2/$version/kairos
if [ ! -d "$frozen" ]; then
  echo "ABI $version has no frozen copy: run tests/sdk/freeze.sh"
  exit 1
fi
if diff "$source/abi.h" "$frozen/abi.h" && diff -r -x '.*' "$source/abi" "$frozen/abi"; then exit 0; fi
cat <<END
The headers of ABI $version differ from their frozen copy in tests/sdk/frozen/$version. What is released never changes:
raise KAIROS_ABI_MINOR in abi/version.h and append. Only as long as the version is a release candidate may the copy be
made anew: run tests/sdk/freeze.sh and write the reason into sdk/CHANGELOG.md.
END
exit 1
