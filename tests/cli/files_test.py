# SPDX-License-Identifier: MIT
"""Model files as a user meets them: checkpoints, models to go on with."""
import json
import zipfile

import numpy as np

from program import ProgramTest, main


class Archives(ProgramTest):
    def test_checkpoint_in_an_archive_predicts_like_the_model_and_trains_on(self):
        self.kairos(*self.fit(plugin="ModelCheckpoint:filepath='{epoch:02d}.keras'", save_weights="end.npz", metrics="accuracy"))
        self.assertEqual(sorted(path.name for path in self.directory.glob("*.keras")), ["01.keras", "02.keras", "03.keras"])
        archive = zipfile.ZipFile(self.directory / "03.keras")
        compiled = json.loads(archive.read("config.json"))["compile_config"]
        self.assertEqual((compiled["loss"], compiled["metrics"], compiled["optimizer"]["class_name"]),
                         ("sparse_categorical_crossentropy", ["accuracy"], "RMSprop"))
        data = ["--data", "data.csv", "--target", "label"]
        self.kairos("predict", "--model", "dense(4,tanh) dense(2,softmax)", "--weights", "end.npz", *data, "--out", "a.npy")
        self.kairos("predict", "--model", "03.keras", *data, "--out", "b.npy")
        np.testing.assert_array_equal(np.load(self.directory / "a.npy"), np.load(self.directory / "b.npy"))
        # Loss and metrics come out of the file.
        self.assertIn("accuracy", json.loads(self.kairos("evaluate", "--model", "03.keras", *data, "--json")))
        self.kairos(*self.fit(model="03.keras", loss=None, epochs=1, history="h.json"))
        self.assertIn("accuracy", json.loads(self.text("h.json"))["history"])

    def test_archive_of_weights_alone_is_refused_before_training(self):
        run = self.run_kairos(*self.fit(plugin="ModelCheckpoint:filepath=m.keras,save_weights_only=true"))
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("a .keras archive holds a whole model, not weights only", run.stderr)
        self.assertEqual([path.name for path in self.directory.iterdir()], ["data.csv"])


if __name__ == "__main__":
    main()
