# SPDX-License-Identifier: MIT
"""Signals that end a run, timers that interrupt its computation, and callbacks that affect the process."""
import contextlib
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import numpy as np

from program import KAIROS, MISHAPS, ProgramTest, main

MEDDLERS = pathlib.Path(MISHAPS).parents[1] / "meddling" / "meddlers.so"
WAITING = "warning: {}: waiting for {} of {} ({}), again to quit now\n"
STOPPING = "warning: {}: stopping after this batch, again to quit now\n"
ENDLESS = 100000000


def meddler(**options):
    return f"{MEDDLERS}#Meddler:" + ",".join(f"{key}={value}" for key, value in options.items())


class RunningTest(ProgramTest):
    def start(self, *arguments, **options):
        program = subprocess.Popen([KAIROS, *map(str, arguments)], cwd=self.directory, stderr=subprocess.PIPE, text=True,
                                   **{"stdout": subprocess.PIPE, **options})
        self.addCleanup(lambda: (program.poll() is None and program.kill(), program.communicate()))
        return program

    def wait_for(self, condition):
        deadline = time.monotonic() + 30
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    def wait_for_lines(self, name, count):
        file = self.directory / name
        self.wait_for(lambda: file.exists() and file.read_text().count("\n") >= count)

    def start_endless(self, *more, **changes):
        program = self.start(*self.fit(epochs=ENDLESS, run_dir="run", plugin="CSVLogger:filename=log.csv", **changes), *more)
        self.wait_for_lines("run/log.csv", 3)
        return program

    def wait_for_the_run(self, record):
        """Until it has begun, and a little longer, so that it is inside a slow hook."""
        self.wait_for(lambda: (self.directory / record).exists())
        time.sleep(0.5)

    def end(self, program, number, seconds=20):
        program.send_signal(number)
        return program.communicate(timeout=seconds)[1]


class Ends(RunningTest):
    def test_each_signal_that_asks_for_an_end_saves_and_says_so_at_once(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
            program = self.start_endless(save_model="m.keras")
            error = self.end(program, number)
            self.assertEqual(program.returncode, 128 + number, error)
            self.assertIn(STOPPING.format(number.name), error)
            self.assertRegex(error, rf"warning: interrupted by {number.name} before the end of epoch \d+ of {ENDLESS}; "
                                    r"saved: m\.keras, run\. To continue the run, use --resume run\n$")
            self.assertTrue((self.directory / "m.keras").exists())
            shutil.rmtree(self.directory / "run")
            os.remove(self.directory / "m.keras")

    def test_hangup_that_was_ignored_at_the_start_stays_ignored_but_not_an_interrupt(self):
        def ignore():
            for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
        program = self.start(*self.fit(epochs=ENDLESS, run_dir="run", plugin="CSVLogger:filename=log.csv"), preexec_fn=ignore)
        self.wait_for_lines("run/log.csv", 3)
        for number in (signal.SIGHUP, signal.SIGUSR1):
            program.send_signal(number)
        lines = self.text("run/log.csv").count("\n")
        self.wait_for_lines("run/log.csv", lines + 10)
        self.assertIsNone(program.poll())
        error = self.end(program, signal.SIGINT)
        self.assertEqual(program.returncode, 130, error)
        self.assertNotIn("SIGHUP", error)

    def test_signals_that_were_blocked_at_the_start_are_taken(self):
        program = self.start(*self.fit(epochs=ENDLESS, run_dir="run", plugin="CSVLogger:filename=log.csv"),
                             preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]))
        self.wait_for_lines("run/log.csv", 3)
        self.end(program, signal.SIGTERM)
        self.assertEqual(program.returncode, 143)

    def test_same_signal_twice_within_a_second_is_one_wish_and_later_quits(self):
        program = self.start_endless(model="dense(4,tanh) dense(2,softmax)", save_model="m.keras", verbose=0)
        for _ in range(3):
            program.send_signal(signal.SIGINT)
        error = program.communicate(timeout=20)[1]
        self.assertEqual(program.returncode, 130)
        self.assertEqual(error.count("again to quit now"), 1)
        self.assertTrue((self.directory / "m.keras").exists())

        hanging = self.start(*self.fit(plugin=meddler(what="hang", **{"from": 1}), save_model="n.keras", run_dir="hung"))
        self.wait_for_the_run("hung/run.json")
        hanging.send_signal(signal.SIGINT)
        time.sleep(0.2)
        hanging.send_signal(signal.SIGINT)
        time.sleep(1.2)
        self.assertIsNone(hanging.poll())
        error = self.end(hanging, signal.SIGINT)
        self.assertEqual(hanging.returncode, 130)
        self.assertEqual(error, STOPPING.format("SIGINT") + WAITING.format("SIGINT", "on_epoch_end", "Meddler", MEDDLERS) +
                         "warning: SIGINT again: quitting now; not written: n.keras, hung. Files that callbacks "
                         "saved are kept\n")
        self.assertFalse((self.directory / "n.keras").exists())

    def test_signal_during_a_validation_ends_it_after_the_batch(self):
        np.save(self.directory / "x.npy", np.zeros((2000, 2), "f4"))
        np.save(self.directory / "y.npy", np.zeros(2000, "i4"))
        program = self.start(*self.fit(plugin=meddler(what="sleep", hook="test_batch_end"), validation_data="x.npy",
                                       validation_target="y.npy", validation_batch_size=1, save_model="m.keras", data="x.npy",
                                       target="y.npy", model="dense(2,softmax)", run_dir="run"))
        self.wait_for_the_run("run/run.json")
        begin = time.monotonic()
        error = self.end(program, signal.SIGTERM)
        self.assertLess(time.monotonic() - begin, 10)
        self.assertEqual(program.returncode, 143, error)
        self.assertIn("interrupted by SIGTERM before the end of epoch 1 of 3; saved: m.keras, run. To continue the run, use "
                      "--resume run\n", error)
        self.assertTrue((self.directory / "m.keras").exists())

    def test_signal_ends_an_evaluation_and_a_prediction_without_a_result(self):
        np.save(self.directory / "x.npy", np.zeros((2000, 2), "f4"))
        np.save(self.directory / "y.npy", np.zeros(2000, "i4"))
        self.kairos(*self.fit(save_model="m.keras", data="x.npy", target="y.npy", epochs=1))
        for command, hook in ((["evaluate", "--target", "y.npy"], "test_batch_end"), (["predict", "--out", "p.npy"], "predict_batch_end")):
            program = self.start(*command, "--model", "m.keras", "--data", "x.npy", "--batch-size", 1,
                                 "--run-dir", "run", "--plugin", meddler(what="sleep", hook=hook))
            self.wait_for_the_run(f"run/{command[0]}.json")
            program.send_signal(signal.SIGHUP)
            output, error = program.communicate(timeout=20)
            self.assertEqual((program.returncode, output), (129, ""), error)
            self.assertEqual(error, STOPPING.format("SIGHUP") +
                             "warning: interrupted by SIGHUP before the last batch; there is no result\n")
        self.assertFalse((self.directory / "p.npy").exists())

    def test_run_directory_that_was_removed_is_made_again(self):
        program = self.start_endless(save_model="run/m.keras")
        shutil.rmtree(self.directory / "run")
        error = self.end(program, signal.SIGTERM)
        self.assertEqual(program.returncode, 143, error)
        self.assertRegex(error, r"warning: the run directory \S+/run was removed during the run; it is created again for the results, but "
                                r"the files that callbacks wrote into it are lost\n")
        self.assertEqual(sorted(file.name for file in (self.directory / "run").iterdir()), ["callback_state", "history.json", "input_columns.json", "m.keras", "run.json", "run_checkpoint"])
        self.assertEqual(json.loads(self.text("run/run.json"))["epochs"], ENDLESS)
        self.assertIn("saved: run/m.keras, run. To continue the run, use --resume run\n", error)

    def test_reader_that_has_stopped_keeps_no_signal_from_ending_the_run(self):
        reader, full = os.pipe()
        os.set_blocking(full, False)
        for size in (4096, 1):
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(full, b" " * size)
        os.set_blocking(full, True)
        program = self.start(*self.fit(epochs=ENDLESS, verbose=2, run_dir="run", save_model="m.keras"), stdout=full)
        for end in (reader, full):
            self.addCleanup(os.close, end)
        self.wait_for(lambda: int(re.search(r"SigCgt:\t(\w+)", pathlib.Path(f"/proc/{program.pid}/status").read_text())[1], 16)
                      >> (signal.SIGTERM - 1) & 1)
        time.sleep(0.5)  # the training thread now blocks in write, and stdout is locked
        program.send_signal(signal.SIGTERM)
        time.sleep(1.2)
        self.assertIsNone(program.poll())
        program.send_signal(signal.SIGTERM)
        self.assertEqual(program.wait(timeout=10), 128 + signal.SIGTERM)
        self.assertEqual(program.stderr.read(), STOPPING.format("SIGTERM") +
                         "warning: SIGTERM again: quitting now; not written: m.keras, run. Files that callbacks "
                         "saved are kept\n")

    def test_signal_while_the_run_saves_is_answered_with_that(self):
        program = self.start(*self.fit(plugin=meddler(what="wait", hook="teardown"), epochs=1, save_model="m.keras", history="h.json",
                                       run_dir="run"))
        self.wait_for_the_run("run/run.json")
        time.sleep(0.5)
        error = self.end(program, signal.SIGTERM)
        self.assertEqual((program.returncode, error), (0, "warning: SIGTERM: saving, again to quit now\n" +
                                                       WAITING.format("SIGTERM", "teardown", "Meddler", MEDDLERS)))
        self.assertTrue((self.directory / "m.keras").exists())

    def test_checkpoint_is_named_by_the_message_of_an_interrupted_run(self):
        program = self.start(*self.fit(epochs=ENDLESS, plugin="ModelCheckpoint:filepath=ck.keras"))
        self.wait_for(lambda: (self.directory / "ck.keras").exists())
        error = self.end(program, signal.SIGTERM)
        self.assertRegex(error, r"nothing was saved at the end; the last checkpoint is \S*ck\.keras\. "
                                r"To continue from it, use --model or --weights\n")


class Handlers(RunningTest):
    def test_handler_that_ticks_changes_neither_the_loss_nor_the_end(self):
        random = np.random.default_rng(3)
        np.save(self.directory / "y.npy", random.integers(0, 10, 256))
        for name, shape in (("flat", (256, 784)), ("images", (256, 14, 14, 4)), ("steps", (256, 20, 16))):
            np.save(self.directory / f"{name}.npy", random.random(shape, dtype="f4"))
        models = (("flat", "dense(512,relu) dense(512,relu) dense(10,softmax)"), ("flat", "dense(32,relu) dense(10,softmax)"),
                  ("images", "conv2d(16,3,relu) conv2d(32,3,relu,dilation_rate=2) flatten dense(10,softmax)"),
                  ("steps", "lstm(64) dense(10,softmax)"))
        for (data, model), threads, isa in itertools.product(models, ("1", "2"), ("ALL", "AVX2")):
            results = []
            for plugins in ([], [meddler(what="tick", hook="setup")]):
                run = subprocess.run([KAIROS, *self.fit(model=model, data=f"{data}.npy", target="y.npy", batch_size=128, epochs=2,
                                                        history="h.json", plugin=plugins)],
                                     cwd=self.directory, capture_output=True, text=True, timeout=120,
                                     env={**os.environ, "OMP_NUM_THREADS": threads, "ONEDNN_MAX_CPU_ISA": isa})
                self.assertEqual((run.returncode, run.stderr), (0, ""), (model, threads, isa))
                results.append(json.loads(self.text("h.json")))
            self.assertEqual(results[0], results[1], (model, threads, isa))

    def test_programs_that_a_callback_starts_have_the_signals_as_they_were(self):
        def fields(text):
            # posix_spawn skips the two signals that the C library reserves.
            return [(name, int(number, 16) & 0x7fffffff) for name, number in re.findall(r"(Sig\w+):\t(\w+)", text)]
        plain = fields(subprocess.run(["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"], capture_output=True, text=True, check=True).stdout)
        for hook in ("setup", "batch_end", "epoch_end"):
            for threads in ("1", "2"):
                run = subprocess.run([KAIROS, *self.fit(plugin=meddler(what="programs", hook=hook), epochs=1, batch_size=10,
                                                        model="dense(512,relu) dense(512,relu) dense(2,softmax)")],
                                     cwd=self.directory, capture_output=True, text=True, timeout=60,
                                     env={**os.environ, "OMP_NUM_THREADS": threads})
                self.assertEqual(run.returncode, 0, run.stderr)
                self.assertEqual(fields(self.text("children.txt")), 3 * plain)
                os.remove(self.directory / "children.txt")

    def test_file_beyond_the_limit_of_sizes_is_an_error(self):
        self.put("data.csv", "a,b,label\n" + "".join(f"{i},{i % 7},{i % 2}\n" for i in range(50)))
        run = subprocess.run(["bash", "-c", 'ulimit -f 8; exec "$@"', "bash", KAIROS,
                              *self.fit(model="dense(400,relu) dense(2,softmax)", save_weights="w.npz", epochs=1)],
                             cwd=self.directory, capture_output=True, text=True, timeout=60)
        self.assertEqual(run.returncode, 6, run.stderr)
        self.assertIn("KAIROS-F005", run.stderr)
        self.assertFalse((self.directory / "w.npz").exists())


class Endings(RunningTest):
    def test_exit_in_a_hook_ends_with_the_name_of_the_callback_and_what_was_saved(self):
        for what, hook in itertools.product(("exit", "quick_exit"), ("batch_end", "epoch_end", "train_end", "teardown")):
            for name in ("m.keras", "h.json"):
                (self.directory / name).unlink(missing_ok=True)
            run = self.run_kairos(*self.fit(plugin=meddler(what=what, hook=hook, **{"from": 1}), save_model="m.keras", history="h.json"))
            self.assertEqual(run.returncode, 7, (what, hook, run.stderr))
            self.assertRegex(run.stderr, rf"^KAIROS-C010: Meddler \(\S+meddlers\.so\): exit was called in (on_)?(train_)?{hook}; expected a "
                                         r"hook that returns, with an error if it failed\. Saved: m\.keras, h\.json\. " +
                                         (r"Leave" if hook in ("train_end", "teardown") else
                                          r"To continue the run, use --model m\.keras --initial-epoch \d\. Leave"))
            self.kairos("predict", "--model", "m.keras", "--data", "data.csv", "--target", "label", "--out", "p.csv")
            json.loads(self.text("h.json"))

    def test_exit_before_anything_is_trained_saves_nothing(self):
        self.kairos(*self.fit(save_model="trained.keras"))
        for command in (self.fit(plugin=meddler(hook="setup"), save_model="m.keras"),
                        self.fit(plugin=meddler(hook="train_begin"), save_model="m.keras"),
                        ["evaluate", "--model", "trained.keras", "--data", "data.csv", "--target", "label", "--loss",
                         "sparse_categorical_crossentropy", "--plugin", meddler(hook="test_batch_end")]):
            run = self.run_kairos(*command)
            self.assertEqual(run.returncode, 7, run.stderr)
            self.assertRegex(run.stderr, r"KAIROS-C010: Meddler .* Nothing was (saved|trained)")
        self.assertFalse((self.directory / "m.keras").exists())

    def test_exit_keeps_the_state_of_the_callbacks_and_an_earlier_one_where_there_is_none(self):
        for hook, epoch in (("batch_end", 1), ("epoch_end", 1), ("train_end", 3)):
            shutil.rmtree(self.directory / "run", ignore_errors=True)
            run = self.run_kairos(*self.fit(plugin=[meddler(hook=hook, **{"from": 1}), "CSVLogger:filename=log.csv",
                                                    "EarlyStopping:monitor=loss,patience=9"], save_model="m.keras", run_dir="run"))
            self.assertEqual(run.returncode, 7, run.stderr)
            if epoch < 3:
                self.assertIn(f"To continue the run, use --model m.keras --initial-epoch {epoch} --callback-state run/callback_state. Leave",
                              run.stderr)
            else:
                self.assertIn("Saved: m.keras, run. Leave", run.stderr)
            self.kairos(*self.fit(loss=None, model="m.keras", initial_epoch=epoch, epochs=4, callback_state="run/callback_state",
                                  plugin="EarlyStopping:monitor=loss,patience=9"))
        self.put("run/callback_state", "of an earlier run")
        run = self.run_kairos(*self.fit(plugin=meddler(what="exit_elsewhere", **{"from": 1}), save_model="m.keras", run_dir="run"))
        self.assertEqual(run.returncode, 7, run.stderr)
        self.assertEqual(self.text("run/callback_state"), "of an earlier run")
        self.assertIn("To continue the run, use --model m.keras --initial-epoch 1. Leave", run.stderr)

    def test_state_that_is_an_empty_file_is_refused(self):
        self.put("empty", "")
        run = self.run_kairos(*self.fit(callback_state="empty", initial_epoch=1))
        self.assertEqual(run.returncode, 6, run.stderr)
        self.assertIn("KAIROS-F003: empty: the file is empty; found 0 bytes. Check the program that should have written it.", run.stderr)

    def test_exit_on_another_thread_saves_whether_the_training_thread_waits_for_it_or_not(self):
        for what, hook, code, words in (
                ("exit_elsewhere", "epoch_end", "KAIROS-C011", "exit was called on another thread while on_epoch_end ran, and the run "
                                                               "did not end by itself"),
                ("exit_elsewhere", "teardown", "KAIROS-C011", "exit was called on another thread while teardown ran"),
                ("exit_unwaited", "epoch_end", "KAIROS-C010", r"exit was called (on another thread while on_\w+ ran|outside all hooks, on another thread)")):
            run = self.run_kairos(*self.fit(plugin=meddler(what=what, hook=hook, **{"from": 1}), save_model=f"{what}-{hook}.keras",
                                            epochs=3 if what == "exit_elsewhere" else ENDLESS))
            self.assertEqual(run.returncode, 7, run.stderr)
            self.assertRegex(run.stderr, rf"^{code}: (Meddler \(\S+meddlers\.so\)|the process): {words}.* Saved: {what}-{hook}\.keras")
            self.kairos("predict", "--model", f"{what}-{hook}.keras", "--data", "data.csv", "--target", "label", "--out", "p.csv")

    def test_end_of_the_training_thread_saves_too(self):
        run = self.run_kairos(*self.fit(plugin=meddler(what="pthread_exit", **{"from": 1}), save_model="m.keras"))
        self.assertIn(run.returncode, (7, -signal.SIGABRT), run.stderr)
        self.assertRegex(run.stderr, "KAIROS-C012|KAIROS-C009")

    def test_failure_of_a_callback_saves_what_the_training_was_to_save(self):
        run = self.run_kairos(*self.fit(plugin=MISHAPS + "#Fail", save_model="m.keras", save_weights="w.npz", history="h.json", run_dir="run"))
        self.assertEqual(run.returncode, 7)
        self.assertIn("Add on_error=disable to this plugin to go on without it when it fails. Saved: m.keras, w.npz, h.json, run. To "
                      "continue the run, use --model m.keras --initial-epoch 1 --callback-state run/callback_state.\n", run.stderr)
        self.assertEqual(json.loads(self.text("h.json"))["epoch"], [0])
        self.kairos(*self.fit(loss=None, model="m.keras", initial_epoch=1, callback_state="run/callback_state"))

    def test_forked_child_may_call_exit(self):
        run = self.run_kairos(*self.fit(plugin=meddler(what="fork_exit"), save_model="m.keras"))
        self.assertEqual((run.returncode, run.stderr), (0, ""))

    def test_signal_before_the_first_batch_leaves_an_earlier_model_alone(self):
        self.put("m.keras", "of an earlier run")
        program = self.start(*self.fit(plugin=meddler(what="wait", hook="train_begin"), save_model="m.keras", run_dir="run"))
        self.wait_for_the_run("run/run.json")
        error = self.end(program, signal.SIGTERM)
        self.assertEqual(program.returncode, 143, error)
        self.assertIn("warning: interrupted by SIGTERM before the first batch; nothing was trained and nothing was saved\n", error)
        self.assertEqual(self.text("m.keras"), "of an earlier run")

    def test_forked_child_that_returns_from_a_hook_does_not_train_on(self):
        run = self.run_kairos(*self.fit(plugin=[meddler(what="fork"), "CSVLogger:filename=log.csv"], history="h.json"))
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(run.stderr.count("KAIROS-C013: Meddler"), 3)
        self.assertEqual(self.text("log.csv").count("\n"), 4)


class Process(RunningTest):
    def test_what_a_hook_changes_of_the_process_is_restored_with_one_warning(self):
        changed = {"round": "how the thread rounds, treats denormals or traps", "flush": "how the thread rounds, treats denormals or traps",
                   "umask": "the mask of new files (umask)", "chdir": "the working directory", "locale": "the locale",
                   "ignore": "what is done at SIGTERM", "block": "the signals that the training thread blocks"}
        self.kairos(*self.fit(history="plain.json", save_weights="plain.npz"))
        for (what, sentence), hook in itertools.product(changed.items(), ("setup", "epoch_end", "batch_end")):
            run = self.run_kairos(*self.fit(plugin=meddler(what=what, hook=hook), history="h.json", save_weights="w.npz"))
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertRegex(run.stderr, rf"^warning: Meddler: (a hook of batches|(on_)?(train_)?{hook}) has changed {re.escape(sentence)}; "
                                         r"it is restored, now and after later hooks\n$")
            self.assertEqual(self.text("h.json"), self.text("plain.json"), (what, hook))
            self.assertEqual((self.directory / "w.npz").stat().st_mode, (self.directory / "plain.npz").stat().st_mode)

    def test_results_go_where_the_run_began_though_a_hook_has_changed_the_directory(self):
        self.put("data.csv", "a,b,label\n" + "".join(f"{i},{i % 7},{i % 2}\n" for i in range(50)))
        umask = os.umask(0o022)
        self.addCleanup(os.umask, umask)
        for then, code in (("signal", 143), ("exit", 7), ("nothing", 0)):
            run = self.run_kairos(*self.fit(plugin=f"{MEDDLERS}#Wanderer:then={then}", save_model="m.keras", history="h.json", run_dir="run"))
            self.assertEqual(run.returncode, code, run.stderr)
            self.assertIn("warning: Wanderer: a hook of batches has changed the mask of new files (umask), the working directory; it is "
                          "restored", run.stderr)
            for name in ("m.keras", "h.json", "run/callback_state"):
                self.assertEqual((self.directory / name).stat().st_mode & 0o777, 0o644, (then, name))
            for name in ("m.keras", "h.json"):
                os.remove(self.directory / name)
            shutil.rmtree(self.directory / "run")

    def test_what_the_end_of_a_callback_changes_is_restored_before_results_are_written(self):
        run = self.run_kairos(*self.fit(plugin=f"{MEDDLERS}#Leaver", save_model="m.keras"))
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("warning: Leaver: destroy has changed the working directory; it is restored", run.stderr)
        self.assertTrue((self.directory / "m.keras").exists())

    def test_of_several_callbacks_with_hooks_of_batches_the_right_one_is_named(self):
        run = self.run_kairos(*self.fit(plugin=[meddler(what="sleep", hook="never"), meddler(what="umask", hook="batch_end").replace(
            "#Meddler:", "#Meddler@bad:"), "ProgbarLogger:verbose=2"], epochs=4))
        self.assertRegex(run.stderr, r"^warning: bad: on_train_batch_end has changed the mask of new files \(umask\); it is restored")


if __name__ == "__main__":
    main()
