# SPDX-License-Identifier: MIT
"""RUN.json: where its paths begin, what may stand in it, and that the record of a fit serves the other commands."""
import json
import os
import shutil

from program import CSV, ProgramTest, main


class Paths(ProgramTest):
    def setUp(self):
        super().setUp()
        (self.directory / "project" / "data").mkdir(parents=True)
        (self.directory / "elsewhere").mkdir()
        self.put("project/data/train.csv", CSV)
        self.put("project/run.json", json.dumps({
            "model": "dense(4,tanh) dense(2,softmax)", "data": "data/train.csv", "target": "label",
            "loss": "sparse_categorical_crossentropy", "epochs": 2, "verbose": 0, "save_model": "out.keras", "run_dir": "runs/a"}))

    def test_files_of_the_current_directory_do_not_belong_to_a_model_elsewhere(self):
        (self.directory / "other").mkdir()
        self.kairos(*self.fit(save_weights="other/m.npz", run_dir="other"))
        evaluation = ("evaluate", "--model", "dense(4,tanh) dense(2,softmax)", "--weights", "other/m.npz", "--loss", "sparse_categorical_crossentropy",
                      "--data", "data.csv", "--target", "label")
        columns = self.text("other/input_columns.json")
        self.put("input_columns.json", columns.replace('"width"', '"decoy"'))
        self.assertNotEqual(self.text("input_columns.json"), columns)
        run = self.run_kairos(*evaluation)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertNotIn("decoy", run.stdout + run.stderr)

    def test_paths_are_relative_to_the_file(self):
        for place in (".", "elsewhere", "project"):
            config = os.path.relpath(self.directory / "project" / "run.json", self.directory / place)
            self.run_in(place, "fit", "--config", config)
            self.assertTrue((self.directory / "project" / "out.keras").is_file())
            self.assertTrue((self.directory / "project" / "runs" / "a" / "history.json").is_file())
            (self.directory / "project" / "out.keras").unlink()
            shutil.rmtree(self.directory / "project" / "runs")
        self.assertEqual(list((self.directory / "elsewhere").iterdir()), [])

    def run_in(self, place, *arguments, exit_code=0):
        directory, self.directory = self.directory, self.directory / place
        try:
            return self.kairos(*arguments, exit_code=exit_code)
        finally:
            self.directory = directory

    def test_flags_stay_relative_to_the_current_directory(self):
        self.run_in("elsewhere", "fit", "--config", "../project/run.json", "--save-model", "mine.keras")
        self.assertTrue((self.directory / "elsewhere" / "mine.keras").is_file())

    def test_record_of_a_fit_repeats_it_from_anywhere(self):
        self.run_in("project", "fit", "--config", "run.json", "--save-model", "../first.keras")
        record = json.loads(self.text("project/runs/a/run.json"))
        self.assertEqual((record["data"], record["run_dir"], record["save_model"]), ("../../data/train.csv", ".", "../../../first.keras"))
        (self.directory / "first.keras").unlink()
        self.run_in("elsewhere", "fit", "--config", "../project/runs/a/run.json")
        self.assertTrue((self.directory / "first.keras").is_file())
        again = json.loads(self.text("project/runs/a/run.json"))
        for one in (record, again):
            del one["run"]  # what made the run is new each time
        self.assertEqual(again, record)

    def test_project_can_be_moved(self):
        self.run_in("project", "fit", "--config", "run.json")
        (self.directory / "project").rename(self.directory / "moved")
        self.run_in("elsewhere", "fit", "--config", "../moved/runs/a/run.json")

    def test_names_that_are_no_paths_stay(self):
        self.put("project/names.json", json.dumps({"model": "dense(2)", "target": "label", "plugin": ["EarlyStopping"], "data": "/absolute.csv"}))
        shown = json.loads(self.kairos("fit", "--config", "project/names.json", "--print-config"))
        self.assertEqual((shown["model"], shown["target"], shown["plugin"], shown["data"]), ("dense(2)", "label", ["EarlyStopping"], "/absolute.csv"))
        self.put("project/files.json", json.dumps({"model": "m.keras", "target": "y.npy", "plugin": ["./p.so#One", "v:1/a@2/p.so"], "data": "d.h5:/x"}))
        shown = json.loads(self.kairos("fit", "--config", "project/files.json", "--print-config"))
        self.assertEqual((shown["model"], shown["target"], shown["plugin"], shown["data"]),
                         ("project/m.keras", "project/y.npy", ["project/p.so#One", "project/v:1/a@2/p.so"], "project/d.h5:/x"))
        # The options of a plugin that is not there may be secrets.
        self.put("project/files.json", json.dumps({"plugin": ["./p.so#One:a=b/c,d=env:E"]}))
        shown = json.loads(self.kairos("fit", "--config", "project/files.json", "--print-config"))
        self.assertEqual(shown["plugin"], ["project/p.so#One:a='***',d=env:E"])

    def test_evaluate_and_predict_take_the_record_of_a_fit(self):
        self.put("project/run.json", self.text("project/run.json").replace('"epochs"', '"plugin": ["EarlyStopping:monitor=loss"], "validation_split": 0.2, "epochs"'))
        self.run_in("project", "fit", "--config", "run.json")
        result = json.loads(self.run_in("elsewhere", "evaluate", "--config", "../project/runs/a/run.json", "--json"))
        self.assertIn("loss", result)
        self.run_in("elsewhere", "predict", "--config", "../project/runs/a/run.json", "--out", "p.csv")
        self.assertEqual(len(self.text("elsewhere/p.csv").splitlines()), 11)
        explicit = self.run_in("project", "evaluate", "--model", "out.keras", "--data", "data/train.csv", "--target", "label", "--json")
        self.assertEqual(json.loads(explicit), result)

    def test_names_of_columns_and_classes_are_those_of_the_run_directory(self):
        rows = [line.split(",") for line in CSV.splitlines()]
        words = {"0": "ant", "1": "bee"}
        table = [rows[0]] + [row[:-1] + [words[row[-1]]] for row in rows[1:]]
        swapped = [[row[1], row[0], *row[2:]] for row in table]
        for name, lines in (("train", table), ("swapped", swapped)):
            self.put(f"project/data/{name}.csv", "".join(",".join(line) + "\n" for line in lines))
        self.run_in("project", "fit", "--config", "run.json", "--save-weights", "out.npz")
        record = json.loads(self.text("project/runs/a/run.json"))
        del record["save_model"]  # only weights outside of the run directory
        self.put("project/runs/a/run.json", json.dumps(record))
        evaluate = ["evaluate", "--config", "project/runs/a/run.json", "--json", "--data"]
        expected = self.kairos(*evaluate, "project/data/train.csv")
        self.assertEqual(self.kairos(*evaluate, "project/data/swapped.csv"), expected)
        predict = ["predict", "--config", "project/runs/a/run.json", "--out", "p.csv"]
        self.kairos(*predict)
        self.assertIn("ant,bee,class", self.text("p.csv").splitlines()[0])
        self.put("project/data/other.csv", self.text("project/data/train.csv").replace("ant", "wasp"))
        self.assertIn("KAIROS-D033", self.run_kairos(*evaluate, "project/data/other.csv").stderr)

    def test_a_fit_takes_no_keys_of_other_commands(self):
        self.put("run.json", '{"out": "p.csv"}')
        run = self.run_kairos("fit", "--config", "run.json")
        self.assertEqual(run.returncode, 2)
        self.assertIn('KAIROS-U004: run.json: unknown key; found "out"', run.stderr)


class Text(ProgramTest):
    def printed(self, text):
        self.put("run.json", text)
        return json.loads(self.kairos("fit", "--config", "run.json", "--print-config"))

    def refusal(self, text):
        self.put("run.json", text)
        run = self.run_kairos("fit", "--config", "run.json")
        return run.stderr

    def test_comments(self):
        config = self.printed('// the first try\n{\n  "epochs": 3, // "epochs": 4\n  /* "batch_size": 1,\n */ "data": "a//b/*c*/.csv" }\n')
        self.assertEqual((config["epochs"], config["batch_size"], config["data"]), (3, 32, "a//b/*c*/.csv"))
        self.assertIn("KAIROS-F010: run.json:3:12", self.refusal('{ // one\n /* two */\n  "epochs" 3 }'))
        self.assertIn("KAIROS-U004: run.json: a comment does not end; found /*, expected */. Close it.", self.refusal('{} /* open'))

    def test_keys_given_twice(self):
        self.assertIn('KAIROS-U004: run.json: a key is given twice; found "epochs", expected each key once. Leave one out.',
                      self.refusal('{"epochs": 3, "epochs": 4}'))
        self.assertIn('a key is given twice; found "patience"',
                      self.refusal('{"plugin": [{"id": "EarlyStopping", "options": {"patience": 1, "patience": 2}}]}'))

    def test_booleans(self):
        for text in ("true", '"True"', '"yes"', '"ON"', "1"):
            config = self.printed('{"header": %s, "stream": %s, "strict": %s}' % (text, text, text))
            self.assertEqual((config["header"], config["stream"], config["strict"]), ("true", "true", True))
        self.assertEqual(self.printed('{"shuffle": "no", "strict": false}')["shuffle"], "false")
        sentence = "expected true or false; yes, on, 1 and no, off, 0 mean the same"
        self.assertIn('KAIROS-U003: run.json: strict: the value is neither true nor false; found "maybe", ' + sentence, self.refusal('{"strict": "maybe"}'))
        run = self.run_kairos("evaluate", "--json", "maybe")
        self.assertIn('KAIROS-U003: --json: the value is neither true nor false; found "maybe", ' + sentence, run.stderr)

    def test_switch_that_is_off(self):
        self.kairos(*self.fit(save_model="m.keras"))
        evaluate = ["evaluate", "--model", "m.keras", "--data", "data.csv", "--target", "label", "--json"]
        self.assertTrue(self.kairos(*evaluate, "Yes").startswith("{"))
        self.assertTrue(self.kairos(*evaluate, "false").startswith("loss: "))
        self.assertTrue(self.kairos("plugins", "list", "--json", "off").startswith("CALLBACK"))
        self.assertIn("EarlyStopping", self.kairos("plugins", "inspect", "--json", "no", "EarlyStopping"))


if __name__ == "__main__":
    main()
