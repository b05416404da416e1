# SPDX-License-Identifier: MIT
"""Who decides, writes and talks where several ranks train together, and what is refused before they do.

  agreement_test.py KAIROS MPIRUN ON_RANK"""
import json
import pathlib
import shlex
import signal
import subprocess

import numpy as np

from ranks import ENVIRONMENT, KAIROS, ON_RANK, STARTER, RanksTest, main, words


class AgreementTest(RanksTest):
    def setUp(self):
        super().setUp()
        self.data()

    def on_rank(self, callback="Everywhere", **options):
        return f"{ON_RANK}#com.example.{callback}:" + ",".join(f"{key}={value}" for key, value in options.items())

    def refused(self, settings, code, *sentences, exit_code=2, ranks=2):
        """The error of a run that ends before it trains, told once."""
        run = self.fit(ranks, settings, exit_code=exit_code)
        lines = [line for line in run.stderr.splitlines() if "KAIROS-" in line]
        self.assertEqual(len(lines), 1, run.stderr)
        for text in (code, *sentences):
            self.assertIn(text, lines[0])
        return run

    def test_a_stop_on_one_rank_is_that_of_all(self):
        for batch in (-1, 1):
            run = self.fit(3, self.settings(verbose=2, epochs=9, global_batch_size=8, plugin=self.on_rank(what="stop", rank=2, batch=batch)))
            self.assertIn("Stopped by Everywhere: rank 2 wants it", run.stdout)

    def test_a_learning_rate_that_one_rank_sets_is_that_of_all(self):
        settings = self.settings(plugin=[self.on_rank(what="rate"), "LearningRateMonitor"])
        history = self.results(2, 8, settings)[0]["history"]
        self.assertEqual(history["learning_rate"][-1], 0.125)

    def test_a_callback_of_rank_0_alone_changes_all(self):
        for what in ("rate", "weights", "stop"):
            with self.subTest(what=what):
                settings = self.settings(plugin=self.on_rank("Reporter", what=what, rank=0, batch=1))
                self.compare(self.results(2, 8, settings), self.results(0, 8, settings))

    def test_weights_that_one_rank_writes_are_those_of_all(self):
        expected = self.results(0, 8, self.settings(plugin=self.on_rank(what="weights", rank=0)))
        self.compare(self.results(2, 8, self.settings(plugin=self.on_rank(what="weights", rank=1))), expected)

    def test_different_decisions_end_the_run(self):
        self.refused(self.settings(plugin=self.on_rank(what="rates", rank=-1)), "KAIROS-C040", "on_epoch_end",
                           "callbacks decided differently on two ranks: learning_rate", "0.125 on rank 0 on host",
                           "0.25 on rank 1 on host", exit_code=7)
        self.refused(self.settings(plugin=self.on_rank(what="many_weights", rank=-1)), "KAIROS-C040", "the weights, by their hash",
                     exit_code=7)

    def test_callbacks_exchange_numbers(self):
        for ranks, line in ((0, "1.000000 0.000000 0.000000 0.000000"), (3, "6.000000 0.000000 2.000000 20.000000")):
            run = self.fit(ranks, self.settings(plugin=f"{ON_RANK}#com.example.Adder"))
            self.assertEqual(run.stdout.count(f"Adder: {line}\n"), 3, run.stdout)

    def test_an_exchange_that_not_all_ranks_make(self):
        self.refused(self.settings(plugin=f"{ON_RANK}#com.example.Adder:absent=1"), "does something else than", "Adder: all_reduce",
                     exit_code=7)
        self.refused(self.settings(plugin=f"{ON_RANK}#com.example.Adder:early=true"), "ranks exchange values in on_train_begin",
                     "not in on_backward_end", exit_code=7)

    def test_every_rank_says_who_it_is(self):
        run = self.fit(2, self.settings(plugin=self.on_rank(what="say", rank=-1)))
        self.assertIn("Everywhere: rank 0 is here\n", run.stdout)
        self.assertIn("Everywhere: rank 1 is here (rank 1)\n", run.stdout)

    def test_the_ranks_are_told_once(self):
        run = self.fit(2, self.settings(verbose=2, batch_size=4))
        self.assertIn("2 ranks on 1 host with 1 thread each, batches of 8 samples\n", run.stdout)
        self.assertEqual(run.stdout.count("2 ranks"), 1)
        self.assertEqual(run.stdout.count("Epoch 3/3"), 1)
        self.assertEqual(run.stderr, "")

    def test_two_batch_sizes_are_one_too_many(self):
        run = self.fit(2, self.settings(batch_size=4, global_batch_size=8))
        self.assertEqual(run.stderr.count("--batch-size 4 is not used: --global-batch-size 8 gives the batch of all ranks"), 1)

    def test_a_rank_that_starts_a_validation_differently_is_named(self):
        self.refused(self.settings(validation_split=0.3, plugin=self.on_rank(what="test_rates", rank=-1)), "KAIROS-C040",
                     "on_test_begin", exit_code=7)

    def test_settings_of_ranks_need_ranks(self):
        for key, value in (("global_batch_size", 8), ("rank_timeout", 8), ("sync_batch_norm", True)):
            self.refused(self.settings(**{key: value}), "KAIROS-U111", "Add --distributed", ranks=0)

    def test_more_ranks_than_samples(self):
        self.refused(self.settings(global_batch_size=2), "KAIROS-U112", "at least 3", ranks=3)

    def test_what_cannot_be_trained_on_ranks(self):
        self.refused(self.settings(plugin=self.on_rank("Meddler").rstrip(":")), "KAIROS-O060", "would run on rank 0 alone",
                     exit_code=3)
        self.refused(self.settings(plugin="BackupAndRestore:backup_dir=b"), "KAIROS-O060", "--resume", exit_code=3)
        model = {"class_name": "Sequential", "config": {"name": "m", "layers": [
            {"class_name": "InputLayer", "config": {"name": "in", "batch_shape": [None, 5]}},
            {"class_name": "Dense", "config": {"name": "a", "units": 3, "activation": "softmax", "activity_regularizer": "l2"}}]}}
        (self.directory / "model.json").write_text(json.dumps(model))
        self.refused(self.settings(model="model.json"), "KAIROS-M143", "activity_regularizer", exit_code=5)
        self.assertEqual(self.fit(1, self.settings(model="model.json")).stderr, "")
        self.refused(self.settings(model="dense(1,sigmoid)", loss="mse", metrics="dice"), "KAIROS-M143",
                     "the metric dice, one value of a whole batch", exit_code=5)

    def test_a_part_of_a_batch_is_not_all_of_it(self):
        run = self.fit(2, self.settings(plugin=f"{ON_RANK}#com.example.Reader:training=true"))
        self.assertIn("it runs on rank 0 alone, which has only its part of this batch", run.stderr)

    def test_a_wrong_setting_is_told_once(self):
        self.refused(self.settings(loss="mse_of_nothing"), "KAIROS-M030", exit_code=5)
        self.refused(self.settings(epoch=3), "KAIROS-U001")

    def test_ranks_with_other_settings_or_data_are_refused(self):
        np.savez(self.directory / "other.npz", x=np.ones((37, 5), np.float32), y=np.zeros(37, np.float32))
        for change, named in (({"seed": 8}, "--seed"), ({"data": "other.npz"}, "--data")):
            with self.subTest(change=change):
                one, two = (words(self.settings(**more)) for more in ({}, change))
                run = subprocess.run([*STARTER, "-n", "1", KAIROS, "fit", *one, "--distributed", ":", "-n", "1", KAIROS, "fit",
                                      *two, "--distributed"], cwd=self.directory, capture_output=True, text=True, timeout=60,
                                     env=ENVIRONMENT)
                self.assertEqual(run.returncode, 2, run.stderr)
                self.assertEqual(run.stderr.count("KAIROS-U113"), 1)
                self.assertRegex(run.stderr, f"KAIROS-U113: {named}: rank 1 on host .* has another value; found ")

    def test_processes_without_distributed_are_warned(self):
        run = subprocess.run([*STARTER, "-n", "2", KAIROS, "fit", *words(self.settings())], cwd=self.directory,
                             capture_output=True, text=True, timeout=60, env=ENVIRONMENT)
        self.assertIn("2 processes were started, and each trains alone; --distributed makes them the ranks", run.stderr)

    def test_another_number_of_ranks_goes_on(self):
        settings = {**self.settings(epochs=6, metrics="accuracy,auc", validation_split=0.2), "run_dir": "run",
                    "checkpoint_every": "1batches", "plugin": "EarlyStopping:monitor=loss,patience=5"}
        whole = self.results(0, 8, {**settings, "run_dir": "whole"})
        stops = {**settings, "plugin": [settings["plugin"], self.on_rank(what="signal", rank=1, epoch=2, batch=1)],
                 "global_batch_size": 8}
        self.fit(2, stops, exit_code=128 + signal.SIGTERM)
        more = {"resume": "run", "global_batch_size": 8, "history": "out.json", "save_weights": "out.npz"}
        self.fit(3, more)
        with np.load(self.directory / "out.npz") as weights:
            found = json.loads((self.directory / "out.json").read_text()), [weights[key] for key in weights]
        self.compare(found, whole)

    def test_the_page_runs(self):
        """The command for a laptop, unchanged but for the paths of the programs and what a small machine needs."""
        root = pathlib.Path(__file__).resolve().parents[2]
        page = (root / "host" / "doc" / "distributed.md").read_text()
        command = shlex.split(page.split("```sh\n")[1].split("```")[0].replace("\\\n", " "))
        self.assertEqual([command[0], command[3], command[4]], ["mpirun", "kairos", "fit"])
        (self.directory / "samples").symlink_to(root / "samples")
        run = subprocess.run([*STARTER, *command[1:3], KAIROS, *command[4:]], cwd=self.directory, capture_output=True, text=True,
                             timeout=120, env=ENVIRONMENT)
        self.assertEqual(run.returncode, 0, run.stderr)
        line = page.split("```\n2 ranks")[1].split("\n")[0]
        self.assertIn("2 ranks" + line, run.stdout)
        accuracy = json.loads((self.directory / "run" / "history.json").read_text())["history"]["val_accuracy"]
        self.assertGreater(accuracy[-1], 0.6)


main()
