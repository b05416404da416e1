# SPDX-License-Identifier: MIT
"""Error codes: every code that host/ and plugins/ throw is in the register (host/cli/codes), every code of the register is thrown,
no code has two meanings, and none is used again after it was retired (codes_retired.txt)."""
import collections
import pathlib
import re

import sources

REGISTER = pathlib.Path("host/cli/codes")
REFUSALS = pathlib.Path("host/plugin/refusal.hpp")
CODE = re.compile(r"KAIROS-[A-Z]\d{3}")
THROWN = re.compile(r'"(KAIROS-[A-Z]\d{3})[":]')  # the beginning of a message, not a code named in one
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
COMPARISON = re.compile(r'[!=]= "KAIROS-[A-Z]\d{3}"|"KAIROS-[A-Z]\d{3}" [!=]=')
ENTRY = re.compile(r'\{"(KAIROS-[A-Z]\d{3})",')
REFUSAL = re.compile(r"^  [A-Z]\w+ = (\d+),$", re.MULTILINE)
KIND = re.compile(r'ErrorKind::(\w+),\s*\{\s*"KAIROS-([A-Z])')
KINDS = {"Usage": "U", "Plugin": "LO", "Data": "D", "Model": "M", "File": "F", "Callback": "C", "Internal": "I"}
# The letters that a file of the register holds.
LETTERS = {"callback": "C", "data": "D", "file": "F", "internal": "I", "model": "M", "option": "O", "plugin": "L", "usage": "U"}

# Codes that several files throw: in how many at most, and why it is the same error in all of them.
SHARED = {
    "KAIROS-D004": (3, "values, texts and header of an NPY array that is cut off"),
    "KAIROS-D005": (2, "integers of NPY and of HDF5 arrays"),
    "KAIROS-D006": (2, "float64 values of NPY and of HDF5 arrays"),
    "KAIROS-D013": (3, "a dataset, and streamed arrays and IDX files, which say so before they are read"),
    "KAIROS-D021": (3, "tables, array files and streams without a target"),
    "KAIROS-D026": (2, "fields of a table and labels of an array"),
    "KAIROS-D033": (2, "labels of a table and names of class directories"),
    "KAIROS-D041": (2, "columns of a table and labels of an array"),
    "KAIROS-D044": (2, "array files in memory and streamed ones"),
    "KAIROS-D064": (2, "array files in memory and streamed ones"),
    "KAIROS-D071": (2, "PNG and JPEG"),
    "KAIROS-D081": (2, "columns of a table and arrays"),
    "KAIROS-D090": (2, "by its name, and by its content"),
    "KAIROS-F090": (2, "one file of a run checkpoint, and all of them"),
    "KAIROS-L001": (2, "a plugin that is named, and the one that `kairos plugins check` brings"),
    "KAIROS-U019": (2, "weights that are given and weights that are counted"),
    "KAIROS-D330": (3, "text of tables and of arrays, and numbers that are no characters"),
    "KAIROS-I003": (2, "a run of one process, and of several ranks"),
    "KAIROS-M143": (2, "models of Kairos, and those of other programs"),
    "KAIROS-M141": (2, "weights and sums of a model, and its optimizer"),
    "KAIROS-M142": (2, "the target of callbacks, and the model of a fit"),
    "KAIROS-F001": (2, "files and directories"),
    "KAIROS-F002": (2, "by the name, and by the type of the file"),
    "KAIROS-F004": (2, "files and gzip streams over them"),
    "KAIROS-F005": (2, "files that are replaced as a whole, and files that grow"),
    "KAIROS-F007": (2, "files that are read as they are, and files that grow meanwhile"),
    "KAIROS-F008": (2, "files that are replaced as a whole, and files that grow"),
    "KAIROS-F009": (2, "HDF5 files and zip archives"),
    "KAIROS-F021": (2, "what the HDF5 library reports, and what it dies of"),
    "KAIROS-F023": (2, "arrays of data and of weights"),
    "KAIROS-F024": (3, "arrays of data, of HDF5 weights and of NPZ weights"),
    "KAIROS-F026": (2, "by the ending, and by the architecture"),
    "KAIROS-F050": (2, "JSON and lines of JSON"),
    "KAIROS-F063": (2, "the run directory, and the directories of run checkpoints that callbacks name"),
    "KAIROS-F095": (2, "before a run checkpoint is taken, and when it is written"),
    "KAIROS-F062": (4, "directories of runs, of replays and of checks, by the program and by the library"),
    "KAIROS-F080": (2, "by the stamp of the file, and by a field of a table that was a number before"),
    "KAIROS-F081": (2, "by the stamp of the file, and by the descriptor of HDF5"),
    "KAIROS-M001": (4, "layers in Keras' JSON, in shorthand and inside of layers, and operations"),
    "KAIROS-M002": (2, "objects with named arguments, and metrics without any"),
    "KAIROS-M004": (7, "each place names the feature of Keras that is not supported"),
    "KAIROS-M005": (3, "models, their nodes and their objects"),
    "KAIROS-M008": (2, "layers, and models that are called as layers"),
    "KAIROS-M011": (3, "weights, values of one sample, and its weights of attention"),
    "KAIROS-M014": (4, "activations, initializers, regularizers and constraints of layers"),
    "KAIROS-M032": (2, "activations and losses"),
    "KAIROS-M060": (2, "references to layers and calls, and to outputs, whose number is known later"),
    "KAIROS-M063": (2, "calls of models and of layers"),
    "KAIROS-M095": (3, "the commands and the library, which know another cure"),
    "KAIROS-M102": (4, "arguments by position, by name, nested, and the number of calls"),
    "KAIROS-M130": (2, "the file of a run directory, and the list in a model file"),
    "KAIROS-O052": (3, "order, number and type of arguments by position"),
    "KAIROS-U001": (6, "words and flags of the program, of its commands, of `kairos plugins` and its check, of `kairos runs` and of `--help`"),
    "KAIROS-U003": (7, "each kind of value is read where it is used"),
    "KAIROS-U004": (3, "keys of a configuration: twice, unknown, and of the plugins in it"),
    "KAIROS-U005": (3, "each command knows what it needs"),
    "KAIROS-U006": (3, "models, predictions and images of curves"),
    "KAIROS-U010": (3, "options of fit, of passes, and the share, which needs the number of samples"),
    "KAIROS-U013": (2, "settings of streams: their bounds are in the table"),
    "KAIROS-U014": (3, "class names beside data, a model and a file that they do not fit"),
    "KAIROS-U040": (4, "convert, plot, runs and summary"),
}


def thrown():
    """code → files that throw it; a comparison or a comment is no use."""
    places = collections.defaultdict(set)
    for name in sources.files(".c", ".h", ".cpp", ".hpp", ".in"):
        if name.parts[0] not in ("host", "plugins") or REGISTER in name.parents:
            continue
        for code in THROWN.findall(COMPARISON.sub("", COMMENT.sub("", sources.text(name)))):
            places[code].add(str(name))
    for number in REFUSAL.findall(sources.text(REFUSALS)):
        places[f"KAIROS-L{int(number):03}"].add(str(REFUSALS))
    return places


def register_faults(entries):
    """`entries`: (code, file) in the order of the tables."""
    faults = []
    for code, count in collections.Counter(code for code, _ in entries).items():
        if count > 1:
            faults.append(f"{code} is in the register {count} times")
    by_file = collections.defaultdict(list)
    for code, name in entries:
        by_file[name].append(code)
    for name, codes in by_file.items():
        letter = LETTERS[name.stem.removeprefix("codes_")]
        faults += [f"{name}: {code} belongs to another file" for code in codes if code[7] != letter]
        faults += [f"{name}: {b} comes after {a}. Sort the entries" for a, b in zip(codes, codes[1:]) if a > b]
    return faults


def meaning_faults(places):
    faults = []
    for code, files in sorted(places.items()):
        most = SHARED.get(code, (1, ""))[0]
        if len(files) > most:
            faults.append(f"{code} is thrown in {len(files)} files, at most {most} expected: {', '.join(sorted(files))}. Give an error "
                          "that means something else a number that was never used; else say in SHARED of tests/style/codes.py why "
                          "it is the same")
    return faults + [f"{code}: SHARED in tests/style/codes.py lists it, and not several files throw it" for code in sorted(SHARED)
                     if len(places.get(code, ())) < 2]


def kind_faults():
    faults = []
    for name in sources.files(".cpp", ".hpp"):
        for kind, letter in KIND.findall(sources.text(name)) if name.parts[0] in ("host", "plugins") else ():
            if letter not in KINDS[kind]:
                faults.append(f"{name}: ErrorKind::{kind} with a code of the letter {letter}")
    return faults


def document_faults(known):
    faults = []
    for name in sources.files(".md"):
        faults += [f"{name}: {code} is no code" for code in sorted(set(CODE.findall(sources.text(name))) - known)]
    return faults


entries = [(code, name) for name in sources.files(".cpp") if REGISTER in name.parents
           for code in ENTRY.findall(sources.text(name))]
codes = {code for code, _ in entries}
places = thrown()
retired = set(CODE.findall(sources.text(pathlib.Path("tests/style/codes_retired.txt"))))
faults = register_faults(entries) + meaning_faults(places) + kind_faults() + document_faults(codes | retired)
for code in sorted(set(places) - codes):
    faults.append(f"{code} of {', '.join(sorted(places[code]))} is not in the register. Add it to host/cli/codes")
for code in sorted(codes - set(places)):
    faults.append(f"{code} is in the register, and nothing throws it. Move it to tests/style/codes_retired.txt")
for code in sorted(retired & (codes | set(places))):
    faults.append(f"{code} was retired and cannot be used again. Take a number that was never used")
sources.finish("error codes", faults, len(codes))
