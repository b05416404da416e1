# SPDX-License-Identifier: MIT
"""host/doc/errors.md is what the program says of its error codes.

  errors_page.py KAIROS           exit code 1 unless it is
  errors_page.py KAIROS --write   makes it so"""
import difflib
import subprocess
import sys

import sources

made = subprocess.run([sys.argv[1], "explain", "--markdown"], capture_output=True, text=True, check=True).stdout
page = sources.ROOT / "host" / "doc" / "errors.md"
if "--write" in sys.argv:
    page.write_text(made, encoding="utf-8")
found = page.read_text(encoding="utf-8") if page.is_file() else ""
difference = list(difflib.unified_diff(found.splitlines(), made.splitlines(), "errors.md", "explain", lineterm=""))
if difference:
    difference.append("host/doc/errors.md is not what `kairos explain --markdown` prints. "
                      "Run tests/style/errors_page.py build/dev/bin/kairos --write")
sources.finish("page of errors", difference, sum(line.startswith("### KAIROS-") for line in made.splitlines()))
