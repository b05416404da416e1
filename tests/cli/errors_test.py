# SPDX-License-Identifier: MIT
"""Bad input: one line on standard error that says what to do, the exit code of its kind, and nothing written."""
import json
import pathlib

import numpy as np

from program import CSV, ProgramTest, main

WATCH = "EarlyStopping:monitor=loss,"

# title, changes to a valid fit, exit code, parts of the line
FIT = [
    # 2: the command line
    ("unknown flag", {"epoch": 3}, 2, ["KAIROS-U001", "--epoch", 'Did you mean "--epochs"?']),
    ("not a number", {"epochs": "many"}, 2, ["KAIROS-U003", "--epochs", '"many"', "a whole number"]),
    ("negative number", {"epochs": -1}, 2, ["KAIROS-U", "epochs", "-1"]),
    ("batch of nothing", {"batch_size": 0}, 2, ["KAIROS-U", "batch-size", "1 or more"]),
    ("share outside (0, 1)", {"validation_split": 1.5}, 2, ["KAIROS-U", "validation-split", "1.5"]),
    ("split of nothing", {"split": "shuffled"}, 2,
     ["KAIROS-U066: --split shuffled: no samples are held out for validation", "Add --validation-split 0.2"]),
    ("split of an unknown kind", {"split": "stratifed", "validation_split": 0.2}, 2,
     ["KAIROS-U003: --split", 'Did you mean "stratified"?']),
    ("unknown choice", {"shuffle": "bach"}, 2, ["--shuffle", '"bach"', 'Did you mean "batch"?']),
    ("class weight without '='", {"class_weight": "0:1"}, 2, ["--class-weight", '"0:1"', "CLASS=WEIGHT"]),
    ("class weight by name", {"class_weight": "cat=1"}, 2,
     ["--class-weight", '"cat"', "the classes have no names", "the number of a class"]),
    ("class weight of no number", {"class_weight": "0=many"}, 2, ["--class-weight", '"0=many"', "CLASS=WEIGHT"]),
    ("negative class weight", {"class_weight": "0=1,1=-2"}, 2, ["--class-weight", '"1=-2"', "expected 0 to 3.40282e+38"]),
    ("class weight given twice", {"class_weight": "0=1,0=2"}, 2, ["--class-weight", '"0"', "each class once"]),
    ("verbosity that does not exist", {"verbose": 3}, 2, ["KAIROS-U003: --verbose", '"3"', "0, 1 or 2"]),
    ("delimiter of two characters", {"delimiter": "::"}, 2, ["KAIROS-U003: --delimiter", '"::"', "Write --delimiter ';'."]),
    ("ending of the history", {"history": "h.xml"}, 2, ["KAIROS-U020: h.xml", ".json, .csv or .txt"]),
    ("ending of the model", {"save_model": "m.npz"}, 2, ["--save-model m.npz", "Choose .keras or .h5"]),
    ("ending of the weights", {"save_weights": "w.txt"}, 2, ["--save-weights w.txt", ".npz"]),
    ("history in the place of the data", {"history": "./data.csv"}, 2,
     ["KAIROS-U016: --history ./data.csv: this would replace the file of --data. Choose another name."]),
    ("weights in the place of the model", {"save_model": "m.h5", "save_weights": "./m.h5"}, 2,
     ["KAIROS-U016: --save-weights ./m.h5: this would replace the file of --save-model. Choose another name."]),
    ("no model", {"model": None}, 2, ["KAIROS-U005", "--model", "this setting is missing"]),
    ("empty model", {"model": ""}, 2, ["KAIROS-U002", "the value of the flag is empty; found --model."]),
    ("no loss", {"loss": None}, 2, ["KAIROS-U005", "--loss", "this setting is missing"]),
    ("no data", {"data": None}, 2, ["KAIROS-U005", "--data", "this setting is missing"]),
    ("flag given twice", {"epochs": [1, 2]}, 2, ["KAIROS-U002", "--epochs", "twice"]),
    ("state without its epoch", {"callback_state": "text.so"}, 2, ["KAIROS-U008", "--callback-state", "Add --initial-epoch"]),
    ("argument that is no UTF-8", {"history": "caf\udce9.json"}, 2, ["KAIROS-U007", "kairos fit", "UTF-8"]),
    # 3: plugins
    ("unknown plugin", {"plugin": "EarlyStoping"}, 3, ["KAIROS-O001", 'Did you mean "EarlyStopping"?']),
    ("unknown option", {"plugin": WATCH + "patiense=3"}, 3, ["KAIROS-O020", "patiense", 'Did you mean "patience"?']),
    ("option that is no number", {"plugin": WATCH + "patience=two"}, 3, ["KAIROS-O023", "patience", '"two"']),
    ("option out of range", {"plugin": WATCH + "patience=-1"}, 3, ["KAIROS-O024", "patience", "at least 0"]),
    ("option that is no choice", {"plugin": WATCH + "mode=mix"}, 3, ["KAIROS-O025", "mode", '"mix"', "auto, min, max"]),
    ("unknown metric to watch", {"plugin": "EarlyStopping:monitor=los"}, 3, ["KAIROS-O026", '"los"', 'Did you mean "loss"?']),
    ("no validation to watch", {"plugin": "EarlyStopping"}, 3, ["KAIROS-O026", "val_loss", "monitor=loss"]),
    ("option that is missing", {"plugin": "ModelCheckpoint"}, 3, ["KAIROS-O022", "filepath", "required"]),
    ("checkpoint of unknown format", {"plugin": "ModelCheckpoint:filepath=m.txt"}, 3,
     ["KAIROS-O031", "ModelCheckpoint", ".weights.h5"]),
    ("field of no metric", {"plugin": "ModelCheckpoint:filepath='m-{los}.h5'"}, 3, ["{los}", "Did you mean {loss}? Known are: epoch, loss.\n"]),
    ("validation epochs without samples", {"validation_freq": 2}, 2,
     ["KAIROS-U012: --validation-freq: there are no validation samples. Name them with --validation-data or --validation-input, or hold some "
      "out with --validation-split.\n"]),
    ("layer that does not fit the input", {"model": "conv2d(3,3) flatten dense(2,softmax)"}, 5,
     ["KAIROS-M008", "Change the shape of the input, or put a layer such as reshape before it."]),
    ("plugin file that does not exist", {"plugin": "./nothing.so"}, 3, ["KAIROS-L", "nothing.so"]),
    ("plugin file that is no plugin", {"plugin": "./text.so"}, 3, ["KAIROS-L", "text.so"]),
    ("plugin directory that does not exist", {"plugin_dir": "nowhere", "plugin": WATCH + "patience=1"}, 3, ["KAIROS-L050", "nowhere"]),
    ("grammar of a plugin", {"plugin": "EarlyStopping:patience"}, 3, ["KAIROS-O010", "patience"]),
    ("two instances of one name", {"plugin": ["EarlyStopping@a:monitor=loss"] * 2}, 3, ["KAIROS-O030", '"a"']),
    ("unknown failure policy", {"plugin": WATCH + "on_error=fatl"}, 3, ["on_error", "fatal"]),
    # 4: data
    ("no target", {"target": None}, 4, ["data.csv", "target"]),
    ("unknown column", {"target": "labl"}, 4, ["data.csv", '"labl"', 'Did you mean "label"?']),
    ("column beyond the last", {"target": 3}, 4, ["data.csv", "3"]),
    ("missing value", {"data": "missing.csv"}, 4, ["missing.csv:4", "height"]),
    ("NaN", {"data": "nan.csv"}, 4, ["nan.csv:4", "height"]),
    ("text among numbers", {"data": "text.csv"}, 4, ["text.csv:4", "height", "tall"]),
    ("table of nothing", {"data": "empty.csv"}, 4, ["KAIROS-D035", "empty.csv", "found an empty file, expected at least one row"]),
    ("table of a header alone", {"data": "header.csv"}, 4, ["KAIROS-D035", "header.csv", "found only a header"]),
    ("IDX of no samples", {"data": "none.idx", "target": "none.npy"}, 4, ["KAIROS-D013", "none.idx: there are no samples; found 0 rows"]),
    ("array of no samples", {"data": "none.npy", "target": "none.npy"}, 4, ["KAIROS-D013", "none.npy: there are no samples; found 0 rows"]),
    ("samples without values", {"data": "narrow.npy", "target": "narrow.npy"}, 4,
     ["KAIROS-D015", "narrow.npy: the input has samples without values; found shape (4, 0)"]),
    ("stream of samples without values", {"data": "narrow.npy", "target": "narrow.npy", "stream": "true"}, 4, ["KAIROS-D015", "narrow.npy"]),
    ("ragged row", {"data": "ragged.csv"}, 4, ["ragged.csv:4"]),
    ("label outside the output", {"data": "label.csv"}, 4, ["label.csv:4", "7", "0 … 1"]),
    ("class without a weight", {"class_weight": "0=1"}, 4, ["1", "class"]),
    ("negative sample weight", {"data": "weights.npz", "target": None}, 4, ["weights.npz: row 2", "weight", "-1"]),
    ("more rows in x than in y", {"data": "rows.npz", "target": None}, 4, ["rows.npz", "4", "3"]),
    ("unknown weight column", {"sample_weight": "widht"}, 4, ['"widht"', 'Did you mean "width"?']),
    ("rows that a semicolon divides", {"data": "semicolon.csv"}, 4, ["KAIROS-D022", "Set --delimiter ';'"]),
    ("rows that a semicolon divides, and no target", {"data": "semicolon.csv", "target": None}, 4,
     ["KAIROS-D021", "Set --delimiter ';'"]),
    ("rows that a tab divides", {"data": "tab.csv"}, 4, ["KAIROS-D022", "Set --delimiter tab"]),
    ("index beyond the last column", {"target": 65}, 4,
     ["KAIROS-D022", '"65"', "Give the index of the column, or its name."]),
    ("class numbers for a loss of one-hot rows", {"loss": "categorical_crossentropy"}, 4,
     ["KAIROS-D101", 'the target does not fit the model\'s output "dense_1"; found one number per sample, expected (2)',
      "If they are class numbers, use --loss sparse_categorical_crossentropy."]),
    ("one number where the output has several", {"loss": "mse", "target": "width"}, 4,
     ["KAIROS-D101", "Choose the loss and the last layer for this target"]),
    ("archive with names of its own", {"data": "names.npz"}, 4,
     ["KAIROS-D042", '"x"', "Name it as the input NAME=ARRAY (NAME is input_layer for a shorthand model); the archive has: features, kind."]),
    ("archive whose target is not named", {"data": "names.npz", "input": "input_layer=features", "target": None}, 4,
     ["KAIROS-D042", '"y"', "Name the array of the target; the archive has: features, kind."]),
    # 5: the model
    ("unknown layer", {"model": "dens(4)"}, 5, ["KAIROS-M001", '"dens"', 'Did you mean "dense"?']),
    ("layer of no units", {"model": "dense(0)"}, 5,
     ["KAIROS-M003", "found 0, expected an integer from 1 to 2147483647. Give \"units\" such a value."]),
    ("optimizer with two ways to clip", {"optimizer": "SGD(0.1,clipnorm=1,clipvalue=1)"}, 5, ["KAIROS-M003", "Leave the others out."]),
    ("unknown activation", {"model": "dense(4,rely)"}, 5, ["rely", "relu"]),
    ("shape that does not fit", {"model": "input(3) dense(2,softmax)"}, 5, ["(3)", "(2)"]),
    ("layer that no memory holds", {"model": "dense(2147483647) dense(2147483647)"}, 5, ["KAIROS-M018", '"dense" (Dense)']),
    ("unknown loss", {"loss": "mean_square_error"}, 5, ['Did you mean "mean_squared_error"?']),
    ("unknown metric", {"metrics": "acuracy"}, 5, ["acuracy", 'Did you mean "accuracy"?']),
    ("unknown optimizer", {"optimizer": "adma"}, 5, ['"adma"', 'Did you mean "Adam"?']),
    ("unknown optimizer argument", {"optimizer": "SGD(momentun=0.9)"}, 5, ["momentun", 'Did you mean "momentum"?']),
    ("unknown optimizer with its rate alone", {"optimizer": "adma(0.1)"}, 5, ['"adma"', 'Did you mean "Adam"?']),
    ("second argument without its name", {"optimizer": "SGD(0.1,0.9)"}, 5,
     ["KAIROS-M009", '"0.9"', "Write the argument's name and = before it."]),
    ("unknown schedule", {"optimizer": "Adam(CosinDecay(0.1,decay_steps=10))"}, 5, ['Did you mean "CosineDecay"?']),
    ("schedule without its steps", {"optimizer": "Adam(CosineDecay(0.1))"}, 5,
     ['"decay_steps" is missing', 'Give "decay_steps".']),
    ("layers with a comma between", {"model": "dense(4,relu),dense(2,softmax)"}, 5,
     ["KAIROS-M009", "character 14", "Write spaces between them"]),
    ("loss and output that do not fit", {"model": "dense(1)"}, 5, ["sparse_categorical_crossentropy"]),
    ("unknown precision", {"precision": "bfloat16"}, 5, ["KAIROS-M034", '"bfloat16"', "Known names: float32, bf16."]),
    ("weights of another model", {"weights": "other.npz"}, 5, ["other.npz", "(2, 4)"]),
    # 6: files
    ("file system that takes no file", {"save_model": "/proc/m.keras"}, 6,
     ["KAIROS-F005: /proc/m.keras: cannot write the file", "this one cannot hold files"]),
    ("data file that does not exist", {"data": "nothing.csv"}, 6, ["nothing.csv"]),
    ("run directory below a file", {"run_dir": "data.csv/run"}, 6, ["--run-dir", "data.csv"]),
    ("history below a file", {"history": "data.csv/h.json"}, 6, ["--history", "data.csv"]),
    ("weights onto a directory", {"save_weights": "taken.npz"}, 6, ["--save-weights taken.npz", "directory"]),
    ("weights in an architecture", {"weights": "list.json"}, 6, ["KAIROS-F020", "expected .keras, .h5, .hdf5, .weights.h5 or .npz (weights only)."]),
    ("weights that do not exist", {"weights": "nothing.npz"}, 6, ["nothing.npz"]),
    ("state that does not exist", {"callback_state": "nothing", "initial_epoch": 1}, 6, ["nothing"]),
    ("state that is damaged", {"callback_state": "text.so", "initial_epoch": 1}, 7, ["KAIROS-C006: --callback-state text.so: it cannot be read"]),
    ("model that does not exist", {"model": "nothing.json"}, 6, ["nothing.json"]),
    ("model of an unknown format", {"model": "m.onnx"}, 6, ["KAIROS-F020: m.onnx"]),
    ("weights as the model", {"model": "two.npz"}, 5,
     ["KAIROS-M095: two.npz: the file holds weights only", "Give the architecture with --model and this file with --weights."]),
    ("model that is no JSON", {"model": "broken.json"}, 6, ["broken.json:1:2"]),
]

# title, arguments, exit code, parts of the line
OTHERS = [
    ("unknown command", ["fitt"], 2, ["KAIROS-U001", '"fitt"', 'Did you mean "fit"?']),
    ("unexpected argument", ["fit", "data.csv"], 2, ["KAIROS-U001", '"data.csv"']),
    ("flag without its value", ["fit", "--model"], 2, ["KAIROS-U002", "--model", "no value"]),
    ("configuration with a wrong key", ["fit", "--config", "key.json"], 2, ["key.json", '"epoch"', 'Did you mean "epochs"?']),
    ("configuration with a wrong value", ["fit", "--config", "value.json"], 2, ["value.json", "epochs", '"ten"']),
    ("configuration with a value out of range", ["fit", "--config", "range.json"], 2,
     ["KAIROS-U010: range.json: batch_size: the value is out of range; found 0, expected 1 or more. Write \"batch_size\": 32."]),
    ("configuration with an unknown choice", ["fit", "--config", "choice.json"], 2,
     ["KAIROS-U003: choice.json: split:", 'Did you mean "shuffled"?']),
    ("configuration with a setting under two names", ["fit", "--config", "twice.json"], 2,
     ["KAIROS-U004", "twice.json", '"epochs" and "nb_epoch"']),
    ("configuration that is a list", ["fit", "--config", "list.json"], 2, ["list.json", "JSON object"]),
    ("configuration that is no JSON", ["fit", "--config", "broken.json"], 6, ["broken.json:1:2"]),
    ("predict without --out", ["predict", "--model", "dense(2)", "--data", "data.csv"], 2, ["--out", "missing"]),
    ("evaluate of a shorthand without weights",
     ["evaluate", "--model", "dense(2)", "--data", "data.csv", "--target", "label", "--loss", "mse"], 2,
     ["KAIROS-U065: --model dense(2): the model has no trained weights; expected --weights, or a model file that holds weights"]),
    ("predict of an architecture without weights",
     ["predict", "--model", "plain.json", "--data", "data.csv", "--target", "label", "--out", "p.npy"], 2, ["KAIROS-U065: --model plain.json"]),
    ("predict into an unknown format",
     ["predict", "--model", "dense(2,use_bias=false)", "--weights", "two.npz", "--data", "two.csv", "--out", "p.txt"], 2, [".npy"]),
    ("predict into its data",
     ["predict", "--model", "dense(2,use_bias=false)", "--weights", "two.npz", "--data", "data.csv", "--target", "label", "--out",
      "data.csv"], 2,
     ["KAIROS-U016: --out data.csv: this would replace the file of --data."]),
    ("weights without a model", ["predict", "--model", "weights.h5", "--data", "data.csv", "--out", "p.npy"], 6, ["weights.h5"]),
    ("plugins without a command", ["plugins"], 2, ["kairos plugins list"]),
    ("unknown command of plugins", ["plugins", "lst"], 2, ['"lst"', 'Did you mean "list"?']),
    ("two formats of a list", ["plugins", "list", "--json", "--markdown"], 2, ["--json and --markdown"]),
    ("inspect without a name", ["plugins", "inspect"], 2, ["one name"]),
    ("inspect of an unknown name", ["plugins", "inspect", "EarlyStopper"], 3, ["EarlyStopper", 'Did you mean "EarlyStopping"?']),
    ("inspect of a file that is no plugin", ["plugins", "inspect", "./text.so"], 3, ["KAIROS-L", "text.so"]),
    ("inspect with options", ["plugins", "inspect", "EarlyStopping:patience=3"], 2, ["without options"]),
    ("replay without input", ["replay"], 2, ["--logs"]),
    ("replay of nothing to try", ["replay", "--logs", "logs.csv"], 2, ["--plugin"]),
    ("replay of a file that does not exist", ["replay", "nothing.json"], 6, ["nothing.json"]),
    ("replay with a wrong key", ["replay", "case.json"], 2, ["case.json: case 0", '"calbacks"', 'Did you mean "callbacks"?']),
    ("replay with logs that are no numbers", ["replay", "logs.json"], 2, ["logs.json: case 0: logs, epoch 1: loss", '"low"']),
    ("replay of a History as cases", ["replay", "history.json"], 2, ["history.json", "--logs"]),
    ("replay of a CSV with a bad field", ["replay", "--logs", "bad.csv", "--plugin", "TerminateOnNaN"], 6,
     ["bad.csv:3", '"loss"', '"x"']),
]


class Errors(ProgramTest):
    def setUp(self):
        super().setUp()
        lines = CSV.splitlines()
        for name, row in (("missing", "0.5,,0"), ("nan", "0.5,nan,0"), ("text", "0.5,tall,0"), ("ragged", "0.5,1"),
                          ("label", "0.5,1,7")):
            self.put(f"{name}.csv", "\n".join(lines[:3] + [row] + lines[3:]) + "\n")
        for name, delimiter in (("semicolon", ";"), ("tab", "\t")):
            self.put(f"{name}.csv", CSV.replace(",", delimiter))
        x, y = np.ones((4, 2), "float32"), np.array([0, 1, 0, 1], "float32")
        np.savez(self.directory / "weights.npz", x=x, y=y, sample_weight=np.array([1, 1, -1, 1], "float32"))
        np.savez(self.directory / "names.npz", features=x, kind=y)
        np.savez(self.directory / "rows.npz", x=x, y=y[:3])
        np.savez(self.directory / "other.npz", **{"0": np.ones((3, 4), "float32"), "1": np.ones(4, "float32"),
                                                   "2": np.ones((4, 2), "float32"), "3": np.ones(2, "float32")})
        np.savez(self.directory / "two.npz", **{"0": np.ones((2, 2), "float32")})
        self.put("two.csv", "a,b\n1,2\n")
        self.put("plain.json", json.dumps({"class_name": "Sequential", "config": {"name": "m", "layers": [
            {"class_name": "InputLayer", "config": {"name": "in", "batch_shape": [None, 2]}},
            {"class_name": "Dense", "config": {"name": "d", "units": 2}}]}}))
        np.save(self.directory / "none.npy", x[:0])
        np.save(self.directory / "narrow.npy", x[:, :0])
        (self.directory / "none.idx").write_bytes(bytes([0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0, 2]))
        for name, content in (("text.so", "no plugin\n"), ("broken.json", "{,"), ("key.json", '{"epoch": 3}'),
                              ("value.json", '{"epochs": "ten"}'), ("range.json", '{"batch_size": 0}'), ("choice.json", '{"split": "shufled"}'), ("list.json", "[1]"), ("empty.csv", ""), ("header.csv", lines[0] + "\n"), ("twice.json", '{"epochs": 3, "nb_epoch": 4}'), ("weights.h5", "no file\n"),
                              ("logs.csv", "epoch,loss\n0,1\n"), ("bad.csv", "epoch,loss\n0,1\n1,x\n"),
                              ("case.json", '{"cases": [{"lr": 1, "logs": [{"loss": 1}], "calbacks": []}]}'),
                              ("logs.json", '{"cases": [{"lr": 1, "logs": [{"loss": 1}, {"loss": "low"}], "callbacks": []}]}'),
                              ("history.json", '{"epoch": [0], "history": {"loss": [1]}}')):
            self.put(name, content)
        (self.directory / "taken.npz").mkdir()

    def check(self, title, arguments, exit_code, parts):
        before = self.files()
        run = self.run_kairos(*arguments)
        with self.subTest(title):
            self.assertEqual(run.returncode, exit_code, run.stderr)
            self.assertEqual(run.stdout, "")
            self.assertRegex(run.stderr, r"\AKAIROS-[A-Z]\d{3}: [^\n]+\n\Z")
            for part in parts:
                self.assertIn(part, run.stderr)
            self.assertEqual(self.files(), before, "something was written")

    def test_every_mistake_in_a_fit_has_its_line(self):
        outputs = {"run_dir": "run", "history": "h.json", "save_weights": "w.npz"}
        for title, changes, exit_code, parts in FIT:
            self.check(title, self.fit(**{**outputs, **changes}), exit_code, parts)

    def test_every_mistake_elsewhere_has_its_line(self):
        for title, arguments, exit_code, parts in OTHERS:
            self.check(title, arguments, exit_code, parts)

    def test_directory_without_permission_is_told_before_training(self):
        locked = self.directory / "locked"
        locked.mkdir(mode=0o500)
        if _writable(locked):
            self.skipTest("this user may write everywhere")
        self.check("run directory without permission", self.fit(run_dir="locked/run"), 6, ["--run-dir", "locked"])


def _writable(directory: pathlib.Path):
    try:
        (directory / "probe").touch()
    except OSError:
        return False
    (directory / "probe").unlink()
    return True


if __name__ == "__main__":
    main()
