# SPDX-License-Identifier: MIT
"""check_frozen.py SDK_INCLUDE FROZEN_DIR: the ABI headers equal the copy that was frozen under their version, apart from the
wording of comments. The tags in comments, which say when a function may be called, are compared too."""
import difflib
import pathlib
import re
import sys

TAG = re.compile(r"\[[a-z-]+ & [a-z-]+\]")


def contract(path):
    """The lines of a header without comments, with the tags that its comments contain."""
    text = re.sub(r"/\*.*?\*/", lambda comment: "".join(f" {tag} " for tag in TAG.findall(comment[0])),
                  path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def headers(directory):
    return {path.relative_to(directory) for path in [directory / "abi.h", *directory.glob("abi/*.h"), *directory.glob("abi/*.inc")]}


source, frozen = pathlib.Path(sys.argv[1]) / "kairos", pathlib.Path(sys.argv[2])
numbers = dict(re.findall(r"^#define KAIROS_ABI_(M..OR) (\d+)$", (source / "abi/version.h").read_text(), re.M))
version = f"{numbers['MAJOR']}.{numbers['MINOR']}"
copy = frozen / version / "kairos"
if not copy.is_dir():
    sys.exit(f"ABI {version} has no frozen copy: run tests/sdk/freeze.sh")
difference = [f"only in one of the two: {name}" for name in sorted(headers(source) ^ headers(copy))]
for name in sorted(headers(source) & headers(copy)):
    difference += difflib.unified_diff(contract(copy / name), contract(source / name), f"{copy / name}", f"{source / name}",
                                       lineterm="", n=0)
if difference:
    print("\n".join(difference))
    sys.exit(f"The headers of ABI {version} differ from their frozen copy in tests/sdk/frozen/{version}. A released ABI never "
             "changes: raise KAIROS_ABI_MINOR in abi/version.h and append. While the version is a release candidate, the copy "
             "may be renewed: run tests/sdk/freeze.sh and write the reason into sdk/CHANGELOG.md.")
