# SPDX-License-Identifier: MIT
"""What pages tell people to run exists: scripts, files, commands and flags of kairos.

  readme.py KAIROS"""
import re
import shlex
import subprocess
import sys

import sources

KAIROS = sys.argv[1]
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
# What a machine has besides.
KNOWN = {"git", "cd", "cmake", "ctest", "ninja", "cp", "mkdir", "export", "cat", "zcat", "awk", "sudo", "time", "mpirun"}


def help_of(command):
    """The help of `kairos COMMAND`; empty if there is no such command."""
    run = subprocess.run([KAIROS, *command, "--help"], capture_output=True, text=True)
    return run.stdout if run.returncode == 0 else ""


def kairos_faults(words):
    command = []
    for word in words:
        if word.startswith("-") or "/" in word or len(command) == (2 if command[:1] == ["plugins"] else 1):
            break
        command.append(word)
    text = help_of(command)
    if not text:
        return [f"kairos {' '.join(command)}: no such command"]
    flags = [word.split("=")[0] for word in words if word.startswith("--")]
    return [f"kairos {' '.join(command)} has no {flag}" for flag in flags if not re.search(rf"{flag}\b", text)]


def command_faults(words):
    while words and re.match(r"[A-Z_]+=", words[0]):
        words = words[1:]
    if not words:
        return []
    program, rest = words[0], words[1:]
    if program.rsplit("/", 1)[-1] == "kairos":
        return kairos_faults(rest)
    if program in KNOWN:
        return []
    if program == "python3":
        program = rest[0]
    if program.startswith("build/"):  # Made by an earlier line, which the package test runs.
        return []
    return [] if (sources.ROOT / program).is_file() else [f"there is no {program}"]


faults = []
count = 0
for name in sources.files(".md"):
    text = sources.text(name)
    for block in BLOCK.findall(text):
        if "awk '" in block:  # A program inside, not a list of commands.
            continue
        for line in block.replace("\\\n", " ").splitlines():
            for part in re.split(r"&&|\|", line):
                words = shlex.split(part, comments=True)
                count += 1
                faults += [f"{name}: {fault}" for fault in command_faults(words)]
sources.finish("commands of pages", faults, count)
