# SPDX-License-Identifier: MIT
"""Secrets of plugins: neither printed nor stored, and read from the environment or a file."""
import json
import os
import pathlib

from program import MISHAPS, ProgramTest, main

CONFIDANT = str(pathlib.Path(MISHAPS).parents[1] / "confiding" / "confidant.so")


class Secrets(ProgramTest):
    def recorded(self, spec, **changes):
        """The plugins in the record of a fit; nothing that the run printed or wrote may contain the secret."""
        run = self.run_kairos(*self.fit(plugin=spec, run_dir="run", verbose=1, save_model="m.keras", **changes))
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("token of 7: ***", run.stdout + run.stderr)
        self.assertNotIn("hunter2", run.stdout + run.stderr)
        for path in self.directory.rglob("*"):
            if path.is_file() and path.name != "token.txt":
                self.assertNotIn(b"hunter2", path.read_bytes(), path)
        return json.loads(self.text("run/run.json"))["plugin"]

    def test_written_out_secret_is_not_stored(self):
        self.assertEqual(self.recorded(f"{CONFIDANT}@one:token=hunter2,place='a, b'"),
                         [f"{CONFIDANT}@one:token='***',place='a, b'"])
        self.assertEqual(self.recorded(f"{CONFIDANT}('hunter2', place='it\\'s')"), [f"{CONFIDANT}('***',place='it\\'s')"])
        run = self.run_kairos("fit", "--config", "run/run.json")
        self.assertEqual(run.returncode, 3)
        self.assertIn("KAIROS-O058", run.stderr)
        self.assertIn("the secret was not stored", run.stderr)

    def test_reference_to_a_secret_is_stored_as_written(self):
        os.environ["KAIROS_TEST_TOKEN"] = "hunter2"
        self.addCleanup(os.environ.pop, "KAIROS_TEST_TOKEN")
        self.assertEqual(self.recorded(f"{CONFIDANT}:token=env:KAIROS_TEST_TOKEN"), [f"{CONFIDANT}:token=env:KAIROS_TEST_TOKEN"])
        self.put("token.txt", "hunter2\n")
        self.assertEqual(self.recorded(f"{CONFIDANT}:token=file:token.txt"), [f"{CONFIDANT}:token=file:token.txt"])

    def test_printed_configuration_has_no_secret(self):
        out = self.kairos(*self.fit(plugin=f"{CONFIDANT}:token=hunter2", print_config=True))
        self.assertEqual(json.loads(out)["plugin"], [f"{CONFIDANT}:token='***'"])
        for spec in ("absent.so:token=hunter2", f"{CONFIDANT}('hunter2', 'b', 'c', 'd')", "Confidnt(token='hunter2')"):
            self.assertNotIn("hunter2", self.kairos(*self.fit(plugin=spec, print_config=True)))

    def test_evaluation_keeps_it_too(self):
        self.kairos(*self.fit(save_model="m.keras"))
        self.kairos("evaluate", "--model", "m.keras", "--data", "data.csv", "--target", "label", "--run-dir", "eval",
                    "--plugin", f"{CONFIDANT}:token=hunter2")
        self.assertEqual(json.loads(self.text("eval/evaluate.json"))["plugin"], [f"{CONFIDANT}:token='***'"])

    def test_file_of_a_secret_is_not_replaced(self):
        self.put("token.txt", "hunter2\n")
        run = self.run_kairos(*self.fit(plugin=f"{CONFIDANT}:token=file:token.txt", history="token.txt"))
        self.assertEqual(run.returncode, 2, run.stderr)
        self.assertEqual(self.text("token.txt"), "hunter2\n")


class Authors(ProgramTest):
    def test_list_and_inspect_tell_about_a_plugin(self):
        lines = self.kairos("plugins", "list", "--plugin-dir", str(pathlib.Path(CONFIDANT).parent)).splitlines()
        self.assertEqual(lines[0].split(), ["CALLBACK", "ID", "PHASE", "VERSION", "AUTHOR", "FILE"])
        self.assertTrue(any("Jane Doe" in line and "com.example.Confidant" in line for line in lines))
        text = self.kairos("plugins", "inspect", CONFIDANT)
        for part in ("author       Jane Doe", "license      MIT", "support      https://example.com/issues", r"Tells nothing.\x1b[31m",
                     "ranks         rank 0", "secret: also env:NAME or file:PATH", "another value voids saved state"):
            self.assertIn(part, text)
        plugin = json.loads(self.kairos("plugins", "inspect", "--json", CONFIDANT))
        self.assertEqual(sorted(plugin["about"]), ["author", "description", "license", "support", "url"])
        token, place = plugin["callbacks"][0]["options"]
        self.assertEqual((token["secret"], token["voids_state"]), (True, False))
        self.assertEqual((place["secret"], place["voids_state"]), (False, True))


if __name__ == "__main__":
    main()
