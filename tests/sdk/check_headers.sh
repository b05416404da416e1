#!/bin/sh
# SPDX-License-Identifier: MIT
# check_headers.sh C_COMPILER CXX_COMPILER SDK_INCLUDE EIGEN_INCLUDE: every header of the SDK compiles alone, without a warning.
# Only those in interop/ see Eigen.
set -u
c=$1 cxx=$2 include=$3 eigen=$4
warnings="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror"
failed=0
checked=0
# compile LANGUAGE COMPILER STANDARD HEADER: includes the header, because #pragma once in a main file is a warning.
compile() {
  checked=$((checked + 1))
  printf '#include <%s>\n#include <%s>\ntypedef int checked;\n' "$4" "$4" |
    "$2" -x "$1" -std="$3" -fsyntax-only -I"$include" $warnings $5 - || { echo "failed: $4 as $3 with $2"; failed=1; }
}
cd "$include" || exit 1
for header in $(find kairos -name '*.h' | sort); do
  compile c "$c" c11 "$header" -pedantic
  compile c++ "$cxx" c++17 "$header" ""
  compile c++ "$cxx" c++20 "$header" ""
done
for header in $(find kairos -name '*.hpp' | sort); do
  case $header in */interop/*) libraries="-isystem $eigen" ;; *) libraries="" ;; esac
  compile c++ "$cxx" c++17 "$header" "$libraries"
  compile c++ "$cxx" c++20 "$header" "$libraries"
done
echo "$checked compilations"
[ "$checked" -gt 50 ] && exit $failed
echo "found too few headers below $include"
exit 1
