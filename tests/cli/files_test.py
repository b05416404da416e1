# SPDX-License-Identifier: MIT
"""Model files: checkpoints, continued training, conversions, the table of layers; and IDX data files."""
import gzip
import json
import pathlib
import shutil
import struct
import zipfile

import h5py
import numpy as np

from program import ProgramTest, main

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "fit" / "mlp_adam_class_weight_one_hot" / "files"


class Archives(ProgramTest):
    def test_checkpoint_in_an_archive_predicts_like_the_model_and_trains_on(self):
        self.kairos(*self.fit(plugin="ModelCheckpoint:filepath='{epoch:02d}.keras'", save_weights="end.npz", metrics="accuracy"))
        self.assertEqual(sorted(path.name for path in self.directory.glob("*.keras")), ["01.keras", "02.keras", "03.keras"])
        archive = zipfile.ZipFile(self.directory / "03.keras")
        compiled = json.loads(archive.read("config.json"))["compile_config"]
        self.assertEqual((compiled["loss"], compiled["metrics"], compiled["optimizer"]["class_name"]),
                         ("sparse_categorical_crossentropy", ["accuracy"], "RMSprop"))
        data = ["--data", "data.csv", "--target", "label"]
        self.kairos("predict", "--model", "dense(4,tanh) dense(2,softmax)", "--weights", "end.npz", *data, "--out", "a.npy")
        self.kairos("predict", "--model", "03.keras", *data, "--out", "b.npy")
        np.testing.assert_array_equal(np.load(self.directory / "a.npy"), np.load(self.directory / "b.npy"))
        # Loss and metrics come from the file.
        self.assertIn("accuracy", json.loads(self.kairos("evaluate", "--model", "03.keras", *data, "--json")))
        self.kairos(*self.fit(model="03.keras", loss=None, epochs=1, history="h.json"))
        self.assertIn("accuracy", json.loads(self.text("h.json"))["history"])

    def test_last_checkpoint_that_fails_in_the_background_fails_the_run_as_in_the_foreground(self):
        for background in ("true", "false"):
            for policy, code in (("fatal", 7), ("warn", 0), ("disable", 0)):
                place = self.directory / f"{background}-{policy}"
                (place / "m-3.h5").mkdir(parents=True)
                plugin = f"ModelCheckpoint:filepath='{place}/m-{{epoch}}.h5',in_background={background},on_error={policy}"
                run = self.run_kairos(*self.fit(plugin=plugin, save_model=place / "end.keras", history=place / "h.json", run_dir=place / "run"))
                self.assertEqual(run.returncode, code, run.stderr)
                self.assertIn("m-3.h5: cannot write the file; found a directory of that name", run.stderr)
                self.assertTrue((place / "m-2.h5").exists())
                # Despite the failure, all requested results are saved.
                for name in ("end.keras", "h.json", "run/history.json", "run/callback_state"):
                    self.assertTrue((place / name).exists(), name)

    def test_saving_never_changes_the_run(self):
        settings = {"model": "dense(4,tanh) batchnorm dropout(0.3) dense(2,softmax)", "optimizer": "adam", "epochs": 4}
        self.kairos(*self.fit(**settings, save_weights="alone.npz"))
        saves = [f"ModelCheckpoint@{number}:filepath='{name}',save_freq={freq},save_weights_only={weights}" for number, (name, freq, weights)
                 in enumerate([("a.h5", 1, "false"), ("b.keras", "epoch", "false"), ("c.weights.h5", 2, "true")])]
        self.kairos(*self.fit(**settings, save_weights="saved.npz", save_model="end.keras", plugin=saves))
        self.assertEqual((self.directory / "alone.npz").read_bytes(), (self.directory / "saved.npz").read_bytes())

    def test_model_saved_at_the_end_predicts_like_the_weights_saved_beside_it(self):
        self.kairos(*self.fit(save_model="new/end.keras", save_weights="end.npz"))
        data = ["--data", "data.csv", "--target", "label"]
        self.kairos("predict", "--model", "new/end.keras", *data, "--out", "a.npy")
        self.kairos("predict", "--model", "dense(4,tanh) dense(2,softmax)", "--weights", "end.npz", *data, "--out", "b.npy")
        np.testing.assert_array_equal(np.load(self.directory / "a.npy"), np.load(self.directory / "b.npy"))

    def test_archive_of_weights_alone_is_refused_before_training(self):
        run = self.run_kairos(*self.fit(plugin="ModelCheckpoint:filepath=m.keras,save_weights_only=true"))
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("a .keras archive holds a whole model, not weights only", run.stderr)
        self.assertEqual([path.name for path in self.directory.iterdir()], ["data.csv"])


class Compiled(ProgramTest):
    """Objects that a model was compiled with, as Keras 2 and 3 write them."""
    KERAS_3 = {
        "loss": {"module": "keras.losses", "class_name": "CategoricalCrossentropy", "registered_name": None,
                 "config": {"name": "categorical_crossentropy", "reduction": "sum_over_batch_size", "from_logits": False,
                            "label_smoothing": 0.1, "axis": -1}},
        "metrics": [{"module": "keras.metrics", "class_name": "TopKCategoricalAccuracy", "registered_name": None,
                     "config": {"name": "best_two", "dtype": "float32", "k": 2}},
                    {"module": "keras.metrics", "class_name": "F1Score", "registered_name": None,
                     "config": {"name": "f1_score", "dtype": "float32", "average": "weighted", "threshold": None}},
                    {"module": "keras.metrics", "class_name": "Precision", "registered_name": None,
                     "config": {"name": "precision_1", "dtype": "float32", "thresholds": None, "top_k": None, "class_id": None}},
                    "accuracy"]}
    KERAS_2 = {
        "loss": {"class_name": "CategoricalCrossentropy",
                 "config": {"reduction": "auto", "name": "categorical_crossentropy", "from_logits": False, "label_smoothing": 0.1,
                            "axis": -1, "fn": "categorical_crossentropy"}},
        "metrics": [[{"class_name": "MeanMetricWrapper",
                      "config": {"name": "accuracy", "dtype": "float32", "fn": "categorical_accuracy"}}]]}

    def compiled(self, changes):
        shutil.copy(GOLDEN / "model.h5", self.directory / "m.h5")
        with h5py.File(self.directory / "m.h5", "r+") as file:
            config = json.loads(file.attrs["training_config"])
            file.attrs["training_config"] = json.dumps({**config, **changes})

    def evaluate(self, model, *flags):
        return json.loads(self.kairos("evaluate", "--model", model, "--data", GOLDEN.parent / "data.npz", "--json", *flags))

    def test_objects_mean_what_their_flags_mean(self):
        loss = ["--loss", "categorical_crossentropy(label_smoothing=0.1)", "--metrics"]
        flags = "top_k_categorical_accuracy(k=2,name=best_two),f1_score(average=weighted),precision(name=precision_1),accuracy"
        for changes, metrics, names in ((self.KERAS_3, flags, ["loss", "best_two", "f1_score", "precision_1", "accuracy"]),
                                        (self.KERAS_2, "accuracy", ["loss", "accuracy"])):
            self.compiled(changes)
            found = self.evaluate("m.h5")
            self.assertEqual(list(found), names)
            self.assertEqual(found, self.evaluate(GOLDEN / "model.h5", *loss, metrics))

    def test_file_of_keras_2_is_evaluated_and_trained_and_says_that_its_optimizer_starts_anew(self):
        """Names end in :0, the first layer repeats the input shape, and the optimizer has no learning rate among its variables."""
        self.compiled({**self.KERAS_2, "optimizer_config": {"class_name": "Adam", "config": {
            "name": "Adam", "learning_rate": 0.01, "decay": 0.0, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-07, "amsgrad": False}}})
        with h5py.File(self.directory / "m.h5", "r+") as file:
            layers = json.loads(file.attrs["model_config"])["config"]["layers"]
            shape = layers[0]["config"]["batch_shape"]
            layers[0]["config"] = {"batch_input_shape": shape, "dtype": "float32", "sparse": False, "ragged": False, "name": "dense_input"}
            for layer in layers[1:]:
                layer["config"].pop("quantization_config")
                layer["config"]["dtype"] = "float32"
            layers[1]["config"]["batch_input_shape"] = shape
            file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": {"name": "sequential", "layers": [
                {"class_name": layer["class_name"], "config": layer["config"]} for layer in layers]}})
            for group in (*file["model_weights"].values(), file["optimizer_weights"]):
                names = [name.decode() if isinstance(name, bytes) else name for name in group.attrs.get("weight_names", [])]
                for name in names:
                    group.move(name, name + ":0")
                if names:
                    group.attrs["weight_names"] = [name + ":0" for name in names if "learning_rate" not in name]
        found = self.evaluate("m.h5")
        self.assertEqual(found, self.evaluate(GOLDEN / "model.h5", "--loss", "categorical_crossentropy(label_smoothing=0.1)",
                                              "--metrics", "accuracy"))
        run = self.run_kairos("fit", "--model", "m.h5", "--data", GOLDEN.parent / "data.npz", "--verbose", 0)
        self.assertEqual((run.returncode, run.stderr), (0, "warning: the optimizer's state in m.h5 is ignored, because its "
                                                           "variables belong to another optimizer\n"))

    def test_reduction_of_a_loss_stays_with_the_model(self):
        data = ["--data", GOLDEN.parent / "data.npz"]
        rows = len(np.load(GOLDEN.parent / "data.npz")["y"])
        mean = self.evaluate(GOLDEN / "model.h5")["loss"]
        reduced = {**self.KERAS_3["loss"], "class_name": "CategoricalCrossentropy", "config": {"reduction": "sum"}}
        self.compiled({"loss": reduced})
        whole = ["--batch-size", rows]
        self.assertAlmostEqual(self.evaluate("m.h5", *whole)["loss"] / rows, mean, places=5)
        # The flag overrides the file, but not a reduction in --loss.
        self.assertAlmostEqual(self.evaluate("m.h5", *whole, "--loss-reduction", "sum_over_batch_size")["loss"], mean, places=5)
        own = ["--loss", "categorical_crossentropy(reduction=sum)", "--loss-reduction", "mean_with_sample_weight"]
        self.assertAlmostEqual(self.evaluate(GOLDEN / "model.h5", *whole, *own)["loss"] / rows, mean, places=5)
        self.kairos("fit", "--model", "m.h5", *data, "--verbose", 0, "--epochs", 1, "--save-model", "n.keras")
        written = json.loads(zipfile.ZipFile(self.directory / "n.keras").read("config.json"))["compile_config"]["loss"]
        self.assertEqual((written["class_name"], written["config"]), ("CategoricalCrossentropy", {"reduction": "sum"}))
        self.kairos("fit", "--model", GOLDEN / "model.h5", *data, "--loss-reduction", "sum", "--verbose", 0, "--epochs", 1,
                    "--save-model", "o.h5")
        with h5py.File(self.directory / "o.h5") as file:
            self.assertEqual(json.loads(file.attrs["training_config"])["loss"]["config"], {"reduction": "sum"})
        self.compiled({"loss": {**reduced, "config": {"reduction": None}}})
        run = self.run_kairos("evaluate", "--model", "m.h5", *data)
        self.assertIn("KAIROS-M033: loss reduction: training needs one loss per batch; found null, expected a reduction. "
                      "Choose sum or sum_over_batch_size.", run.stderr)

    def test_objects_are_written_as_keras_reads_them(self):
        self.compiled(self.KERAS_3)
        self.kairos("convert", "m.h5", "m.keras")
        written = json.loads(zipfile.ZipFile(self.directory / "m.keras").read("config.json"))["compile_config"]
        self.assertEqual([metric if isinstance(metric, str) else (metric["module"], metric["class_name"], metric["config"])
                          for metric in written["metrics"]],
                         [("keras.metrics", "TopKCategoricalAccuracy", {"name": "best_two", "k": 2}),
                          ("keras.metrics", "F1Score", {"name": "f1_score", "average": "weighted"}),
                          ("keras.metrics", "Precision", {"name": "precision_1"}), "accuracy"])
        self.assertEqual(written["loss"]["config"], {"label_smoothing": 0.1, "from_logits": False, "axis": -1})
        self.assertEqual(self.evaluate("m.keras"), self.evaluate("m.h5"))

    def test_metrics_that_keras_has_no_name_for_come_back(self):
        metrics = ["--metrics", "huber,Huber(delta=0.25,name=h),rmse,kld,logcosh,f1_score"]
        model = ["--model", GOLDEN / "model.json", "--weights", GOLDEN / "weights.npz"]
        self.kairos("fit", *model, "--data", GOLDEN.parent / "data.npz", "--loss", "categorical_crossentropy", *metrics, "--verbose",
                    0, "--save-model", "m.keras", "--save-weights", "w.npz")
        found = self.evaluate("m.keras")
        self.assertEqual(list(found), ["loss", "huber", "h", "rmse", "kld", "logcosh", "f1_score"])
        self.assertEqual(found, json.loads(self.kairos(
            "evaluate", "--model", GOLDEN / "model.json", "--weights", "w.npz", "--data", GOLDEN.parent / "data.npz", "--loss",
            "categorical_crossentropy", *metrics, "--json")))


class Conversion(ProgramTest):
    def predict(self, model, *more):
        self.kairos("predict", "--model", model, *more, "--data", GOLDEN / "x.npy", "--out", "p.npy")
        return np.load(self.directory / "p.npy")

    def test_each_format_gives_each_other_and_predicts_equally(self):
        expected = np.load(GOLDEN / "predict.npy")
        architecture = GOLDEN / "model.json"
        sources = [([GOLDEN / name], []) for name in ("model.h5", "model.keras", "model_no_optimizer.h5")]
        sources += [([GOLDEN / name], ["--model", architecture]) for name in ("keras3.weights.h5", "weights.npz", "legacy_weights.h5")]
        for source, more in sources:
            for target in ("o.keras", "o.h5", "o.hdf5"):
                self.kairos("convert", *source, target, *more)
                np.testing.assert_allclose(self.predict(target), expected, rtol=1e-5, atol=1e-7, err_msg=f"{source} {target}")
            for target in ("o.weights.h5", "o.npz"):
                self.kairos("convert", *source, target, *more)
                found = self.predict(architecture, "--weights", target)
                np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7, err_msg=f"{source} {target}")
        self.kairos("convert", GOLDEN / "model.h5", "o.json")
        np.testing.assert_allclose(self.predict("o.json", "--weights", "o.npz"), expected, rtol=1e-5, atol=1e-7)

    def test_weights_that_numpy_saved_without_names_are_read(self):
        self.kairos("convert", GOLDEN / "model.h5", "named.npz")
        named = np.load(self.directory / "named.npz")
        weights = [named[str(i)] for i in range(len(named.files))]
        np.savez(self.directory / "plain.npz", *weights)
        model = GOLDEN.parent / "model.json"
        np.testing.assert_array_equal(self.predict(model, "--weights", "plain.npz"), self.predict(GOLDEN / "model.h5"))
        np.savez(self.directory / "gap.npz", arr_0=weights[0], arr_2=weights[1])
        self.assertIn('KAIROS-F024: gap.npz: a weight is missing; found no array "arr_1", expected arrays "0", "1", … in get_weights() '
                      "order. Write it with numpy.savez(file, *model.get_weights()).",
                      self.run_kairos("summary", "gap.npz").stderr + self.run_kairos(
                          "predict", "--model", model, "--weights", "gap.npz", "--data", GOLDEN / "x.npy", "--out", "q.npy").stderr)

    def test_there_and_back_loses_nothing(self):
        self.assertEqual(self.kairos("convert", GOLDEN / "model.h5", "a.h5"),
                         "a.h5: the model, compiled, with the optimizer's state\n")
        self.kairos("convert", "a.h5", "b.keras")
        self.kairos("convert", "b.keras", "c.h5")
        self.assertEqual((self.directory / "a.h5").read_bytes(), (self.directory / "c.h5").read_bytes())

    def test_what_is_left_out_is_said(self):
        cases = {
            ("model.h5", "o.npz"): "o.npz: the weights\n",
            ("model.h5", "o.h5", "--weights-only"): "o.h5: the weights\n",
            ("model.h5", "o.keras", "--drop-training"): "o.keras: the model; the optimizer's state is left out\n",
            ("model_no_optimizer.h5", "o.keras"): "o.keras: the model\n",
            ("model.keras", "o.h5"): "o.h5: the model, compiled; the file does not name its optimizer, so it is rmsprop "
                                     "as in Keras\n",
            ("model.h5", "o.json"): "o.json: the architecture\n",
        }
        for (source, *more), sentence in cases.items():
            self.assertEqual(self.kairos("convert", GOLDEN / source, *more), sentence)

    def test_what_a_target_cannot_hold_is_refused_and_nothing_is_written(self):
        before = self.files()
        cases = [
            (6, r"KAIROS-F020: o.onnx: .*expected \.keras, .*, or \.json \(the architecture\)\.", "model.h5", "o.onnx"),
            (6, "KAIROS-F026", "model.h5", "o.keras", "--weights-only"),
            (2, "KAIROS-U041: .*the file holds weights only, without a model. Give the architecture with --model", "weights.npz", "o.keras"),
            (2, "KAIROS-U041: --model: the file has its own architecture", "model.h5", "o.keras", "--model", "dense(1)"),
            (2, "KAIROS-U042: .*an architecture has no weights to write", "model.json", "o.keras"),
            (5, "KAIROS-M09[01]", "weights.npz", "o.keras", "--model", "input(6) dense(3)"),
            (2, "KAIROS-U040: kairos convert: expected two files; found 1", "model.h5"),
            (2, "KAIROS-U001: .*Did you mean \"--drop-training\"", "model.h5", "o.keras", "--drop-trainign"),
            (6, "KAIROS-F001", "absent.h5", "o.keras"),
        ]
        for code, sentence, source, *more in cases:
            run = self.run_kairos("convert", GOLDEN / source, *more)
            self.assertEqual(run.returncode, code, run.stderr)
            self.assertRegex(run.stderr, sentence)
            self.assertEqual(run.stderr.count("\n"), 1)
        self.assertEqual(self.files(), before)


class Summary(ProgramTest):
    TABLE = """\
Model: "sequential"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ dense (Dense)                   │ (None, 12)             │            84 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense_1 (Dense)                 │ (None, 4)              │            52 │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: {total}
 Trainable params: 136 (544.00 B)
 Non-trainable params: 0 (0.00 B)
"""

    def test_table_is_that_of_keras(self):
        self.assertEqual(self.kairos("summary", GOLDEN / "model.keras"),
                         self.TABLE.format(total="410 (1.60 KB)") + " Optimizer params: 274 (1.07 KB)\n")
        for name in ("model_no_optimizer.h5", "model.json"):
            self.assertEqual(self.kairos("summary", GOLDEN / name), self.TABLE.format(total="136 (544.00 B)"))

    def test_wide_models_and_frozen_layers_are_counted(self):
        self.kairos("convert", GOLDEN / "model.h5", "m.json")
        model = json.loads(self.text("m.json"))
        model["config"]["layers"][1]["config"].update(trainable=False, name="a_layer_whose_name_is_longer_than_usual")
        self.put("m.json", json.dumps(model))
        out = self.kairos("summary", "m.json")
        self.assertIn("│ a_layer_whose_name_is_longer_th │ (None, 12)             │            84 │\n"
                      "│ an_usual (Dense)                │                        │               │\n", out)
        self.assertIn(" Trainable params: 52 (208.00 B)\n Non-trainable params: 84 (336.00 B)\n", out)
        self.assertIn(" Total params: 1,049,600 (4.00 MB)\n", self.kairos("summary", "input(1024) dense(1024)"))

    def test_weights_of_a_cell_count_for_its_layer(self):
        self.assertIn("│ lstm (LSTM)                     │ (None, 8)              │           480 │\n",
                      self.kairos("summary", GOLDEN.parents[1] / "embedding_lstm_adam" / "files" / "model.keras"))

    def test_files_without_a_model_are_refused(self):
        for code, sentence, *names in [(5, "KAIROS-M095", GOLDEN / "weights.npz"), (2, "KAIROS-U040"),
                                       (2, "KAIROS-U040", "a.h5", "b.h5"), (6, "KAIROS-F001", "absent.keras"),
                                       (6, "KAIROS-F020: m.onnx: this kind of model file is not supported; found \".onnx\", expected .keras, "
                                           ".h5, .hdf5, .weights.h5 or .npz (weights only), or .json (the architecture).", "m.onnx")]:
            run = self.run_kairos("summary", *names)
            self.assertEqual(run.returncode, code, run.stderr)
            self.assertIn(sentence, run.stderr)


class Idx(ProgramTest):
    def put_idx(self, name, array, wrap=lambda content: content):
        header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
        (self.directory / name).write_bytes(wrap(header + array.astype(np.uint8).tobytes()))

    def test_images_and_labels_train_as_the_same_arrays_do(self):
        labels = np.arange(40) % 2
        images = np.random.default_rng(5).integers(0, 100, (40, 4, 3)) + 120 * labels[:, None, None]
        self.put_idx("train-images-idx3-ubyte.gz", images, gzip.compress)
        self.put_idx("train-labels-idx1-ubyte.gz", labels, gzip.compress)
        self.put_idx("train-labels.idx1-ubyte", labels)
        np.savez(self.directory / "d.npz", x=images.astype(np.float32), y=labels.astype(np.float32))
        model = "flatten() dense(4,tanh) dense(2,softmax)"
        for name, settings in {"a": {"data": "d.npz", "target": None},
                               "b": {"data": "train-images-idx3-ubyte.gz", "target": "train-labels-idx1-ubyte.gz"},
                               "c": {"data": "train-images-idx3-ubyte.gz", "target": "train-labels.idx1-ubyte"}}.items():
            self.kairos(*self.fit(model=model, history=f"{name}.json", metrics="accuracy", validation_split=0.25, **settings))
        self.assertEqual(self.text("a.json"), self.text("b.json"))
        self.assertEqual(self.text("a.json"), self.text("c.json"))

    def test_label_outside_the_output_is_refused_before_training(self):
        self.put_idx("x-idx2-ubyte", np.ones((4, 3)))
        self.put_idx("y-idx1-ubyte", np.array([0, 1, 2, 1]))
        run = self.run_kairos(*self.fit(data="x-idx2-ubyte", target="y-idx1-ubyte", history="h.json"))
        self.assertEqual(run.returncode, 4, run.stderr)
        self.assertFalse((self.directory / "h.json").exists())


if __name__ == "__main__":
    main()
