# SPDX-License-Identifier: MIT
"""The README's table of callbacks, made of what the plugins' manifests say.

  callbacks_table.py KAIROS DIRECTORY           exit code 1 unless the README has this table
  callbacks_table.py KAIROS DIRECTORY --write   puts it there
DIRECTORY holds the plugins."""
import difflib
import json
import subprocess
import sys

import sources

BEGIN = "<!-- callbacks: written by tests/style/callbacks_table.py -->\n"
END = "<!-- end of callbacks -->\n"


def option(spec):
    """`patience=10`; without a default `baseline`; one that must be set `schedule` in bold."""
    default = spec.get("default")
    if default is None:
        return f"**`{spec['name']}`**" if spec.get("required") else f"`{spec['name']}`"
    shown = json.dumps(default) if not isinstance(default, str) else default
    return f"`{spec['name']}={shown}`"


def row(callback):
    short = callback["id"].rsplit(".", 1)[-1]
    options = ", ".join(option(spec) for spec in callback["options"]) or "none"
    return f"| {short} | {callback['phase']} | {callback['summary'].rstrip('.')} | {options} |\n"


def table(kairos, directory):
    listing = subprocess.run([kairos, "plugins", "list", "--json", "--plugin-dir", directory], capture_output=True, text=True,
                             check=True)
    callbacks = [callback for plugin in json.loads(listing.stdout)["plugins"] for callback in plugin["callbacks"]]
    rows = sorted((row(callback) for callback in callbacks), key=str.lower)
    return "| callback | phase | what it does | options and defaults |\n|---|---|---|---|\n" + "".join(rows)


made = table(sys.argv[1], sys.argv[2])
readme = sources.ROOT / "README.md"
before, rest = readme.read_text(encoding="utf-8").split(BEGIN)
found, after = rest.split(END)
if "--write" in sys.argv:
    readme.write_text(before + BEGIN + made + END + after, encoding="utf-8")
    found = made
difference = list(difflib.unified_diff(found.splitlines(), made.splitlines(), "README.md", "manifests", lineterm=""))
if difference:
    difference.append("README.md: the table of callbacks is not what the manifests say. Run tests/style/callbacks_table.py --write")
sources.finish("table of callbacks", difference, made.count("\n") - 2)
