# SPDX-License-Identifier: MIT
"""Models of several inputs and outputs: flags and keys by output, compiled files of Keras, and the table of layers.

  outputs_test.py KAIROS MISHAPS"""
import json
import pathlib

import numpy as np

from program import ProgramTest, main

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden" / "fit" / "functional_two_in_two_out"


class Outputs(ProgramTest):
    def fit(self, *flags, model="model.json"):
        self.kairos("fit", "--model", GOLDEN / model, "--data", GOLDEN / "data.npz",
                    "--shuffle", "false", "--verbose", "0", "--history", "h.json", *flags)
        return json.loads(self.text("h.json"))["history"]

    def test_flags_and_keys_of_run_json_mean_the_same(self):
        flags = ["--loss", "kind=sparse_categorical_crossentropy", "--loss", "amount=Huber(delta=0.5)", "--loss-weight",
                 "amount=0.3", "--metrics", "kind=accuracy,sparse_categorical_accuracy,amount=mae", "--optimizer", "sgd"]
        first = self.fit(*flags)
        self.assertEqual(list(first), ["loss", "amount_loss", "amount_mae", "kind_accuracy", "kind_loss",
                                       "kind_sparse_categorical_accuracy"])
        printed = self.kairos("fit", *flags, "--print-config")
        run = json.loads(printed)
        self.assertEqual(run["loss"], {"kind": "sparse_categorical_crossentropy", "amount": "Huber(delta=0.5)"})
        self.assertEqual(run["loss_weight"], {"amount": "0.3"})
        self.assertEqual(run["metrics"], {"kind": ["accuracy", "sparse_categorical_accuracy"], "amount": ["mae"]})
        self.put("run.json", json.dumps({"loss": {"kind": "sparse_categorical_crossentropy",
                                                  "amount": {"class_name": "Huber", "config": {"delta": 0.5}}},
                                         "loss_weights": {"amount": 0.3}, "optimizer": "sgd",
                                         "metrics": {"kind": ["accuracy", "sparse_categorical_accuracy"], "amount": "mae"}}))
        self.put("printed.json", printed)
        for config in ("run.json", "printed.json"):
            self.assertEqual(self.fit("--config", config), first)

    def test_a_compiled_file_of_keras_needs_no_loss_and_flags_win(self):
        # With other weights, the optimizer's state in the file is not used.
        start = ["--weights", GOLDEN / "init.npz"]
        keras = ["loss", "amount_loss", "amount_mae", "kind_accuracy", "kind_loss"]
        of_file = self.fit(*start, model="files/model.h5")
        self.assertEqual(list(of_file), keras)
        again = self.fit(*start, "--optimizer", "SGD(learning_rate=0.05,momentum=0.9)", "--loss", "kind=sparse_categorical_crossentropy",
                         "--loss", "amount=mse", "--loss-weight", "amount=0.3", "--metrics", "kind=accuracy,amount=mae",
                         model="files/model.h5")
        self.assertEqual(of_file, again)
        self.assertEqual(list(self.fit(*start, "--metrics", "amount=mse", model="files/model.h5")),
                         ["loss", "amount_loss", "amount_mse", "kind_loss"])
        self.assertNotEqual(self.fit(*start, "--optimizer", "adam", model="files/model.h5")["loss"], of_file["loss"])
        self.assertNotEqual(self.fit(*start, "--loss-weight", "amount=2", model="files/model.h5")["loss"], of_file["loss"])

    def test_what_kairos_saves_is_compiled_as_it_was(self):
        self.fit("--loss", "kind=sparse_categorical_crossentropy", "--loss", "amount=Huber(delta=0.5)", "--loss-weight",
                 "amount=0.3", "--metrics", "kind=accuracy", "--plugin", "ModelCheckpoint:filepath=m.h5")
        self.kairos("convert", "m.h5", "m.keras")
        flags = ["--loss", "kind=sparse_categorical_crossentropy", "--loss", "amount=Huber(delta=0.5)", "--loss-weight",
                 "amount=0.3", "--metrics", "kind=accuracy"]
        expected = self.kairos("evaluate", "--model", "m.h5", "--data", GOLDEN / "data.npz", "--json", *flags)
        for file in ("m.h5", "m.keras"):
            self.assertEqual(self.kairos("evaluate", "--model", file, "--data", GOLDEN / "data.npz", "--json"), expected)

    def test_callbacks_watch_one_output(self):
        history = self.fit("--loss", "kind=sparse_categorical_crossentropy", "--loss", "amount=mse", "--metrics", "kind=accuracy",
                           "--epochs", "6", "--validation-split", "0.2", "--plugin",
                           "ModelCheckpoint:filepath=best.h5,monitor=val_kind_accuracy,save_best_only=true",
                           "--plugin", "EarlyStopping:monitor=val_amount_loss,patience=1,min_delta=1000")
        self.assertEqual(len(history["loss"]), 2)
        self.assertTrue((self.directory / "best.h5").exists())

    def test_outputs_without_a_loss_need_no_target(self):
        data = np.load(GOLDEN / "data.npz")
        np.savez(self.directory / "one.npz", x0=data["x0"], x1=data["x1"], y=data["y1"])
        self.kairos("fit", "--model", GOLDEN / "model.json", "--data", "one.npz", "--loss", "amount=mse", "--verbose", "0",
                    "--history", "h.json", "--optimizer", "sgd", "--save-weights", "w.npz", "--weights", GOLDEN / "init.npz")
        self.assertEqual(list(json.loads(self.text("h.json"))["history"]), ["loss"])
        before, after = np.load(GOLDEN / "init.npz"), np.load(self.directory / "w.npz")
        self.assertTrue((before["8"] == after["8"]).all())  # kind/kernel
        # Arrays by name, as in Keras with a loss of None.
        np.savez(self.directory / "named.npz", left=data["x0"], right=data["x1"], amount=data["y1"])
        self.put("run.json", json.dumps({"loss": {"amount": "mse", "kind": None}}))
        for loss in (["--loss", "amount=mse", "--loss", "kind=None"], ["--config", "run.json"]):
            self.kairos("fit", "--model", GOLDEN / "model.json", "--data", "named.npz", *loss, "--verbose", "0", "--save-model", "m.keras",
                        "--history", "h.json", "--optimizer", "sgd", "--weights", GOLDEN / "init.npz")
            self.assertEqual(list(json.loads(self.text("h.json"))["history"]), ["loss"])
        self.assertIn("loss", self.kairos("evaluate", "--model", "m.keras", "--data", "named.npz"))
        self.assertFalse((before["10"] == after["10"]).all())

    def test_weights_of_an_output_behind_one_without_a_loss_count(self):
        data = np.load(GOLDEN / "data.npz")
        arrays = {"x0": data["x0"], "x1": data["x1"], "y": data["y1"]}
        weights = np.arange(len(data["y1"]), dtype="float32") % 3
        for name, more in (("none", {}), ("named", {"sample_weight_amount": weights}), ("all", {"sample_weight": weights})):
            np.savez(self.directory / f"{name}.npz", **arrays, **more)
        losses = []
        for name in ("none", "named", "all"):
            self.kairos("fit", "--model", GOLDEN / "model.json", "--data", f"{name}.npz", "--loss", "amount=mse", "--verbose", "0",
                        "--history", "h.json", "--optimizer", "sgd", "--weights", GOLDEN / "init.npz")
            losses.append(json.loads(self.text("h.json"))["history"]["loss"])
        self.assertNotEqual(losses[0], losses[1])
        self.assertEqual(losses[1], losses[2])

    def test_what_is_wrong_is_told_before_anything_trains(self):
        for code, sentence, *flags in [
                (5, "KAIROS-M070: compile: the model has no output \"kid\". Did you mean \"kind\"?", "--loss", "kid=mse"),
                (2, "KAIROS-U003: --loss: the name is given twice; found \"kind\"", "--loss", "kind=mse", "--loss", "kind=mae"),
                (2, "KAIROS-U003: --loss: the value is missing; found \"kind=\"", "--loss", "kind="),
                (2, "KAIROS-U003: --loss-weight: the value cannot be read; found \"much\"", "--loss", "amount=mse",
                 "--loss-weight", "amount=much"),
                (2, "KAIROS-U005: --loss: this setting is missing", )]:
            run = self.run_kairos("fit", "--model", GOLDEN / "model.json", "--data", GOLDEN / "data.npz", *flags)
            self.assertEqual(run.returncode, code, run.stderr)
            self.assertIn(sentence, run.stderr)

    def test_the_table_is_that_of_keras(self):
        self.assertEqual(self.kairos("summary", GOLDEN / "model.json"), TABLE)


TABLE = """\
Model: "functional"
┏━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━┓
┃ Layer (type)        ┃ Output Shape      ┃    Param # ┃ Connected to      ┃
┡━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━┩
│ left (InputLayer)   │ (None, 5)         │          0 │ -                 │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ right (InputLayer)  │ (None, 3)         │          0 │ -                 │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ hl (Dense)          │ (None, 6)         │         36 │ left[0][0]        │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ hr (Dense)          │ (None, 6)         │         24 │ right[0][0]       │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ both (Concatenate)  │ (None, 12)        │          0 │ hl[0][0],         │
│                     │                   │            │ hr[0][0]          │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ p (Dense)           │ (None, 8)         │        104 │ both[0][0]        │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ q (Dense)           │ (None, 8)         │        104 │ both[0][0]        │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ sum (Add)           │ (None, 8)         │          0 │ p[0][0], q[0][0]  │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ kind (Dense)        │ (None, 3)         │         27 │ sum[0][0]         │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ amount (Dense)      │ (None, 1)         │          9 │ sum[0][0]         │
└─────────────────────┴───────────────────┴────────────┴───────────────────┘
 Total params: 304 (1.19 KB)
 Trainable params: 304 (1.19 KB)
 Non-trainable params: 0 (0.00 B)
"""

if __name__ == "__main__":
    main()
