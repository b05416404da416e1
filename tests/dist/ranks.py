# SPDX-License-Identifier: MIT
"""Shared by the tests of distributed training: one process, and several ranks on this machine."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import numpy as np

KAIROS, MPIRUN, ON_RANK = (os.path.abspath(argument) for argument in sys.argv[1:4])
TOLERANCE = 1e-5
# Ranks on one small machine: more than processors, as root in a container, without spinning for each other.
STARTER = [MPIRUN, "--oversubscribe", "--mca", "mpi_yield_when_idle", "1", "--mca", "btl_vader_single_copy_mechanism", "none"]
ENVIRONMENT = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMP_NUM_THREADS": "1",
               "TERM": "dumb"}  # mpirun gives ranks a pseudo-terminal


def words(settings):
    """{"batch_size": 4} as --batch-size 4; a list repeats its flag, True is a flag without a value, None omits the flag."""
    out = []
    for key, value in settings.items():
        for one in value if isinstance(value, list) else [] if value is None else [value]:
            out += ["--" + key.replace("_", "-")] + ([] if one is True else [str(one)])
    return out


class RanksTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def start(self, ranks, *arguments, starter=()):
        """The finished process of a fit on so many ranks; 0: one process without MPI."""
        command = [KAIROS, "fit", *map(str, arguments)]
        if ranks:
            command = [*STARTER, *starter, "-n", str(ranks), *command, "--distributed"]
        return subprocess.run(command, cwd=self.directory, capture_output=True, text=True, timeout=120, env=ENVIRONMENT)

    def fit(self, ranks, settings, exit_code=0, starter=()):
        run = self.start(ranks, *words(settings), starter=starter)
        self.assertEqual(run.returncode, exit_code, run.stdout + run.stderr)
        return run

    def data(self, samples=37, features=5, classes=3, seed=0):
        """data.npz with a batch that is shorter than the others."""
        random = np.random.default_rng(seed)
        x = random.normal(size=(samples, features)).astype(np.float32)
        y = (np.abs(x[:, 0] * 3).astype(np.int64) % classes).astype(np.float32)
        np.savez(self.directory / "data.npz", x=x, y=y)
        return x, y

    def settings(self, **changes):
        return {"data": "data.npz", "model": "dense(6,tanh) dense(3,softmax)", "loss": "sparse_categorical_crossentropy",
                "metrics": "accuracy", "optimizer": "sgd(learning_rate=0.1)", "epochs": 3, "seed": 7, "verbose": 0, **changes}

    def results(self, ranks, batch, settings, name="out"):
        """History and weights of a fit with this batch of all ranks."""
        size = {"batch_size": batch} if ranks == 0 else {"global_batch_size": batch}
        run = self.fit(ranks, {**settings, **size, "history": f"{name}.json", "save_weights": f"{name}.npz"})
        with np.load(self.directory / f"{name}.npz") as weights:
            return json.loads((self.directory / f"{name}.json").read_text()), [weights[key] for key in weights], run

    def compare(self, found, expected, tolerance=TOLERANCE):
        """Histories and weights of two fits."""
        self.assertEqual(sorted(found[0]["history"]), sorted(expected[0]["history"]))
        for key, values in expected[0]["history"].items():
            np.testing.assert_allclose(found[0]["history"][key], values, rtol=tolerance, atol=1e-7, err_msg=key)
        for one, other in zip(found[1], expected[1], strict=True):
            # A bias before a normalization has a gradient of nothing but rounding, and stays below 1e-7.
            np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance * max(np.max(np.abs(other)), 1e-2))

    def assert_equal_to_one(self, batch, settings, ranks=(2,), tolerance=TOLERANCE, of_ranks={}):
        """`of_ranks` are settings for several ranks alone."""
        alone = self.results(0, batch, settings)
        for count in ranks:
            with self.subTest(ranks=count):
                self.compare(self.results(count, batch, {**settings, **of_ranks}), alone, tolerance)


def main():
    unittest.main(argv=[sys.argv[0], *(word for word in sys.argv[4:] if word != "--long")], verbosity=1)
