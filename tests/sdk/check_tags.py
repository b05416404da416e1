# SPDX-License-Identifier: MIT
"""check_tags.py ABI_DIRECTORY: every function pointer of the ABI says on which thread and in which state it is called.

A tag is in a comment on the same line, or above it in the same paragraph. Paragraphs end at an empty line, so that related hooks
share a tag. types.h explains the words."""
import pathlib
import re
import sys

THREADS = {"fit-thread", "any-thread"}
STATES = {"loading", "set-up", "running", "training", "in-batch", "any-state"}
TAG = re.compile(r"\[([^\]\n]*-thread[^\]\n]*)\]")
FUNCTION = re.compile(r"^[^(]*\(\*(\w+)\)\s*\(")
DEFINITION = re.compile(r"^\s*(?:typedef\s+)?struct\s+\w+\s*\{.*?^\}", re.S | re.M)


def bad_tag(tag):
    words = [w.strip() for w in tag.split("&")]
    return len(words) != 2 or words[0] not in THREADS or words[1] not in STATES


def check_paragraph(paragraph, where, faults):
    """Counts the function pointers; a tag covers those after it."""
    functions = 0
    tagged = False
    in_comment = False
    for line in paragraph.splitlines():
        tags = TAG.findall(line)
        faults.extend(f"{where}: unknown tag [{tag}]" for tag in tags if bad_tag(tag))
        match = None if in_comment or line.lstrip().startswith("/*") else FUNCTION.match(line)
        if match:
            functions += 1
            if not tagged and not tags:
                faults.append(f"{where}: {match.group(1)} has no tag such as [fit-thread & training]")
        tagged = tagged or bool(tags)
        in_comment = (in_comment or "/*" in line) and not line.rstrip().endswith("*/") and "*/" not in line.split("/*")[-1]
    return functions


def check(directory):
    faults = []
    functions = 0
    for file in sorted(directory.glob("*.h")):
        for definition in DEFINITION.findall(file.read_text(encoding="utf-8")):
            for paragraph in re.split(r"\n[ \t]*\n", definition):
                functions += check_paragraph(paragraph, file.name, faults)
    return functions, faults


def self_test():
    """The check finds missing and unknown tags."""
    cases = [("int (*f)(void);", 1), ("/* why */\nint (*f)(void);", 1), ("/* [fit-thread & training] */\nint (*f)(void);", 0),
             ("int (*f)(void); /* [any-thread & any-state] */", 0), ("/* [fit-thread & sleeping] */\nint (*f)(void);", 1),
             ("/* long\n * [fit-thread & set-up] */\nint (*f)(void);\nint (*g)(void);", 0)]
    for text, expected in cases:
        faults = []
        assert check_paragraph(text, "self-test", faults) == 1 + text.count("*g"), text
        assert len(faults) == expected, (text, faults)


if __name__ == "__main__":
    self_test()
    count, found = check(pathlib.Path(sys.argv[1]))
    print("\n".join(found) or f"{count} function pointers")
    sys.exit(1 if found or count < 40 else 0)
