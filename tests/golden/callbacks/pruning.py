# SPDX-License-Identifier: MIT
"""Writes pruning.json: what the rules of Optuna 4.0's MedianPruner and SuccessiveHalvingPruner decide in random studies.

  /usr/bin/python3 pruning.py > pruning.json

Optuna could not be installed where this was written. Written from the documentation and source of optuna/pruners/_percentile.py and
_successive_halving.py, with NumPy's nanpercentile for the median, and from nothing of Kairos. Steps are Optuna's, counted from 0 for the median,
and from 1 for halving, whose rungs are numbers of steps; values are reported under epochs counted from 1."""
import json
import math
import random

import numpy as np


class Study:
    """Reports of trials, and the state that the pruners keep of each."""

    def __init__(self, larger, options):
        self.larger, self.options = larger, options
        self.values, self.complete, self.rungs = {}, set(), {}

    def median(self, trial, step):
        startup, warmup = self.options["n_startup_trials"], self.options["n_warmup_steps"]
        if not self.complete or len(self.complete) < startup or step < warmup:
            return False
        mine = np.array(list(self.values[trial].values()))
        if np.isnan(mine).all():
            return True
        there = [self.values[other][step] for other in self.complete if step in self.values[other]]
        if not there or np.isnan(there).all():
            return False
        border = np.nanpercentile(np.array(there), 50)
        return bool(np.nanmax(mine) < border) if self.larger else bool(np.nanmin(mine) > border)

    def halving(self, trial, step):
        factor, first = self.options["reduction_factor"], self.options["min_resource"]
        done = self.rungs.setdefault(trial, {})
        value = self.values[trial][step]
        while step >= first * factor ** len(done):
            if math.isnan(value):
                return True
            rung = len(done)
            done[rung] = value
            rivals = sorted((one[rung] for one in self.rungs.values() if rung in one), reverse=self.larger)
            worst_promoted = rivals[max(len(rivals) // factor, 1) - 1]
            if (value < worst_promoted) if self.larger else (value > worst_promoted):
                return True
        return False


def study(seed):
    draw = random.Random(seed)
    rule = draw.choice(["median", "halving"])
    larger = draw.random() < 0.3
    if rule == "median":
        options = {"n_startup_trials": draw.choice([0, 1, 2, 3, 5]), "n_warmup_steps": draw.choice([0, 0, 1, 3])}
    else:
        options = {"min_resource": draw.choice([1, 1, 2, 3]), "reduction_factor": draw.choice([2, 2, 3, 4])}
    state = Study(larger, options)
    first_step = 0 if rule == "median" else 1
    trials = [f"t{i}" for i in range(draw.randint(3, 12))]
    waiting, running, epoch, ends, reports = list(trials), [], {}, {}, []
    at_once = draw.choice([1, 1, 2, 4])
    coarse = draw.random() < 0.5  # equal values occur
    while waiting or running:
        while waiting and len(running) < at_once:
            name = waiting.pop(0)
            running.append(name)
            epoch[name], ends[name], state.values[name] = 0, draw.randint(1, 10), {}
        name = draw.choice(running)
        epoch[name] += 1
        pruned = False
        if draw.random() < 0.85:  # else an epoch without validation
            value = draw.choice([1, 2, 3, 4]) if coarse else round(draw.uniform(0, 4), 3)
            chance = draw.random()
            value = math.nan if chance < 0.06 else value
            if rule == "halving" and chance > 0.97:  # NumPy's percentiles of infinities depend on its version
                value = draw.choice([math.inf, -math.inf])
            step = epoch[name] - 1 + first_step
            state.values[name][step] = value
            pruned = state.median(name, step) if rule == "median" else state.halving(name, step)
            reports.append([name, epoch[name], str(value), pruned])
        else:
            reports.append([name, epoch[name], "", False])
        if pruned or epoch[name] == ends[name]:
            running.remove(name)
            if not pruned:
                state.complete.add(name)
                reports.append([name, epoch[name], "end", False])
    return {"rule": rule, "mode": "max" if larger else "min", "options": options, "reports": reports}


print("[" + ",\n".join(json.dumps(study(seed), separators=(",", ":")) for seed in range(200)) + "]")
