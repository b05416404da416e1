# SPDX-License-Identifier: MIT
"""run.py against programs that stand in for the real ones: LibTorch gets the kernel that is fastest and right, or is left out."""
import os
import pathlib
import subprocess
import sys
import tempfile
import textwrap
import unittest

SCRIPT = pathlib.Path(__file__).with_name("run.py")
# Speed and loss by kernel; what is chosen without one is slow, and one fast kernel is wrong.
TORCH = """\
    #!/bin/sh
    case ${OPENBLAS_CORETYPE-} in
      Haswell) speed=900 loss=0.5001 ;;
      Zen) speed=5000 loss=0.7 ;;
      Prescott) speed=100 loss=0.5 ;;
      "") speed=300 loss=0.5 ;;
      *) echo crashed >&2; exit 1 ;;
    esac
    echo "{\\"samples_per_s\\": $speed, \\"samples_per_cpu_s\\": $speed, \\"loss\\": $loss, \\"peak_mib\\": 1, \\"kernels\\": \\"KERNELS\\"}"
"""


def program(directory, name, text):
    file = directory / name
    file.write_text(textwrap.dedent(text), encoding="utf-8")
    file.chmod(0o755)


class Run(unittest.TestCase):
    def run_script(self, blas):
        with tempfile.TemporaryDirectory() as place:
            directory = pathlib.Path(place)
            program(directory, "kairos_train", TORCH.replace("KERNELS", ""))
            if blas:
                program(directory, "libtorch_train", TORCH.replace("KERNELS", blas + ", ${OPENBLAS_CORETYPE-own choice}"))
            done = subprocess.run([sys.executable, SCRIPT, directory, "--peers", "--runs", "1", "--cases", "d", "--json",
                                   directory / "out.json"], capture_output=True, text=True,
                                  env=os.environ | {"OPENBLAS_CORETYPE": "Prescott"}, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_the_fastest_kernel_with_the_right_loss_is_used_and_named(self):
        output = self.run_script("OpenBLAS 0.3.21")
        self.assertIn("LibTorch with OpenBLAS kernel Prescott (OpenBLAS 0.3.21, Prescott): 100 samples/s, loss 0.5\n", output)
        self.assertIn("LibTorch with OpenBLAS kernel as it chooses (OpenBLAS 0.3.21, own choice): 300", output)
        if "avx2" in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8"):
            self.assertIn("kernel Zen (OpenBLAS 0.3.21, Zen): 5,000 samples/s, loss 0.7: wrong, not used", output)
            self.assertIn("by processor time 0.33  on OpenBLAS 0.3.21, Haswell", output)

    def test_libtorch_on_the_reference_blas_is_left_out(self):
        output = self.run_script("/usr/lib/blas/libblas.so.3")
        self.assertIn("LibTorch is left out: it runs on /usr/lib/blas/libblas.so.3, Prescott, not on OpenBLAS; "
                      "install libopenblas0-openmp", output)
        self.assertNotIn("LibTorch, denormals flushed", output)

    def test_libtorch_that_is_not_built_is_named_as_left_out(self):
        self.assertIn("LibTorch is left out: libtorch-dev is not installed", self.run_script(""))


unittest.main()
