# SPDX-License-Identifier: MIT
"""Repeats one fit of Keras 3.15 through the command line and compares history, weights, predictions and files.

  fit2_test.py KAIROS DIRECTORY"""
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
# What README.md states: a second fit of Keras that starts 1e-7 away differs by up to 6e-5.
HISTORY, WEIGHTS = 1e-4, 1e-3
# Of a number that is a difference of numbers near 1, such as a correlation.
NOISE = 1e-6
spec = json.loads((GOLDEN / "spec.json").read_text())
trace = json.loads((GOLDEN / "trace.json").read_text()) if (GOLDEN / "trace.json").exists() else {}
faults = []
checked = 0


def text(value):
    return json.dumps(value, separators=(",", ":")) if isinstance(value, (bool, list)) else str(value)


def call(class_and_arguments):
    """["Lamb", {"learning_rate": 0.02}] as Lamb(learning_rate=0.02); a name stays a name."""
    if isinstance(class_and_arguments, str):
        return class_and_arguments
    name, arguments = class_and_arguments
    return f"{name}({','.join(f'{key}={text(value)}' for key, value in arguments.items())})"


def compile_flags():
    flags = ["--model", GOLDEN / "model.json", "--data", GOLDEN / "data.npz", "--loss", call(spec["loss"])]
    for key, flag in ("metrics", "--metrics"), ("weighted_metrics", "--weighted-metrics"):
        if spec.get(key):
            flags += [flag, ",".join(call(metric) for metric in spec[key])]
    return flags


def fit_flags():
    flags = ["--optimizer", call(spec["optimizer"]), "--shuffle", "false", "--verbose", "0"]
    for key, value in spec["fit"].items():
        flags += ["--" + key.replace("_", "-"), text(value)]
    return flags + plugin_flags(spec.get("callbacks", []), text)


def compare(what, found, expected, tolerance, noise=0):
    global checked
    checked += 1
    fault = difference(what, found, expected, tolerance, noise)
    faults.extend([fault] if fault else [])


def expected_history():
    """Keras on torch hands out a view of a count, which the validation overwrites before the epoch is logged: the last batch has the number."""
    counts = {"true_positives", "true_negatives", "false_positives", "false_negatives"} if "validation_split" in spec["fit"] else set()
    last = [[batch["logs"] for batch in trace["batches"] if batch["epoch"] == epoch][-1] for epoch in range(spec["fit"]["epochs"])]
    return {key: [logs[key] for logs in last] if key in counts else values for key, values in trace["history"].items()}


def compare_history(history):
    expected = expected_history()
    if sorted(history) != sorted(expected):
        faults.append(f"history: {sorted(history)}, expected {sorted(expected)}")
    for key in sorted(set(history) & set(expected)):
        compare(f"history of {key}: length", len(history[key]), len(expected[key]), 0)
        for epoch, pair in enumerate(zip(history[key], expected[key])):
            compare(f"{key} in epoch {epoch}", *pair, HISTORY, NOISE)


def predict(*flags):
    kairos("predict", *flags, "--data", GOLDEN / "data.npz", "--batch-size", spec["fit"]["batch_size"], "--out", "p.npy", cwd=directory)
    return np.load(directory / "p.npy")


def groups(archive):
    """The groups with weights of a .keras, with the shapes of their arrays, the optimizer's apart."""
    with zipfile.ZipFile(archive) as opened:
        opened.extract("model.weights.h5", directory)
    found = {}
    with h5py.File(directory / "model.weights.h5") as file:
        file.visititems(lambda path, item: found.update({path: item.shape}) if isinstance(item, h5py.Dataset) else None)
    return {path: shape for path, shape in found.items() if not path.startswith("optimizer/")}


def compare_file(archive):
    """Keras' own file predicts the same, and what Kairos writes has its weights where Keras looks for them."""
    expected = np.load(GOLDEN / "predict.npy")
    compare("predictions of model.keras", predict("--model", archive), expected, 1e-5)
    for target in "again.keras", "again.h5":
        kairos("convert", archive, target, cwd=directory)
        compare(f"predictions of {target}", predict("--model", target), expected, 1e-5)
    mine, theirs = groups(directory / "again.keras"), groups(archive)
    if mine != theirs:
        faults.append(f"arrays in again.keras:\n  found    {mine}\n  expected {theirs}")


def compare_optimizer(archive):
    """The optimizer's variables, in Keras' order."""
    with zipfile.ZipFile(archive) as opened:
        opened.extract("model.weights.h5", directory)
    expected = np.load(GOLDEN / "optimizer.npz")
    with h5py.File(directory / "model.weights.h5") as file:
        found = {key: item[()] for key, item in file["optimizer/vars"].items()}
    if sorted(found) != sorted(expected):
        faults.append(f"optimizer: variables {sorted(found)}, expected {sorted(expected)}")
    for key in sorted(set(found) & set(expected)):
        # The bias of attention's keys has a gradient of 0, which is nothing but rounding.
        if max(np.max(np.abs(found[key]), initial=0), np.max(np.abs(expected[key]), initial=0)) > 1e-9:
            compare(f"optimizer variable {key}", found[key], expected[key], WEIGHTS)


def compare_fit():
    kairos("fit", *compile_flags(), *fit_flags(), "--weights", GOLDEN / "init.npz", "--history", "out.json", "--save-weights", "out.npz",
           "--save-model", "out.keras", cwd=directory)
    compare_history(json.loads((directory / "out.json").read_text())["history"])
    weights, final = np.load(directory / "out.npz"), np.load(GOLDEN / "final.npz")
    if sorted(weights) != sorted(final):
        faults.append(f"out.npz holds {sorted(weights)}, expected {sorted(final)}")
    for key in sorted(set(weights) & set(final)):
        compare(f"weight {key}", weights[key], final[key], WEIGHTS)
    compare_optimizer(directory / "out.keras")
    # From the weights of Keras, so that only the inference is compared.
    compare("predictions", predict("--model", GOLDEN / "model.json", "--weights", GOLDEN / "final.npz"), np.load(GOLDEN / "predict.npy"), 1e-5)
    results = json.loads(kairos("evaluate", *compile_flags(), "--weights", GOLDEN / "final.npz", "--batch-size", spec["fit"]["batch_size"],
                                "--json", cwd=directory))
    for key, value in trace["evaluate"].items():
        compare(f"evaluate: {key}", results.get(key, np.nan), value, 1e-5)


with tempfile.TemporaryDirectory() as name:
    directory = pathlib.Path(name)
    if spec.get("predict_only"):
        compare("predictions", predict("--model", GOLDEN / "model.json", "--weights", GOLDEN / "init.npz"), np.load(GOLDEN / "predict.npy"), 1e-5)
    else:
        compare_fit()
    if (GOLDEN / "files" / "model.keras").exists():
        compare_file(GOLDEN / "files" / "model.keras")

finish(faults, checked)
