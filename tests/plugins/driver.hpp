// SPDX-License-Identifier: MIT
// Runs plugins over given logs through the host's dispatch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kairos/host/callbacks.hpp"
#include "kairos/host/error.hpp"
#include "kairos/host/plugins.hpp"
#include "plugins/stub_forward.hpp"
#include "plugins/stub_run.hpp"
#include "plugins/stub_target.hpp"

namespace kairos::tests {

inline constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();
inline constexpr double inf = std::numeric_limits<double>::infinity();

/// Logs of one epoch, one value per key of the model.
struct EpochLogs {
  std::vector<double> training;
  std::vector<double> validation = {};            ///< empty: no validation in this epoch
  std::vector<std::vector<double>> batches = {};  ///< running means after each batch
};

/// Epochs in which loss and val_loss have these values.
inline std::vector<EpochLogs> losses(const std::vector<double>& values) {
  std::vector<EpochLogs> epochs;
  for (const double value : values) epochs.push_back({{value}, {value}});
  return epochs;
}

struct Plan {
  std::vector<std::string> plugins;
  std::filesystem::path directory = {};
  std::vector<host::LogKey> keys = {{"loss", host::Direction::Min}};
  bool validates = true;
  double rate = 1.0;
  std::int64_t epochs = 4;
  std::int64_t steps = -1;
  bool has_optimizer = true;
  bool makes_passes = true;                       ///< whether the loop makes passes for callbacks
  bool keeps_runs = true;                         ///< whether the loop has run checkpoints
  std::function<void(StubTarget&)> prepare = {};  ///< changes the model; by default it has one weight
};

/// A run. In epoch e the weight becomes e + 1.
class Driver {
 public:
  /// Creates and sets up the plugins; passes on their exceptions.
  explicit Driver(const Plan& plan)
      : target(plan.rate),
        catalog_(host::Catalog::scan(std::vector<std::filesystem::path>{KAIROS_TEST_PLUGINS})) {
    target.has_optimizer = plan.has_optimizer;
    if (plan.prepare) plan.prepare(target);
    std::vector<host::PluginSpec> specs;
    for (const std::string& text : plan.plugins) specs.push_back(host::parse_plugin_spec(text));
    host::CallbacksOptions options;
    options.keys = plan.keys;
    options.validates = plan.validates;
    options.run_directory = plan.directory;
    if (plan.keeps_runs) options.run = &runs;
    if (plan.makes_passes) options.forward = &passes;
    options.messages = [this](host::Level level, std::string_view, std::string_view text) {
      if (level == host::Level::Info || level == host::Level::Warning) messages.emplace_back(text);
    };
    callbacks_ = std::make_unique<host::Callbacks>(catalog_, specs, target, std::move(options));
    host::RunInfo run;
    run.epochs = plan.epochs;
    run.steps_per_epoch = plan.steps;
    run.batch_size = 1;
    run.validation_samples = plan.validates ? 1 : 0;
    run_ = run;
  }

  /// Before begin(): resumes a run that was saved before this epoch.
  void resume(const std::string& state, std::int64_t epoch) {
    state_ = state;
    next_ = epoch;
  }

  void begin() {
    run_.initial_epoch = next_;
    callbacks_->setup(run_);
    if (!state_.empty()) callbacks_->load_state(state_);
    callbacks_->train_begin();
  }

  /// False once a plugin has requested a stop.
  bool epoch(const EpochLogs& logs) {
    host::Callbacks& c = *callbacks_;
    c.epoch_begin(next_);
    rates.push_back(static_cast<double>(target.rate));
    if (c.stop()) {  // A stop in on_epoch_begin: the epoch has no batches and no end.
      ++next_;
      return false;
    }
    bool partial = false;
    for (std::size_t i = 0; i < logs.batches.size() && !partial; ++i) {
      c.train_batch_begin(static_cast<std::int64_t>(i), 1);
      batch_rates.push_back(static_cast<double>(target.rate));
      if (c.wants_gradients()) c.gradients_ready();
      ++target.steps;
      host::LogValues values(logs.batches[i]);
      c.train_batch_end(values);
      partial = c.stop().has_value();
    }
    target.weight = static_cast<float>(next_ + 1);
    host::LogValues training(logs.training);
    host::LogValues validation(logs.validation);
    if (!logs.validation.empty()) {
      c.test_begin(1);
      c.test_batch_begin(0, 1);
      c.test_batch_end(validation);
      c.test_end(validation);
    }
    c.epoch_end(training, logs.validation.empty() ? nullptr : &validation, partial);
    ++next_;
    return !c.stop().has_value();
  }

  void end() {
    const host::RunEnd why = callbacks_->stop() ? host::RunEnd::Stopped : host::RunEnd::Completed;
    callbacks_->train_end(why);
    callbacks_->finish(why);
  }

  void fit(const std::vector<EpochLogs>& epochs) {
    begin();
    while (next_ < static_cast<std::int64_t>(epochs.size()) && epoch(epochs[static_cast<std::size_t>(next_)]))
      continue;
    end();
  }

  [[nodiscard]] host::Callbacks& callbacks() { return *callbacks_; }
  [[nodiscard]] std::int64_t epochs_run() const { return next_; }
  [[nodiscard]] std::string stop_reason() const {
    return callbacks_->stop() ? callbacks_->stop()->reason : "";
  }
  /// Names of the saved files, in order.
  [[nodiscard]] std::vector<std::string> saved() const {
    std::vector<std::string> names;
    for (const std::filesystem::path& file : callbacks_->saved_files())
      names.push_back(file.filename().string());
    return names;
  }
  /// Value of a key after the last epoch; empty if it was unavailable.
  [[nodiscard]] std::optional<double> value(std::string_view key) const {
    const auto keys = callbacks_->keys();
    const std::vector<host::LogValue> values = callbacks_->epoch_values();
    for (std::size_t i = 0; i < values.size(); ++i)
      if (keys[i].name == key && values[i].available) return values[i].value;
    return std::nullopt;
  }

  StubTarget target;
  StubRun runs;
  StubForward passes;
  std::vector<std::string> messages;
  std::vector<double> rates;        ///< rate of each epoch
  std::vector<double> batch_rates;  ///< rate of each batch

 private:
  host::Catalog catalog_;
  std::unique_ptr<host::Callbacks> callbacks_;
  host::RunInfo run_;
  std::string state_;
  std::int64_t next_ = 0;
};

/// The error of creating, setting up and beginning a run with this plan; "" if there is none.
inline std::string refusal_of(const Plan& plan) {
  try {
    Driver driver(plan);
    driver.begin();
  } catch (const host::Error& error) {
    return error.what();
  }
  return "";
}

/// A run interrupted before epoch `at`: state, weight and rate are restored, everything else is new.
inline std::unique_ptr<Driver> interrupted(const Plan& plan, const std::vector<EpochLogs>& epochs,
                                           std::size_t at) {
  Driver before(plan);
  before.begin();
  for (std::size_t i = 0; i < at; ++i) before.epoch(epochs[i]);
  auto after = std::make_unique<Driver>(plan);
  after->resume(before.callbacks().save_state(), static_cast<std::int64_t>(at));
  after->target.weight = before.target.weight;
  after->target.rate = before.target.rate;
  after->fit(epochs);
  return after;
}

}  // namespace kairos::tests
