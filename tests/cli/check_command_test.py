# SPDX-License-Identifier: MIT
"""kairos plugins check: callbacks that are right have no fault, and each kind of fault is found, with a command that shows it."""
import json
import pathlib
import shutil
import subprocess

from program import KAIROS, MISHAPS, ProgramTest, main

OFFENDING = pathlib.Path(MISHAPS).parents[1] / "offending" / "offenders.so"
MEDDLING = pathlib.Path(MISHAPS).parents[1] / "meddling" / "meddlers.so"


class CheckCommand(ProgramTest):
    def check(self, *arguments, exit_code=7):
        """Lines of the report; the files that stay are removed with the test's directory."""
        run = subprocess.run([KAIROS, "plugins", "check", *map(str, arguments)], cwd=self.directory, capture_output=True, text=True, timeout=300,
                             env={"PATH": "/usr/bin:/bin", "TMPDIR": str(self.directory)})
        self.assertEqual((run.returncode, run.stderr), (exit_code, ""), run.stdout)
        return run.stdout.splitlines()

    def test_callbacks_that_are_right(self):
        lines = self.check("TerminateOnNaN", "CSVLogger", "--plugin", "CSVLogger:filename=log.csv", "--plugin", "CSVLogger('log.tsv', separator=';')",
                           exit_code=0)
        self.assertEqual(len(lines), 3, lines)
        for line, name in zip(lines, ("CSVLogger", "CSVLogger", "TerminateOnNaN")):
            self.assertRegex(line, rf"^{name}: 4\d runs, no fault$")
        self.assertEqual([path.name for path in self.directory.iterdir()], ["data.csv"])

    def test_broken_rule_has_a_command_that_shows_it(self):
        lines = self.check(f"{OFFENDING}#Offender", "--plugin", f"{OFFENDING}#Offender:what=weight")
        at = next(i for i, line in enumerate(lines) if line.startswith("Offender: a training with every hook checked: exit code 7: KAIROS-C020: Offender "))
        command = lines[at + 1].strip()
        self.assertTrue(command.startswith(f"OMP_NUM_THREADS=1 KAIROS_CHECK_PLUGINS=1 {KAIROS} fit "), command)
        again = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60)
        self.assertEqual(again.returncode, 7)
        self.assertIn("KAIROS-C020", again.stderr)
        kept = pathlib.Path(lines[-1].removeprefix("The files of the runs with faults are in "))
        self.assertEqual(kept.parent, self.directory)
        self.assertTrue((kept / "points.npz").is_file())

    def test_crash_ends_only_its_run(self):
        lines = self.check(MISHAPS)
        self.assertRegex(lines[0], r"^Crash: a training: exit code 139: KAIROS-C009: ")
        self.assertEqual(lines[2], "Crash: 1 run, 1 fault")
        self.assertRegex(lines[3], r"^Fail: a training: exit code 7: KAIROS-C001: Fail ")
        self.assertEqual(lines[5], "Fail: 1 run, 1 fault")

    def test_hook_that_does_not_return(self):
        lines = self.check(f"{MEDDLING}#Meddler", "--plugin", f"{MEDDLING}#Meddler:what=hang", "--timeout", "3")
        self.assertEqual(lines[0], "Meddler: a training: it did not end in time")

    def test_state_that_is_not_kept(self):
        names = {callback["name"] for plugin in json.loads(self.kairos("plugins", "list", "--json"))["plugins"] for callback in plugin["callbacks"]}
        if "LuaCallback" not in names:
            self.skipTest("LuaCallback was not built")
        script = "local n = 0\nfunction on_epoch_begin() n = n + 1 kairos.set_learning_rate(0.1 / n) end\n"
        self.put("lost.lua", script)
        lines = self.check("LuaCallback", "--plugin", "LuaCallback:file=lost.lua")
        found = [line for line in lines if line.startswith("LuaCallback: going on ")]
        self.assertEqual(len(found), 2, lines)
        self.assertIn("the weights differ from those of the training that was not ended: ", found[0])
        self.assertRegex(lines[-2], r"^LuaCallback: \d+ runs, 2 faults$")
        self.put("kept.lua", script + "function get_state() return n end function set_state(s) n = s end\n")
        self.assertRegex(self.check("LuaCallback", "--plugin", "LuaCallback:file=kept.lua", exit_code=0)[0], r"^LuaCallback: \d+ runs, no fault$")

    def test_required_options_of_the_page(self):
        """A bundled plugin's page is installed; that of another is README.md beside its file, or one directory above."""
        lines = self.check("CSVLogger", exit_code=0)
        self.assertRegex(lines[0], r"^CSVLogger: with the options of an example, --plugin CSVLogger:filename=\S+ \(.*/csv_logger/README.md\)$")
        self.assertRegex(lines[1], r"^CSVLogger: \d+ runs, no fault$")
        (self.directory / "build").mkdir()
        plugin = shutil.copy(pathlib.Path(KAIROS).parents[1] / "lib/kairos/plugins/csv_logger.so", self.directory / "build")
        self.put("README.md", "# Mine\n\n    kairos fit … --plugin EarlyStopping --plugin CSVLogger:append=true\n"
                              "    kairos fit … --plugin CSVLogger:filename='a b.csv',separator=';' --plugin Nobody:filename=x\n"
                              "    kairos fit … --plugin CSVLogger:filename=later.csv\n")
        lines = self.check(plugin, exit_code=0)
        self.assertEqual(lines[0], "CSVLogger: with the options of an example, --plugin CSVLogger:filename=a b.csv,separator=; "
                                   f"({self.directory}/README.md)")
        self.put("README.md", "# Mine\n\n    kairos fit … --plugin CSVLogger:separator=';'\n")
        self.assertEqual(self.check(plugin)[0], "CSVLogger: not checked, because filename is required and no example shows it. "
                                                "Give it, as in --plugin CSVLogger:filename=VALUE")

    def test_options_and_optimizer_of_the_page_where_there_are_no_required_ones(self):
        """GradientClipping refuses to be without options, SwapEMAWeights any optimizer but one with averages."""
        lines = self.check("GradientClipping", "SwapEMAWeights", exit_code=0)
        self.assertRegex(lines[0], r"^GradientClipping: with the options of an example, --plugin GradientClipping:\w+=1 ")
        self.assertRegex(lines[2], r"^SwapEMAWeights: with the options of an example, --plugin SwapEMAWeights:swap_on_epoch=true ")
        for line in (lines[1], lines[3]):
            self.assertRegex(line, r": \d+ runs, no fault$")

    def test_script_of_the_page(self):
        if not (pathlib.Path(KAIROS).parents[1] / "lib/kairos/plugins/lua_callback.so").exists():
            self.skipTest("LuaCallback was not built")
        lines = self.check("LuaCallback", exit_code=0)
        self.assertRegex(lines[0], r"^LuaCallback: with the options of an example, --plugin LuaCallback:file=\w+\.lua")
        self.assertRegex(lines[1], r"^LuaCallback: \d+ runs, no fault$")

    def test_what_cannot_be_checked(self):
        (self.directory / "empty").mkdir()
        self.put("broken.so", "no plugin")
        for arguments, exit_code, sentence in ((["Nobody"], 3, "KAIROS-O001: Nobody: no such plugin"),
                                               (["empty"], 2, "the directory has no plugin. Name one with files *.so"),
                                               (["./broken.so"], 3, "broken.so"),
                                               (["CSVLogger:filename=a"], 2, "a callback is named without options. Give its options with --plugin"),
                                               (["TerminateOnNaN", "--plugin", "CSVLogger:filename=a"], 2, "this callback is not checked. Name it, or leave --plugin out"),
                                               (["--timeout", "soon"], 2, "--timeout")):
            with self.subTest(arguments):
                run = self.run_kairos("plugins", "check", *arguments)
                self.assertEqual((run.returncode, run.stdout), (exit_code, ""))
                self.assertIn(sentence, run.stderr)
        self.assertIn("NAME|FILE.so|DIR", self.kairos("plugins", "check", "--help"))


if __name__ == "__main__":
    main()
