# SPDX-License-Identifier: MIT
"""Background work of callbacks as a user meets it: slow receivers, Ctrl-C, and the example of sdk/doc/cpp.md."""
import os
import pathlib
import re
import signal
import subprocess
import time

from program import KAIROS, MISHAPS, ProgramTest, main

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUSY = pathlib.Path(MISHAPS).parents[1] / "busy" / "busy.so"
ENDLESS = 100000000


def busy(**options):
    return f"{BUSY}:" + ",".join(f"{key}={value}" for key, value in options.items())


class Tasks(ProgramTest):
    def start(self, **changes):
        (self.directory / "began").unlink(missing_ok=True)
        program = subprocess.Popen([KAIROS, *self.fit(epochs=ENDLESS, run_dir="run", **changes)], cwd=self.directory,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (program.poll() is None and program.kill(), program.communicate()))
        deadline = time.monotonic() + 30
        while not (self.directory / "began").exists():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        return program

    def interrupt(self, program):
        """The messages; fails if the run waits for a task of 30 seconds, or for one that does not end."""
        program.send_signal(signal.SIGINT)
        return program.communicate(timeout=20)[1]

    def test_interrupt_ends_soon_though_a_task_does_not(self):
        program = self.start(plugin=busy(what="sleep"), save_model="m.keras")
        error = self.interrupt(program)
        self.assertEqual(program.returncode, 130, error)
        self.assertIn("warning: Busy: its background task has not ended a second after the interrupt; it is abandoned, and the instance "
                      "is not destroyed\n", error)
        self.assertIn("saved: m.keras, run.", error)
        self.assertFalse((self.directory / "destroyed").exists())

    def test_interrupt_ends_at_once_where_the_task_asks(self):
        program = self.start(plugin=busy(what="ask"), save_model="m.keras")
        error = self.interrupt(program)
        self.assertEqual(program.returncode, 130, error)
        self.assertNotIn("abandoned", error)
        self.assertTrue((self.directory / "destroyed").exists())

    def test_interrupt_waits_for_work_that_must_finish_and_names_it(self):
        program = self.start(plugin=busy(what="file"))
        error = self.interrupt(program)
        self.assertEqual(program.returncode, 130, error)
        self.assertIn("warning: Busy: the run waits for its background task\n", error)
        self.assertEqual((self.directory / "written").read_text(), "complete")
        self.assertTrue((self.directory / "destroyed").exists())

    def test_task_that_submits_itself_keeps_no_run_alive(self):
        run = self.run_kairos(*self.fit(plugin=busy(what="again"), save_model="m.keras"))
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        program = self.start(plugin=busy(what="again"))
        error = self.interrupt(program)
        self.assertEqual(program.returncode, 130, error)
        self.assertNotIn("abandoned", error)

    def test_second_signal_ends_a_run_that_waits_for_a_task(self):
        program = self.start(plugin=busy(what="file_forever"))
        program.send_signal(signal.SIGTERM)
        time.sleep(1.3)
        self.assertIsNone(program.poll())
        deadline = time.monotonic() + 30  # the task takes 60 seconds
        while program.poll() is None:  # again if the two arrived within a second
            self.assertLess(time.monotonic(), deadline)
            program.send_signal(signal.SIGTERM)
            time.sleep(1.3)
        self.assertEqual(program.returncode, 143)

    def test_example_of_the_page(self):
        page = (ROOT / "sdk/doc/cpp.md").read_text()
        code = next(block for block in re.findall(r"^```cpp\n(.*?)^```", page, re.M | re.S) if block.startswith("// epoch_sender.cpp"))
        self.put("epoch_sender.cpp", code)
        subprocess.run([os.environ.get("CXX", "c++"), "-std=c++17", "-shared", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror",
                        f"-I{ROOT}/sdk/include", "epoch_sender.cpp", "-o", "sender.so", "-Wl,-z,noexecstack",
                        f"-Wl,--version-script={ROOT}/sdk/cmake/kairos_plugin.map"], cwd=self.directory, check=True)
        self.kairos(*self.fit(plugin=f"{self.directory}/sender.so:to=sent.txt"))
        self.assertRegex(self.text("sent.txt"), r"^1 \d\.\d+\n2 \d\.\d+\n3 \d\.\d+\n$")
        os.mkfifo(self.directory / "pipe")
        program = subprocess.Popen([KAIROS, *self.fit(plugin=f"{self.directory}/sender.so:to=pipe", epochs=ENDLESS, run_dir="run")],
                                   cwd=self.directory, stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: program.poll() is None and program.kill())
        history, deadline = self.directory / "run" / "history.jsonl", time.monotonic() + 30
        while not history.exists() or history.read_text().count("\n") < 200:  # nobody reads the pipe, and training goes on
            self.assertIsNone(program.poll())
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        error = self.interrupt(program)
        self.assertEqual(program.returncode, 130, error)


if __name__ == "__main__":
    main()
