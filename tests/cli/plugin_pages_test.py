# SPDX-License-Identifier: MIT
"""Every example of the pages under plugins/ runs, and every option of a callback is on its page.

  plugin_pages_test.py KAIROS MISHAPS"""
import json
import pathlib
import re
import shlex

import numpy as np

from program import ProgramTest, main

PLUGINS = pathlib.Path(__file__).resolve().parents[2] / "plugins"
EXAMPLE = re.compile(r"^    kairos (fit … .*)$", re.MULTILINE)
# What stands for the dots, unless the example says otherwise.
USUAL = {"--data": "images.npz", "--model": "flatten() dense(4,relu) dense(3,softmax)", "--optimizer": "Adam",
         "--loss": "sparse_categorical_crossentropy", "--metrics": "accuracy", "--epochs": "2", "--validation-split": "0.25",
         "--verbose": "0"}


def arguments(example):
    words = shlex.split(example)
    dots = words.index("…")
    usual = [word for key, value in USUAL.items() if key not in words for word in (key, value)]
    return words[:dots] + usual + words[dots + 1:]


class PluginPages(ProgramTest):
    def setUp(self):
        super().setUp()
        labels = np.arange(24) % 3
        images = np.random.default_rng(1).normal(size=(24, 4, 4, 1)) + labels.reshape(-1, 1, 1, 1)
        np.savez(self.directory / "images.npz", x=images.astype("float32"), y=labels)

    def test_examples(self):
        count = 0
        for page in sorted(PLUGINS.glob("*/README.md")):
            for example in EXAMPLE.findall(page.read_text(encoding="utf-8")):
                count += 1
                with self.subTest(example):
                    self.kairos(*arguments(example), "--run-dir", f"run{count}")
        self.assertGreaterEqual(count, len(list(PLUGINS.glob("*/README.md"))))

    def test_options(self):
        listing = json.loads(self.kairos("plugins", "list", "--json"))
        callbacks = [callback for plugin in listing["plugins"] for callback in plugin["callbacks"]]
        pages = {page.read_text(encoding="utf-8").splitlines()[0][2:]: page.read_text(encoding="utf-8")
                 for page in PLUGINS.glob("*/README.md")}
        self.assertGreater(len(callbacks), 7)
        for callback in callbacks:
            name = callback["id"].rsplit(".", 1)[-1]
            self.assertIn(name, pages)
            for option in callback.get("options", []):
                with self.subTest(f"{name}:{option['name']}"):
                    self.assertRegex(pages[name], rf"(?m)^\|[^|]*\b{option['name']}\b[^|]*\|")


if __name__ == "__main__":
    main()
