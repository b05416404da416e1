# SPDX-License-Identifier: MIT
"""A run of many epochs with a run checkpoint after each: its files, its memory and its time for an epoch do not grow.

  many_epochs_test.py KAIROS KILLER.so FILE_CALLS.so [--all]   (20,000 epochs in place of 400)"""
import json
import pathlib
import re
import statistics
import sys
import tempfile
import time

from resuming import Place


def resident(process):
    """In kB; 0 if the process has ended."""
    try:
        found = re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{process.pid}/status").read_text())
    except OSError:
        return 0
    return int(found.group(1)) if found else 0


def main():
    epochs = 20000 if "--all" in sys.argv else 400
    if pathlib.Path("/dev/shm").is_dir():
        tempfile.tempdir = "/dev/shm"  # what is measured is the program, not the disk's flushes
    place = Place()
    run = place.path / "run"
    process = place.start(["fit", "--data", "data.csv", "--target", "label", "--model", "dense(3,softmax)", "--batch-size", "30",
                           "--loss", "sparse_categorical_crossentropy", "--metrics", "accuracy", "--validation-split", "0.2",
                           "--epochs", epochs, "--verbose", "0", "--run-dir", "run", "--checkpoint-every", "1epoch",
                           "--plugin", "EarlyStopping:patience=100000", "--plugin", "CSVLogger:filename=log.csv"])
    began, seen = time.monotonic(), []  # (epochs, seconds, kB)
    lines = run / "history.jsonl"
    while process.poll() is None:
        size = lines.stat().st_size if lines.exists() else 0
        seen.append((size, time.monotonic() - began, resident(process)))
        time.sleep(0.02 if epochs < 1000 else 0.5)
    out, errors = process.communicate()
    assert process.returncode == 0, out + errors
    history = json.loads((run / "history.json").read_text())
    assert history["epoch"] == list(range(epochs))
    checkpoints = sorted((run / "run_checkpoint").iterdir())
    assert len(checkpoints) == 3, checkpoints
    largest = max(path.stat().st_size for path in checkpoints if path.suffix == ".checkpoint")
    assert largest < 10000, largest
    # The History itself takes some 50 bytes of memory for an epoch with four values.
    half = [kilobytes for size, _, kilobytes in seen if size > 0 and kilobytes > 0]
    growth = max(half) - statistics.median(half[:max(1, len(half) // 10)])
    assert growth < 4000 + epochs * 0.2, f"{growth} kB more memory after {epochs} epochs"
    print(f"{epochs:,} epochs: {largest} bytes in the largest checkpoint, {growth:.0f} kB more memory at the end")
    if "--all" in sys.argv:
        text = lines.read_bytes()
        counted = [(text.count(b"\n", 0, size), seconds) for size, seconds, _ in seen]
        inside = lambda begin, end: [one for one in counted if begin * epochs <= one[0] <= end * epochs]
        each = []
        for quarter in range(4):
            part = inside(quarter / 4, (quarter + 1) / 4)
            each.append(1e6 * (part[-1][1] - part[0][1]) / (part[-1][0] - part[0][0]))
        print("microseconds an epoch in each quarter: " + ", ".join(f"{one:.0f}" for one in each))
        assert each[3] < 1.5 * each[0], each


if __name__ == "__main__":
    main()
