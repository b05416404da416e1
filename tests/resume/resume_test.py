# SPDX-License-Identifier: MIT
"""--resume as a user sees it: what it prints, what it refuses, and what it never loses."""
import json
import os
import signal
import subprocess
import time

from resuming import KAIROS, KILLER

from program import ProgramTest, main


class Resume(ProgramTest):
    PLUGINS = ["EarlyStopping:monitor=loss,patience=50", "CSVLogger:filename=log.csv",
               "ModelCheckpoint@last:filepath=last.keras", "ModelCheckpoint@best:filepath=best.keras,monitor=loss,save_best_only=true"]

    def words(self, **changes):
        return self.fit(**{"run_dir": "run", "epochs": 4, "checkpoint_every": "1epoch", "save_weights": "end.npz",
                           "model": "dense(4,tanh) dropout(0.2) dense(2,softmax)", "plugin": self.PLUGINS, **changes})

    def kill_at(self, at, *words):
        """Runs until the killer's hook number `at`."""
        run = subprocess.run([KAIROS, *map(str, words)], cwd=self.directory, capture_output=True, text=True, timeout=60,
                             env={**os.environ, "KAIROS_TEST_KILL_AT": str(at), "KAIROS_TEST_KILL_LATER": "1"})
        self.assertEqual(run.returncode, -signal.SIGKILL, run.stderr)

    def killed(self, at=40, **changes):
        changes = {**changes, "plugin": [*changes.get("plugin", self.PLUGINS), KILLER]}
        self.kill_at(at, *self.words(**changes))
        return self.words(**changes, resume="auto")

    def checkpoints(self):
        return sorted(path.name for path in (self.directory / "run" / "run_checkpoint").glob("*.checkpoint"))

    def test_auto_begins_goes_on_and_does_nothing(self):
        words = self.words(resume="auto")
        self.assertEqual(self.kairos(*words), "")
        expected = (self.directory / "end.npz").read_bytes(), self.text("run/history.json")
        for again in (words, ["fit", "--resume", "run"]):
            self.assertEqual(self.kairos(*again), "The run in run is finished (4 epochs; --epochs with a larger number goes on).\n")
        self.assertEqual(((self.directory / "end.npz").read_bytes(), self.text("run/history.json")), expected)

    def test_killed_run_goes_on_with_its_directory_alone(self):
        words = self.killed(plugin=self.PLUGINS)
        out = self.kairos("fit", "--resume", "run", "--verbose", 2)
        self.assertRegex(out, r"^resuming /\S+/run after the end of epoch \d; with --verbose 2 instead of 0\n")
        self.assertEqual(self.text("run/log.csv").count("\n"), 5)
        self.assertEqual(json.loads(self.text("run/history.json"))["epoch"], [0, 1, 2, 3])
        self.assertIn("is finished", self.kairos(*words))

    def test_more_epochs_and_another_verbosity_are_applied_and_listed(self):
        self.kairos(*self.words())
        out = self.kairos(*self.words(resume="auto", epochs=6, save_weights="longer.npz"))
        self.assertRegex(out, r"^resuming \S+ after the end of epoch 4; with --epochs 6 instead of 4, --save-weights \S*longer.npz instead of "
                              r"\S*end.npz\n$")
        self.kairos(*self.words(epochs=6, run_dir="whole", save_weights="whole.npz"))
        self.assertEqual((self.directory / "longer.npz").read_bytes(), (self.directory / "whole.npz").read_bytes())
        self.assertEqual(self.text("run/history.json"), self.text("whole/history.json"))
        self.assertEqual(self.text("run/log.csv"), self.text("whole/log.csv"))
        self.assertIn("--epochs 6", " ".join(map(str, self.words(epochs=6))))
        self.assertEqual(json.loads(self.text("run/run.json"))["epochs"], 6)

    def refused(self, words, code, *parts):
        before = self.files()
        run = self.run_kairos(*words)
        self.assertEqual(run.returncode, code, run.stderr + run.stdout)
        for part in parts:
            self.assertIn(part, run.stderr)
        self.assertEqual(self.files(), before)

    def test_other_settings_are_refused_with_both_values(self):
        self.killed()
        plugins = [*self.PLUGINS, KILLER]
        where = f"the run in {self.directory.resolve()}/run has another setting"
        for changes, parts in (({"batch_size": 5}, ["--batch-size", "found 5, expected 4"]), ({"seed": 8}, ["--seed", "found 8, expected 7"]),
                               ({"shuffle": "batch"}, ["--shuffle", "found batch, expected true"]),
                               ({"optimizer": "sgd"}, ["--optimizer", "found sgd, expected none"]),
                               ({"initial_epoch": 2}, ["--initial-epoch", "found 2, expected 0"]),
                               ({"model": "dense(2,softmax)"}, ["--model", "found dense(2,softmax), expected dense(4,tanh)"]),
                               ({"plugin": self.PLUGINS}, ["--plugin"]), ({"data": "other.csv"}, ["--data"])):
            with self.subTest(changes):
                self.refused(self.words(**{"plugin": plugins, **changes}, resume="auto"), 2, "KAIROS-U091: ", *parts)
        self.refused(self.words(plugin=plugins, epochs=1, resume="auto"), 2, "KAIROS-U091: --epochs: the run is further already; found 1, expected more")

    def test_other_data_are_refused_with_both_hashes(self):
        words = self.killed()
        text = self.text("data.csv")
        self.put("data.csv", text.replace("0.25,2.0,1", "0.25,2.1,1"))
        self.refused(words, 2, "KAIROS-U090: the data: the run cannot go on with another value; found 10 samples with the hash ",
                     "expected 10 samples with the hash ")
        self.put("data.csv", text + "1,1,0\n")
        self.refused(words, 2, "KAIROS-U090", "found 11 samples", "expected 10 samples")
        self.put("data.csv", text)
        self.kairos(*words)

    def test_without_a_run_there_is_nothing_to_resume(self):
        self.refused(["fit", "--resume", "nothing"], 6, "nothing/run.json")
        self.refused(self.fit(resume="auto"), 2, "KAIROS-U005: --run-dir: this setting is missing. --resume auto goes on with the run in --run-dir.")
        killed = [*self.PLUGINS, KILLER]
        self.kill_at(30, *self.words(checkpoint_every="off", plugin=killed))
        self.assertFalse((self.directory / "run" / "run_checkpoint").exists())
        self.refused(["fit", "--resume", "run"], 2, "KAIROS-U092: --resume", "there is no run checkpoint to go on from. The run ended before its "
                                                    "first one: begin it again with its command line.")
        self.refused(["fit", "--resume", "run", "--run-dir", "other"], 2, "KAIROS-U094: --resume run: the run has another directory; found --run-dir other")
        self.refused(self.words(checkpoint_every="often"), 2, "KAIROS-U003: --checkpoint-every: this is no interval; found often, expected a time")

    def test_finished_run_without_run_checkpoints_is_finished(self):
        self.kairos(*self.words(checkpoint_every="off"))
        for words in (["fit", "--resume", "run"], self.words(checkpoint_every="off", resume="auto")):
            self.assertEqual(self.kairos(*words), "The run in run is finished.\n")
        self.refused(self.words(checkpoint_every="off", resume="auto", epochs=9), 2, "KAIROS-U092: --resume ", "the run is finished, and has no "
                     "run checkpoint to go on from. Begin a new run in another directory.")

    def test_run_checkpoints_without_their_record_are_not_begun_over(self):
        words = self.killed()
        (self.directory / "run" / "run.json").unlink()
        self.refused(words, 2, "KAIROS-U092: --resume ", "run.json is missing beside the run checkpoints. Put it back, or remove the folder "
                               "run_checkpoint to begin again.")

    def test_damaged_checkpoint_falls_back_to_the_one_before_it(self):
        words = self.killed(at=44)
        self.assertEqual(len(self.checkpoints()), 2)
        newest = self.directory / "run" / "run_checkpoint" / self.checkpoints()[-1]
        newest.write_bytes(newest.read_bytes()[:-20] + b"x" * 20)
        run = self.run_kairos(*words)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("warning: KAIROS-F090: ", run.stderr)
        self.assertIn("The one before it is tried", run.stderr)
        self.kairos(*self.words(run_dir="whole", save_weights="whole.npz"))
        self.assertEqual((self.directory / "end.npz").read_bytes(), (self.directory / "whole.npz").read_bytes())
        self.assertEqual(self.text("run/log.csv"), self.text("whole/log.csv"))

    def test_all_checkpoints_damaged(self):
        words = self.killed(at=44)
        for name in self.checkpoints():
            path = self.directory / "run" / "run_checkpoint" / name
            path.write_bytes(b"\0" * 100)
        run = self.run_kairos(*words)
        self.assertEqual(run.returncode, 6)
        self.assertRegex(run.stderr, r"KAIROS-F090: \S+/run_checkpoint: no run checkpoint is whole; found KAIROS-F090: .*[^.]\. Remove this directory, "
                                     r"and begin the run again\.")

    def test_second_process_is_refused_and_a_crash_frees_the_directory(self):
        words = [str(word) for word in self.words(epochs=10 ** 7, verbose=2, resume="auto", plugin=[])]  # nothing stops it
        first = subprocess.Popen([KAIROS, *words], cwd=self.directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 60
            while not self.checkpoints():
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
            self.assertIn("KAIROS-F063", self.run_kairos(*words).stderr)
            self.assertIn("KAIROS-F063", self.run_kairos("fit", "--resume", "run").stderr)
        finally:
            first.kill()
            first.wait()
        code, out, errors = self.signalled(words)
        self.assertEqual(code, 128 + signal.SIGTERM, errors)
        self.assertRegex(out, r"^resuming \S+/run after ")
        self.assertIn("To continue the run, use --resume run", errors)

    def epochs_trained(self):
        history = self.directory / "run" / "history.jsonl"
        return history.read_text().count("\n") if history.exists() else 0

    def signalled(self, words):
        """Exit code, output and errors of a run that gets SIGTERM when it has trained an epoch."""
        before = self.epochs_trained()
        with open(self.directory / "out", "w") as out:
            process = subprocess.Popen([KAIROS, *words], cwd=self.directory, stdout=out, stderr=subprocess.PIPE, text=True)
        try:
            deadline = time.monotonic() + 60
            while self.epochs_trained() <= before:
                self.assertIsNone(process.poll(), "the run ended before the signal")
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.001)
            process.terminate()
            errors = process.communicate(timeout=60)[1]
            return process.returncode, self.text("out"), errors
        finally:
            process.kill()

    def test_signal_saves_a_checkpoint_and_the_run_goes_on(self):
        self.kairos(*self.words(epochs=3000, run_dir="whole", save_weights="whole.npz"))
        words = [str(word) for word in self.words(epochs=3000, checkpoint_every="1h", verbose=2, resume="auto")]
        for number in range(3):
            code, out, errors = self.signalled(words)
            self.assertEqual(code, 128 + signal.SIGTERM, errors)
            self.assertTrue(self.checkpoints())
            self.assertEqual(out.startswith("resuming "), number > 0, out)
        self.assertRegex(self.kairos(*words), r"^resuming \S+/run ")
        self.assertEqual((self.directory / "end.npz").read_bytes(), (self.directory / "whole.npz").read_bytes())
        self.assertEqual(self.text("run/history.json"), self.text("whole/history.json"))
        self.assertEqual(self.text("run/log.csv"), self.text("whole/log.csv"))

    def test_a_stopped_run_is_finished(self):
        words = self.words(plugin=["EarlyStopping:monitor=loss,patience=0,mode=max"], resume="auto")
        self.kairos(*words)
        out = self.kairos(*self.words(plugin=["EarlyStopping:monitor=loss,patience=0,mode=max"], resume="auto", epochs=9))
        self.assertIn("is finished (stopped by EarlyStopping: ", out)

    def test_initial_epoch_cannot_be_wrong_silently(self):
        self.killed(at=44)
        best = (self.directory / "run" / "best.keras").read_bytes()
        epoch = self.checkpoints()[-1].split("-")[1]
        wrong = int(epoch) + 1
        common = {"model": "run/last.keras", "loss": None, "epochs": 9}
        self.refused(self.words(**common, initial_epoch=wrong), 2, f"KAIROS-U093: --initial-epoch {wrong}: the run in ",
                     f"is at another epoch; found {wrong}, expected {epoch} (its last run checkpoint is of the end of epoch {epoch})",
                     "Use --resume ")
        self.refused(self.words(**common, initial_epoch=wrong, run_dir="other", callback_state="run/run_checkpoint/../callback_state"), 2,
                     "KAIROS-U093")
        self.assertEqual((self.directory / "run" / "best.keras").read_bytes(), best)

    def test_unwritable_checkpoints_are_a_warning_and_at_the_end_an_error(self):
        (self.directory / "run").mkdir()
        self.put("run/run_checkpoint", "in the way")
        run = self.run_kairos(*self.words())
        self.assertEqual(run.returncode, 6)
        self.assertEqual(run.stderr.count("warning: a run checkpoint could not be written"), 1)
        self.assertIn("The training goes on", run.stderr)
        self.assertTrue((self.directory / "end.npz").exists())
        self.assertEqual(json.loads(self.text("run/history.json"))["epoch"], [0, 1, 2, 3])

    def test_many_epochs_leave_few_files(self):
        self.kairos(*self.words(epochs=400, plugin=[]))
        folder = self.directory / "run" / "run_checkpoint"
        self.assertEqual(len(list(folder.iterdir())), 3)
        sizes = {path.stat().st_size for path in folder.glob("*.checkpoint")}
        self.assertLess(max(sizes), 10000)

    def test_new_run_in_the_directory_says_that_the_old_one_goes(self):
        self.killed()
        self.assertTrue(self.checkpoints())
        run = self.run_kairos(*self.words(epochs=1, checkpoint_every="1h"))
        self.assertIn("holds files of an earlier run", run.stderr)
        self.assertEqual(len(self.checkpoints()), 1)
        self.assertEqual(json.loads(self.text("run/history.json"))["epoch"], [0])


class Backup(ProgramTest):
    """BackupAndRestore without a run directory: the same command again and again."""

    def words(self, freq="epoch", killer=True, **changes):
        plugins = ["CSVLogger:filename=log.csv", f"BackupAndRestore:backup_dir=backup,save_freq={freq}"] + [KILLER] * killer
        return self.fit(**{"epochs": 4, "save_weights": "end.npz", "history": "history.json", "plugin": plugins,
                           "model": "dense(4,tanh) dropout(0.2) dense(2,softmax)", **changes})

    def kill_at(self, at, *words):
        run = subprocess.run([KAIROS, *map(str, words)], cwd=self.directory, capture_output=True, text=True, timeout=60,
                             env={**os.environ, "KAIROS_TEST_KILL_AT": str(at), "KAIROS_TEST_KILL_LATER": "1"})
        self.assertEqual(run.returncode, -signal.SIGKILL, run.stderr)

    def results(self):
        return (self.directory / "end.npz").read_bytes(), self.text("history.json"), self.text("log.csv")

    def test_killed_run_goes_on_and_the_backup_goes(self):
        self.kairos(*self.words())
        expected = self.results()
        for freq in ("epoch", "2", "0.00001s"):
            with self.subTest(freq):
                self.kill_at(30, *self.words(freq))
                self.assertTrue((self.directory / "backup" / "run_checkpoint").is_dir())
                out = self.kairos(*self.words(freq))
                self.assertRegex(out, r"^going on with the run in /\S+/backup, after (the end of epoch \d|epoch \d, batch \d)\n$")
                self.assertEqual(self.results(), expected)
                self.assertFalse((self.directory / "backup").exists())

    def test_other_data_settings_and_a_damaged_backup_are_refused_before_training(self):
        self.kill_at(30, *self.words())
        where = f"the run in {self.directory.resolve()}/backup"
        before = self.files()

        def refused(words, code, *parts):
            run = self.run_kairos(*words)
            self.assertEqual(run.returncode, code, run.stderr + run.stdout)
            for part in parts:
                self.assertIn(part, run.stderr)
            self.assertEqual(self.files(), before)

        refused(self.words(seed=8), 2, f"KAIROS-U090: --seed: {where} cannot go on with another value; found 8, expected 7")
        refused(self.words(optimizer="sgd"), 2, f"KAIROS-U090: the model: {where} cannot go on")
        refused(self.words(epochs=1), 2, "KAIROS-U090: --epochs: ", "is further already; found 1")
        text = self.text("data.csv")
        self.put("data.csv", text.replace("0.25,2.0,1", "0.25,2.1,1"))
        before = self.files()
        refused(self.words(), 2, f"KAIROS-U090: the data: {where} cannot go on with another value; found 10 samples with the hash ")
        self.put("data.csv", text)
        for path in (self.directory / "backup" / "run_checkpoint").glob("*.checkpoint"):
            path.write_bytes(b"\0" * 100)
        before = self.files()
        refused(self.words(), 3, "BackupAndRestore", "setup failed: KAIROS-F090")

    def test_a_signal_saves_and_the_same_command_goes_on(self):
        self.kairos(*self.words(epochs=300, killer=False))
        expected = self.results()
        words = [str(word) for word in self.words(freq="1h", epochs=300, killer=False)]
        for _ in range(3):
            process = subprocess.Popen([KAIROS, *words], cwd=self.directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.08)
            process.terminate()
            process.wait(timeout=60)
        self.kairos(*words)
        self.assertEqual(self.results(), expected)

    def test_an_interrupt_names_the_backup(self):
        words = [str(word) for word in self.words(epochs=10 ** 7, killer=False)]
        process = subprocess.Popen([KAIROS, *words], cwd=self.directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while not list(self.directory.glob("backup/run_checkpoint/*.checkpoint")):
            time.sleep(0.01)
        process.terminate()
        _, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 128 + signal.SIGTERM)
        self.assertIn(f"The run is saved in {self.directory.resolve()}/backup, and the same command goes on with it", errors)

    def test_second_process_is_refused(self):
        words = [str(word) for word in self.words(epochs=10 ** 7, killer=False)]
        first = subprocess.Popen([KAIROS, *words], cwd=self.directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while not list(self.directory.glob("backup/run_checkpoint/*.checkpoint")):
                time.sleep(0.01)
            run = self.run_kairos(*self.words(epochs=10 ** 7, killer=False, save_weights="other.npz", history="other.json"))
            self.assertEqual(run.returncode, 3)
            self.assertIn("KAIROS-F063", run.stderr)
            self.assertIn("another run writes its run checkpoints to this directory", run.stderr)
        finally:
            first.kill()
            first.wait()

    def test_resume_of_the_run_directory_wins(self):
        common = {"run_dir": "run", "checkpoint_every": "1epoch", "resume": "auto"}
        self.kairos(*self.words(killer=False))
        expected = (self.directory / "end.npz").read_bytes()
        self.kill_at(30, *self.words(**common))
        self.assertTrue((self.directory / "run" / "backup" / "run_checkpoint").is_dir())
        out = self.kairos(*self.words(**common))
        self.assertNotIn("going on with the run in", out)
        self.assertEqual((self.directory / "end.npz").read_bytes(), expected)
        self.assertFalse((self.directory / "run" / "backup").exists())
        self.assertIn("KAIROS-O031", self.run_kairos(*self.words(run_dir="other", plugin=["BackupAndRestore:backup_dir=."])).stderr)


if __name__ == "__main__":
    main()
