# SPDX-License-Identifier: MIT
"""The TensorBoard files of a real run, read with Python and NumPy alone, match the saved weights."""
import struct
import zlib

import numpy as np

from program import ROWS, ProgramTest, main
from tensorboard_events import fields

RATE = 0.25


def table():
    crcs = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        crcs.append(byte)
    return crcs


TABLE = table()


def masked_crc(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def events(directory):
    for path in sorted(directory.glob("events.out.tfevents.*")):
        data, place = path.read_bytes(), 0
        while place < len(data):
            (length,) = struct.unpack_from("<Q", data, place)
            body = data[place + 12:place + 12 + length]
            assert struct.unpack_from("<I", data, place + 8)[0] == masked_crc(data[place:place + 8])
            assert struct.unpack_from("<I", data, place + 12 + length)[0] == masked_crc(body)
            place += 16 + length
            yield fields(body)


def summaries(directory):
    """{tag: {step: fields of its tensor}}"""
    found = {}
    for event in events(directory):
        for summary in event.get(5, []):
            for value in map(fields, fields(summary)[1]):
                found.setdefault(value[1][0].decode(), {})[event.get(2, [0])[0]] = fields(value[8][0])
    return found


def buckets(tensor):
    return np.frombuffer(tensor[4][0], "<f8").reshape(30, 3)


def gray(png):
    """The pixels of a PNG of one channel."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    place, data, size = 8, b"", None
    while place < len(png):
        length, kind = struct.unpack_from(">I4s", png, place)
        body = png[place + 8:place + 8 + length]
        assert struct.unpack_from(">I", png, place + 8 + length)[0] == zlib.crc32(kind + body)
        place += 12 + length
        if kind == b"IHDR":
            width, height, depth, color = struct.unpack_from(">IIBB", body)
            assert (depth, color) == (8, 0)
            size = (height, width)
        if kind == b"IDAT":
            data += body
    rows = np.frombuffer(zlib.decompress(data), np.uint8).reshape(size[0], size[1] + 1).astype(int)
    pixels = np.zeros((size[0] + 1, size[1] + 1), int)  # with a row above and a column to the left, both zero
    for y in range(size[0]):
        for x in range(size[1]):
            left, above, corner = pixels[y + 1, x], pixels[y, x + 1], pixels[y, x]
            nearest = min((left, above, corner), key=lambda one: abs(left + above - corner - one))
            guess = (0, left, above, (left + above) // 2, nearest)[rows[y, 0]]
            pixels[y + 1, x + 1] = (rows[y, x + 1] + guess) & 0xFF
    return pixels[1:, 1:]


class TensorBoardFiles(ProgramTest):
    def setUp(self):
        super().setUp()
        random = np.random.default_rng(5)
        shapes = [(2, 4), (4,), (4, 2), (2,)]
        self.names = ["dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias"]
        self.start = [random.normal(size=shape).astype(np.float32) for shape in shapes]
        np.savez(self.directory / "start.npz", **{str(i): weight for i, weight in enumerate(self.start)})

    def train(self, **changes):
        self.kairos(*self.fit(weights="start.npz", optimizer=f"SGD(learning_rate={RATE})", epochs=1, batch_size=len(ROWS),
                              save_weights="end.npz", **changes))
        with np.load(self.directory / "end.npz") as end:
            self.end = [end[str(i)] for i in range(len(self.start))]
        return summaries(self.directory / "logs/train")

    def test_log_dir_may_be_the_run_directory(self):
        self.kairos(*self.fit(run_dir="run", plugin="TensorBoard:log_dir=.,hparams=auto"))
        self.assertIn("epoch_loss", str(summaries(self.directory / "run/train")))
        run = b"".join(file.read_bytes() for file in (self.directory / "run").glob("events.out.*"))
        for part in (b"optimizer", b"rmsprop", b"loss", b"sparse_categorical_crossentropy"):
            self.assertIn(part, run)

    def test_histograms_are_those_of_the_weights_and_of_the_step_that_was_made(self):
        found = self.train(plugin="TensorBoard:log_dir=logs,histogram_freq=1,write_grads=true")
        for name, start, end in zip(self.names, self.start, self.end):
            with self.subTest(name):
                weights = buckets(found[f"{name}/histogram"][0])
                self.assertEqual((weights[0, 0], weights[-1, 1]), (end.min(), end.max()))
                counts, edges = np.histogram(end.astype(np.float64), bins=30)
                self.assertEqual(weights[:, 2].tolist(), counts.tolist())
                np.testing.assert_allclose(weights[:, 0], edges[:-1], atol=1e-12)

                step = (start - end) / RATE
                gradient = buckets(found[f"{name}_grad/histogram"][0])
                self.assertEqual(gradient[:, 2].sum(), step.size)
                np.testing.assert_allclose((gradient[0, 0], gradient[-1, 1]), (step.min(), step.max()), atol=2e-6)

    def test_pictures_are_those_of_the_weights(self):
        found = self.train(plugin="TensorBoard:log_dir=logs,histogram_freq=1,write_images=true")
        for name, end in zip(self.names, self.end):
            with self.subTest(name):
                shown = end.reshape(-1, 1) if end.ndim == 1 else end.T if end.shape[0] > end.shape[1] else end
                width, height, png = found[f"{name}/image"][0][8]
                self.assertEqual((int(height), int(width)), shown.shape)
                scale = np.float32(127) / np.abs(end).max() if end.min() < 0 else np.float32(255) / end.max()
                expected = (shown * scale + np.float32(128 if end.min() < 0 else 0)).clip(0, 255)
                np.testing.assert_allclose(gray(png), np.floor(expected), atol=1)  # a fused multiply-add rounds once

    def test_graph_has_the_layers_in_their_order_and_the_model_as_keras_knows_it(self):
        found = self.train(plugin="TensorBoard:log_dir=logs")
        saved = found["keras"][0][8][0]
        self.assertIn(b'"class_name":"Sequential"', saved)
        (graph,) = [event[4][0] for event in events(self.directory / "logs/train") if 4 in event]
        nodes = {node[1][0].decode(): [name.decode() for name in node.get(3, [])] for node in map(fields, fields(graph)[1])}
        model = next(iter(nodes)).split("/")[0]
        inputs = {name.removeprefix(model + "/"): [one.removeprefix(model + "/") for one in sources]
                  for name, sources in nodes.items()}
        self.assertEqual(inputs["dense_1/Dense"], ["dense/Dense", "dense_1/kernel", "dense_1/bias"])
        self.assertEqual([name for name in inputs if name.endswith("InputLayer")], inputs["dense/Dense"][:1])

    def test_an_evaluation_writes_beside_what_was_trained(self):
        self.train(plugin="TensorBoard:log_dir=logs", save_model="model.h5")
        self.kairos("evaluate", "--model", "model.h5", "--data", "data.csv", "--target", "label", "--plugin",
                    "TensorBoard:log_dir=logs")
        self.assertIn("evaluation_loss_vs_iterations", summaries(self.directory / "logs/validation"))

    def test_what_makes_no_sense_is_refused_before_a_file_is_there(self):
        run = self.run_kairos(*self.fit(plugin="TensorBoard:log_dir=logs,write_grads=true"))
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("write_grads writes nothing if histogram_freq is 0", run.stderr)
        self.assertFalse((self.directory / "logs").exists())


if __name__ == "__main__":
    main()
