# SPDX-License-Identifier: MIT
"""kairos plot: the curves of a run in the terminal and as an image; and the last line of a fit, which leads there."""
import json
import os
import subprocess
import xml.etree.ElementTree as xml

from program import KAIROS, ProgramTest, main

SVG = "{http://www.w3.org/2000/svg}"


class Plot(ProgramTest):
    def setUp(self):
        super().setUp()
        self.kairos(*self.fit(run_dir="run", epochs=6, validation_split=0.2, metrics="accuracy", history="h.json"))

    def plot(self, *arguments, **variables):
        environment = {"COLUMNS": "60", "LINES": "24", "LANG": "C.UTF-8", "TERM": "xterm", "PATH": os.environ["PATH"], **variables}
        run = subprocess.run([KAIROS, "plot", *arguments], cwd=self.directory, capture_output=True, encoding="utf-8", timeout=60, env=environment)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stdout

    def test_charts_in_the_terminal(self):
        text = self.plot("run")
        self.assertIn("loss by epoch:  ━━ loss   ┅┅ val_loss\n", text)
        self.assertIn("accuracy by epoch:  ━━ accuracy   ┅┅ val_accuracy\n", text)
        self.assertTrue(any("⠀" < c <= "⣿" for c in text), text)
        self.assertLessEqual(max(map(len, text.splitlines())), 60)
        self.assertLessEqual(len(text.splitlines()), 24)
        self.assertEqual(self.plot("h.json").splitlines()[1:], text.splitlines()[1:])

    def test_ascii(self):
        for variables in ({"LANG": "C"}, {"TERM": "dumb"}, {"LC_ALL": "POSIX"}):
            text = self.plot("run", **variables)
            self.assertTrue(text.isascii(), text)
            self.assertIn("loss by epoch:  * loss   o val_loss\n", text)

    def test_image(self):
        self.assertEqual(self.plot("run", "--out", "curves.svg"), "")
        root = xml.parse(self.directory / "curves.svg").getroot()
        self.assertEqual(root.tag, SVG + "svg")
        self.assertEqual(len(root.findall(SVG + "polyline")), 4)
        texts = [one.text for one in root.findall(SVG + "text")]
        for name in ("run", "loss", "val_loss", "accuracy", "val_accuracy", "epoch", "6"):
            self.assertIn(name, texts)

    def test_names_in_an_image_are_escaped(self):
        self.put("h.json", json.dumps({"epoch": [0, 1], "history": {"a<b&\"'\x1b": [1.0, 0.5], "loss": [None, 0.5], "gone": [None, "NaN"]}}))
        self.plot("h.json", "--out", "curves.svg")
        root = xml.parse(self.directory / "curves.svg").getroot()
        self.assertIn("a<b&\"'\\x1b", [one.text for one in root.findall(SVG + "text")])
        self.assertEqual((len(root.findall(SVG + "polyline")), len(root.findall(SVG + "circle"))), (1, 1))

    def test_the_history_is_never_replaced(self):
        self.kairos(*self.fit(run_dir="run", epochs=2))
        before = self.text("run/history.json")
        os.symlink("run/history.json", self.directory / "curves.svg")
        run = self.run_kairos("plot", "run", "--out", "curves.svg")
        self.assertEqual((run.returncode, run.stderr), (2, "KAIROS-U016: --out curves.svg: this would replace the file of RUN_DIR. "
                                                           "Choose another name.\n"))
        self.assertEqual(self.text("run/history.json"), before)

    def test_what_cannot_be_plotted(self):
        for arguments, exit_code, parts in (
                (["nowhere"], 6, ["KAIROS-F087: nowhere: there is no history; found nothing of this name"]),
                (["."], 6, ["KAIROS-F087: .: there is no history; found a directory without history.json"]),
                (["run", "--out", "c.png"], 2, ['KAIROS-U006: --out c.png', "expected .svg"]),
                (["run", "--out", "data.csv/c.svg"], 6, ["--out data.csv/c.svg"]),
                ([], 2, ["KAIROS-U040: kairos plot: expected one run directory; found none. Write kairos plot RUN_DIR."]),
                (["data.csv"], 6, ["data.csv"])):
            run = self.run_kairos("plot", *arguments)
            self.assertEqual((run.returncode, run.stdout), (exit_code, ""), run.stderr)
            for part in parts:
                self.assertIn(part, run.stderr)


class LastLine(ProgramTest):
    def last_line(self, **changes):
        return self.kairos(*self.fit(verbose=2, **changes)).splitlines()[-1]

    def test_best_epoch_and_how_to_go_on(self):
        line = self.last_line(epochs=4, save_model="m.keras", history="h.json", validation_split=0.2)
        values = json.loads(self.text("h.json"))["history"]["val_loss"]
        best = min(range(4), key=values.__getitem__)
        self.assertEqual(line, f"Best val_loss: {values[best]:.4g} in epoch {best + 1} of 4. Saved: m.keras, h.json. "
                               "Next: kairos evaluate --model m.keras --data FILE")
        self.assertRegex(self.last_line(epochs=3, run_dir="run"), r"^Best loss: \S+ in epoch \d of 3\. Saved: run\. Next: kairos plot run$")

    def test_names_are_words_of_a_shell(self):
        self.assertTrue(self.last_line(epochs=2, run_dir=".").endswith(" Next: kairos plot ."))
        self.assertTrue(self.last_line(epochs=2, save_model="a;touch it's.keras")
                        .endswith("Next: kairos evaluate --model 'a;touch it'\\''s.keras' --data FILE"))

    def test_what_callbacks_watch(self):
        line = self.last_line(epochs=3, metrics="accuracy", plugin="EarlyStopping:monitor=accuracy")
        self.assertRegex(line, r"^Best accuracy: \S+ in epoch \d of 3\. Nothing was saved; --save-model FILE keeps the model$")
        line = self.last_line(epochs=3, plugin="ModelCheckpoint:filepath=best.keras,monitor=loss")
        self.assertRegex(line, r"^Best loss: \S+ in epoch \d of 3\. Last checkpoint: \S*best\.keras$")

    def test_nothing_is_repeated(self):
        self.assertEqual(self.last_line(epochs=1), "Nothing was saved; --save-model FILE keeps the model")
        self.assertEqual(self.kairos(*self.fit(save_model="m.keras")), "")


if __name__ == "__main__":
    main()
