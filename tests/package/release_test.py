# SPDX-License-Identifier: MIT
"""A dry run of .github/release.sh, in a repository of its own with the files that it needs.

  release_test.py BUILD   BUILD has the program, and can be installed"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = sys.argv.pop(1)
COMPONENTS = {"sdk", "callbacks", "host", "plugins"}


class Release(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.tree = pathlib.Path(directory.name)
        for name in (".github", "sdk"):
            shutil.copytree(ROOT / name, self.tree / name)
        (self.tree / "host").mkdir()
        (self.tree / ".gitignore").write_text("/build/\n")
        version = (ROOT / "sdk/include/kairos/abi/version.h").read_text()
        self.sdk = re.search(r'KAIROS_SDK_VERSION "([^"]*)"', version)[1]
        program = subprocess.run([f"{BUILD}/bin/kairos", "--version"], capture_output=True, text=True, check=True)
        self.host = re.match(r"kairos ([^ ,]*)", program.stdout)[1]
        self.head("sdk", self.sdk)
        self.head("host", self.host)
        self.git("init", "-q")
        self.commit()

    def git(self, *arguments):
        subprocess.run(["git", "-c", "user.name=test", "-c", "user.email=test@localhost", *arguments], cwd=self.tree, check=True)

    def head(self, part, version):
        (self.tree / part / "CHANGELOG.md").write_text(f"# Changes\n\n## {version}\n\nNew.\n\n## 0.0.1\n")

    def commit(self):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "Change something")

    def release(self, *arguments):
        return subprocess.run([self.tree / ".github/release.sh", *arguments], capture_output=True, text=True)

    def refused(self, reason):
        run = self.release("--dry-run", "--build", BUILD)
        self.assertEqual(run.returncode, 1, run.stdout)
        self.assertIn(reason, run.stderr)

    def test_packages_and_tags(self):
        run = self.release("--dry-run", "--build", BUILD)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn(f"Would tag sdk-{self.sdk}\nWould tag host-{self.host}\n", run.stdout)
        packages = list((self.tree / "build/packages").glob("*.deb"))
        self.assertEqual(len(list((self.tree / "build/packages").glob("*.tar.gz"))), len(COMPONENTS))
        owners = {}
        for package in packages:
            name, _, depends = self.fields(package, "Package", "Version", "Depends")
            files = subprocess.run(["dpkg-deb", "--fsys-tarfile", package], capture_output=True, check=True).stdout
            listing = subprocess.run(["tar", "-t"], input=files, capture_output=True, check=True).stdout.decode().split()
            for file in listing:
                if not file.endswith("/"):
                    self.assertNotIn(file, owners, f"{name} and {owners.get(file)} own the same file")
                    owners[file] = name
            self.assertTrue(any(file.endswith("/LICENSE") for file in listing), name)
            if name == "kairos-host":
                self.assertIn("kairos-callbacks (=", depends)
                self.assertIn("libmuparser", depends)  # found in the program
                for library in ("libdnnl", "libhdf5-", "libzip", "libpng16-16", "libturbojpeg0"):
                    self.assertIn(f", {library}", depends)  # opened at the first call
        self.assertEqual(set(owners.values()), {f"kairos-{component}" for component in COMPONENTS})
        self.assertEqual(owners["./usr/bin/kairos"], "kairos-host")
        self.assertEqual(owners["./usr/include/kairos/plugin.hpp"], "kairos-sdk")
        self.assertEqual(owners["./usr/include/kairos/host/callbacks.hpp"], "kairos-callbacks")

    def fields(self, package, *names):
        run = subprocess.run(["dpkg-deb", "-f", package, *names], capture_output=True, text=True, check=True)
        found = dict(line.split(": ", 1) for line in run.stdout.splitlines() if ": " in line)
        return [found.get(name, "") for name in names]

    def test_what_is_not_committed(self):
        (self.tree / "new.txt").write_text("")
        self.refused("the tree is not clean")

    def test_changelogs_of_other_versions(self):
        self.head("sdk", "9.9.9")
        self.commit()
        self.refused(f'the SDK is {self.sdk}, but sdk/CHANGELOG.md begins with "9.9.9"')
        self.head("sdk", self.sdk)
        self.head("host", "Unreleased")
        self.commit()
        self.refused(f'the host is {self.host}, but host/CHANGELOG.md begins with "Unreleased"')

    def test_numbers_of_the_sdk_that_disagree(self):
        header = self.tree / "sdk/include/kairos/abi/version.h"
        header.write_text(re.sub(r"(KAIROS_SDK_PATCH) \d+", r"\1 77", header.read_text()))
        self.commit()
        self.refused(f"version.h says {self.sdk}")

    def test_versions_that_were_released(self):
        self.git("tag", f"sdk-{self.sdk}")
        self.git("tag", f"host-{self.host}")
        self.refused(f"host-{self.host} was released")  # so the SDK, which has not changed, is no reason
        with open(self.tree / "sdk/include/kairos/plugin.hpp", "a", encoding="utf-8") as header:
            header.write("// more\n")
        self.commit()
        self.refused(f"sdk-{self.sdk} was released, and the SDK has changed since")

    def test_arguments(self):
        self.assertEqual(self.release("--dryrun").returncode, 2)
        self.assertIn("--dry-run", self.release("--build", BUILD).stderr)


unittest.main()
