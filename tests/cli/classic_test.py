# SPDX-License-Identifier: MIT
"""The classic Keras call with callbacks=[es, tb, mc, rp], on data on which EarlyStopping stops."""
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
        self.assertTrue(self.lines[-2].startswith("Stopped by EarlyStopping: "), self.lines[-2])
        self.assertIn(f" in epoch {best + 1} of {self.epochs}. Saved: ", self.lines[-1])

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


class KerasCodePastedIntoFlags(ProgramTest):
    """The same program as written for Keras 1 and 2, value by value."""

    TENSORBOARD = {"log_dir": "'./logs'", "histogram_freq": "1", "batch_size": "32", "write_graph": "True",
                   "write_grads": "False", "write_images": "False", "embeddings_freq": "0",
                   "embeddings_layer_names": "None", "embeddings_metadata": "None"}
    OTHERS = [("EarlyStopping", {"monitor": "'val_loss'", "patience": "20", "verbose": "0", "mode": "'auto'"}),
              ("ModelCheckpoint", {"filepath": "'./logs/weight.hdf5'", "verbose": "1", "save_best_only": "True"}),
              ("ReduceLROnPlateau", {"monitor": "'val_loss'", "factor": ".1", "patience": "1_0", "verbose": "0",
                                     "mode": "'auto'", "epsilon": "1E-4", "cooldown": "0", "min_lr": "0"})]

    def as_flags(self, name, options):
        return name + ":" + ",".join(f"{key}={value}" for key, value in options.items())

    def as_call(self, name, options):
        return f"keras.callbacks.{name}(\n    " + ",\n    ".join(f"{key}={value}" for key, value in options.items()) + ",\n)"

    def train(self, specs, *more):
        return self.kairos(*self.fit(optimizer="adam", validation_split=0.2, epochs=4, history="history.json", plugin=specs), *more)

    def test_the_whole_example_runs_flag_by_flag_and_as_calls(self):
        everything = [("TensorBoard", self.TENSORBOARD), *self.OTHERS]
        results = []
        for write in (self.as_flags, self.as_call):
            with self.subTest(write.__name__):
                self.train([write(*one) for one in everything])
                self.assertTrue((self.directory / "logs/weight.hdf5").is_file())
                self.assertEqual(len(list(self.directory.glob("logs/train/events.out.tfevents.*"))), 1)
                results.append(json.loads(self.text("history.json"))["history"])
                for file in self.directory.glob("logs/**/events*"):
                    file.unlink()
        self.assertEqual(results[0], results[1])

    def test_each_value_of_the_example_is_taken_alone(self):
        for name, options in [("TensorBoard", self.TENSORBOARD), *self.OTHERS]:
            for key, value in options.items():
                only = {key: value, **({"filepath": "'w.h5'"} if name == "ModelCheckpoint" and key != "filepath" else {})}
                for write in (self.as_flags, self.as_call):
                    with self.subTest(write(name, only)):
                        self.kairos(*self.fit(validation_split=0.2, plugin=write(name, only)), "--explain-order")

    def test_arguments_by_position_come_in_the_order_of_keras(self):
        self.train(["CSVLogger('log.csv', ';')", "ModelCheckpoint(\"best.h5\", 'val_loss', 0, True)",
                    "EarlyStopping('val_loss', 0, 20)", "ReduceLROnPlateau('val_loss', 0.2, 5)"])
        self.assertTrue(self.text("log.csv").startswith("epoch;"))
        self.assertTrue((self.directory / "best.h5").is_file())

    def test_a_run_that_was_given_calls_is_repeated_from_its_run_json(self):
        specs = ["EarlyStopping@es(monitor='val_loss', patience=2)", "CSVLogger('log \\u00e9.csv',)",
                 "TensorBoard(log_dir='t', embeddings_layer_names=None)"]
        self.train(specs, "--run-dir", "one")
        written = json.loads(self.text("one/run.json"))
        self.assertEqual(written["plugin"], specs)
        written.pop("history")
        self.put("one/again.json", json.dumps({**written, "run_dir": "../two"}))
        self.kairos("fit", "--config", "one/again.json")
        self.assertEqual(self.text("one/log é.csv"), self.text("two/log é.csv"))

    def test_a_plugin_in_run_json_is_a_call_or_an_object_with_lists(self):
        config = json.loads(self.kairos(*self.fit(validation_split=0.2), "--print-config"))
        config["plugin"] = ["EarlyStopping(monitor='val_loss')",
                            {"id": "TensorBoard", "options": {"log_dir": "a \"b\"", "embeddings_layer_names": [],
                                                              "embeddings_metadata": None, "write_graph": False}},
                            {"id": "CSVLogger", "options": {"filename": "x.csv", "separator": "\t"}}]
        self.put("run.json", json.dumps(config))
        self.kairos("fit", "--config", "run.json")
        self.assertTrue((self.directory / "a \"b\"/train").is_dir())
        self.assertTrue(self.text("x.csv").startswith("epoch\t"))

    def refusal(self, plugin, **changes):
        run = self.run_kairos(*self.fit(validation_split=0.2, plugin=plugin, **changes))
        self.assertEqual(run.returncode, 3, run.stderr)
        return run.stderr

    def test_an_option_without_effect_is_an_error_only_with_a_value(self):
        self.assertIn("embeddings_layer_names writes nothing if embeddings_freq is 0",
                      self.refusal("TensorBoard(embeddings_freq=0, embeddings_layer_names=['words'])"))
        self.kairos(*self.fit(plugin="TensorBoard(log_dir='t', embeddings_freq=0, embeddings_layer_names=[])"))

    def test_a_function_is_refused_with_the_formula_to_write(self):
        self.assertIn("KAIROS-O054: LearningRateScheduler, option schedule: Python functions are not run; "
                      "found \"lambda epoch: 0.1 * 0.5 ** (epoch // 10)\", expected a formula of epoch, lr. "
                      "Write schedule=\"0.1 * 0.5 ** (floor(epoch / 10))\".",
                      self.refusal("LearningRateScheduler(lambda epoch: 0.1 * 0.5 ** (epoch // 10))"))
        self.kairos(*self.fit(plugin="LearningRateScheduler(\"0.1 * 0.5 ** (floor(epoch / 10))\")"))

    def test_none_is_an_error_where_the_option_always_has_a_value(self):
        self.assertIn("KAIROS-O050: EarlyStopping, option patience: the option always has a value; found None, expected int, "
                      "such as its default, \"0\". Leave patience out for the default.",
                      self.refusal("EarlyStopping(patience=None)"))
        self.kairos(*self.fit(validation_split=0.2, plugin="EarlyStopping(baseline=None)"))

    def test_an_argument_that_is_no_option_may_be_none(self):
        run = self.run_kairos(*self.fit(validation_split=0.2, plugin="ModelCheckpoint('m.h5', options=None)"))
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("ModelCheckpoint has no option options; None changes nothing", run.stderr)
        self.assertIn("KAIROS-O020", self.refusal("ModelCheckpoint('m.h5', options=1)"))

    def test_decay_is_that_of_keras_1_and_2_and_said_so(self):
        history = []
        for optimizer in ("SGD(lr=0.01, decay=1e-1)", "SGD(learning_rate=InverseTimeDecay(0.01,1,0.1))"):
            out = self.kairos(*self.fit(optimizer=optimizer, history="history.json"))
            history.append(json.loads(self.text("history.json"))["history"]["loss"])
            self.assertEqual("decay=0.1 is read as in Keras 1 and 2, as the schedule InverseTimeDecay" in out, "decay=" in optimizer)
        self.assertEqual(history[0], history[1])


if __name__ == "__main__":
    main()
