// SPDX-License-Identifier: MIT
// kairos replay.
#include "train/replay.hpp"
#include "nn/metrics.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/json_number.hpp"
#include "cli/command.hpp"
#include "cli/exit_codes.hpp"
#include "cli/exit_watch.hpp"
#include "cli/field_flags.hpp"
#include "cli/replay_input.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr const char* replay_explanation = R"(
Usage: kairos replay CASES.json [--out DIR]
       kairos replay --logs FILE --plugin SPEC [--lr RATE] [--out DIR]

Callbacks run over the given logs as in a fit, on a model with one weight, whose value is e + 1 at the end of the epoch with
index e. Paths in options are relative to the output directory, so no file of an earlier run is overwritten.

CASES.json   {"cases": [{"lr": 0.1, "logs": [{"loss": 0.5, "val_loss": 0.6}, ...],
              "batch_logs": [[{"loss": 0.7}, ...], ...],
              "callbacks": [{"class": "EarlyStopping", "config": {"patience": 2}}]}]}
             null in the logs is a value that is not available, in a config an option that is not set; "expect" is ignored.
output       {"cases": [{"epochs_run": 2, "lr": [rate used in each epoch], "final_lr": 0.1, "stopped": true,
              "stop_reason": "...", "saved_after_epoch": [epoch of each file], "saved_files": [names],
              "final_weight": 2.0, "published": {key: [value of each epoch, null for none]},
              "errors": [messages]}]}
exit code    0; 3 if a case has errors (the others are still replayed); 2 if the file of cases cannot be read.
)";

/// Where callbacks write: the directory of --out, or a temporary one that the destructor removes.
class OutputDirectory {
 public:
  explicit OutputDirectory(const std::string& given) : temporary_(given.empty()) {
    if (!temporary_) {
      std::error_code error;
      path_ = fs::absolute(given).lexically_normal();
      fs::create_directories(path_, error);
      if (!error && ::access(path_.c_str(), W_OK | X_OK) == 0) return;
      throw Error(ErrorKind::File,
                  {"KAIROS-F062", "--out " + given, "the directory cannot be created or written to",
                   error ? error.message() : "", "", "Choose another place"});
    }
    // Temporary files are written to memory if possible.
    const char* chosen = ::secure_getenv("TMPDIR");
    const fs::path memory = "/dev/shm";
    const fs::path base =
        chosen == nullptr && ::access(memory.c_str(), W_OK | X_OK) == 0 ? memory : fs::temp_directory_path();
    std::string name = (base / "kairos-replay-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw Error(ErrorKind::File, {"KAIROS-F062", base.string(), "cannot create a directory there", "", "",
                                    "Name a directory with --out"});
    path_ = name;
  }
  ~OutputDirectory() {
    std::error_code ignored;
    if (temporary_) fs::remove_all(path_, ignored);
  }
  OutputDirectory(const OutputDirectory&) = delete;
  OutputDirectory& operator=(const OutputDirectory&) = delete;

  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  bool temporary_;
  fs::path path_;
};

/// Standard output is for the JSON document: what plugins print goes to standard error.
class OutputToError {
 public:
  OutputToError() : kept_(::dup(STDOUT_FILENO)) {
    std::fflush(stdout);
    ::dup2(STDERR_FILENO, STDOUT_FILENO);
  }
  ~OutputToError() {
    std::fflush(stdout);
    ::dup2(kept_, STDOUT_FILENO);
    ::close(kept_);
  }
  OutputToError(const OutputToError&) = delete;
  OutputToError& operator=(const OutputToError&) = delete;

 private:
  int kept_;
};

ordered_json json_of(const ReplayResult& result) {
  ordered_json one;
  one["epochs_run"] = result.epochs_run;
  one["lr"] = result.rates;
  one["final_lr"] = result.final_rate;
  one["stopped"] = result.stop.has_value();
  one["stop_reason"] = result.stop ? ordered_json(result.stop->reason) : ordered_json();
  one["saved_after_epoch"] = ordered_json::array();
  one["saved_files"] = ordered_json::array();
  for (const ReplayResult::Saved& saved : result.saved) {
    one["saved_after_epoch"].push_back(saved.epoch);
    one["saved_files"].push_back(saved.file.filename().string());
  }
  one["final_weight"] = json_number(result.final_weight);
  one["published"] = ordered_json::object();
  for (const ReplayResult::Published& published : result.published) {
    ordered_json& values = one["published"][published.key] = ordered_json::array();
    for (const auto& value : published.values) values.push_back(json_number(value));
  }
  one["errors"] = ordered_json::array();
  if (!result.error.empty()) one["errors"].push_back(result.error);
  return one;
}

/// The learning rate of the first epoch, if the logs have one.
std::optional<double> recorded_rate(const ReplayRun& run) {
  if (run.epochs.empty()) return std::nullopt;
  for (const auto& [key, value] : run.epochs.front().logs)
    if (key == "learning_rate" || key == "lr") return value;
  return std::nullopt;
}

ReplayCase case_of_logs(const Settings& settings) {
  ReplayCase one;
  one.run = read_logs(settings.text("logs"));
  one.run.learning_rate = settings.has("lr") ? settings.number("lr") : recorded_rate(one.run).value_or(0.001);
  one.run.plugins = parse_specs(settings.items("plugin"));
  if (one.run.plugins.empty())
    settings.require("plugin", "Name callbacks to replay, such as --plugin EarlyStopping:patience=5");
  return one;
}

std::vector<ReplayCase> read_input(const Settings& settings, const std::vector<std::string>& files) {
  if (settings.has("logs") && files.empty()) return {case_of_logs(settings)};
  if (settings.has("logs") || files.size() != 1)
    throw Error(ErrorKind::Usage, {"KAIROS-U005", "kairos replay", "expected one file of cases, or --logs",
                                   "", "kairos replay CASES.json, or kairos replay --logs FILE --plugin SPEC",
                                   "See kairos replay --help"});
  if (settings.has("plugin"))
    throw Error(ErrorKind::Usage,
                {"KAIROS-U031", "--plugin", "not allowed with a file of cases, which names its callbacks", "",
                 "", "Leave --plugin out, or give logs with --logs"});
  return read_cases(files.front(), settings.has("lr") ? settings.number("lr") : 0.001);
}

/// Prints messages of callbacks, with the number of their case if there are several.
MessageSink messages_of(std::size_t index, std::size_t count, Level least) {
  const std::string prefix = count > 1 ? fmt::format("case {}: ", index) : "";
  return [prefix, least](Level level, std::string_view author, std::string_view text) {
    if (level >= least) fmt::print(stderr, "{}", message_text(level, author, text, prefix));
  };
}

}  // namespace

int run_replay(Arguments arguments) {
  const auto [files, settings] = read_command_line(Command::Replay, arguments);
  if (settings.help_wanted())
    return print(settings.help("show what callbacks would have done in an earlier run") + replay_explanation),
           0;

  std::vector<ReplayCase> cases = read_input(settings, files);
  std::vector<PluginSpec> specs;
  for (const ReplayCase& one : cases)
    specs.insert(specs.end(), one.run.plugins.begin(), one.run.plugins.end());
  const Catalog catalog = scan_catalog(settings.items("plugin_dir"), specs);
  if (!settings.has("logs")) refuse_commands_of(files.front(), settings, specs, catalog);
  const ReadFile input =
      settings.has("logs") ? ReadFile{settings.text("logs"), "--logs"} : ReadFile{files.front(), "the cases"};
  for (ReplayCase& one : cases) {
    one.run.files.read.push_back(input);
    one.run.owns_process = true;
    one.run.direction = log_direction;
  }
  const OutputDirectory directory(settings.text("out"));
  const ExitWatch exits;

  ordered_json document;
  document["cases"] = ordered_json::array();
  bool failed = false;
  {
    const OutputToError redirected;
    for (std::size_t i = 0; i < cases.size(); ++i) {
      const fs::path place =
          cases.size() == 1 ? directory.path() : directory.path() / fmt::format("case-{:03}", i);
      ReplayResult result;
      result.error = cases[i].error;
      if (result.error.empty())
        result = replay(cases[i].run, catalog, place, messages_of(i, cases.size(), log_level(settings)));
      if (!result.error.empty()) {
        failed = true;
        fmt::print(stderr, "{}{}\n", cases.size() > 1 ? fmt::format("case {}: ", i) : "",
                   with_flags(result.error));
      }
      document["cases"].push_back(json_of(result));
    }
  }
  // Names in a CSV of logs may contain bytes that are not UTF-8.
  print(document.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n");
  return failed ? exit_code(ErrorKind::Plugin) : exit_success;
}

}  // namespace kairos::host::cli
