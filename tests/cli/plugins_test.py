# SPDX-License-Identifier: MIT
"""`kairos plugins`: listings as text and JSON, with rejected files, without executing a plugin."""
import json
import os
import pathlib

from program import MISHAPS, ProgramTest, main

PLUGINS = str(pathlib.Path(MISHAPS).parent)


class Plugins(ProgramTest):
    def test_table_has_a_line_for_each_callback(self):
        lines = self.kairos("plugins", "list", "--plugin-dir", PLUGINS).splitlines()
        self.assertEqual(lines[0].split(), ["CALLBACK", "ID", "PHASE", "VERSION", "FILE"])
        self.assertIn(["Fail", "com.example.Fail", "decide", "1.2.3", MISHAPS], [line.split() for line in lines])
        self.assertIn("kairos.EarlyStopping", [line.split()[1] for line in lines])

    def test_refused_files_are_listed_beside_the_others(self):
        os.mkdir(self.directory / "bad")
        self.put("bad/text.so", "no plugin\n")
        os.mkfifo(self.directory / "bad" / "pipe.so")
        out = self.kairos("plugins", "list", "--plugin-dir", "bad")
        table, refused = out.split("\nRejected:\n")
        self.assertIn("kairos.EarlyStopping", table)
        self.assertRegex(refused, r"  KAIROS-L\d{3}: \S*/bad/pipe\.so: .*\n  KAIROS-L\d{3}: \S*/bad/text\.so: ")
        listed = json.loads(self.kairos("plugins", "list", "--json", "--plugin-dir", "bad"))
        self.assertEqual([pathlib.Path(one["file"]).name for one in listed["refused"]], ["pipe.so", "text.so"])
        for one in listed["refused"]:
            self.assertEqual(sorted(one), ["code", "cure", "expected", "file", "found", "ids", "text", "what"])
            self.assertTrue(one["text"].startswith(one["code"]) and one["cure"])
        self.assertIn("exit code is 0", self.kairos("plugins", "list", "--help"))

    def test_variable_adds_directories(self):
        os.environ["KAIROS_PLUGIN_PATH"] = PLUGINS
        self.addCleanup(os.environ.pop, "KAIROS_PLUGIN_PATH")
        listed = json.loads(self.kairos("plugins", "list", "--json"))
        self.assertIn(PLUGINS, listed["directories"])
        self.assertIn("com.example.Fail", [c["id"] for plugin in listed["plugins"] for c in plugin["callbacks"]])

    def test_json_says_everything_of_a_manifest(self):
        plugin = json.loads(self.kairos("plugins", "inspect", "--json", "ReduceLROnPlateau"))
        self.assertEqual(list(plugin), ["file", "version", "abi", "sdk", "compiler", "about", "callbacks"])
        self.assertEqual(sorted(plugin["abi"]), ["built", "major", "required"])
        [callback] = plugin["callbacks"]
        self.assertEqual(callback["id"], "kairos.ReduceLROnPlateau")
        self.assertEqual(callback["name"], "ReduceLROnPlateau")
        self.assertEqual((callback["phase"], callback["capabilities"], callback["publishes"]),
                         ("decide", ["set_optimizer"], ["learning_rate"]))
        self.assertEqual(sorted(callback["state"]), ["oldest", "version"])
        self.assertIn("on_epoch_end", callback["hooks"])
        options = {option["name"]: option for option in callback["options"]}
        self.assertEqual(options["factor"], {
            "name": "factor", "type": "float", "items": None, "deprecated": "", "required": False, "default": 0.1, "min": 0.0, "max": 1.0, "min_excluded": True,
            "max_excluded": True, "unit": "", "choices": [], "aliases": [], "help": "factor that multiplies the rate",
            "access": [], "secret": False, "voids_state": False})
        self.assertEqual([callback[key] for key in ("aliases", "before", "after")], [[], [], []])
        self.assertEqual((options["patience"]["default"], options["patience"]["unit"], options["patience"]["min"]), (10, "epochs", 0))
        self.assertEqual(options["mode"]["choices"], ["auto", "min", "max"])
        self.assertEqual(options["min_delta"]["aliases"], ["epsilon"])
        self.assertEqual([option["name"] for option in callback["host_options"]], ["on_error", "on_missing"])
        self.assertEqual(callback["host_options"][0]["default"], "fatal")

    def test_defaults_of_host_options_are_those_that_count(self):
        for name, policy in (("CSVLogger", "disable"), ("ModelCheckpoint", "fatal")):
            [callback] = json.loads(self.kairos("plugins", "inspect", name, "--json"))["callbacks"]
            self.assertEqual(callback["host_options"][0]["default"], policy)
            choices = callback["host_options"][0]["choices"] + ["wrong"]
            for choice in choices:
                path = "filename=log.csv" if name == "CSVLogger" else "filepath=m.h5"
                run = self.run_kairos(*self.fit(plugin=f"{name}:{path},on_error={choice}"))
                self.assertEqual(run.returncode, 3 if choice == "wrong" else 0, run.stderr)

    def test_text_says_it_to_people(self):
        out = self.kairos("plugins", "inspect", "early_stopping")
        for part in ("kairos.EarlyStopping: Stops the run", "phase         decide", "capabilities  stop, write_weights", "compiler",
                     "patience", "at least 0", "auto, min, max", "not set", "on_error", "on_missing"):
            self.assertIn(part, out)
        self.assertIn("required", self.kairos("plugins", "inspect", "ModelCheckpoint"))

    def test_file_shows_all_its_callbacks_or_the_one_that_is_meant(self):
        for name, ids in ((MISHAPS, ["com.example.Crash", "com.example.Fail"]), (MISHAPS + "#Fail", ["com.example.Fail"])):
            plugin = json.loads(self.kairos("plugins", "inspect", name, "--json"))
            self.assertEqual([callback["id"] for callback in plugin["callbacks"]], ids)
            self.assertEqual(plugin["version"], "1.2.3")

    def test_refused_file_is_explained_with_exit_code_3(self):
        self.put("text.so", "no plugin\n")
        refused = json.loads(self.kairos("plugins", "inspect", "./text.so", "--json", exit_code=3))["refused"]
        run = self.run_kairos("plugins", "inspect", "./text.so")
        self.assertEqual((run.returncode, run.stdout, run.stderr), (3, "", refused["text"] + "\n"))

    def test_markdown_is_a_table_of_callbacks(self):
        lines = self.kairos("plugins", "list", "--markdown").splitlines()
        self.assertEqual(lines[:2], ["| callback | phase | what it does | options and defaults |", "|---|---|---|---|"])
        self.assertEqual(lines[2:], sorted(lines[2:], key=str.lower))
        [row] = [line for line in lines if line.startswith("| ReduceLROnPlateau |")]
        self.assertIn("| decide | Lowers the learning rate when a metric has stopped improving | `monitor=val_loss`, `factor=0.1`, "
                      "`patience=10`", row)

    def test_peak_of_memory_is_not_that_of_the_program_that_starts_a_run(self):
        large = b"x" * (500 << 20)
        self.kairos(*self.fit(plugin=["SystemMonitor", "CSVLogger:filename=log.csv"]))
        header, first = self.text("log.csv").splitlines()[:2]
        values = dict(zip(header.split(","), first.split(",")))
        self.assertLess(float(values["memory_peak_mb"]), 400)
        self.assertLessEqual(float(values["memory_mb"]), float(values["memory_peak_mb"]))
        self.assertEqual(len(large), 500 << 20)


if __name__ == "__main__":
    main()
