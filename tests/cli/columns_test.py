# SPDX-License-Identifier: MIT
"""Column names of a model: matched in evaluate, predict and continued runs; headers of data frames."""
import json
import shutil
import zipfile

import numpy as np

from program import ProgramTest, main

EVALUATE = ["evaluate", "--target", "y", "--json"]
MODEL = "batchnorm dense(8,relu) dense(2,softmax)"


class Columns(ProgramTest):
    """Age in tens, income in ones; the label is "old" if age exceeds income."""

    def setUp(self):
        super().setUp()
        random = np.random.default_rng(1)
        self.age, self.income = random.uniform(20, 80, 200), random.uniform(0, 3, 200)
        self.y = np.where(self.age / 80 - self.income / 3 > 0, "old", "rich")
        self.table("t.csv", age=self.age, income=self.income, y=self.y)
        self.table("swapped.csv", income=self.income, y=self.y, age=self.age)
        self.table("more.csv", note=self.y, income=self.income, age=self.age, y=self.y, shoe_size=self.age)
        self.table("other.csv", age=self.age, shoe_size=self.income, y=self.y)
        self.put("bare.csv", self.text("t.csv").split("\n", 1)[1])
        self.train()

    def table(self, name, **columns):
        rows = zip(*columns.values())
        self.put(name, ",".join(columns) + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))

    def train(self, **changes):
        self.kairos(*self.fit(**{"data": "t.csv", "target": "y", "model": MODEL, "metrics": "accuracy", "epochs": 40,
                                 "optimizer": "adam(0.02)", "run_dir": "r", "save_model": "r/m.keras", **changes}))

    def run_well(self, *arguments, stderr=""):
        """Standard output; standard error must consist of these lines, apart from those about class_names.json."""
        run = self.run_kairos(*arguments)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual("".join(line + "\n" for line in run.stderr.splitlines() if "class_names.json" not in line), stderr)
        return run.stdout

    def refused(self, sentence, *arguments, code=4):
        run = self.run_kairos(*arguments)
        self.assertEqual(run.returncode, code, run.stdout + run.stderr)
        self.assertIn(sentence, run.stderr)

    def predicted(self, *arguments, stderr=""):
        self.run_well("predict", "--out", "p.npy", *arguments, stderr=stderr)
        return np.load(self.directory / "p.npy").tolist()

    def test_swapped_columns_give_the_same_result(self):
        expected = self.run_well(*EVALUATE, "--model", "r/m.keras", "--data", "t.csv")
        self.assertGreater(json.loads(expected)["accuracy"], 0.95)
        self.kairos("convert", "r/m.keras", "copy.h5")
        self.kairos("convert", "copy.h5", "copy.keras")
        for model in ("r/m.keras", "copy.h5", "copy.keras"):
            for more in ([], ["--stream", "true"]):
                found = self.run_well(*EVALUATE, "--model", model, "--data", "swapped.csv", *more, "--class-names", "r/class_names.json")
                self.assertEqual(found, expected, model)
        for model in ("r/m.keras", "copy.h5"):
            plain = self.predicted("--model", model, "--data", "t.csv", "--target", "y")
            self.assertEqual(self.predicted("--model", model, "--data", "swapped.csv", "--target", "y"), plain)

    def test_predict_needs_no_target_for_a_table_that_still_has_it(self):
        expected = self.predicted("--model", "r/m.keras", "--data", "t.csv", "--target", "y")
        left_out = 'warning: swapped.csv: a column that the model was not trained on is left out: "y"\n'
        for more in ([], ["--stream", "true"]):
            self.assertEqual(self.predicted("--model", "r/m.keras", "--data", "swapped.csv", *more, stderr=left_out), expected)
        left_out = 'warning: more.csv: columns that the model was not trained on are left out: "note", "y", "shoe_size"\n'
        self.assertEqual(self.predicted("--model", "r/m.keras", "--data", "more.csv", stderr=left_out), expected)

    def test_another_column_in_the_place_of_one_is_an_error(self):
        sentence = ('KAIROS-D320: other.csv: a column that the model was trained on is missing: "income"; found "age", "shoe_size", "y". '
                    'Add the column, or correct its name in the header.\n')
        for more in ([], ["--stream", "true"]):
            self.refused(sentence, *EVALUATE, "--model", "r/m.keras", "--data", "other.csv", *more)
            self.refused(sentence, "predict", "--out", "p.npy", "--model", "r/m.keras", "--data", "other.csv", *more)
            self.refused(sentence, *self.fit(model="r/m.keras", data="other.csv", target="y", loss=None), *more)
        self.assertFalse((self.directory / "p.npy").exists())
        self.put("case.csv", self.text("swapped.csv").replace("income", "Income", 1))
        self.refused('"income"; found "Income", "y", "age". Did you mean "Income"? Then rename it to "income" in the header.',
                     *EVALUATE, "--model", "r/m.keras", "--data", "case.csv")
        self.refused("KAIROS-D321: t.csv: an input column of the model is also used as something else; found column "
                     '"age" as the target', "evaluate", "--model", "r/m.keras", "--data", "t.csv", "--target", "age")

    def test_a_run_goes_on_with_columns_in_another_order(self):
        go_on = {"target": "y", "model": "r/m.keras", "initial_epoch": 40, "epochs": 42, "loss": None, "history": "h.json"}
        self.run_well(*self.fit(data="t.csv", **go_on))
        expected = json.loads(self.text("h.json"))["history"]
        for more in ({}, {"stream": "true"}):
            self.run_well(*self.fit(data="swapped.csv", save_model="n.keras", **go_on, **more))
            self.assertEqual(json.loads(self.text("h.json"))["history"], expected)
        self.run_well(*EVALUATE, "--model", "n.keras", "--data", "swapped.csv", "--class-names", "r/class_names.json")

    def test_validation_data_have_the_columns_of_training(self):
        fresh = {"data": "t.csv", "target": "y", "model": MODEL, "epochs": 2, "history": "h.json"}
        self.run_well(*self.fit(validation_data="t.csv", **fresh))
        expected = json.loads(self.text("h.json"))["history"]
        self.run_well(*self.fit(validation_data="swapped.csv", **fresh))
        self.assertEqual(json.loads(self.text("h.json"))["history"], expected)
        self.run_well(*self.fit(validation_data="swapped.csv", stream="true", **fresh))
        self.assertEqual(json.loads(self.text("h.json"))["history"], expected)
        self.refused('KAIROS-D320: other.csv: a column that the model was trained on is missing: "income"',
                     *self.fit(validation_data="other.csv", **fresh))
        self.put("wide.csv", "1,2,3,old\n1,2,3,rich\n")
        self.refused("KAIROS-D324: wide.csv: the input has no column names, and its number of columns differs from training; found 3, "
                     "expected 2: age, income", *self.fit(validation_data="wide.csv", **{**fresh, "target": "-1"}))

    def test_columns_without_names_go_by_position_and_this_is_told(self):
        expected = self.predicted("--model", "r/m.keras", "--data", "t.csv", "--target", "y")
        by_position = "the columns of the input have no names and are matched by position: age, income\n"
        np.save(self.directory / "x.npy", np.stack([self.age, self.income], 1))
        for more in ([], ["--stream", "true"]):
            found = self.predicted("--model", "r/m.keras", "--data", "bare.csv", "--target", "-1", *more,
                                   stderr="warning: bare.csv: " + by_position)
            self.assertEqual(found, expected)
            found = self.predicted("--model", "r/m.keras", "--data", "x.npy", *more, stderr="warning: x.npy: " + by_position)
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
        np.save(self.directory / "x.npy", np.zeros((3, 4)))
        self.refused("KAIROS-D324: x.npy: the input has no column names, and its number of columns differs from training; found 4, expected "
                     "2: age, income. Give a table with a header, or these columns in this order.", "predict", "--out", "p.npy", "--model",
                     "r/m.keras", "--data", "x.npy")
        self.refused("found 3, expected 2: age, income. If a column holds the labels, name it with --target to drop it. Otherwise: Give a table",
                     "predict", "--out", "p.npy", "--model", "r/m.keras", "--data", self.put("labelled.csv", "1,2,0\n3,4,1\n"))
        self.kairos(*self.fit(data="bare.csv", target="-1", save_model="unnamed.keras"))
        self.assertEqual(len(self.predicted("--model", "unnamed.keras", "--data", "swapped.csv", "--target", "y")), 200)

    def test_the_run_directory_keeps_the_names_for_weights_alone(self):
        self.assertEqual(json.loads(self.text("r/input_columns.json")), {"input_columns": {"input_layer": ["age", "income"]}})
        self.kairos("convert", "r/m.keras", "r/w.npz")
        shorthand = ["--model", "input(2) " + MODEL, "--weights"]
        expected = self.predicted(*shorthand, "r/w.npz", "--data", "t.csv", "--target", "y")
        self.assertEqual(self.predicted(*shorthand, "r/w.npz", "--data", "swapped.csv", "--target", "y"), expected)
        self.assertEqual(self.predicted(*shorthand, "r/m.keras", "--data", "swapped.csv", "--target", "y"), expected)
        self.refused("KAIROS-D320", "predict", "--out", "p.npy", *shorthand, "r/w.npz", "--data", "other.csv")
        shutil.copy(self.directory / "r" / "w.npz", self.directory / "w.npz")  # Without any file that names its columns.
        self.assertNotEqual(self.predicted(*shorthand, "w.npz", "--data", "swapped.csv", "--target", "y"), expected)
        # A later run in the directory, on data without names, removes the old names.
        self.kairos(*self.fit(data="bare.csv", target="-1", run_dir="r"))
        self.assertEqual(json.loads(self.text("r/input_columns.json")), {"input_columns": {}})

    def test_a_run_that_goes_on_from_weights_alone_keeps_the_names(self):
        np.save(self.directory / "x.npy", np.stack([self.age, self.income], 1))
        np.save(self.directory / "y.npy", (self.y == "old").astype("int32"))
        names = self.text("r/input_columns.json")
        with zipfile.ZipFile(self.directory / "r" / "m.keras") as archive:
            self.put("plain.json", archive.read("config.json").decode())
        for weights in ("r/w.npz", "r/w.weights.h5"):
            self.kairos("convert", "r/m.keras", weights)
            for model in ("input(2) " + MODEL, "plain.json"):
                for data in ({"data": "x.npy", "target": "y.npy"}, {"data": "bare.csv", "target": "-1"}, {"data": "swapped.csv", "target": "y"}):
                    self.kairos(*self.fit(**data, model=model, weights=weights, run_dir="r", save_model="n.keras", initial_epoch=1, epochs=2))
                    self.assertEqual(self.text("r/input_columns.json"), names, (weights, model, data))
                    self.assertIn("\n Input columns: age, income\n", self.kairos("summary", "n.keras"))

    def test_model_checkpoint_keeps_the_names_too(self):
        self.train(run_dir="c", save_model=None, epochs=1, plugin="ModelCheckpoint:filepath=best.keras")
        self.refused("KAIROS-D320", *EVALUATE, "--model", "c/best.keras", "--data", "other.csv")
        self.assertIn("\n Input columns: age, income\n", self.kairos("summary", "c/best.keras"))

    def test_a_column_twice_is_an_error(self):
        self.put("twice.csv", "age,income,age,y\n1,2,3,old\n")
        self.refused('KAIROS-D023: twice.csv: two columns have the same name; found "age"', *EVALUATE, "--model", "r/m.keras",
                     "--data", "twice.csv")

    def test_several_inputs_know_their_columns(self):
        layers = [{"class_name": "InputLayer", "config": {"name": name, "batch_shape": [None, width]}, "name": name, "inbound_nodes": []}
                  for name, width in (("left", 2), ("right", 1))]
        layers.append({"class_name": "Concatenate", "config": {"name": "both"}, "name": "both",
                       "inbound_nodes": [[["left", 0, 0, {}], ["right", 0, 0, {}]]]})
        layers.append({"class_name": "Dense", "config": {"name": "out", "units": 1}, "name": "out", "inbound_nodes": [[["both", 0, 0, {}]]]})
        self.put("two.json", json.dumps({"class_name": "Functional", "config": {
            "name": "two", "layers": layers, "input_layers": [["left", 0, 0], ["right", 0, 0]], "output_layers": [["out", 0, 0]]}}))
        lines = [f"{i},{i * i % 7},{i % 3},{i % 5}" for i in range(20)]
        self.put("both.csv", "\n".join(["l0,l1,r0,y", *lines]) + "\n")
        self.put("mixed.csv", "\n".join(["y,r0,l1,l0", *(",".join(reversed(line.split(","))) for line in lines)]) + "\n")
        self.put("left.csv", "\n".join(["l1,l0", *(",".join(reversed(line.split(",")[:2])) for line in lines)]) + "\n")
        self.put("right.csv", "\n".join(["r0", *(line.split(",")[2] for line in lines)]) + "\n")
        named = ["--input", "left=l0,l1", "--input", "right=r0"]
        self.kairos(*self.fit(data="both.csv", target="y", model="two.json", loss="mse", save_model="two.keras"), *named)
        expected = self.predicted("--model", "two.keras", "--data", "both.csv", "--target", "y", *named)
        for more in ([], ["--stream", "true"]):
            self.assertEqual(self.predicted("--model", "two.keras", "--data", "mixed.csv", "--target", "y", *more), expected)
            self.assertEqual(self.predicted("--model", "two.keras", "--data", "mixed.csv", "--input", "left=l1,l0", *more,
                                            stderr=""), expected)
            self.assertEqual(self.predicted("--model", "two.keras", "--input", "left=left.csv", "--input", "right=right.csv", *more),
                             expected)
        left_out = 'warning: mixed.csv: a column that the model was not trained on is left out: "y"\n'
        self.assertEqual(self.predicted("--model", "two.keras", "--data", "mixed.csv", stderr=left_out), expected)
        self.refused('a column that the model was trained on is missing: "l1"; found "l0", "shoe", "r0"', "predict", "--out", "p.npy",
                     "--model", "two.keras", "--data", self.put("bad.csv", "l0,shoe,r0\n1,2,3\n"))


class DataFrames(ProgramTest):
    """Tables as pandas writes them."""

    def history(self, expected_stderr, **changes):
        settings = {"model": "dense(1)", "loss": "mse", "target": "-1", "history": "h.json", **changes}
        run = self.run_kairos(*self.fit(**settings))
        self.assertEqual((run.returncode, run.stderr), (0, expected_stderr))
        return json.loads(self.text("h.json"))["history"]

    def test_a_header_of_numbers_is_no_sample(self):
        self.put("bare.csv", ".1,.2,0\n.3,.1,1\n.2,.2,0\n")
        expected = self.history("", data="bare.csv")
        note = (":1: this line counts 0, 1, 2, … and is read as a header, as data frames write it. If it is a sample, set --header false\n")
        self.put("pandas.csv", "0,1,2\n" + self.text("bare.csv"))
        self.put("pandas.tsv", self.text("pandas.csv").replace(",", "\t"))
        self.put("indexed.csv", ",0,1,2\n" + "".join(f"{i},{line}\n" for i, line in enumerate(self.text("bare.csv").splitlines())))
        index = "warning: indexed.csv: column 0 has no name and is left out, as the index of a data frame. If it is an input, name it in the header\n"
        for name, more in (("pandas.csv", ""), ("pandas.tsv", ""), ("indexed.csv", index)):
            for target in ("-1", "2"):
                for stream in ("false", "true"):
                    found = self.history(f"warning: {name}{note}{more}", data=name, stream=stream, target=target)
                    self.assertEqual(found, expected, (name, target, stream))
        self.assertEqual(self.history("", data="pandas.csv", header="true"), expected)
        self.assertNotEqual(self.history("", data="pandas.csv", header="false"), expected)
        self.kairos(*self.fit(data="pandas.csv", model="dense(1)", loss="mse", target="-1", save_model="m.keras"))
        for name in ("pandas.csv", "indexed.csv"):
            results = self.kairos("evaluate", "--model", "m.keras", "--data", name, "--target", "2", "--json")
            self.assertEqual(results, self.kairos("evaluate", "--model", "m.keras", "--data", "bare.csv", "--target", "2", "--json"))
            self.kairos("predict", "--model", "m.keras", "--data", name, "--out", "p.npy")
            self.assertEqual(np.load(self.directory / "p.npy").shape, (3, 1))

    def test_an_index_without_a_name_is_no_input(self):
        self.put("plain.csv", "a,y\n.5,0\n.2,0\n.7,1\n.1,1\n")
        expected = self.history("", data="plain.csv")
        lines = self.text("plain.csv").splitlines()
        for name, first, said in (("index.csv", "", "column 0 has no name and is left out, as the index of a data frame. If it is an input, name "
                                   "it in the header"),
                                  ("again.csv", "Unnamed: 0", 'column "Unnamed: 0" is left out, as the index of a data frame. If it is an '
                                   "input, give it another name in the header")):
            self.put(name, f"{first},{lines[0]}\n" + "".join(f"{i},{line}\n" for i, line in enumerate(lines[1:])))
            for stream in ("false", "true"):
                self.assertEqual(self.history(f"warning: {name}: {said}\n", data=name, stream=stream), expected)


if __name__ == "__main__":
    main()
