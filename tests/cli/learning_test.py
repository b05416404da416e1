# SPDX-License-Identifier: MIT
"""Models reach the expected accuracy on unscaled data, and fit reports what it read."""
import json
import pathlib

import numpy as np
from PIL import Image

from program import ProgramTest, main

DIGITS = pathlib.Path(__file__).resolve().parents[2] / "samples" / "data" / "digits.csv"
SOFTMAX = {"model": "dense(10,softmax)", "loss": "sparse_categorical_crossentropy", "metrics": "accuracy", "optimizer": "adam"}


class Learning(ProgramTest):
    def last(self, key, **changes):
        self.kairos(*self.fit(**changes, history="h.json"))
        return json.loads(self.text("h.json"))["history"][key][-1]

    def test_softmax_learns_from_pixels_as_they_are(self):
        # With gradients that vanish with the probability of a class, these seeds reached only 0.79 to 0.90.
        for seed in (0, 1):
            self.assertGreaterEqual(self.last("accuracy", **SOFTMAX, data=DIGITS, epochs=60, batch_size=32, seed=seed), 0.98)
        table = np.loadtxt(DIGITS, delimiter=",", skiprows=1)
        np.save(self.directory / "x.npy", (table[:, :-1] * 255).astype("float32"))
        np.save(self.directory / "y.npy", table[:, -1].astype("float32"))
        # With this step size on raw pixels, ten seeds reach at least 0.977 in the last epoch, as from the logits.
        scaled = {**SOFTMAX, "data": "x.npy", "target": "y.npy", "epochs": 60, "batch_size": 32, "seed": 3}
        self.assertGreaterEqual(self.last("accuracy", **scaled), 0.97)
        self.assertGreaterEqual(self.last("accuracy", **{**scaled, "model": "dense(10) activation(softmax)"}), 0.97)

    def test_sigmoid_learns_from_a_table_that_is_not_scaled(self):
        random = np.random.default_rng(3)
        x = random.normal(300, 150, (800, 12))
        y = (x - 300) @ random.normal(size=12) + random.normal(0, 100, 800) > 0
        np.savetxt(self.directory / "t.csv", np.column_stack([x, y]), delimiter=",", fmt="%.4f", comments="",
                   header=",".join([*(f"f{i}" for i in range(12)), "y"]))
        for seed in (0, 1, 2):
            self.assertGreaterEqual(self.last("auc", model="dense(16,relu) dense(1,sigmoid)", loss="binary_crossentropy", metrics="auc",
                                              optimizer="adam", data="t.csv", target="y", epochs=40, batch_size=32, seed=seed), 0.93)


class Reports(ProgramTest):
    def report(self, **changes):
        """The first line of a fit, and its warnings."""
        run = self.run_kairos(*self.fit(**{"verbose": 2, "epochs": 1, **changes}))
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stdout.splitlines()[0], run.stderr

    def images(self, root, classes):
        for name in classes:
            (self.directory / root / name).mkdir(parents=True)
            for i in range(classes[name]):
                Image.fromarray(np.full((6, 5, 3), 40 * i, "uint8")).save(self.directory / root / name / f"{i}.png")
        return {"data": root, "target": None, "image_size": "6x5"}

    def test_fit_says_what_it_read(self):
        digits = {"data": DIGITS, "validation_split": 0.2, "model": "dense(10,softmax)"}
        self.assertEqual(self.report(**digits), ("1797 samples, 64 inputs, 10 classes (from label); 1437 train, 360 validation", ""))
        self.assertEqual(self.report(**digits, split="shuffled")[0],
                         "1797 samples, 64 inputs, 10 classes (from label); 1437 train, 360 validation (shuffled)")
        self.assertEqual(self.report(**digits, stream="true")[0], self.report(**digits)[0])
        self.assertEqual(self.report(), ("10 samples, 2 inputs, 2 classes (from label)", ""))
        self.assertEqual(self.report(target="height", model="dense(1)", loss="mse")[0], "10 samples, 2 inputs, 1 target (from height)")
        # A column may be named by its index.
        for index, called in ((-1, "the last column"), (2, "column 2")):
            self.assertEqual(self.report(target=index)[0], f"10 samples, 2 inputs, 2 classes (from {called})")
        self.assertEqual(self.report(validation_data="data.csv")[0],
                         "10 samples, 2 inputs, 2 classes (from label); 10 train, 10 validation (from data.csv)")
        self.assertEqual(self.kairos(*self.fit()), "")

    def test_target_is_classes_if_loss_or_metrics_say_so(self):
        regression = {"model": "dense(1)", "loss": "mse"}
        self.assertEqual(self.report(**regression)[0], "10 samples, 2 inputs, 1 target (from label)")
        self.assertEqual(self.report(**regression, metrics="mae,rmse")[0], "10 samples, 2 inputs, 1 target (from label)")
        classes = "10 samples, 2 inputs, 2 classes (from label)"
        for changes in ({"metrics": "accuracy"}, {"weighted_metrics": "AUC(name=area)"}, {"loss": "BinaryCrossentropy(from_logits=true)"},
                        {"loss": "squared_hinge"}):
            self.assertEqual(self.report(**{**regression, **changes})[0], classes, changes)
        # Loss and metrics may come from a file.
        self.kairos(*self.fit(**regression, save_model="regression.keras"))
        self.kairos(*self.fit(save_model="classes.keras"))
        self.assertEqual(self.report(model="regression.keras", loss=None)[0], "10 samples, 2 inputs, 1 target (from label)")
        self.assertEqual(self.report(model="classes.keras", loss=None)[0], classes)

    def test_fit_says_what_images_it_read(self):
        data = self.images("pets", {"cat": 3, "dog": 2})
        self.assertEqual(self.report(**data, model="flatten dense(2,softmax)"),
                         ("5 samples, 6x5x3 inputs, 2 classes (from the directories)", ""))
        self.assertEqual(self.report(**data, model="flatten dense(2,softmax)", stream="true")[0],
                         "5 samples, 6x5x3 inputs, 2 classes (from the directories)")

    def test_directories_that_are_parts_of_the_data_are_reported(self):
        data = self.images("pics", {"Train": 3, "test": 2})
        warning = self.report(**data, model="flatten dense(10,softmax)")[1]
        self.assertIn('warning: "Train", "test" in pics are trained as classes: each subdirectory is one class. Load the parts '
                      "of a data set separately, and give the validation part as --validation-data\n", warning)
        self.assertIn('warning: the output "dense" has 10 units, but the data have 2 classes: "Train", "test"\n', warning)

    def test_class_without_samples_is_reported(self):
        data = self.images("pets", {"cat": 3, "dog": 2, "emu": 0})
        for stream in ("false", "true"):
            self.assertEqual(self.report(**data, model="flatten dense(3,softmax)", stream=stream)[1],
                             'warning: 1 of the 3 classes has no samples in pets: "emu"\n')

    def test_sorted_table_is_reported_and_split_by_class(self):
        rows = [f"{i},{i % 7},{name}" for i, name in enumerate(["ant"] * 20 + ["bee"] * 20 + ["cow"] * 20)]
        self.put("sorted.csv", "\n".join(["a,b,kind", *rows]) + "\n")
        data = {"data": "sorted.csv", "target": "kind", "model": "dense(3,softmax)", "validation_split": 0.2}
        for stream in ("false", "true"):
            self.assertEqual(self.report(**data, stream=stream)[1],
                             'warning: the validation part has no sample of 2 of the 3 classes in the training part ("ant", "bee"); '
                             "--validation-split holds out the last samples; --split shuffled and --split stratified draw them from all of the data\n")
        histories = []
        for stream in ("false", "true"):
            for name in ("one", "two"):
                self.kairos(*self.fit(**data, split="stratified", stream=stream, run_dir=f"{stream}-{name}"))
                histories.append(json.loads(self.text(f"{stream}-{name}/history.json"))["history"])
                self.assertEqual(json.loads(self.text(f"{stream}-{name}/run.json"))["split"], "stratified")
        self.assertTrue(all(one == histories[0] for one in histories))
        self.assertEqual(self.report(**data, split="stratified"),
                         ("60 samples, 2 inputs, 3 classes (from kind); 48 train, 12 validation (stratified)", ""))
        self.kairos(*self.fit(**{**data, "split": "stratified", "epochs": 1, "save_model": "m.keras", "run_dir": "first"}))
        self.kairos(*self.fit(**{**data, "split": "stratified", "model": "m.keras", "loss": None, "initial_epoch": 1, "run_dir": "rest",
                                 "callback_state": "first/callback_state"}))
        rest = json.loads(self.text("rest/history.json"))["history"]
        self.assertEqual(rest["val_loss"], histories[0]["val_loss"][1:])

    def test_loss_that_takes_anything_for_probabilities_is_reported(self):
        self.assertEqual(self.report(model="dense(2)")[1],
                         'warning: output "dense": sparse_categorical_crossentropy expects probabilities, but the last activation is '
                         "linear. Write sparse_categorical_crossentropy(from_logits=true) or end the model with softmax\n")
        self.assertEqual(self.report(model="dense(2)", loss="sparse_categorical_crossentropy(from_logits=true)")[1], "")


if __name__ == "__main__":
    main()
