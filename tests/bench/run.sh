#!/bin/sh
# Builds the training benchmark and runs it: tests/bench/run.sh [--peers] [--build DIR] [--runs N] [--cases CASES] [--json FILE]
# FILE is bench.json in the folder of the build unless it is given.
# --peers installs LibTorch, its BLAS and Eigen where they are missing (as root or through sudo), and measures against them and
# against a loop by hand on oneDNN. What cannot be installed is left out, with a line that says so.
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
    *) sed -n '2,5s/^# //p' "$0" >&2; exit 2 ;;
  esac
  shift
done
if [ $target = kairos_bench_peers ]; then
  "$root/samples/install_packages.sh" peers >&2 || echo "The peers that are missing are left out." >&2
  # Peers are looked for again: they may have been installed since.
  [ ! -f "$build/CMakeCache.txt" ] || cmake "$build" >/dev/null
fi
[ -f "$build/CMakeCache.txt" ] || (cd "$root" && cmake --preset bench >/dev/null)
cmake --build "$build" --target $target >&2
# shellcheck disable=SC2086  # words are wanted
exec python3 "$root/tests/bench/run.py" "$build/tests/bench/train" --json "$build/bench.json" $arguments
