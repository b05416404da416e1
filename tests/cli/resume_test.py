# SPDX-License-Identifier: MIT
"""Runs that continue from a saved model, and learning rate schedules."""
import json
import pathlib

import numpy as np

from program import ProgramTest, main

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "fit"


class Resume(ProgramTest):
    MODEL = "dense(8,tanh) dropout(0.4) dense(6,relu,kernel_constraint=max_norm) dropout(0.2) dense(2,softmax)"

    def train(self, name, **changes):
        """Weights and History after a run with dropout, shuffled samples, validation and a callback that counts."""
        plugins = ["ReduceLROnPlateau:monitor=val_loss,patience=1,factor=0.7", "CSVLogger:filename=log.csv"]
        self.kairos(*self.fit(model=changes.pop("model", self.MODEL), shuffle="true", batch_size=7, validation_split=0.2, seed=11,
                              run_dir=name, save_weights=f"{name}.npz", plugin=changes.pop("plugin", plugins), **changes))
        weights = np.load(self.directory / f"{name}.npz")
        return [weights[key] for key in sorted(weights)], json.loads(self.text(f"{name}/history.json"))

    def check_resumed(self, optimizer, ending, **changes):
        whole, whole_history = self.train("whole", optimizer=optimizer, epochs=8, save_model="whole" + ending, **changes)
        log = self.text("whole/log.csv") if "plugin" not in changes else ""
        half, half_history = self.train("half", optimizer=optimizer, epochs=4, save_model="half" + ending, **changes)
        more = {"loss": None} if ending == ".keras" else {}
        end, end_history = self.train("end", optimizer=None, model="half" + ending, epochs=8, initial_epoch=4,
                                      callback_state="half/callback_state", save_model="end" + ending, **more, **changes)
        self.assertFalse(all(np.array_equal(a, b) for a, b in zip(whole, half)))
        for a, b in zip(whole, end):
            np.testing.assert_array_equal(a, b)
        for key, values in whole_history["history"].items():
            self.assertEqual(values, half_history["history"][key] + end_history["history"][key], key)
        self.assertEqual(whole_history["epoch"], half_history["epoch"] + end_history["epoch"])
        if log:
            second = self.text("end/log.csv").split("\n", 1)[1]
            self.assertEqual(log, self.text("half/log.csv") + second)
        # The optimizer has the same state as after the uninterrupted run.
        for name in ("whole", "end"):
            self.kairos("convert", name + ending, name + ".h5") if ending != ".h5" else None
        self.assertEqual(self.optimizer_of("whole.h5"), self.optimizer_of("end.h5"))

    def optimizer_of(self, name):
        import h5py
        with h5py.File(self.directory / name) as file:
            group = file["optimizer_weights"]
            return {key.decode(): group[key][()].tolist() for key in group.attrs["weight_names"]}

    def test_adam_with_dropout_and_shuffle_goes_on_to_the_same_bits(self):
        for ending in (".keras", ".h5"):
            with self.subTest(ending):
                self.check_resumed("Adam(learning_rate=0.02)", ending)

    def test_every_optimizer_goes_on_to_the_same_bits(self):
        for optimizer in ("SGD(learning_rate=0.1,momentum=0.9,nesterov=true)", "Adam(learning_rate=0.02,amsgrad=true)",
                          "AdamW(learning_rate=0.02)", "RMSprop(learning_rate=0.01,momentum=0.5,centered=true)",
                          "Adagrad(learning_rate=0.1)", "Adadelta(learning_rate=1)", "Adamax(learning_rate=0.02)",
                          "Nadam(learning_rate=0.02,clipnorm=0.5)", "Lion(learning_rate=0.01)", "Ftrl(learning_rate=0.1,beta=0.1)",
                          "Lamb(learning_rate=0.02,gradient_accumulation_steps=3)"):
            with self.subTest(optimizer):
                self.check_resumed(optimizer, ".keras")
        for ending in (".keras", ".h5"):
            with self.subTest("Adafactor " + ending):
                self.check_resumed("Adafactor(learning_rate=0.05,clipnorm=1)", ending)

    def test_schedule_goes_on_where_it_was(self):
        self.check_resumed("Adam(learning_rate=CosineDecay(0.05,decay_steps=30,warmup_target=0.1,warmup_steps=6))", ".keras",
                           plugin=["CSVLogger:filename=l.csv"])

    def test_new_optimizer_starts_anew_and_says_so(self):
        self.train("half", optimizer="adam", epochs=2, save_model="half.keras")
        out = self.kairos(*self.fit(model="half.keras", loss=None, optimizer="SGD(learning_rate=0.1)", epochs=1))
        self.assertIn("the optimizer's state in half.keras is ignored, because --optimizer is given\n", out)
        self.assertNotIn("anew", self.kairos(*self.fit(model="half.keras", loss=None, optimizer=None, epochs=1)))

    def test_own_configuration_keeps_the_state_of_the_optimizer(self):
        """The rate that a callback has changed too, unless a flag gives another one."""
        common = {"run_dir": "x2", "save_model": "half.keras", "plugin": "ReduceLROnPlateau:monitor=loss,patience=0,min_delta=9,factor=0.5"}
        self.kairos(*self.fit(optimizer="adam", epochs=8, save_weights="whole.npz", **{**common, "run_dir": "x1", "save_model": "full.keras"}))
        self.kairos(*self.fit(optimizer="adam", epochs=4, **common))
        going_on = ["fit", "--config", "x2/run.json", "--model", "half.keras", "--initial-epoch", "4", "--epochs", "8",
                    "--callback-state", "x2/callback_state", "--run-dir", "x3", "--save-model", "end.keras", "--save-weights"]
        self.assertNotIn("is ignored", self.kairos(*going_on, "same.npz"))
        self.assertEqual((self.directory / "same.npz").read_bytes(), (self.directory / "whole.npz").read_bytes())
        self.kairos(*going_on, "other.npz", "--optimizer", "adam(learning_rate=0.1)")
        self.assertNotEqual((self.directory / "other.npz").read_bytes(), (self.directory / "whole.npz").read_bytes())
        self.assertIn("is ignored, because --optimizer is given", self.kairos(*going_on, "sgd.npz", "--optimizer", "sgd"))

    def test_file_of_keras_goes_on_as_keras_would(self):
        """The golden run, uninterrupted and continued from the file that Keras saved at its end."""
        folder = GOLDEN / "cnn_adam"
        spec = json.loads((folder / "spec.json").read_text())
        fit = spec["fit"]
        common = ["--data", folder / "data.npz", "--shuffle", "false", "--batch-size", fit["batch_size"], "--verbose", "0",
                  "--validation-split", fit["validation_split"]]
        whole = ["fit", "--model", folder / "model.json", "--weights", folder / "init.npz", "--optimizer", "Adam(learning_rate=0.005)",
                 "--loss", spec["loss"], "--metrics", "accuracy"]
        self.kairos(*whole, *common, "--epochs", fit["epochs"] + 1, "--history", "whole.json")
        self.kairos("fit", "--model", folder / "files" / "model.h5", *common, "--epochs", fit["epochs"] + 1,
                    "--initial-epoch", fit["epochs"], "--history", "end.json")
        whole, end = (json.loads(self.text(name))["history"] for name in ("whole.json", "end.json"))
        self.assertLessEqual({"loss", "val_loss"}, end.keys())
        for key in end:
            np.testing.assert_allclose(end[key], whole[key][-1:], rtol=1e-5)


class Averages(ProgramTest):
    def test_average_of_the_weights_is_what_remains(self):
        """One step per epoch: the averages lag behind the weights, and replace them at the end of the run."""
        for name, more in (("plain", ""), ("averaged", ",use_ema=true,ema_momentum=0")):
            self.kairos(*self.fit(optimizer=f"SGD(learning_rate=0.5{more})", save_weights=f"{name}.npz"))
        self.kairos(*self.fit(optimizer="SGD(learning_rate=0.5,use_ema=true,ema_momentum=1)", save_weights="first.npz"))
        self.kairos(*self.fit(optimizer="SGD(learning_rate=0.5)", epochs=1, steps_per_epoch=1, save_weights="one.npz"))
        weights = {name: np.load(self.directory / f"{name}.npz") for name in ("plain", "averaged", "first", "one")}
        for key in weights["plain"]:
            np.testing.assert_array_equal(weights["plain"][key], weights["averaged"][key])
            np.testing.assert_array_equal(weights["one"][key], weights["first"][key])


class Schedules(ProgramTest):
    def test_callback_that_sets_the_rate_is_refused_before_training(self):
        before = self.files()
        for plugin in ("ReduceLROnPlateau:monitor=loss", "LearningRateScheduler:schedule=lr*0.9"):
            run = self.run_kairos(*self.fit(optimizer="SGD(learning_rate=CosineDecay(0.1,100))", plugin=plugin))
            self.assertNotEqual(run.returncode, 0)
            self.assertIn("KAIROS-O014: " + plugin.split(":")[0] + ": it could not set the learning rate; found the schedule "
                          "CosineDecay decides it, expected an optimizer whose learning rate is a number. Leave the callback out, "
                          "or the schedule.", run.stderr)
        self.assertEqual(self.files(), before)
        self.kairos(*self.fit(optimizer="SGD(learning_rate=CosineDecay(0.1,100))", plugin="EarlyStopping:monitor=loss"))


if __name__ == "__main__":
    main()
