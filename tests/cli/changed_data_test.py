# SPDX-License-Identifier: MIT
"""Data files that change while a run streams them, and data that is slow to stream in the requested order."""
import os
import signal
import subprocess
import zlib

import h5py
import numpy as np

from program import KAIROS, ProgramTest, flags, main


class ChangedData(ProgramTest):
    def setUp(self):
        super().setUp()
        x = np.random.default_rng(0).random((20000, 8), "float32")
        y = (x[:, :1] > 0.5).astype("float32")
        np.save(self.directory / "x.npy", x)
        np.save(self.directory / "y.npy", y)
        with h5py.File(self.directory / "d.h5", "w") as file:
            file["x"], file["y"] = x, y
            file.create_dataset("packed", data=x, chunks=(50, 8), compression="gzip")

    def begin(self, **changes):
        """A run whose first epoch has ended."""
        settings = {"model": "dense(1)", "loss": "mse", "epochs": 100000, "batch_size": 32, "verbose": 2, "stream": "true",
                    "buffer_size": 1, **changes}
        run = subprocess.Popen([KAIROS, "fit", *flags(settings)], cwd=self.directory, text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
        self.addCleanup(run.kill)
        while "loss" not in run.stdout.readline():
            self.assertIsNone(run.poll())
        return run

    def end(self, run):
        _, said = run.communicate(timeout=60)
        return run.returncode, said

    def test_data_cut_off_while_they_are_streamed_end_the_run_with_an_error(self):
        for data, target in (("x.npy", "y.npy"), ("d.h5:/x", "d.h5:/y"), ("d.h5:/packed", "d.h5:/y")):
            for shuffle in ("false", "true", "batch"):
                self.setUp()
                run = self.begin(data=data, target=target, shuffle=shuffle)
                os.truncate(self.directory / data.split(":")[0], 100)
                code, said = self.end(run)
                self.assertEqual(code, 6, (data, shuffle, said))
                self.assertIn(f"KAIROS-F014: {data.split(':')[0]}: the file became shorter while it was being read; found ", said)

    def test_data_rewritten_in_place_end_the_run_with_an_error(self):
        for data, target in (("x.npy", "y.npy"), ("d.h5:/x", "d.h5:/y"), ("d.h5:/packed", "d.h5:/y")):
            self.setUp()
            run = self.begin(data=data, target=target, shuffle_window=100)
            file = self.directory / data.split(":")[0]
            with open(file, "r+b") as stream:
                stream.write(bytes(os.path.getsize(file)))
            code, said = self.end(run)
            self.assertEqual(code, 6, (data, said))
            self.assertIn(f"KAIROS-F080: {file.name}: the file was modified while it was being read; found ", said)

    def test_data_that_are_replaced_are_read_to_the_end(self):
        run = self.begin(data="d.h5:/packed", target="d.h5:/y")
        os.rename(self.directory / self.put("other", "no HDF5"), self.directory / "d.h5")
        run.send_signal(signal.SIGINT)
        code, said = self.end(run)
        self.assertEqual(code, 130, said)

    def test_chunks_that_do_not_fit_into_memory_are_reported_with_the_option_for_it(self):
        rows, width = 128, 1 << 20
        with h5py.File(self.directory / "large.h5", "w") as file:
            large = file.create_dataset("x", (rows, width), "f4", chunks=(1, width), compression="gzip")
            for row in range(rows):
                large.id.write_direct_chunk((row, 0), zlib.compress(bytes(4 * width)))
            file["y"] = np.zeros((rows, 1), "f4")
        run = {"model": "dense(1)", "loss": "mse", "epochs": 1, "batch_size": 2, "verbose": 0, "stream": "true", "buffer_size": 1,
               "steps_per_epoch": 1, "data": "large.h5:/x", "target": "large.h5:/y"}
        said = self.run_kairos("fit", *flags(run))
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertRegex(said.stderr, r"warning: single samples of large.h5:/x are slow to read: the array is stored in chunks of "
                                      r"1 samples, and only \d+ of its 512 MB are kept in memory; "
                                      r'"h5repack -f /x:NONE -l /x:CONTI large.h5 NEW.h5" stores it contiguously, .*; --shuffle-window')
        for settings in ({"shuffle_window": 4}, {"shuffle": "false"}, {"data": "d.h5:/packed", "target": "d.h5:/y"}):
            said = self.run_kairos("fit", *flags({**run, **settings}))
            self.assertEqual((said.returncode, said.stderr), (0, ""), settings)


if __name__ == "__main__":
    main()
