# SPDX-License-Identifier: MIT
"""Prints which share of the lines of the SDK, of host/base and host/plugin, and of the plugins the tests of a build have run.

  coverage.py BUILD [--missing]   exit code 1 if it is below LEAST in host/plugin or sdk; --missing lists lines that never ran"""
import collections
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
LEAST = 90
HELD = ("host/plugin", "sdk")
SHOWN = ("host/base", "host/plugin", "plugins", "sdk/include")


def counts(build):
    """How often each line ran, by file: the sum over all programs and libraries that contain it."""
    lines = collections.defaultdict(collections.Counter)
    data = sorted(pathlib.Path(build).resolve().rglob("*.gcno"))  # also of what never ran
    for first in range(0, len(data), 50):
        run = subprocess.run(["gcov", "--json-format", "--stdout", *data[first:first + 50]], capture_output=True, text=True,
                             check=True, cwd=build)
        for report in map(json.loads, run.stdout.splitlines()):
            for source in report["files"]:
                path = (pathlib.Path(report["current_working_directory"]) / source["file"]).resolve()
                if path.is_relative_to(ROOT) and str(path.relative_to(ROOT)).startswith(SHOWN):
                    for line in source["lines"]:
                        lines[str(path.relative_to(ROOT))][line["line_number"]] += line["count"]
    return lines


def share(files):
    """(lines, those that ran, per cent) of the counters of some files."""
    total = sum(len(lines) for lines in files)
    ran = sum(count > 0 for lines in files for count in lines.values())
    return total, ran, 100 * ran / total if total else 0.0


def main():
    lines = counts(sys.argv[1])
    folders = collections.defaultdict(list)
    for path, of_file in lines.items():
        folders[str(pathlib.PurePath(path).parent)].append(of_file)
    if "--missing" in sys.argv:
        for path, of_file in sorted(lines.items()):
            missing = [str(line) for line, count in sorted(of_file.items()) if count == 0]
            if missing:
                print(f"{path}: {' '.join(missing)}")
    print(f"{'folder':40} {'lines':>6} {'ran':>6}")
    for folder in sorted(folders):
        total, ran, percent = share(folders[folder])
        print(f"{folder:40} {total:6} {ran:6} {percent:6.1f} %")
    held = {}
    for folder in HELD:
        total, ran, held[folder] = share([of_file for path, of_file in lines.items() if path.startswith(folder + "/")])
        print(f"{folder:40} {total:6} {ran:6} {held[folder]:6.1f} %")
    print("lines that ran: " + ", ".join(f"{folder} {percent:.1f} %" for folder, percent in held.items()) + f"; at least {LEAST} %")
    sys.exit(1 if min(held.values()) < LEAST else 0)


if __name__ == "__main__":
    main()
