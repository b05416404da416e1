# SPDX-License-Identifier: MIT
"""Data that are streamed, and labels in words: what the flags do and what a run leaves behind."""
import csv
import json

import numpy as np

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
        """What a call that ends with this code says."""
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

    def test_settings_of_a_stream_without_one_are_told(self):
        for changes, sentence in (({"shuffle_window": 5}, "KAIROS-U013: --shuffle-window"),
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
        few = json.loads(self.kairos("evaluate", *stored, *test, "--data", "few.csv"))["accuracy"]
        self.assertNotEqual(few, json.loads(self.kairos("evaluate", *stored[:4], *test, "--data", "few.csv"))["accuracy"])
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
