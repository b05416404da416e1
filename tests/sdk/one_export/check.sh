#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh C_COMPILER CXX_COMPILER SDK PYTHON WORK: builds the variants with these compilers and reads each of them.
set -eu
c=$1 cxx=$2 sdk=$3 python=$4 work=$5
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$work"
cmake -S "$here" -B "$work" -DCMAKE_C_COMPILER="$c" -DCMAKE_CXX_COMPILER="$cxx" -DKAIROS_SDK="$sdk"
cmake --build "$work"
plugins=$(find "$work" -name '*.so' ! -name careless.so | sort)
[ "$(printf '%s\n' "$plugins" | wc -l)" -eq 11 ] || { echo "expected 11 plugins, found: $plugins"; exit 1; }
"$python" "$here/../read_plugin.py" --check $plugins
if "$python" "$here/../read_plugin.py" --check "$work/careless.so"; then
  echo "the check did not notice what a plain shared library exports"
  exit 1
fi
