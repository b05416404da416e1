# SPDX-License-Identifier: MIT
"""Kinds of data files as other programs write them: what is read, what is left out, and what each error says."""
import itertools
import os

import h5py
import numpy as np
from PIL import Image

from program import ROWS, ProgramTest, main


class DataFile(ProgramTest):
    def setUp(self):
        super().setUp()
        rows = np.array(ROWS, "float32")
        self.x, self.y = rows[:, :2], rows[:, 2]

    def trained(self, warning="", **changes):
        """The lines of a fit that succeeds with this warning, without the one that says what came of it."""
        run = self.run_kairos(*self.fit(**{"model": "dense(2,softmax)", "target": None, "verbose": 2, "epochs": 1, **changes}))
        self.assertEqual((run.returncode, run.stderr), (0, warning))
        return [line for line in run.stdout.splitlines() if not line.startswith(("Best ", "Nothing ", "Saved: "))]

    def refused(self, sentence, exit_code=4, **changes):
        run = self.run_kairos(*self.fit(**{"model": "dense(2,softmax)", "target": None, **changes}))
        self.assertEqual((run.returncode, run.stderr), (exit_code, sentence + "\n"))


class Archives(DataFile):
    def test_layout_of_keras_is_training_and_validation_data(self):
        x, y = self.x, self.y
        np.savez(self.directory / "keras.npz", x_train=x, y_train=y, x_test=x[:4] + 1, y_test=y[:4])
        np.savez(self.directory / "kairos.npz", x=x, y=y, x_val=x[:4] + 1, y_val=y[:4])
        expected = self.trained(data="kairos.npz", seed=3)
        self.assertIn("val_loss", expected[1])
        named = {"input": "input_layer=x_train", "target": "y_train"}
        for more in ({}, named, {"target": "y_train"}):
            found = self.trained(data="keras.npz", seed=3, **more)
            self.assertEqual(found[0], "10 samples, 2 inputs, 2 classes (from y_train); 10 train, 4 validation" if more else
                             expected[0])
            self.assertEqual(found[1].split(" - loss")[1], expected[1].split(" - loss")[1])
        self.kairos(*self.fit(data="kairos.npz", target=None, model="dense(2,softmax)", save_model="m.keras"))
        np.savez(self.directory / "test.npz", x=x[:4] + 1, y=y[:4])
        self.assertEqual(self.kairos("evaluate", "--model", "m.keras", "--data", "keras.npz", "--input", "input_layer=x_test",
                                     "--target", "y_test", "--json"),
                         self.kairos("evaluate", "--model", "m.keras", "--data", "test.npz", "--json"))

    def test_a_missing_test_array_is_called_by_its_name(self):
        np.savez(self.directory / "a.npz", x_train=self.x, y_train=self.y, x_test=self.x)
        self.assertIn('KAIROS-D042: a.npz: the archive has no array "y_test"', self.run_kairos(*self.fit(data="a.npz", target=None)).stderr)
        np.savez(self.directory / "b.npz", x_train=self.x, y_train=self.y, x_test=self.x, y_tset=self.y)
        self.assertIn('found "y_tset". Did you mean "y_test"?', self.run_kairos(*self.fit(data="b.npz", target=None)).stderr)

    def test_targets_of_two_kinds_are_refused(self):
        words = np.array(["ant", "bee"])[self.y.astype(int)]
        for y, y_val, found in ((words, self.y, "labels as text, and numbers for the validation"),
                                (self.y, words, "numbers, and labels as text for the validation")):
            np.savez(self.directory / "mixed.npz", x=self.x, y=y, x_val=self.x, y_val=y_val)
            self.refused(f"KAIROS-D342: mixed.npz: the targets of training and validation differ in kind; found {found}, expected both as "
                         "text or both as numbers. Write both with the same program.", data="mixed.npz")

    def test_arrays_that_nothing_asks_for_are_left_out_whatever_their_type(self):
        arrays = {"x": self.x, "y": self.y, "classes": np.array(["cat", "dog"])}
        np.savez(self.directory / "one.npz", **arrays)
        np.savez(self.directory / "two.npz", **arrays, meta=np.array({"a": 1}, dtype=object))
        self.trained("warning: one.npz: an array that nothing asks for is left out: classes\n", data="one.npz")
        self.trained("warning: two.npz: arrays that nothing asks for are left out: classes, meta\n", data="two.npz")
        self.trained(data="two.npz", input="input_layer=x", target="y")
        self.refused('KAIROS-D042: two.npz: the archive has no array "xs"; expected x, y and optionally sample_weight, x_val, y_val, '
                     'sample_weight_val. Did you mean "x"?', data="two.npz", input="input_layer=xs", target="y")

    def test_nearly_the_name_of_a_missing_array_is_an_error(self):
        np.savez(self.directory / "d.npz", x=self.x, y=self.y, sample_weigth=self.y)
        self.refused('KAIROS-D043: d.npz: the archive has an array with an unexpected name; found "sample_weigth". Did you mean '
                     '"sample_weight"? Rename it, or save the archive without it.', data="d.npz")


class TextLabels(DataFile):
    def setUp(self):
        super().setUp()
        words = np.array(["ant", "bée"])[self.y.astype(int)]
        np.save(self.directory / "x.npy", self.x)
        np.save(self.directory / "numbers.npy", self.y)
        np.save(self.directory / "words.npy", words)
        np.save(self.directory / "big.npy", words.astype(">U5"))
        np.save(self.directory / "utf8.npy", np.char.encode(words, "utf-8").reshape(-1, 1))
        np.save(self.directory / "latin1.npy", np.char.encode(words, "latin-1"))
        np.savez(self.directory / "words.npz", x=self.x, y=words, x_val=self.x[3:5], y_val=words[3:5])
        with h5py.File(self.directory / "d.h5", "w") as file:
            file["x"] = self.x
            file["fixed"] = np.char.encode(words, "utf-8")
            file.create_dataset("zipped", data=np.char.encode(words, "utf-8"), compression="gzip")
            file.create_dataset("free", data=[str(word) for word in words], dtype=h5py.string_dtype())

    def test_they_train_as_their_numbers_do(self):
        numbers = itertools.count()

        def loss(target, data="x.npy", **more):
            line = self.trained(data=data, target=target, run_dir=f"run{next(numbers)}", **more)[-1]
            if target != "numbers.npy":
                self.assertIn('["ant","bée"]', max(self.directory.glob("run*"), key=os.path.getmtime).joinpath("class_names.json").read_text().replace(" ", "").replace("\n", ""))
            return line.split(" - loss: ")[1]

        expected = loss("numbers.npy")
        for target in ("words.npy", "big.npy", "utf8.npy", "d.h5:/fixed", "d.h5:/zipped", "d.h5:/free"):
            for stream in ("false", "true"):
                self.assertEqual(loss(target, stream=stream), expected, (target, stream))
        self.assertEqual(loss("latin1.npy", encoding="latin1"), expected)
        self.assertEqual(loss(None, data="words.npz").split(" - val_loss")[0], expected)

    def test_later_runs_number_them_as_training_did(self):
        self.trained(data="x.npy", target="words.npy", run_dir="run", save_model="run/m.keras")
        np.save(self.directory / "bees.npy", np.array(["bée"] * 3))
        np.save(self.directory / "x3.npy", self.x[1:6:2])
        np.save(self.directory / "ones.npy", np.ones(3))
        evaluate = ["evaluate", "--model", "run/m.keras", "--data", "x3.npy", "--json", "--target"]
        self.assertEqual(self.kairos(*evaluate, "bees.npy"), self.kairos(*evaluate, "ones.npy"))
        self.assertEqual(self.run_kairos(*evaluate, "bees.npy").stderr, "")
        np.save(self.directory / "wasps.npy", np.array(["wasp"] * 3))
        run = self.run_kairos(*evaluate, "wasps.npy")
        self.assertEqual((run.returncode, run.stderr), (4, 'KAIROS-D033: wasps.npy: row 0 (counted from 0): the model was not trained on '
                                                           'this label; found "wasp", expected one of its labels. Known names: ant, bée.\n'))

    def test_text_that_is_no_label_says_what_to_do(self):
        np.save(self.directory / "gaps.npy", np.array(["ant", "", *["bee"] * 8]))
        np.save(self.directory / "objects.npy", np.array(["ant"] * 10, dtype=object))
        np.save(self.directory / "two.npy", np.array([["ant", "bee"]] * 10))
        for target, sentence in (
                ("gaps.npy", "KAIROS-D026: gaps.npy: row 1 (counted from 0): a value is missing; found an empty text, expected a label. "
                             "Fill it in or remove the row."),
                ("latin1.npy", "KAIROS-D330: latin1.npy: row 1 (counted from 0): the label is not utf-8 text; found byte 0xE9 at offset 1 of "
                               "the label. "),
                ("objects.npy", "KAIROS-D003: objects.npy: this type of array cannot be read; found |O, expected float 16 to 64, integer 8 to "
                                '64 or bool. It holds Python objects: convert it to numbers, or labels with array.astype("U").'),
                ("two.npy", "KAIROS-D041: two.npy: labels of text need one column; found shape (10, 2), expected (samples).")):
            run = self.run_kairos(*self.fit(data="x.npy", target=target, model="dense(2,softmax)"))
            self.assertEqual(run.returncode, 4, run.stderr)
            self.assertTrue(run.stderr.startswith(sentence), run.stderr)
        self.refused("KAIROS-D003: words.npy: this type of array cannot be read; found <U3, expected float 16 to 64, integer 8 to 64 or "
                     "bool. Text is read only as a target; store inputs and weights as numbers.", data="words.npy", target="numbers.npy")


class ImageDirectories(DataFile):
    def images(self, **changes):
        return {"data": "d", "image_size": "8x8", "model": "flatten dense(2,softmax)", **changes}

    def setUp(self):
        super().setUp()
        for label in "ab":
            (self.directory / "d" / label).mkdir(parents=True)
            for i in range(3):
                Image.new("RGB", (8, 8), (40 * i, 90, ord(label))).save(self.directory / "d" / label / f"{i}.png")

    def test_files_that_are_no_images_are_left_out_with_one_warning(self):
        expected = self.trained(**self.images())
        (self.directory / "d/__MACOSX/a").mkdir(parents=True)
        self.put("d/__MACOSX/a/._0.png", "x")
        self.put("d/.DS_Store", "x")
        for stream in ("false", "true"):
            self.assertEqual(self.trained(**self.images(stream=stream))[0], expected[0])
        self.put("d/LICENSE.txt", "x")
        reason = "left out, because only .png, .jpg or .jpeg are read: "
        for stream in ("false", "true"):
            self.assertEqual(self.trained(f"warning: d: a file is {reason}d/LICENSE.txt\n", **self.images(stream=stream))[0], expected[0])
        for name in ("a/labels.txt", "a/x.webp", "b/notes"):
            self.put("d/" + name, "x")
        self.trained(f"warning: d: 4 files are {reason}d/LICENSE.txt, d/a/labels.txt, d/a/x.webp and 1 more\n", **self.images())

    def test_images_that_keras_reads_and_kairos_does_not_are_counted(self):
        for i in range(5):
            Image.new("L", (8, 8)).save(self.directory / "d/b" / f"z{i}.{'gif' if i % 2 else 'BMP'}")
        self.refused("KAIROS-D075: d: 5 images have a format that cannot be read; found d/b/z0.BMP, d/b/z1.gif, d/b/z2.BMP and 2 more, "
                     "expected .png, .jpg or .jpeg. Convert them to PNG and remove the originals, or remove them.", **self.images())

    def test_cures_fit_the_image(self):
        Image.new("CMYK", (8, 8)).save(self.directory / "d/a/3.jpg")
        self.refused("KAIROS-D073: d/a/3.jpg: the image has print colours; found CMYK, expected grayscale or RGB. Convert it to RGB, or "
                     "remove it.", **self.images())
        (self.directory / "d/a/3.jpg").write_bytes(b"RIFF\0\0\0\0WEBPVP8 ")
        self.refused("KAIROS-D070: d/a/3.jpg: this is not a readable image; found a WebP image, expected a PNG or JPEG file. Convert it to "
                     "PNG, or remove it.", **self.images())
        (self.directory / "d/a/3.jpg").unlink()
        os.symlink("/nonexistent", self.directory / "d/a/3.jpg")
        self.refused("KAIROS-F001: d/a/3.jpg: cannot open the file; found No such file or directory, expected a readable file. It is a "
                     "symbolic link to /nonexistent, which does not exist: create that file, or remove the link.", exit_code=6, **self.images())


class Sentences(DataFile):
    def setUp(self):
        super().setUp()
        np.save(self.directory / "x.npy", self.x)
        np.save(self.directory / "y.npy", self.y)

    def test_hdf5_arrays_that_cannot_be_read(self):
        with h5py.File(self.directory / "d.h5", "w") as file:
            file["train/x"] = self.x
            file.create_dataset("lzf", data=self.x, compression="lzf")
            file["null"] = h5py.Empty("f4")
            file.create_dataset("unwritten", shape=(10, 6), dtype="f4", chunks=(5, 6))
            file["soft"] = h5py.SoftLink("/train/x")
        for name, sentence in (
                ("train", "KAIROS-F024: d.h5:/train: this is a group, not an array; expected file.h5:/path/to/array. Name one of its "
                          "members: d.h5:/train/x."),
                ("train/x/y", "KAIROS-F024: d.h5:/train/x: this is an array, not a group; expected file.h5:/path/to/array. Leave out what "
                              "follows its name."),
                ("lzf", "KAIROS-F028: d.h5:/lzf: this compression cannot be read; found filter 32000 (h5py's lzf), expected gzip or none. "
                        'Write the array again with compression="gzip", or without compression.'),
                ("null", "KAIROS-F083: d.h5:/null: the array is null; found a type without a shape and values, expected values. Write an "
                         "array, or name another one."),
                ("unwritten", "KAIROS-F083: d.h5:/unwritten: the array was never written; found a shape without values, expected values. "
                              "Run the program that writes them again."),
                ("soft", "KAIROS-F022: d.h5:/soft: the file contains a link; found a soft link, expected the values themselves. Name what "
                         'it points to, "/train/x", or write the file without links.')):
            for stream in ("false", "true"):
                self.refused(sentence, exit_code=6, data="d.h5:/" + name, target="y.npy", stream=stream)

    def test_files_that_hold_no_samples(self):
        np.save(self.directory / "scalar.npy", np.float32(3))
        for stream in ("false", "true"):
            self.refused("KAIROS-D013: scalar.npy: the array is a single value, not samples; found a scalar, expected an array with a row "
                         "for each sample. Check the program that should have written them.", data="scalar.npy", target="y.npy", stream=stream)
        self.refused('KAIROS-D020: d.mat:/x: this kind of data file is not supported; found ".mat", expected .csv, .tsv, .txt, .data, .npy, '
                     ".npz, IDX or file.h5:/path, or a directory of images. Convert the file, or correct its name.",
                     data="d.mat:/x", target="y.npy")

    def test_separator_at_the_end_of_every_line(self):
        self.put("ends.csv", "".join(line + ",\n" for line in self.text("data.csv").splitlines()))
        warning = "warning: ends.csv: every line ends in a separator; the empty column after it is left out\n"
        expected = self.trained(data="data.csv", target="label")
        for stream in ("false", "true"):
            for target in ("label", "-1"):
                found = self.trained(warning, data="ends.csv", target=target, stream=stream)
                self.assertEqual(found[-1].split("loss")[1], expected[-1].split("loss")[1])
        self.put("bare.csv", "1,2,0,\n3,4,1,\n")
        self.refused("KAIROS-D026: bare.csv:1: a value is missing; found an empty field in column 3 (counted from 0), expected a number. "
                     "Fill it in or remove the row; if every line ends in a separator, remove the separators.", data="bare.csv", target="2")

    def test_errors_of_targets_and_weights_name_their_file(self):
        np.save(self.directory / "short.npy", self.y[:4])
        np.save(self.directory / "below.npy", self.y - 0.5)
        count = ": the {} has a different number of rows; found 4, expected 10, as in the first input. Give every array the same number of rows."
        for stream in ("false", "true"):
            self.refused("KAIROS-D010: short.npy" + count.format("target"), data="x.npy", target="short.npy", stream=stream)
            self.refused("KAIROS-D010: short.npy" + count.format("sample weight"), data="x.npy", target="y.npy", sample_weight="short.npy",
                         stream=stream)
        labels = self.y.copy()
        labels[6] = 7
        np.save(self.directory / "seven.npy", labels)
        negative = "KAIROS-D012: below.npy: row 0 (counted from 0): a sample weight is negative; found -0.5, expected 0 or more. Correct the weight."
        unknown = ("KAIROS-D103: seven.npy: row 6 (counted from 0): the target does not fit the loss: label 7 is outside 0 … 1. Correct the label "
                   "there, give the last layer as many units as there are classes, or choose a loss for such targets with --loss.")
        for data in ("x.npy", "data.csv"):
            for extra in ({}, {"stream": "true"}, {"stream": "true", "shuffle": "false"}, {"stream": "true", "shuffle_window": "4"}):
                self.refused(negative, data=data, target="y.npy", sample_weight="below.npy", **extra)
                run = self.run_kairos(*self.fit(model="dense(2,softmax)", data=data, target="seven.npy", **extra))
                self.assertEqual((run.returncode, run.stderr[:len(unknown)]), (4, unknown))
            self.refused("KAIROS-D104: seven.npy: row 6 (counted from 0): the class has no weight; found class 7, expected one of 0, 1. Add 7=… to "
                         "--class-weight.", data=data, target="seven.npy", class_weight="0=1,1=2", loss="mse", model="dense(1)")

    def test_standard_input_pipes_and_compressed_files(self):
        sentence = ("KAIROS-F002: {}: data cannot be read from standard input, a pipe or a device; expected a regular file. Write the data to "
                    "a file with the ending of their kind, such as data.csv.")
        for stream in ("false", "true"):
            for name in ("-", "/dev/stdin", "/dev/fd/63"):
                self.refused(sentence.format(name), exit_code=6, data=name, target="label", stream=stream)
            self.refused(sentence.format("/dev/stdin"), exit_code=6, data="data.csv", target="/dev/stdin", stream=stream)
        self.put("y.csv.gz", "x")
        self.refused('KAIROS-D020: y.csv.gz: this kind of data file is not supported; found ".gz", expected a file of one array (.npy, .csv, '
                     "IDX or file.h5:/path). Unpack the file with gunzip.", data="data.csv", target="y.csv.gz")


if __name__ == "__main__":
    main()
