#!/bin/sh
# SPDX-License-Identifier: MIT
# build_type.sh SDK WORK: kairos_add_plugin() optimizes where the project does not say how to build, and only there.
set -eu
sdk=$1 work=$2
here=$(cd "$(dirname "$0")" && pwd)
# The last -O of the plain sample in a language, or "none".
optimization() {
  sed -n "s|.*\"command\": \"\(.*\) -o CMakeFiles/$1_$2.dir/.*|\1|p" "$work/compile_commands.json" | tr ' ' '\n' | grep '^-O' | tail -1 | grep . || echo none
}
expect() { # VARIANT OPTIMIZATION CMAKE_FLAG...
  variant=$1 expected=$2
  shift 2
  rm -rf "$work"
  cmake -S "$here/one_export" -B "$work" -DKAIROS_SDK="$sdk" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON "$@" >/dev/null
  for language in c cpp; do
    found=$(optimization $language $variant)
    [ "$found" = "$expected" ] || { echo "$language, $variant, $*: found $found, expected $expected"; exit 1; }
  done
}
unset CFLAGS CXXFLAGS
expect plain -O2
expect debug -O0
expect plain none -DCMAKE_BUILD_TYPE=Debug
expect plain -O3 -DCMAKE_BUILD_TYPE=Release
expect plain -O1 "-DCMAKE_C_FLAGS=-g -O1" "-DCMAKE_CXX_FLAGS=-g -O1"
