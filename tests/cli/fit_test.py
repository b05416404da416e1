# SPDX-License-Identifier: MIT
"""fit: settings, result files, signals, and failing callbacks."""
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import time
import unittest
import unittest.mock

import numpy as np

from program import KAIROS, MISHAPS, ProgramTest, main


class Settings(ProgramTest):
    def test_printed_configuration_gives_the_same_run(self):
        changes = {"optimizer": "SGD(learning_rate=0.1,momentum=0.9)", "metrics": "accuracy,mae", "loss": "mse", "model": "dense(1)",
                   "validation_split": 0.2, "class_weight": None, "shuffle": "batch", "validation_freq": "1,3",
                   "plugin": ["EarlyStopping@first:monitor=loss,patience=2", "CSVLogger:filename='a,b.csv'"]}
        self.put("run.json", self.kairos(*self.fit(**changes), "--print-config"))
        outputs = [(["--history", f"{name}.json", "--save-weights", f"{name}.npz"]) for name in ("flags", "config")]
        self.kairos(*self.fit(**changes), *outputs[0])
        self.kairos("fit", "--config", "run.json", *outputs[1])
        self.assertEqual(self.text("flags.json"), self.text("config.json"))
        self.assertEqual((self.directory / "flags.npz").read_bytes(), (self.directory / "config.npz").read_bytes())
        again = json.loads(self.kairos("fit", "--config", "run.json", "--print-config"))
        self.assertEqual(again, json.loads(self.text("run.json")))

    def test_every_flag_has_its_key(self):
        for command in ("fit", "evaluate", "predict"):
            listed = re.findall(r"^  --([a-z-]+)", self.kairos(command, "--help"), re.MULTILINE)
            keys = json.loads(self.kairos(command, "--print-config"))
            without = {"config", "print-config", "help", "explain-order", "json", "strict", "resume", "allow-shell", "distributed",
                       "sync-batch-norm"}
            self.assertEqual(sorted(set(listed) - without), sorted(key.replace("_", "-") for key in keys), command)

    def test_flag_wins_over_its_key(self):
        self.put("run.json", '{"epochs": 9, "batch_size": 3}')
        config = json.loads(self.kairos("fit", "--config", "run.json", "--epochs", "2", "--print-config"))
        self.assertEqual((config["epochs"], config["batch_size"]), (2, 3))

    def test_file_with_the_name_of_a_layer_does_not_change_a_shorthand(self):
        self.put("relu", "")
        self.assertIn("KAIROS-M006: model: its input shape is unknown", self.run_kairos("summary", "relu").stderr)

    def test_user_text_that_is_the_name_of_a_setting_stays(self):
        self.put("weights", "[]")
        self.assertIn("KAIROS-U004: weights: ", self.run_kairos("fit", "--config", "weights").stderr)
        self.assertIn("KAIROS-U020: model: ", self.run_kairos(*self.fit(history="model")).stderr)

    def test_switch_is_given_once(self):
        run = self.run_kairos("plugins", "list", "--json", "--json")
        self.assertEqual((run.returncode, run.stderr), (2, "KAIROS-U002: kairos plugins list: the flag is given twice; found --json. Leave one "
                                                           "out.\n"))

    def test_keras_old_name_of_epochs_is_taken(self):
        self.assertEqual(json.loads(self.kairos("fit", "--nb-epoch", "4", "--print-config"))["epochs"], 4)
        self.assertEqual(json.loads(self.kairos("fit", "--nb_epoch", "4", "--print-config"))["epochs"], 4)

    def test_plugins_in_a_configuration_may_be_objects(self):
        config = json.loads(self.kairos(*self.fit(), "--print-config"))
        options = {"monitor": "loss", "patience": 2, "baseline": None}
        config["plugin"] = [{"id": "EarlyStopping", "instance": "mine", "options": options}]
        self.put("run.json", json.dumps(config))
        self.assertIn("on_epoch_end: [decide] mine", self.kairos("fit", "--config", "run.json", "--explain-order"))

    def test_values_that_a_setting_cannot_hold_are_refused(self):
        before = self.files()
        for change, sentence in (({"save_model": "two\0a.keras"}, "KAIROS-U003: run.json: save_model: the value contains a null character. "
                                                                   "Remove it.\n"),
                                 ({"save_model": ["a.keras", "b.keras"]}, "KAIROS-U003: run.json: save_model: this setting takes one value; "
                                                                          'found ["a.keras","b.keras"]. Write the value without brackets.\n'),
                                 ({"plugin": [{}]}, "KAIROS-U004: run.json: plugin: a plugin has no id; found {}. "),
                                 ({"plugin": [None]}, "KAIROS-U004: run.json: plugin: a plugin has no id; found null. ")):
            config = json.loads(self.kairos(*self.fit(), "--print-config")) | change
            self.put("run.json", json.dumps(config))
            run = self.run_kairos("fit", "--config", "run.json")
            self.assertEqual(run.returncode, 2, change)
            self.assertIn(sentence, run.stderr)
        run = self.run_kairos(*self.fit(loss_weight="1e39"))
        self.assertEqual((run.returncode, "KAIROS-M072" in run.stderr), (5, True), run.stderr)
        self.assertEqual(set(self.files()) - {str(self.directory / "run.json")}, set(before))

    def test_order_is_explained_and_nothing_is_written(self):
        before = self.files()
        out = self.kairos(*self.fit(verbose=2, run_dir="run", plugin=[
            "ModelCheckpoint:filepath=m.h5", "CSVLogger:filename=log.csv", "EarlyStopping:monitor=loss", MISHAPS + "#Fail"]),
            "--explain-order")
        self.assertIn("on_epoch_end: [decide] EarlyStopping Fail [report] CSVLogger ProgbarLogger [persist] ModelCheckpoint\n", out)
        self.assertIn("on_train_begin: [decide] EarlyStopping [report] CSVLogger ProgbarLogger [persist] ModelCheckpoint\n", out)
        self.assertEqual(self.files(), before)

    def test_either_spelling_names_a_plugin(self):
        for name in ("EarlyStopping", "early_stopping", "kairos.EarlyStopping"):
            self.assertIn("[decide] EarlyStopping\n", self.kairos(*self.fit(plugin=name + ":monitor=loss"), "--explain-order"))

    def test_help_and_version_are_no_errors(self):
        for arguments in (["--help"], ["--version"], ["fit", "--help"], ["evaluate", "--help"], ["predict", "--help"]):
            text = self.kairos(*arguments)
            self.assertIn("kairos", text)
            for line in text.splitlines():
                if line.startswith("  --"):  # descriptions begin in one column, or on the next line
                    self.assertNotIn("  ", line[2:38].rstrip(), line)
        self.assertIn("\n  2       command line or RUN.json\n", self.kairos("--help"))
        self.assertIn("\n  128+N   ended by signal N\n", self.kairos("--help"))
        help_of_fit = self.kairos("fit", "--help")
        for part in ("\nLoss and metrics:\n", "\nValidation:\n", "samples per batch (1 or more; default: 32)\n", "  --split last|shuffled|stratified "):
            self.assertIn(part, help_of_fit)


class Precision(ProgramTest):
    BF16 = any("avx512_bf16" in line.split() for line in open("/proc/cpuinfo", encoding="utf-8") if line.startswith("flags"))

    def test_flag_and_key_name_the_same_precision(self):
        precision = lambda *arguments: json.loads(self.kairos(*arguments, "--print-config"))["precision"]  # noqa: E731
        self.put("run.json", '{"precision": "bf16"}')
        for command in ("fit", "evaluate", "predict"):
            self.assertEqual(precision(command), "float32")
            self.assertEqual(precision(command, "--precision", "bf16"), "bf16")
            self.assertEqual(precision(command, "--config", "run.json"), "bf16")

    def test_processor_without_bf16_is_refused_before_anything_trains(self):
        # Limits the instruction sets that oneDNN reports.
        before = self.files()
        files = {"run_dir": "run", "save_weights": "w.npz", "history": "h.json"}
        others = ["--model", "dense(2,softmax)", "--weights", "w.npz", "--data", "data.csv", "--target", "label", "--precision", "bf16"]
        for level, found in (("AVX2", "AVX2"), ("AVX512_CORE", "AVX-512")):
            with unittest.mock.patch.dict(os.environ, {"ONEDNN_MAX_CPU_ISA": level}):
                runs = [self.run_kairos(*self.fit(precision="bf16", **files)),
                        self.run_kairos("evaluate", *others, "--loss", "mse"),
                        self.run_kairos("predict", *others, "--out", "p.npy")]
            for run in runs:
                self.assertEqual(run.returncode, 5, run.stderr)
                if self.BF16:
                    self.assertEqual(run.stderr, "KAIROS-M035: precision bf16: this processor does not multiply bfloat16; found "
                                     f"{found}, expected AVX512_BF16 or AMX. Set precision to float32.\n")
        self.assertEqual(self.files(), before)

    @unittest.skipUnless(BF16, "this processor does not multiply bfloat16")
    def test_model_trained_in_bf16_is_kept_in_float32(self):
        wide = {"model": "dense(64,tanh) dense(2,softmax)", "epochs": 20, "metrics": "accuracy"}
        for precision in ("float32", "bf16"):
            self.kairos(*self.fit(**wide, precision=precision, save_model=f"{precision}.keras", save_weights=f"{precision}.npz",
                                  run_dir=precision))
        one, other = (np.load(self.directory / f"{precision}.npz") for precision in ("float32", "bf16"))
        self.assertEqual(one.files, other.files)
        for name in one.files:
            self.assertEqual(other[name].dtype, np.float32)
            np.testing.assert_allclose(other[name], one[name], atol=0.05)
        self.assertTrue(np.any(other[one.files[0]].view(np.uint32) & 0xFFFF))
        self.assertFalse(np.array_equal(one[one.files[0]], other[one.files[0]]))
        self.assertEqual(json.loads(self.text("bf16/run.json"))["precision"], "bf16")
        data = ["--model", "bf16.keras", "--data", "data.csv", "--target", "label"]
        for precision in ("float32", "bf16"):
            loss = json.loads(self.kairos("evaluate", *data, "--precision", precision, "--json"))["loss"]
            self.assertAlmostEqual(loss, json.loads(self.text("bf16/history.json"))["history"]["loss"][-1], delta=0.1)
            self.kairos("predict", *data, "--precision", precision, "--out", f"{precision}.npy")
        one, other = (np.load(self.directory / f"{precision}.npy") for precision in ("float32", "bf16"))
        np.testing.assert_allclose(other, one, atol=0.02)
        self.assertFalse(np.array_equal(one, other))


class Outputs(ProgramTest):
    def test_history_is_written_in_three_formats(self):
        metrics = {"metrics": "accuracy", "validation_split": 0.2, "validation_freq": 2}
        for ending in ("json", "csv", "txt"):
            self.kairos(*self.fit(history=f"h.{ending}", **metrics))
        document = json.loads(self.text("h.json"))
        self.assertEqual(document["epoch"], [0, 1, 2])
        history = document["history"]
        self.assertEqual(list(history), ["loss", "accuracy", "val_loss", "val_accuracy"])
        self.assertEqual([value is None for value in history["val_loss"]], [True, False, True])
        rows = [line.split(",") for line in self.text("h.csv").splitlines()]
        self.assertEqual(rows[0], ["epoch", "loss", "accuracy", "val_loss", "val_accuracy"])
        self.assertEqual([float(row[1]) for row in rows[1:]], history["loss"])
        self.assertEqual([row[3] == "NA" for row in rows[1:]], [True, False, True])
        # The text is a Python expression.
        self.assertEqual(eval(self.text("h.txt"), {"None": None}), history)

    def test_run_directory_keeps_configuration_history_and_what_plugins_write(self):
        self.kairos(*self.fit(run_dir="runs/first", plugin=["CSVLogger:filename=log.csv",
                                                            "ModelCheckpoint:filepath='m-{epoch}.h5',period=3"]))
        run = self.directory / "runs" / "first"
        self.assertEqual(sorted(path.name for path in run.iterdir()),
                         ["callback_state", "history.json", "history.jsonl", "input_columns.json", "log.csv", "m-3.h5", "run.json", "run_checkpoint"])
        self.assertEqual(json.loads((run / "run.json").read_text())["epochs"], 3)
        self.assertEqual(len(json.loads((run / "history.json").read_text())["epoch"]), 3)
        self.kairos("fit", "--config", run / "run.json", "--run-dir", "runs/second")
        self.assertEqual((run / "history.json").read_text(), self.text("runs/second/history.json"))

    def test_callbacks_go_on_with_what_they_remember(self):
        still = {"optimizer": "SGD(learning_rate=0)", "shuffle": "false", "plugin": "EarlyStopping:monitor=loss,patience=3"}
        self.kairos(*self.fit(**still, epochs=2, run_dir="run"))
        for state, last in (("run/callback_state", 3), (None, 5)):
            self.kairos(*self.fit(**still, initial_epoch=2, epochs=9, callback_state=state, history="h.json"))
            self.assertEqual(json.loads(self.text("h.json"))["epoch"][-1], last)

    def test_same_seed_gives_the_same_bits(self):
        for name in ("one", "two"):
            self.kairos(*self.fit(model="dense(4,tanh) dropout(0.3) dense(2,softmax)", history=f"{name}.json",
                                  save_weights=f"{name}.npz"))
        self.kairos(*self.fit(seed=8, save_weights="other.npz"))
        self.assertEqual((self.directory / "one.npz").read_bytes(), (self.directory / "two.npz").read_bytes())
        self.assertEqual(self.text("one.json"), self.text("two.json"))
        self.assertNotEqual((self.directory / "one.npz").read_bytes(), (self.directory / "other.npz").read_bytes())

    def test_weights_go_on_where_they_were_saved(self):
        for ending in ("npz", "h5", "weights.h5"):
            self.kairos(*self.fit(save_weights=f"w.{ending}"))
            self.kairos("predict", "--model", "dense(4,tanh) dense(2,softmax)", "--weights", f"w.{ending}", "--data", "data.csv",
                        "--target", "label", "--out", f"{ending}.npy")
        first = np.load(self.directory / "npz.npy")
        self.assertEqual(first.shape, (10, 2))
        for ending in ("h5", "weights.h5"):
            np.testing.assert_array_equal(np.load(self.directory / f"{ending}.npy"), first)

    def test_verbose_2_prints_a_line_for_each_epoch(self):
        out = self.kairos(*self.fit(verbose=2, metrics="accuracy", validation_split=0.2))
        data, *lines, last = out.splitlines()
        self.assertEqual(data, "10 samples, 2 inputs, 2 classes (from label); 8 train, 2 validation")
        self.assertIn("Best val_loss: ", last)
        self.assertEqual(lines[0::2], ["Epoch 1/3", "Epoch 2/3", "Epoch 3/3"])
        for line in lines[1::2]:
            self.assertRegex(line, r"^2/2 - \d+s - \d+(us|ms|s)/step - loss: \d\.\d{4} - accuracy: [\d.e+-]+ - val_loss: \d\.\d{4} - "
                                   r"val_accuracy: [\d.e+-]+$")

    def test_verbose_1_is_never_repainted_in_a_file(self):
        out = self.kairos(*self.fit(verbose=1))
        self.assertNotIn("\r", out)
        self.assertNotIn("\x1b", out)
        self.assertEqual(len(re.findall(r"^3/3 \S{20} .*loss: ", out, re.MULTILINE)), 3, out)

    def test_run_without_the_progress_plugin_is_warned_and_trains(self):
        (self.directory / "bin").mkdir()
        program = shutil.copy(KAIROS, self.directory / "bin/kairos")
        run = subprocess.run([program, *self.fit(verbose=1)], cwd=self.directory, capture_output=True, text=True, timeout=60)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(run.stderr, "warning: no progress is shown, because the plugin ProgbarLogger is not found. "
                                     "Name its directory with --plugin-dir, or use --verbose 0\n")

    def test_directories_of_outputs_are_made(self):
        self.kairos(*self.fit(save_weights="new/w.npz", plugin="ModelCheckpoint:filepath=deep/er/m.h5"))
        self.assertTrue((self.directory / "new/w.npz").is_file())
        self.assertTrue((self.directory / "deep/er/m.h5").is_file())

    def test_reader_that_goes_away_costs_no_result(self):
        with subprocess.Popen([KAIROS, *self.fit(verbose=2, epochs=200, save_weights="w.npz")], cwd=self.directory,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            process.stdout.readline()
            process.stdout.close()
            process.wait(timeout=60)
        self.assertTrue((self.directory / "w.npz").is_file())

    def test_list_of_one_validation_epoch_is_a_list(self):
        self.put("run.json", json.dumps({"validation_freq": [2], "epochs": 4, "validation_split": 0.2}))
        self.kairos(*self.fit(epochs=None, config="run.json", history="h.json"))
        losses = json.loads(self.text("h.json"))["history"]["val_loss"]
        self.assertEqual([loss is not None for loss in losses], [False, True, False, False])

    def test_verbose_0_is_silent(self):
        self.assertEqual(self.kairos(*self.fit()), "")

    def test_run_with_nothing_to_train_is_warned(self):
        for changes, numbers in (({"epochs": 0}, (0, 0)), ({"epochs": 3, "initial_epoch": 5}, (3, 5))):
            run = self.run_kairos(*self.fit(**changes))
            self.assertEqual((run.returncode, run.stderr), (0, "warning: nothing to train: --epochs {} is not greater than --initial-epoch {}; "
                             "--epochs is the number of the last epoch, not the number of further epochs\n".format(*numbers)))
        self.assertEqual(self.run_kairos(*self.fit(epochs=6, initial_epoch=5)).stderr, "")

    def test_stop_says_who_and_why(self):
        stopped = {"epochs": 50, "optimizer": "SGD(learning_rate=0)", "shuffle": "false", "history": "h.json",
                   "plugin": "EarlyStopping@mine:monitor=loss,patience=2"}
        self.assertIn("Stopped by mine: loss has not improved", self.kairos(*self.fit(**stopped, verbose=2)))
        self.assertEqual(self.kairos(*self.fit(**stopped, verbose=0)), "")
        self.assertLess(len(json.loads(self.text("h.json"))["epoch"]), 50)

    def test_evaluate_prints_text_or_json(self):
        self.kairos(*self.fit(save_weights="w.npz"))
        arguments = ["evaluate", "--model", "dense(4,tanh) dense(2,softmax)", "--weights", "w.npz", "--data", "data.csv", "--target",
                     "label", "--loss", "sparse_categorical_crossentropy", "--metrics", "accuracy"]
        values = json.loads(self.kairos(*arguments, "--json"))
        self.assertEqual(list(values), ["loss", "accuracy"])
        self.assertRegex(self.kairos(*arguments), r"^loss: [\d.]+ - accuracy: [\d.]+\n$")


class RunDirectories(ProgramTest):
    def test_evaluate_and_predict_keep_their_configuration(self):
        self.kairos(*self.fit(run_dir="run", plugin="ModelCheckpoint:filepath=m.h5"))
        kept = self.text("run/run.json")
        common = ["--model", "run/m.h5", "--data", "data.csv", "--target", "label", "--run-dir", "run"]
        first = self.kairos("evaluate", *common, "--loss", "sparse_categorical_crossentropy")
        self.kairos("predict", *common, "--out", "p.npy")
        self.assertEqual(self.text("run/run.json"), kept)
        self.assertEqual(json.loads(self.text("run/predict.json"))["out"], "../p.npy")
        self.assertEqual(self.kairos("evaluate", "--config", "run/evaluate.json"), first)

    def test_run_in_a_directory_of_an_earlier_one_says_that_it_replaces_files(self):
        warning = "warning: --run-dir run holds files of an earlier run; files with the same names are replaced\n"
        self.assertEqual(self.run_kairos(*self.fit(run_dir="run")).stderr, "")
        self.assertEqual(self.run_kairos(*self.fit(run_dir="run", epochs=1)).stderr, warning)
        self.assertEqual(json.loads(self.text("run/history.json"))["epoch"], [0])
        going_on = self.fit(run_dir="run", epochs=2, initial_epoch=1, callback_state="run/callback_state")
        self.assertEqual(self.run_kairos(*going_on).stderr, warning)
        self.assertEqual(json.loads(self.text("run/history.json"))["epoch"], [1])
        self.kairos(*self.fit(save_model="m.keras"))
        evaluate = ["evaluate", "--model", "m.keras", "--data", "data.csv", "--target", "label", "--run-dir", "run"]
        self.assertEqual(self.run_kairos(*evaluate).stderr, "")  # evaluate writes other files.

    def test_two_runs_at_once_are_kept_apart(self):
        (self.directory / "run").mkdir()
        descriptor = os.open(self.directory / "run", os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        run = self.run_kairos(*self.fit(run_dir="run/"))
        self.assertEqual((run.returncode, list((self.directory / "run").iterdir())), (6, []))
        self.assertRegex(run.stderr, r"KAIROS-F063: --run-dir \S+/run: another run is writing to this directory")
        os.close(descriptor)
        self.kairos(*self.fit(run_dir="run/"))

    def test_braces_of_the_directory_are_no_fields_of_a_checkpoint(self):
        self.kairos(*self.fit(run_dir="x{1}", plugin="ModelCheckpoint:filepath='m-{epoch}.h5',save_weights_only=true"))
        self.assertTrue((self.directory / "x{1}" / "m-3.h5").exists())

    def test_numbers_that_json_lacks_are_text(self):
        self.put("huge.csv", "a,y\n1e30,0\n-1e30,1\n")
        data = {"model": "dense(1)", "data": "huge.csv", "target": "y", "loss": "mse"}
        self.kairos(*self.fit(**data, epochs=0, save_model="m.keras"))
        line = self.kairos("evaluate", "--model", "m.keras", "--data", "huge.csv", "--target", "y", "--json")
        self.assertEqual(json.loads(line)["loss"], "Infinity")


class Trouble(ProgramTest):
    def test_interrupt_ends_the_run_in_order(self):
        for number, code, saves, told in (
                (signal.SIGINT, 130, {"save_weights": "w.npz", "save_model": "m.keras"},
                 "SIGINT before the end of epoch {1} of 100000000; saved: m.keras, w.npz, run. To continue the run, use --resume run"),
                (signal.SIGTERM, 143, {"save_weights": "w.npz"},
                 "SIGTERM before the end of epoch {1} of 100000000; saved: w.npz, run. To continue the run, use --resume run")):
            arguments = self.fit(epochs=100000000, run_dir="run", plugin="CSVLogger:filename=log.csv", **saves)
            program = subprocess.Popen([KAIROS, *arguments], cwd=self.directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       text=True)
            log = self.directory / "run" / "log.csv"
            deadline = time.monotonic() + 30
            while not (log.exists() and log.read_text().count("\n") > 2) and time.monotonic() < deadline:
                time.sleep(0.01)
            program.send_signal(number)
            _, error = program.communicate(timeout=30)
            self.assertEqual(program.returncode, code, error)
            epochs = len(json.loads(self.text("run/history.json"))["epoch"])
            self.assertGreater(epochs, 1)
            self.assertEqual(self.text("run/log.csv").count("\n"), epochs + 1)
            self.assertTrue((self.directory / "w.npz").exists())
            self.assertEqual(error, f"warning: {number.name}: stopping after this batch, again to quit now\nwarning: interrupted by " + told.format(epochs, epochs + 1) + "\n")
            if "save_model" in saves:
                more = {**dict.fromkeys(("loss", "optimizer")), "model": "m.keras", "epochs": epochs + 2, "initial_epoch": epochs}
                self.kairos(*self.fit(**more, callback_state="run/callback_state", history="h.json"))
                self.assertEqual(json.loads(self.text("h.json"))["epoch"], [epochs, epochs + 1])
            shutil.rmtree(self.directory / "run")

    def test_threads_wait_for_each_other_for_a_moment_unless_the_user_says_otherwise(self):
        for environment, rounds in (({}, "2000"), ({"OMP_WAIT_POLICY": "passive"}, "0"), ({"GOMP_SPINCOUNT": "70"}, "70")):
            run = subprocess.run([KAIROS, *self.fit()], cwd=self.directory, capture_output=True, text=True, timeout=60,
                                 env={**os.environ, **environment, "OMP_DISPLAY_ENV": "verbose"})
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertEqual(re.findall("GOMP_SPINCOUNT = '(.*)'", run.stderr)[-1], rounds)

    def test_absurd_number_of_threads_is_refused(self):
        with unittest.mock.patch.dict(os.environ, OMP_NUM_THREADS="1000000"):
            run = self.run_kairos(*self.fit())
        self.assertEqual((run.returncode, run.stderr),
                         (2, "KAIROS-U017: OMP_NUM_THREADS: too many threads; found 1000000, expected at most 1024. "
                             "Give the number of cores, or leave it out.\n"))

    def test_crash_in_a_plugin_names_plugin_and_hook(self):
        run = self.run_kairos(*self.fit(plugin=MISHAPS + "#Crash@bad"))
        self.assertEqual(run.returncode, -signal.SIGSEGV, run.stderr)
        for part in ("KAIROS-C009", "plugin bad", "mishaps.so", "hook on_epoch_end",
                     "report the crash to its author (https://example.com/issues).\n"):
            self.assertIn(part, run.stderr)

    def test_failure_ends_the_run_unless_the_user_says_otherwise(self):
        run = self.run_kairos(*self.fit(plugin=MISHAPS + "#Fail", history="h.json"))
        self.assertEqual(run.returncode, 7, run.stderr)
        for part in ("KAIROS-C001", "Fail", "mishaps.so", "on_epoch_end failed in epoch 2", "there is no more paper. Fill the tray. Add on_error=disable"):
            self.assertIn(part, run.stderr)
        self.assertIn("Saved: h.json.", run.stderr)
        self.assertEqual(json.loads(self.text("h.json"))["epoch"], [0])

    def test_failing_callback_can_be_left_out_or_counted(self):
        for policy, times in (("disable", 1), ("warn", 2)):
            run = self.run_kairos(*self.fit(plugin=f"{MISHAPS}#Fail:on_error={policy}", history="h.json"))
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertEqual(len(json.loads(self.text("h.json"))["epoch"]), 3)
            self.assertIn("warning: Fail: on_epoch_end failed in epoch 2: there is no more paper. Fill the tray", run.stderr)
            self.assertIn("failed once in this run" if times == 1 else f"failed {times} times in this run", run.stderr)

    def test_file_of_several_callbacks_needs_the_name_of_one(self):
        run = self.run_kairos(*self.fit(plugin=MISHAPS))
        self.assertEqual(run.returncode, 3)
        self.assertRegex(run.stderr, r"KAIROS-O004: .*com\.example\.Crash, com\.example\.Fail.*mishaps\.so#Crash")
        run = self.run_kairos(*self.fit(plugin=MISHAPS + "#Fial"))
        self.assertEqual(run.returncode, 3)
        self.assertIn('Did you mean "Fail"?', run.stderr)

    def test_fault_leaves_what_others_wrote(self):
        run = self.run_kairos(*self.fit(plugin=["CSVLogger:filename=log.csv", MISHAPS + "#Fail"]))
        self.assertEqual(run.returncode, 7)
        self.assertEqual(self.text("log.csv").count("\n"), 2)  # The header, and the epoch that succeeded.


if __name__ == "__main__":
    main()
