# SPDX-License-Identifier: MIT
"""Every command of the pages under host/doc, and of the README where it calls kairos, runs unchanged.

  doc_test.py KAIROS MISHAPS"""
import gzip
import os
import pathlib
import re
import shlex
import shutil
import struct

import h5py
import numpy as np
from PIL import Image

from program import KAIROS, ProgramTest, main

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "fit" / "functional_two_in_two_out"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def commands(page):
    """The arguments of each call of kairos."""
    for block in BLOCK.findall((ROOT / page).read_text()):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words and words[0].rsplit("/", 1)[-1] == "kairos":
                yield words[1:]


class Pages(ProgramTest):
    def setUp(self):
        super().setUp()
        os.symlink(ROOT / "samples", self.directory / "samples")
        random = np.random.default_rng(5)
        with np.load(GOLDEN / "data.npz") as golden:
            arrays = {"left": golden["x0"], "right": golden["x1"], "kind": golden["y0"], "amount": golden["y1"]}
        rows = len(arrays["left"])
        x = random.normal(size=(rows, 3))
        y = x.sum(axis=1, keepdims=True)
        arrays.update(x=x, y=y, x_val=x[:8] + 1, y_val=y[:8], w=np.linspace(0.5, 2, rows), sequences=random.normal(size=(rows, 6, 2)),
                      marks=random.integers(0, 2, (rows, 6, 1)), temporal=random.integers(0, 2, (rows, 6)))
        for name, array in arrays.items():
            np.save(self.directory / f"{name}.npy", array.astype("float32"))
        np.savez(self.directory / "d.npz", x=x, y=y)
        images = random.integers(0, 256, (30, 8, 8)).astype("u1")
        np.savez(self.directory / "mnist.npz", x_train=images, y_train=np.arange(30) % 10, x_test=images[:10], y_test=np.arange(10))
        np.savez(self.directory / "both.npz", **{name: arrays[name] for name in ("left", "right", "kind", "amount")})
        table = np.hstack([arrays[name].reshape(rows, -1) for name in ("left", "right", "kind", "amount", "w")])
        names = [f"l{i}" for i in range(arrays["left"].shape[1])] + [f"r{i}" for i in range(arrays["right"].shape[1])]
        np.savetxt(self.directory / "both.csv", table, delimiter=",", header=",".join([*names, "kind", "amount", "w"]), comments="")
        with h5py.File(self.directory / "d.h5", "w") as file:
            file["x"], file["y"] = x, y
        shutil.copy(GOLDEN / "model.json", self.directory / "two.json")
        for name, values in (("images-idx3", random.integers(0, 256, (30, 8, 8))), ("labels-idx1", np.arange(30) % 10)):
            header = bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
            (self.directory / f"train-{name}-ubyte.gz").write_bytes(gzip.compress(header + values.astype("u1").tobytes()))
        for label in ("cat", "dog"):
            (self.directory / "images" / label).mkdir(parents=True)
            for i in range(6):
                pixels = random.integers(0, 256, (20, 24, 3)).astype("u1")
                Image.fromarray(pixels).save(self.directory / "images" / label / f"{i}.{'png' if i % 2 else 'jpg'}")
        self.put("iris.csv", "length,width,species\n" + "".join(
            f"{i % 7},{i % 5},{('setosa', 'versicolor', 'virginica')[i % 3]}\n" for i in range(30)))
        self.put("latin1.csv", "")
        (self.directory / "latin1.csv").write_bytes(self.text("iris.csv").replace("setosa", "sétosa").encode("latin-1"))

    def run_page(self, page):
        count = 0
        for words in commands(page):
            with self.subTest(" ".join(words)):
                self.kairos(*words)
            count += 1
        return count

    def test_data(self):
        self.assertGreater(self.run_page("host/doc/data.md"), 10)
        self.assertIn("species", self.text("iris.csv"))
        self.assertTrue(self.text("predictions.csv").startswith("setosa,versicolor,virginica,class\n"))

    def test_models(self):
        self.assertGreater(self.run_page("host/doc/models.md"), 9)

    def test_runs(self):
        self.assertGreater(self.run_page("host/doc/runs.md"), 7)
        self.assertIn("</svg>", self.text("curves.svg"))

    def test_readme(self):
        self.assertGreater(self.run_page("README.md"), 0)


if __name__ == "__main__":
    main()
