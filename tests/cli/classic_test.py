# SPDX-License-Identifier: MIT
"""The call that programs written for Keras have carried for years, callbacks=[es, tb, mc, rp], on data where the stop comes."""
import csv
import json
import pathlib
import re
import struct

import h5py
import numpy as np

from program import ProgramTest, main

DIGITS = pathlib.Path(__file__).parents[2] / "samples" / "data" / "digits.csv"
SPLIT = 0.25


def records(path):
    """Number of records of an event file: length, its checksum, data, their checksum."""
    data = path.read_bytes()
    place = count = 0
    while place < len(data):
        (length,) = struct.unpack_from("<Q", data, place)
        place += 16 + length
        count += 1
    assert place == len(data), "the file ends inside a record"
    return count


class EarlyStopTensorBoardCheckpointReduce(ProgramTest):
    def setUp(self):
        super().setUp()
        self.model = "dense(64,relu) dense(10,softmax)"
        out = self.kairos(
            "fit", "--model", self.model, "--data", DIGITS, "--target", "label", "--optimizer", "adam",
            "--loss", "sparse_categorical_crossentropy", "--batch-size", 100, "--epochs", 1000, "--verbose", 2,
            "--validation-split", SPLIT, "--seed", 3, "--history", "history.json",
            "--plugin", "EarlyStopping:monitor=val_loss,patience=20", "--plugin", "TensorBoard:log_dir=./logs",
            "--plugin", "ModelCheckpoint:filepath=./logs/weight.hdf5,monitor=val_loss,save_best_only=true",
            "--plugin", "ReduceLROnPlateau:monitor=val_loss,patience=5")
        self.lines = out.splitlines()
        history = json.loads(self.text("history.json"))
        self.history, self.epochs = history["history"], len(history["epoch"])

    def test_stop_comes_twenty_epochs_after_the_best_and_everything_agrees_on_it(self):
        val_loss = self.history["val_loss"]
        best = int(np.argmin(val_loss))
        self.assertLess(self.epochs, 1000)
        self.assertEqual(self.epochs, best + 1 + 20)
        self.assertTrue(self.lines[-1].startswith("Stopped by EarlyStopping: "), self.lines[-1])

        with self.subTest("verbose 2 prints one line for each epoch"):
            self.assertEqual(sum(line.startswith("Epoch ") for line in self.lines), self.epochs)
            numbers = [line for line in self.lines if re.match(r"14/14 - \S+ - \S+/step - loss: ", line)]
            self.assertEqual(len(numbers), self.epochs)

        with self.subTest("the rate falls by a factor of ten after five epochs without improvement"):
            wait, reference, rate = 0, np.inf, 0.001
            for epoch, (value, found) in enumerate(zip(val_loss, self.history["learning_rate"])):
                self.assertAlmostEqual(found, rate, delta=1e-6 * rate, msg=f"epoch {epoch}")
                wait, reference = (0, value) if value < reference - 1e-4 else (wait + 1, reference)
                if wait >= 5:
                    rate, wait = rate * 0.1, 0
            self.assertLess(rate, 0.001)

        with self.subTest("the checkpoint is a Keras file that holds the best epoch"):
            with h5py.File(self.directory / "logs/weight.hdf5") as file:
                self.assertEqual(json.loads(file.attrs["model_config"])["class_name"], "Sequential")
                self.assertIn("optimizer_weights", file)
            rows = list(csv.reader(DIGITS.read_text().splitlines()))
            held_out = rows[1 + int((len(rows) - 1) * (1 - SPLIT)):]
            self.put("held_out.csv", "\n".join(",".join(row) for row in [rows[0], *held_out]) + "\n")
            found = json.loads(self.kairos("evaluate", "--model", "logs/weight.hdf5", "--data", "held_out.csv", "--target", "label",
                                           "--json"))
            self.assertAlmostEqual(found["loss"], val_loss[best], delta=1e-5 * val_loss[best])

        with self.subTest("TensorBoard has every epoch of both passes"):
            files = sorted(self.directory.glob("logs/*/events.out.tfevents.*"))
            self.assertEqual([file.parent.name for file in files], ["train", "validation"])
            for file in files:
                self.assertGreaterEqual(records(file), self.epochs)


if __name__ == "__main__":
    main()
