// SPDX-License-Identifier: MIT
// Each case is a command line of this program, so that a user can repeat it.
#include "cli/check_cases.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "kairos/abi.h"
#include "kairos/host/error.hpp"
#include "plugin/options/given_text.hpp"
#include "plugin/options/options.hpp"
#include "plugin/options/secrets.hpp"

namespace kairos::host::cli {

namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

/// Hooks of the troublemaker before the second epoch ends, in a fit with two batches and a validation.
constexpr int hooks_until_second_epoch = 2 + 12;
constexpr int never = 1'000'000;

class Cases {
 public:
  Cases(const CallbackManifest& callback, PluginSpec spec, const CheckPlace& place)
      : callback_(callback),
        spec_(std::move(spec)),
        place_(place),
        spec_text_(spec_text(spec_)),
        named_(with_names(callback, spec_.options, spec_.target)) {}

  std::vector<CheckCase> all() {
    add_fits();
    add_passes();
    add_values();
    for (int at = 0; at <= hooks_until_second_epoch; ++at) {
      add_fit(fmt::format("another callback stops in hook {}", at), {"--plugin", trouble(at, "stop")},
              Must::BeStopped);
      add_fit(fmt::format("another callback fails in hook {}", at), {"--plugin", trouble(at, "fail")},
              Must::BeFailed);
    }
    add_two();
    add_blocked_paths();
    for (int epoch = 1; epoch < epochs; ++epoch) add_resumed(epoch);
    return std::move(cases_);
  }

 private:
  static constexpr int epochs = 3;

  [[nodiscard]] std::string trouble(int at, const std::string& action) const {
    return fmt::format("{}:at={},action={}", place_.troublemaker.string(), at, action);
  }

  [[nodiscard]] fs::path next_directory() const { return place_.directory / std::to_string(cases_.size()); }

  [[nodiscard]] Words fit_words(const fs::path& run, const Words& more) const {
    Words words{"fit",
                "--data",
                place_.data.string(),
                "--model",
                place_.model,
                "--optimizer",
                place_.optimizer,
                "--loss",
                "sparse_categorical_crossentropy",
                "--metrics",
                "accuracy",
                "--batch-size",
                "5",
                "--validation-split",
                "0.25",
                "--epochs",
                std::to_string(epochs),
                "--seed",
                "1",
                "--verbose",
                "0",
                "--run-dir",
                run.string(),
                "--plugin",
                spec_text_};
    // A later flag of the same name would be an error.
    for (auto flag = more.begin(); flag != more.end(); flag += 2) {
      const auto given = *flag == "--plugin" ? words.end() : std::ranges::find(words, *flag);
      if (given == words.end())
        words.insert(words.end(), flag, flag + 2);
      else
        *(given + 1) = *(flag + 1);
    }
    return words;
  }

  CheckCase& add(std::string name, Words words, Must must) {
    cases_.push_back({std::move(name), {std::move(words), {{"OMP_NUM_THREADS", "1"}}}, must});
    return cases_.back();
  }
  CheckCase& add_fit(std::string name, const Words& more, Must must) {
    return add(std::move(name), fit_words(next_directory(), more), must);
  }

  void add_fits() {
    add_fit("a training", {"--save-model", (place_.directory / "model.keras").string()}, Must::Complete);
    add_fit("a training without epochs", {"--initial-epoch", std::to_string(epochs)}, Must::Complete);
    add_fit("a training without validation", {"--validation-split", "0"}, Must::Survive);
    CheckCase& checked = add_fit("a training with every hook checked", {}, Must::Complete);
    checked.run.environment.emplace_back("KAIROS_CHECK_PLUGINS", "1");
  }

  void add_passes() {
    const std::string model = (place_.directory / "model.keras").string();
    add("an evaluation",
        {"evaluate", "--model", model, "--data", place_.data.string(), "--batch-size", "5", "--run-dir",
         next_directory().string(), "--plugin", spec_text_},
        Must::Survive);
    const fs::path run = next_directory();
    add("a prediction",
        {"predict", "--model", model, "--data", place_.data.string(), "--batch-size", "5", "--out",
         run.string() + ".npy", "--run-dir", run.string(), "--plugin", spec_text_},
        Must::Survive);
  }

  void add_values() {
    add_fit("values that become NaN", {"--optimizer", "SGD(learning_rate=1e30)"}, Must::Survive);
    add("logs with NaN and infinities",
        {"replay", "--logs", place_.logs.string(), "--out", next_directory().string(), "--plugin",
         spec_text_},
        Must::Survive);
  }

  struct Written {
    const OptionSpec* option;
    std::string path;
  };

  /// The options that name files which are written, with their values.
  [[nodiscard]] std::vector<Written> written_paths() const {
    std::vector<Written> found;
    for (const OptionSpec& option : callback_.options) {
      if (option.type != KAIROS_TYPE_PATH || (option.flags & KAIROS_OPTION_READS) != 0) continue;
      std::string path = option.initial.text;
      for (const PluginOption& one : named_)
        if (find_option(callback_, one.key) == &option) path = one.value;
      if (!path.empty()) found.push_back({&option, std::move(path)});
    }
    return found;
  }

  void replace(PluginSpec& spec, const OptionSpec& option, const fs::path& value) const {
    std::erase_if(spec.options,
                  [&](const PluginOption& one) { return find_option(callback_, one.key) == &option; });
    spec.options.push_back({option.name, value.string(), host::Written::Quoted});
  }

  void add_two() {
    PluginSpec second = spec_;
    second.options = named_;
    second.instance = "second";
    for (const Written& one : written_paths())
      // In the same directory: a callback need not create one.
      replace(second, *one.option,
              fs::path(one.path).parent_path() / ("second-" + fs::path(one.path).filename().string()));
    add_fit("two instances", {"--plugin", spec_text(second)}, Must::BeStopped);
  }

  /// A file where a directory is expected, which even root cannot write into.
  void add_blocked_paths() {
    for (const Written& one : written_paths()) {
      PluginSpec blocked = spec_;
      blocked.options = named_;
      replace(blocked, *one.option, place_.data / fs::path(one.path).filename());
      Words words = fit_words(next_directory(), {});
      words.back() = spec_text(blocked);
      add("a path that cannot be written (" + one.option->name + ")", std::move(words), Must::Survive);
    }
  }

  /// A training that a signal ends in the epoch, and that goes on, has the weights of one that was not ended.
  void add_resumed(int epoch) {
    const auto fit = [this](std::string name, const std::string& what, Must must) {
      const fs::path run = next_directory();
      add(std::move(name), fit_words(run, {"--save-weights", (run / "end.npz").string(), "--plugin", what}),
          must);
      return run;
    };
    if (whole_.empty()) whole_ = fit("a training that is not ended", trouble(never, "stop"), Must::Complete);
    const fs::path run = fit(fmt::format("a training that a signal ends in epoch {}", epoch),
                             trouble(2 + 12 * epoch - 1, "signal"), Must::BeEnded);
    CheckCase& rest = add(fmt::format("going on with the training that was ended in epoch {}", epoch),
                          {"fit", "--resume", run.string(), "--allow-shell"}, Must::Complete);
    rest.file = run / "end.npz";
    rest.expected = whole_ / "end.npz";
  }

  const CallbackManifest& callback_;
  PluginSpec spec_;
  const CheckPlace& place_;
  std::string spec_text_;
  std::vector<PluginOption> named_;  ///< the options with their names
  fs::path whole_;
  std::vector<CheckCase> cases_;
};

/// The first line with a code of an error; "" for none.
std::string error_in(const std::string& output) {
  const std::size_t at = output.starts_with("KAIROS-") ? 0 : output.find("\nKAIROS-");
  if (at == std::string::npos) return "";
  const std::size_t begin = at == 0 ? 0 : at + 1;
  return output.substr(begin, output.find('\n', begin) - begin);
}

std::string content_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// Whether the error is a crash or a broken rule, whatever the case is.
bool is_grave(const std::string& error) {
  constexpr std::string_view grave[] = {"C009", "C010", "C011", "C012", "C013", "C020", "I"};
  return std::ranges::any_of(
      grave, [&](std::string_view code) { return error.starts_with("KAIROS-" + std::string(code)); });
}

}  // namespace

std::vector<CheckCase> check_cases(const CallbackManifest& callback, const PluginSpec& spec,
                                   const CheckPlace& place) {
  return Cases(callback, spec, place).all();
}

std::string fault_of(const CheckCase& one, const ChildResult& result) {
  if (result.was_ended) return "it did not end in time";
  if (result.was_loud) return "it was ended, because it printed more than 16 MiB";
  const std::string error = error_in(result.output);
  const std::string how = fmt::format("exit code {}", result.exit_code) + (error.empty() ? "" : ": " + error);
  const bool is_failure = result.exit_code == 7;  // of a callback during the run
  if (is_grave(error)) return how;
  if (result.exit_code == 0) {
    if (!one.expected.empty() && content_of(one.file) != content_of(one.expected))
      return "the weights differ from those of the training that was not ended: " + one.expected.string();
    return "";
  }
  if (one.must == Must::BeEnded) return result.exit_code == 128 + SIGTERM ? "" : how;
  if (one.must == Must::BeFailed && error.find("the trouble that was asked for") != std::string::npos)
    return "";
  if (error.empty() || result.exit_code > 7 || one.must == Must::Complete) return how;
  if (one.must == Must::Survive || !is_failure) return "";
  return how;
}

}  // namespace kairos::host::cli
