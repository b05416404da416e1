# SPDX-License-Identifier: MIT
"""The project's own files, for the checks beside this one: those that git tracks or would, else all outside build/."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CODE = (".c", ".h", ".cpp", ".hpp")


def files(*suffixes):
    """Paths relative to ROOT, sorted; all if no suffix is given."""
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", ROOT, "ls-files", "-co", "--exclude-standard"],
        capture_output=True, text=True)
    if listing.returncode == 0:
        names = [pathlib.Path(name) for name in listing.stdout.splitlines()]
    else:
        names = [path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file()]
        names = [name for name in names if name.parts[0] not in (".git", ".cache", "build")]
    return sorted(name for name in set(names) if (not suffixes or name.suffix in suffixes) and (ROOT / name).is_file())


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def finish(what, faults, checked):
    """Ends the check: exit code 0, or 1 with every fault on a line of its own."""
    if checked == 0:
        faults = [f"{what}: found nothing to check"]
    for fault in faults:
        print(fault)
    print(f"{what}: {checked} checked, {len(faults)} at fault")
    sys.exit(1 if faults else 0)
