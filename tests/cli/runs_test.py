# SPDX-License-Identifier: MIT
"""What a run leaves in its directory while it trains, after a crash, and at its end.

  runs_test.py KAIROS MISHAPS"""
import csv
import datetime
import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
import time

import numpy as np
from PIL import Image

from program import KAIROS, MISHAPS, ProgramTest, main

MEDDLERS = pathlib.Path(MISHAPS).parents[1] / "meddling" / "meddlers.so"
ENDER = pathlib.Path(MISHAPS).parents[1] / "ending" / "ender.so"


def kill_in(hook, after):
    return f"{ENDER}:hook={hook},how=kill,good={after}"


class RunsTest(ProgramTest):
    def lines(self, name="run"):
        return [json.loads(line) for line in self.text(f"{name}/history.jsonl").splitlines()]

    def start(self, *arguments):
        program = subprocess.Popen([KAIROS, *map(str, arguments)], cwd=self.directory, stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (program.poll() is None and program.kill(), program.communicate()))
        return program

    def wait_for_epochs(self, program, count, name="run"):
        file = self.directory / name / "history.jsonl"
        deadline = time.monotonic() + 30
        while not file.exists() or file.read_text().count("\n") < count:
            self.assertIsNone(program.poll())
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.002)

    def crash(self, name="run", after=3, **changes):
        """A run that is killed at the beginning of the epoch with the index `after`."""
        run = self.run_kairos(*self.fit(run_dir=name, plugin=kill_in("on_epoch_begin", after), **{"epochs": 9, **changes}))
        self.assertEqual(run.returncode, -signal.SIGKILL, run.stderr)


class LiveHistory(RunsTest):
    def test_lines_have_what_the_history_has(self):
        self.kairos(*self.fit(run_dir="run", validation_split=0.2, validation_freq=2, epochs=4, metrics="accuracy"))
        whole = json.loads(self.text("run/history.json"))
        lines = self.lines()
        self.assertEqual([line["epoch"] for line in lines], whole["epoch"])
        for key, values in whole["history"].items():
            self.assertEqual([line["logs"].get(key) for line in lines], values, key)
        self.assertEqual(list(lines[0]["logs"])[0], "loss")

    def test_numbers_that_json_lacks_are_text(self):
        self.kairos(*self.fit(run_dir="run", optimizer="SGD(learning_rate=1e38)", loss="mse", model="dense(4,relu) dense(1)"))
        self.assertIn("NaN", [line["logs"]["loss"] for line in self.lines()])

    def test_others_can_watch_while_it_trains(self):
        program = self.start(*self.fit(run_dir="run", epochs=100000000))
        self.wait_for_epochs(program, 5)
        self.assertIn("loss", self.kairos("plot", "run"))
        self.assertEqual([line["epoch"] for line in self.lines()[:5]], [0, 1, 2, 3, 4])
        program.send_signal(signal.SIGTERM)
        program.communicate(timeout=60)
        self.assertEqual([line["epoch"] for line in self.lines()], json.loads(self.text("run/history.json"))["epoch"])

    def test_crash_loses_no_curve(self):
        self.kairos(*self.fit(run_dir="whole", epochs=9))
        self.crash()
        self.assertEqual(self.lines(), self.lines("whole")[:3])
        self.assertFalse((self.directory / "run/history.json").exists())
        with open(self.directory / "run/history.jsonl", "a") as file:
            file.write('{"epoch":3,"logs":{"lo')
        drawn = self.kairos("plot", "run")
        self.kairos(*self.fit(run_dir="three", epochs=3))
        self.assertEqual(drawn, self.kairos("plot", "three/history.jsonl"))
        out = json.loads(self.kairos("replay", "--logs", "run/history.jsonl", "--plugin", "EarlyStopping:monitor=loss"))
        self.assertEqual(out["cases"][0]["epochs_run"], 3)

    def test_history_that_cannot_be_read_is_rebuilt_from_the_lines(self):
        self.kairos(*self.fit(run_dir="run", epochs=3))
        drawn = self.kairos("plot", "run")
        (self.directory / "run/history.json").write_bytes(b"")
        self.assertEqual(self.kairos("plot", "run"), drawn)

    def test_crash_of_a_second_run_in_the_directory_is_newer_than_the_first_history(self):
        self.kairos(*self.fit(run_dir="run", epochs=2, seed=1))
        first = self.kairos("plot", "run")
        self.crash(seed=2)
        self.assertEqual(len(json.loads(self.text("run/history.json"))["epoch"]), 2)
        self.assertEqual(len(self.lines()), 3)
        self.assertNotEqual(self.kairos("plot", "run"), first)

    def test_run_that_is_killed_before_its_first_epoch_ends_leaves_the_history_of_the_earlier_one(self):
        self.kairos(*self.fit(run_dir="run", epochs=2))
        before = self.text("run/history.jsonl")
        self.crash(after=0)
        self.assertEqual(self.text("run/history.jsonl"), before)

    def test_damage_in_the_middle_is_an_error_with_its_line(self):
        self.crash()
        lines = self.text("run/history.jsonl").splitlines()
        self.put("run/history.jsonl", "\n".join([lines[0], "garbage", lines[2], ""]))
        run = self.run_kairos("plot", "run")
        self.assertEqual((run.returncode, run.stderr), (
            6, "KAIROS-F050: run/history.jsonl:2: this is not an epoch of a History; found garbage, expected {\"epoch\": 0, \"logs\": "
               "{\"loss\": 0.5}}, with a higher epoch than the line before. Remove this line and those after it.\n"))

    def test_no_callback_may_write_it(self):
        run = self.run_kairos(*self.fit(run_dir="run", plugin="CSVLogger:filename=history.jsonl"))
        self.assertEqual(run.returncode, 3, run.stderr)
        self.assertIn("history.jsonl", run.stderr)
        os.makedirs(self.directory / "run/history.jsonl")
        run = self.run_kairos(*self.fit(run_dir="run"))
        self.assertEqual(run.returncode, 6, run.stderr)
        self.assertIn(f"KAIROS-F005: {self.directory}/run/history.jsonl: cannot write the file; found Is a directory", run.stderr)


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


class Record(RunsTest):
    def record(self, name="run"):
        return json.loads(self.text(f"{name}/run.json"))["run"]

    def test_what_made_the_run(self):
        before = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        self.kairos(*self.fit(run_dir="run", save_model="m.keras", plugin=["EarlyStopping:monitor=loss", "EarlyStopping:monitor=val_loss",
                                                                           "CSVLogger:filename=l.csv"], validation_split=0.2))
        run = self.record()
        self.assertEqual(list(run), ["result", "reason", "started", "ended", "seconds", "epochs", "host", "processor", "threads", "versions",
                                     "plugins", "files"])
        self.assertEqual((run["result"], run["reason"], run["epochs"], run["host"]), ("completed", None, 3, os.uname().nodename))
        times = [datetime.datetime.strptime(run[key], "%Y-%m-%dT%H:%M:%S%z") for key in ("started", "ended")]
        self.assertLessEqual(before, times[0])
        self.assertLessEqual(times[0], times[1])
        self.assertGreater(run["seconds"], 0)
        self.assertGreaterEqual(run["threads"], 1)
        self.assertRegex(run["processor"], ", (AMX|AVX|SSE)")
        versions = re.fullmatch(r"kairos (\S+), SDK (\S+), plugin ABI (\S+)\n", self.kairos("--version")).groups()
        self.assertEqual(run["versions"], dict(zip(("kairos", "sdk", "abi"), versions)))
        self.assertEqual([plugin["callbacks"] for plugin in run["plugins"]], [["kairos.EarlyStopping"], ["kairos.CSVLogger"]])
        for plugin in run["plugins"]:
            self.assertEqual(plugin["sha256"], sha256(plugin["file"]))
            self.assertRegex(plugin["version"], r"^\d+\.\d+")
        self.assertEqual(run["files"], [{"use": "--data", "file": str(self.directory / "data.csv"), "size": len(self.text("data.csv")),
                                         "modified": run["files"][0]["modified"], "sha256": sha256(self.directory / "data.csv")}])
        self.kairos(*self.fit(run_dir="more", model="m.keras", loss=None))
        self.assertEqual([(one["use"], one["sha256"]) for one in self.record("more")["files"]],
                         [("--data", sha256(self.directory / "data.csv")), ("--model", sha256(self.directory / "m.keras"))])

    def test_files_that_callbacks_read_are_hashed(self):
        (self.directory / "mine.lua").write_text("function on_epoch_end(epoch, logs) end\n")
        self.kairos(*self.fit(run_dir="run", plugin="LuaCallback:file=mine.lua"))
        script = self.record()["files"][0]
        self.assertEqual((script["use"], script["file"], script["sha256"]),
                         ("LuaCallback, option file", str(self.directory / "mine.lua"), sha256(self.directory / "mine.lua")))

    def test_each_end_is_recorded_with_its_reason(self):
        for plugin, code, result, reason in (
                ("EarlyStopping:monitor=loss,mode=max,patience=1", 0, "stopped",
                 r"^EarlyStopping: loss has not improved in the last epoch; the best was epoch 1$"),
                (MISHAPS + "#Fail", 7, "failed", r"^KAIROS-C001: Fail \(.*mishaps\.so\): on_epoch_end failed in epoch 2: there is no more "
                                                 r"paper\. Fill the tray\.$"),
                (f"{ENDER}:hook=on_train_begin", 7, "failed", r"on_train_begin failed: the disk is gone\.$"),
                (f"{ENDER}:hook=teardown", 7, "failed", r"teardown failed"),
                (f"{MEDDLERS}#Meddler:what=exit,from=1", 7, "failed", "^a callback ended the process$")):
            with self.subTest(plugin):
                run = self.run_kairos(*self.fit(run_dir="run", plugin=plugin))
                self.assertEqual(run.returncode, code, run.stderr)
                record = self.record()
                self.assertEqual(record["result"], result)
                self.assertRegex(record["reason"], reason)
                self.assertIsNotNone(record["ended"])
                self.assertEqual(record["epochs"], 0 if "train_begin" in plugin else record["epochs"])
        program = self.start(*self.fit(run_dir="run", epochs=100000000))
        self.wait_for_epochs(program, 3)
        self.assertEqual(self.record()["result"], "running")
        self.assertIsNone(self.record()["ended"])
        program.send_signal(signal.SIGTERM)
        program.communicate(timeout=60)
        self.assertEqual((self.record()["result"], self.record()["reason"]), ("interrupted", "interrupted by SIGTERM"))
        self.assertEqual(self.record()["epochs"], len(self.lines()))

    def test_crash_leaves_the_hashes(self):
        program = self.start(*self.fit(run_dir="run", epochs=100000000, plugin="EarlyStopping:monitor=loss,patience=100000000"))
        self.wait_for_epochs(program, 1)
        deadline = time.monotonic() + 60
        while None in [one["sha256"] for one in self.record()["files"] + self.record()["plugins"]]:
            self.assertLess(time.monotonic(), deadline)
        program.kill()
        program.wait()
        run = self.record()
        self.assertEqual((run["result"], run["seconds"]), ("running", None))
        self.assertEqual([one["sha256"] for one in run["files"] + run["plugins"]],
                         [sha256(self.directory / "data.csv"), sha256(run["plugins"][0]["file"])])

    def test_run_json_is_still_a_configuration(self):
        self.kairos(*self.fit(run_dir="run", save_model="m.keras", history="first.json"))
        self.kairos("fit", "--config", "run/run.json", "--run-dir", "again", "--history", "second.json")
        self.assertEqual(self.text("first.json"), self.text("second.json"))
        self.kairos("fit", "--config", "run/run.json")  # replaces its own record
        self.assertEqual(self.record()["result"], "completed")
        self.kairos("evaluate", "--config", "run/run.json")
        self.assertNotIn('"sha256"', self.kairos("fit", "--config", "run/run.json", "--print-config"))
        self.put("typo.json", '{"run": "runs/a"}')
        run = self.run_kairos("fit", "--config", "typo.json")
        self.assertEqual(run.returncode, 2)
        self.assertIn('KAIROS-U004: typo.json: unknown key; found "run".', run.stderr)

    def test_large_files_and_directories_have_no_hash(self):
        rows = 1 << 10
        with open(self.directory / "big.npy", "wb") as file:
            np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": (rows, 1 << 18)})
            file.truncate(file.tell() + (1 << 30))
        np.save(self.directory / "y.npy", np.zeros((rows, 1), "float32"))
        self.kairos(*self.fit(run_dir="run", data=None, input="input_layer=big.npy", target="y.npy", model="dense(1)", loss="mse", stream="true",
                              epochs=1, steps_per_epoch=1, shuffle="false"))
        self.assertEqual([(one["use"], one["sha256"]) for one in self.record()["files"]],
                         [("--input", None), ("--target", sha256(self.directory / "y.npy"))])
        for label in ("a", "b"):
            (self.directory / "images" / label).mkdir(parents=True)
            Image.fromarray(np.zeros((4, 4, 3), "uint8")).save(self.directory / "images" / label / "1.png")
        self.kairos(*self.fit(run_dir="pictures", data="images", image_size="4x4", target=None, model="flatten dense(2,softmax)"))
        self.assertEqual([(one["size"], one["sha256"]) for one in self.record("pictures")["files"]], [(None, None)])

    def test_secrets_are_not_in_the_record(self):
        confidant = pathlib.Path(MISHAPS).parents[1] / "confiding" / "confidant.so"
        run = self.run_kairos(*self.fit(run_dir="run", plugin=f"{confidant}:token=swordfish"))
        self.assertNotIn("swordfish", self.text("run/run.json"), run.stderr)
        self.assertIn("***", self.text("run/run.json"))

    def test_another_run_in_the_directory_is_left_alone(self):
        program = self.start(*self.fit(run_dir="run", epochs=100000000))
        self.wait_for_epochs(program, 3)
        deadline = time.monotonic() + 60
        while self.record()["files"][0]["sha256"] is None:  # written once more then
            self.assertLess(time.monotonic(), deadline)
        before = self.text("run/run.json")
        run = self.run_kairos(*self.fit(run_dir="run", seed=99))
        self.assertEqual(run.returncode, 6, run.stderr)
        self.assertIn("KAIROS-F063", run.stderr)
        self.assertEqual(self.text("run/run.json"), before)


class Listed(RunsTest):
    def setUp(self):
        super().setUp()
        self.kairos(*self.fit(run_dir="runs/good", epochs=4, validation_split=0.2, metrics="accuracy", optimizer="SGD(learning_rate=0.5)"))

    def listed(self, *arguments):
        return {run["run"]: run for run in json.loads(self.kairos("runs", "list", *arguments, "--json"))["runs"]}

    def test_list_shows_best_and_last(self):
        history = json.loads(self.text("runs/good/history.json"))["history"]
        best = min(range(4), key=history["val_loss"].__getitem__)
        run = self.listed("runs")["good"]
        self.assertEqual((run["result"], run["reason"], run["epochs"], run["monitor"], run["best_epoch"]),
                         ("completed", None, 4, "val_loss", best + 1))
        self.assertEqual(run["metrics"], {key: {"best": values[best], "last": values[3]} for key, values in history.items()})
        lines = self.kairos("runs", "list", "runs").splitlines()
        self.assertEqual(lines[0].split(), ["run", "result", "started", "duration", "epochs", "metric", "best", "in", "epoch", "last"])
        self.assertRegex(lines[1], rf"^good  completed  \d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ  \d+\.\d s +4 +val_loss  "
                                   rf"{history['val_loss'][best]:.4g} +{best + 1} +{history['val_loss'][3]:.4g}$")
        rows = list(csv.DictReader(self.kairos("runs", "list", "runs", "--csv").splitlines()))
        self.assertEqual([(row["run"], float(row["best"]), row["best_epoch"], float(row["last"]), row["notes"]) for row in rows],
                         [("good", history["val_loss"][best], str(best + 1), history["val_loss"][3], "")])
        self.assertEqual(self.listed("runs", "--monitor", "accuracy")["good"]["monitor"], "accuracy")
        self.assertEqual(list(self.listed("runs/good")), ["runs/good"])

    def test_metric_is_what_a_callback_monitors(self):
        self.kairos(*self.fit(run_dir="runs/watched", epochs=4, metrics="accuracy", plugin="EarlyStopping:monitor=accuracy,patience=9"))
        self.assertEqual(self.listed("runs")["watched"]["monitor"], "accuracy")

    def test_everything_that_is_not_a_finished_run_is_shown_as_what_it_is(self):
        self.crash("runs/crashed")
        self.crash("runs/early", after=0)
        self.run_kairos(*self.fit(run_dir="runs/failed", plugin=MISHAPS + "#Fail"))
        for name, record in (("damaged", '{"epochs": 3, '), ("list", "[]"), ("old", '{"epochs": 3}'), ("odd", '{"run": {"result": 7, "seconds": '
                                                                                           '"x", "started": [], "plugins": 1}}')):
            (self.directory / "runs" / name).mkdir()
            self.put(f"runs/{name}/run.json", record)
        (self.directory / "runs/bare").mkdir()
        self.put("runs/bare/history.json", '{"loss": [3, 1, 2]}')
        (self.directory / "runs/torn").mkdir()
        self.put("runs/torn/history.json", '{"loss": [3, 1,')
        (self.directory / "runs/empty").mkdir()
        self.put("runs/a file", "")
        (self.directory / "runs/fifo").mkdir()
        os.mkfifo(self.directory / "runs/fifo/run.json")
        program = self.start(*self.fit(run_dir="runs/live", epochs=100000000))
        self.wait_for_epochs(program, 3, "runs/live")
        runs = self.listed("runs")
        self.assertEqual({name: run["result"] for name, run in runs.items()}, {
            "good": "completed", "crashed": "crashed", "early": "crashed", "failed": "failed", "damaged": "unreadable", "list": "unreadable",
            "old": "unknown", "odd": "unknown", "bare": "unknown", "torn": "unknown", "fifo": "unreadable", "live": "running"})
        self.assertEqual((runs["crashed"]["epochs"], runs["early"]["epochs"], runs["failed"]["epochs"], runs["bare"]["epochs"]), (3, 0, 1, 3))
        self.assertEqual((runs["bare"]["best_epoch"], runs["bare"]["metrics"]), (2, {"loss": {"best": 1, "last": 2}}))
        self.assertEqual(runs["bare"]["reason"], "there is no run.json")
        self.assertEqual(runs["old"]["reason"], "run.json does not say how the run ended")
        self.assertRegex(runs["damaged"]["reason"], r"^runs/damaged/run\.json:1:\d+: this is not valid JSON")
        self.assertEqual(runs["list"]["reason"], "runs/list/run.json: the file is not a JSON object")
        self.assertEqual(runs["fifo"]["reason"], "runs/fifo/run.json: this is not a regular file; found a FIFO, expected a regular file")
        self.assertRegex(runs["torn"]["history_fault"], r"^runs/torn/history\.json:1:\d+: this is not valid JSON")
        self.assertGreaterEqual(runs["live"]["epochs"], 3)
        text = self.kairos("runs", "list", "runs")
        self.assertIn("\nbare: there is no run.json\n", text)
        self.assertRegex(text, r"\nfailed: KAIROS-C001: Fail .*there is no more paper")
        self.assertRegex(text, r"\nearly +crashed +\S+Z +- +0 +- +- +- +-\n")
        program.kill()
        program.wait()
        self.assertEqual(self.listed("runs")["live"]["result"], "crashed")

    def test_history_of_an_earlier_run_in_the_directory_is_not_that_of_the_crashed_one(self):
        time.sleep(1.1)  # times are recorded in seconds
        self.crash("runs/good", after=0)
        self.assertEqual((self.listed("runs")["good"]["result"], self.listed("runs")["good"]["epochs"]), ("crashed", 0))

    def test_control_characters_are_escaped(self):
        (self.directory / "runs/\x1b[31m").mkdir()
        self.put("runs/\x1b[31m/history.json", '{"loss": [1]}')
        self.assertNotIn("\x1b", self.kairos("runs", "list", "runs"))

    def test_what_cannot_be_listed(self):
        (self.directory / "none").mkdir()
        for arguments, code, sentence in (
                (["runs", "list", "nowhere"], 6, "KAIROS-F092: nowhere: there is no directory of this name; expected a directory that holds "
                                                 "run directories. Name the directory in which the directories of --run-dir are.\n"),
                (["runs", "list", "data.csv"], 6, "KAIROS-F092: data.csv: this is not a directory; found a file, expected a directory that "
                                                  "holds run directories. Name the directory in which the directories of --run-dir are.\n"),
                (["runs", "list", "none"], 6, "KAIROS-F092: none: there is no run in this directory; expected a directory that holds run "
                                              "directories. Name the directory in which the directories of --run-dir are.\n"),
                (["runs", "list"], 2, "KAIROS-U040: kairos runs list: expected one directory; found none. Write kairos runs list DIR.\n"),
                (["runs", "compare", "runs/good"], 2, "KAIROS-U040: kairos runs compare: expected two run directories or more; found 1. "
                                                      "Write kairos runs compare DIR DIR.\n"),
                (["runs", "compare", "runs/good", "none"], 6, "KAIROS-F092: none: this is not the directory of a run; found no run.json and "
                                                              "no history, expected the directory of a run. Name the directory that "
                                                              "--run-dir of the run named.\n"),
                (["runs", "list", "runs", "--json", "--csv"], 2, "KAIROS-U001: kairos runs: --json and --csv are mutually exclusive. Give one "
                                                                 "of them.\n"),
                (["runs"], 2, "KAIROS-U001: kairos runs: the subcommand is missing. Write kairos runs list DIR, or kairos runs compare DIR "
                              "DIR.\n"),
                (["runs", "lst"], 2, 'KAIROS-U001: kairos runs: unknown subcommand; found "lst". Did you mean "list"?\n')):
            run = self.run_kairos(*arguments)
            self.assertEqual((run.returncode, run.stdout, run.stderr), (code, "", sentence), arguments)
        self.assertIn("kairos runs compare DIR DIR", self.kairos("runs", "--help"))
        for command in ("list", "compare"):
            self.assertIn("--monitor KEY", self.kairos("runs", command, "--help"))
            self.assertEqual(self.kairos("runs", command, "--help"), self.kairos("help", "runs", command))

    def test_compare_shows_metrics_and_only_what_differs(self):
        changed = {"epochs": 4, "validation_split": 0.2, "metrics": "accuracy"}
        self.kairos(*self.fit(run_dir="other/deep/slow", optimizer="SGD(learning_rate=0.01)", **changed))
        compared = json.loads(self.kairos("runs", "compare", "runs/good", "other/deep/slow", "--json"))
        self.assertEqual([run["run"] for run in compared["runs"]], ["runs/good", "other/deep/slow"])
        self.assertEqual(compared["differences"], {"optimizer": ["SGD(learning_rate=0.5)", "SGD(learning_rate=0.01)"]})
        self.put("more.csv", self.text("data.csv") + "0.5,1.0,0\n")
        self.kairos(*self.fit(run_dir="runs/more", optimizer="SGD(learning_rate=0.5)", data="more.csv",
                              plugin="EarlyStopping:monitor=loss,patience=9", **changed))
        lines = {line.split("  ")[0]: re.split("  +", line)[1:] for line in
                 self.kairos("runs", "compare", "runs/good", "runs/more").splitlines()}
        self.assertEqual(lines["result"], ["completed", "completed"])
        self.assertEqual(lines["epochs run"], ["4", "4"])
        self.assertEqual(lines["metric"], ["val_loss", "loss"])
        self.assertEqual(lines["data"], ["data.csv", "more.csv"])
        self.assertEqual(lines["plugin"], ["-", "EarlyStopping:monitor=loss,patience=9"])
        self.assertEqual([text[:8] for text in lines["content of --data"]], [sha256(self.directory / name)[:8] for name in ("data.csv", "more.csv")])
        self.assertEqual(lines["content of kairos.EarlyStopping"][0], "-")
        history = json.loads(self.text("runs/good/history.json"))["history"]
        self.assertEqual(lines["accuracy last"][0], f"{history['accuracy'][3]:.4g}")
        for same in ("epochs ", "seed", "batch_size", "host", "threads", "run_dir"):
            self.assertNotIn(same, lines)
        rows = list(csv.reader(self.kairos("runs", "compare", "runs/good", "runs/more", "--csv").splitlines()))
        self.assertEqual(rows[0], ["", "runs/good", "runs/more"])
        self.assertIn(["content of --data", sha256(self.directory / "data.csv"), sha256(self.directory / "more.csv")], rows)
        self.assertIn(["val_loss last", *(repr(json.loads(self.text(f"runs/{name}/history.json"))["history"]["val_loss"][3])
                                          for name in ("good", "more"))], rows)

    def test_damaged_runs_are_compared_as_far_as_they_can_be_read(self):
        self.crash("runs/crashed")
        (self.directory / "runs/damaged").mkdir()
        self.put("runs/damaged/run.json", "{")
        text = self.kairos("runs", "compare", "runs/good", "runs/crashed", "runs/damaged")
        self.assertRegex(text, r"\nresult +completed +crashed +unreadable\n")
        self.assertRegex(text, r"\nepochs run +4 +3 +0\n")
        self.assertRegex(text, r"\nreason +- +- +runs/damaged/run\.json:1:\d: this is not valid JSON")


class Temporaries(RunsTest):
    def temporaries(self):
        return sorted(str(path.relative_to(self.directory)) for path in self.directory.rglob(".kairos-*"))

    def test_what_a_kill_at_the_write_leaves_is_removed_by_the_next_run(self):
        """Both where the model is saved at the end and where a callback saves it."""
        self.put(".kairos-notes.tmp", "of a user")
        settings = {"model": "dense(1500,relu) dense(1500,relu) dense(2,softmax)", "run_dir": "run", "save_model": "m.keras"}
        checkpoint = "ModelCheckpoint:filepath=ck/m.keras"
        left = []
        for _ in range(20):  # a file may get its name just before the kill
            program = self.start(*self.fit(**settings, epochs=100000000, plugin=checkpoint))
            while not any("/ck/" in name for name in self.temporaries()):
                self.assertIsNone(program.poll())
            program.kill()
            program.wait()
            left = [name for name in self.temporaries() if "/ck/" in name]
            if left:
                break
        self.assertTrue(left)
        program = self.start(*self.fit(**settings, epochs=100000000))
        self.wait_for_epochs(program, 1)
        os.rename(self.directory / left[0], self.directory / pathlib.Path(left[0]).name)  # as if the end had been killed
        program.send_signal(signal.SIGTERM)
        program.communicate(timeout=60)
        self.assertEqual(len(self.temporaries()), 2)
        self.kairos(*self.fit(**settings, epochs=1, plugin=checkpoint))
        self.assertEqual(self.temporaries(), [".kairos-notes.tmp"])

    def test_run_leaves_the_file_of_a_live_process_alone(self):
        settings = {"model": "dense(1500,relu) dense(1500,relu) dense(2,softmax)"}
        program = self.start(*self.fit(**settings, run_dir="first", epochs=100000000,
                                       plugin=f"ModelCheckpoint:filepath={self.directory}/a.keras"))
        for seed in range(5):
            self.kairos(*self.fit(run_dir="second", epochs=1, save_weights="w.npz", seed=seed))
        self.assertIsNone(program.poll())
        program.send_signal(signal.SIGTERM)
        error = program.communicate(timeout=60)[1]
        self.assertEqual(program.returncode, 128 + signal.SIGTERM, error)
        self.kairos("evaluate", "--model", "a.keras", "--data", "data.csv", "--target", "label")


if __name__ == "__main__":
    main()
