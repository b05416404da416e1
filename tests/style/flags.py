# SPDX-License-Identifier: MIT
"""The library speaks of fields: no string literal in host/ names a command-line flag, except in the program, host/cli, which turns
fields into flags where it prints (host/cli/field_flags.cpp)."""
import re

import sources

LITERAL = re.compile(r'"(?:[^"\\\n]|\\.)*"')
FLAG = re.compile(r"(?<![\w-])--[a-z]")
# Command lines of other programs.
QUOTED = re.compile(r"`[^`]*`")
faults = []
count = 0
for name in sources.files(".cpp", ".hpp"):
    if name.parts[0] != "host" or name.parts[1] == "cli":
        continue
    count += 1
    for number, line in enumerate(sources.text(name).splitlines(), 1):
        code = line.split("//")[0] if line.lstrip().startswith("//") or "///" in line else line
        for literal in LITERAL.findall(code):
            if FLAG.search(QUOTED.sub("", literal)):
                faults.append(f"{name}:{number}: {literal} names a flag; name the field in backquotes")
sources.finish("flags", faults, count)
