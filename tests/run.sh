#!/bin/sh
# Builds and runs every test: what CI runs, and what to run before a change is handed in.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
quick=no

usage() {
  cat <<END
usage: tests/run.sh [--quick]

Installs the Debian packages that are missing (as root or through sudo), then builds and runs, warnings being errors:
  1. everything, with g++                                            build/dev
  2. the SDK and the plugins, with clang++                           build/clang-plugins
  3. unit and golden tests under Address- and UndefinedBehaviorSanitizer   build/asan
  4. what uses threads, under ThreadSanitizer                             build/tsan
  5. fuzz targets, 20 seconds each                                         build/fuzz
What is built already is not built again. Exit code 0 if every test of every part passed.

  --quick   only the first part
  --help    this text
END
}

for argument in "$@"; do
  case $argument in
    --quick) quick=yes ;;
    --help | -h) usage; exit 0 ;;
    *) echo "tests/run.sh: unknown argument \"$argument\"; see tests/run.sh --help" >&2; exit 2 ;;
  esac
done

samples/install_packages.sh build test
if command -v ccache >/dev/null; then
  export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache
  # What was compiled in another clone counts too.
  export CCACHE_BASEDIR="$root" CCACHE_NOHASHDIR=1
fi
jobs=$(nproc)
quiet=--quiet
[ ! -t 1 ] || quiet=  # On a terminal, progress is one line.
mkdir -p build
summary=$root/build/tests.txt
: >"$summary"
failed=no

# part NAME TITLE: configures, builds and tests a preset of CMakePresets.json. The parts go on if one fails.
part() {
  started=$(date +%s)
  printf '\n==> %s\n' "$2"
  if [ ! -f "build/$1/build.ninja" ] && ! cmake --preset "$1" >"build/$1.log" 2>&1; then
    cat "build/$1.log"
    rm -f "build/$1/build.ninja"  # Else the next run would take it for configured.
    result="could not be configured"
    failed=yes
  elif ! cmake --build --preset "$1" -- $quiet; then
    result="could not be built"
    failed=yes
  elif ctest --preset "$1" --progress -j "$jobs" --output-log "build/$1.log"; then
    result=$(grep '% tests passed' "build/$1.log")
  else
    result=$(grep '% tests passed' "build/$1.log" || echo "no test ran")
    failed=yes
  fi
  printf '%s: %s (%d s)\n' "$2" "$result" $(($(date +%s) - started)) >>"$summary"
}

part dev "everything, g++"
if [ $quick = no ]; then
  part clang-plugins "SDK and plugins, clang++"
  part asan "unit and golden tests, address and undefined sanitizers"
  part tsan "threads, thread sanitizer"
  part fuzz "fuzz targets, address and undefined sanitizers"
fi

printf '\n==> Summary\n'
cat "$summary"
[ $failed = no ]
