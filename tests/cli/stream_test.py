# SPDX-License-Identifier: MIT
"""Streamed data, and text labels: flags and result files."""
import csv
import gzip
import json
import struct

import h5py
import numpy as np
from PIL import Image

from program import ProgramTest, main

ANIMALS = ["ant", "bee", "cat"]


class Streams(ProgramTest):
    def setUp(self):
        super().setUp()
        random = np.random.default_rng(4)
        self.x = random.normal(size=(300, 2)).astype("float32")
        labels = (self.x[:, 0] > 0).astype(int) + (self.x[:, 1] > 0.5)
        rows = [f"{a!r},{b!r},{ANIMALS[c]}" for (a, b), c in zip(self.x.tolist(), labels)]
        self.put("animals.csv", "\n".join(["a,b,animal", *rows]))
        self.put("few.csv", "\n".join(["a,b,animal", *[row for row in rows if not row.endswith("bee")]]))
        self.put("unknown.csv", "\n".join(["a,b,animal", rows[0], "1,2,dog"]))
        self.model = {"data": "animals.csv", "target": "animal", "model": "dense(8,tanh) dense(3,softmax)", "epochs": 3,
                      "loss": "sparse_categorical_crossentropy", "metrics": "accuracy", "batch_size": 32}

    def refusal(self, code, *arguments):
        """Standard error of a call, which must end with this exit code."""
        run = self.run_kairos(*arguments)
        self.assertEqual(run.returncode, code, run.stdout + run.stderr)
        return run.stderr

    def history(self, **changes):
        self.kairos(*self.fit(history="h.json", **{**self.model, **changes}))
        return json.loads(self.text("h.json"))["history"]

    def test_stream_trains_as_the_data_in_memory(self):
        for changes in ({}, {"shuffle": "false"}, {"shuffle": "batch", "validation_split": 0.3}, {"validation_data": "few.csv"}):
            self.assertEqual(self.history(stream="true", buffer_size=1, **changes), self.history(**changes), changes)
        self.assertNotEqual(self.history(stream="true", shuffle_window=20), self.history())
        self.assertEqual(self.history(stream="true", shuffle_window=20), self.history(stream="true", shuffle_window=20))

    def put_bytes(self, name, content):
        (self.directory / name).write_bytes(content)

    def compare(self, model, data, **changes):
        """Trains on `data` streamed and in memory, for each order."""
        base = {**self.model, "model": model, "epochs": 2, "target": None, **data, **changes}
        for order in ({}, {"shuffle": "false"}, {"shuffle": "batch"}, {"validation_split": 0.3}):
            whole = self.history_of({**base, **order})
            self.assertEqual(self.history_of({**base, **order, "stream": "true", "buffer_size": 1}), whole, order)
        window = {**base, "stream": "true", "shuffle_window": 20}
        self.assertEqual(self.history_of(window), self.history_of(window))

    def history_of(self, settings):
        self.kairos(*self.fit(history="h.json", **settings))
        return json.loads(self.text("h.json"))["history"]

    def test_arrays_of_hdf5_stream_as_in_memory(self):
        random = np.random.default_rng(5)
        labels = (self.x[:, 0] > 0).astype("int64")
        with h5py.File(self.directory / "d.h5", "w") as file:
            file["plain"], file["y"] = self.x, labels
            file["of/double"] = self.x.astype("float64")
            file.create_dataset("packed", data=self.x, chunks=(7, 1), compression="gzip", shuffle=True)
            file.create_dataset("bytes", data=random.integers(0, 255, (300, 5, 4, 1), "uint8"), chunks=(11, 5, 2, 1))
        for name in ("plain", "of/double", "packed"):
            self.compare("dense(8,tanh) dense(2,softmax)", {"data": f"d.h5:/{name}", "target": "d.h5:/y"})
        self.compare("rescaling(0.004) flatten dense(2,softmax)", {"data": "d.h5:/bytes", "target": "d.h5:/y"})

    def test_idx_streams_as_in_memory(self):
        random = np.random.default_rng(6)
        self.put_bytes("x-idx3-ubyte", struct.pack(">4I", 0x803, 300, 6, 5) + random.integers(0, 255, (300, 6, 5), "uint8").tobytes())
        self.put_bytes("y-idx1-ubyte", struct.pack(">2I", 0x801, 300) + (self.x[:, 0] > 0).astype("uint8").tobytes())
        self.compare("rescaling(0.004) flatten dense(2,softmax)", {"data": "x-idx3-ubyte", "target": "y-idx1-ubyte"})
        self.put_bytes("y.idx", struct.pack(">2I", 0xd01, 300) + (self.x[:, 1] > 0).astype(">f4").tobytes())
        self.compare("rescaling(0.004) flatten dense(2,softmax)", {"data": "x-idx3-ubyte", "target": "y.idx"})

    def test_pictures_stream_as_in_memory(self):
        random = np.random.default_rng(7)
        for label in ("bright", "dark"):
            (self.directory / "images" / label).mkdir(parents=True)
            for i in range(21):
                pixels = random.integers(0, 128, (9 + i % 3, 8, 3), "uint8") + (127 if label == "bright" else 0)
                Image.fromarray(pixels.astype("uint8")).save(self.directory / "images" / label / f"{i}.{'png' if i % 2 else 'jpg'}")
        model = "input(6,6,3) rescaling(0.004) conv2d(2,3,relu) flatten dense(2,softmax)"
        self.compare(model, {"data": "images"}, batch_size=8)
        self.kairos(*self.fit(**{**self.model, "model": model, "data": "images", "target": None}, save_weights="w.npz", run_dir="run",
                              stream="true"))
        self.assertEqual(json.loads(self.text("run/class_names.json")), {"class_names": ["bright", "dark"]})
        predict = ["predict", "--model", model, "--weights", "w.npz", "--data", "images"]
        self.kairos(*predict, "--out", "p.npy")
        self.kairos(*predict, "--out", "s.npy", "--stream", "true")
        self.assertEqual(np.load(self.directory / "s.npy").tolist(), np.load(self.directory / "p.npy").tolist())
        (self.directory / "images" / "dark" / "5.png").write_bytes(b"no picture")
        self.assertIn("dark/5.png", self.refusal(4, *self.fit(**{**self.model, "model": model, "data": "images", "target": None,
                                                                 "stream": "true"})))

    def test_what_is_packed_is_refused_with_how_to_unpack_it(self):
        np.savez(self.directory / "d.npz", x=self.x, y=np.zeros(300))
        np.save(self.directory / "x.npy", self.x)
        with gzip.open(self.directory / "y-idx1-ubyte.gz", "wb") as file:
            file.write(struct.pack(">2I", 0x801, 300) + bytes(300))
        base = {**self.model, "stream": "true", "target": None}
        out = self.refusal(4, *self.fit(**{**base, "data": "d.npz"}))
        self.assertIn('KAIROS-D090: d.npz: this kind of file cannot be streamed; found ".npz"', out)
        self.assertIn("Unpack it with unzip", out)
        out = self.refusal(4, *self.fit(**{**base, "data": "x.npy", "target": "y-idx1-ubyte.gz"}))
        self.assertIn("KAIROS-D090: y-idx1-ubyte.gz: this kind of file cannot be streamed; found compressed by gzip", out)
        self.assertIn("Unpack it with gunzip", out)

    def test_settings_of_a_stream_without_one_are_told(self):
        for changes, sentence in (({"shuffle_window": 5}, "KAIROS-U013: --shuffle-window"),
                                  ({"buffer_size": 5}, "KAIROS-U013: --buffer-size"),
                                  ({"stream": "maybe"}, "KAIROS-U003: --stream"),
                                  ({"stream": "true", "buffer_size": 0}, "KAIROS-U013: --buffer-size"),
                                  ({"stream": "true", "shuffle_window": -1}, "KAIROS-U010: --shuffle-window")):
            self.assertIn(sentence, self.refusal(2, *self.fit(**{**self.model, **changes})))

    def test_line_of_a_stream_that_is_wrong_ends_the_run_with_its_number(self):
        lines = self.text("animals.csv").split("\n")
        lines[250] = "1,x,ant"
        self.put("animals.csv", "\n".join(lines))
        self.put("class_names.json", json.dumps({"class_names": ANIMALS}))
        out = self.refusal(4, *self.fit(**{**self.model, "stream": "true", "class_names": "class_names.json"}))
        self.assertIn("KAIROS-D025: animals.csv:251: a field is not a number", out)

    def test_labels_keep_their_numbers_from_run_to_run(self):
        self.kairos(*self.fit(**self.model, run_dir="run", save_weights="w.npz"))
        self.assertEqual(json.loads(self.text("run/class_names.json")), {"class_names": ANIMALS})
        stored = ["--model", self.model["model"], "--weights", "w.npz", "--class-names", "run/class_names.json"]
        test = ["--target", "animal", "--loss", self.model["loss"], "--metrics", "accuracy", "--json"]
        whole = json.loads(self.kairos("evaluate", *stored, *test, "--data", "animals.csv"))
        self.assertEqual(json.loads(self.kairos("evaluate", *stored, *test, "--data", "animals.csv", "--stream", "true")), whole)
        self.kairos("evaluate", *stored, *test, "--data", "few.csv")
        self.assertIn("KAIROS-U014: few.csv: the number of classes", self.refusal(2, "evaluate", *stored[:4], *test, "--data", "few.csv"))
        self.assertIn("KAIROS-D033: unknown.csv:3", self.refusal(4, "evaluate", *stored, *test, "--data", "unknown.csv"))

        predict = ["predict", "--target", "animal", "--data", "animals.csv"]
        self.kairos(*predict, *stored, "--out", "p.csv")
        self.kairos(*predict, *stored[:4], "--out", "p.npy")
        self.kairos(*predict, *stored, "--out", "s.csv", "--stream", "true")
        self.assertEqual(self.text("s.csv"), self.text("p.csv"))
        table = list(csv.DictReader(self.text("p.csv").splitlines()))
        numbers = np.load(self.directory / "p.npy")
        self.assertEqual(list(table[0]), [*ANIMALS, "class"])
        self.assertEqual([[np.float32(row[name]) for name in ANIMALS] for row in table], numbers.tolist())
        self.assertEqual([row["class"] for row in table], [ANIMALS[i] for i in numbers.argmax(1)])

    def test_class_names_that_fit_nothing_are_told(self):
        self.put("two.json", json.dumps({"class_names": ["a", "b"]}))
        self.kairos(*self.fit(**self.model, save_weights="w.npz"))
        predict = ["predict", "--model", self.model["model"], "--weights", "w.npz", "--data", "animals.csv", "--target", "animal"]
        self.assertIn("KAIROS-D033", self.refusal(4, *predict, "--class-names", "two.json", "--out", "p.csv"))
        self.put("x.csv", "a,b\n1,2\n")
        predict[predict.index("animals.csv")] = "x.csv"
        self.assertIn("KAIROS-U014", self.refusal(2, *predict, "--class-names", "two.json", "--out", "p.csv"))
        self.assertIn("KAIROS-U014", self.refusal(2, *predict, "--class-names", "two.json", "--out", "p.npy"))
        np.save(self.directory / "x.npy", self.x)
        np.save(self.directory / "y.npy", np.zeros(300, "float32"))
        self.assertIn("KAIROS-U014", self.refusal(2, *self.fit(**{**self.model, "data": "x.npy", "target": "y.npy",
                                                                  "class_names": "two.json"})))


if __name__ == "__main__":
    main()
