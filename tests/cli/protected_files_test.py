# SPDX-License-Identifier: MIT
"""No result replaces a file that the run reads, or another result.

  protected_files_test.py KAIROS MISHAPS"""
import gzip
import json
import os
import pathlib
import shutil
import struct
import subprocess

import h5py
import numpy as np
from PIL import Image

from program import CSV, KAIROS, MISHAPS, ROWS, ProgramTest, main

PLUGINS = pathlib.Path(KAIROS).resolve().parents[1] / "lib" / "kairos" / "plugins"
WRITERS = pathlib.Path(MISHAPS).parents[1] / "plugins_that_write" / "writers.so"
IDX = {"data": "train-images-idx3-ubyte.gz", "target": "y.npy", "model": "flatten dense(2,softmax)"}
PICS = {"data": "pics", "target": None, "model": "input(4,4,1) flatten dense(2,softmax)"}
HDF5 = {"data": "d1.h5:/x", "target": "y.npy"}
NPY = {"data": "x.npy", "target": "y.npy"}
WORDS = {"data": "words.csv"}


def replaces(other, where="CSVLogger, option filename"):
    return "KAIROS-O040", where, f"this would replace the file of {other};", "Choose another name."


def flag(name, other):
    return "KAIROS-U016", name, f"this would replace the file of {other}. ", "Choose another"


def inside(where, other="--data"):
    return "KAIROS-O041", where, f"this would be inside the directory of {other};", "Choose a place outside it."


def result(where, other, subject="this"):
    return "KAIROS-O042", where, f"{subject} would replace the result of {other};", "Choose another name."


class Files(ProgramTest):
    def setUp(self):
        super().setUp()
        rows = np.array(ROWS, "float32")
        for name, array in (("x", rows[:, :2]), ("y", rows[:, 2]), ("w", rows[:, 2])):
            np.save(self.directory / f"{name}.npy", array)
        np.savez(self.directory / "all.npz", x=rows[:, :2], y=rows[:, 2])
        for name in ("d1.h5", "d.h5"):
            with h5py.File(self.directory / name, "w") as file:
                file["x"] = rows[:, :2]
        images = np.zeros((10, 4, 4), np.uint8)
        (self.directory / IDX["data"]).write_bytes(gzip.compress(bytes([0, 0, 8, 3]) + struct.pack(">3I", 10, 4, 4) + images.tobytes()))
        for name in ("a", "b"):
            (self.directory / "pics" / name).mkdir(parents=True)
            for i in range(3):
                Image.fromarray(images[i]).save(self.directory / "pics" / name / f"{i}.png")
        (self.directory / "elsewhere").mkdir()
        shutil.copy(self.directory / "pics" / "a" / "0.png", self.directory / "elsewhere")
        self.put("words.csv", CSV.replace(",0\n", ",cat\n").replace(",1\n", ",dog\n"))
        self.put("names.json", '{"class_names": ["cat", "dog"]}')
        self.put("config.json", '{"epochs": 2}')
        self.put("run.json", '{"epochs": 2}')
        (self.directory / "plugs").mkdir()
        shutil.copy(PLUGINS / "early_stopping.so", self.directory / "plugs" / "es.so")

    def refused(self, code, sentence, *arguments):
        """A refusal that contains these parts in this order, without any change to the files."""
        before = self.files()
        run = self.run_kairos(*arguments)
        self.assertEqual(run.returncode, code, run.stderr)
        line, at = run.stderr, 0
        for part in [sentence] if isinstance(sentence, str) else sentence:
            self.assertIn(part, line[at:], line)
            at = line.index(part, at) + len(part)
        after = self.files()
        self.assertEqual(sorted(after), sorted(before))
        self.assertEqual([name for name in before if after[name] != before[name]], [])

    def refused_fits(self, code, cases):
        for sentence, changes in cases:
            with self.subTest(**changes):
                self.refused(code, sentence, *self.fit(**changes))

    def allowed_fits(self, *cases):
        for changes in cases:
            with self.subTest(**changes):
                self.kairos(*self.fit(**changes))


class Plugins(Files):
    def test_a_plugin_does_not_replace_the_data_whatever_the_file_is_called(self):
        os.link(self.directory / "data.csv", self.directory / "hard.csv")
        os.symlink("data.csv", self.directory / "soft.csv")
        os.symlink(".", self.directory / "here")
        (self.directory / "sub").mkdir()
        log = "CSVLogger:filename="
        self.refused_fits(3, [
            (replaces("--data"), {"plugin": log + name, **more})
            for name in ("data.csv", "./data.csv", "sub/../data.csv", "here/here/data.csv", "/proc/self/cwd/data.csv", "hard.csv",
                         "soft.csv", "data.csv,append=true", "data.csv,on_error=warn", str(self.directory / "data.csv"))
            for more in ({}, {"stream": "true"})])
        self.refused_fits(3, [
            (replaces("--data"), {"plugin": log + "data.csv", "data": "hard.csv"}),
            (replaces("--data"), {"plugin": log + "data.csv", "data": "soft.csv"}),
            (replaces("--data"), {"plugin": log + "../data.csv", "run_dir": "run"}),
            (replaces("--data"), {"plugin": log + "data.csv", "run_dir": "."}),
            (replaces("--data"), {"plugin": log + "data.csv", "explain_order": True}),
        ])

    def test_no_kind_of_data_is_replaced(self):
        log = "CSVLogger:filename="
        self.refused_fits(3, [
            (replaces("--data"), {**NPY, "plugin": log + "x.npy"}),
            (replaces("--target"), {**NPY, "plugin": log + "y.npy"}),
            (replaces("--target"), {**NPY, "plugin": log + "y.npy", "stream": "true"}),
            (replaces("--sample-weight"), {**NPY, "sample_weight": "w.npy", "plugin": log + "w.npy"}),
            (replaces("--input"), {"data": None, "input": "input_layer=x.npy", "target": "y.npy", "plugin": log + "x.npy"}),
            (replaces("--validation-data"), {**NPY, "validation_data": "all.npz", "plugin": log + "all.npz"}),
            (replaces("--validation-target"), {"validation_data": "x.npy", "validation_target": "w.npy", **NPY, "plugin": log + "w.npy"}),
            (replaces("--data"), {**IDX, "plugin": log + IDX["data"]}),
            (replaces("--data"), {"data": "all.npz", "target": None, "plugin": log + "all.npz"}),
            (replaces("--data", "ModelCheckpoint, option filepath"), {**HDF5, "plugin": "ModelCheckpoint:filepath=d1.h5"}),
            (replaces("--data", "ModelCheckpoint, option filepath"),
             {**HDF5, "stream": "true", "plugin": "ModelCheckpoint:filepath=d1.h5,in_background=true"}),
        ])

    def test_names_that_a_template_can_become_are_refused_before_training(self):
        where = "ModelCheckpoint, option filepath"
        sentence = "KAIROS-O040", where, "a file of this name would replace the file of --data;", "Choose another name."
        self.refused_fits(3, [(sentence, {**HDF5, "plugin": f"ModelCheckpoint:filepath='{name}'"}) for name in
                              ("d{epoch}.h5", "d{loss:.0f}.h5", "./pics/../d{epoch}.h5", "/proc/self/cwd/d{epoch}.h5")])
        self.refused_fits(3, [
            (result(where, "--save-model", "a file of this name"),
             {"plugin": "ModelCheckpoint:filepath='m-{epoch:02d}.keras'", "save_model": "m-02.keras"}),
            (result("ModelCheckpoint_2, option filepath", "ModelCheckpoint, option filepath", "a file of this name"),
             {"plugin": ["ModelCheckpoint:filepath='m-{epoch}.keras'", "ModelCheckpoint:filepath='m-{epoch}.keras',save_best_only=true,monitor=loss"]}),
        ])
        self.allowed_fits({**HDF5, "plugin": "ModelCheckpoint:filepath='d-{epoch}.h5'"},
                          {"plugin": "ModelCheckpoint:filepath='m-{epoch:02d}.keras'", "save_model": "m-last.keras"})

    def test_a_name_that_is_known_only_when_it_is_saved_is_refused_then(self):
        # d2.h5 is a link to the data; {epoch} expands to its name in the second epoch.
        os.symlink("d1.h5", self.directory / "n2.h5")
        for name, settings in (("n{epoch}.h5", HDF5), ("d.h5", {"data": "d.h5:/x", "target": "y.npy"})):
            plugin = f"ModelCheckpoint:filepath='{name}'" if "{" in name else f"{WRITERS}#SaveAs:name={name}"
            before = (self.directory / "d1.h5").read_bytes(), (self.directory / "d.h5").read_bytes()
            run = self.run_kairos(*self.fit(**settings, plugin=plugin))
            self.assertEqual(run.returncode, 7, run.stderr)
            self.assertIn('" would replace the file of --data. Save under another name', run.stderr)
            self.assertEqual(((self.directory / "d1.h5").read_bytes(), (self.directory / "d.h5").read_bytes()), before)

    def test_one_instance_does_not_save_what_another_has_saved(self):
        saver = f"{WRITERS}#SaveAs"
        run = self.run_kairos(*self.fit(plugin=[f"{saver}@a:name=m.h5", f"{saver}@b:name=./m.h5"]))
        self.assertEqual(run.returncode, 7, run.stderr)
        self.assertIn('/m.h5" would replace the result of a. Save under another name', run.stderr)
        self.allowed_fits({"plugin": [f"{saver}@a:name=a.h5", f"{saver}@b:name=b.h5"]})

    def test_nothing_is_written_into_a_directory_of_pictures(self):
        os.symlink(self.directory / "elsewhere", self.directory / "pics" / "c")
        os.link(self.directory / "pics" / "a" / "1.png", self.directory / "linked")
        shutil.copy(self.directory / "pics" / "a" / "0.png", self.directory / "aside.png")
        os.symlink(self.directory / "aside.png", self.directory / "pics" / "a" / "3.png")
        pics = {**PICS, "model": "input(4,4,1) flatten dense(3,softmax)"}
        log, board = "CSVLogger, option filename", "TensorBoard, option log_dir"
        for more in ({}, {"stream": "true"}):
            self.refused_fits(3, [
                (inside(board), {**pics, **more, "plugin": "TensorBoard:log_dir=pics/logs"}),
                (inside(board), {**pics, **more, "plugin": "TensorBoard:log_dir=pics/a"}),
                (replaces("--data", board), {**pics, **more, "plugin": "TensorBoard:log_dir=pics"}),
                (inside(log), {**pics, **more, "plugin": "CSVLogger:filename=pics/log.csv"}),
                (inside(log), {**pics, **more, "plugin": "CSVLogger:filename=pics/a/0.png"}),
                (inside(log), {**pics, **more, "plugin": "CSVLogger:filename=pics/new/log.csv"}),
                (inside(log), {**pics, **more, "plugin": "CSVLogger:filename=elsewhere/log.csv"}),
                (inside(log), {**pics, **more, "plugin": "CSVLogger:filename=linked"}),
                (inside(log), {**pics, **more, "plugin": "CSVLogger:filename=aside.png"}),
                (inside("ModelCheckpoint, option filepath"), {**pics, **more, "plugin": "ModelCheckpoint:filepath='pics/m-{epoch}.h5'"}),
            ])
        self.refused_fits(2, [
            (("KAIROS-U055: --history pics/h.json: this would be inside the directory of --data. Choose a place outside it.",),
             {**pics, "history": "pics/h.json"}),
            (("KAIROS-U055: --run-dir pics/run.json: this would be inside the directory of --data.",), {**pics, "run_dir": "pics"}),
        ])

    def test_names_of_its_own_that_tensorboard_makes_are_protected_too(self):
        shutil.copytree(self.directory / "pics", self.directory / "logs" / "train")
        run = ("KAIROS-O031", "TensorBoard", '/logs/train" would replace the file of --data')
        self.refused_fits(3, [(run, {**PICS, "data": "logs/train", "plugin": "TensorBoard:log_dir=logs"})])
        words = {"model": "input(2) embedding(20,3,name=words) flatten dense(2,softmax)", "target": "label"}
        self.put("labels.tsv", "".join(f"{i}\n" for i in range(20)))
        self.put("words.tsv", "a\tb\tlabel\n" + "".join(f"{i}\t{i + 1}\t{i % 2}\n" for i in range(8)))
        board = "TensorBoard:embeddings_freq=1,log_dir="
        self.refused_fits(3, [
            (("KAIROS-O031", '/words.tsv" would replace the file of --data'), {**words, "data": "words.tsv", "plugin": board + "."}),
            (("KAIROS-O031", 'labels.tsv" is read, and is the result of CSVLogger, option filename'),
             {**words, "data": "words.tsv",
              "plugin": ["CSVLogger:filename=labels.tsv", board + "out,embeddings_metadata=labels.tsv"]}),
        ])
        self.allowed_fits({**words, "data": "words.tsv", "plugin": board + "out,embeddings_metadata=labels.tsv"})

    def test_configurations_models_names_and_plugins_are_protected(self):
        self.kairos(*self.fit(save_model="m.keras", save_weights="m.npz"))
        self.kairos("convert", "m.keras", "model.json")
        log = "CSVLogger:filename="
        plugin = "plugs/es.so:monitor=loss"
        self.refused_fits(3, [
            (replaces("--config"), {"config": "config.json", "plugin": log + "config.json"}),
            (replaces("--model"), {"model": "model.json", "plugin": log + "model.json"}),
            (replaces("--model"), {"model": "m.keras", "plugin": log + "m.keras"}),
            (replaces("--weights"), {"weights": "m.npz", "plugin": log + "m.npz"}),
            (replaces("--class-names"), {**WORDS, "class_names": "names.json", "plugin": log + "names.json"}),
            (replaces("the plugin kairos.EarlyStopping"), {"plugin": [plugin, log + "plugs/es.so"]}),
            (replaces("the plugin kairos.CSVLogger"), {"plugin": log + str(PLUGINS / "csv_logger.so")}),
            (("KAIROS-O040", "this would replace the file of the plugin "), {"plugin_dir": "plugs", "plugin": log + "plugs/es.so"}),
            (replaces("Reader, option file"), {"plugin": [f"{WRITERS}#Reader:file=names.json", log + "names.json"]}),
            (replaces("Reader, option file"), {"plugin": [log + "names.json", f"{WRITERS}#Reader:file=names.json"]}),
        ])
        self.refused_fits(2, [
            (flag("--history config.json", "--config"), {"config": "config.json", "history": "config.json"}),
            (flag("--run-dir ./run.json", "--config"), {"config": "run.json", "run_dir": "."}),
            (flag("--history model.json", "--model"), {"model": "model.json", "history": "model.json"}),
            (flag("--history names.json", "--class-names"), {**WORDS, "class_names": "names.json", "history": "names.json"}),
            (flag("--save-weights all.npz", "--data"), {"data": "all.npz", "target": None, "save_weights": "all.npz"}),
            (flag("--save-model d1.h5", "--data"), {**HDF5, "save_model": "d1.h5"}),
        ])

    def test_run_dir_is_the_current_directory_unless_it_would_replace_something(self):
        self.kairos(*self.fit(save_model="trained.keras"))
        self.kairos("convert", "trained.keras", "history.json")
        self.refused_fits(2, [(flag("--run-dir ./history.json", "--model"), {"model": "history.json", "run_dir": "."})])
        os.remove(self.directory / "history.json")
        data = (self.directory / "data.csv").read_bytes()
        self.kairos(*self.fit(run_dir=".", plugin="CSVLogger:filename=log.csv"))
        self.assertEqual((self.directory / "data.csv").read_bytes(), data)
        self.assertTrue((self.directory / "history.json").exists())

    def test_results_do_not_replace_one_another(self):
        os.symlink("not-yet.csv", self.directory / "dangling.csv")
        log, checkpoint = "CSVLogger, option filename", "ModelCheckpoint, option filepath"
        self.refused_fits(3, [
            (result("b, option filename", "a, option filename"), {"plugin": ["CSVLogger@a:filename=l.csv", "CSVLogger@b:filename=./l.csv"]}),
            (result("b, option filename", "a, option filename"),
             {"plugin": ["CSVLogger@a:filename=dangling.csv", "CSVLogger@b:filename=not-yet.csv"]}),
            (result("b, option filename", "a, option filename"),
             {"plugin": ["CSVLogger@a:filename=new/../l.csv", "CSVLogger@b:filename=l.csv"]}),
            (result("b, option log_dir", "a, option log_dir"), {"plugin": ["TensorBoard@a:log_dir=l", "TensorBoard@b:log_dir=l/"]}),
            (result(checkpoint, log), {"plugin": ["CSVLogger:filename=m.h5", "ModelCheckpoint:filepath=m.h5"]}),
            (result(checkpoint, "--save-model"), {"plugin": "ModelCheckpoint:filepath=m.keras", "save_model": "m.keras"}),
            (result(log, "--history"), {"plugin": "CSVLogger:filename=h.json", "history": "h.json"}),
            *[(result(log, "--run-dir"), {"plugin": "CSVLogger:filename=" + name, "run_dir": "run", **more}) for name, more in (
                ("run.json", {}), ("history.json", {}), ("callback_state", {}), ("../run/run.json", {}), ("class_names.json", WORDS))],
        ])
        self.refused_fits(2, [
            (flag("--save-weights m.h5", "--save-model"), {"save_model": "m.h5", "save_weights": "m.h5"}),
            (flag("--run-dir run/history.json", "--history"), {"run_dir": "run", "history": "run/history.json"}),
        ])

    def test_paths_of_a_plugin_in_c_are_protected_too(self):
        plugin = str(WRITERS.with_name("c_writer.so"))
        where = "CWriter, option "
        self.refused_fits(3, [
            (replaces("--data", where + "log"), {"plugin": plugin + ":log=data.csv"}),
            (inside(where + "place"), {**PICS, "plugin": plugin + ":place=pics/new"}),
            (replaces("--data", where + "model"), {**HDF5, "plugin": plugin + ":model=d1.h5"}),
            (replaces("CWriter, option source"), {"plugin": [plugin + ":source=words.csv", "CSVLogger:filename=words.csv"]}),
        ])
        self.allowed_fits({"plugin": plugin + ":source=data.csv"})
        self.assertEqual(self.text("c.log"), "written\n")
        options = json.loads(self.kairos("plugins", "inspect", plugin, "--json"))["callbacks"][0]["options"]
        self.assertEqual({option["name"]: option["access"] for option in options},
                         {"lines": [], "source": ["reads"], "log": ["writes"], "place": ["writes", "directory"], "model": ["writes", "saves"]})

    def test_inspect_says_what_is_done_with_a_path(self):
        for plugin, option, words in (("CSVLogger", "filename", "; is written"), ("TensorBoard", "log_dir", "; files are written into it"),
                                      (f"{WRITERS}#Reader", "file", "; is read"),
                                      (f"{WRITERS}#Scribbler", "file", "; neither declared as read nor as written, so treated as written")):
            line = next(line for line in self.kairos("plugins", "inspect", plugin).splitlines() if line.startswith(f"    {option} "))
            self.assertTrue(line.endswith(words), line)

    def test_a_path_without_a_direction_is_taken_as_written(self):
        self.refused_fits(3, [(("KAIROS-O043: Scribbler, option file: this would replace the file of --data",
                                "If the callback only reads this file, its author declares the option as one that reads: "
                                "Option<InputPath>, KAIROS_OPTION_READS."), {"plugin": f"{WRITERS}#Scribbler:file=data.csv"})])
        self.allowed_fits({"plugin": f"{WRITERS}#Scribbler:file=new.txt"})

    def test_a_path_that_is_read_is_relative_to_the_current_directory_and_may_be_the_data(self):
        self.allowed_fits({"plugin": f"{WRITERS}#Reader:file=data.csv", "run_dir": "run"},
                          {"plugin": [f"{WRITERS}#Reader@a:file=data.csv", f"{WRITERS}#Reader@b:file=data.csv"]})

    def test_a_record_finds_the_files_that_plugins_read_from_anywhere(self):
        self.put("it's, read.txt", "words\n")
        self.kairos(*self.fit(plugin=f"{WRITERS}#Reader:file=\"it's, read.txt\"", run_dir="run"))
        place = str(self.directory / "it's, read.txt").replace("'", "\\'")
        self.assertEqual(json.loads(self.text("run/run.json"))["plugin"], [f"{WRITERS}#Reader:file='{place}'"])
        above, self.directory = self.directory, self.directory / "elsewhere"
        self.kairos("fit", "--config", "../run/run.json")
        self.kairos("fit", "--resume", "../run", "--epochs", 9)
        self.directory = above
        self.assertIn(place, self.kairos(*self.fit(plugin=f"{WRITERS}#Reader(\"it's, read.txt\")", print_config=True)).replace("\\\\", "\\"))

    def test_runs_go_on_with_the_files_that_they_read_before_training(self):
        self.kairos(*self.fit(**WORDS, save_model="run/m.keras", save_weights="w.npz", run_dir="run"))
        more = {**WORDS, "initial_epoch": 3, "epochs": 4}
        self.allowed_fits(
            {**more, "model": "run/m.keras", "loss": None, "save_model": "run/m.keras", "run_dir": "run",
             "callback_state": "run/callback_state", "class_names": "run/class_names.json"},
            {**more, "model": "run/m.keras", "loss": None, "plugin": "ModelCheckpoint:filepath=run/m.keras"},
            {**more, "model": "run/m.keras", "loss": None, "plugin": "ModelCheckpoint:filepath=run/m.keras,in_background=true"},
            {**more, "weights": "w.npz", "save_weights": "w.npz", "run_dir": "run"})

    def test_the_names_of_columns_beside_a_model_are_not_replaced_by_a_callback(self):
        self.kairos(*self.fit(save_model="run/m.keras", run_dir="run"))
        self.refused(3, replaces("the model's input columns"),
                     *self.fit(loss=None, model="run/m.keras", plugin="CSVLogger:filename=run/input_columns.json"))
        self.kairos(*self.fit(loss=None, model="run/m.keras", save_model="run/m.keras", run_dir="run"))

    def settings_in(self, name):
        """Without what made the run, which is new each time."""
        settings = json.loads(self.text(name))
        del settings["run"]
        return settings

    def test_the_configuration_of_a_run_directory_is_taken_again_but_not_replaced_by_another(self):
        self.kairos(*self.fit(run_dir="run"))
        kept = self.settings_in("run/run.json")
        self.kairos("fit", "--config", "run/run.json")
        self.assertEqual(self.settings_in("run/run.json"), kept)
        self.refused(2, flag("--run-dir run/run.json", "--config"), "fit", "--config", "run/run.json", "--epochs", "9")
        self.refused(3, replaces("--config"), "fit", "--config", "run/run.json", "--run-dir", "other", "--plugin",
                     "CSVLogger:filename=../run/run.json")

    def test_several_results_in_one_directory_are_no_conflict(self):
        self.allowed_fits({"run_dir": "run", "plugin": ["TensorBoard:log_dir=.", "CSVLogger:filename=train/log.csv", "ModelCheckpoint:filepath=m.h5"]},
                          {"plugin": ["TensorBoard@a:log_dir=l/a", "TensorBoard@b:log_dir=l/b", "CSVLogger:filename=label"]})

    def test_standard_output_and_devices_are_no_files_to_protect(self):
        with open(self.directory / "out.csv", "w", encoding="utf-8") as out:
            subprocess.run([KAIROS, *self.fit(plugin="CSVLogger:filename=/dev/stdout")], cwd=self.directory, stdout=out, check=True, timeout=60)
        self.assertIn("epoch,", self.text("out.csv"))
        os.mkfifo(self.directory / "fifo")
        run = self.run_kairos(*self.fit(plugin=["CSVLogger@a:filename=fifo", "CSVLogger@b:filename=fifo"]))
        self.assertIn("is not a regular file, and writing to it could block", run.stderr)


class Commands(Files):
    def setUp(self):
        super().setUp()
        self.kairos(*self.fit(save_model="m.keras", history="h.json"))
        self.data = ["--data", "data.csv", "--target", "label"]

    def test_predictions_replace_nothing_that_is_read(self):
        os.link(self.directory / "x.npy", self.directory / "hard.npy")
        for arguments, sentence in (
                (["--data", "x.npy", "--out", "x.npy"], flag("--out x.npy", "--data")),
                (["--data", "x.npy", "--out", "hard.npy"], flag("--out hard.npy", "--data")),
                (["--data", "x.npy", "--out", "./run/../x.npy"], flag("--out ./run/../x.npy", "--data")),
                ([*self.data, "--out", "data.csv"], flag("--out data.csv", "--data"))):
            self.refused(2, sentence, "predict", "--model", "m.keras", *arguments)
        self.refused(3, replaces("--data"), "predict", "--model", "m.keras", *self.data, "--out", "p.csv", "--plugin", "CSVLogger:filename=data.csv")
        self.refused(3, result("CSVLogger, option filename", "--out"), "predict", "--model", "m.keras", *self.data, "--out", "p.csv",
                     "--plugin", "CSVLogger:filename=p.csv")

    def test_predictions_do_not_lie_among_the_pictures(self):
        self.kairos(*self.fit(**PICS, save_model="p.keras"))
        self.refused(2, "KAIROS-U055: --out pics/a/p.csv: this would be inside the directory of --data.", "predict", "--model", "p.keras",
                     "--data", "pics/a", "--out", "pics/a/p.csv")

    def test_evaluations_replace_nothing_that_is_read(self):
        self.refused(3, replaces("--data"), "evaluate", "--model", "m.keras", *self.data, "--plugin", "CSVLogger:filename=data.csv")
        self.put("evaluate.json", "{}")
        self.refused(2, flag("--run-dir ./evaluate.json", "--config"), "evaluate", "--model", "m.keras", *self.data, "--config",
                     "evaluate.json", "--run-dir", ".")

    def test_a_conversion_replaces_neither_its_input_nor_its_architecture(self):
        self.refused(2, flag("OUT ./m.keras", "IN"), "convert", "m.keras", "./m.keras", "--drop-training")
        self.kairos("convert", "m.keras", "m.json")
        self.kairos("convert", "m.keras", "w.npz")
        self.refused(2, flag("OUT m.json", "--model"), "convert", "w.npz", "m.json", "--model", "m.json")

    def test_a_replay_replaces_nothing_that_it_reads(self):
        before = self.files()
        run = self.run_kairos("replay", "--logs", "h.json", "--plugin", "CSVLogger:filename=h.json", "--out", ".")
        self.assertEqual(run.returncode, 3, run.stderr)
        self.assertIn("KAIROS-O040: CSVLogger, option filename: this would replace the file of --logs", run.stderr)
        self.assertEqual(self.files(), before)
        self.kairos("replay", "--logs", "h.json", "--plugin", f"{WRITERS}#Reader:file=data.csv", "--out", "out")


if __name__ == "__main__":
    main()
