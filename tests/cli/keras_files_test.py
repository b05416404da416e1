# SPDX-License-Identifier: MIT
"""Files of Keras 3.14 and 3.15: read, continued like in Keras, and written again."""
import gzip
import json
import pathlib
import zipfile

import numpy as np

from program import ProgramTest, main

FILES = pathlib.Path(__file__).parents[1] / "golden" / "keras_files"
KINDS = sorted(path.name for path in FILES.glob("*.keras3.*"))
ARCHIVE, LEGACY = "model.keras", "model.h5"


class KerasFilesTest(ProgramTest):
    def arrays(self, kind):
        """Flags of inputs and targets, with the names in the JSON of the model."""
        if not (FILES / kind / "data.npz").exists():
            return ["--data", FILES / kind / "x.npy"], ["--target", FILES / kind / "y.npy"]
        data = np.load(FILES / kind / "data.npz")
        config = json.loads((FILES / kind / "model.json").read_text())["config"]
        inputs, targets = [], []
        for flags, flag, ports, letter in (inputs, "--input", config["input_layers"], "x"), (targets, "--target", config["output_layers"], "y"):
            for i, port in enumerate(ports):
                np.save(self.directory / f"{letter}{i}.npy", data[f"{letter}{i}"])
                flags += [flag, f"{port[0]}={letter}{i}.npy"]
        return inputs, targets

    def quiet(self, *arguments):
        """Standard output of a call that neither fails nor warns."""
        run = self.run_kairos(*arguments)
        self.assertEqual((run.returncode, run.stderr), (0, ""), arguments)
        return run.stdout

    def parameters(self, file):
        """Without the optimizer's variables, which are included in the total."""
        lines = self.quiet("summary", file).splitlines()
        return sum(int(line.split()[2].replace(",", "")) for line in lines if line.startswith((" Trainable params: ", " Non-trainable params: ")))

    @staticmethod
    def sources(kind):
        folder = FILES / kind
        return [[folder / ARCHIVE], [folder / LEGACY], [folder / "model.json", "--weights", folder / "model.weights.h5"]]

    def assert_predictions(self, found, kind):
        expected = FILES / kind / "predict.npy"
        if expected.exists():
            np.testing.assert_allclose(np.load(self.directory / f"{found}.npy"), np.load(expected), rtol=1e-5, atol=1e-6)
            return
        found, expected = np.load(self.directory / f"{found}.npz"), np.load(FILES / kind / "predict.npz")
        for mine, theirs in zip(found.files, expected.files):
            np.testing.assert_allclose(found[mine], expected[theirs], rtol=1e-5, atol=1e-6)


class EveryKind(KerasFilesTest):
    @staticmethod
    def each():
        return [(kind, json.loads((FILES / kind / "expect.json").read_text())) for kind in KINDS]

    def test_there_are_six_kinds_of_two_versions(self):
        self.assertEqual(len(KINDS), 12)

    def test_summary_counts_the_parameters(self):
        for kind, expected in self.each():
            for file in (ARCHIVE, LEGACY, "model.json"):
                self.assertEqual(self.parameters(FILES / kind / file), expected["params"], file)

    def test_predictions_are_those_of_keras(self):
        for kind, _ in self.each():
            inputs, _ = self.arrays(kind)
            ending = ".npy" if (FILES / kind / "predict.npy").exists() else ".npz"
            for source in self.sources(kind):
                self.quiet("predict", "--model", *source, *inputs, "--out", "p" + ending)
                self.assert_predictions("p", kind)

    def test_losses_and_metrics_are_those_of_keras(self):
        for kind, expected in self.each():
            inputs, targets = self.arrays(kind)
            for file in ARCHIVE, LEGACY:
                found = json.loads(self.quiet("evaluate", "--model", FILES / kind / file, *inputs, *targets, "--batch-size", 8, "--json"))
                self.assertEqual(set(found), set(expected["evaluate"]))
                for key, value in expected["evaluate"].items():
                    self.assertAlmostEqual(found[key], value, delta=1e-5 * max(1, abs(value)), msg=key)

    def test_training_goes_on_with_the_state_of_the_optimizer(self):
        for kind, expected in self.each():
            if "next_epoch" not in expected:
                continue
            inputs, targets = self.arrays(kind)
            for file in ARCHIVE, LEGACY:
                self.quiet("fit", "--model", FILES / kind / file, *inputs, *targets, "--epochs", 1, "--batch-size", 8, "--shuffle", "false",
                           "--verbose", 0, "--history", "h.json")
                found = json.loads(self.text("h.json"))["history"]
                for key, values in expected["next_epoch"].items():
                    np.testing.assert_allclose(found[key], values, rtol=1e-4, err_msg=key)

    def test_what_is_written_again_predicts_the_same(self):
        for kind, _ in self.each():
            inputs, _ = self.arrays(kind)
            ending = ".npy" if (FILES / kind / "predict.npy").exists() else ".npz"
            for out in ARCHIVE, LEGACY:
                self.quiet("convert", FILES / kind / ARCHIVE, out)
                self.quiet("predict", "--model", out, *inputs, "--out", "p" + ending)
                self.assert_predictions("p", kind)


class SingleFiles(KerasFilesTest):
    def test_arguments_of_new_versions_that_switch_nothing_on_are_read(self):
        for file, parameters in ("v3.14.1_bn.keras", 65), ("v3.14.1_bn.json", 65), ("v3.15.1_dense.keras", 23), ("v3.15.1_dense.json", 23), \
                ("v3.15.1_dense.h5", 23), ("keras_fmask.keras", 136), ("keras_fmask.json", 136), ("keras_plus.json", 72), \
                ("imdb_bilstm_none.json", 6417):
            self.assertEqual(self.parameters(FILES / file), parameters, file)

    def test_applications_have_the_parameters_of_keras(self):
        for expected in json.loads((FILES / "applications" / "params.json").read_text()):
            name = expected["file"].split(".")[0]
            self.put("model.json", gzip.open(FILES / "applications" / expected["file"]).read().decode())
            run = self.run_kairos("summary", "model.json")
            self.assertEqual((run.returncode, run.stderr), (0, ""), name)
            for words, key in ("Total params", "params"), ("Trainable params", "trainable"), ("Non-trainable params", "non_trainable"):
                self.assertIn(f" {words}: {expected[key]:,} (", run.stdout, name)

    def test_mask_that_is_a_node_masks(self):
        expected = np.load(FILES / "keras_fmask.predict.npy")
        for source in ([FILES / "keras_fmask.keras"],):
            self.quiet("predict", "--model", *source, "--data", FILES / "keras_fmask.x.npy", "--out", "p.npy")
            np.testing.assert_allclose(np.load(self.directory / "p.npy"), expected, rtol=1e-5, atol=1e-6)
        # The node is written again as Keras wrote it.
        self.quiet("convert", FILES / "keras_fmask.keras", "again.keras")
        self.quiet("convert", FILES / "keras_fmask.keras", "again.h5")
        for again in "again.keras", "again.h5":
            self.quiet("predict", "--model", again, "--data", FILES / "keras_fmask.x.npy", "--out", "p.npy")
            np.testing.assert_allclose(np.load(self.directory / "p.npy"), expected, rtol=1e-5, atol=1e-6)
        before = json.loads(zipfile.ZipFile(FILES / "keras_fmask.keras").read("config.json"))["config"]["layers"]
        after = json.loads(zipfile.ZipFile(self.directory / "again.keras").read("config.json"))["config"]["layers"]
        node = [[layer for layer in layers if layer["class_name"] == "NotEqual"][0] for layers in (before, after)]
        for key in "module", "class_name", "registered_name", "name", "config":
            self.assertEqual(node[0][key], node[1][key])
        self.assertEqual(node[1]["inbound_nodes"][0]["args"][1], 0)
        mask = [layer for layer in after if layer["class_name"] == "LSTM"][0]["inbound_nodes"][0]["kwargs"]["mask"]
        self.assertEqual(mask["config"]["keras_history"], ["not_equal", 0, 0])

    def test_length_that_the_architecture_leaves_open_comes_from_the_data(self):
        summary = self.quiet("summary", FILES / "imdb_bilstm_none.json")
        self.assertIn("(None, None, 16)", " ".join(summary.split()).replace("│ │", "│"))
        for length in 4, 9:
            np.save(self.directory / "x.npy", np.arange(6 * length).reshape(6, length) % 200)
            np.save(self.directory / "y.npy", np.array([[0.0], [1.0]] * 3))
            self.quiet("fit", "--model", FILES / "imdb_bilstm_none.json", "--data", "x.npy", "--target", "y.npy", "--loss", "mse",
                       "--verbose", 0, "--save-model", f"{length}.keras")
            inputs = json.loads(zipfile.ZipFile(self.directory / f"{length}.keras").read("config.json"))["config"]["layers"][0]
            self.assertEqual(inputs["config"]["batch_shape"], [None, None])
        np.save(self.directory / "x.npy", np.arange(14).reshape(2, 7))
        self.quiet("predict", "--model", "4.keras", "--data", "x.npy", "--out", "p.npy")

    def test_keys_of_the_history_are_the_metrics_as_compiled(self):
        data = np.load(FILES / "strm.npz")
        for name in data.files:
            np.save(self.directory / f"{name}.npy", data[name])
        inputs, targets = (["--data", f"{data.files[0]}.npy"], ["--target", f"{data.files[1]}.npy"])
        self.quiet("fit", "--model", FILES / "strm.keras", *inputs, *targets, "--epochs", 2, "--batch-size", 2, "--shuffle", "false", "--verbose", 0,
                   "--history", "h.json", "--plugin", "EarlyStopping:monitor=AUC,mode=max")
        history = json.loads(self.text("h.json"))["history"]
        self.assertEqual(sorted(history), ["AUC", "BinaryAccuracy", "MAE", "Precision", "acc", "accuracy", "loss"])
        np.testing.assert_allclose(history["loss"], [0.690535, 0.675781], rtol=1e-5)
        np.testing.assert_allclose(history["MAE"], [0.498689, 0.491238], rtol=1e-5)
        self.assertEqual(history["acc"], [0.5, 1.0])


class UnknownArguments(KerasFilesTest):
    def changed(self, change):
        model = json.loads((FILES / "v3.15.1_dense.json").read_text())
        change(model["config"]["layers"][1]["config"])
        return self.put("changed.json", json.dumps(model))

    def test_null_is_told_once_and_never_refused(self):
        file = self.changed(lambda config: (config.update(new=None), config["kernel_initializer"]["config"].update(newer=None)))
        for more in [], ["--strict"]:
            run = self.run_kairos("summary", file, *more)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertEqual(run.stderr.count("\n"), 1)
            self.assertIn('changed.json: unknown arguments that are null are ignored: "new" of layer "dense" (Dense), '
                          '"newer" of layer "dense" (Dense) kernel_initializer', run.stderr)

    def test_value_that_is_off_is_told_by_name_and_refused_where_reading_is_strict(self):
        for value in False, 0, [], {}, "":
            file = self.changed(lambda config: config.update(new=value))
            text = json.dumps(value)
            run = self.run_kairos("summary", file)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertIn(f'changed.json: the unknown argument "new" of layer "dense" (Dense) is ignored; found {text}', run.stderr)
            run = self.run_kairos("summary", file, "--strict")
            self.assertEqual(run.returncode, 5)
            self.assertIn(f'KAIROS-M101: layer "dense" (Dense): there is no argument "new"; found {text}', run.stderr)

    def compiled(self, path, value):
        """The archive of the model with a full compile_config, and one more argument in the object at `path`."""
        kind = FILES / "two_in_two_out.keras3.15.1"
        with zipfile.ZipFile(kind / ARCHIVE) as archive, zipfile.ZipFile(self.directory / "changed.keras", "w") as out:
            for name in archive.namelist():
                content = archive.read(name)
                if name == "config.json":
                    config = json.loads(content)
                    compiled = config["compile_config"]
                    compiled["loss"]["amount"] = {"module": "keras.losses", "class_name": "MeanSquaredError", "registered_name": None,
                                                  "config": {"name": "mean_squared_error", "reduction": "sum_over_batch_size", "dtype": None}}
                    compiled["metrics"]["amount"] = [{"module": "keras.metrics", "class_name": "MeanAbsoluteError", "registered_name": None,
                                                      "config": {"name": "mae", "dtype": "float32"}}]
                    at = compiled
                    for key in path:
                        at = at[key]
                    at["qqqqqqqq"] = value
                    content = json.dumps(config)
                out.writestr(name, content)
        inputs, targets = self.arrays("two_in_two_out.keras3.15.1")
        return ["fit", "--model", "changed.keras", *inputs, *targets, "--verbose", 0, "--batch-size", 8]

    def test_null_in_the_model_and_in_its_losses_is_one_warning(self):
        command = self.compiled(["loss", "amount", "config"], None)
        with zipfile.ZipFile(self.directory / "changed.keras") as archive:
            content = {name: archive.read(name) for name in archive.namelist()}
        config = json.loads(content["config.json"])
        config["config"]["layers"][1]["config"]["newer"] = None
        content["config.json"] = json.dumps(config)
        with zipfile.ZipFile(self.directory / "changed.keras", "w") as archive:
            for name, data in content.items():
                archive.writestr(name, data)
        for arguments in command, ["convert", "changed.keras", "converted.keras"]:
            run = self.run_kairos(*arguments)
            self.assertEqual((run.returncode, run.stderr.count("are null are ignored")), (0, 1), run.stderr)
            for key in '"qqqqqqqq" of ', '"newer" of ':
                self.assertIn(key, run.stderr)

    def test_training_configuration_follows_the_same_rules(self):
        for path in [], ["loss", "amount"], ["loss", "amount", "config"], ["metrics", "amount", 0, "config"], ["optimizer", "config"], \
                ["optimizer", "config", "learning_rate", "config"]:
            with self.subTest(path):
                run = self.run_kairos(*self.compiled(path, None))
                self.assertEqual((run.returncode, run.stderr.count("\n")), (0, 1), run.stderr)
                self.assertIn('changed.keras: unknown arguments that are null are ignored: "qqqqqqqq" of ', run.stderr)
                for value in False, 0, [], {}, "":
                    run = self.run_kairos(*self.compiled(path, value))
                    self.assertEqual((run.returncode, run.stderr.count("\n")), (0, 1), run.stderr)
                    self.assertIn('changed.keras: the unknown argument "qqqqqqqq" of ', run.stderr)
                    self.assertIn(f" is ignored; found {json.dumps(value)}", run.stderr)
                run = self.run_kairos(*self.compiled(path, False), "--strict")
                self.assertEqual(run.returncode, 5)
                self.assertIn("KAIROS-M101: ", run.stderr)
                for value in True, 3, "x", [0]:
                    run = self.run_kairos(*self.compiled(path, value))
                    self.assertEqual(run.returncode, 5)
                    self.assertIn("KAIROS-M100: ", run.stderr)
                    self.assertIn(f'there is no argument "qqqqqqqq"; found {json.dumps(value)}', run.stderr)

    def test_other_value_is_refused_by_name(self):
        run = self.run_kairos("summary", self.changed(lambda config: config.update(new=3)))
        self.assertEqual(run.returncode, 5)
        self.assertIn('KAIROS-M100: layer "dense" (Dense): there is no argument "new"; found 3', run.stderr)


if __name__ == "__main__":
    main()
