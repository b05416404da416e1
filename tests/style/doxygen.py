# SPDX-License-Identifier: MIT
"""Doxygen reads the comments of public headers without a warning: references, commands and parameter names are right.

  doxygen.py OUTPUT_DIRECTORY"""
import pathlib
import shutil
import subprocess
import sys

import sources

if not shutil.which("doxygen"):
    sys.exit("doxygen is not installed. Run samples/install_packages.sh test")
pathlib.Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
configuration = sources.text(pathlib.Path("sdk/doc/Doxyfile")) + f'\nOUTPUT_DIRECTORY = "{sys.argv[1]}"\n'
run = subprocess.run(["doxygen", "-"], input=configuration, cwd=sources.ROOT, capture_output=True, text=True)
faults = run.stderr.splitlines() or ([f"doxygen ended with {run.returncode}"] if run.returncode else [])
headers = [name for name in sources.files(".h", ".hpp") if str(name).startswith(("sdk/include/", "host/include/"))]
sources.finish("Doxygen", faults, len(headers))
