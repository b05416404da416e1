# SPDX-License-Identifier: MIT
"""Several ranks train as one process with the batch of all of them: weights and history agree to 1e-5.

  equality_test.py KAIROS MPIRUN ON_RANK"""
import json
import pathlib

import numpy as np

from ranks import ON_RANK, RanksTest, main

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden" / "fit"
FITS = sorted(fit.name for fit in GOLDEN.iterdir() if fit.is_dir())
# Else BatchNormalization has the moments of each rank's own samples.
SYNCHRONIZED = {"mlp_batchnorm_adam"}
# Adam divides a gradient that is nothing but rounding by its own size: noise.json of that fit.
NOISY = {"cnn_adam", "mlp_batchnorm_adam"}


def by_output(value):
    join = lambda one: ",".join(one) if isinstance(one, list) else str(one)
    return [f"{name}={join(one)}" for name, one in value.items()] if isinstance(value, dict) else join(value)


def golden(name):
    """The settings of a recorded fit of Keras, with fewer epochs, and its batch size."""
    spec = json.loads((GOLDEN / name / "spec.json").read_text())
    optimizer, config = spec["optimizer"]
    fit = dict(spec["fit"])
    weights = fit.pop("class_weight", None)
    settings = {"model": GOLDEN / name / "model.json", "data": GOLDEN / name / "data.npz", "weights": GOLDEN / name / "init.npz",
                "optimizer": f"{optimizer}({','.join(f'{key}={str(value).lower()}' for key, value in config.items())})",
                "shuffle": "false", "verbose": 0, "loss": by_output(spec["loss"]),
                "metrics": by_output(spec["metrics"]) if spec.get("metrics") else None,
                "weighted_metrics": by_output(spec["weighted_metrics"]) if spec.get("weighted_metrics") else None,
                "loss_weight": by_output(spec["loss_weights"]) if spec.get("loss_weights") else None,
                "class_weight": ",".join(f"{label}={weight}" for label, weight in weights.items()) if weights else None}
    batch = fit.pop("batch_size")
    return {**settings, **fit, "epochs": min(fit["epochs"], 3)}, batch


class EqualityTest(RanksTest):
    def test_golden_fits(self):
        for number, name in enumerate(FITS):
            with self.subTest(fit=name):
                settings, batch = golden(name)
                if name in NOISY:
                    settings["optimizer"] = "sgd(learning_rate=0.05)"
                self.assert_equal_to_one(batch, settings, ranks=(2 + number % 3,),
                                         of_ranks={"sync_batch_norm": True} if name in SYNCHRONIZED else {})

    def test_optimizers_with_a_short_last_batch(self):
        self.data()
        for number, optimizer in enumerate((
                "sgd(learning_rate=0.1,momentum=0.9,nesterov=true)", "adam", "adamw", "adamax", "nadam", "rmsprop", "adagrad",
                "adadelta", "adam(global_clipnorm=0.5)", "sgd(clipnorm=0.3)", "adam(use_ema=true)")):
            with self.subTest(optimizer=optimizer):
                self.assert_equal_to_one(8, self.settings(optimizer=optimizer, validation_split=0.2), ranks=(2 + number % 2,))

    def test_orders_of_samples(self):
        self.data()
        for shuffle in ("true", "batch", "false"):
            for steps in (0, 3):
                with self.subTest(shuffle=shuffle, steps=steps):
                    self.assert_equal_to_one(8, self.settings(shuffle=shuffle, steps_per_epoch=steps))

    def test_a_last_batch_of_fewer_samples_than_ranks(self):
        self.data(samples=33)
        self.assert_equal_to_one(8, self.settings(metrics="accuracy,auc"), ranks=(3, 4))

    def test_metrics_are_exact(self):
        random = np.random.default_rng(1)
        x = random.normal(size=(41, 4)).astype(np.float32)
        np.savez(self.directory / "data.npz", x=x, y=np.stack([x[:, 0] > 0, x[:, 1] > 0], 1).astype(np.float32),
                 sample_weight=random.uniform(0.1, 2, 41).astype(np.float32))
        self.assert_equal_to_one(8, self.settings(
            model="dense(6,tanh) dense(2,sigmoid)", loss="binary_crossentropy", validation_split=0.3,
            metrics="auc,precision,recall,f1_score,r2_score,rmse", weighted_metrics="binary_accuracy,auc"), ranks=(2, 3))

    def test_reductions_of_losses(self):
        random = np.random.default_rng(2)
        x = random.normal(size=(29, 3)).astype(np.float32)
        np.savez(self.directory / "data.npz", x=x, y=x[:, :1], sample_weight=random.uniform(0.1, 2, 29).astype(np.float32))
        for reduction in ("sum", "mean_with_sample_weight"):
            with self.subTest(reduction=reduction):
                self.assert_equal_to_one(8, self.settings(model="dense(4,tanh) dense(1)", loss="mse", metrics="mae",
                                                          optimizer="sgd(learning_rate=0.01)", loss_reduction=reduction))

    def test_a_stream(self):
        x, y = self.data()
        rows = "\n".join(",".join(map(str, [*row, int(label)])) for row, label in zip(x.tolist(), y))
        (self.directory / "data.csv").write_text("a,b,c,d,e,label\n" + rows + "\n")
        self.assert_equal_to_one(8, self.settings(data="data.csv", target="label", stream="true", validation_split=0.2))

    def test_callbacks(self):
        self.data()
        for plugins in (["GradientAccumulation:batches=2"], ["EarlyStopping:monitor=loss,patience=0,min_delta=1",
                        "ReduceLROnPlateau:monitor=loss,patience=1,min_delta=1"], ["ExponentialMovingAverage:decay=0.9"],
                        ["GradientClipping:global_clipnorm=0.2", "LearningRateSchedule:schedule=cosine"]):
            with self.subTest(plugins=plugins):
                self.assert_equal_to_one(8, self.settings(epochs=4, validation_split=0.2, plugin=plugins))

    def test_one_rank_is_the_same_run(self):
        self.data()
        settings = self.settings(model="dense(6,tanh) dropout(0.5) dense(3,softmax)", validation_split=0.2)
        alone, one = self.results(0, 8, settings), self.results(1, 8, settings)
        self.assertEqual(one[0], alone[0])
        for a, b in zip(one[1], alone[1], strict=True):
            self.assertEqual(a.tobytes(), b.tobytes())

    def test_synchronized_batch_normalization(self):
        """Of vectors, of images, and of sequences with masks; 33 samples leave a last batch of fewer than there are ranks."""
        random = np.random.default_rng(3)
        layer = lambda kind, **config: {"class_name": kind, "config": config}
        norm = layer("BatchNormalization", momentum=0.8)
        head = layer("Dense", units=3, activation="softmax")
        cases = {
            "vectors": ([5], [layer("Dense", units=6), norm, layer("Activation", activation="relu"), norm]),
            "images": ([6, 6, 2], [layer("Conv2D", filters=3, kernel_size=3), norm, layer("GlobalAveragePooling2D")]),
            "sequences": ([4, 3], [layer("Masking", mask_value=0.0), norm, layer("GRU", units=4)])}
        for name, (shape, layers) in cases.items():
            x = random.normal(size=(33, *shape)).astype(np.float32)
            if name == "sequences":
                x[:, 2:] *= random.integers(0, 2, (33, 1, 1))
            np.savez(self.directory / "data.npz", x=x, y=random.integers(0, 3, 33).astype(np.float32))
            own = [{**one, "config": {**one["config"], "name": f"layer{i}"}} for i, one in enumerate([*layers, head])]
            model = {"class_name": "Sequential", "config": {"name": "m", "layers": [
                {"class_name": "InputLayer", "config": {"name": "in", "batch_shape": [None, *shape]}}, *own]}}
            (self.directory / "model.json").write_text(json.dumps(model))
            settings = self.settings(model="model.json", validation_split=0.1)
            with self.subTest(case=name):
                self.assert_equal_to_one(8, settings, ranks=(2, 3), of_ranks={"sync_batch_norm": True})
        for one in own:
            if one["class_name"] == "BatchNormalization":
                one["config"]["synchronized"] = True
        (self.directory / "model.json").write_text(json.dumps(model))
        self.assert_equal_to_one(8, settings, ranks=(2,))

    def test_dropout_and_batch_normalization_repeat(self):
        """The masks differ by rank, and the moving averages are the mean of all: two runs are the same, bit for bit."""
        self.data()
        layer = {"class_name": "BatchNormalization", "config": {"name": "norm", "momentum": 0.9}}
        model = {"class_name": "Sequential", "config": {"name": "m", "layers": [
            {"class_name": "InputLayer", "config": {"name": "in", "batch_shape": [None, 5]}},
            {"class_name": "Dense", "config": {"name": "a", "units": 6, "activation": "tanh"}}, layer,
            {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.5}},
            {"class_name": "Dense", "config": {"name": "b", "units": 3, "activation": "softmax"}}]}}
        (self.directory / "model.json").write_text(json.dumps(model))
        settings = self.settings(model="model.json", validation_split=0.2)
        first, second = self.results(2, 8, settings), self.results(2, 8, settings)
        self.assertEqual(first[0], second[0])
        for a, b in zip(first[1], second[1], strict=True):
            self.assertEqual(a.tobytes(), b.tobytes())
        other = self.results(0, 8, settings)
        self.assertNotEqual(first[0], other[0])

    def test_callbacks_of_rank_0_see_all_validation_samples(self):
        self.data()
        settings = self.settings(validation_split=0.4, plugin=f"{ON_RANK}#com.example.Reader")
        alone, ranks = self.results(0, 8, settings), self.results(3, 8, settings)
        self.compare(ranks, alone)
        self.assertEqual(ranks[2].stdout, alone[2].stdout)
        self.assertEqual(ranks[2].stdout, "Reader: 45 values\n" * 3)

    def test_rank_0_alone_writes(self):
        self.data()
        settings = self.settings(batch_size=8, plugin="WeightStatistics:filename=weights.csv")
        self.fit(0, {**settings, "run_dir": "one"})
        self.fit(3, {**settings, "run_dir": "three"})
        self.assertEqual(sorted(path.name for path in (self.directory / "three").iterdir()),
                         sorted(path.name for path in (self.directory / "one").iterdir()))


main()
