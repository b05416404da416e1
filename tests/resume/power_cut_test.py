# SPDX-License-Identifier: MIT
"""Everything that a run does to the files of its directory is recorded; the record is cut at each call, what was not flushed is
dropped, and the run goes on from what is left.

  power_cut_test.py KAIROS KILLER.so FILE_CALLS.so [--all]"""
import pathlib
import random
import struct
import sys

from resuming import FILE_CALLS, Place, command, difference, outcome

CASE = {"layers": "dropout", "optimizer": "adam", "order": "shuffled", "epoch": "whole", "validation": "each epoch",
        "weights": "none", "every": "3batches", "plugin": "none"}

def calls(path):
    data, at = path.read_bytes(), 0
    while at < len(data):
        kind = chr(data[at])
        (size,) = struct.unpack_from("<I", data, at + 1)
        name = data[at + 5:at + 5 + size].decode()
        number, count = struct.unpack_from("<QI", data, at + 5 + size)
        at += 5 + size + 12
        yield kind, name, number, data[at:at + count]
        at += count


class Disk:
    """Files by name, now and as a power cut leaves them: contents change with a flush of the file, names with one of the directory."""

    def __init__(self):
        self.names, self.lasting_names = {}, {}  # of files: lists of the current and the flushed content
        self.folders, self.lasting_folders = set(), set()

    def apply(self, kind, name, number, data):
        if kind == "O" and (name not in self.names or number & 0o1000):
            self.names.setdefault(name, [b"", b""])[0] = b""
        elif kind == "W":
            file = self.names[name]
            file[0] = file[0][:number].ljust(number, b"\0") + data + file[0][number + len(data):]
        elif kind == "T":
            self.names[name][0] = self.names[name][0][:number].ljust(number, b"\0")
        elif kind == "F" and name in self.names:
            self.names[name][1] = self.names[name][0]
        elif kind == "F":
            self.flush_folder(name)
        elif kind == "R":
            self.names[data.decode()] = self.names.pop(name)
        elif kind == "U":
            self.names.pop(name, None)
        elif kind == "M":
            self.folders.add(name)

    def flush_folder(self, folder):
        inside = lambda name: str(pathlib.PurePath(name).parent) == folder.rstrip("/")
        for old in [name for name in self.lasting_names if inside(name)]:
            del self.lasting_names[old]
        self.lasting_names.update({name: file for name, file in self.names.items() if inside(name)})
        self.lasting_folders |= {name for name in self.folders if inside(name)}

    def states(self):
        """What a power cut can leave: only what is flushed; all names, but flushed contents; everything."""
        kept = lambda names, which: {name: file[which] for name, file in names.items()}
        lasting = {name: content for name, content in kept(self.lasting_names, 1).items()
                   if str(pathlib.PurePath(name).parent) not in self.folders - self.lasting_folders}
        return [lasting, kept(self.names, 1), kept(self.names, 0)]


def resumed(place, words, state):
    """Runs from the files of a state. The exit code, what was printed, and what came of it."""
    place.remove("run")
    (place.path / "run").mkdir()
    for name, content in state:
        path = pathlib.Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    code, out, errors = place.run(words)
    return code, out + errors, outcome(place.path / "run") if code == 0 else {}


def main():
    place = Place()
    words = command(CASE, str(place.path / "run"), writers=False) + ["--resume", "auto"]  # absolute: the record has all its files
    record = place.path / "calls"
    (place.path / "run").mkdir()
    code, _, errors = place.run(words, LD_PRELOAD=FILE_CALLS, KAIROS_CALLS_UNDER=str(place.path / "run"), KAIROS_CALLS_LOG=str(record))
    assert code == 0, errors
    expected = outcome(place.path / "run")
    disk, states, saver = Disk(), {}, 0
    for cut, call in enumerate(calls(record)):
        for state in disk.states():
            states.setdefault(tuple(sorted(state.items())), cut)
        disk.apply(*call)
        saver += "run_checkpoint" in call[1]
    assert saver > 50, f"{saver} calls of the saver were recorded"
    assert str(place.path / "run" / "end.h5") in disk.names, sorted(disk.names)
    chosen = list(states)
    if "--all" not in sys.argv:
        chosen = random.Random(1).sample(chosen, 30)
    faults = went_on = 0
    for state in chosen:
        code, text, found = resumed(place, words, state)
        wrong = difference(found, expected) if code == 0 else f"exit code {code}: {text}"
        if wrong:
            faults += 1
            print(f"cut before call {states[state]}: {wrong}")
        went_on += any(name.endswith(".checkpoint") for name, _ in state)
    print(f"{len(chosen)} of {len(states)} power cuts, {went_on} with a checkpoint, {faults} differences")
    sys.exit(faults != 0 or went_on == 0)


if __name__ == "__main__":
    main()
