# SPDX-License-Identifier: MIT
"""Runs the programs of tests/bench/train in turn, A B A B …, and compares their medians: a shared machine drifts, ratios of
neighbours less so. Ratios are above 1 where the first of them, Kairos, is ahead; those by processor time bear a busy machine
best, with one thread (threads that wait for each other spin). A case is a name, with the size of its batches behind it where
that is not the usual one. Such a case sets Kairos in bf16 against itself in float32 where the processor multiplies bfloat16.

A peer runs at its best or not at all. LibTorch takes its products from whatever libblas.so.3 is installed: with the reference BLAS
it is ten times slower and left out, and with OpenBLAS every kernel that the processor can run is tried once for each case; the
fastest whose loss agrees with that of the oldest kernel is used. Kernel and BLAS stand beside each figure."""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys

EPOCHS = {"a": 2, "b": 10, "c": 1, "d": 1, "mobilenet": 1, "resnet": 1, "autoencoder": 2}
OPENBLAS = pathlib.Path("/usr/lib/x86_64-linux-gnu/openblas-openmp")  # the faster of Debian's two builds under LibTorch
# Kernels of OpenBLAS and what they need of the processor, the oldest first: its loss is the reference.
OLDEST_KERNEL = "Prescott"
KERNELS = {
    OLDEST_KERNEL: [],
    "Haswell": ["avx2", "fma"],
    "Zen": ["avx2", "fma"],
    "SkylakeX": ["avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"],
    "Cooperlake": ["avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd", "avx512_bf16"],
}
SAME_LOSS = 0.02  # relative; float32 summed in another order differs by less after two epochs


def flags():
    with open("/proc/cpuinfo", encoding="utf-8") as facts:
        return next((set(line.split()) for line in facts if line.startswith("flags")), set())


def name_of(case):
    """Without the size of its batches."""
    return case.rstrip("0123456789")


def optimizers(case):
    if name_of(case) == "autoencoder":
        return ["rmsprop"]
    return ["adam", "sgd"] if case == "a" else ["adam"]


class Failed(Exception):
    """A program of the benchmark ended with an error."""


def run(directory, command, kernel=None):
    """One run of a program. `kernel` is one of KERNELS; None leaves the choice to OpenBLAS."""
    threads = command[3]
    # What someone has set for OpenBLAS, such as the kernels of an older processor, would hold LibTorch back.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
    environment |= {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
    if kernel:
        environment["OPENBLAS_CORETYPE"] = kernel
    if "libtorch" in command[0] and OPENBLAS.is_dir():
        environment["LD_LIBRARY_PATH"] = str(OPENBLAS)
    done = subprocess.run([directory / command[0], *command[1:]], capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)}: exit code {done.returncode}: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def fastest_kernel(directory, case):
    """The kernel of OpenBLAS with which LibTorch trains `case` fastest and right, or None for OpenBLAS' own choice. Prints every
    trial. Raises Failed where LibTorch runs on another BLAS."""
    command = ["libtorch_train", case, optimizers(case)[0], "1", "1"]
    trials = {}
    for kernel in [kernel for kernel, needed in KERNELS.items() if flags().issuperset(needed)] + [None]:
        try:
            trials[kernel] = run(directory, command, kernel)
        except Failed as failure:
            print(f"  LibTorch with OpenBLAS kernel {kernel}: {failure}")
            continue
        if "openblas" not in trials[kernel]["kernels"].lower():
            raise Failed(f"it runs on {trials[kernel]['kernels']}, not on OpenBLAS; install libopenblas0-openmp")
    right = trials.get(OLDEST_KERNEL, {}).get("loss")
    for kernel, trial in trials.items():
        trial["right"] = right is not None and abs(trial["loss"] - right) <= SAME_LOSS * abs(right)
        print(f"  LibTorch with OpenBLAS kernel {kernel or 'as it chooses'} ({trial['kernels']}): "
              f"{trial['samples_per_s']:,.0f} samples/s, loss {trial['loss']:.4g}{'' if trial['right'] else ': wrong, not used'}")
    usable = [kernel for kernel, trial in trials.items() if trial["right"]]
    if not usable:
        raise Failed(f"no kernel of OpenBLAS gives the loss of {OLDEST_KERNEL}")
    return max(usable, key=lambda kernel: trials[kernel]["samples_per_s"])


def commands(directory, case, optimizer, threads, peers, torch):
    """What runs side by side: a label and a command each, Kairos first."""
    work = [case, optimizer, str(threads), str(EPOCHS[name_of(case)])]
    found = [("Kairos", ["kairos_train", *work])]
    if case != name_of(case) and "avx512_bf16" in flags():
        found.insert(0, ("Kairos, bf16", ["kairos_train", *work, "0", "bf16"]))
    if case in "ab" and optimizer == "adam" and threads == 1:
        found.append(("Kairos, ten idle callbacks", ["kairos_train", *work, "10"]))
    if not peers:
        return found
    others = []
    if torch:
        others = [("LibTorch, denormals flushed", ["libtorch_train", *work]),
                  ("LibTorch as it comes", ["libtorch_train", *work, "0", "default"])]
    if name_of(case) == "a":
        others.append(("oneDNN by hand", ["onednn_loop", *work]))
    if name_of(case) == "b" and threads == 1:
        others.append(("Eigen by hand", ["eigen_loop", *work]))
    return found + [(label, command) for label, command in others if (directory / command[0]).exists()]


def measure(directory, case, optimizer, threads, options, torch, kernel):
    rows = commands(directory, case, optimizer, threads, options.peers, torch)
    results = {label: [] for label, _ in rows}
    for _ in range(options.runs):
        for label, command in rows:
            results[label].append(run(directory, command, kernel if "libtorch" in command[0] else None))
    own = results[rows[0][0]]
    print(f"\ncase {case}, {optimizer}, {threads} thread{'s' if threads > 1 else ''}")
    measured = []
    for label, _ in rows:
        runs = results[label]
        ratio, cpu_ratio = (statistics.median(a[key] / b[key] for a, b in zip(own, runs))
                            for key in ("samples_per_s", "samples_per_cpu_s"))
        row = {"case": case, "optimizer": optimizer, "threads": threads, "program": label, "ratio": ratio,
               "cpu_ratio": cpu_ratio,
               "samples_per_s": statistics.median(r["samples_per_s"] for r in runs),
               "peak_mib": statistics.median(r["peak_mib"] for r in runs), "loss": runs[-1]["loss"], "runs": runs,
               "kernels": runs[-1].get("kernels", "")}
        measured.append(row)
        print(f"  {label:28} {row['samples_per_s']:>12,.0f} samples/s  {row['peak_mib']:>6.0f} MiB  loss {row['loss']:.4g}"
              f"  first / this {ratio:.2f}, by processor time {cpu_ratio:.2f}"
              f"{'  on ' + row['kernels'] if row['kernels'] else ''}", flush=True)
    return measured


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cases", default="a,b,c,d,a512,mobilenet,resnet,autoencoder")
    parser.add_argument("--json", required=True)
    options = parser.parse_args()
    measured = []
    built = (options.directory / "libtorch_train").exists()
    if options.peers and not built:
        print("LibTorch is left out: libtorch-dev is not installed")
    for case in re.findall(rf"(?:{'|'.join(sorted(EPOCHS, key=len, reverse=True))})\d*", options.cases):
        torch, kernel = options.peers and built, None
        if torch:
            print(f"\ncase {case}: kernels of OpenBLAS")
            try:
                kernel = fastest_kernel(options.directory, case)
            except Failed as failure:
                torch = False
                print(f"  LibTorch is left out: {failure}")
        for optimizer in optimizers(case):
            pair = []
            for threads in (1, 2):
                rows = measure(options.directory, case, optimizer, threads, options, torch, kernel)
                measured += rows
                pair.append(rows[0]["samples_per_s"])
            print(f"  second thread: {pair[1] / pair[0]:.2f}")
    pathlib.Path(options.json).write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except Failed as failed:
        sys.exit(str(failed))
