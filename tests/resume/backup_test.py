# SPDX-License-Identifier: MIT
"""Runs without a run directory, with BackupAndRestore, are killed at random moments, in hooks, and while they write; the same command goes on,
and ends with the bits of the run that nobody disturbed, and without a backup.

  backup_test.py KAIROS KILLER.so FILE_CALLS.so [--kills N] [--seed N] [--log FILE]"""
import sys
import time

from kill_test import Killing, arguments
from resuming import Place, cases, command, difference, digest, outcome


class KillingBackedUp(Killing):
    WRITES_UNDER = "backup"

    def case(self, number, case):
        self.say(f"case {number}: {case}")
        place = Place()
        words = command(case, "run", backup=True)
        began = time.monotonic()
        code, _, errors = place.run(words)
        seconds = time.monotonic() - began
        assert code == 0, errors
        assert not (place.path / "backup").exists(), "the backup is removed at the end"
        expected = outcome(place.path / "run")
        place.remove("run")
        times, ended = self.draw.randrange(1, 6), False
        while times > 0 and self.kills < self.left and not ended:
            times, ended = times - 1, not self.killed(place, words, seconds)
            if not ended and not list((place.path / "backup" / "run_checkpoint").glob("*.checkpoint")):
                place.remove("run")  # without a backup, the next run is a new one, in a log_dir of TensorBoard that another one has used
        code, out, errors = (0, "", "") if ended else place.run(words)
        found = outcome(place.path / "run") if code == 0 else {}
        wrong = difference(found, expected) if code == 0 else f"exit code {code}\n{out}{errors}"
        if (place.path / "backup").exists():
            wrong += " the backup is still there"
        self.differences += wrong != ""
        self.say(f"  {digest(found)} " + (f"DIFFERENT: {wrong}; expected {digest(expected)}" if wrong else "equal"))


def main():
    given = arguments(kills=8)
    killing = KillingBackedUp(given)
    killing.say(f"seed {given.seed}")
    for number, case in enumerate(cases(given.seed)):
        if killing.kills >= killing.left:
            break
        killing.case(number, case)
    print(f"{killing.kills:,} kills, {killing.differences:,} differences")
    sys.exit(killing.differences != 0)


if __name__ == "__main__":
    main()
