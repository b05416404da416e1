# SPDX-License-Identifier: MIT
"""Pages point at what exists: every relative link and its #heading, every `path/of/a/file.cpp` in backquotes, everything there that
begins with a folder of the project, and the name in "`name` in `path/of/a/file.cpp`"."""
import re

import sources

FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
SOURCE = re.compile(r"[\w.*-]+(?:/[\w.*-]+)+\.(?:c|h|cpp|hpp|py|sh|md|cmake)")
OWN = re.compile(r"(?:host|sdk|plugins|tests|samples|\.github)/[\w.*/-]*")
NAME = re.compile(r"`([\w:]+)` in `([\w./-]+\.\w+)`")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
# Where a path may begin, besides the folder of its page.
ROOTS = ("", "host", "host/include", "sdk", "sdk/include", "sdk/include/kairos")
# What only a build or an installation has.
MADE = ("build/", "share/")


def anchors(text):
    """The #names of a page's headings, as GitHub makes them."""
    headings = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in HEADING.findall(FENCE.sub("", text))]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def link_fault(page, target):
    path, _, anchor = target.partition("#")
    if re.match(r"[a-z]+:", target):
        return None
    linked = sources.ROOT / page.parent / path if path else sources.ROOT / page
    if not linked.exists():
        return f"links to {path}, which does not exist"
    if anchor and linked.suffix == ".md" and anchor not in anchors(linked.read_text(encoding="utf-8")):
        return f"links to {target}, and {path or page} has no heading #{anchor}"
    return None


def path_fault(page, path):
    if path.startswith(MADE):
        return None
    for root in (page.parent, *ROOTS):
        if any((sources.ROOT / root).glob(path)):
            return None
    return f"names {path}, which does not exist"


def name_fault(name, path):
    file = sources.ROOT / path
    last = name.rsplit("::", 1)[-1]
    if not file.is_file() or re.search(rf"\b{last}\b", file.read_text(encoding="utf-8")):
        return None
    return f"says that {name} is in {path}, which does not contain it"


faults = []
count = 0
for page in sources.files(".md"):
    text = FENCE.sub(lambda match: "\n" * match[0].count("\n"), sources.text(page))
    for number, line in enumerate(text.splitlines(), 1):
        found = [link_fault(page, target) for target in LINK.findall(CODE.sub("", line))]
        words = [word for code in CODE.findall(line) for word in code.strip("`").split()]
        found += [path_fault(page, word) for word in words if "NAME" not in word and (SOURCE.fullmatch(word) or OWN.fullmatch(word))]
        found += [name_fault(*match) for match in NAME.findall(line)]
        count += len(found)
        faults += [f"{page}:{number}: {fault}" for fault in found if fault]
sources.finish("links and paths of pages", faults, count)
