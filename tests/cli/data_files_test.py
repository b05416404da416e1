# SPDX-License-Identifier: MIT
"""Kinds of data files as other programs write them: what is read, what is left out, and what each error says."""
import numpy as np

from program import ROWS, ProgramTest, main


class DataFile(ProgramTest):
    def setUp(self):
        super().setUp()
        rows = np.array(ROWS, "float32")
        self.x, self.y = rows[:, :2], rows[:, 2]

    def trained(self, warning="", **changes):
        """The lines of a fit that succeeds with this warning."""
        run = self.run_kairos(*self.fit(**{"model": "dense(2,softmax)", "target": None, "verbose": 2, "epochs": 1, **changes}))
        self.assertEqual((run.returncode, run.stderr), (0, warning))
        return run.stdout.splitlines()

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


if __name__ == "__main__":
    main()
