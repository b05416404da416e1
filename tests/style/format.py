# SPDX-License-Identifier: MIT
"""Code is what clang-format makes of it."""
import subprocess
import sys

import sources

names = [name for name in sources.files(*sources.CODE) if "frozen" not in name.parts]
faults = []
run = subprocess.run([sys.argv[1], "--dry-run", "-Werror", *names], cwd=sources.ROOT, capture_output=True, text=True)
if run.returncode != 0:
    places = [line for line in run.stderr.splitlines() if "error:" in line]
    dirty = sorted({line.split(":")[0] for line in places})
    faults = [f"{name}: not formatted. Run clang-format -i {name}" for name in dirty] or [run.stderr]
sources.finish("clang-format", faults, len(names))
