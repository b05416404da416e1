# SPDX-License-Identifier: MIT
"""The README's tables of callbacks are what the plugins' manifests say, in the groups that their pages name.

The second line of a page names the group: <!-- group: Learning rate -->.

  callbacks_table.py KAIROS           exit code 1 unless it is
  callbacks_table.py KAIROS --write   makes it so
KAIROS is the program of a build, which finds the plugins of that build beside it."""
import difflib
import os
import re
import subprocess
import sys

import sources

BEGIN = "<!-- callbacks: written by tests/style/callbacks_table.py -->\n"
END = "<!-- end of callbacks -->\n"

environment = {name: value for name, value in os.environ.items() if name != "KAIROS_PLUGIN_PATH"}
listing = subprocess.run([sys.argv[1], "plugins", "list", "--markdown"], capture_output=True, text=True, check=True,
                         env=environment)
GROUPS = ["Stop and decide", "Learning rate", "Save and resume", "Log and report", "Weights and gradients", "Data", "Inspect", "Notify"]
PAGE = re.compile(r"# (\S+)\n<!-- group: (.+) -->\n")
faults = []
group_of = {}
for page in sorted(sources.ROOT.glob("plugins/*/README.md")):
    named = PAGE.match(page.read_text(encoding="utf-8"))
    if named and named[2] in GROUPS:
        group_of[named[1]] = named[2]
    else:
        faults.append(f"{page.relative_to(sources.ROOT)}:2: names no group; expected <!-- group: NAME -->, NAME one of {', '.join(GROUPS)}")
head, line, *table = listing.stdout.splitlines(keepends=True)
rows_of = {group: [] for group in GROUPS}
for row in table:
    name = row.split("|")[1].strip()
    if name in group_of:
        rows_of[group_of[name]].append(row)
    elif not faults:
        faults.append(f"{name} has no page plugins/*/README.md")
made = "\n".join(f"### {group}\n\n" + "".join([head, line, *rows]) for group, rows in rows_of.items() if rows)
readme = sources.ROOT / "README.md"
before, rest = readme.read_text(encoding="utf-8").split(BEGIN)
found, after = rest.split(END)
if "--write" in sys.argv and not faults:
    readme.write_text(before + BEGIN + made + END + after, encoding="utf-8")
    found = made
difference = faults + list(difflib.unified_diff(found.splitlines(), made.splitlines(), "README.md", "manifests", lineterm=""))
if difference:
    difference.append("README.md: the tables of callbacks are not what the manifests say. "
                      "Run tests/style/callbacks_table.py build/dev/bin/kairos --write")
sources.finish("table of callbacks", difference, sum(map(len, rows_of.values())))
