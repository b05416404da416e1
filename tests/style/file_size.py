# SPDX-License-Identifier: MIT
"""Files of code are short enough to be read in one go, and begin with the licence and, but for tests, whose titles say it, a
sentence on what they are for."""
import sources

LIMIT = 400
LICENCE = "SPDX-License-Identifier: MIT"
HEADS = (f"// {LICENCE}\n// ", f"/* {LICENCE} */\n/* ")

faults = []
names = [name for name in sources.files(*sources.CODE) if "frozen" not in name.parts]
for name in names:
    text = sources.text(name)
    lines = text.count("\n")
    if lines > LIMIT:
        faults.append(f"{name}: {lines} lines, more than {LIMIT}. Split it by what its parts are for")
    if LICENCE not in "".join(text.splitlines()[:2]):
        faults.append(f"{name}:1: expected the licence, {LICENCE}")
    elif not text.startswith(HEADS) and name.parts[0] != "tests":
        faults.append(f"{name}:2: expected a sentence on what the file is for")
sources.finish("file size", faults, len(names))
