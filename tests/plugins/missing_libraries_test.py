# SPDX-License-Identifier: MIT
"""Plugins that open a library for one of their formats load without it, write the other formats, and refuse that one before training.

  missing_libraries_test.py KAIROS"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

KAIROS = os.path.abspath(sys.argv[1])
DIGITS = pathlib.Path(__file__).resolve().parents[2] / "samples/data/digits.csv"


class MissingLibraries(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def fit(self, plugin, library):
        """A training in which the library is a file that the dynamic linker cannot read."""
        (self.directory / library).write_text("no library")
        return subprocess.run([KAIROS, "fit", "--data", DIGITS, "--target", "label", "--validation-split", "0.2", "--epochs", "1", "--verbose", "0",
                               "--model", "dense(10,softmax)", "--loss", "sparse_categorical_crossentropy", "--plugin", plugin],
                              cwd=self.directory, env={**os.environ, "LD_LIBRARY_PATH": str(self.directory)}, capture_output=True, text=True,
                              timeout=60)

    def check(self, callback, good, bad, library, cure):
        run = self.fit(f"{callback}:filename={good}", library)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertTrue((self.directory / good).exists())
        run = self.fit(f"{callback}:filename={bad}", library)
        self.assertEqual(run.returncode, 3)
        self.assertRegex(run.stderr, rf"^KAIROS-O031: {callback} .*: setup failed: cannot open {re.escape(library)}: .*{re.escape(cure)}")
        self.assertFalse((self.directory / bad).exists())

    def test_history_plot_without_cairo(self):
        self.check("HistoryPlot", "h.svg", "h.png", "libcairo.so.2", "Install Debian's package libcairo2, or write filename=history.svg")

    def test_prediction_writer_without_hdf5(self):
        names = {file.name for file in pathlib.Path("/usr/lib").glob("*/libhdf5*.so.*") if re.fullmatch(r"libhdf5(_serial)?\.so\.\d+", file.name)}
        if len(names) != 1:
            self.skipTest(f"HDF5 is not the package of Debian: {names}")
        self.check("PredictionWriter", "p.npy", "p.h5", names.pop(), "Install the package that has it, or write filename=predictions.npy")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
