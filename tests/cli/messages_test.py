# SPDX-License-Identifier: MIT
"""Messages of callbacks on the console: author, level, and no control characters."""
import pathlib

from program import MISHAPS, ProgramTest, main

TALKER = str(pathlib.Path(MISHAPS).parents[1] / "talking" / "talker.so")


class Messages(ProgramTest):
    def talk(self, *more, verbose=0, **options):
        spec = ",".join(f"{key}='{value}'" for key, value in options.items())
        run = self.run_kairos(*self.fit(epochs=1, verbose=verbose, plugin=f"{TALKER}@guest:{spec}"), *more)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run

    def test_every_line_names_its_author(self):
        self.assertEqual(self.talk(text="hello").stdout, "guest: hello\n")
        self.assertEqual(self.talk(text="two\\\\nlines").stdout, "guest: two\nguest: lines\n")
        self.assertEqual(self.talk(text="ends\\\\n").stdout, "guest: ends\n")
        self.assertEqual(self.talk(text="hello", level="warning").stderr, "warning: guest: hello\n")

    def test_level_selects_what_is_printed(self):
        self.assertEqual(self.talk(text="hello", level="debug").stderr, "")
        self.assertEqual(self.talk("--log-level", "debug", text="hello", level="debug").stderr, "debug: guest: hello\n")
        self.assertEqual(self.talk("--log-level", "warning", text="hello").stdout, "")
        self.assertEqual(self.talk("--log-level", "warning", text="hello", level="warning").stderr, "warning: guest: hello\n")
        self.assertEqual(self.talk("--log-level", "error", text="hello", level="warning").stderr, "")
        self.assertIn("guest: asks for a stop: enough", self.talk("--log-level", "debug", text="enough", stops="true").stderr)
        self.assertIn("--log-level", self.kairos("fit", "--help"))

    def test_control_characters_are_escaped(self):
        evil = "\\\\e[31mred\\\\e]0;title\x07\r\u009b"
        shown = "\\x1b[31mred\\x1b]0;title\\x07\\x0d\\xc2\\x9b"
        self.assertEqual(self.talk(text=evil).stdout, f"guest: {shown}\n")
        self.assertEqual(self.talk(text=evil, level="warning").stderr, f"warning: guest: {shown}\n")
        run = self.talk(verbose=2, text=evil, stops="true")
        self.assertIn(f"Stopped by guest: {shown}\n", run.stdout)
        self.assertNotIn("\x1b", run.stdout)


if __name__ == "__main__":
    main()
