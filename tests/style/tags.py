# SPDX-License-Identifier: MIT
"""Every Catch2 test has a title that is a sentence, and tags of the list here: a misspelt tag would never be selected."""
import re

import sources

TAGS = {
    "host", "compute", "data", "io", "nn", "plugin", "train", "cli",
    "sdk", "boundary", "layout", "manifest", "option", "state",
    "plugins", "golden", "replay",
}
CASE = re.compile(r'\bTEST_CASE\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+),\s*"((?:\[[^\]"]*\])+)"')
OPENING = re.compile(r"^TEST_CASE\(", re.MULTILINE)

faults = []
count = 0
for name in sources.files(".cpp"):
    if name.parts[0] != "tests":
        continue
    text = sources.text(name)
    cases = list(CASE.finditer(text))
    count += len(cases)
    if len(cases) != len(OPENING.findall(text)):
        faults.append(f"{name}: a TEST_CASE without title or tags")
    for case in cases:
        line = text.count("\n", 0, case.start()) + 1
        title = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', case[1]))
        if " " not in title:
            faults.append(f'{name}:{line}: "{title}" is no sentence')
        for tag in re.findall(r"\[([^\]]*)\]", case[2]):
            if tag not in TAGS:
                faults.append(f"{name}:{line}: unknown tag [{tag}]; known are {', '.join(sorted(TAGS))}")
sources.finish("tests' titles and tags", faults, count)
