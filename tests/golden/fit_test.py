# SPDX-License-Identifier: MIT
"""One fit of real Keras, through the command line: history, weights, predictions and files agree.

  fit_test.py KAIROS DIRECTORY"""
import csv
import json
import pathlib
import sys
import tempfile

import numpy as np

from program import finish, kairos

GOLDEN = pathlib.Path(sys.argv[2])
TOLERANCE = 1e-5
spec = json.loads((GOLDEN / "spec.json").read_text())
trace = json.loads((GOLDEN / "trace.json").read_text())
# What a fit leaves to rounding, with the reason; most have no such file.
noise = json.loads((GOLDEN / "noise.json").read_text()) if (GOLDEN / "noise.json").exists() else {}
faults = []
checked = 0


def text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def compile_flags():
    flags = ["--model", GOLDEN / "model.json", "--data", GOLDEN / "data.npz", "--loss", spec["loss"]]
    for key in ("metrics", "weighted_metrics"):
        if spec.get(key):
            flags += ["--" + key.replace("_", "-"), ",".join(spec[key])]
    return flags


def fit_flags():
    """spec.json, one to one."""
    name, config = spec["optimizer"]
    flags = ["--optimizer", f"{name}({','.join(f'{key}={text(value)}' for key, value in config.items())})",
             "--shuffle", "false", "--verbose", "0"]
    for key, value in spec["fit"].items():
        if key == "class_weight":
            value = ",".join(f"{label}={weight}" for label, weight in value.items())
        flags += ["--" + key.replace("_", "-"), text(value)]
    for callback in spec.get("callbacks", []):
        options = ",".join(f"{key}={text(value)}" for key, value in callback["config"].items())
        flags += ["--plugin", f"{callback['class']}:{options}"]
    return flags


def relative(what):
    return noise.get("relative", {}).get(what, TOLERANCE)


def compare(what, found, expected, key=None):
    """Relative to the largest value for arrays: what is near zero is a difference of larger numbers."""
    global checked
    checked += 1
    found, expected = np.asarray(found, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    if found.shape != expected.shape:
        faults.append(f"{what}: shape {found.shape}, expected {expected.shape}")
        return
    distance = np.max(np.abs(found - expected))
    worst = distance / max(np.max(np.abs(expected)), 1e-30)
    if not (worst <= relative(key or what) or distance <= noise.get("absolute", {}).get(what, 0)):
        faults.append(f"{what}: differs by {worst:.2e} relative\n  found    {found.ravel()[:40]}\n"
                      f"  expected {expected.ravel()[:40]}")


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

    kairos("predict", "--model", GOLDEN / "model.json", "--weights", "out.npz", "--data", GOLDEN / "data.npz", "--out", "p.npy",
           cwd=directory)
    compare("predictions", np.load(directory / "p.npy"), np.load(GOLDEN / "predict.npy"))
    results = json.loads(kairos("evaluate", *compile_flags(), "--weights", "out.npz", "--json", cwd=directory))
    for key, value in trace["evaluate"].items():
        compare(f"evaluate: {key}", results.get(key, np.nan), value)

    # What Keras wrote: the whole model in both formats, and the weights alone.
    files = GOLDEN / "files"
    for model in (["model.h5"], ["model.keras"], ["model_no_optimizer.h5"], ["model.json", "legacy_weights.h5"],
                  ["model.json", "keras3.weights.h5"], ["model.json", "weights.npz"]):
        weights = ["--weights", files / model[1]] if len(model) > 1 else []
        kairos("predict", "--model", files / model[0], *weights, "--data", files / "x.npy", "--out", "q.npy", cwd=directory)
        compare(f"predictions of {' and '.join(model)}", np.load(directory / "q.npy"), np.load(files / "predict.npy"))

finish(faults, checked)
