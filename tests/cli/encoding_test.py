# SPDX-License-Identifier: MIT
"""Text that is not UTF-8: rejected with its position, or read with --encoding, in every command."""
import json
import os

import numpy as np
from PIL import Image

from program import ProgramTest, main


class Encodings(ProgramTest):
    LABELS = ["café", "cafè", "thé"]

    def setUp(self):
        super().setUp()
        rows = [f"{i % 3},{i % 2},{self.LABELS[i % 3]}" for i in range(30)]
        text = "\n".join(["größe,b,art", *rows]) + "\n"
        for name, encoding in (("utf8", "utf-8"), ("mark", "utf-8-sig"), ("latin1", "latin-1"), ("cp1252", "cp1252"), ("utf16", "utf-16")):
            (self.directory / f"{name}.csv").write_bytes(text.encode(encoding))
        self.settings = {"target": "art", "model": "dense(3,softmax)", "history": "h.json"}

    def refused(self, sentence, *arguments, code=4):
        run = self.run_kairos(*arguments)
        self.assertEqual(run.returncode, code, run.stdout + run.stderr)
        self.assertIn(sentence, run.stderr)

    def history(self, **changes):
        self.kairos(*self.fit(**{**self.settings, **changes}))
        return json.loads(self.text("h.json"))["history"]

    def test_fit_refuses_names_and_labels_with_line_and_byte(self):
        for more in ({}, {"stream": "true"}):
            self.refused("KAIROS-D330: latin1.csv:1: the name of a column is not utf-8 text; found byte 0xF6 at offset 2 of the file, in "
                         '"gr\\xf6\\xdfe". Set --encoding latin1 or --encoding cp1252, or convert it to UTF-8.',
                         *self.fit(**self.settings, data="latin1.csv", run_dir="r", **more))
            (self.directory / "labels.csv").write_bytes(b"a,art\n1,caf\xe9\n2,caf\xe8\n")
            self.refused('KAIROS-D330: labels.csv:2: the label in column "art" is not utf-8 text; found byte 0xE9 at offset 11 of the file, in '
                         '"caf\\xe9"', *self.fit(**self.settings, data="labels.csv", run_dir="r", **more))
        self.assertFalse((self.directory / "r").exists())

    def test_every_command_reads_what_encoding_says(self):
        expected = self.history(data="utf8.csv", run_dir="u", save_model="u.keras")
        self.assertEqual(self.history(data="mark.csv"), expected)
        for name in ("latin1", "cp1252"):
            for stream in ("false", "true"):
                self.assertEqual(self.history(data=f"{name}.csv", encoding=name, run_dir=name, save_model="m.keras", stream=stream), expected)
            self.assertEqual(json.loads(self.text(f"{name}/run.json"))["encoding"], name)
            self.assertEqual(self.text(f"{name}/class_names.json"), self.text("u/class_names.json"))
            self.assertEqual(json.loads(self.text("u/class_names.json"))["class_names"], sorted(self.LABELS))
            self.assertEqual(json.loads(self.text(f"{name}/input_columns.json"))["input_columns"], {"input_layer": ["größe", "b"]})
            results = []
            for data, encoding in (("utf8.csv", "utf-8"), (f"{name}.csv", name)):
                common = ["--model", "m.keras", "--data", data, "--encoding", encoding, "--target", "art", "--class-names", "u/class_names.json"]
                results.append(self.kairos("evaluate", *common))
                self.kairos("predict", *common, "--out", "p.csv")
                results[-1] += self.text("p.csv")
            self.assertEqual(results[0], results[1])
            self.assertIn("cafè,café,thé,class", results[0])

    def test_an_encoding_that_is_not_read_is_refused_with_the_cure(self):
        self.refused('KAIROS-U070: --encoding: this encoding is not supported; found "utf-16", expected utf-8, latin1 or cp1252. Convert the file, '
                     "for example with iconv -f utf-16 -t UTF-8 IN > OUT.", *self.fit(**self.settings, data="utf16.csv", encoding="utf-16"), code=2)
        self.refused("KAIROS-D031: utf16.csv: this is not CSV text; found UTF-16, expected utf-8. Convert it: iconv -f UTF-16 -t UTF-8 utf16.csv "
                     "> OUT.csv.", *self.fit(**self.settings, data="utf16.csv"))
        self.refused("KAIROS-D331: mark.csv: the file begins with the UTF-8 byte order mark; expected latin1, as --encoding says.",
                     *self.fit(**self.settings, data="mark.csv", encoding="latin1"))
        np.save(self.directory / "x.npy", np.zeros((2, 2)))
        for arguments in (self.fit(data="x.npy", target="x.npy", encoding="latin1"),
                          ["predict", "--model", "dense(1)", "--data", "x.npy", "--encoding", "latin1", "--out", "p.npy"]):
            self.refused("KAIROS-U015: --encoding", *arguments, code=2)

    def test_class_directories_are_read_in_their_encoding(self):
        for label in self.LABELS:
            for root, encoding in (("u", "utf-8"), ("l", "latin-1")):
                directory = bytes(self.directory / root) + b"/" + label.encode(encoding)
                os.makedirs(directory)
                for i in range(2):
                    with open(directory + b"/%d.png" % i, "wb") as file:
                        Image.fromarray(np.full((4, 4, 3), 40 * i + len(label), "u1")).save(file, "png")
        common = {**self.settings, "target": None, "image_size": "4x4", "model": "flatten dense(3,softmax)"}
        expected = self.history(**{**common, "data": "u", "run_dir": "ru"})
        for stream in ("false", "true"):
            self.refused("l/caf\\xe8: a class name is not utf-8 text; found byte 0xE8 at offset 3 of the name. Set --encoding latin1 or --encoding "
                         "cp1252, or rename the directory.", *self.fit(**{**common, "data": "l", "stream": stream}))
            self.history(**{**common, "data": "l", "encoding": "latin1", "run_dir": "rl", "stream": stream})
            self.assertEqual(self.text("rl/class_names.json"), self.text("ru/class_names.json"))
        self.assertEqual(len(expected["loss"]), 3)


if __name__ == "__main__":
    main()
