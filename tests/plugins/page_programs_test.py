# SPDX-License-Identifier: MIT
"""Runs the programs of the plugins' pages, blocks of sh and python, each page in a directory of its own with digits.csv.

  page_programs_test.py KAIROS PYTHON

PYTHON runs those in Python; it has h5py."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

KAIROS, PYTHON = os.path.abspath(sys.argv[1]), sys.argv[2]
ROOT = pathlib.Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def programs(plugin, language):
    text = (ROOT / "plugins" / plugin / "README.md").read_text(encoding="utf-8")
    return [block for found, block in BLOCK.findall(text) if found == language]


class PagePrograms(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        shutil.copy(ROOT / "samples" / "data" / "digits.csv", self.directory)
        self.environment = {**os.environ, "PATH": f"{os.path.dirname(KAIROS)}:{os.environ['PATH']}"}

    def run_program(self, *command):
        run = subprocess.run(command, cwd=self.directory, env=self.environment, capture_output=True, text=True, timeout=120)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertNotIn("KAIROS-", run.stderr)
        return run.stdout.splitlines()

    def test_every_page_with_a_program_is_tested_here(self):
        pages = [page.parent.name for page in sorted(ROOT.glob("plugins/*/README.md"))
                 if BLOCK.search(page.read_text(encoding="utf-8"))]
        self.assertEqual(pages, ["prediction_writer", "pruning"])

    def test_a_python_parent_stops_the_trials_that_are_worse_than_half_of_those_before(self):
        [program] = programs("pruning", "python")
        lines = self.run_program(PYTHON, "-c", program)
        epochs = [int(line.split()[2]) for line in lines]
        self.assertEqual(epochs[0], 5, lines)  # nothing to compare it with
        self.assertEqual(epochs[2], 1, lines)  # the rate that is much too small
        self.assertTrue(all(line.endswith("exit code: 0") for line in lines), lines)

    def test_a_shell_stops_the_trial_that_is_above_its_limit(self):
        [program] = programs("pruning", "sh")
        lines = self.run_program("sh", "-euc", program)
        self.assertEqual([line.split(", ")[0] for line in lines], ["0.01: epoch 5", "0.0001: epoch 2"])
        self.assertFalse((self.directory / "ask").exists())

    def test_h5py_reads_predictions(self):
        self.run_program(KAIROS, "fit", "--data", "digits.csv", "--target", "label", "--validation-split", "0.2", "--epochs", "1",
                         "--model", "dense(10,softmax)", "--loss", "sparse_categorical_crossentropy", "--verbose", "0",
                         "--plugin", "PredictionWriter:filename=predictions.h5,targets=true")
        [program] = programs("prediction_writer", "python")
        check = ("import h5py\nwith h5py.File('predictions.h5') as file:\n"
                 "    [output], [target] = file['outputs'].values(), file['targets'].values()\n"
                 "    assert output.shape == (360, 10) and output.dtype == 'float32' and output.name[9:] == target.name[9:]\n"
                 "    assert abs(output[:].sum(axis=1) - 1).max() < 1e-5 and list(file['row']) == list(range(1437, 1797))\n"
                 "    labels = [int(line.rsplit(',', 1)[1]) for line in open('digits.csv').readlines()[1438:]]\n"
                 "    assert target[:].tolist() == labels\n")
        output = self.run_program(PYTHON, "-c", program + check)
        self.assertTrue(output[0].startswith("[1437 1438"), output)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
