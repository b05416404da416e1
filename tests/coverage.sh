#!/bin/sh
# Builds the SDK, the callback host and the plugins with counters, runs the tests that exercise them, and prints the share of lines
# that ran: tests/coverage.sh [--missing]. --missing lists the lines that did not. Exit code 1 below 90 % of host/plugin or sdk.
set -eu
cd "$(dirname "$0")/.."
[ -f build/coverage/build.ninja ] || cmake --preset coverage >/dev/null
cmake --build --preset coverage -- --quiet
find build/coverage -name '*.gcda' -delete
ctest --preset coverage --quiet -j "$(nproc)"
exec python3 tests/coverage.py build/coverage "$@"
