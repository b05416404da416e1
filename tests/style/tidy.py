# SPDX-License-Identifier: MIT
"""Runs clang-tidy, with the checks of .clang-tidy, over what has changed since the branch left main, or over everything.

  tidy.py BUILD [--all]   BUILD is a configured build by g++; exit code 1 if there is a finding"""
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import sources

FOLDERS = ("host", "sdk", "plugins", "samples", "tests")
# Options of g++ that clang does not know.
UNKNOWN = re.compile(r" -fno-gnu-unique\b")


def git(*arguments):
    run = subprocess.run(["git", "-c", "safe.directory=*", "-C", sources.ROOT, *arguments], capture_output=True, text=True)
    return run.stdout.splitlines() if run.returncode == 0 else []


def changed():
    """Files that differ from where the branch left main, or from the last commit but one on main itself."""
    bases = git("merge-base", "HEAD", "origin/main") or git("merge-base", "HEAD", "main")
    base = bases[0] if bases and bases != git("rev-parse", "HEAD") else "HEAD~1"
    return {*git("diff", "--name-only", base), *git("ls-files", "-o", "--exclude-standard")}


def commands(build, directory):
    """Writes the compile commands without what clang rejects; returns the project's sources in them."""
    entries = json.loads((pathlib.Path(build) / "compile_commands.json").read_text(encoding="utf-8"))
    for entry in entries:
        entry["command"] = UNKNOWN.sub("", entry["command"])
    (pathlib.Path(directory) / "compile_commands.json").write_text(json.dumps(entries), encoding="utf-8")
    paths = {pathlib.Path(entry["file"]) for entry in entries}
    names = {path.relative_to(sources.ROOT) for path in paths if path.is_relative_to(sources.ROOT)}
    return sorted(name for name in names if name.parts[0] in FOLDERS)


def main():
    with tempfile.TemporaryDirectory() as directory:
        names = commands(sys.argv[1], directory)
        if "--all" not in sys.argv:
            stems = {os.path.splitext(name)[0] for name in changed()}  # A header is checked with its source.
            names = [name for name in names if str(name.with_suffix("")) in stems]
        if not names:
            print("clang-tidy: no source has changed")
            return

        def check(name):
            run = subprocess.run(["clang-tidy", "--quiet", "-p", directory, sources.ROOT / name], capture_output=True, text=True)
            return re.findall(r"^/.*(?:warning|error): .*\[.*\]$", run.stdout, re.MULTILINE)

        with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            found = {line.replace(f"{sources.ROOT}/", "") for lines in pool.map(check, names) for line in lines}
    sources.finish("clang-tidy", sorted(found), len(names))


if __name__ == "__main__":
    main()
