# SPDX-License-Identifier: MIT
"""KAIROS_CHECK_PLUGINS=1: a callback that only reports is proven to change nothing, and one that breaks a rule is named."""
import http.server
import json
import os
import pathlib
import subprocess
import threading

import numpy as np

from program import KAIROS, MISHAPS, ProgramTest, main

OFFENDING = pathlib.Path(MISHAPS).parents[1] / "offending"
# Options of the shipped callbacks of the phase report; {} for none. A new one must be listed here. SERVER is one of this test.
REPORTERS = {"CSVLogger": {"filename": "log.csv"}, "JSONLinesLogger": {"filename": "log.jsonl", "log_freq": 1},
             "ClassificationReport": {}, "ConfusionMatrix": {}, "Dashboard": {}, "PrometheusExporter": {"port": 0}, "HardestSamples": {"filename": "hardest.csv"}, "ProgbarLogger": {"verbose": 2},
             "TensorBoard": {"log_dir": "logs", "histogram_freq": 1, "write_grads": "true", "write_images": "true", "update_freq": "batch"},
             "Heartbeat": {"every": "0s"}, "HistoryPlot": {}, "HtmlReport": {}, "ModelSummary": {}, "PredictionWriter": {"filename": "predictions.csv", "targets": "true"},
             "RemoteMonitor": {"root": "SERVER", "send_as_json": "true"}, "ShellHook": {"on_epoch_end": "true", "on_train_end": "true"},
             "SpikeDetector": {"rtol": 0, "verbose": 0}, "SQLiteLogger": {"filename": "runs.sqlite"},
             "Webhook": {"url": "SERVER", "events": '"epoch_end,test_end,train_end"'}}
# They need a library, and are left out of a build without it.
OPTIONAL = {"Dashboard", "ModelSummary", "PrometheusExporter", "RemoteMonitor", "SQLiteLogger", "Webhook"}
CHECKED = r"\d+ calls of hooks were checked: every callback changed only what it may\n"


class Accepting(http.server.BaseHTTPRequestHandler):
    """Answers each message with 200."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


class CheckTest(ProgramTest):
    def serve(self):
        """Starts a server, and returns its address."""
        server = http.server.HTTPServer(("127.0.0.1", 0), Accepting)
        self.addCleanup(server.server_close)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}"

    def check(self, *plugins, **changes):
        return subprocess.run([KAIROS, *self.fit(plugin=list(plugins), **{"optimizer": "Adam", "validation_split": 0.3, **changes})],
                              cwd=self.directory, capture_output=True, text=True, timeout=120, env={**os.environ, "KAIROS_CHECK_PLUGINS": "1"})

    def test_every_shipped_reporter_leaves_the_weights_equal_to_the_bit(self):
        listed = json.loads(self.kairos("plugins", "list", "--json"))
        names = {callback["id"].split(".")[-1] for plugin in listed["plugins"] for callback in plugin["callbacks"]
                 if callback["phase"] == "report"}
        self.assertEqual(names | OPTIONAL, set(REPORTERS))
        server = self.serve()
        plain = self.check(save_weights="plain.npz")
        self.assertEqual(plain.returncode, 0, plain.stderr)
        for name in sorted(names):
            spec = name + ":" + ",".join(f"{key}={value}" for key, value in REPORTERS[name].items()).replace("SERVER", server)
            run = self.check(spec, save_weights=f"{name}.npz")
            self.assertEqual((run.returncode, run.stderr), (0, ""), name)
            self.assertRegex(run.stdout, CHECKED)
            with np.load(self.directory / "plain.npz") as expected, np.load(self.directory / f"{name}.npz") as found:
                self.assertEqual(expected.files, found.files)
                for key in expected.files:
                    self.assertEqual(expected[key].tobytes(), found[key].tobytes(), (name, key))

    def offence(self, spec):
        run = self.check(spec)
        self.assertEqual(run.returncode, 7, run.stdout + run.stderr)
        return run.stderr

    def test_write_through_a_view_for_reading_is_named(self):
        offenders = OFFENDING / "offenders.so"
        for what, hook, tensor in (("weight", "on_epoch_begin", r"weight 1 \(\S*bias\)"), ("gradient", "on_backward_end", r"gradient 0 \(\S+\)"),
                                   ("output", "on_backward_end", r"output 0 \(\S+\)"), ("slot", "on_train_begin", r"optimizer slot 2 \(\S+\)")):
            self.assertRegex(self.offence(f"{offenders}#Offender:what={what}"),
                             rf"^KAIROS-C020: Offender \({offenders}\): {hook} has changed {tensor}, which it has not borrowed for writing\. "
                             r"Correct the plugin; without KAIROS_CHECK_PLUGINS this is not noticed")
            run = self.run_kairos(*self.fit(plugin=f"{offenders}#Offender:what={what}", optimizer="Adam"))
            self.assertEqual(run.returncode, 0, run.stderr)  # unnoticed without the check
        self.assertRegex(self.offence(f"{OFFENDING}/offender_c.so"), r"^KAIROS-C020: OffenderC .*: on_epoch_begin has changed weight 1")

    def test_call_after_its_hook_on_another_thread_or_in_a_wrong_hook_is_named(self):
        self.assertRegex(self.offence(f"{OFFENDING}/offender_c.so:what=call"),
                         r"^KAIROS-C020: OffenderC \(\S+offender_c\.so\): the kairos_call of create was used after its hook")
        self.assertRegex(self.offence(f"{OFFENDING}/offenders.so#Offender:what=thread"),
                         r"KAIROS-C020: Offender \(\S+\): the plugin called a fit-thread function from another thread")
        self.assertRegex(self.offence(f"{OFFENDING}/offenders.so#Offender:what=hook"),
                         r"^KAIROS-C020: Offender \(\S+\): it called a function of the host that is not allowed in setup")

    def test_change_of_the_process_is_named_after_the_hook_of_a_batch(self):
        meddlers = OFFENDING.parent / "meddling" / "meddlers.so"
        self.assertRegex(self.offence(f"{meddlers}#Meddler:what=umask,hook=batch_end"),
                         r"KAIROS-C020: Meddler \(\S+\): on_train_batch_end has changed the mask of new files \(umask\)")

    def test_callback_may_do_what_it_declares(self):
        run = self.check(f"{OFFENDING}/offenders.so#Writer", "ReduceLROnPlateau:monitor=loss,patience=0,min_delta=100",
                         "EarlyStopping:monitor=loss,patience=0,min_delta=100,restore_best_weights=true", "ModelCheckpoint:filepath=m{epoch}.keras",
                         "LearningRateScheduler:schedule=lr*0.5", "TerminateOnNaN")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertRegex(run.stdout, CHECKED)


if __name__ == "__main__":
    main()
