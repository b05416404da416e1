# SPDX-License-Identifier: MIT
"""The bundled plugins decide exactly as Keras did in the 60 recorded cases.

  random_cases_test.py KAIROS"""
import json
import pathlib
import tempfile
import time

from program import finish, replay

cases = json.loads((pathlib.Path(__file__).parent / "callbacks" / "random_cases.json").read_text())["cases"]
faults = []
with tempfile.TemporaryDirectory() as name:
    started = time.monotonic()
    results = replay(cases, pathlib.Path(name))
    elapsed = time.monotonic() - started
if len(results) != len(cases):
    faults.append(f"{len(results)} results for {len(cases)} cases")
for number, (case, result) in enumerate(zip(cases, results)):
    if result["errors"]:
        faults.append(f"case {number}: {result['errors']}")
    for key, expected in case["expect"].items():
        if result[key] != expected:
            faults.append(f"case {number}, {key}: {result[key]}\n  expected {expected}\n  callbacks {case['callbacks']}")
print(f"{elapsed * 1e3:.0f} ms")
finish(faults, len(cases))
