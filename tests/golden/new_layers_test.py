# SPDX-License-Identifier: MIT
"""Predicts with each kind of file that Keras wrote for one model, and with what Kairos writes from them.

  new_layers_test.py KAIROS PATH_WITHOUT_ENDING"""
import json
import pathlib
import sys
import tempfile

import numpy as np

from program import finish, kairos

MODEL = pathlib.Path(sys.argv[2])
data = np.load(f"{MODEL}.npz")
faults = []
checked = 0


def path(ending):
    return f"{MODEL}{ending}"


def inputs(directory):
    """The arrays under the names of the model's inputs."""
    names = json.loads(pathlib.Path(path(".json")).read_text())["config"].get("input_layers")
    keys = sorted(key for key in data if key.startswith("x"))
    if len(keys) == 1:
        np.save(directory / "x.npy", data[keys[0]])
        return ["--data", "x.npy"]
    flags = []
    for name, key in zip(names, keys):
        np.save(directory / f"{key}.npy", data[key])
        flags += ["--input", f"{name[0]}={key}.npy"]
    return flags


with tempfile.TemporaryDirectory() as name:
    directory = pathlib.Path(name)
    flags = inputs(directory)
    for target in "again.keras", "again.h5":
        kairos("convert", path(".keras"), target, cwd=directory)
    for model in ([path(".keras")], [path(".h5")], [path(".json"), "--weights", path(".weights.h5")], ["again.keras"], ["again.h5"]):
        kairos("predict", "--model", *model, *flags, "--out", "p.npy", cwd=directory)
        found, expected = np.load(directory / "p.npy"), data["predict"]
        checked += 1
        if found.shape != expected.shape or not np.allclose(found, expected, rtol=1e-5, atol=1e-6):
            faults.append(f"{model}: found {found.ravel()[:20]}\n  expected {expected.ravel()[:20]}")

finish(faults, checked)
