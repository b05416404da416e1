# SPDX-License-Identifier: MIT
"""Runs that are ended at some moment and go on, and everything that must be equal afterwards.

Arguments of each test: KAIROS KILLER.so FILE_CALLS.so, then those of the test."""
import hashlib
import itertools
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

import h5py
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "cli"))
KAIROS, KILLER, FILE_CALLS = (os.path.abspath(argument) for argument in sys.argv[1:4])
GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "fit"

LAYERS = {"dropout": "dense(8,tanh) dropout(0.3) dense(6,relu) dropout(0.2) dense(3,softmax)",
          "normalized": "dense(8) batchnorm dropout(0.3) dense(3,softmax)",
          "lstm": "reshape((2,3)) lstm(4,dropout=0.2,recurrent_dropout=0.2) dense(3,softmax)"}
OPTIMIZERS = {"adam": "Adam(learning_rate=0.02)", "averages": "Adam(learning_rate=0.02,use_ema=true,ema_overwrite_frequency=7)",
              "schedule": "SGD(learning_rate=CosineDecay(0.05,decay_steps=60),momentum=0.9)",
              "nadam": "Nadam(learning_rate=0.01,clipnorm=0.5)",
              "groups": "Lamb(learning_rate=0.02,gradient_accumulation_steps=3)", "factors": "Adafactor(learning_rate=0.02)"}
# Callbacks with state of their own, or with files that must be those of one run.
PLUGINS = {"average": "ExponentialMovingAverage:decay=0.9", "average of epochs": "StochasticWeightAveraging:swa_epoch_start=2",
           "accumulation": "GradientAccumulation:batches=3", "mixup": "Mixup:alpha=0.4", "freeze": "Freeze:layers=dense,unfreeze_at=3",
           "lines": "JSONLinesLogger:filename=log.jsonl,log_freq=1", "best two": "ModelCheckpoint@kept:filepath='k-{epoch}.h5',monitor=loss,keep=2"}
FEATURES = {
    "layers": list(LAYERS) + ["two outputs"],
    "optimizer": list(OPTIMIZERS),
    "order": ["shuffled", "as given", "batches", "stream", "window"],
    "epoch": ["whole", "steps"],
    "validation": ["each epoch", "every second", "some epochs", "none"],
    "weights": ["none", "classes", "samples", "balanced"],
    "every": ["0s", "1epoch", "3batches", "0.02s"],
    "plugin": ["none", *PLUGINS],
}


def table():
    numbers = np.random.default_rng(3)
    x = numbers.normal(size=(60, 6))
    label = (x[:, 0] + x[:, 1] > 0).astype(int) + (x[:, 2] > 0.5)
    weight = numbers.uniform(0, 2, size=60)
    rows = ["a,b,c,d,e,f,weight,label"] + [",".join(f"{v:.5f}" for v in (*row, w)) + f",{y}" for row, w, y in zip(x, weight, label)]
    return "\n".join(rows) + "\n"


def cases(seed):
    """Endless: values of the features, drawn so that all are met soon."""
    draw = random.Random(seed)
    decks = {key: itertools.cycle(draw.sample(values, len(values))) for key, values in FEATURES.items()}
    while True:
        case = {}
        for key, deck in decks.items():
            for _ in range(draw.randrange(1, 3)):
                case[key] = next(deck)
        yield case


def data_flags(case):
    """Only what the two outputs of the golden model can have too."""
    if case["layers"] == "two outputs":
        folder = GOLDEN / "functional_two_in_two_out"
        return ["--model", folder / "model.json", "--data", folder / "data.npz", "--batch-size", "16",
                "--loss", "kind=sparse_categorical_crossentropy", "--loss", "amount=mse", "--loss-weight", "kind=1",
                "--loss-weight", "amount=0.3", "--metrics", "kind=accuracy", "--metrics", "amount=mae"]
    flags = ["--model", LAYERS[case["layers"]], "--data", "data.csv", "--target", "label", "--batch-size", "7",
             "--loss", "sparse_categorical_crossentropy", "--metrics", "accuracy,auc", "--weighted-metrics", "accuracy",
             "--sample-weight", "weight"]
    if case["weights"] == "classes":
        flags += ["--class-weight", "0=1,1=2,2=0.5"]
    elif case["weights"] == "balanced":
        flags += ["--class-weight", "balanced"]
    if case["order"] in ("stream", "window"):
        flags += ["--stream", "true"] + (["--shuffle-window", "9"] if case["order"] == "window" else [])
    return flags


def feature(case):
    """The callback of a case, where the model and the optimizer permit it."""
    name, two_outputs = case["plugin"], case["layers"] == "two outputs"
    if name == "none" or (name == "mixup" and two_outputs) or (name == "average of epochs" and case["optimizer"] == "schedule"):
        return []
    return [PLUGINS[name].replace("dense", "hl") if two_outputs else PLUGINS[name]]


def command(case, run, writers=True, backup=False):
    """The fit of a case, whose files are all in the directory `run`; with or without callbacks that write files. It is the run directory, or
    the run has none and BackupAndRestore in its place."""
    flags = ["fit", *data_flags(case), "--epochs", "6", "--seed", "11", "--verbose", "0",
             "--optimizer", OPTIMIZERS[case["optimizer"]], "--save-model", f"{run}/end.h5",
             "--shuffle", {"as given": "false", "batches": "batch"}.get(case["order"], "true")]
    flags += ["--history", f"{run}/history.json"] if backup else ["--run-dir", run, "--checkpoint-every", case["every"]]
    within = f"{run}/" if backup else ""
    monitor = "loss"
    if case["validation"] != "none":
        flags += ["--validation-split", "0.25",
                  "--validation-freq", {"every second": "2", "some epochs": "1,4,5"}.get(case["validation"], "1")]
    if case["validation"] == "each epoch":
        monitor = "val_loss"
    if case["epoch"] == "steps":
        flags += ["--steps-per-epoch", "4"]
    plugins = [f"EarlyStopping:monitor={monitor},patience=2,restore_best_weights=true", f"CSVLogger:filename={within}log.csv",
               f"ModelCheckpoint@best:filepath={within}best.h5,monitor={monitor},save_best_only=true",
               f"ModelCheckpoint@often:filepath='{within}m-{{epoch}}-{{batch}}.weights.h5',save_weights_only=true,save_freq=5",
               f"TensorBoard:log_dir={within}tb,update_freq=2", KILLER]
    if not writers:
        plugins = [plugins[0], KILLER]
    plugins += [re.sub("(filename=|filepath=')", rf"\1{within}", one) for one in feature(case)]
    if case["optimizer"] != "schedule":
        plugins.append(f"ReduceLROnPlateau:monitor={monitor},patience=1,factor=0.5")
    if backup:
        every = {"0s": "1", "1epoch": "epoch", "3batches": "3"}.get(case["every"], case["every"])
        two = "true" if case["epoch"] == "steps" else "false"
        plugins.append(f"BackupAndRestore:backup_dir=backup,save_freq={every},double_checkpoint={two}")
    return [str(word) for word in flags] + [word for plugin in plugins for word in ("--plugin", plugin)]


def h5_content(path):
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, one: found.update({name: one[()].tobytes()}) if isinstance(one, h5py.Dataset) else None)
    return found


def scalars(directory):
    """{(part, tag): {step: value}}, as TensorBoard reads it: a session start discards what came before."""
    from tensorboard_events import read
    return {part.name: read(part) for part in sorted(directory.iterdir()) if part.is_dir()} if directory.is_dir() else {}


def outcome(run):
    """What must not depend on where the run was ended."""
    run = pathlib.Path(run)
    models = {path.name: h5_content(path) for path in run.glob("*.h5")}
    logs = {path.name: path.read_text() for path in (run / "log.csv", run / "log.jsonl") if path.exists()}
    # "best two" remembers when it has saved its files; the sum of all bytes is the end.
    saved = (run / "callback_state").read_bytes()[:-4] if (run / "callback_state").exists() else b""
    states = re.sub(rb" \d{19} (?=k-)", b" time ", saved)
    return {"history": json.loads((run / "history.json").read_text()), "logs": logs, "states": states, "models": models,
            "scalars": scalars(run / "tb")}


def difference(found, expected):
    """The keys of what differs; "" if nothing does."""
    return ", ".join(key for key in expected if found[key] != expected[key])


class Place:
    """A directory with the data, removed with its object."""

    def __init__(self):
        self.keeper = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.keeper.name).resolve()
        (self.path / "data.csv").write_text(table())

    def start(self, arguments, **environment):
        return subprocess.Popen([KAIROS, *map(str, arguments)], cwd=self.path, env={**os.environ, **environment},
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, arguments, **environment):
        process = self.start(arguments, **environment)
        out, errors = process.communicate(timeout=120)
        return process.returncode, out, errors

    def remove(self, name):
        shutil.rmtree(self.path / name, ignore_errors=True)


def digest(result):
    return hashlib.sha256(repr(sorted(result.items(), key=str)).encode()).hexdigest()[:16]
