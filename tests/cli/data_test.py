# SPDX-License-Identifier: MIT
"""Data flags: by port, in separate files, for training and for validation."""
import csv
import gzip
import json
import struct

import numpy as np
from PIL import Image

from program import ROWS, ProgramTest, main


class Named(ProgramTest):
    def setUp(self):
        super().setUp()
        rows = np.array(ROWS, "float32")
        self.x, self.y = rows[:, :2], rows[:, 2]
        self.weight = np.linspace(0.5, 2, len(rows)).astype("float32")
        for name, array in (("x", self.x), ("y", self.y), ("w", self.weight), ("x_val", self.x[:4] + 0.1), ("y_val", self.y[:4]),
                            ("w_val", self.weight[:4])):
            np.save(self.directory / f"{name}.npy", array)

    def history(self, **changes):
        self.kairos(*self.fit(history="h.json", metrics="accuracy", **changes))
        return json.loads(self.text("h.json"))["history"]

    def put_idx(self, name, array):
        header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
        (self.directory / name).write_bytes(gzip.compress(header + array.astype(np.uint8).tobytes()))

    def test_input_by_name_trains_as_the_same_array_as_data(self):
        model = "dense(4,tanh) dense(2,softmax,name=kind)"
        expected = self.history(data="x.npy", target="y.npy", sample_weight="w.npy", model=model)
        found = self.history(data=None, input="input_layer=x.npy", target="kind=y.npy", sample_weight="kind=w.npy", model=model)
        self.assertEqual(found, expected)
        self.assertNotEqual(found, self.history(data="x.npy", target="y.npy", model=model))

    def test_columns_of_a_table_may_be_named_for_inputs_and_outputs(self):
        model = "dense(4,tanh) dense(2,softmax,name=kind)"
        lines = self.text("data.csv").splitlines()
        self.put("noted.csv", "\n".join([lines[0] + ",note,weight"] + [f'{line},"seen, {i}",{1 + i % 3}' for i, line in enumerate(lines[1:])]))
        self.put("weighted.csv", "\n".join([lines[0] + ",weight"] + [f"{line},{1 + i % 3}" for i, line in enumerate(lines[1:])]))
        named = {"model": model, "data": "noted.csv", "input": "input_layer=width,height", "target": "kind=label",
                 "sample_weight": "kind=weight"}
        for more in ({}, {"stream": "true"}, {"validation_split": 0.3}, {"shuffle": "batch", "stream": "true"}):
            expected = self.history(model=model, data="weighted.csv", target="label", sample_weight="weight", **more)
            self.assertEqual(self.history(**named, **more), expected, more)
        expected = self.history(model=model, data="weighted.csv", target="label", sample_weight="weight", validation_data="weighted.csv")
        self.assertEqual(self.history(**named, validation_data="noted.csv"), expected)
        self.kairos(*self.fit(**named, save_weights="w.npz"))
        stored = ["--model", model, "--weights", "w.npz"]
        self.kairos("predict", *stored, "--data", "noted.csv", "--input", "input_layer=width,height", "--out", "n.npy")
        self.kairos("predict", *stored, "--data", "weighted.csv", "--input", "input_layer=0,1", "--out", "i.npy")
        self.assertEqual(np.load(self.directory / "n.npy").tolist(), np.load(self.directory / "i.npy").tolist())
        run = self.run_kairos(*self.fit(**{**named, "input": "input_layer=width,heigth"}))
        self.assertEqual(run.returncode, 4)
        self.assertIn('KAIROS-D022: noted.csv: the input column does not exist; found "heigth"', run.stderr)

    def test_names_come_from_a_configuration_too_and_are_printed_as_they_were_given(self):
        self.put("run.json", json.dumps({"input": {"left": "x.npy"}, "target": {"kind": "y.npy"}, "sample_weight": "w.npy"}))
        printed = json.loads(self.kairos("fit", "--config", "run.json", "--print-config"))
        self.assertEqual((printed["input"], printed["target"], printed["sample_weight"], printed["validation_target"]),
                         ({"left": "x.npy"}, {"kind": "y.npy"}, "w.npy", None))
        printed = json.loads(self.kairos("fit", "--input", "left=a.npy", "--input", "right=./b=c.npy", "--print-config"))
        self.assertEqual(printed["input"], {"left": "a.npy", "right": "./b=c.npy"})
        self.assertEqual(json.loads(self.kairos("fit", "--target", "./b=c.npy", "--print-config"))["target"], "./b=c.npy")
        self.put("columns.json", json.dumps({"target": ["width", "height"]}))
        self.assertEqual(json.loads(self.kairos("fit", "--config", "columns.json", "--print-config"))["target"], "width,height")

    def test_arrays_of_an_archive_may_have_any_names(self):
        np.savez(self.directory / "d.npz", x=self.x, y=self.y)
        np.savez(self.directory / "names.npz", features=self.x, kind=self.y)
        expected = self.history(data="d.npz", target=None)
        self.assertEqual(self.history(data="names.npz", input="input_layer=features", target="kind"), expected)

    def test_validation_has_targets_and_weights_of_its_own(self):
        weighted = {"data": "x.npy", "target": "y.npy", "weighted_metrics": "accuracy"}
        np.savez(self.directory / "d.npz", x=self.x, y=self.y, x_val=self.x[:4] + np.float32(0.1), y_val=self.y[:4])
        expected = self.history(data="d.npz", target=None, weighted_metrics="accuracy")
        self.assertIn("val_loss", expected)
        found = self.history(validation_data="x_val.npy", validation_target="y_val.npy", **weighted)
        self.assertEqual(found, expected)
        model = "dense(4,tanh) dense(2,softmax,name=kind)"
        named = self.history(validation_input="input_layer=x_val.npy", validation_target="kind=y_val.npy",
                             validation_sample_weight="kind=w_val.npy", model=model, **weighted)
        np.savez(self.directory / "d.npz", x=self.x, y=self.y, x_val=self.x[:4] + np.float32(0.1), y_val=self.y[:4],
                 sample_weight_val=self.weight[:4])
        self.assertEqual(named, self.history(data="d.npz", target=None, weighted_metrics="accuracy", model=model))
        self.assertNotEqual(named["val_loss"], expected["val_loss"])

    def test_labels_of_validation_images_may_stand_beside_them(self):
        images = np.random.default_rng(3).integers(0, 255, (20, 3, 3))
        for part, rows in (("train", slice(0, 14)), ("t10k", slice(14, 20))):
            self.put_idx(f"{part}-images-idx3-ubyte.gz", images[rows])
            self.put_idx(f"{part}-labels-idx1-ubyte.gz", (np.arange(20) % 2)[rows])
        common = {"model": "flatten() dense(2,softmax)", "data": "train-images-idx3-ubyte.gz",
                  "target": "train-labels-idx1-ubyte.gz", "validation_data": "t10k-images-idx3-ubyte.gz"}
        found = self.history(validation_target="t10k-labels-idx1-ubyte.gz", **common)
        self.assertEqual(len(found["val_accuracy"]), 3)
        run = self.run_kairos(*self.fit(**common))
        self.assertEqual(run.returncode, 2, run.stderr)
        self.assertEqual(run.stderr, "KAIROS-U018: --validation-data: the validation samples have no target; found --target, "
                                     "a file for the training samples. Name a file with their targets with "
                                     "--validation-target.\n")

    def test_labels_in_words_mean_in_validation_what_they_mean_in_training(self):
        lines = [f"{a},{b},{'cat' if label else 'ant'}\n" for a, b, label in ROWS]
        self.put("words.csv", "width,height,label\n" + "".join(lines))
        self.put("cats.csv", "width,height,label\n" + "".join(line for line in lines if "cat" in line))
        self.put("ones.csv", "width,height,label\n" + "".join(f"{a},{b},1\n" for a, b, label in ROWS if label))
        words = self.history(data="words.csv", validation_data="cats.csv")
        self.assertEqual(words, self.history(data="data.csv", validation_data="ones.csv"))
        self.put("dogs.csv", "width,height,label\n1,2,dog\n")
        run = self.run_kairos(*self.fit(data="words.csv", validation_data="dogs.csv"))
        self.assertEqual(run.returncode, 4, run.stderr)
        self.assertIn('KAIROS-D033: dogs.csv:2: the model was not trained on this label; found "dog"', run.stderr)

    def test_ports_of_an_architecture_are_known_before_data_are_read(self):
        layers = [{"class_name": "InputLayer", "config": {"name": "left", "batch_shape": [None, 2]}, "name": "left",
                   "inbound_nodes": []}]
        for name, source in (("kind", "left"), ("amount", "left")):
            layers.append({"class_name": "Dense", "config": {"name": name, "units": 2}, "name": name,
                           "inbound_nodes": [[[source, 0, 0, {}]]]})
        self.put("m.json", json.dumps({"class_name": "Functional", "config": {
            "name": "model", "layers": layers, "input_layers": [["left", 0, 0]],
            "output_layers": [["kind", 0, 0], ["amount", 0, 0]]}}))
        run = self.run_kairos(*self.fit(model="m.json", data=None, input="lft=absent.npy", target="kind=y.npy"))
        self.assertEqual(run.returncode, 4, run.stderr)
        self.assertIn('KAIROS-D061: absent.npy: the model has no input for the input of this name; found "lft". Did you mean '
                      '"left"?', run.stderr)

    def test_evaluate_and_predict_take_names_too(self):
        model = "dense(2,softmax,name=kind)"
        loss = ["--loss", "sparse_categorical_crossentropy", "--json"]
        self.kairos(*self.fit(model=model, save_weights="w.npz"))
        by_name = ["--model", model, "--weights", "w.npz", "--input", "input_layer=x.npy"]
        plain = ["--model", model, "--weights", "w.npz", "--data", "x.npy"]
        self.assertEqual(self.kairos("evaluate", *by_name, "--target", "kind=y.npy", *loss),
                         self.kairos("evaluate", *plain, "--target", "y.npy", *loss))
        self.kairos("predict", *by_name, "--out", "a.npz")
        self.kairos("predict", *plain, "--out", "b.npy")
        np.testing.assert_array_equal(np.load(self.directory / "a.npz")["kind"], np.load(self.directory / "b.npy"))


class Labels(ProgramTest):
    def test_predict_on_a_table_that_has_its_labels_names_the_cure(self):
        self.put("words.csv", self.text("data.csv").replace(",0\n", ",no\n").replace(",1\n", ",yes\n"))
        self.put("bare.csv", "".join(line.rsplit(",", 1)[0] + "\n" for line in self.text("data.csv").splitlines()))
        self.kairos(*self.fit(model="dense(2,softmax)", save_weights="w.npz"))
        predict = ["predict", "--out", "p.npy", "--model", "input(2) dense(2,softmax)", "--weights", "w.npz", "--data"]
        self.kairos(*predict, "bare.csv")
        expected = np.load(self.directory / "p.npy")
        cure = ". If a column holds the labels, name it with --target to drop it. Otherwise: "
        for model, name, code, sentence in (
                ("input(2) dense(2,softmax)", "data.csv", 5, "found (3), expected (2)" + cure + "Change the data or the model's input.\n"),
                ("dense(2,softmax)", "words.csv", 4, 'KAIROS-D025: words.csv:2: a field is not a number; found "no" in column "label", expected a number' +
                 cure + "Correct the value, or remove the column from the file.\n")):
            predict[4] = model
            for more in ([], ["--stream", "true"]):
                run = self.run_kairos(*predict, name, *more)
                if more and name == "words.csv":  # The weights do not fit the columns, which is detected before any text is read.
                    code, sentence = 5, "found (2, 2), (2), expected (3, 2), (2)" + cure + "Load the file into"
                self.assertEqual(run.returncode, code, run.stderr)
                self.assertIn(sentence, run.stderr)
                self.kairos(*predict, name, *more, "--target", "label")
                np.testing.assert_array_equal(np.load(self.directory / "p.npy"), expected)
        np.save(self.directory / "x.npy", np.zeros((2, 3), "float32"))
        self.assertNotIn("--target", self.run_kairos(*predict, "x.npy").stderr)

    def test_target_that_predict_does_not_find_is_told_where_the_columns_do_not_fit(self):
        self.put("words.csv", self.text("data.csv").replace(",0\n", ",no\n").replace(",1\n", ",yes\n"))
        self.put("bare.csv", "".join(line.rsplit(",", 1)[0] + "\n" for line in self.text("data.csv").splitlines()))
        self.kairos(*self.fit(model="dense(2,softmax)", save_weights="w.npz"))
        shorthand, fixed = (["dense(2,softmax)", "--weights", "w.npz"], ["input(2) dense(2,softmax)", "--weights", "w.npz"])

        def predict(model, name, target, *more):
            return self.run_kairos("predict", "--out", "p.npy", "--data", name, "--target", target, *more, "--model", *model)

        misspelt = 'The table has no column "labl" for --target to drop. Did you mean "label"? Otherwise: '
        change = "Change the data or the model's input.\n"
        for model, name, target, code, sentence in (
                (fixed, "data.csv", "labl", 5, "found (3), expected (2). " + misspelt + change),
                (shorthand, "data.csv", "labl", 5, "found (2, 2), (2), expected (3, 2), (2). " + misspelt + "Load the file into"),
                (shorthand, "words.csv", "labl", 4, 'in column "label", expected a number. ' + misspelt + "Correct the value"),
                (fixed, "data.csv", "kind", 5, 'The table has no column "kind" for --target to drop. Known names: width, height, label. Otherwise: ' +
                 change),
                (fixed, "data.csv", "7", 5, 'no column "7" for --target to drop. Give the index of the column, or its name. Otherwise: ' + change),
                (fixed, "bare.csv", "-1", 5, "found (1), expected (2). If no column holds labels, leave --target out: it drops one. Otherwise: " +
                 change)):
            for more in ([], ["--stream", "true"]) if code == 5 else ([],):  # A stream reads text after the shapes are checked.
                with self.subTest(sentence, more=more):
                    run = predict(model, name, target, *more)
                    self.assertEqual(run.returncode, code, run.stderr)
                    self.assertIn(sentence, run.stderr)
                    self.assertEqual(run.stderr.count("\n"), 1)
                    self.assertFalse((self.directory / "p.npy").exists())
        for name, target in (("bare.csv", "label"), ("data.csv", "label")):  # With its target or without.
            run = predict(fixed, name, target)
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            (self.directory / "p.npy").unlink()


class ClassNumbers(ProgramTest):
    """Text labels are numbered in sorted order, which equals the numbers in training only if every label occurs."""
    ROWS = ["0,0,ant", "0,1,bee", "1,0,cow"] * 4

    def setUp(self):
        super().setUp()
        self.put("all.csv", "\n".join(["a,b,kind", *self.ROWS]) + "\n")
        self.put("two.csv", "\n".join(["a,b,kind", *(row for row in self.ROWS if "ant" not in row)]) + "\n")
        self.kairos(*self.fit(data="all.csv", target="kind", model="dense(3,softmax)", run_dir="run", save_model="m.keras"))

    def refused(self, *arguments):
        run = self.run_kairos(*arguments)
        self.assertEqual(run.returncode, 2, run.stderr)
        self.assertEqual(run.stderr, "KAIROS-U014: two.csv: the number of classes differs from the trained model, so their "
                         "numbers may differ from training; found 2 (bee, cow), expected 3. Give the list of the run that "
                         "trained it with --class-names RUN_DIR/class_names.json.\n")

    def test_fewer_classes_than_the_trained_model_has_are_refused_without_their_list(self):
        two = ["--data", "two.csv", "--target", "kind"]
        self.refused("evaluate", "--model", "m.keras", *two)
        self.refused("evaluate", "--model", "m.keras", *two, "--stream", "true")
        self.refused("fit", "--model", "m.keras", *two, "--verbose", 0)
        self.kairos("convert", "m.keras", "w.npz")
        shorthand = {"data": "two.csv", "target": "kind", "model": "dense(3,softmax)"}
        self.refused(*self.fit(**shorthand, weights="w.npz"))
        self.kairos(*self.fit(**shorthand))  # An untrained model has no classes yet.
        self.kairos("evaluate", "--model", "m.keras", *two, "--class-names", "run/class_names.json")
        self.kairos("evaluate", "--model", "m.keras", "--data", "all.csv", "--target", "kind")
        self.kairos("predict", "--model", "m.keras", *two, "--out", "p.npy")

    def test_weights_of_classes_are_given_by_name_or_by_number(self):
        def history(weights, **changes):
            self.kairos(*self.fit(data="all.csv", target="kind", model="dense(3,softmax)", class_weight=weights, history="h.json", **changes))
            return self.text("h.json")

        expected = history("0=1,1=2,2=0.5")
        self.assertNotEqual(expected, history("0=1,1=1,2=1"))
        for weights in ("ant=1,bee=2,cow=0.5", "ant = 1, bee=2, cow=0.5", "cow=0.5,0=1,bee=2", "'ant'=1,bee=2,cow=0.5"):
            self.assertEqual(history(weights), expected)
        self.put("weights.json", json.dumps({"class_weight": {"ant": 1, "bee": 2, "cow": 0.5}}))
        self.assertEqual(history(None, config="weights.json"), expected)
        self.put("order.json", json.dumps({"class_names": ["cow", "bee", "ant"]}))
        self.assertEqual(history("ant=1,bee=2,cow=0.5", class_names="order.json"), history("2=1,1=2,0=0.5", class_names="order.json"))
        self.assertEqual(history("ant=1,bee=2,cow=0.5", stream="true"), history("0=1,1=2,2=0.5", stream="true"))

    def test_balanced_weights_of_classes_are_counted(self):
        self.put("rare.csv", "a,b,kind\n" + "".join(f"{i},{i % 3},{'rare' if i % 6 == 0 else 'usual'}\n" for i in range(12)))

        def history(weights, **changes):
            run = self.run_kairos(*self.fit(data="rare.csv", target="kind", model="dense(2,softmax)", class_weight=weights, history="h.json",
                                            **changes))
            self.assertEqual(run.returncode, 0, run.stderr)
            return self.text("h.json")

        expected = history("rare=3,usual=0.6")
        self.assertEqual(history("balanced"), expected)
        self.assertEqual(history("balanced", stream="true"), history("rare=3,usual=0.6", stream="true"))
        self.put("weights.json", json.dumps({"class_weight": "balanced"}))
        self.assertEqual(history(None, config="weights.json"), expected)
        history("balanced", run_dir="run")
        self.assertEqual(json.loads(self.text("run/run.json"))["class_weight"], "balanced")
        self.put("rare.csv", "a,b\n1,2.5\n2,3.5\n")
        run = self.run_kairos(*self.fit(model="dense(1)", loss="mse", target="b", class_weight="balanced", data="rare.csv"))
        self.assertEqual((run.returncode, run.stderr),
                         (2, "KAIROS-U019: --class-weight: there are no classes to balance; found targets in rare.csv that are not "
                             "classes, expected one class per sample. Omit it, or weight the samples with --sample-weight.\n"))

    def test_weights_of_classes_that_are_not_there_are_refused_before_anything_trains(self):
        given_twice = "KAIROS-U003: --class-weight: the class is given twice; found "
        for weights, code, sentence in (
                ("ant=1,be=2,cow=1", 2, 'KAIROS-U003: --class-weight: there is no class with this name; found "be". Did you mean "bee"?'),
                ("ant=1,wasp=2,cow=1", 2, 'KAIROS-U003: --class-weight: there is no class with this name; found "wasp". Known names: ant, bee, cow.'),
                ("ant=1,bee=2,3=2", 2, 'KAIROS-U003: --class-weight: there is no class with this number; found "3", expected 0 to 2. '
                                       "Leave it out, or give the name of a class."),
                ("ant=1,bee=2,cow=1e39", 2, 'KAIROS-U003: --class-weight: the value is out of range; found "cow=1e39", expected 0 to '
                                            "3.40282e+38. Write --class-weight 0=1,1=5."),
                ("ant=1,bee=2,1=2,cow=1", 2, given_twice + '"1", expected each class once. Leave one of the two out.'),
                ("ant=1,bee=2", 4, "KAIROS-D104: all.csv:4: the class has no weight; found class cow, expected one of ant, bee. Add cow=… to "
                                   "--class-weight.")):
            for more in ({}, {"stream": "true"} if code == 2 else {}):
                run = self.run_kairos(*self.fit(data="all.csv", target="kind", model="dense(3,softmax)", class_weight=weights,
                                                save_model="w.keras", **more))
                self.assertEqual((run.returncode, run.stderr), (code, sentence + "\n"))
                self.assertFalse((self.directory / "w.keras").exists())

    def test_class_without_a_weight_is_named_so_that_it_can_be_added(self):
        self.put("wild.csv", 'a,b,kind\n0,0,ant\n0,1,"bee, wild"\n1,0,cow\n')
        arguments = {"data": "wild.csv", "target": "kind", "model": "dense(3,softmax)"}
        run = self.run_kairos(*self.fit(**arguments, class_weight="ant=1,cow=2"))
        self.assertEqual(run.returncode, 4, run.stderr)
        self.assertIn('Add "bee, wild"=… to --class-weight.', run.stderr)
        self.kairos(*self.fit(**arguments, class_weight='ant=1,cow=2,"bee, wild"=3', history="flag.json"))
        self.put("weights.json", json.dumps({"class_weight": {"ant": 1, "cow": 2, "bee, wild": 3}}))
        self.kairos(*self.fit(**arguments, config="weights.json", history="config.json"))
        self.assertEqual(self.text("config.json"), self.text("flag.json"))

    def test_single_unit_tells_two_classes_apart(self):
        single = {"target": "kind", "model": "dense(1,sigmoid)", "loss": "binary_crossentropy"}
        self.kairos(*self.fit(**single, data="two.csv", save_weights="w.npz"))
        self.put("cow.csv", "a,b,kind\n1,0,cow\n")
        self.kairos(*self.fit(**single, data="two.csv", weights="w.npz"))
        run = self.run_kairos(*self.fit(**single, data="cow.csv", weights="w.npz"))
        self.assertEqual(run.returncode, 2, run.stderr)
        self.assertIn("found 1 (cow), expected 2.", run.stderr)

    def test_list_beside_the_model_is_used(self):
        expected = self.kairos("evaluate", "--model", "m.keras", "--data", "two.csv", "--target", "kind", "--class-names",
                               "run/class_names.json")
        (self.directory / "m.keras").rename(self.directory / "run" / "m.keras")
        for more in ([], ["--stream", "true"]):
            run = self.run_kairos("evaluate", "--model", "run/m.keras", "--data", "two.csv", "--target", "kind", *more)
            self.assertEqual((run.returncode, run.stdout, run.stderr), (0, expected, ""))

    def test_predictions_have_the_names_of_the_list_beside_the_model(self):
        predict = ["predict", "--data", "two.csv", "--target", "kind", "--out"]
        self.kairos(*predict, "expected.csv", "--model", "m.keras", "--class-names", "run/class_names.json")
        self.kairos(*predict, "plain.csv", "--model", "m.keras")
        self.assertNotIn("ant", self.text("plain.csv"))
        (self.directory / "m.keras").rename(self.directory / "run" / "m.keras")
        run = self.run_kairos(*predict, "p.csv", "--model", "run/m.keras")
        self.assertEqual((run.returncode, self.text("p.csv"), run.stderr), (0, self.text("expected.csv"), ""))
        self.put("run/class_names.json", json.dumps({"class_names": ["ant", "bee"]}))
        run = self.run_kairos(*predict, "p.csv", "--model", "run/m.keras")
        self.assertEqual((run.returncode, self.text("p.csv"), run.stderr), (0, self.text("plain.csv"), ""))
        self.put("run/class_names.json", "[]")
        run = self.run_kairos(*predict, "p.csv", "--model", "run/m.keras")
        self.assertEqual(run.returncode, 4, run.stderr)
        self.assertIn("KAIROS-D092: run/class_names.json: the file contains no list of class names", run.stderr)
        self.kairos(*predict, "p.npy", "--model", "run/m.keras")


class Pictures(ProgramTest):
    """Dark and light squares, with a little noise."""
    CONV = "conv2d(3,3,relu) flatten() dense(2,softmax)"

    def setUp(self):
        super().setUp()
        random = np.random.default_rng(11)
        for part, count in (("train", 20), ("held", 6)):
            for label, name in enumerate(("dark", "light")):
                (self.directory / part / name).mkdir(parents=True)
                for i in range(count):
                    pixels = random.integers(0, 100, (8, 6)) + 150 * label
                    Image.fromarray(pixels.astype(np.uint8)).save(self.directory / part / name / f"{i}.{'png' if i % 2 else 'jpg'}")
        if "KAIROS-D074" in self.run_kairos(*self.fit(**self.settings(epochs=0, history=None))).stderr:
            self.skipTest("this build reads no pictures")

    def settings(self, **changes):
        return {"data": "train", "target": None, "model": f"input(4,3,1) {self.CONV}", "metrics": "accuracy", "epochs": 12,
                "history": "h.json", **changes}

    def history(self, **changes):
        self.kairos(*self.fit(**self.settings(**changes)))
        return json.loads(self.text("h.json"))["history"]

    def test_directories_train_validate_evaluate_and_predict(self):
        rescaled = "rescaling(scale=0.00392156862745098) "
        model = f"input(4,3,1) {rescaled}{self.CONV}"
        found = self.history(validation_data="held", model=model, save_weights="w.npz", optimizer="adam(learning_rate=0.02)")
        self.assertGreaterEqual(found["val_accuracy"][-1], 0.9)
        weights = ["--model", model, "--weights", "w.npz"]
        result = json.loads(self.kairos("evaluate", *weights, "--data", "held", "--loss", "sparse_categorical_crossentropy",
                                        "--metrics", "accuracy", "--json"))
        self.assertAlmostEqual(result["accuracy"], found["val_accuracy"][-1], places=6)
        self.kairos("predict", *weights, "--data", "held", "--out", "p.npy")
        self.kairos("predict", *weights, "--data", "held/light", "--out", "light.npy")
        np.testing.assert_array_equal(np.load(self.directory / "p.npy")[6:], np.load(self.directory / "light.npy"))

    def test_directory_without_one_of_the_classes_is_refused_by_a_trained_model(self):
        self.kairos(*self.fit(**self.settings(epochs=1, save_model="m.keras", run_dir="run")))
        (self.directory / "sub").mkdir()
        (self.directory / "held" / "light").rename(self.directory / "sub" / "light")
        run = self.run_kairos("evaluate", "--model", "m.keras", "--data", "sub")
        self.assertEqual(run.returncode, 2, run.stderr)
        self.assertIn("KAIROS-U014: sub: the number of classes differs", run.stderr)
        self.kairos("evaluate", "--model", "m.keras", "--data", "sub", "--class-names", "run/class_names.json")

    def test_predictions_name_the_file_of_each_picture(self):
        (self.directory / "held" / "light" / "0.jpg").rename(self.directory / "held" / "light" / "a, b.jpg")
        expected = [f"held/{kind}/{name}" for kind, names in (
            ("dark", ["0.jpg", "1.png", "2.jpg", "3.png", "4.jpg", "5.png"]),
            ("light", ["1.png", "2.jpg", "3.png", "4.jpg", "5.png", "a, b.jpg"])) for name in names]
        self.put("names.json", json.dumps({"class_names": ["dark", "light"]}))
        self.kairos(*self.fit(**self.settings(epochs=0, save_weights="w.npz")))
        predict = ["predict", "--model", f"input(4,3,1) {self.CONV}", "--weights", "w.npz", "--data", "held", "--out"]
        self.kairos(*predict, "p.npy")
        values = np.load(self.directory / "p.npy")
        for more in ([], ["--stream", "true"], ["--class-names", "names.json"], ["--steps", 1, "--batch-size", 5]):
            self.kairos(*predict, "p.csv", *more)
            with open(self.directory / "p.csv", newline="") as file:
                head, *rows = csv.reader(file)
            count = 5 if "--steps" in more else 12
            self.assertEqual(head[0], "file")
            self.assertEqual(len(head), 4 if "--class-names" in more else 3)
            self.assertEqual([row[0] for row in rows], expected[:count])
            np.testing.assert_allclose([[float(value) for value in row[1:3]] for row in rows], values[:count], rtol=1e-6)
        self.kairos(*predict, "reseeded.csv", "--seed", 5, "--steps", 1)
        self.assertTrue(self.text("reseeded.csv").split("\n")[1].startswith("held/dark/0.jpg,"))

    def test_weights_of_classes_are_given_by_the_names_of_their_directories(self):
        expected = self.history(class_weight="0=1,1=3", epochs=2)
        self.assertEqual(self.history(class_weight="light=3,dark=1", epochs=2), expected)
        for old, new in (("dark", "1"), ("light", "2")):  # Names that are numbers of other classes.
            (self.directory / "train" / old).rename(self.directory / "train" / new)
        self.assertEqual(self.history(class_weight="1=1,2=3", epochs=2), expected)

    def test_size_and_colours_come_from_flags_or_from_the_model(self):
        expected = self.history()
        self.assertEqual(self.history(model=self.CONV, image_size="4x3", color_mode="grayscale"), expected)
        self.put("size.json", json.dumps({"image_size": [4, 3], "color_mode": "grayscale"}))
        self.assertEqual(self.history(model=self.CONV, config="size.json"), expected)
        self.history(model=f"input(4,3,3) {self.CONV}")
        self.history(model=self.CONV, image_size="4x3")

    def test_split_takes_pictures_of_all_classes(self):
        found = self.history(validation_split=0.25, model="flatten() dense(2,softmax)", image_size="2x2", epochs=1, seed=3)
        self.assertEqual(len(found["val_loss"]), 1)
        self.assertEqual(found, self.history(validation_split=0.25, model="flatten() dense(2,softmax)", image_size="2x2", epochs=1, seed=3))

    def test_mistakes_have_their_sentences(self):
        cases = [
            ({"model": self.CONV}, 4, "KAIROS-D094: train: the image size is unknown"),
            ({"image_size": "big"}, 2, "KAIROS-U003: --image-size: the value cannot be read; found \"big\", expected HEIGHTxWIDTH."),
            ({"image_size": "4x0"}, 2, "KAIROS-U003: --image-size"),
            ({"color_mode": "gray"}, 2, "KAIROS-U003: --color-mode: the value is not one of the choices; found \"gray\""),
            ({"target": "label"}, 4, "KAIROS-D076: train: a directory of images takes no targets or sample weights"),
            ({"data": "train/dark"}, 4, "KAIROS-D078: train/dark: the directory has no classes"),
            ({"validation_data": "held/dark"}, 4, "KAIROS-D078: held/dark: the directory has no classes"),
        ]
        for changes, code, sentence in cases:
            with self.subTest(sentence):
                run = self.run_kairos(*self.fit(**self.settings(**changes)))
                self.assertEqual(run.returncode, code, run.stderr)
                self.assertTrue(run.stderr.startswith(sentence), run.stderr)
                self.assertFalse((self.directory / "h.json").exists())


class Mistakes(ProgramTest):
    CASES = [
        ({"target": ["a=y.npy", "y.npy"]}, 2, "KAIROS-U003: --target: one of several values has no name; found \"y.npy\", expected "
                                              "NAME=VALUE. Write --target NAME=y.npy."),
        ({"target": ["a=y.npy", "a=z.npy"]}, 2, "KAIROS-U003: --target: the name is given twice; found \"a\", expected each name once."),
        ({"input": ["left=a.npy", "left=b.npy"], "data": None}, 2, "KAIROS-U003: --input: the name is given twice; found \"left\""),
        ({"target": "=y.npy"}, 2, "KAIROS-U003: --target: the name is missing; found \"=y.npy\", expected NAME=VALUE. Write --target "
                                  "NAME=y.npy."),
        ({"sample_weight": "kind="}, 2, "KAIROS-U003: --sample-weight: the value is missing; found \"kind=\""),
        ({"input": "a.npy", "data": None}, 2, "KAIROS-U003: --input: the name is missing; found \"a.npy\", expected NAME=COLUMN,…|FILE."),
        ({"validation_input": "a.npy"}, 2, "KAIROS-U003: --validation-input: the name is missing"),
        ({"validation_target": "label"}, 2, "KAIROS-U012: --validation-target: there are no validation samples. Name them with "
                                            "--validation-data or --validation-input."),
        ({"validation_sample_weight": "w.npy"}, 2, "KAIROS-U012: --validation-sample-weight: there are no validation samples"),
        ({"validation_freq": 2}, 2, "KAIROS-U012: --validation-freq: there are no validation samples"),
        ({"validation_steps": 2}, 2, "KAIROS-U012: --validation-steps: there are no validation samples"),
        ({"validation_batch_size": 2}, 2, "KAIROS-U012: --validation-batch-size: there are no validation samples"),
        ({"image_size": "4x4"}, 2, "KAIROS-U015: --image-size: this option does not apply to this kind of data; found --data "
                                   "data.csv, expected an image directory. Leave it out."),
        ({"color_mode": "rgb"}, 2, "KAIROS-U015: --color-mode: this option does not apply"),
        ({"data": "x.npy", "target": "y.npy", "header": "true"}, 2, "KAIROS-U015: --header: this option does not apply to "
                                                                    "this kind of data; found --data x.npy, expected a .csv, .tsv"),
        ({"data": "x.npy", "target": "y.npy", "delimiter": ";"}, 2, "KAIROS-U015: --delimiter: this option does not apply"),
        ({"data": "d" * 300}, 4, "KAIROS-D020: ddd"),
        ({"data": "d" * 300 + ".csv"}, 6, "KAIROS-F001: ddd"),
        ({"input": "input_layer=a.npy"}, 4, "KAIROS-D063: data.csv: inputs are named, but the data file itself is the input"),
        ({"input": "input_layr=x.npy", "target": "y.npy", "data": None, "model": "dense(2,softmax)"}, 4,
         "KAIROS-D102: x.npy: the model has no port for the input; found \"input_layr\". Did you mean \"input_layer\"?"),
    ]

    def test_each_has_its_sentence_before_anything_trains(self):
        np.save(self.directory / "x.npy", np.ones((2, 2), "float32"))
        np.save(self.directory / "y.npy", np.ones(2, "float32"))
        before = self.files()
        for changes, code, sentence in self.CASES:
            with self.subTest(sentence):
                run = self.run_kairos(*self.fit(**{"history": "h.json", **changes}))
                self.assertEqual(run.returncode, code, run.stderr)
                self.assertTrue(run.stderr.startswith(sentence), run.stderr)
                self.assertEqual(self.files(), before)


if __name__ == "__main__":
    main()
