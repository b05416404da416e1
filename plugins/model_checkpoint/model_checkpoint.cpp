// SPDX-License-Identifier: MIT
// Saves the model during training: at the end of epochs, every n batches, or if a metric is better than all
// before.
#include <kairos/plugin.hpp>

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "file_template.hpp"

namespace kairos::plugins {

namespace fs = std::filesystem;

/// Behaves as Keras 3.15 `ModelCheckpoint`. Differences: NaN is never saved as the best, errors in the file
/// name or the monitor are found before training, and an integer save_freq works with save_best_only.
struct ModelCheckpoint : Callback<ModelCheckpoint> {
  static constexpr auto id = "kairos.ModelCheckpoint";
  static constexpr auto summary =
      "Saves the model or its weights after epochs or batches, all or only the best.";
  static constexpr auto phase = Phase::Persist;
  static constexpr auto capabilities = Can::SaveModel;

  Option<SavePath> filepath{
      this, "filepath", required,
      "file to write, with fields: m-{epoch:02d}-{val_loss:.2f}.keras; the ending selects the format"};
  // No default, so that a run without validation can save every epoch; save_best_only uses val_loss.
  Option<Metric> monitor{this, "monitor", unset, "metric that save_best_only compares; val_loss if not set",
                         voids_state};
  Option<int> verbose{this, "verbose", 0, "1 prints what is saved and why", kairos::min(0)};
  Option<bool> save_best_only{this, "save_best_only", false,
                              "only save if the metric is better than all before"};
  Option<bool> save_weights_only{this, "save_weights_only", false,
                                 "save only the weights, without architecture and optimizer"};
  Option<Choice> mode{this, "mode", "auto",
                      "whether smaller or larger is better; auto as the metric declares",
                      choices("auto,min,max")};
  Option<std::string_view> save_freq{this, "save_freq", "epoch",
                                     "epoch, or a number of batches, counted across epochs"};
  Option<double> initial_value_threshold{this, "initial_value_threshold", unset,
                                         "value that the first file of save_best_only must beat"};
  // After the arguments of Keras 3, which may be positional.
  Option<int> period{this,           "period",      1, "with save_freq=epoch: save or compare every n epochs",
                     unit("epochs"), kairos::min(1)};
  Option<bool> in_background{this, "in_background", false,
                             "copy the model and write the file during training"};

  State<double> best{this, "best", unset};
  State<std::int64_t> since_save{this, "since_save", 0};  ///< epochs, or batches if save_freq is an integer

  void setup(Run& run) {
    read_frequency();
    const std::string_view directory = base_of(filepath.value(), run.run_dir());
    *template_ = FileTemplate(filepath.value().substr(directory.size()), std::string(directory));
    check_fields(run);
    check_place();
    run.require_can_save(filepath.value(), content());
    if (initial_value_threshold.is_set() && std::isnan(initial_value_threshold.value()))
      throw Error("initial_value_threshold is NaN, which no value can beat. Set a number or omit it");
    best = initial_value_threshold.value();  // A restored state replaces it.
    if (save_best_only) check_monitor(run);
  }

  void on_train_batch_end(Batch& batch) {
    if (every_batches_ == 0 || ++since_save < every_batches_) return;
    since_save = 0;
    save(batch, batch.epoch() + 1, batch.index() + 1);
  }

  void on_epoch_end(Epoch& epoch) {
    if (every_batches_ != 0 || ++since_save < period) return;
    since_save = 0;
    save(epoch, epoch.number(), 0);
  }

 private:
  [[nodiscard]] SaveContent content() const {
    return save_weights_only ? SaveContent::Weights : SaveContent::Model;
  }
  [[nodiscard]] std::string_view monitored() const { return monitor.is_set() ? monitor.key() : "val_loss"; }

  /// The prefix that the host added to a relative path, in which braces are not fields: the run directory, or
  /// the current one. Empty if the path is elsewhere, because the user wrote all of it.
  static std::string_view base_of(std::string_view file, std::string_view run_directory) {
    std::error_code error;
    const std::string base =
        run_directory.empty() ? fs::current_path(error).string() : std::string(run_directory);
    return !base.empty() && file.starts_with(base + "/") ? file.substr(0, base.size() + 1)
                                                         : std::string_view();
  }

  void read_frequency() {
    const std::string_view text = save_freq.value();
    if (text == "epoch") return;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), every_batches_);
    if (error != std::errc() || end != text.data() + text.size() || every_batches_ < 1)
      throw Error("save_freq is \"" + std::string(text) +
                  "\"; expected epoch, or a number of batches of 1 or more. Correct it");
    if (period > 1)
      throw Error("period counts epochs and save_freq=" + std::string(text) +
                  " counts batches. Omit one of them");
  }

  /// Resolves names of fields as the host resolves monitors, and rejects unknown ones before training;
  /// otherwise the first save would fail after an epoch.
  void check_fields(const Run& run) {
    std::vector<std::string> known = {"epoch"};
    if (every_batches_ != 0) known.emplace_back("batch");
    for (std::uint32_t i = 0; i < run.log_count(); ++i)
      if (every_batches_ == 0 || !is_validation(run.log_name(i))) known.emplace_back(run.log_name(i));
    for (FileTemplate::Piece& piece : template_->pieces()) {
      if (piece.key.empty()) continue;
      const std::string key = known_key(piece.key, known);
      if (key.empty()) refuse_field(piece.key, known);
      piece.key = key;
    }
  }

  [[noreturn]] void refuse_field(const std::string& key, const std::vector<std::string>& known) const {
    std::string text = "filepath has an unknown field {" + key + "}";
    if (key == "batch") text = "filepath has the field {batch}, which needs an integer save_freq";
    if (every_batches_ != 0 && is_validation(key))
      text =
          "filepath has the field {" + key +
          "}, which has no value at the end of a batch, where save_freq=" + std::string(save_freq.value()) +
          " saves";
    const std::string near = nearest_key(key, known);
    text += near.empty() ? ". Known are: " : ". Did you mean {" + near + "}? Known are: ";
    for (const std::string& name : known) text += (name == known.front() ? "" : ", ") + name;
    throw Error(text);
  }

  /// The nearest existing parent directory must be writable; save() creates the directories below it.
  void check_place() const {
    const fs::path file(filepath.value());
    std::error_code ignored;
    if (!template_->has_fields() && fs::is_directory(file, ignored))
      throw Error(KAIROS_E_IO, "filepath " + file.string() + " is a directory. Name a file in it");
    fs::path parent = file.parent_path();
    while (!fs::exists(parent, ignored) && parent.has_relative_path()) parent = parent.parent_path();
    if (!fs::is_directory(parent, ignored) || ::access(parent.c_str(), W_OK | X_OK) != 0)
      throw Error(KAIROS_E_IO, "cannot create filepath " + file.string() + ": " + parent.string() +
                                   " is not a writable directory. Choose another path");
  }

  void check_monitor(const Run& run) {
    const std::string key(monitored());
    if (every_batches_ != 0 && is_validation(key))
      throw Error(
          "save_best_only compares \"" + key +
          "\", which has no value at the end of a batch, where save_freq=" + std::string(save_freq.value()) +
          " saves. Set monitor=" + key.substr(4) + " or save_freq=epoch");
    if (!monitor.is_set() && !run.find_log(key))
      throw Error(
          "save_best_only compares \"val_loss\" if monitor is not set, and this run has no validation. "
          "Add validation data, or set monitor=loss");
    direction_ = monitor.is_set() ? monitor.direction(run, mode)
                 : mode == "max"  ? Direction::Max
                                  : Direction::Min;
  }

  void save(Event& event, std::int64_t epoch, std::int64_t batch) {
    const std::string who = "Epoch " + std::to_string(epoch) + ": ";
    std::string why;
    std::optional<double> now;
    if (save_best_only) {
      now = value_of(event, monitored());
      if (!now) return;
      if (!is_better(direction_, *now, best)) {
        if (verbose > 0) event.print(who + std::string(monitored()) + " did not improve from " + best_text());
        return;
      }
      why = std::string(monitored()) + " improved from " + best_text() + " to " + five_digits(*now) + ", ";
    }
    const std::optional<std::string> file = file_name(event, epoch, batch);
    if (!file) return;
    if (verbose > 0) event.print(who + why + "saving model to " + *file);
    if (in_background)
      event.save_in_background(*file, content());
    else
      event.save(*file, content());
    if (now) best = *now;  // Only now: the file has been saved.
    if (verbose > 0 && !in_background) event.print(who + "finished saving model to " + *file);
  }

  /// The file name; empty if a field has no value in this event.
  std::optional<std::string> file_name(const Event& event, std::int64_t epoch, std::int64_t batch) {
    std::string name;
    for (const FileTemplate::Piece& piece : template_->pieces()) {
      name += piece.text;
      if (piece.key.empty()) continue;
      const std::optional<double> value = piece.key == "epoch"   ? static_cast<double>(epoch)
                                          : piece.key == "batch" ? static_cast<double>(batch)
                                                                 : value_of(event, piece.key);
      if (!value) {
        warn_once(event, piece.key, epoch);
        return std::nullopt;
      }
      name += formatted(*value, piece.format, FileTemplate::is_whole(piece.key));
    }
    return name;
  }

  void warn_once(const Event& event, const std::string& key, std::int64_t epoch) {
    if (!warned_)
      event.print("epoch " + std::to_string(epoch) + " is not saved, because the field {" + key +
                      "} of filepath has no value in it; later epochs without a value are not saved either. "
                      "Remove {" +
                      key + "} from filepath to save them too",
                  Level::Warning);
    warned_ = true;
  }

  [[nodiscard]] static std::optional<double> value_of(const Event& event, std::string_view key) {
    const std::optional<std::uint32_t> index = event.find_log(key);
    return index ? event.log(*index) : std::nullopt;
  }
  [[nodiscard]] static bool is_validation(std::string_view key) { return key.substr(0, 4) == "val_"; }
  [[nodiscard]] std::string best_text() const {
    return std::isnan(best.value()) ? "None" : five_digits(best);
  }
  [[nodiscard]] static std::string five_digits(double value) {
    FileTemplate::Format format;
    format.precision = 5;
    format.type = 'f';
    return formatted(value, format, false);
  }

  Owned<FileTemplate> template_{this};
  std::int64_t every_batches_ = 0;  ///< 0: at the end of epochs
  Direction direction_ = Direction::Min;
  bool warned_ = false;
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::ModelCheckpoint)
