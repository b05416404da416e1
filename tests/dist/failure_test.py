# SPDX-License-Identifier: MIT
"""A rank that fails, ends or hangs ends the run soon, with a sentence that names it; a signal ends it in order.

  failure_test.py KAIROS MPIRUN ON_RANK [--long]"""
import json
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np

from ranks import ENVIRONMENT, KAIROS, ON_RANK, STARTER, RanksTest, main, words

KILLS = 100 if "--long" in sys.argv else 5


class FailureTest(RanksTest):
    def setUp(self):
        super().setUp()
        self.data()

    def on_rank(self, **options):
        return f"{ON_RANK}#com.example.Everywhere:" + ",".join(f"{key}={value}" for key, value in options.items())

    def ends(self, settings, exit_code, *texts):
        begin = time.monotonic()
        run = self.start(3, *words({**settings, "global_batch_size": 8}))
        self.assertEqual(run.returncode, exit_code, run.stdout + run.stderr)
        self.assertLess(time.monotonic() - begin, 30)
        lines = [line for line in run.stderr.splitlines() if line.startswith("KAIROS-")]
        self.assertEqual(len(lines), 1, run.stderr)
        for text in texts:
            self.assertIn(text, lines[0])

    def test_a_callback_fails_on_one_rank(self):
        for rank in (0, 1, 2):
            with self.subTest(rank=rank):
                self.ends(self.settings(run_dir=f"run{rank}", plugin=self.on_rank(what="fail", rank=rank)), 7,
                          f"rank {rank} on host {os.uname().nodename}: ", "there is no more paper", f"Saved: run{rank}")

    def test_a_rank_is_killed(self):
        self.ends(self.settings(run_dir="run", plugin=self.on_rank(what="kill", rank=1, batch=0)), 128 + signal.SIGKILL, "KAIROS-F110",
                  f"rank 1 on host {os.uname().nodename}: ended without a word")

    def test_a_rank_hangs(self):
        self.ends(self.settings(rank_timeout=2, plugin=self.on_rank(what="hang", rank=1, batch=1)), 6, "KAIROS-F110",
                  f"rank 1 on host {os.uname().nodename}: made no progress for 2 s", "--rank-timeout")

    def test_bad_data(self):
        (self.directory / "data.csv").write_text("a,b,label\n" + "1,2,0\n" * 20 + "1,x,1\n" + "1,2,1\n" * 20)
        self.ends(self.settings(data="data.csv", target="label", stream="true", shuffle="false", batch_size=None), 4, "data.csv:22")

    def test_a_signal_ends_the_run_in_order(self):
        settings = self.settings(epochs=100000, run_dir="run", verbose=0, batch_size=4)
        process = subprocess.Popen([*STARTER, "--mca", "odls_base_sigkill_timeout", "25", "-n", "2", KAIROS, "fit", *words(settings),
                                    "--distributed"], cwd=self.directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, env=ENVIRONMENT)
        self.wait_for_epochs("run", 3)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        self.assertIn("interrupted by SIGTERM before the end of epoch", errors)
        record = json.loads((self.directory / "run" / "run.json").read_text())
        self.assertEqual(record["run"]["result"], "interrupted")

    def wait_for_epochs(self, run, count):
        file = self.directory / run / "history.jsonl"
        for _ in range(600):
            if file.exists() and file.read_text().count("\n") >= count:
                return
            time.sleep(0.05)
        self.fail("the run did not begin")

    def test_kills_at_random_moments(self):
        """However a rank ends, the run in the directory goes on to the result of one that was not killed."""
        settings = self.settings(epochs=40, checkpoint_every="3batches", shuffle="true")
        whole = self.results(0, 8, settings)
        for number in range(KILLS):
            run = {**settings, "run_dir": f"run{number}", "global_batch_size": 8, "resume": "auto", "history": "out.json",
                   "save_weights": "out.npz"}
            process = subprocess.Popen([*STARTER, "-n", "3", KAIROS, "fit", *words(run), "--distributed"], cwd=self.directory,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
            time.sleep(random.uniform(0.2, 2))
            children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True).stdout.split()
            if children:
                try:
                    os.kill(int(random.choice(children)), signal.SIGKILL)
                except ProcessLookupError:
                    pass
            process.communicate(timeout=60)
            self.compare(self.finish(run), whole)

    def finish(self, run):
        self.fit(2, run)
        with np.load(self.directory / "out.npz") as weights:
            return json.loads((self.directory / "out.json").read_text()), [weights[key] for key in weights]


main()
