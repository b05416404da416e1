# SPDX-License-Identifier: MIT
"""check_numbers.py ABI_DIRECTORY TABLE: every integer parameter of an ABI function has a row in the table of abi_numbers_test.cpp,
which tries numbers that the host does not know. A pointer to an integer is a result unless it is in the table, and is named here."""
import pathlib
import re
import sys

# What the host passes to the plugin.
FROM_HOST = {"kairos_task.done.outcome"}
RESULTS = {"kairos_logs.find.index", "kairos_logs.declare.index", "kairos_tensors.find.index", "kairos_reader.read.got",
           "kairos_batch.indices.count", "kairos_batch.random.out", "kairos_batch.classes.out", "kairos_forward.batches.out",
           "kairos_ledger.elapsed.out", "kairos_ledger.count.entries", "kairos_ledger.count.remembered", "kairos_ledger.count.all",
           "kairos_options.is_set.out"}
STRUCT = re.compile(r"struct (\w+) \{(.*?)^\}", re.S | re.M)
FUNCTION = re.compile(r"\(\*(\w+)\)\s*\((.*?)\);", re.S)
INTEGER = re.compile(r"^(?:const )?(?:u?int\d+_t|kairos_status) \*?(\w+)$")
ROW = re.compile(r'^\s*\{"(kairos_\w+\.\w+\.\w+)",', re.M)


def parameters(directory):
    found = set()
    for file in sorted(directory.glob("*.h")):
        text = re.sub(r"/\*.*?\*/", "", file.read_text(encoding="utf-8"), flags=re.S)
        for struct, body in STRUCT.findall(text):
            for function, arguments in FUNCTION.findall(body):
                for argument in arguments.split(","):
                    match = INTEGER.match(" ".join(argument.split()))
                    if match:
                        found.add(f"{struct}.{function}.{match.group(1)}")
    return found


if __name__ == "__main__":
    declared = parameters(pathlib.Path(sys.argv[1]))
    rows = set(ROW.findall(pathlib.Path(sys.argv[2]).read_text(encoding="utf-8")))
    faults = [f"no row for {name}" for name in sorted(declared - rows - RESULTS - FROM_HOST)]
    faults += [f"not in the headers: {name}" for name in sorted((rows | RESULTS | FROM_HOST) - declared)]
    print("\n".join(faults) or f"{len(rows)} integer parameters")
    sys.exit(1 if faults or len(rows) < 20 else 0)
