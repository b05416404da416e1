# SPDX-License-Identifier: MIT
"""Repeats one fit of real Keras through the command line and compares history, weights, predictions and files.

  fit_test.py KAIROS DIRECTORY"""
import csv
import json
import pathlib
import sys
import tempfile
import zipfile

import h5py
import numpy as np

from keras_fit import difference, plugin_flags
from program import finish, kairos

GOLDEN = pathlib.Path(sys.argv[2])
TOLERANCE = 1e-5
spec = json.loads((GOLDEN / "spec.json").read_text())
trace = json.loads((GOLDEN / "trace.json").read_text())
# Which values of a fit may differ by rounding, and where its files may differ, with the reason. Most fits have no such file.
noise = json.loads((GOLDEN / "noise.json").read_text()) if (GOLDEN / "noise.json").exists() else {}
faults = []
checked = 0


def text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def by_output(flag, value):
    """One flag, or one per output that the specification names."""
    join = lambda one: ",".join(one) if isinstance(one, list) else str(one)
    if isinstance(value, dict):
        return [part for name, one in value.items() for part in (flag, f"{name}={join(one)}")]
    return [flag, join(value)]


def compile_flags():
    flags = ["--model", GOLDEN / "model.json", "--data", GOLDEN / "data.npz"]
    for key, flag in (("loss", "--loss"), ("loss_weights", "--loss-weight"), ("metrics", "--metrics"),
                      ("weighted_metrics", "--weighted-metrics")):
        if spec.get(key):
            flags += by_output(flag, spec[key])
    return flags


def fit_flags():
    """The flags for spec.json."""
    name, config = spec["optimizer"]
    flags = ["--optimizer", f"{name}({','.join(f'{key}={text(value)}' for key, value in config.items())})",
             "--shuffle", "false", "--verbose", "0"]
    for key, value in spec["fit"].items():
        if key == "class_weight":
            value = ",".join(f"{label}={weight}" for label, weight in value.items())
        flags += ["--" + key.replace("_", "-"), text(value)]
    return flags + plugin_flags(spec.get("callbacks", []), text)


def relative(what):
    return noise.get("relative", {}).get(what, TOLERANCE)


def compare(what, found, expected, key=None):
    global checked
    checked += 1
    fault = difference(what, found, expected, relative(key or what), noise.get("absolute", {}).get(what, 0))
    faults.extend([fault] if fault else [])


def compare_history(history):
    expected = trace["history"]
    if sorted(history["history"]) != sorted(expected) or len(history["epoch"]) != len(trace["epochs"]):
        faults.append(f"history: {sorted(history['history'])} in {len(history['epoch'])} epochs, "
                      f"expected {sorted(expected)} in {len(trace['epochs'])}")
        return
    for key, values in expected.items():
        found = history["history"][key]
        if key == "learning_rate" and found != values:
            faults.append(f"learning_rate: the decisions differ\n  found    {found}\n  expected {values}")
        # Every epoch for itself: a loss that has become small must be as exact as a large one.
        for epoch, pair in enumerate(zip(found, values)):
            if abs(pair[0] - pair[1]) > relative(key) * abs(pair[1]):
                faults.append(f"{key} in epoch {epoch}: {pair[0]} for {pair[1]}\n  found    {found}\n  expected {values}")
                break
        compare(f"history of {key}", found, values, key)


def compare_csv(found, expected):
    rows = [list(csv.reader(file.open(newline=""))) for file in (found, expected)]
    if rows[0][0] != rows[1][0] or len(rows[0]) != len(rows[1]):
        faults.append(f"{found.name}: {len(rows[0])} rows of {rows[0][0]}, expected {len(rows[1])} of {rows[1][0]}")
        return
    compare(found.name, [list(map(float, row)) for row in rows[0][1:]], [list(map(float, row)) for row in rows[1][1:]])


def predict(*flags):
    """The predictions of all outputs, in order."""
    if (GOLDEN / "predict.npz").exists():
        kairos("predict", *flags, "--out", "p.npz", cwd=directory)
        found = np.load(directory / "p.npz")
        return [found[key] for key in found]
    kairos("predict", *flags, "--out", "p.npy", cwd=directory)
    return [np.load(directory / "p.npy")]


def compare_predictions(what, found, place):
    expected = np.load(place / "predict.npz") if (place / "predict.npz").exists() else [np.load(place / "predict.npy")]
    expected = [expected[key] for key in expected] if not isinstance(expected, list) else expected
    if len(found) != len(expected):
        faults.append(f"{what}: {len(found)} outputs, expected {len(expected)}")
    for index, pair in enumerate(zip(found, expected)):
        compare(f"{what}" if len(expected) == 1 else f"{what}, output {index}", *pair)


def compare_compiled_files(directory):
    """A file that Keras compiled can be evaluated without naming loss and metrics."""
    for file in ("model.h5", "model.keras"):
        results = json.loads(kairos("evaluate", "--model", GOLDEN / "files" / file, "--data", GOLDEN / "data.npz", "--weights",
                                    GOLDEN / "final.npz", "--json", cwd=directory))
        for key, value in trace["evaluate"].items():
            compare(f"evaluate {file}: {key}", results.get(key, np.nan), value, key)


def describe(file):
    """Every group, data set and attribute of an HDF5 file; JSON is parsed."""
    out = {}

    def visit(path, item):
        for key, value in item.attrs.items():
            value = value.decode() if isinstance(value, bytes) else value
            if isinstance(value, str) and value.startswith("{"):
                value = json.loads(value)
            elif not isinstance(value, str):
                value = [text.decode() if isinstance(text, bytes) else text for text in value]
            out[f"{path} {key}"] = value
        out[path] = ((item.dtype.str, item.shape, item[()].tolist()) if isinstance(item, h5py.Dataset) else sorted(item))

    with h5py.File(file) as content:
        visit("/", content)
        content.visititems(visit)
    return {key: value for key, value in out.items() if not key.endswith(" backend")}


def essence(value):
    """Removes missing values (null or empty lists) and the shapes that layers were built with."""
    if isinstance(value, dict):
        return {key: essence(one) for key, one in value.items() if one is not None and one != [] and key != "build_config"}
    return [essence(one) for one in value] if isinstance(value, list) else value


def renamed(described):
    """Renames entries to the names in the recorded file if noise.json lists them as different; groups are then matched by content."""
    def plain(text):
        for ours, theirs in noise["written_names"].items():
            text = text.replace(ours, theirs)
        return text
    return {plain(key): json.loads(plain(json.dumps(essence(value)))) for key, value in described.items()
            if isinstance(value, (dict, str, tuple)) or " " in key}


def compare_described(what, found, expected):
    global checked
    checked += 1
    if "written_names" in noise:
        found, expected = renamed(found), renamed(expected)
    for key in sorted(set(found) | set(expected)):
        if found.get(key) != expected.get(key):
            faults.append(f"{what}, {key}:\n  found    {str(found.get(key))[:4000]}\n  expected {str(expected.get(key))[:4000]}")


def drop_needless_shapes(found, expected):
    """Kairos writes the build shape of every layer, Keras only of layers with something to build."""
    for ours, keras in zip(found["config"]["layers"], expected["config"]["layers"]):
        if "build_config" not in keras:
            ours.pop("build_config", None)


def compare_written_files(directory):
    """Compares what Kairos writes with Keras' file, group by group and attribute by attribute."""
    files = GOLDEN / "files"
    for target, *flags in (("model.h5",), ("legacy_weights.h5", "--weights-only"), ("model.keras",)):
        kairos("convert", files / "model.h5", target, *flags, cwd=directory)
    for target in ("model.h5", "legacy_weights.h5"):
        compare_described(f"written {target}", describe(directory / target), describe(files / target))
    contents = []
    for archive in (directory / "model.keras", files / "model.keras"):
        with zipfile.ZipFile(archive) as opened:
            opened.extract("model.weights.h5", directory)
            # Numbers of objects in Keras' memory.
            config = json.loads(opened.read("config.json"), object_hook=lambda value: {
                key: one for key, one in value.items() if key != "shared_object_id"})
        # Keras 3.13 leaves the optimizer out of the .keras that it writes behind an .h5, and names the torch backend's class.
        config.pop("compile_config", None)
        contents.append({**describe(directory / "model.weights.h5"), "config.json": config})
    drop_needless_shapes(contents[0]["config.json"], contents[1]["config.json"])
    compare_described("written model.keras", *contents)


with tempfile.TemporaryDirectory() as name:
    directory = pathlib.Path(name)
    kairos("fit", *compile_flags(), *fit_flags(), "--weights", GOLDEN / "init.npz", "--history", "out.json", "--save-weights",
           "out.npz", cwd=directory)
    compare_history(json.loads((directory / "out.json").read_text()))
    if (GOLDEN / "log.csv").exists():
        compare_csv(directory / "log.csv", GOLDEN / "log.csv")

    weights, final = np.load(directory / "out.npz"), np.load(GOLDEN / "final.npz")
    if sorted(weights) != sorted(final):
        faults.append(f"out.npz holds {sorted(weights)}, expected {sorted(final)}")
    for key in sorted(set(weights) & set(final)):
        compare(f"weight {key}", weights[key], final[key])

    compare_predictions("predictions", predict("--model", GOLDEN / "model.json", "--weights", "out.npz", "--data",
                                               GOLDEN / "data.npz"), GOLDEN)
    results = json.loads(kairos("evaluate", *compile_flags(), "--weights", "out.npz", "--json", cwd=directory))
    for key, value in trace["evaluate"].items():
        compare(f"evaluate: {key}", results.get(key, np.nan), value)

    # What Keras wrote: the whole model in both formats, and the weights alone.
    files = GOLDEN / "files"
    # Where Keras could not keep one x.npy, the files hold what the fit ended with.
    x, expected = (files / "x.npy", files) if (files / "x.npy").exists() else (GOLDEN / "data.npz", GOLDEN)
    for model in (["model.h5"], ["model.keras"], ["model_no_optimizer.h5"], ["model.json", "legacy_weights.h5"],
                  ["model.json", "keras3.weights.h5"], ["model.json", "weights.npz"]):
        if not (files / model[-1]).exists():
            continue
        weights = ["--weights", files / model[1]] if len(model) > 1 else []
        compare_predictions(f"predictions of {' and '.join(model)}", predict("--model", files / model[0], *weights, "--data", x),
                            expected)

    compare_compiled_files(directory)
    compare_written_files(directory)

finish(faults, checked)
