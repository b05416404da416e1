# SPDX-License-Identifier: MIT
"""Runs kairos and reports results, for the golden tests."""
import json
import subprocess
import sys

KAIROS = sys.argv[1]


def kairos(*arguments, cwd):
    """Returns standard output; fails the test if kairos fails."""
    run = subprocess.run([KAIROS, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=300)
    if run.returncode != 0:
        sys.exit(f"exit code {run.returncode} of kairos {' '.join(map(str, arguments))}\n{run.stdout}{run.stderr}")
    return run.stdout


def replay(cases, directory, exit_code=0):
    """Prints the results of the cases."""
    file = directory / "cases.json"
    file.write_text(json.dumps({"cases": cases}))
    run = subprocess.run([KAIROS, "replay", file], cwd=directory, capture_output=True, text=True, timeout=300)
    if run.returncode != exit_code:
        sys.exit(f"exit code {run.returncode} of kairos replay, expected {exit_code}\n{run.stdout}{run.stderr}")
    return json.loads(run.stdout)["cases"]


def finish(faults, checked):
    for fault in faults:
        print(fault)
    print(f"{checked} checked, {len(faults)} at fault")
    sys.exit(1 if faults or not checked else 0)
