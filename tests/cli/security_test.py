# SPDX-License-Identifier: MIT
"""Hardening of the program and the plugins, and the rights that they run with.

  security_test.py KAIROS MISHAPS"""
import json
import os
import pathlib
import shutil
import struct
import subprocess

from program import KAIROS, MISHAPS, ProgramTest, main

PLUGINS = pathlib.Path(KAIROS).resolve().parents[1] / "lib" / "kairos" / "plugins"
FILES = [pathlib.Path(KAIROS), pathlib.Path(MISHAPS), *sorted(PLUGINS.glob("*.so"))]
PT_DYNAMIC, PT_GNU_STACK, PT_GNU_RELRO = 2, 0x6474E551, 0x6474E552
DT_STRTAB, DT_SYMTAB, DT_FLAGS, DT_TEXTREL, DT_FLAGS_1, DT_BIND_NOW = 5, 6, 30, 22, 0x6FFFFFFB, 24
ENDBR64 = b"\xf3\x0f\x1e\xfa"


class Elf:
    """The dynamic section of a file, and the symbols that it imports."""

    def __init__(self, path):
        self.data = path.read_bytes()
        assert self.data[:5] == b"\x7fELF\x02", path
        (self.type,) = struct.unpack_from("<H", self.data, 16)
        (offset,) = struct.unpack_from("<Q", self.data, 32)
        size, count = struct.unpack_from("<HH", self.data, 54)
        self.segments = [struct.unpack_from("<IIQQQQQQ", self.data, offset + i * size) for i in range(count)]
        dynamic = next(segment for segment in self.segments if segment[0] == PT_DYNAMIC)
        self.dynamic = dict(struct.iter_unpack("<qQ", self.data[dynamic[2]:dynamic[2] + dynamic[5]]))

    def flags_of(self, kind):
        return [segment[1] for segment in self.segments if segment[0] == kind]

    def imports(self):
        """Names in the dynamic string table."""
        at = next(s[2] + self.dynamic[DT_STRTAB] - s[3] for s in self.segments
                  if s[0] == 1 and s[3] <= self.dynamic[DT_STRTAB] < s[3] + s[5])
        return set(self.data[at:at + self.dynamic[10]].split(b"\0"))


class Build(ProgramTest):
    def test_the_program_and_all_plugins_are_hardened(self):
        if os.environ.get("KAIROS_TEST_HARDENING") == "OFF":
            self.skipTest("this build is not hardened")
        self.assertGreater(len(FILES), 3)
        for path in FILES:
            with self.subTest(path.name):
                elf = Elf(path)
                self.assertEqual(elf.type, 3, "not position independent")
                self.assertEqual(len(elf.flags_of(PT_GNU_RELRO)), 1, "no RELRO")
                self.assertEqual(elf.flags_of(PT_GNU_STACK), [6], "the stack is executable")
                now = DT_BIND_NOW in elf.dynamic or elf.dynamic.get(DT_FLAGS, 0) & 8 or elf.dynamic.get(DT_FLAGS_1, 0) & 1
                self.assertTrue(now, "symbols are bound late, so RELRO is partial")
                self.assertNotIn(DT_TEXTREL, elf.dynamic)
                self.assertGreater(elf.data.count(ENDBR64), 5, "no marks for control-flow enforcement")
        # A small plugin may have no array on its stack and no call that FORTIFY can check.
        program = Elf(FILES[0]).imports()
        self.assertTrue(b"__stack_chk_fail" in program, "no stack protector")
        self.assertTrue({name for name in program if name.endswith(b"_chk")}, "no call is checked by FORTIFY")
        plugins = set().union(*(Elf(path).imports() for path in FILES[1:]))
        self.assertTrue(b"__stack_chk_fail" in plugins, "no stack protector")


class Rights(ProgramTest):
    def test_a_program_with_rights_that_its_user_does_not_have_is_refused(self):
        if os.geteuid() != 0:
            self.skipTest("only root can give a file to somebody else")
        program = self.directory / "kairos"
        for mode, owner in ((0o4755, (65534, 0)), (0o2755, (0, 65534))):
            shutil.copy(KAIROS, program)
            os.chown(program, *owner)
            os.chmod(program, mode)
            if os.statvfs(self.directory).f_flag & os.ST_NOSUID:
                self.skipTest("this file system ignores set-uid")
            for arguments in (["--version"], self.fit()):
                run = subprocess.run([program, *arguments], cwd=self.directory, capture_output=True, text=True, timeout=60)
                self.assertEqual((run.returncode, run.stdout), (2, ""))
                self.assertEqual(run.stderr, "KAIROS-U057: kairos: the program runs with rights that its user does not have; expected a file "
                                             "without set-uid, set-gid and capabilities. Remove them with chmod ug-s and setcap -r.\n")
        self.assertEqual(sorted(self.files()), sorted(str(self.directory / name) for name in ("data.csv", "kairos")))

    def test_plugins_that_others_can_write_to_are_warned_of(self):
        place = self.directory / "plugs"
        place.mkdir()
        plugin = place / "es.so"
        shutil.copy(PLUGINS / "early_stopping.so", plugin)
        os.chmod(plugin, 0o644)
        warning = "is writable by others, who can then decide which code is loaded"
        for mode, file_mode, expected in ((0o755, 0o644, None), (0o777, 0o644, f"the plugin directory {place} "), (0o1777, 0o644, f"the plugin directory {place} "),
                                          (0o755, 0o666, f"the plugin {plugin} ")):
            os.chmod(place, mode)
            os.chmod(plugin, file_mode)
            run = self.run_kairos(*self.fit(plugin_dir=place, plugin=f"{plugin}:monitor=loss"))
            self.assertEqual(run.returncode, 0, run.stderr)
            lines = [line for line in run.stderr.splitlines() if warning in line and "plugs" in line]
            self.assertEqual(len(lines), 0 if expected is None else 1, run.stderr)
            if expected is not None:
                self.assertIn(f"warning: {expected}{warning}: ", lines[0])
                self.assertTrue(lines[0].endswith(". Run chmod go-w on it, or use your own copy"), lines[0])
        os.chmod(place, 0o777)
        run = self.run_kairos(*self.fit(plugin_dir=place))
        self.assertNotIn(warning, run.stderr)  # nothing is loaded

    def test_commands_of_a_file_need_permission(self):
        spec = "ShellHook:on_train_begin='echo ran >> " + str(self.directory / "ran") + "'"
        settings = {"model": "dense(2,softmax)", "data": "data.csv", "target": "label", "loss": "sparse_categorical_crossentropy", "epochs": 1,
                    "verbose": "0", "plugin": [spec]}
        self.put("run.json", json.dumps(settings))
        self.put("pass.json", json.dumps({"model": "m.keras", "data": "data.csv", "target": "label", "plugin": [spec.replace("train_begin", "test_end")]}))
        self.put("cases.json", json.dumps({"cases": [{"logs": [{"loss": 1}], "callbacks": [
            {"class": "ShellHook", "config": {"on_train_begin": f"echo ran >> {self.directory}/ran"}}]}]}))
        self.put("logs.csv", "epoch,loss\n0,1\n")
        self.kairos(*self.fit(save_model="m.keras"))
        self.kairos(*self.fit(epochs=1, plugin=spec, run_dir="run"))  # what the command line names is the user's
        self.kairos("replay", "--logs", "logs.csv", "--plugin", spec)
        ran = self.directory / "ran"
        self.assertEqual(ran.read_text(), "ran\n" * 2)
        ran.unlink()
        before = self.files()
        for where, *command in (("--config run.json", "fit", "--config", "run.json"), ("--config run.json", "fit", "--config", "run.json", "--run-dir", "new"),
                                ("--config pass.json", "evaluate", "--config", "pass.json"), ("cases.json", "replay", "cases.json"),
                                ("--config pass.json", "predict", "--config", "pass.json", "--out", "p.npy"),
                                ("--resume run", "fit", "--resume", "run", "--epochs", "2")):
            with self.subTest(command):
                run = self.run_kairos(*command)
                self.assertEqual((run.returncode, run.stdout), (2, ""))
                self.assertEqual(run.stderr, f"KAIROS-U095: {where}: a file may name commands to run only with --allow-shell; found ShellHook, expected "
                                             "--allow-shell, or --plugin on the command line. Read the commands in that file; to run them, add --allow-shell.\n")
                self.assertEqual(self.files(), before)
        for command in (("fit", "--config", "run.json"), ("evaluate", "--config", "pass.json"), ("replay", "cases.json"),
                        ("fit", "--resume", "run", "--epochs", "2")):
            self.kairos(*command, "--allow-shell")
            self.assertEqual(ran.read_text(), "ran\n")
            ran.unlink()
        self.kairos("fit", "--config", "run.json", "--plugin", "TerminateOnNaN")  # in place of those in the file
        self.assertNotIn("allow_shell", json.loads(self.kairos("fit", "--config", "run.json", "--allow-shell", "--print-config")))
        self.put("run.json", json.dumps({**settings, "allow_shell": True}))
        run = self.run_kairos("fit", "--config", "run.json")
        self.assertEqual((run.returncode, run.stdout), (2, ""))
        self.assertIn('unknown key; found "allow_shell". A file cannot allow itself to run commands: give --allow-shell', run.stderr)
        self.assertFalse(ran.exists())
        self.assertIn("run_commands", self.kairos("plugins", "inspect", "ShellHook"))


if __name__ == "__main__":
    main()
