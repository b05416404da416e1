# SPDX-License-Identifier: MIT
"""The root of the project holds what a newcomer must see, and nothing else."""
import sources

ROOT = {"host", "sdk", "plugins", "tests", "samples", "CMakeLists.txt", "CMakePresets.json", "LICENSE", "README.md"}

names = {name.parts[0] for name in sources.files()}
faults = [f"{name}: does not belong in the root" for name in sorted(names - ROOT) if not name.startswith(".")]
faults += [f"{name}: is missing in the root" for name in sorted(ROOT - names)]
sources.finish("root", faults, len(names))
