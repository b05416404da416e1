#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a fuzz target from its stored corpus and reports what it found.

usage: run_fuzzer.py TARGET CORPUS [--seconds N] [--largest-input BYTES] [--largest-allocation MB] [--foreign LIBRARY]

New inputs go to a temporary directory; a finding is saved as finding-* in the current directory. With --foreign, the run
continues after crashes, and those whose innermost frame is in that library are counted, not reported.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

# Frames of the sanitizers and of libc show where a fault was noticed, not where it is.
RUNTIME = re.compile(r"interceptor|sanitizer|__asan|__ubsan|__sanitizer|libFuzzer|fuzzer::|libc\.so|libasan|operator new|"
                     r"\bin (malloc|calloc|realloc|free|memcpy|memmove|memset|strlen|strncpy|strcmp|strdup|abort|raise)\b")
FRAME = re.compile(r"^\s*#\d+ 0x[0-9a-f]+ (.*)$", re.MULTILINE)


def innermost_frame(report):
    """The first frame of the report that is neither the sanitizer's nor libc's."""
    for frame in FRAME.findall(report):
        if not RUNTIME.search(frame):
            return frame
    return ""


def run(command, environment, timeout):
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)
    return done.returncode, done.stdout.decode(errors="replace")


def limits(options):
    return [f"-max_len={options.largest_input}", f"-malloc_limit_mb={options.largest_allocation}", "-rss_limit_mb=2048",
            "-timeout=10"]


def foreign_findings(options, environment, artifacts):
    """Repeats each finding alone, and returns those that are not in the library itself."""
    ours, theirs = [], 0
    for name in sorted(os.listdir(artifacts)):
        path = os.path.join(artifacts, name)
        code, report = run([options.target, *limits(options), path], environment, 60)
        if code == 0 or options.foreign in innermost_frame(report):
            theirs += 1
        else:
            ours.append((path, report))
    return ours, theirs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("target")
    parser.add_argument("corpus")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--largest-input", type=int, default=4096)
    parser.add_argument("--largest-allocation", type=int, default=64)
    parser.add_argument("--foreign", default="")
    options = parser.parse_args()
    environment = dict(os.environ)
    # The search for leaks would guess at the thread-local variables of libraries opened late, as the preset asan says.
    environment["ASAN_OPTIONS"] = (f"detect_leaks={0 if options.foreign else 1}:allocator_may_return_null=1:"
                                   "intercept_tls_get_addr=0")
    environment["UBSAN_OPTIONS"] = "print_stacktrace=1"
    if not os.listdir(options.corpus):
        sys.exit(f"{options.corpus}: the corpus is empty")
    with tempfile.TemporaryDirectory() as work:
        fresh, artifacts = os.path.join(work, "corpus"), os.path.join(work, "artifacts")
        os.mkdir(fresh)
        os.mkdir(artifacts)
        command = [options.target, *limits(options), f"-max_total_time={options.seconds}", "-print_final_stats=1",
                   f"-artifact_prefix={artifacts}/", fresh, options.corpus]
        if options.foreign:
            command += ["-fork=1", "-ignore_crashes=1", "-ignore_ooms=1", "-ignore_timeouts=1"]
        code, report = run(command, environment, options.seconds + 240)
        findings = [(os.path.join(artifacts, name), report) for name in os.listdir(artifacts)]
        if options.foreign:
            code = 0
            findings, theirs = foreign_findings(options, environment, artifacts)
            print(f"{theirs} findings inside {options.foreign}, which is read in a child process")
        for path, text in findings:
            kept = "finding-" + os.path.basename(options.target) + "-" + os.path.basename(path)
            shutil.copy(path, kept)
            print(text[-6000:], f"\nkept as {os.path.abspath(kept)}")
        print("\n".join(report.splitlines()[-12:]))
        if findings or code != 0:
            sys.exit(f"{os.path.basename(options.target)}: {max(len(findings), 1)} findings, exit code {code}")


if __name__ == "__main__":
    main()
