# SPDX-License-Identifier: MIT
"""The help: its levels, its width, and answers to what other programs call things."""
import os
import subprocess

from program import KAIROS, ProgramTest, main


class Help(ProgramTest):
    def help_in(self, columns, *arguments):
        run = subprocess.run([KAIROS, *arguments, "--help"], env={**os.environ, "COLUMNS": str(columns)}, capture_output=True,
                             text=True, timeout=60)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stdout

    def refusal(self, *arguments):
        run = self.run_kairos(*arguments)
        self.assertEqual((run.returncode, run.stdout), (2, ""), run.stderr)
        return run.stderr

    def test_short_spellings(self):
        whole = self.kairos("fit", "--help")
        for arguments in (["fit", "-h"], ["help", "fit"], ["fit", "--epochs", "3", "-h"]):
            self.assertEqual(self.kairos(*arguments), whole)
        self.assertEqual(self.kairos("-h"), self.kairos("--help"))
        self.assertEqual(self.kairos("-V"), self.kairos("--version"))
        for command in ("summary", "convert", "explain", "plot", "replay", "predict"):
            self.assertEqual(self.kairos(command, "-h"), self.kairos("help", command))
        for subcommand in ("list", "inspect"):
            self.assertEqual(self.kairos("help", "plugins", subcommand), self.kairos("plugins", subcommand, "--help"))
        self.assertEqual(self.kairos("help", "plugins"), self.kairos("plugins", "-h"))

    def test_names_are_on_a_second_level(self):
        first = self.kairos("fit", "--help")
        self.assertIn("--help losses lists them", " ".join(first.split()))
        self.assertIn("kairos fit --help TOPIC prints more: losses, metrics, optimizers, layers", first)
        self.assertNotIn("squared_hinge", first)
        for topic, names in (("losses", ["mean_squared_error", "sparse_categorical_crossentropy", "squared_hinge"]),
                             ("metrics", ["accuracy", "auc", "f1_score", "r2_score"]),
                             ("optimizers", ["Adam", "SGD", "Nadam"]), ("layers", ["dense(units, activation", "flatten", "dropout("])):
            text = self.kairos("fit", "--help", topic)
            for name in names:
                self.assertIn(name, text)
        self.assertIn("squared_hinge", self.kairos("evaluate", "--help", "losses"))
        for of_graphs in ("concatenate", "bidirectional"):  # no chain of words has one
            self.assertNotIn(of_graphs, self.kairos("fit", "--help", "layers"))

    def test_one_group(self):
        text = self.kairos("fit", "--help", "validation")
        self.assertTrue(text.startswith("Validation:\n  --validation-split"), text)
        self.assertNotIn("--epochs", text)
        for topic in ("plugins", "callbacks"):
            self.assertIn("--plugin-dir DIR", self.kairos("fit", "--help", topic))
        self.assertIn('there is no such topic; found "loses". Did you mean "losses"?', self.refusal("fit", "--help", "loses"))

    def test_lines_fit_the_window(self):
        for columns in (60, 80, 120):
            for arguments in (["fit"], ["predict"]):
                for line in self.help_in(columns, *arguments).splitlines():
                    if not line.startswith("  --"):
                        self.assertLessEqual(len(line), columns, line)
        self.assertIn("\n  --batch-size N\n        samples per batch", self.help_in(60, "fit"))

    def test_names_of_other_programs(self):
        self.assertIn('unknown command; found "train". Did you mean "kairos fit"?', self.refusal("train", "--data", "data.csv"))
        self.assertIn('Did you mean "kairos evaluate"?', self.refusal("test"))
        for flag in ("--lr", "--learning-rate", "--learning_rate"):
            self.assertIn('It is an argument of the optimizer: --optimizer "SGD(learning_rate=0.01)".',
                          self.refusal(*self.fit(), flag, "0.1"))
        self.put("run.json", '{"learning_rate": 0.1}')
        self.assertIn('unknown key; found "learning_rate". It is an argument of the optimizer', self.refusal("fit", "--config", "run.json"))

    def test_a_suggestion_is_not_what_was_written(self):
        line = self.refusal(*self.fit(loss=None, metrics=None), "--print-confg")
        self.assertIn('Did you mean "--print-config"?', line)
        run = self.run_kairos(*self.fit(loss="sparse_crossentropy"))
        self.assertIn('Did you mean "sparse_categorical_crossentropy"?', run.stderr)


if __name__ == "__main__":
    main()
