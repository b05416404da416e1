# SPDX-License-Identifier: MIT
"""Shared by the tests of the program: a small data set, a command that trains on it, and unittest with the program's path."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

KAIROS, MISHAPS = (os.path.abspath(argument) for argument in sys.argv[1:3])

# Two classes, linearly separable.
ROWS = [(0.5, 1.0, 0), (0.25, 2.0, 1), (1.5, 0.5, 0), (0.5, 2.5, 1), (2.0, 1.0, 0), (1.0, 3.0, 1),
        (1.75, 0.25, 0), (0.75, 1.75, 1), (1.25, 0.75, 0), (0.25, 1.5, 1)]
CSV = "width,height,label\n" + "".join(f"{a},{b},{label}\n" for a, b, label in ROWS)


def flags(settings):
    """{"batch_size": 4} as --batch-size 4; a list repeats its flag, True is a flag without a value, None omits the flag."""
    words = []
    for key, value in settings.items():
        if value is None:
            continue
        for one in value if isinstance(value, list) else [value]:
            words += ["--" + key.replace("_", "-")] + ([] if one is True else [str(one)])
    return words


class ProgramTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.put("data.csv", CSV)

    def put(self, name, content):
        (self.directory / name).write_text(content)
        return name

    def text(self, name):
        return (self.directory / name).read_text()

    def run_kairos(self, *arguments):
        return subprocess.run([KAIROS, *map(str, arguments)], cwd=self.directory, capture_output=True, text=True, timeout=60)

    def kairos(self, *arguments, exit_code=0):
        """Standard output of a call, which must end with this exit code."""
        run = self.run_kairos(*arguments)
        self.assertEqual(run.returncode, exit_code, run.stderr)
        return run.stdout

    @staticmethod
    def fit(**changes):
        """Arguments of a valid fit, with these settings changed, added, or (None) left out."""
        settings = {"model": "dense(4,tanh) dense(2,softmax)", "data": "data.csv", "target": "label",
                    "loss": "sparse_categorical_crossentropy", "epochs": 3, "batch_size": 4, "verbose": 0, "seed": 7}
        return ["fit", *flags({**settings, **changes})]

    def files(self):
        """Every file and directory in the test's directory, with its content."""
        return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(self.directory.rglob("*"))}


def main():
    unittest.main(argv=sys.argv[:1], verbosity=1)
