// SPDX-License-Identifier: MIT
// Writes the numbers of a run where TensorBoard finds them.
#include <kairos/plugin.hpp>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "event_file.hpp"

namespace kairos::plugins {

using tensorboard::EventFile;

/// Behaves as Keras 3.15 `TensorBoard` for scalars; differs in: epoch_learning_rate is the rate that the
/// epoch used, and a resumed run continues the curves where it was saved instead of doubling them back.
struct TensorBoard : Callback<TensorBoard> {
  static constexpr auto id = "kairos.TensorBoard";
  static constexpr auto summary = "Writes scalars to event files for TensorBoard.";
  static constexpr auto phase = Phase::Report;

  Option<Path> log_dir{this, "log_dir", "logs", "directory that gets train/ and validation/"};
  Option<std::string_view> update_freq{
      this, "update_freq", "epoch",
      "when to write beside the end of an epoch: epoch (never), batch (after each), or a "
      "number n (after every n batches)"};

  /// Batches trained since the fit began, and the optimizer step at the last end of an epoch: what tells,
  /// after a resume, which points are yet to come.
  State<std::int64_t> batches{this, "batches", 0};
  State<std::int64_t> last_step{this, "last_step", 0};

  Owned<EventFile> train{this};
  Owned<EventFile> validation{this};
  std::int64_t every = 0;  // batches; 0: only epochs
  bool writes = true;      // false where another process of the same run does

  void setup(Run& run) {
    every = batches_between_points();
    writes = run.rank() == 0;
    if (!writes) return;
    const bool fits = run.epochs() > 0;
    if (fits) train->open(directory("train"));
    if (!fits || run.validation_samples() > 0) validation->open(directory("validation"));
  }

  void on_train_begin(Run& run) {
    if (!run.resumed()) {
      batches = 0;
      return;
    }
    if (!writes) return;
    const auto keep = [&](std::string_view tag, std::int64_t step) {
      if (starts_with(tag, "epoch_")) return step < run.initial_epoch();
      return step <= (starts_with(tag, "batch_") ? batches : last_step);
    };
    train->resume(keep);
    if (std::filesystem::exists(directory("validation"))) open_validation();
    if (validation->is_open()) validation->resume(keep);
  }

  void on_train_batch_end(Batch& batch) {
    ++batches;
    if (every == 0 || !writes || batches % every != 0) return;
    for (std::uint32_t i = 0; i < batch.log_count(); ++i)
      if (const std::optional<double> value = batch.log(i))
        train->write_scalar("batch_" + std::string(batch.log_name(i)), batches, *value);
  }

  void on_test_end(Test& test) {
    if (!writes) return;
    for (std::uint32_t i = 0; i < test.log_count(); ++i) {
      std::string_view name = test.log_name(i);
      if (test.in_fit() && !take_prefix(name, "val_")) continue;
      if (const std::optional<double> value = test.log(i))
        open_validation().write_scalar("evaluation_" + std::string(name) + "_vs_iterations", test.step(),
                                       *value);
    }
    if (validation->is_open()) validation->flush();
  }

  void on_epoch_end(Epoch& epoch) {
    last_step = epoch.step();
    if (!writes) return;
    for (std::uint32_t i = 0; i < epoch.log_count(); ++i) {
      std::string_view name = epoch.log_name(i);
      const std::optional<double> value = epoch.log(i);
      if (!value || name == "learning_rate") continue;
      const bool validated = take_prefix(name, "val_");
      (validated ? open_validation() : *train)
          .write_scalar("epoch_" + std::string(name), epoch.index(), *value);
    }
    if (const double rate = epoch.used_learning_rate(); !std::isnan(rate))
      train->write_scalar("epoch_learning_rate", epoch.index(), rate);
    train->flush();
    if (validation->is_open()) validation->flush();
  }

  void teardown(End&) {
    if (train->is_open()) train->flush();
    if (validation->is_open()) validation->flush();
  }

 private:
  static bool starts_with(std::string_view text, std::string_view start) {
    return text.substr(0, start.size()) == start;
  }

  static bool take_prefix(std::string_view& name, std::string_view prefix) {
    if (!starts_with(name, prefix)) return false;
    name.remove_prefix(prefix.size());
    return true;
  }

  [[nodiscard]] std::filesystem::path directory(std::string_view name) const {
    return std::filesystem::path(log_dir.value()) / name;
  }

  /// A loop that did not announce how much it validates gets its file when it does.
  EventFile& open_validation() {
    if (!validation->is_open()) validation->open(directory("validation"));
    return *validation;
  }

  [[nodiscard]] std::int64_t batches_between_points() const {
    const std::string_view text = update_freq;
    if (text == "epoch") return 0;
    if (text == "batch") return 1;
    std::int64_t n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc() || end != text.data() + text.size() || n < 1)
      throw Error(
          "update_freq is \"" + std::string(text) +
          "\"; expected epoch, batch, or a number of batches from 1. Write for instance update_freq=100");
    return n;
  }
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::TensorBoard)
