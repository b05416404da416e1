# SPDX-License-Identifier: MIT
"""The README's table of callbacks is what the plugins' manifests say.

  callbacks_table.py KAIROS           exit code 1 unless it is
  callbacks_table.py KAIROS --write   makes it so
KAIROS is the program of a build, which finds the plugins of that build beside it."""
import difflib
import os
import subprocess
import sys

import sources

BEGIN = "<!-- callbacks: written by tests/style/callbacks_table.py -->\n"
END = "<!-- end of callbacks -->\n"

environment = {name: value for name, value in os.environ.items() if name != "KAIROS_PLUGIN_PATH"}
listing = subprocess.run([sys.argv[1], "plugins", "list", "--markdown"], capture_output=True, text=True, check=True,
                         env=environment)
# Grouped by phase, which is the order in which they run, and by name within a phase.
PHASES = ["measure", "decide", "report", "persist"]
head, line, *table = listing.stdout.splitlines(keepends=True)
made = "".join([head, line, *sorted(table, key=lambda row: PHASES.index(row.split("|")[2].strip()))])
readme = sources.ROOT / "README.md"
before, rest = readme.read_text(encoding="utf-8").split(BEGIN)
found, after = rest.split(END)
if "--write" in sys.argv:
    readme.write_text(before + BEGIN + made + END + after, encoding="utf-8")
    found = made
difference = list(difflib.unified_diff(found.splitlines(), made.splitlines(), "README.md", "manifests", lineterm=""))
if difference:
    difference.append("README.md: the table of callbacks is not what the manifests say. "
                      "Run tests/style/callbacks_table.py build/dev/bin/kairos --write")
rows = sum(line.startswith("|") for line in made.splitlines()) - 2
sources.finish("table of callbacks", difference, max(rows, 0))
