#!/bin/sh
# Builds and runs every test: what CI runs, and what to run before a change is handed in.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
extent=usual

usage() {
  cat <<END
usage: tests/run.sh [--quick | --long]

Installs the Debian packages that are missing (as root or through sudo), then builds and runs, warnings being errors:
  1. everything, with g++                                                  build/dev
  2. the SDK and the plugins, with clang++                                 build/clang-plugins
  3. unit and golden tests, and fuzz targets for 10 seconds each,
     under Address- and UndefinedBehaviorSanitizer                         build/asan
  4. what uses threads, under ThreadSanitizer                              build/tsan
What is built already is not built again. Exit code 0 if every part passed. tests/README.md says what each part tests.

  --quick   only the first part
  --long    also 1,000 kills of runs that go on (build/kills.log), the coverage of lines (build/coverage), and fuzz targets for
            10 minutes each
  --help    this text
END
}

for argument in "$@"; do
  case $argument in
    --quick | --long)
      [ "$extent" = usual ] || { echo "tests/run.sh: --quick and --long exclude each other" >&2; exit 2; }
      extent=${argument#--} ;;
    --help | -h) usage; exit 0 ;;
    *) echo "tests/run.sh: unknown argument \"$argument\"; see tests/run.sh --help" >&2; exit 2 ;;
  esac
done

samples/install_packages.sh build test
if command -v ccache >/dev/null; then
  export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache
  # What was compiled in another clone counts too.
  export CCACHE_BASEDIR="$root" CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros
fi
jobs=$(nproc)
quiet=--quiet
[ ! -t 1 ] || quiet=  # On a terminal, progress is one line.
mkdir -p build
summary=$root/build/tests.txt
: >"$summary"
failed=no

# report TITLE RESULT START
report() {
  printf '%s: %s (%d s)\n' "$1" "$2" $(($(date +%s) - $3)) >>"$summary"
}

# part NAME TITLE [-D SETTING...]: configures, builds and tests a preset of CMakePresets.json. The parts go on if one fails.
part() {
  name=$1 title=$2 started=$(date +%s)
  shift 2
  printf '\n==> %s\n' "$title"
  if { [ $# -gt 0 ] || [ ! -f "build/$name/build.ninja" ]; } && ! cmake --preset "$name" "$@" >"build/$name.log" 2>&1; then
    cat "build/$name.log"
    rm -f "build/$name/build.ninja"  # Else the next run would take it for configured.
    result="could not be configured"
    failed=yes
  elif ! cmake --build --preset "$name" -- $quiet; then
    result="could not be built"
    failed=yes
  elif ctest --preset "$name" --progress -j "$jobs" --output-log "build/$name.log"; then
    result=$(grep '% tests passed' "build/$name.log")
  else
    result=$(grep '% tests passed' "build/$name.log" || echo "no test ran")
    failed=yes
  fi
  report "$title" "$result" "$started"
}

coverage() {
  started=$(date +%s)
  printf '\n==> coverage of lines\n'
  tests/coverage.sh >build/coverage.log 2>&1 || failed=yes
  cat build/coverage.log
  report "coverage of lines" "$(tail -n 1 build/coverage.log)" "$started"
}

# kills: 1,000 runs that are killed and go on, 200 with BackupAndRestore, a power cut at each call that writes, a full disk at each
# write, and 20,000 epochs; the log has seeds, moments and hashes.
kills() {
  started=$(date +%s)
  printf '\n==> 1,000 kills, all power cuts and full disks, 20,000 epochs\n'
  set -- build/dev/bin/kairos build/dev/tests/resume/plugins/killer.so build/dev/tests/resume/preloaded/file_calls.so
  rm -f build/kills.log
  /usr/bin/python3 tests/resume/kill_test.py "$@" --kills 1000 --log build/kills.log >build/kills.txt 2>&1 || failed=yes
  /usr/bin/python3 tests/resume/backup_test.py "$@" --kills 200 >>build/kills.txt 2>&1 || failed=yes
  /usr/bin/python3 tests/resume/power_cut_test.py "$@" --all >>build/kills.txt 2>&1 || failed=yes
  /usr/bin/python3 tests/resume/full_disk_test.py "$@" --all >>build/kills.txt 2>&1 || failed=yes
  /usr/bin/python3 tests/resume/many_epochs_test.py "$@" --all >>build/kills.txt 2>&1 || failed=yes
  cat build/kills.txt
  report "kills and power cuts" "$(head -n 1 build/kills.txt)" "$started"
}

# From nothing, twelve sources of the host are compiled as one, which takes a third of the time. An existing build directory keeps
# its own setting: for daily work, cmake --preset dev compiles source by source.
if [ -f build/dev/build.ninja ]; then
  part dev "everything, g++"
else
  part dev "everything, g++" -D CMAKE_UNITY_BUILD=ON -D CMAKE_UNITY_BUILD_BATCH_SIZE=12
fi
if [ "$extent" != quick ]; then
  seconds=10
  if [ "$extent" = long ]; then
    seconds=600
    kills
    coverage
  fi
  part clang-plugins "SDK and plugins, clang++"
  part asan "unit and golden tests and fuzz targets, address and undefined sanitizers" -D KAIROS_FUZZ_SECONDS=$seconds
  part tsan "threads, thread sanitizer"
fi

printf '\n==> Summary\n'
cat "$summary"
[ $failed = no ]
