# SPDX-License-Identifier: MIT
"""Includes point in the design's direction: the SDK knows only the standard library, plugins and samples only installed
headers, and each heavy library is known in one place."""
import os.path
import pathlib
import re

import sources

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')

# A library, and the only files that may know it.
CONFINED = {
    r"boost/(asio|beast)": r"plugins/common/http_server\.cpp",
    r"boost/dll": r"host/plugin/library\.cpp",
    r"boost/program_options": r"host/cli/",
    r"oneapi/dnnl|dnnl": r"host/compute/|tests/host/compute/|tests/bench/train/onednn_loop\.cpp",
    r"hdf5\.h|H5": r"host/io/|plugins/prediction_writer/",
    r"zip\.h": r"host/io/",
    r"muParser": r"host/plugin/",
    r"google/protobuf": r"plugins/tensorboard/|tests/plugins/",
    r"mpi\.h": r"host/dist/",
    r"curl/": r"plugins/common/http_post\.hpp",
    r"sqlite3\.h": r"plugins/sqlite_logger/",
    r"lua\.hpp": r"plugins/lua_callback/",
}
# Which folders of the host the files of a folder may include besides their own. "api" is host/include/kairos/host, "callbacks.api"
# those of its headers that are installed with Kairos::callbacks.
LAYERS = {
    "base": ("callbacks.api",),
    "plugin": ("base", "callbacks.api"),
    "compute": ("base", "api"),
    "io": ("base", "api"),
    "data": ("base", "io", "api"),
    "nn": ("base", "io", "compute", "api"),
    "train": ("base", "io", "plugin", "api"),
    "dist": ("base", "api"),
    "cli": ("base", "io", "compute", "data", "dist", "nn", "plugin", "train", "api"),
}
CALLBACKS_API = ("callbacks.hpp", "current_batch.hpp", "error.hpp", "forward_control.hpp", "plugins.hpp", "ranks.hpp", "run_control.hpp", "run_files.hpp", "run_notes.hpp",
                 "step_control.hpp", "tensor.hpp", "training_target.hpp", "version.hpp")
API = "host/include/kairos/host"
# What Kairos::callbacks may know besides the standard library, the system and the SDK.
CALLBACKS_LIBRARIES = re.compile(r"(boost/|fmt/|muParser|nlohmann/json|kairos/|base/|plugin/)")
# Slow to compile: never in a header that others include.
HEAVY = re.compile(r"nlohmann/json\.hpp|oneapi/dnnl|dnnl|hdf5\.h|boost/")
# The opt-in headers, and the library that each may include.
OPT_IN = {"sdk/include/kairos/interop/eigen.hpp": "Eigen/", "host/include/kairos/host/eigen.hpp": "Eigen/"}
# Headers of that folder which only its own files include.
INNER = ("host/base/", "host/compute/", "host/dist/", "host/io/", "host/nn/", "host/plugin/", "host/train/", "host/cli/")
STANDARD = re.compile(r"[a-z_0-9]+(\.h)?$")


def resolve(name, quoted):
    """The project's file that a quoted include means, or None."""
    for base in (name.parent, *map(pathlib.Path, ("host", "host/include", "sdk/include", "tests"))):
        candidate = pathlib.Path(os.path.normpath(base / quoted))
        if (sources.ROOT / candidate).is_file():
            return candidate
    return None


def layer_fault(name, bracket, included):
    """Why a file of the host may not include another one of it, or None."""
    folder = "callbacks.api" if name.parent == pathlib.Path(API) and name.name in CALLBACKS_API else name.parts[1]
    if folder in ("base", "plugin", "callbacks.api"):
        library = "/" in included or included.endswith(".hpp")
        system = included.startswith(("sys/", "linux/", "bits/"))
        if library and not system and not CALLBACKS_LIBRARIES.match(included):
            return f"<{included}> may not be known to Kairos::callbacks"
    if folder == "include":
        return None
    target = resolve(name, included)
    if target is None or target.parts[0] != "host":
        return None
    other = target.parts[1]
    if target.parent == pathlib.Path(API):
        other = "callbacks.api" if target.name in CALLBACKS_API else "api"
    allowed = LAYERS.get(folder, ()) + (folder,)
    if other in allowed or (other == "callbacks.api" and "api" in allowed):
        return None
    return f'"{included}": {folder}/ may include {", ".join(sorted(set(allowed)))}, not {other}/'


def fault_of(name, bracket, included):
    path = str(name)
    if path in OPT_IN and included.startswith(OPT_IN[path]):
        return None
    if included.startswith("Eigen/") and name.suffix in (".h", ".hpp"):
        return f"<{included}> may stand in .cpp files and in {', '.join(OPT_IN)} only"
    target = resolve(name, included)
    if target is not None and str(target) in OPT_IN and name.suffix in (".h", ".hpp"):
        return f'"{included}" is opt-in and may be included by .cpp files only'
    if name.parts[0] == "host":
        fault = layer_fault(name, bracket, included)
        if fault:
            return fault
    for library, allowed in CONFINED.items():
        if re.match(library, included) and not re.match(allowed, path):
            return f"<{included}> may only be included by {allowed}"
    if HEAVY.match(included) and name.suffix in (".h", ".hpp") and not path.startswith("tests/"):
        # A folder may keep its library in a header that never leaves it.
        if not path.startswith(INNER):
            return f"<{included}> is slow to compile and may stand in .cpp files only"
    top = name.parts[0]
    if top == "sdk" and path.startswith("sdk/include/"):
        inside = included.startswith("kairos/") or bracket == '"'
        if not inside and not STANDARD.match(included):
            return f"<{included}>: the SDK includes only the standard library"
        if included.startswith("kairos/host"):
            return f'"{included}": the SDK knows nothing of the host'
    if top in ("plugins", "samples"):
        if included.startswith("kairos/host") and top == "plugins":
            return f'"{included}": a plugin knows nothing of the host'
        target = resolve(name, included) if bracket == '"' else None
        if target is not None and target.parts[:2] not in (name.parts[:2], ("plugins", "common")):
            return f'"{included}" is {target}: outside of {"/".join(name.parts[:2])}'
    if path.startswith("sdk/include/kairos/abi") and included.startswith("kairos/"):
        return f"<{included}>: the ABI is pure C and includes only itself"
    if top == "host" and included.startswith("kairos/") and not included.startswith(("kairos/host/", "kairos/abi")):
        return f"<{included}>: the host speaks the C ABI, not the sugar of plugins"
    return None


faults = []
count = 0
for name in sources.files(*sources.CODE):
    for number, line in enumerate(sources.text(name).splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        count += 1
        fault = fault_of(name, match[1], match[2])
        if fault:
            faults.append(f"{name}:{number}: {fault}")
sources.finish("includes", faults, count)
