#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh COMPILER SDK_INCLUDE FILE STANDARD...: the file compiles without a warning.
set -u
compiler=$1 include=$2 file=$3
shift 3
[ $# -gt 0 ] || { echo "no standard given"; exit 1; }
for standard in "$@"; do
  "$compiler" -std=c++$standard -fsyntax-only -I"$include" -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror "$file" || exit 1
done
