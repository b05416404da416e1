# SPDX-License-Identifier: MIT
"""Plugins whose file changes during the run, that crash, hang, or close what is not theirs: the message names them."""
import pathlib
import re
import signal
import subprocess
import time

from program import KAIROS, MISHAPS, ProgramTest, main

BUILD = pathlib.Path(MISHAPS).parents[1]
MEDDLERS = BUILD / "meddling" / "meddlers.so"
PLUGINS = pathlib.Path(KAIROS).parents[1] / "lib" / "kairos" / "plugins"
ENDLESS = 100000000


def meddler(**options):
    return f"{MEDDLERS}#Meddler:" + ",".join(f"{key}={value}" for key, value in options.items())


class FaultTest(ProgramTest):
    def start(self, **changes):
        program = subprocess.Popen([KAIROS, *self.fit(run_dir="run", **changes)], cwd=self.directory, stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (program.poll() is None and program.kill(), program.communicate()))
        return program

    def wait_for(self, condition):
        deadline = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    def lines(self, name):
        file = self.directory / name
        return file.read_text().count("\n") if file.exists() else 0


class Files(FaultTest):
    def test_plugin_whose_file_is_replaced_overwritten_or_truncated_goes_on(self):
        other = (PLUGINS / "model_checkpoint.so").read_bytes()
        for how in ("overwrite", "truncate", "replace"):
            plugin = self.directory / f"{how}.so"
            plugin.write_bytes((PLUGINS / "csv_logger.so").read_bytes())
            program = self.start(plugin=f"{plugin}:filename={how}.csv", epochs=ENDLESS, save_model=f"{how}.keras")
            log = f"run/{how}.csv"
            self.wait_for(lambda: self.lines(log) > 3)
            if how == "replace":
                plugin.unlink()
            plugin.write_bytes(b"" if how == "truncate" else other)
            seen = self.lines(log)
            self.wait_for(lambda: self.lines(log) > seen + 100 or program.poll() is not None)
            program.send_signal(signal.SIGTERM)
            error = program.communicate(timeout=60)[1]
            self.assertEqual(program.returncode, 143, (how, error))
            self.assertIn(f"saved: {how}.keras", error)

    def test_plugin_finds_libraries_beside_it_and_keeps_its_path(self):
        self.put("helper.c", "int helper(void) { return 42; }\n")
        self.put("own.cpp", """
#include <dlfcn.h>
#include <fstream>
#include <kairos/plugin.hpp>
extern "C" int helper();
struct Own : kairos::Callback<Own> {
  static constexpr auto id = "com.example.Own";
  void on_epoch_end(kairos::Epoch&) {
    static const char here = 0;
    Dl_info info{};
    dladdr(&here, &info);
    std::ofstream("where") << info.dli_fname << " " << helper();
    std::ifstream maps("/proc/self/maps");
    std::string line;
    int mapped = 0;
    while (std::getline(maps, line)) mapped += line.find("/own.so") != std::string::npos && line.find(" r-xp ") != std::string::npos;
    std::ofstream("mapped") << mapped;
  }
};
KAIROS_PLUGIN("1.0.0", Own)
""")
        root = pathlib.Path(__file__).resolve().parents[2]
        subprocess.run("cc -shared -fPIC helper.c -o libhelper_of_own.so && c++ -std=c++17 -shared -fPIC -fvisibility=hidden "
                       f"-I{root}/sdk/include own.cpp -o own.so -Wl,--version-script={root}/sdk/cmake/kairos_plugin.map "
                       "-Wl,-z,noexecstack -L. -lhelper_of_own -Wl,-rpath,'$ORIGIN'", shell=True, cwd=self.directory, check=True)
        self.kairos(*self.fit(plugin="./own.so"))
        self.assertEqual(self.text("where"), f"{self.directory}/own.so 42")
        self.assertEqual(self.text("mapped"), "0")  # no code of the plugin comes from its file


class Crashes(FaultTest):
    def crash(self, **options):
        run = self.run_kairos(*self.fit(plugin=meddler(**options)))
        self.assertIn(run.returncode, (-signal.SIGSEGV, -signal.SIGABRT), run.stderr)
        return [line for line in run.stderr.splitlines() if line.startswith("KAIROS-")], run.stderr

    def test_each_crash_leaves_one_line_that_names_the_plugin(self):
        own_thread = rf"KAIROS-C009: the process crashed inside plugin {MEDDLERS}, on a thread of its own\. Run without this plugin, and"
        for what, expected in (
                ("crash", rf"KAIROS-C009: the process crashed inside plugin Meddler \({MEDDLERS}\), hook on_epoch_end\. Run without"),
                ("overflow", rf"KAIROS-C009: the process crashed inside plugin Meddler \({MEDDLERS}\), hook on_epoch_end\. Run without"),
                ("call_null", rf"KAIROS-C009: the process crashed inside plugin Meddler \({MEDDLERS}\), hook on_epoch_end\. Run without"),
                ("crash_elsewhere", own_thread), ("throw_elsewhere", own_thread), ("call_null_elsewhere", own_thread)):
            lines, error = self.crash(what=what)
            self.assertEqual(len(lines), 1, (what, error))
            self.assertRegex(lines[0], expected, what)

    def test_handler_of_a_plugin_for_crashes_is_replaced_by_that_of_the_program(self):
        lines, error = self.crash(what="handle_crashes", hook="setup")
        self.assertRegex(error, r"warning: Meddler: setup has changed what is done at SIGSEGV; it is restored")
        self.assertRegex(lines[-1], r"KAIROS-C009: .* hook on_train_end")

    def test_crash_of_the_program_says_that_no_plugin_was_running(self):
        program = self.start(epochs=ENDLESS, model="dense(64,relu) dense(2,softmax)")
        self.wait_for(lambda: self.lines("run/history.jsonl") > 0)
        program.send_signal(signal.SIGSEGV)
        error = program.communicate(timeout=60)[1]
        self.assertEqual(program.returncode, -signal.SIGSEGV, error)
        self.assertEqual(error, "KAIROS-I004: the process crashed (SIGSEGV), and no plugin was running. Report it with the command that "
                                "led to it.\n")

    def test_destructor_that_throws_is_an_error_of_its_callback_or_a_crash_that_names_it(self):
        run = self.run_kairos(*self.fit(plugin=f"{MEDDLERS}#Thrower", save_model="m.keras"))
        self.assertEqual((run.returncode, run.stderr), (0, "error: Thrower: the lid is stuck\n"))
        self.assertTrue((self.directory / "m.keras").exists())
        run = self.run_kairos(*self.fit(plugin=f"{MEDDLERS}#Terminator"))
        self.assertEqual(run.returncode, -signal.SIGABRT)
        self.assertRegex(run.stderr, r"KAIROS-C009: the process crashed inside plugin Terminator \(\S+\), hook destroy\.")


class Hangs(FaultTest):
    def test_hook_that_runs_long_is_named_once_while_it_runs(self):
        run = self.run_kairos(*self.fit(plugin=meddler(what="wait"), epochs=1, slow_hook=0.4))
        self.assertEqual((run.returncode, run.stderr),
                         (0, f"warning: Meddler: has been in on_epoch_end for 0.4 s, and the run waits for it ({MEDDLERS})\n"))
        for quiet in ({"slow_hook": 0}, {}):
            run = self.run_kairos(*self.fit(plugin=meddler(what="wait"), epochs=1, **quiet))
            self.assertEqual((run.returncode, run.stderr), (0, ""))

    def test_first_interrupt_says_what_it_waits_for(self):
        program = self.start(plugin=meddler(what="wait", hook="epoch_begin"), epochs=1, slow_hook=0.1)
        self.assertIn("has been in on_epoch_begin", program.stderr.readline())
        program.send_signal(signal.SIGINT)
        error = program.communicate(timeout=60)[1]
        self.assertEqual(program.returncode, 130, error)
        self.assertEqual(error.splitlines()[:2],
                         ["warning: SIGINT: stopping after this batch, again to quit now",
                          f"warning: SIGINT: waiting for on_epoch_begin of Meddler ({MEDDLERS}), again to quit now"])
        self.assertEqual(error.count("waiting for"), 1)

    def test_streams_that_a_plugin_closes_are_opened_again(self):
        run = self.run_kairos(*self.fit(plugin=[meddler(what="close"), "ProgbarLogger:verbose=2"]))
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertRegex(run.stderr, r"^warning: Meddler: on_epoch_end has changed standard input, standard output, standard error; it is "
                                     r"restored, now and after later hooks\n$")
        self.assertEqual(len(re.findall(r"^Epoch \d/3$", run.stdout, re.M)), 3, run.stdout)


if __name__ == "__main__":
    main()
