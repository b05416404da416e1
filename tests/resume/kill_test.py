# SPDX-License-Identifier: MIT
"""Runs are killed at random moments, in hooks, and while they write, go on with --resume auto, and end with the bits of the run that
nobody disturbed. Some of them must have gone on from a checkpoint.

  kill_test.py KAIROS KILLER.so FILE_CALLS.so [--kills N] [--seed N] [--log FILE]"""
import argparse
import random
import signal
import sys
import time

from resuming import FILE_CALLS, Place, cases, command, difference, digest, outcome


def arguments(kills=20):
    parser = argparse.ArgumentParser()
    parser.add_argument("paths", nargs=3)
    parser.add_argument("--kills", type=int, default=kills)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--log", type=argparse.FileType("a"), default=sys.stdout)
    return parser.parse_args()


class Killing:
    WRITES_UNDER = "run"

    def __init__(self, given):
        self.draw = random.Random(given.seed)
        self.left, self.kills, self.went_on, self.differences = given.kills, 0, 0, 0
        self.log = given.log

    def say(self, text):
        print(text, file=self.log, flush=True)

    def killed(self, place, words, seconds):
        """Starts the run and ends it somehow. False if it had ended before."""
        kind = self.draw.choice(["moment", "hook", "write"])
        environment = {}
        if kind == "hook":
            environment["KAIROS_TEST_KILL_AT"] = str(int(self.draw.expovariate(1 / 60)) + 1)
        elif kind == "write":
            environment = {"LD_PRELOAD": FILE_CALLS, "KAIROS_CALLS_UNDER": str(place.path / self.WRITES_UNDER) + "/",
                           "KAIROS_CALLS_KILL_AT": str(int(self.draw.expovariate(1 / 40)) + 1)}
        process = place.start(words, **environment)
        moment = self.draw.uniform(0, seconds)
        if kind == "moment":
            time.sleep(moment)
            process.kill()
        out, errors = process.communicate(timeout=120)
        where = {"moment": f"{moment:.4f} s"}.get(kind) or f"{kind} {next((v for k, v in environment.items() if k.endswith('AT')), '')}"
        if process.returncode not in (0, -signal.SIGKILL):
            self.say(f"  failed: exit code {process.returncode} ({where})\n{out}{errors}")
            self.differences += 1
        if process.returncode == -signal.SIGKILL:
            self.kills += 1
            self.say(f"  killed: {where}")
        return process.returncode == -signal.SIGKILL

    def case(self, number, case):
        self.say(f"case {number}: {case}")
        place = Place()
        words = command(case, "run") + ["--resume", "auto"]
        spoken = ["2" if before == "--verbose" else word for before, word in zip(["", *words], words)]
        began = time.monotonic()
        code, _, errors = place.run(words)
        seconds = time.monotonic() - began
        assert code == 0, errors
        expected = outcome(place.path / "run")
        code, text, _ = place.run(words)
        assert code == 0 and "is finished" in text, "a finished run is not trained again"
        place.remove("run")
        times = self.draw.randrange(1, 6)
        while times > 0 and self.kills < self.left:
            times = times - 1 if self.killed(place, words, seconds) else 0
        code, text, errors = place.run(spoken)  # says where it goes on
        self.went_on += text.startswith("resuming ")
        if code != 0:
            self.say(f"  failed: exit code {code}\n{errors}")
            self.differences += 1
            return
        found = outcome(place.path / "run")
        wrong = difference(found, expected)
        self.differences += wrong != ""
        self.say(f"  {digest(found)} " + (f"DIFFERENT: {wrong}; expected {digest(expected)}" if wrong else "equal"))


def main():
    given = arguments()
    killing = Killing(given)
    killing.say(f"seed {given.seed}")
    number = 0
    for case in cases(given.seed):
        if killing.kills >= killing.left:
            break
        killing.case(number, case)
        number += 1
    print(f"{killing.kills:,} kills, {killing.went_on:,} runs went on from a checkpoint, {killing.differences:,} differences")
    sys.exit(killing.differences != 0 or killing.went_on == 0)


if __name__ == "__main__":
    main()
