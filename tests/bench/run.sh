#!/bin/sh
# Builds the training benchmark and runs it: tests/bench/run.sh [--peers] [--build DIR] [--runs N] [--cases CASES] [--json FILE]
# FILE is bench.json in the folder of the build unless it is given.
# Peers are what is found of LibTorch (libtorch-dev), a loop by hand on oneDNN, and one on Eigen (libeigen3-dev).
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$root/build/bench
target=kairos_bench
arguments=
while [ $# -gt 0 ]; do
  case $1 in
    --peers) target=kairos_bench_peers; arguments="$arguments --peers" ;;
    --build) build=$(cd "$2" && pwd); shift ;;
    --runs | --cases | --json) arguments="$arguments $1 $2"; shift ;;
    *) sed -n '2,4s/^# //p' "$0" >&2; exit 2 ;;
  esac
  shift
done
[ -f "$build/CMakeCache.txt" ] || (cd "$root" && cmake --preset bench >/dev/null)
cmake --build "$build" --target $target >&2
# shellcheck disable=SC2086  # words are wanted
exec python3 "$root/tests/bench/run.py" "$build/tests/bench/train" --json "$build/bench.json" $arguments
