# SPDX-License-Identifier: MIT
"""Runs every PARTS-th test of a Catch2 program in one process, because a process with a sanitizer takes long to start.

usage: run_part.py PROGRAM PART PARTS

If the process fails, it runs each of its tests in a process of its own, so that one error does not hide others."""
import pathlib
import subprocess
import sys
import tempfile


def specification(title):
    """That of one test: commas, brackets and quotes have a meaning."""
    return '"' + "".join("\\" + c if c in '\\,["' else c for c in title) + '"'


def failure(program, title):
    """The output of a test that fails alone, else None."""
    run = subprocess.run([program, specification(title)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    return None if run.returncode == 0 else run.stdout


def main():
    program, part, parts = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    listed = subprocess.run([program, "--list-test-names-only"], stdout=subprocess.PIPE, text=True).stdout.splitlines()
    titles = [title for title in listed if title.strip()][part::parts]
    with tempfile.TemporaryDirectory() as directory:
        names = pathlib.Path(directory, "names")
        names.write_text("".join(specification(title) + "\n" for title in titles))
        together = subprocess.run([program, "--input-file", names], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    if together.returncode == 0 and f" in {len(titles)} test case" in together.stdout:
        print(together.stdout.strip().splitlines()[-1])
        return 0
    outputs = [output for output in (failure(program, title) for title in titles) if output is not None]
    print("\n".join(outputs) if outputs else "Only together:\n" + together.stdout)
    return 1


if __name__ == "__main__":
    sys.exit(main())
