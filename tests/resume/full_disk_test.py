# SPDX-License-Identifier: MIT
"""The disk fills at some write of a run. The run ends in order and says what it could not write; no file that was complete is damaged;
and when there is room again, --resume auto ends with the bits of the run that nobody disturbed.

  full_disk_test.py KAIROS KILLER.so FILE_CALLS.so [--all]"""
import os
import random
import shutil
import subprocess
import sys

from resuming import FILE_CALLS, Place, command, difference, outcome

CASE = {"layers": "dropout", "optimizer": "adam", "order": "shuffled", "epoch": "whole", "validation": "each epoch",
        "weights": "none", "every": "3batches", "plugin": "none"}
NO_SPACE = "No space left on device"


class FullDisk:
    def __init__(self, place):
        self.place, self.faults, self.went_on = place, 0, 0
        self.words = command(CASE, str(place.path / "run")) + ["--resume", "auto"]
        code, _, errors = place.run(self.words)
        assert code == 0, errors
        self.expected = outcome(place.path / "run")

    def fault(self, where, text):
        self.faults += 1
        print(f"{where}: {text}")

    def check(self, where, **environment):
        """Runs on a disk that fills, and looks at what it says. Whether the disk was full at all."""
        code, out, errors = self.place.run(self.words, **environment)
        if code == 0 and NO_SPACE not in errors:
            return False
        if NO_SPACE not in errors:
            self.fault(where, f"exit code {code} without the reason: {out}{errors}")
        elif code == 0:  # only what later writes have made good, or a callback that its policy lets go on
            print(f"{where}: exit code 0: {errors}")
        elif code not in (6, 7) or ".." in errors:
            self.fault(where, f"exit code {code}: {out}{errors}")
        return True

    def goes_on(self, where):
        code, out, errors = self.place.run(["2" if before == "--verbose" else word for before, word in zip(["", *self.words], self.words)])
        self.went_on += out.startswith("resuming ")
        wrong = difference(outcome(self.place.path / "run"), self.expected) if code == 0 else f"exit code {code}: {out}{errors}"
        if wrong:
            self.fault(where, wrong)

    def at_write(self, number):
        """False if the run has fewer writes."""
        self.place.remove("run")
        if not self.check(f"write {number}", LD_PRELOAD=FILE_CALLS, KAIROS_CALLS_FULL_AT=str(number),
                          KAIROS_CALLS_UNDER=str(self.place.path / "run") + "/"):
            return False
        self.goes_on(f"write {number}")
        return True

    def on_disk_of(self, kilobytes):
        """False if the run needs less."""
        run = self.place.path / "run"
        self.place.remove("run")
        run.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(run)], check=True)
        try:
            if not self.check(f"{kilobytes} kB"):
                return False
            subprocess.run(["mount", "-o", "remount,size=64m", str(run)], check=True)
            self.goes_on(f"{kilobytes} kB")
            return True
        finally:
            subprocess.run(["umount", str(run)], check=True)


def main():
    everything = "--all" in sys.argv
    if "--mounts" in sys.argv:
        disk = FullDisk(Place())
        sizes = 0
        for kilobytes in range(4, 1 << 14, 4 if everything else 40):
            if not disk.on_disk_of(kilobytes):
                break
            sizes += 1
        print(f"{sizes} sizes of a disk, {disk.went_on} runs went on from a checkpoint, {disk.faults} faults")
        sys.exit(disk.faults != 0 or sizes == 0)
    disk = FullDisk(Place())
    step = 1 if everything else 23
    writes = 0
    for number in range(1 if everything else random.Random(2).randrange(1, step), 1 << 14, step):
        if not disk.at_write(number):
            break
        writes += 1
    print(f"{writes} writes, {disk.went_on} runs went on from a checkpoint, {disk.faults} faults")
    faults = disk.faults != 0 or writes == 0
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    if shutil.which("unshare") and subprocess.run([*unshare, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True).returncode == 0:
        faults |= subprocess.run([*unshare, sys.executable, *sys.argv, "--mounts"]).returncode != 0
    else:
        print("a small tmpfs was not tried: this machine permits no mounts")
    sys.exit(faults)


if __name__ == "__main__":
    main()
