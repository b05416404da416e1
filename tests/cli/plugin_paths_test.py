# SPDX-License-Identifier: MIT
"""Where plugins are searched, which one wins, and which files cannot be loaded; names of files that plugins write."""
import json
import os
import pathlib
import shutil
import subprocess

from program import KAIROS, MISHAPS, ProgramTest, main

INSTALLED = pathlib.Path(KAIROS).parents[1] / "lib" / "kairos" / "plugins"
EARLY = INSTALLED / "early_stopping.so"


class Paths(ProgramTest):
    def run_with(self, *arguments, **variables):
        environment = {name: value for name, value in os.environ.items() if name not in ("KAIROS_PLUGIN_PATH", "XDG_DATA_HOME")}
        return subprocess.run([KAIROS, *map(str, arguments)], cwd=self.directory, capture_output=True, text=True, timeout=60,
                              env={**environment, "HOME": str(self.directory), **variables})

    def place(self, directory, file=EARLY, name="es.so"):
        (self.directory / directory).mkdir(parents=True, exist_ok=True)
        return str(shutil.copy(file, self.directory / directory / name))

    def used(self, *flags, plugin="EarlyStopping:monitor=loss", **variables):
        """What a run prints about the file that it uses."""
        run = self.run_with(*self.fit(plugin=plugin), *flags, **variables)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        return run.stdout

    def test_plugin_that_is_searched_first_wins_with_a_line(self):
        self.assertEqual(self.used(), "")
        own = self.place("own")
        line = f"EarlyStopping is {{}}, which hides {EARLY}\n"
        self.assertEqual(self.used("--plugin-dir", "own"), line.format(own))
        self.assertEqual(self.used(KAIROS_PLUGIN_PATH=str(self.directory / "own")), line.format(own))
        self.assertEqual(self.used("--plugin-dir", "own", plugin="CSVLogger:filename=x.csv"), "")
        self.assertEqual(self.used("--plugin-dir", "own", plugin=f"{EARLY}:monitor=loss"), "")
        listed = json.loads(self.run_with("plugins", "list", "--json", "--plugin-dir", "own").stdout)
        [hidden] = listed["refused"]
        self.assertEqual((hidden["code"], hidden["file"]), ("KAIROS-L052", str(EARLY)))

    def test_two_in_one_place_are_refused(self):
        self.place("own")
        self.place("own", name="again.so")
        run = self.run_with(*self.fit(plugin="EarlyStopping:monitor=loss", plugin_dir="own"))
        self.assertEqual(run.returncode, 3)
        self.assertIn("KAIROS-L020", run.stderr)

    def test_directory_of_the_user_comes_before_the_installed_one(self):
        own = self.place(".local/share/kairos/plugins")
        line = f"EarlyStopping is {{}}, which hides {EARLY}\n"
        self.assertEqual(self.used(), line.format(own))
        self.assertEqual(self.used(XDG_DATA_HOME="relative"), line.format(own))
        elsewhere = self.place("data/kairos/plugins")
        self.assertEqual(self.used(XDG_DATA_HOME=str(self.directory / "data")), line.format(elsewhere))
        first = self.place("first")
        self.assertTrue(self.used("--plugin-dir", "first").startswith(f"EarlyStopping is {first}, which hides "))
        self.assertEqual(self.used(HOME=""), "")

    def test_empty_entries_and_colons(self):
        own = self.place("own")
        for text in (f"{self.directory}/own:", f":{self.directory}/own", f"{self.directory}/own::"):
            self.assertIn(own, self.used(KAIROS_PLUGIN_PATH=text))
        colons = self.place("run-10:00:00")
        self.assertIn(colons, self.used("--plugin-dir", "run-10:00:00"))
        self.used(plugin="run-10:00:00/es.so:monitor=loss")
        run = self.run_with("plugins", "list", KAIROS_PLUGIN_PATH="own")
        self.assertIn(f"Write {self.directory}/own; a directory with ':' in its name is given as --plugin-dir.", run.stderr)

    def test_library_beside_a_plugin_is_not_rejected(self):
        self.place("own")
        helper = self.place("own", pathlib.Path(MISHAPS).parents[1] / "preloaded" / "fast_clock.so", "libhelper.so")
        out = self.run_with("plugins", "list", "--plugin-dir", "own").stdout
        self.assertTrue(out.endswith(f"\nLibraries that are no plugins:\n  {helper}\n"), out)
        self.assertNotIn("KAIROS-L011", out)

    def test_noexec_mount_is_named(self):
        (self.directory / "mount").mkdir()
        script = (f'mount -t tmpfs -o noexec none mount && cp {EARLY} mount/es.so && exec {KAIROS} plugins inspect mount/es.so')
        if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode != 0:
            self.skipTest("no mount can be made")
        run = subprocess.run(["unshare", "-rm", "sh", "-c", script], cwd=self.directory, capture_output=True, text=True)
        if run.stderr.startswith("mount:"):
            self.skipTest(run.stderr)
        self.assertEqual((run.returncode, run.stderr),
                         (3, f"KAIROS-L053: {self.directory}/mount/es.so: no code may run from the file system of the plugin; found a mount "
                             "with noexec, expected a mount without noexec. Copy the plugin to a directory on another file system.\n"))

    def test_long_names_are_found_before_training(self):
        for plugin, option in ((f"ModelCheckpoint:filepath='{'m' * 260}.h5'", "ModelCheckpoint, option filepath"),
                               (f"ModelCheckpoint:filepath='{'m' * 200}-{{epoch:064d}}.h5'", "ModelCheckpoint, option filepath"),
                               (f"ModelCheckpoint:filepath='{'m' * 256}/{{epoch}}.h5'", "ModelCheckpoint, option filepath"),
                               (f"CSVLogger:filename={'c' * 256}", "CSVLogger, option filename"),
                               (f"TensorBoard:log_dir={'t' * 256}", "TensorBoard, option log_dir")):
            with self.subTest(plugin=plugin[:40]):
                run = self.run_with(*self.fit(plugin=plugin))
                self.assertEqual(run.returncode, 3)
                self.assertRegex(run.stderr, rf"\AKAIROS-O057: {option}: a file name is too long for the file system; found 2\d\d bytes in "
                                             r'"\w{40}…", expected at most 255 bytes\. Choose a shorter name\.\n\Z')
        name = "m" * 200
        self.used(plugin=f"ModelCheckpoint:filepath='{name}-{{loss:.2f}}{{loss:.2f}}{{epoch:02d}}{{epoch:02d}}.h5'")


if __name__ == "__main__":
    main()
