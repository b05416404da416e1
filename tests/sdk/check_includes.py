# SPDX-License-Identifier: MIT
"""check_includes.py SDK_INCLUDE: the SDK includes the standard library and itself, and the C headers only C headers. Headers in
interop/ include the library that they are for, and no other header includes them."""
import pathlib
import re
import sys

C_HEADERS = {"stddef.h", "stdint.h"}
CXX_HEADERS = set("""algorithm array bit cassert cerrno cfloat charconv chrono cinttypes climits cmath cstddef cstdint cstdio
cstdlib cstring exception functional initializer_list iterator limits map memory new numeric optional ratio set span stdexcept
string string_view system_error tuple type_traits unordered_map utility variant vector version""".split())
INTEROP = {"eigen.hpp": "Eigen/"}
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)")')


def fault(root, file, system, own):
    """Why this file must not contain this include; None if it may."""
    is_c = file.suffix == ".h"
    if system is not None:
        if file.parent.name == "interop" and system.startswith(INTEROP[file.name]):
            return None
        allowed = C_HEADERS if is_c else CXX_HEADERS
        return None if system in allowed else f"<{system}> is not in the list of standard headers that this kind of file may use"
    candidates = [file.parent / own, root / own]
    target = next((c.resolve() for c in candidates if c.is_file()), None)
    if target is None or root.resolve() not in target.parents:
        return f'"{own}" is not a file of the SDK'
    if target.parent.name == "interop":
        return f'"{own}" is opt-in: only plugins include it'
    if is_c and target.suffix != ".h":
        return f'"{own}" is C++, but this header is C'
    if file.parent.name == "abi" and target.parent != file.parent.resolve():
        return f'"{own}" is outside of abi/, which depends on nothing'
    return None


def main(root):
    files = sorted(p for p in root.rglob("*") if p.suffix in (".h", ".hpp"))
    faults = []
    includes = 0
    for file in files:
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            includes += 1
            why = fault(root, file, *match.groups())
            if why:
                faults.append(f"{file}:{number}: {why}")
    print("\n".join(faults) or f"{includes} includes in {len(files)} files")
    return 1 if faults or includes < 50 else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
