# SPDX-License-Identifier: MIT
"""The progress bar on terminals of several widths, and in pipes; messages that appear beside it."""
import fcntl
import os
import pathlib
import pty
import re
import struct
import subprocess
import termios

from program import KAIROS, MISHAPS, ProgramTest, main

TALKER = str(pathlib.Path(MISHAPS).parents[1] / "talking" / "talker.so")
CLOCK = str(pathlib.Path(MISHAPS).parents[1] / "preloaded" / "fast_clock.so")
SGR = re.compile(r"\x1b\[[0-9]*m")


class Screen:
    """As much of a terminal as the program uses. A character in the last column wraps with the next one."""

    def __init__(self, columns):
        self.columns, self.rows, self.row, self.column = columns, [""], 0, 0
        self.painted = []  # what stood in the last row whenever the cursor went back to its start

    def feed(self, text):
        for part in re.findall(r"\x1b\[[0-9]*[A-Za-z]|.|\n|\r", text):
            if part == "\r":
                self.painted.append(self.rows[self.row])
                self.column = 0
            elif part == "\n":
                self.row += 1
                self.column = 0
                if self.row == len(self.rows):
                    self.rows.append("")
            elif part in ("\x1b[J", "\x1b[K"):
                self.rows[self.row] = self.rows[self.row][:self.column]
                del self.rows[self.row + 1:]
            elif not part.startswith("\x1b"):
                if self.column == self.columns:
                    self.feed("\n")
                    self.column = 0
                row = self.rows[self.row].ljust(self.column)
                self.rows[self.row] = row[:self.column] + part + row[self.column + 1:]
                self.column += 1


class Progress(ProgramTest):
    METRICS = "accuracy,sparse_categorical_crossentropy,sparse_categorical_accuracy"

    def on_terminal(self, arguments, columns=80, while_running=None, **environment):
        """All output on a terminal."""
        master, slave = pty.openpty()
        resize(master, columns)
        program = subprocess.Popen([KAIROS, *map(str, arguments)], cwd=self.directory, stdin=slave, stdout=slave, stderr=slave,
                                   start_new_session=True, env=environment_with(**{"TERM": "xterm", "LC_ALL": "C.UTF-8", **environment}))
        os.close(slave)
        self.addCleanup(os.close, master)
        self.addCleanup(lambda: program.poll() is None and program.kill())
        out = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            out += piece
            if while_running:
                while_running(master, out)
        self.assertEqual(program.wait(60), 0, out)
        return without_data(out.decode().replace("\r\n", "\n"))

    def slow(self, **changes):
        """Two epochs of ten batches and 200 ms."""
        return self.fit(**{"epochs": 2, "batch_size": 1, "verbose": 1, "metrics": self.METRICS,
                           "plugin": f"{TALKER}:sleep=20,every=0", **changes})

    def test_bar_stays_in_one_line(self):
        for columns in (20, 40, 80, 200):
            with self.subTest(columns=columns):
                out = self.on_terminal(self.slow(), columns)
                screen = Screen(columns)
                screen.feed(out)
                painted = [line for line in screen.painted if line.strip()]
                self.assertGreater(len(painted), 4)
                for line in painted:
                    self.assertLess(len(line), columns)
                self.assertEqual(out.count("\n"), 4)
                if columns >= 40:
                    self.assertTrue(any("loss: " in line for line in painted), painted)

    def test_last_line_of_an_epoch_has_all_values(self):
        screen = Screen(80)
        out = self.on_terminal(self.slow(epochs=1))
        screen.feed(out)
        whole = "".join(screen.rows)
        for name in ("loss: ", *(f"{name}: " for name in self.METRICS.split(","))):
            self.assertIn(name, whole)
        self.assertTrue(whole.startswith("10/10 "), whole)

    def test_size_is_asked_each_time(self):
        def narrow(master, out):
            if b" 3/10" in out:
                resize(master, 40)
        out = self.on_terminal(self.slow(epochs=1, plugin=f"{TALKER}:sleep=60"), 120, narrow)
        lines = [SGR.sub("", line).replace("\x1b[J", "") for line in re.split("[\r\n]", out)]
        widths = {int(line.split("/")[0]): len(line) for line in lines if re.match(r" *\d+/10 ", line)}
        self.assertGreater(widths[2], 60)
        self.assertLess(widths[8], 40)

    def test_messages_have_lines_of_their_own(self):
        for level, start in (("info", "Talker: "), ("warning", "warning: Talker: ")):
            with self.subTest(level=level):
                screen = Screen(80)
                screen.feed(self.on_terminal(self.slow(epochs=1, plugin=f"{TALKER}:sleep=60,every=2,level={level}")))
                self.assertEqual(screen.rows[:5], [f"{start}batch {n}" for n in (2, 4, 6, 8, 10)])
                self.assertTrue(screen.rows[5].startswith("10/10 "))

    def test_crash_has_a_line_of_its_own(self):
        master, slave = pty.openpty()
        resize(master, 80)
        self.addCleanup(os.close, master)
        words = self.slow(plugin=[f"{MISHAPS}#Crash", f"{TALKER}:sleep=20"], epochs=3, validation_data="data.csv")
        program = subprocess.Popen([KAIROS, *map(str, words)], cwd=self.directory, stdin=slave, stdout=slave, stderr=slave,
                                   start_new_session=True, env=environment_with(TERM="xterm", LC_ALL="C.UTF-8"))
        os.close(slave)
        out = b""
        while True:
            try:
                out += os.read(master, 65536)
            except OSError:
                break
        program.wait(60)
        self.assertRegex(out.decode(), r"\nKAIROS-C009: the process crashed inside plugin Crash")

    def test_no_color_and_dumb_terminals(self):
        coloured = self.on_terminal(self.slow())
        self.assertRegex(coloured, SGR)
        plain = self.on_terminal(self.slow(), NO_COLOR="1")
        self.assertNotRegex(plain, SGR)
        self.assertIn("\r\x1b[J", plain)
        self.assertRegex(self.on_terminal(self.slow(), NO_COLOR=""), SGR)
        dumb = self.on_terminal(self.slow(plugin=f"{TALKER}:every=5"), TERM="dumb")
        self.assertNotIn("\x1b", dumb)
        self.assertNotIn("\r", dumb)
        self.assertEqual(dumb.count("\n"), 8)

    def test_locale_without_utf8_gets_ascii(self):
        for variables in ({"LC_ALL": "C"}, {"LC_ALL": "", "LANG": "de_DE.ISO-8859-1"}, {"LC_ALL": "", "LC_CTYPE": "POSIX", "LANG": "C.UTF-8"},
                          {"LC_ALL": "", "LC_CTYPE": "", "LANG": ""}):
            with self.subTest(variables=variables):
                out = self.on_terminal(self.slow(), **variables)
                self.assertTrue(out.isascii())
                self.assertIn("=", out)
        for variables in ({"LC_ALL": "de_DE.utf8"}, {"LC_ALL": "", "LC_CTYPE": "", "LANG": "C.UTF-8"}):
            self.assertIn("━", self.on_terminal(self.slow(), **variables))

    def test_pipe_gets_a_line_per_epoch(self):
        run = subprocess.run([KAIROS, *self.slow()], cwd=self.directory, capture_output=True, text=True, env=environment_with(LC_ALL="C"))
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertRegex(without_data(run.stdout), r"\AEpoch 1/2\n10/10 =+ \d+s \d+ms/step - .*\nEpoch 2/2\n10/10 =+ .*\n\Z")

    def test_pipe_gets_a_line_per_minute_of_a_long_epoch(self):
        # An epoch of 200 ms takes three minutes by this clock.
        run = subprocess.run([KAIROS, *self.slow(epochs=1, plugin=f"{TALKER}:sleep=25")], cwd=self.directory, capture_output=True,
                             text=True, env=environment_with(LC_ALL="C", LD_PRELOAD=CLOCK))
        self.assertEqual(run.returncode, 0, run.stderr)
        lines = without_data(run.stdout).splitlines()
        self.assertTrue(3 <= len(lines) <= 6, lines)
        for line in lines[:-1]:
            self.assertRegex(line, r"\A +\d/10 =+\.+ \S+ \d+s/step - .*loss: ")
        self.assertRegex(lines[-1], r"\A10/10 =+ ")


def without_data(out):
    """Without the first line, which describes the data, and the last one, which tells the best epoch."""
    first, *lines, last, end = out.split("\n")
    assert first.endswith("(from label)") and last.lstrip("\r\x1b[J").startswith(("Best ", "Nothing ")) and not end, out
    return "".join(line + "\n" for line in lines)


def resize(terminal, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


def environment_with(**variables):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LC_") and name not in ("LANG", "NO_COLOR")}
    return {**kept, **variables}


if __name__ == "__main__":
    main()
