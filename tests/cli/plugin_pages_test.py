# SPDX-License-Identifier: MIT
"""Every example of the pages under plugins/ runs, and the table of each page has the options of the callback with their defaults.

  plugin_pages_test.py KAIROS MISHAPS"""
import itertools
import json
import pathlib
import re
import shlex

import numpy as np

from program import ProgramTest, main

PLUGINS = pathlib.Path(__file__).resolve().parents[2] / "plugins"
EXAMPLE = re.compile(r"^    kairos (fit … .*)$", re.MULTILINE)
# Scripts of a page, which its examples use; the first line has the name of the file.
SCRIPT = re.compile(r"^```lua\n(-- (\S+): .*?)^```$", re.MULTILINE | re.DOTALL)
# What stands for the dots, unless the example says otherwise.
USUAL = {"--data": "images.npz", "--model": "flatten() dense(4,relu) dense(3,softmax)", "--optimizer": "Adam",
         "--loss": "sparse_categorical_crossentropy", "--metrics": "accuracy", "--epochs": "2", "--validation-split": "0.25",
         "--verbose": "0"}

# What pages say of options that are not set. Each schedule has its own defaults, and refuses options that it does not use.
NOT_SET = {
    "ClassificationReport": {"class_names": "0, 1, …"}, "ConfusionMatrix": {"class_names": "0, 1, …"}, "GradientNoise": {"seed": "the run's"},
    "LambdaCallback": {"message": "the condition"}, "ModelCheckpoint": {"monitor": "val_loss"},
    "TensorBoard": {"embeddings_layer_names": "all"},
    "LearningRateSchedule": {
        "initial_lr": "the optimizer's rate", "warmup_factor": "1/3", "total": "to the end of the run", "min_lr": "0",
        "gamma": "0.1; cyclic: 1", "power": "1", "period_factor": "1", "restart_factor": "1", "pct_start": "0.3", "anneal_strategy": "cos", "div_factor": "25",
        "final_div_factor": "10000", "three_phase": "false", "step_size_up": "2000", "step_size_down": "as many", "cycle": "triangular",
        "cycle_momentum": "if there is momentum", "base_momentum": "one_cycle: 0.85, 0.95; cyclic: 0.8, 0.9",
        "max_momentum": "one_cycle: 0.85, 0.95; cyclic: 0.8, 0.9"},
}


def arguments(example):
    words = shlex.split(example)
    dots = words.index("…")
    usual = [word for key, value in USUAL.items() if key not in words for word in (key, value)]
    return words[:dots] + usual + words[dots + 1:]


def options_of_page(page, options):
    """{option: text of its default} of the table of options of a page. A row may have several options, with one default or one for each,
    and other names of an option, which are left out. Names that are no option's are an error of the page, and are kept."""
    lines = iter(page.splitlines())
    next((line for line in lines if line.startswith("| option | default |")), None)
    others = {alias for option in options for alias in option["aliases"]}
    shown = {}
    for line in itertools.takewhile(lambda line: line.startswith("|"), itertools.islice(lines, 1, None)):
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:3]]
        names = [name for name in cells[0].replace("`", "").split(", ") if name not in others]
        texts = cells[1].split(", ") if cells[1].count(", ") == len(names) - 1 else [cells[1]] * len(names)
        shown.update(zip(names, (text.strip("`") for text in texts)))
    return shown


def is_default(text, option, not_set):
    """Whether the text of a page is the default of the option."""
    default = option["default"]
    if option["required"]:
        return text == "required"
    if default is None:
        return text == not_set or text in ("", "not set")
    if isinstance(default, bool) or isinstance(default, str):
        return text == str(default).replace("True", "true").replace("False", "false")
    try:
        return float(text) == default
    except ValueError:
        return False


class PluginPages(ProgramTest):
    def setUp(self):
        super().setUp()
        labels = np.arange(24) % 3
        images = np.random.default_rng(1).normal(size=(24, 4, 4, 1)) + labels.reshape(-1, 1, 1, 1)
        np.savez(self.directory / "images.npz", x=images.astype("float32"), y=labels)

    def test_examples(self):
        count = 0
        for page in sorted(PLUGINS.glob("*/README.md")):
            text = page.read_text(encoding="utf-8")
            for script, name in SCRIPT.findall(text):
                self.put(name, script)
            for example in EXAMPLE.findall(text):
                count += 1
                with self.subTest(example):
                    run = self.run_kairos(*arguments(example.replace("$PWD", str(self.directory))), "--run-dir", f"run{count}")
                    self.assertEqual(run.returncode, 0, run.stderr)
                    # Callbacks that report are disabled when they fail, and the run goes on.
                    self.assertNotRegex(run.stderr, r"(?i)failed|disabled|KAIROS-C")
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
            options = callback.get("options", [])
            shown = options_of_page(pages[name], options)
            with self.subTest(name):
                self.assertEqual(sorted(shown), sorted(option["name"] for option in options))
            for option in options:
                with self.subTest(f"{name}:{option['name']}"):
                    text = shown[option["name"]]
                    self.assertTrue(is_default(text, option, NOT_SET.get(name, {}).get(option["name"], "")),
                                    f"{text!r} on the page, {option['default']!r} in the manifest")


if __name__ == "__main__":
    main()
