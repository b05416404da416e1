# SPDX-License-Identifier: MIT
"""`kairos replay`: cases, logs of earlier runs, its output directory, and files that it must not change."""
import json
import pathlib
import subprocess

import h5py

from program import KAIROS, MISHAPS, ProgramTest, main

STOP = {"class": "EarlyStopping", "config": {"monitor": "loss", "patience": 1, "baseline": None}}


def losses(*values):
    return [{"loss": value} for value in values]


class Replay(ProgramTest):
    def cases(self, *cases, exit_code=0, flags=()):
        # Python's dialect of JSON has NaN.
        self.put("cases.json", json.dumps({"cases": cases, "producer": "a test"}))
        return json.loads(self.kairos("replay", "cases.json", *flags, exit_code=exit_code))["cases"]

    def test_result_has_every_key(self):
        [result] = self.cases({"lr": 0.1, "logs": losses(1, 2, 3, 4), "callbacks": [STOP], "expect": {"epochs_run": 99}})
        self.assertEqual(result, {
            "epochs_run": 2, "lr": [0.10000000149011612] * 2, "final_lr": 0.10000000149011612, "stopped": True,
            "stop_reason": "loss has not improved in the last epoch; the best was epoch 1", "saved_after_epoch": [],
            "saved_files": [], "final_weight": 2.0, "published": {}, "errors": []})

    def test_wrong_case_is_told_and_the_others_go_on(self):
        wrong = [{"class": "EarlyStoping", "config": {}}, {"class": "EarlyStopping", "config": {"monitor": "loss", "patiense": 1}},
                 {"class": "EarlyStopping", "config": {"monitor": "accuracy"}}, {"class": MISHAPS + "#Fail", "config": {"good": 1}}]
        cases = [{"lr": 1, "logs": losses(3, 2, 1), "callbacks": [one]} for one in [STOP, *wrong, STOP]]
        results = self.cases(*cases, exit_code=3)
        self.assertEqual([result["epochs_run"] for result in results], [3, 0, 0, 0, 1, 3])
        for result, code in zip(results[1:5], ("KAIROS-O001", "KAIROS-O020", "KAIROS-O026", "KAIROS-C001")):
            self.assertEqual(len(result["errors"]), 1)
            self.assertIn(code, result["errors"][0])
        self.assertEqual((results[0]["errors"], results[5]["errors"]), ([], []))

    def test_value_that_is_not_due_is_not_looked_at(self):
        stop = {"class": "EarlyStopping", "config": {"monitor": "val_loss", "patience": 2}}
        logs = [{"loss": 1, "val_loss": value} for value in (1, None, None, 2, None, 3)]
        [result] = self.cases({"lr": 1, "logs": logs, "callbacks": [stop]})
        self.assertEqual((result["epochs_run"], result["stopped"]), (6, True))

    def test_key_that_the_logs_lack_cannot_be_watched(self):
        stop = {"class": "EarlyStopping", "config": {"monitor": "val_accuracy"}}
        [result] = self.cases({"lr": 1, "logs": [{"loss": 1, "accuracy": 0.5, "val_loss": 1}], "callbacks": [stop]}, exit_code=3)
        self.assertIn('"val_accuracy"', result["errors"][0])
        self.assertIn("KAIROS-O026", result["errors"][0])

    def test_errors_are_lines_on_standard_error_too(self):
        self.put("logs.csv", "epoch,loss\n0,1\n1,2\n")
        wrong = self.run_kairos("replay", "--logs", "logs.csv", "--plugin", "EarlyStopping:monitor=los")
        [error] = json.loads(wrong.stdout)["cases"][0]["errors"]
        self.assertEqual((wrong.returncode, wrong.stderr), (3, error + "\n"))
        self.assertIn('Did you mean "loss"?', error)

    def test_twins_publish_the_keys_that_they_published_in_the_run(self):
        self.put("logs.csv", "epoch,loss,Scorer_f1,Scorer_2_f1\n0,1,7,7\n1,2,7,7\n")
        scorer = str(pathlib.Path(MISHAPS).parents[1] / "confiding" / "scorer.so")
        [result] = json.loads(self.kairos("replay", "--logs", "logs.csv", "--plugin", scorer, "--plugin", scorer, "--plugin",
                                          "EarlyStopping:monitor=Scorer_2_f1"))["cases"]
        self.assertEqual((result["errors"], result["published"]), ([], {"Scorer_f1": [1, 2], "Scorer_2_f1": [1, 2]}))

    def test_words_of_a_key_in_another_order_are_recognised(self):
        self.put("logs.csv", "epoch,kind_accuracy,val_kind_accuracy\n0,1,1\n1,2,1\n")
        wrong = self.run_kairos("replay", "--logs", "logs.csv", "--plugin", "EarlyStopping:monitor=kind_val_accuracy")
        self.assertEqual(wrong.returncode, 3)
        self.assertIn('Did you mean "val_kind_accuracy"?', wrong.stderr)

    def test_directions_come_from_the_names_of_metrics(self):
        for key, values, epochs in (("val_accuracy", [1, 2, 3], 3), ("kind_accuracy", [1, 2, 3], 3), ("val_mae", [1, 2, 3], 2),
                                    ("weighted_accuracy_1", [3, 2, 1], 2), ("kind_loss", [3, 2, 1], 3)):
            stop = {"class": "EarlyStopping", "config": {"monitor": key, "patience": 1}}
            [result] = self.cases({"lr": 1, "logs": [{key: value} for value in values], "callbacks": [stop]})
            self.assertEqual((key, result["epochs_run"]), (key, epochs))
        [result] = self.cases({"lr": 1, "logs": [{"score": 1}], "callbacks": [
            {"class": "EarlyStopping", "config": {"monitor": "score"}}]}, exit_code=3)
        self.assertIn("mode", result["errors"][0])

    def test_batches_reach_the_callbacks(self):
        [result] = self.cases({"lr": 1, "logs": losses(1, float("nan"), 1), "batch_logs": [losses(1, 1), losses(1, float("nan"), 1)],
                               "callbacks": [{"class": "TerminateOnNaN", "config": {}}]})
        self.assertEqual((result["epochs_run"], result["stopped"], result["final_weight"]), (2, True, 2.0))
        self.assertIn("batch 1 of epoch 2", result["stop_reason"])

    def test_files_go_to_a_directory_of_their_own(self):
        precious = self.directory / "best.h5"
        precious.write_text("the model of last night\n")
        save = {"class": "ModelCheckpoint", "config": {"filepath": str(precious), "save_best_only": True, "monitor": "loss"}}
        before = self.files()
        [result] = self.cases({"lr": 1, "logs": losses(2, 3, 1), "callbacks": [save]})
        self.assertEqual((result["saved_files"], result["saved_after_epoch"]), (["best.h5", "best.h5"], [0, 2]))
        self.assertEqual({name: text for name, text in self.files().items() if not name.endswith("cases.json")}, before)
        above = {"class": "CSVLogger", "config": {"filename": "../../log.csv"}}
        weights = {"class": "ModelCheckpoint", "config": {"filepath": "w-{epoch}.weights.h5", "save_weights_only": True}}
        case = {"lr": 1, "logs": losses(2, 3, 1), "callbacks": [above, weights]}
        self.cases(case, case, flags=["--out", "kept"])
        self.assertEqual(sorted(str(path.relative_to(self.directory)) for path in (self.directory / "kept").rglob("*.*")),
                         [f"kept/case-00{n}/{name}" for n in (0, 1) for name in
                          ("log.csv", "w-1.weights.h5", "w-2.weights.h5", "w-3.weights.h5")])
        with h5py.File(self.directory / "kept" / "case-000" / "w-2.weights.h5") as file:
            values = []
            file.visititems(lambda _, item: values.append(item[()].ravel().tolist()) if isinstance(item, h5py.Dataset) else None)
        self.assertIn([2.0], values)

    def test_logs_of_an_earlier_run_are_replayed(self):
        self.kairos(*self.fit(epochs=6, history="history.json", metrics="accuracy", validation_split=0.2, plugin=[
            "CSVLogger:filename=log.csv", "ReduceLROnPlateau:patience=1,factor=0.5,min_delta=9", ]))
        self.kairos(*self.fit(epochs=6, history="history.csv", metrics="accuracy", validation_split=0.2, plugin=[
            "ReduceLROnPlateau:patience=1,factor=0.5,min_delta=9"]))
        # A stricter rule; the logs contain the rate of the first epoch.
        found = [self.kairos("replay", "--logs", name, "--plugin", "ReduceLROnPlateau:patience=3,factor=0.1,min_delta=9", "--plugin",
                             "EarlyStopping:monitor=loss,patience=2,min_delta=9,restore_best_weights=true")
                 for name in ("history.json", "history.csv", "log.csv")]
        [result] = json.loads(found[0])["cases"]
        self.assertEqual((result["epochs_run"], result["final_weight"]), (3, 1.0))
        self.assertEqual(result["published"]["learning_rate"], [0.0010000000474974513] * 3)
        self.assertEqual(found[0], found[1])
        self.assertEqual(found[0], found[2])

    def test_closed_output_is_an_error_and_no_file_takes_its_place(self):
        self.put("cases.json", json.dumps({"cases": [{"lr": 1, "logs": losses(1), "callbacks": [STOP]}]}))
        before = self.files()
        run = subprocess.run(["sh", "-c", '"$0" replay cases.json >&-', KAIROS], cwd=self.directory, capture_output=True,
                             text=True, timeout=60)
        self.assertEqual(run.returncode, 6)
        self.assertIn("KAIROS-F060: standard output", run.stderr)
        self.assertEqual(self.files(), before)

    def test_names_of_any_bytes_are_printed_as_json(self):
        (self.directory / "log.csv").write_bytes(b"epoch,loss,caf\xe9\n0,1,2\n1,2,3\n")
        output = self.kairos("replay", "--logs", "log.csv", "--plugin", "LearningRateScheduler:schedule=lr")
        self.assertEqual(json.loads(output)["cases"][0]["epochs_run"], 2)

    def test_rate_can_be_given(self):
        self.put("logs.csv", "epoch;loss;val_loss\n4;1.0;NA\n5;2.0;\n6;inf;0.5\n")
        [result] = json.loads(self.kairos("replay", "--logs", "logs.csv", "--lr", "0.25", "--plugin",
                                          "ReduceLROnPlateau:monitor=loss,patience=1,factor=0.5"))["cases"]
        self.assertEqual((result["lr"], result["final_lr"], result["final_weight"]), ([0.25, 0.25, 0.125], 0.0625, 7.0))

    def test_name_as_long_as_the_file_is_refused_and_not_multiplied(self):
        # Composing the place of each number would copy 600 GB.
        self.put("logs.csv", "epoch," + "l" * 2_000_000 + "\n" + "".join(f"{n},1\n" for n in range(300_000)))
        run = self.run_kairos("replay", "--logs", "logs.csv")
        self.assertEqual(run.returncode, 6, run.stderr)
        self.assertIn("KAIROS-F065: logs.csv: the names of the logs are too long for this number of epochs; found 2000000 bytes in "
                      "each of 300000, expected at most 268435456 bytes in all. Shorten the names.", run.stderr)

    def test_what_plugins_print_is_not_in_the_document(self):
        self.put("cases.json", json.dumps({"cases": [{"lr": 1, "logs": losses(1, 2), "callbacks": [
            {"class": "ProgbarLogger", "config": {"verbose": 2}},
            {"class": "EarlyStopping", "config": {"monitor": "loss", "patience": 1, "verbose": 1}}]}]}))
        run = self.run_kairos("replay", "cases.json")
        self.assertEqual(json.loads(run.stdout)["cases"][0]["epochs_run"], 2)
        self.assertIn("Epoch 1/2", run.stderr)
        self.assertIn("early stopping", run.stderr)


if __name__ == "__main__":
    main()
