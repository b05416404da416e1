# SPDX-License-Identifier: MIT
"""However a training ends, its results are written: each kind of end with each result.

  endings_test.py KAIROS MISHAPS"""
import json
import os
import pathlib
import shutil
import signal
import subprocess

import numpy as np

from program import KAIROS, MISHAPS, ProgramTest, main

ENDER = pathlib.Path(MISHAPS).parents[1] / "ending" / "ender.so"
RESULTS = {"save_model": "out/m.keras", "save_weights": "out/w.npz", "history": "out/h.json", "run_dir": "run"}
FILES = ["out/m.keras", "out/w.npz", "out/h.json", "run/history.json", "run/history.jsonl", "run/callback_state", "run/run.json"]
KEEPER = "EarlyStopping:monitor=loss,patience=9"


def ender(hook, **options):
    return f"{ENDER}:hook={hook}" + "".join(f",{key}={value}" for key, value in options.items())


class EndingTest(ProgramTest):
    def end(self, *plugins, code, **changes):
        """Standard error of a fit with all results, which must end with this exit code."""
        for name in ("out", "run"):
            shutil.rmtree(self.directory / name, ignore_errors=True)
        (self.directory / "out").mkdir()
        run = self.run_kairos(*self.fit(**{**RESULTS, "plugin": [KEEPER, *plugins], "validation_split": 0.2, **changes}))
        self.assertEqual(run.returncode, code, run.stderr)
        return run.stderr

    def check_files(self, epochs, missing=(), **changes):
        """All results but `missing` exist, are complete, and have this number of epochs."""
        for name in FILES:
            self.assertEqual((self.directory / name).exists(), name not in missing, name)
        for name in ("out/h.json", "run/history.json"):
            if name not in missing:
                self.assertEqual(json.loads(self.text(name))["epoch"], list(range(epochs)))
        lines = [json.loads(line) for line in self.text("run/history.jsonl").splitlines()]
        self.assertEqual([line["epoch"] for line in lines], list(range(epochs)))
        if "out/m.keras" not in missing:
            self.kairos("evaluate", "--model", "out/m.keras", "--data", "data.csv", "--target", "label")
        if "out/w.npz" not in missing:
            self.assertGreater(len(np.load(self.directory / "out/w.npz").files), 0)
        if epochs > 0 and not {"out/m.keras", "run/callback_state"} & set(missing):
            self.kairos(*self.fit(model="out/m.keras", loss=None, epochs=epochs + 1, initial_epoch=epochs, plugin=KEEPER,
                                  callback_state="run/callback_state", **changes))


class FailingHooks(EndingTest):
    def test_failure_in_any_hook_saves_everything_with_the_exit_code_of_a_callback(self):
        for hook, after, epochs in (("on_epoch_begin", 1, 1), ("on_train_batch_begin", 3, 1), ("on_backward_end", 3, 1),
                                    ("on_train_batch_end", 3, 1), ("on_test_begin", 1, 1), ("on_test_batch_begin", 1, 1),
                                    ("on_test_batch_end", 1, 1), ("on_test_end", 1, 1), ("on_epoch_end", 1, 1), ("on_train_end", 0, 3),
                                    ("teardown", 0, 3), ("state_save", 0, 3), ("state_save", 1, 3)):
            with self.subTest(hook):
                # Run checkpoints save states too; here they are saved at the end only.
                error = self.end(ender(hook, good=after), code=7, checkpoint_every="off")
                self.assertIn(f"KAIROS-C001: Ender ({ENDER}): {hook} failed", error)
                self.assertIn(": the disk is gone. Add on_error=disable to this plugin to go on without it when it fails. "
                              "Saved: out/m.keras, out/w.npz, out/h.json, run", error)
                self.check_files(epochs)

    def test_failure_when_another_callback_saves_is_that_of_the_one_that_fails(self):
        error = self.end("ModelCheckpoint:filepath=c.keras", ender("on_checkpoint_saved", good=1), code=7)
        self.assertIn(f"KAIROS-C001: Ender ({ENDER}): on_checkpoint_saved failed in epoch 2: the disk is gone.", error)
        self.check_files(1)

    def test_failure_before_anything_is_trained_saves_nothing(self):
        for hook, code in (("setup", 3), ("on_train_begin", 7)):
            error = self.end(ender(hook), code=code)
            self.assertIn(f"{hook} failed", error)
            self.assertNotIn("Saved:", error)
            self.assertEqual(os.listdir(self.directory / "out"), [])

    def test_state_of_the_others_is_kept_when_one_cannot_be_saved(self):
        self.end(ender("state_save"), code=7)
        kept = (self.directory / "run/callback_state").read_bytes()
        self.assertIn(b"kairos.EarlyStopping", kept)
        self.assertNotIn(b"com.example.Ender", kept)

    def test_policy_for_a_state_that_cannot_be_saved_at_the_end_applies_once(self):
        error = self.end(ender("state_save", on_error="warn"), code=0, checkpoint_every="off")
        self.assertEqual(error.count("the disk is gone"), 1, error)
        self.assertIn("warning: Ender: failed once in this run\n", error)
        self.check_files(3)

    def test_state_that_a_run_checkpoint_cannot_save_ends_the_run_with_everything_else_saved(self):
        error = self.end(ender("state_save"), code=7, checkpoint_every="1epochs")
        self.assertRegex(error, r"state_save failed in epoch 1: the disk is gone\..* Saved: out/m\.keras, out/w\.npz, out/h\.json, run")
        for name in FILES:
            if name != "run/history.jsonl":
                self.assertTrue((self.directory / name).exists(), name)

    def test_disk_that_is_gone_late_in_the_run_costs_only_the_checkpoint(self):
        """A checkpoint's place becomes a file: everything else, which is elsewhere, is written."""
        (self.directory / "out").mkdir()
        program = subprocess.Popen([KAIROS, *self.fit(**{**RESULTS, "epochs": 100000, "run_dir": "run", "plugin": [
            "ModelCheckpoint:filepath=ck/m.keras", KEEPER.replace("patience=9", "patience=100000")]})],
            cwd=self.directory, stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (program.poll() is None and program.kill(), program.communicate()))
        place = self.directory / "run/ck"
        while not (place / "m.keras").exists():
            self.assertIsNone(program.poll())
        while place.is_dir():
            shutil.rmtree(place, ignore_errors=True)
        place.write_text("")
        error = program.communicate(timeout=60)[1]
        self.assertEqual(program.returncode, 7, error)
        self.assertRegex(error, r"KAIROS-C001: ModelCheckpoint .* Saved: out/m\.keras, out/w\.npz, out/h\.json, run")
        for name in FILES:
            self.assertTrue((self.directory / name).exists(), name)


class Crashes(EndingTest):
    """The process ends without any chance to save: what was finished is there already."""

    def test_crash_and_kill_at_the_end_lose_nothing(self):
        for hook in ("on_train_end", "teardown"):
            for how, code in (("crash", -signal.SIGSEGV), ("kill", -signal.SIGKILL), ("leave", 0)):
                with self.subTest(f"{hook} {how}"):
                    error = self.end(ender(hook, how=how), code=code)
                    if how == "crash":
                        self.assertIn("Ender", error)
                    self.check_files(3)

    def test_crash_while_the_state_is_saved_at_the_end_costs_only_the_state(self):
        self.end(ender("state_save", how="crash"), code=-signal.SIGSEGV, checkpoint_every="off")
        self.check_files(3, missing=["run/callback_state"])

    def test_hook_that_never_returns_at_the_end_loses_nothing(self):
        for hook in ("on_train_end", "teardown"):
            (self.directory / "out").mkdir(exist_ok=True)
            shutil.rmtree(self.directory / "run", ignore_errors=True)
            program = subprocess.Popen([KAIROS, *self.fit(**RESULTS, validation_split=0.2, plugin=[KEEPER, ender(hook, how="stay")])],
                                       cwd=self.directory)
            self.addCleanup(lambda: (program.poll() is None and program.kill(), program.wait()))
            while not (self.directory / "run/callback_state").exists():
                self.assertIsNone(program.poll())
            with self.assertRaises(subprocess.TimeoutExpired):
                program.wait(0.3)
            program.kill()
            program.wait()
            self.check_files(3)
            shutil.rmtree(self.directory / "out")

    def test_kill_in_the_middle_keeps_the_curve(self):
        self.end(ender("on_epoch_begin", how="kill", good=2), code=-signal.SIGKILL)
        self.assertEqual([json.loads(line)["epoch"] for line in self.text("run/history.jsonl").splitlines()], [0, 1])
        self.assertFalse((self.directory / "run/history.json").exists())


class ChangedAtTheEnd(EndingTest):
    def test_weights_that_on_train_end_restores_are_those_that_are_saved(self):
        best = "EarlyStopping@best:monitor=loss,mode=max,patience=1,restore_best_weights=true"
        self.end(best, code=0, epochs=5)
        whole = np.load(self.directory / "out/w.npz")
        self.kairos(*self.fit(epochs=1, validation_split=0.2, save_weights="first.npz"))
        first = np.load(self.directory / "first.npz")
        self.assertEqual(sorted(whole.files), sorted(first.files))
        for key in whole.files:
            np.testing.assert_array_equal(whole[key], first[key])
        self.end(best, ender("teardown", how="kill"), code=-signal.SIGKILL, epochs=5)
        for key in whole.files:
            np.testing.assert_array_equal(np.load(self.directory / "out/w.npz")[key], first[key])

    def test_results_are_written_once_where_the_end_changes_nothing(self):
        """Temporary names are all renamed: each result has one."""
        log = subprocess.run(["strace", "-f", "-e", "trace=rename,renameat,renameat2,linkat", KAIROS,
                              *self.fit(**{**RESULTS, "plugin": KEEPER})],
                             cwd=self.directory, capture_output=True, text=True, timeout=120) if shutil.which("strace") else None
        if log is None:
            self.skipTest("strace is not installed")
        self.assertEqual(log.stderr.count("m.keras\""), 1, log.stderr)


class OtherFaults(EndingTest):
    def test_bad_value_in_the_middle_of_a_stream(self):
        rows = "".join(f"{i % 7},{i % 3},{i % 2}\n" for i in range(400))
        self.put("bad.csv", "width,height,label\n" + rows + "1,x,0\n")
        error = self.end(code=4, data="bad.csv", stream="true", buffer_size=1, shuffle="false", validation_split=None)
        self.assertRegex(error, r"^KAIROS-D\d+: bad\.csv:402.* Saved: out/m\.keras, out/w\.npz, out/h\.json, run")
        self.check_files(0)

    def limited(self, kilobytes, **changes):
        (self.directory / "out").mkdir(exist_ok=True)
        return subprocess.run(["bash", "-c", f'ulimit -f {kilobytes}; exec "$@"', "bash", KAIROS,
                               *self.fit(**{**RESULTS, "plugin": KEEPER, **changes})],
                              cwd=self.directory, capture_output=True, text=True, timeout=60)

    def test_disk_that_is_too_full_for_the_model_keeps_the_other_results(self):
        run = self.limited(64, model="dense(8000,tanh) dense(2,softmax)")
        self.assertEqual(run.returncode, 6, run.stderr)
        self.assertRegex(run.stderr, r"KAIROS-F005: out/m\.keras: cannot write the file; found File too large, expected a writable "
                                     r"location\. Free some space or choose another disk\.\n$")
        self.assertEqual(json.loads(self.text("out/h.json"))["epoch"], [0, 1, 2])
        for name in ("run/history.json", "run/callback_state"):
            self.assertTrue((self.directory / name).exists(), name)
        self.assertEqual([name for name in os.listdir(self.directory / "out") if name.startswith(".kairos")], [])

    def test_history_that_cannot_grow_is_one_warning_and_the_run_goes_on(self):
        run = self.limited(4, epochs=300, save_model=None, save_weights=None, history=None)
        self.assertEqual(run.returncode, 6, run.stderr)
        self.assertEqual(run.stderr.count("history.jsonl: cannot write the file"), 1, run.stderr)
        self.assertIn("Training goes on, and the next epoch tries again; history.json is written at the end\n", run.stderr)
        self.assertIn("KAIROS-F005: " + str(self.directory / "run/history.json"), run.stderr)
        self.assertTrue(self.text("run/history.jsonl").endswith("}\n"))

    def test_result_whose_place_is_gone_costs_only_itself(self):
        error = self.end(ender("on_epoch_end", how="fail", good=2), code=7)
        self.assertIn("Saved: out/m.keras", error)
        (self.directory / "out").mkdir(exist_ok=True)
        program = subprocess.Popen([KAIROS, *self.fit(**{**RESULTS, "epochs": 100000000, "save_weights": "other/w.npz"})],
                                   cwd=self.directory, stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (program.poll() is None and program.kill(), program.communicate()))
        os.makedirs(self.directory / "other", exist_ok=True)
        while '"epoch":9' not in self.text("run/history.jsonl"):
            self.assertIsNone(program.poll())
        os.rmdir(self.directory / "other")
        (self.directory / "other").write_text("")
        program.send_signal(signal.SIGTERM)
        error = program.communicate(timeout=60)[1]
        self.assertEqual(program.returncode, 6, error)
        self.assertIn("KAIROS-F006: other: cannot create the directory", error)
        self.assertGreater(len(json.loads(self.text("out/h.json"))["epoch"]), 9)
        self.kairos("evaluate", "--model", "out/m.keras", "--data", "data.csv", "--target", "label")


if __name__ == "__main__":
    main()
