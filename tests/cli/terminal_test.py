# SPDX-License-Identifier: MIT
"""What reaches a terminal or a pipe: no control characters from files, and no error for a pipe that nobody reads."""
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import unittest

from program import CSV, KAIROS, ProgramTest, main

EVIL = "\x1b[31mEVIL\x1b]0;pwn\x07\n\rx\x9b31m"
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Pipes(ProgramTest):
    def to_closed_pipe(self, *arguments):
        read, write = os.pipe()
        os.close(read)
        run = subprocess.run([KAIROS, *map(str, arguments)], cwd=self.directory, stdout=write, stderr=subprocess.PIPE, text=True, timeout=60)
        os.close(write)
        return run

    def test_commands_end_as_other_programs_do(self):
        self.kairos(*self.fit(save_model="m.keras", run_dir="run"))
        for arguments in (["--help"], ["--version"], ["fit", "--help"], ["plugins", "list"], ["explain"], ["summary", "m.keras"],
                          ["plot", "run"], ["evaluate", "--model", "m.keras", "--data", "data.csv", "--target", "label"]):
            run = self.to_closed_pipe(*arguments)
            self.assertEqual((run.returncode, run.stderr), (-signal.SIGPIPE, ""), arguments)

    def test_training_goes_on(self):
        run = self.to_closed_pipe(*self.fit(verbose=2, save_model="m.keras", plugin="EarlyStopping:monitor=loss,patience=0,min_delta=9"))
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertNotIn("KAIROS-", run.stderr)
        self.assertTrue((self.directory / "m.keras").is_file())

    def test_full_disk_is_an_error(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            run = subprocess.run([KAIROS, "--help"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(run.returncode, 6)
        self.assertIn("KAIROS-F060: standard output: cannot write to it; found No space left on device. Check for a full disk.", run.stderr)


class ControlCharacters(ProgramTest):
    def assert_printable(self, run):
        for text in (run.stdout, run.stderr):
            self.assertIsNone(CONTROL.search(text), repr(text))

    def test_names_of_layers(self):
        self.kairos(*self.fit(save_model="m.keras"))
        self.kairos("convert", "m.keras", "m.json")
        model = json.loads(self.text("m.json"))
        for layer in model["config"]["layers"]:
            layer["config"]["name"] = layer["config"]["name"] + EVIL
        model["config"]["name"] = EVIL
        self.put("evil.json", json.dumps(model))
        run = self.run_kairos("summary", "evil.json")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assert_printable(run)
        self.assertIn('Model: "\\x1b[31mEVIL\\x1b]0;pwn\\x07\\x0a\\x0dx\\xc2\\x9b31m"\n', run.stdout)
        for arguments in (self.fit(model="evil.json"), self.fit(model="evil.json", verbose=1, epochs=1)):
            run = self.run_kairos(*arguments)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assert_printable(run)

    def test_labels_and_names_of_files(self):
        rows = CSV.splitlines()
        label = EVIL.replace("\n", "").replace("\r", "")
        named = [rows[0]] + [row[:-1] + (label if row.endswith("1") else "good") for row in rows[1:]]
        name = f"da{label}ta.csv"
        self.put(name, "\n".join(named) + "\n")
        for exit_code, changes in ((0, {"verbose": 2}), (0, {"verbose": 2, "validation_split": 0.1, "model": "dense(3,softmax)"}),
                                   (5, {"model": "dense(1)"})):
            run = self.run_kairos(*self.fit(data=name, run_dir="run" + label, save_model=f"m{label}.keras", **changes))
            self.assertEqual(run.returncode, exit_code, run.stderr)
            for text in (run.stdout, run.stderr):
                self.assertNotIn("\x1b[31m", text)
                self.assertNotIn("\x9b", text)

    def test_names_of_plugin_files(self):
        plugins = pathlib.Path(KAIROS).parent.parent / "lib" / "kairos" / "plugins"
        shown = self.directory / f"d{EVIL}"
        shown.mkdir()
        shutil.copy(next(plugins.rglob("early_stopping.so")), shown / f"a{EVIL}.so")
        (shown / f"b{EVIL}.so").write_text("no plugin")
        run = self.run_kairos("plugins", "list", "--plugin-dir", shown)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assert_printable(run)
        self.assertIn("EVIL", run.stdout)
        self.assert_printable(self.run_kairos("plugins", "inspect", shown / f"a{EVIL}.so"))
        json.loads(self.kairos("plugins", "list", "--json", "--plugin-dir", shown))
        self.assert_printable(self.run_kairos("plugins", "list", "--plugin-dir", self.directory / f"none{EVIL}"))
        self.assert_printable(self.run_kairos("explain", EVIL))


class Machine(ProgramTest):
    """Limits of the machine are told with what to do."""

    def test_names_that_no_file_system_takes(self):
        name = "n" * 260
        for changes, ending in (({"save_model": name + ".keras"}, "266"), ({"save_weights": name + ".npz"}, "264"),
                                ({"history": f"{name}/h.json"}, "260"), ({"run_dir": f"runs/{name}"}, "260")):
            run = self.run_kairos(*self.fit(**changes, plugin="CSVLogger:filename=log.csv"))
            self.assertEqual(run.returncode, 6, run.stderr)
            self.assertIn(f"a name is too long for a file; found {ending} bytes, expected at most 255 bytes. Choose a shorter name.", run.stderr)
            self.assertFalse((self.directory / "log.csv").exists())
        self.kairos(*self.fit(save_model="m.keras"))
        for arguments in (["predict", "--model", "m.keras", "--data", "data.csv", "--target", "label", "--out", name + ".csv"],
                          ["convert", "m.keras", name + ".h5"], ["plot", ".", "--out", name + ".svg"]):
            self.assertIn("a name is too long for a file", self.run_kairos(*arguments).stderr)
        self.kairos(*self.fit(save_model="m" * 249 + ".keras"))
        long = "/".join(["d" * 200] * 25) + "/m.keras"
        self.assertIn("the path is too long", self.run_kairos(*self.fit(save_model=long)).stderr)

    def test_removed_directory(self):
        gone = self.directory / "gone"
        gone.mkdir()
        run = subprocess.run(["bash", "-c", 'cd gone && rmdir ../gone && exec "$@"', "-", KAIROS, *self.fit(data="data.csv")],
                             cwd=self.directory, capture_output=True, text=True, timeout=60)
        self.assertEqual(run.returncode, 6, run.stderr)
        self.assertIn("KAIROS-F085: kairos: the current directory cannot be used; found No such file or directory, expected a directory that "
                      "exists. Change to another directory; this one was probably removed.", run.stderr)

    @unittest.skipIf(os.environ.get("KAIROS_TEST_HARDENING") == "OFF", "sanitizers reserve address space")
    def test_memory_that_runs_out(self):
        rows = "".join(f"{i % 7},{i % 5},{i % 2}\n" for i in range(3_000_000))
        self.put("large.csv", "a,b,label\n" + rows)
        told = False
        for megabytes in range(60, 400, 10):
            limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20,) * 2)  # noqa: B023,E731
            run = subprocess.run([KAIROS, *self.fit(data="large.csv", epochs=1, batch_size=50_000)], cwd=self.directory, capture_output=True,
                                 text=True, timeout=120, preexec_fn=limit, env={**os.environ, "OMP_NUM_THREADS": "1"})
            if run.returncode == 0:
                break
            self.assertNotIn("Report this", run.stderr)
            told = told or "KAIROS-F086: kairos: the memory ran out. Read the data while it is used with --stream true" in run.stderr
        self.assertTrue(told)

    def test_only_a_file_that_exists_is_unchanged(self):
        run = self.run_kairos(*self.fit(save_model="/proc/m.keras"))
        self.assertIn("expected a writable location. Choose another directory", run.stderr)
        self.assertNotIn("unchanged", run.stderr)


if __name__ == "__main__":
    main()
