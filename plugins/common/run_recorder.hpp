// SPDX-License-Identifier: MIT
// Fills a RunPage from the events of a run.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <kairos/plugin.hpp>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "log_keys.hpp"
#include "run_page.hpp"

namespace kairos::plugins {

/// The list as a text for State, and back. Names and pages have no NUL.
[[nodiscard]] inline std::string packed(const std::vector<ShownArtifact>& artifacts) {
  std::string text;
  for (const ShownArtifact& one : artifacts)
    for (const std::string& part : {one.publisher, one.name, std::to_string(one.epoch),
                                    std::string(one.is_table ? "table" : ""), one.html}) {
      text += part;
      text += '\0';
    }
  return text;
}
[[nodiscard]] inline std::vector<ShownArtifact> unpacked(std::string_view text) {
  std::vector<ShownArtifact> artifacts;
  const auto next = [&text] {
    const std::size_t end = std::min(text.find('\0'), text.size());
    const std::string part(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    return part;
  };
  while (!text.empty()) {
    ShownArtifact one;
    one.publisher = next();
    one.name = next();
    static_cast<void>(read_integer(next(), one.epoch));
    one.is_table = next() == "table";
    one.html = next();
    artifacts.push_back(std::move(one));
  }
  return artifacts;
}

/// Packed when the state is saved, not when an artifact comes.
struct SavedArtifacts {
  std::vector<ShownArtifact> all;
  [[nodiscard]] std::string save() const { return packed(all); }
  void load(std::string_view text) { all = unpacked(text); }
};

class RunRecorder {
 public:
  RunPage page;
  double seconds_before = 0;  ///< in earlier processes

  void begin(const Run& run, std::string_view title) {
    const std::string directory = std::filesystem::path(std::string(run.run_dir())).filename().string();
    page.title = !title.empty() ? std::string(title) : directory.empty() ? mode_text(run) : directory;
    page.started =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    is_fit_ = run.mode() == Mode::Fit;
    page.epochs = is_fit_ ? run.epochs() : 0;
    page.settings = run.info(Info::Settings);
    page.environment = run.info(Info::Environment);
    const auto add = [this](const char* name, std::int64_t value) {
      if (value > 0) page.facts.emplace_back(name, std::to_string(value));
    };
    add("samples", run.samples());
    add("validation samples", run.validation_samples());
    add("batch size", run.raw().batch_size);
    add("batches per epoch", run.steps_per_epoch());
    add("parameters", parameters_of(run));
    add_names("classes", run.info(Info::Classes));
    add_names("columns", run.info(Info::Columns));
  }

  /// Once the keys of the logs are complete.
  void take_keys(const Run& run) {
    begun_ = true;
    page.keys.clear();
    page.directions.clear();
    for (std::uint32_t i = 0; i < run.log_count(); ++i) {
      if (run.log_name(i) == "learning_rate") continue;  // in each row anyway
      page.keys.emplace_back(run.log_name(i));
      page.directions.push_back(run.log_direction(i));
    }
  }
  /// Of the keys, each ended by a line break.
  [[nodiscard]] std::string names() const {
    std::string text;
    for (const std::string& key : page.keys) text += key + '\n';
    return text;
  }

  void begin_epoch() {
    epoch_began_ = Clock::now();
    in_epoch_ = true;
  }
  /// A run that was resumed inside an epoch gets no on_epoch_begin for it.
  void begin_resumed_epoch() {
    if (!in_epoch_) begin_epoch();
  }
  void end_epoch(const Epoch& epoch) {
    const std::chrono::duration<double> took = Clock::now() - epoch_began_;
    page.rows.push_back(static_cast<double>(epoch.index()));
    page.rows.push_back(in_epoch_ ? took.count() : 0.0);
    page.rows.push_back(epoch.used_learning_rate());
    for (const std::string& key : page.keys)
      page.rows.push_back(value_of(epoch, key).value_or(std::numeric_limits<double>::quiet_NaN()));
    in_epoch_ = false;
  }
  void end_evaluation(const Test& test) {
    page.results.clear();
    for (std::uint32_t i = 0; i < test.log_count(); ++i)
      if (const auto value = test.log(i)) page.results.emplace_back(test.log_name(i), *value);
  }
  void fail(const Fault& fault) {
    page.result = "failed";
    page.reason = std::string(fault.message());
  }
  void end(const End& end) {
    if (page.result != "running") return;
    page.result = end.completed()     ? "completed"
                  : end.stopped()     ? "stopped"
                  : end.interrupted() ? "interrupted"
                                      : "failed";
    page.reason = std::string(end.reason());
  }

  [[nodiscard]] double seconds() const {
    return seconds_before + std::chrono::duration<double>(Clock::now() - began_).count();
  }
  [[nodiscard]] RunPage snapshot(const SavedArtifacts& artifacts) const {
    RunPage copy = page;
    copy.artifacts = artifacts.all;
    copy.seconds = seconds();
    return copy;
  }
  /// The rows of the page to those that are saved, which lack the last ones.
  void append_to(std::vector<double>& saved) const {
    saved.insert(saved.end(), page.rows.begin() + static_cast<std::ptrdiff_t>(saved.size()), page.rows.end());
  }
  /// A run that failed before it began leaves no page, and no page of an earlier one is replaced. One that
  /// was stopped, interrupted or complete before the end of its first epoch leaves one.
  [[nodiscard]] bool is_empty(const SavedArtifacts& artifacts) const {
    // Artifacts in a fit that has not begun are those of the run that it goes on with.
    return !begun_ && page.results.empty() && (is_fit_ || artifacts.all.empty());
  }

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] static std::string mode_text(const Run& run) {
    return run.mode() == Mode::Fit ? "Training" : run.mode() == Mode::Evaluate ? "Evaluation" : "Prediction";
  }
  [[nodiscard]] static std::int64_t parameters_of(const Run& run) {
    std::int64_t count = 0;
    for (std::uint32_t i = 0; i < run.tensor_count(Role::Weight); ++i)
      count += run.tensor(Role::Weight, i).size();
    return count;
  }
  void add_names(const char* name, const InfoEntries& entries) {
    constexpr std::size_t most = 100;
    std::string text;
    for (std::size_t i = 0; i < std::min(entries.size(), most); ++i)
      text += (i == 0 ? "" : ", ") + entries[i].first;
    if (entries.size() > most) text += ", … (" + std::to_string(entries.size()) + ")";
    if (!text.empty()) page.facts.emplace_back(name, text);
  }

  Clock::time_point began_ = Clock::now(), epoch_began_{};
  bool in_epoch_ = false, begun_ = false, is_fit_ = false;
};

}  // namespace kairos::plugins
