# SPDX-License-Identifier: MIT
"""HtmlReport and Dashboard in real runs: what they show, to whom, and that nobody can delay a run.

  dashboard_test.py KAIROS MISHAPS"""
import http.client
import json
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import numpy as np

from program import KAIROS, ProgramTest, main

LONG = ["--model", "dense(16,relu) dense(3,softmax)", "--optimizer", "Adam", "--loss", "sparse_categorical_crossentropy",
        "--metrics", "accuracy", "--validation-split", "0.25", "--batch-size", "8", "--verbose", "0"]


class PagesTest(ProgramTest):
    def setUp(self):
        super().setUp()
        if not (pathlib.Path(KAIROS).parents[1] / "lib" / "kairos" / "plugins" / "dashboard.so").exists():
            self.skipTest("Dashboard was not built")
        rng = np.random.default_rng(7)
        labels = rng.integers(0, 3, 400)
        values = rng.normal(size=(400, 4)) + labels[:, None]
        names = np.array(["<script>alert(1)</script>", "b&b", "c"])
        lines = ["a,b,c,d,kind"] + [",".join(map(repr, map(float, row))) + f",{names[k]}" for row, k in zip(values, labels)]
        (self.directory / "data.csv").write_text("\n".join(lines) + "\n")

    def command(self, epochs, *plugins):
        words = [KAIROS, "fit", "--data", "data.csv", "--target", "kind", *LONG, "--epochs", str(epochs)]
        for plugin in plugins:
            words += ["--plugin", plugin]
        return words

    def start(self, epochs, *plugins):
        """A run, and the address and token of its dashboard."""
        run = subprocess.Popen(self.command(epochs, *plugins), cwd=self.directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(lambda: (run.kill(), run.wait(), run.stdout.close()))
        seen = ""
        for line in run.stdout:
            seen += line
            match = re.search(r"(http://127\.0\.0\.1:\d+)/(?:\?token=([0-9a-f]{32}))?", line)
            if match:
                return run, match[1], match[2]
        self.fail("no address: " + seen)

    def get(self, url, **headers):
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20) as answer:
            return answer.read().decode()

    def status(self, url, method="GET", **headers):
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers=headers, method=method), timeout=20) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def test_report_of_a_run_has_everything_and_no_script(self):
        run = subprocess.run(self.command(3, "ConfusionMatrix", "ClassificationReport", "WeightStatistics", "HtmlReport") + ["--run-dir", "run"],
                             cwd=self.directory, capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        page = (self.directory / "run" / "report.html").read_text(encoding="utf-8")
        self.assertNotIn("<script", page)
        for part in ("&lt;script&gt;alert(1)&lt;/script&gt;", "b&amp;b", "3 of 3", ">completed<", "confusion_matrix", "classification_report",
                     "val_accuracy", "seconds per epoch", "<th>optimizer</th>", "<th>processor</th>", "a, b, c, d", "<h1>run</h1>"):
            self.assertIn(part, page)
        for elsewhere in ("http:", "https:", "src=\"/", "url("):
            self.assertNotIn(elsewhere, page)

    def test_secrets_are_not_in_the_page(self):
        run = subprocess.run(self.command(1, "HtmlReport", "Dashboard:token=0123456789secret0123"), cwd=self.directory, capture_output=True,
                             text=True, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)
        page = (self.directory / "report.html").read_text(encoding="utf-8")
        self.assertNotIn("0123456789secret", page + run.stdout + run.stderr)
        self.assertIn("Dashboard", page)

    def test_evaluation_has_a_page(self):
        fit = subprocess.run(self.command(1) + ["--save-model", "m.keras"], cwd=self.directory, capture_output=True, text=True, check=False)
        self.assertEqual(fit.returncode, 0, fit.stderr)
        run = subprocess.run([KAIROS, "evaluate", "--model", "m.keras", "--data", "data.csv", "--target", "kind", "--plugin",
                              "ConfusionMatrix", "--plugin", "HtmlReport"], cwd=self.directory, capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)
        page = (self.directory / "report.html").read_text(encoding="utf-8")
        self.assertIn("<h1>Evaluation</h1>", page)
        self.assertIn("confusion_matrix", page)

    def test_dashboard_of_a_run_from_late_joining_to_the_stop(self):
        run, url, token = self.start(100000, "ConfusionMatrix", "Dashboard:control=true")
        bearer = {"Authorization": "Bearer " + token}
        deadline = time.monotonic() + 60
        while json.loads(self.get(url + "/progress", **bearer))["version"] < 12 and time.monotonic() < deadline:
            time.sleep(0.05)
        page = self.get(f"{url}/?token={token}")
        self.assertIn("<polyline", page)
        self.assertIn("&lt;script&gt;alert(1)", page)
        self.assertEqual(page.count("<script"), 1)
        self.browse(f"{url}/?token={token}")
        self.assertEqual(self.status(url + "/stop", "POST"), 401)
        self.assertEqual(self.status(url + "/stop", "POST", **bearer, Origin="http://evil.example"), 403)
        self.assertIsNone(run.poll())
        self.assertEqual(self.status(url + "/stop", "POST", **bearer), 200)
        self.assertEqual(run.wait(60), 0)
        with self.assertRaises(OSError):
            socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1])), timeout=5)

    def browse(self, url):
        """In a real browser, where there is one, the script fills in the progress, and the policy of the page lets it."""
        chromium = shutil.which("chromium")
        if chromium is None:
            return
        seen = subprocess.run([chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={self.directory / 'profile'}",
                               "--virtual-time-budget=3000", "--dump-dom", url], capture_output=True, text=True, timeout=120, check=False).stdout
        self.assertRegex(seen, r'<span id="line" class="soft">epoch \d+ of 100000')
        self.assertIn(">Stop the run<", seen)

    def test_hostile_clients_neither_get_in_nor_delay_the_run(self):
        run, url, token = self.start(100000, "Dashboard")
        host, port = "127.0.0.1", int(url.rsplit(":", 1)[1])
        for header, value in (("Host", f"evil.example:{port}"), ("Host", ""), ("Origin", "http://evil.example"), ("Origin", "null")):
            self.assertEqual(self.status(f"{url}/?token={token}", **{header: value}), 403, (header, value))
        self.assertEqual(self.status(url + "/"), 401)
        self.assertEqual(self.status(url + "/?token=" + "0" * 32), 401)
        self.assertEqual(self.status(url + f"/stop?token={token}", "POST"), 401)
        flood = []
        for _ in range(100):
            one = socket.create_connection((host, port), timeout=10)
            flood.append(one)
            try:
                one.sendall(b"GET / HTTP/1.1\r\nX: ")
            except OSError:
                pass  # one connection too many
        self.assertIsNone(run.poll())
        run.send_signal(signal.SIGINT)
        self.assertEqual(run.wait(20), 130)  # the slow ones are still connected
        for one in flood:
            one.close()

    def test_requests_that_are_too_long_are_refused(self):
        _, url, token = self.start(100000, "Dashboard:public=true")
        self.assertIsNone(token)
        self.assertEqual(self.status(url + "/"), 200)
        self.assertEqual(self.status(url + "/", Long="x" * 20000), 431)
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
        self.addCleanup(connection.close)
        connection.putrequest("POST", "/stop")
        connection.putheader("Content-Length", "99999999999")
        connection.endheaders()
        self.assertEqual(connection.getresponse().status, 431)

    def test_prometheus_scrapes_a_run(self):
        _, url, _ = self.start(100000, "PrometheusExporter:port=0,run='a\"b'")
        deadline = time.monotonic() + 60
        text = ""
        while "kairos_log" not in text and time.monotonic() < deadline:
            text = self.get(url + "/metrics")
        self.assertRegex(text, r'kairos_log\{run="a\\"b",key="val_loss"\} \d')
        for line in text.splitlines():
            self.assertRegex(line, r'^(# (HELP|TYPE) kairos_\w+ .+|kairos_\w+\{(\w+="([^"\\\n]|\\.)*",?)+\} (\S+))$')

    def test_addresses_of_other_machines_are_refused_before_training(self):
        run = subprocess.run(self.command(1, "Dashboard:address=0.0.0.0"), cwd=self.directory, capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 3, run.stdout)
        self.assertIn("address is 0.0.0.0, which other machines may reach without encryption; expected a loopback address", run.stderr)


if __name__ == "__main__":
    main()
