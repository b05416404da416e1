# SPDX-License-Identifier: MIT
"""Short cases worked out on Keras 3.15, as Kairos decides them: equal but for NaN, options outside their range, and the columns of
CSVLogger, which are those that the run declares.

  vectors_test.py KAIROS"""
import json
import pathlib
import struct
import tempfile

import numpy as np

from program import finish, kairos, replay

NAN = float("nan")
faults = []
checked = 0


def float32(value):
    return struct.unpack("f", struct.pack("f", value))[0]


def case(values, callback, config, key="val_loss", rate=1.0):
    logs = [{"loss": value, key: value} for value in values]
    return {"lr": rate, "logs": logs, "callbacks": [{"class": callback, "config": config}]}


def expect(what, found, expected):
    global checked
    checked += 1
    if found != expected:
        faults.append(f"{what}: {found}\n  expected {expected}")


# values, options, number of epochs, final weight (1 + epoch index of the final weights)
EARLY_STOPPING = [
    ([1, 1, 1, 1], {"patience": 0}, 2, 2),
    ([1, 2, 3, 4], {"patience": 1}, 2, 2),
    ([1, 2, 3, 4], {"patience": 2}, 3, 3),
    ([1, .5, .4, .39], {"patience": 1, "min_delta": .1}, 3, 3),
    ([1, .9, .8, .7], {"patience": 1, "min_delta": .1}, 2, 2),
    # Keras keeps the first NaN as the best and stops after three epochs.
    ([NAN, NAN, 1, 2, 3], {"patience": 2, "restore_best_weights": True}, 5, 3),
    ([1, NAN, .5, NAN, .4], {"patience": 2, "restore_best_weights": True}, 5, 5),
    ([1, .5, .7, .8, .9], {"patience": 10, "restore_best_weights": True}, 5, 2),
    ([5, 4, 3, 2, 1], {"patience": 2, "baseline": 2.5}, 5, 5),
    ([5, 6, 7, 8, 9], {"patience": 2, "baseline": 2.5, "restore_best_weights": True}, 2, 1),
    ([9, 1, 5, 5, 5, 5, 5], {"patience": 2, "start_from_epoch": 2, "restore_best_weights": True}, 5, 3),
]
# options, rates used; the metric never changes
REDUCE = [
    ({"patience": 2}, [1, 1, 1, .5, .5, .25, .25, .125]),
    ({"patience": 2, "cooldown": 2}, [1, 1, 1, .5, .5, .5, .25, .25, .25, .125]),
    ({"patience": 1, "cooldown": 1}, [1, 1, .5, .25, .125]),
    ({"patience": 0}, [1, 1, .5, .25]),
    ({"patience": 1, "factor": .1, "min_lr": .05}, [1, 1, .1, .05, .05]),
    ({"patience": 1, "factor": .5, "epsilon": 1e-4}, [1, 1, .5, .25]),
]
CHECKPOINT = "m-{epoch:02d}-{val_loss:.2f}.h5"


def early_stopping(directory):
    results = replay([case(values, "EarlyStopping", config) for values, config, _, _ in EARLY_STOPPING], directory)
    for (values, config, epochs, weight), result in zip(EARLY_STOPPING, results):
        expect(f"EarlyStopping {config} on {values}",
               (result["epochs_run"], result["final_weight"], result["errors"]), (epochs, weight, []))
        if epochs < len(values):
            expect(f"EarlyStopping {config} on {values} asks for the stop", result["stopped"], True)
    refused = replay([case([2, 1, 2], "EarlyStopping", {"patience": -1})], directory, exit_code=3)[0]
    expect("EarlyStopping with patience -1 runs", refused["epochs_run"], 0)
    expect("EarlyStopping with patience -1 is told", "KAIROS-O024" in refused["errors"][0], True)


def reduce_on_plateau(directory):
    cases = [case([1] * len(rates), "ReduceLROnPlateau", {"factor": .5, **config}) for config, rates in REDUCE]
    for (config, rates), result in zip(REDUCE, replay(cases, directory)):
        expect(f"ReduceLROnPlateau {config}", (result["lr"], result["published"]["learning_rate"]),
               ([float32(rate) for rate in rates], [float32(rate) for rate in rates]))
    # Wherever the schedule stands among the callbacks, what is logged is the rate that the epoch used.
    plateau = {"class": "ReduceLROnPlateau", "config": {"factor": .5, "patience": 1}}
    schedule = {"class": "LearningRateScheduler", "config": {"schedule": "lr"}}
    for callbacks in ([plateau, schedule], [schedule, plateau]):
        result = replay([{"lr": 1, "logs": [{"val_loss": 1}] * 4, "callbacks": callbacks}], directory)[0]
        expect(f"learning rates with {callbacks[0]['class']} first", (result["lr"], result["published"]["learning_rate"]),
               ([1, 1, .5, .25], [1, 1, .5, .25]))


def checkpoints(directory):
    best = {"filepath": CHECKPOINT, "save_best_only": True}
    batches = [[{"loss": 1}] * 4] * 3
    every_three = {"lr": 1, "logs": [{"loss": 1}] * 3, "batch_logs": batches, "callbacks": [
        {"class": "ModelCheckpoint", "config": {"filepath": "m-{epoch}-{batch}.h5", "save_freq": 3}}]}
    results = replay([case([3, 2, 5, 1], "ModelCheckpoint", best),
                      case([3, 2, 1], "ModelCheckpoint", {**best, "initial_value_threshold": 2}),
                      case([NAN, 2, NAN, 1], "ModelCheckpoint", best), every_three], directory)
    expected = [(["m-01-3.00.h5", "m-02-2.00.h5", "m-04-1.00.h5"], [0, 1, 3]), (["m-03-1.00.h5"], [2]),
                (["m-02-2.00.h5", "m-04-1.00.h5"], [1, 3]),
                (["m-1-3.h5", "m-2-2.h5", "m-3-1.h5", "m-3-4.h5"], [0, 1, 2, 2])]
    for number, (result, wanted) in enumerate(zip(results, expected)):
        expect(f"ModelCheckpoint, case {number}", (result["saved_files"], result["saved_after_epoch"]), wanted)


def csv_logger(directory):
    def written(logs, config):
        file = directory / "cases.json"
        file.write_text(json.dumps({"cases": [{"lr": 1, "logs": logs, "callbacks": [
            {"class": "CSVLogger", "config": {"filename": "log.csv", **config}}]}]}))
        kairos("replay", file, "--out", directory / "out", cwd=directory)
        return (directory / "out" / "log.csv").read_text()

    expect("CSVLogger without validation", written([{"loss": 2.2724249362945557}], {}), "epoch,loss\n0,2.2724249362945557\n")
    expect("CSVLogger with validation every other epoch",
           written([{"loss": 3}, {"loss": 2, "val_loss": 2.5}, {"loss": 1, "val_loss": None}], {"separator": ";"}),
           "epoch;loss;val_loss\n0;3.0;NA\n1;2.0;2.5\n2;1.0;NA\n")


def weighted_losses(directory):
    """Losses 1 … 4 with the weights 0, 1, 4, 0."""
    data = {"x": np.ones((4, 1)), "y": np.arange(1.0, 5.0).reshape(4, 1), "sample_weight": np.array([0.0, 1, 4, 0])}
    np.savez(directory / "data.npz", **{key: value.astype("float32") for key, value in data.items()})
    np.savez(directory / "zero.npz", **{"0": np.zeros((1, 1), "float32")})
    for reduction, loss in (("sum_over_batch_size", 3.5), ("mean_with_sample_weight", 2.8)):
        output = kairos("evaluate", "--model", "dense(1,use_bias=false)", "--weights", "zero.npz", "--data", "data.npz", "--loss",
                        "mae", "--loss-reduction", reduction, "--json", cwd=directory)
        expect(f"the loss with {reduction}", round(json.loads(output)["loss"], 6), loss)


with tempfile.TemporaryDirectory() as name:
    for group in (early_stopping, reduce_on_plateau, checkpoints, csv_logger, weighted_losses):
        group(pathlib.Path(name))
finish(faults, checked)
