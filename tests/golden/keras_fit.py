# SPDX-License-Identifier: MIT
"""What the tests of recorded fits have in common."""
import numpy as np


def plugin_flags(callbacks, text):
    """The flags that load the callbacks of a spec.json; `text` writes the value of an option."""
    flags = []
    for callback in callbacks:
        options = ",".join(f"{key}={text(value)}" for key, value in callback["config"].items())
        flags += ["--plugin", f"{callback['class']}:{options}"]
    return flags


def difference(what, found, expected, tolerance, noise=0):
    """A sentence about how arrays differ, or None. They are compared relative to their largest value, because values near zero are differences of larger ones. `noise` is absolute."""
    found, expected = np.asarray(found, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    if found.shape != expected.shape:
        return f"{what}: shape {found.shape}, expected {expected.shape}"
    distance = np.max(np.abs(found - expected), initial=0)
    relative = distance / max(np.max(np.abs(expected), initial=0), 1e-30)
    if relative <= tolerance or distance <= noise:
        return None
    return f"{what}: differs by {relative:.2e} relative\n  found    {found.ravel()[:40]}\n  expected {expected.ravel()[:40]}"
