#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh COMPILER SDK_INCLUDE FILE STANDARD...: the file must not compile, with the message in its first line.
set -u
compiler=$1 include=$2 file=$3
shift 3
sentence=$(sed -n '1s|^// expect: ||p' "$file")
if [ -z "$sentence" ]; then
  echo "$file: the first line must be: // expect: <message>"
  exit 1
fi
[ $# -gt 0 ] || { echo "no standard given"; exit 1; }
for standard in "$@"; do
  if output=$("$compiler" -std=c++$standard -fsyntax-only -I"$include" "$file" 2>&1); then
    echo "$file compiles as C++$standard; expected the error: $sentence"
    exit 1
  fi
  if ! printf '%s\n' "$output" | grep -qF -- "$sentence"; then
    echo "$file does not compile as C++$standard, but without the error: $sentence"
    printf '%s\n' "$output" | head -20
    exit 1
  fi
done
