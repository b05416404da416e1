// SPDX-License-Identifier: MIT
// Saves the model during training: at the end of epochs, every n batches or minutes, all, only the best, or
// the best few.
#include <kairos/plugin.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "../common/finite.hpp"
#include "../common/log_keys.hpp"
#include "../common/output_place.hpp"
#include "../common/text.hpp"
#include "file_template.hpp"
#include "kept_files.hpp"

namespace kairos::plugins {

namespace fs = std::filesystem;

/// Behaves as Keras 3.15 `ModelCheckpoint`. Differences: neither a metric nor weights that are NaN or
/// infinite are saved as the best, errors in the file name or the monitor are found before training, and an
/// integer save_freq works with save_best_only. keep, last and save_every are save_top_k, save_last and
/// train_time_interval of PyTorch Lightning 2; only files that this callback wrote are ever removed.
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

  Option<int> keep{this, "keep", unset,
                   "number of files that are kept: the best of monitor if it is set, else the newest",
                   kairos::min(1)};
  Option<SavePath> last{this, "last", unset, "file that always has the newest model"};
  Option<Duration> save_every{this, "save_every", unset,
                              "save or compare after the first batch that ends so long after the last save"};
  Option<bool> save_on_interrupt{this, "save_on_interrupt", false, "save to last when a signal ends the run"};
  Option<bool> save_on_fault{this, "save_on_fault", false,
                             "save to last when an error ends the run, unless weights are NaN or infinite"};

  State<double> best{this, "best", unset};
  State<std::int64_t> since_save{this, "since_save", 0};  ///< epochs, or batches if save_freq is an integer

  State<std::string> kept{this, "kept"};  ///< KeptFiles::text()

  void setup(Run& run) {
    check_frequency();
    const std::string_view directory = base_of(filepath.value(), run.run_dir());
    *template_ = FileTemplate(filepath.value().substr(directory.size()), std::string(directory));
    *files_ = KeptFiles(std::string(directory));
    check_fields(run);
    check_places(run.run_dir());
    check_keep();
    run.require_can_save(filepath.value(), content());
    if (last.is_set()) run.require_can_save(last.value(), content());
    if (initial_value_threshold.is_set() && std::isnan(initial_value_threshold.value()))
      throw Error("initial_value_threshold is NaN, which no value can beat. Set a number or omit it");
    best = initial_value_threshold.value();  // A restored state replaces it.
    if (compares()) check_monitor(run);
  }

  void on_train_begin(Run&) {
    files_->read(*kept);
    last_save_ = std::chrono::steady_clock::now();
  }

  void on_train_batch_end(Batch& batch) {
    if (!in_batches()) return;
    if (every_batches_ > 0 ? ++since_save < every_batches_ : !is_time()) return;
    since_save = 0;
    save_due(batch, batch.epoch() + 1, batch.index() + 1);
  }

  void on_epoch_end(Epoch& epoch) {
    if (in_batches() || ++since_save < period) return;
    since_save = 0;
    save_due(epoch, epoch.number(), 0);
  }

  void on_interrupt(Interrupt& interrupt) {
    if (save_on_interrupt) interrupt.save(last.value(), content());
  }

  void on_fault(Fault& fault) {
    if (!save_on_fault) return;
    if (const std::optional<std::string> weight = first_not_finite(fault, Role::Weight))
      fault.print("the model is not saved to " + std::string(last.value()) + ", because the weight " +
                      *weight + " is NaN or infinite",
                  Level::Warning);
    else
      fault.save(last.value(), content());
  }

 private:
  /// True if saves are due at the end of batches, not of epochs.
  [[nodiscard]] bool in_batches() const { return every_batches_ > 0 || save_every.is_set(); }
  /// True if only some files are saved, by their value of the monitor.
  [[nodiscard]] bool compares() const { return save_best_only || ranks(); }
  /// True if the best few files are kept.
  [[nodiscard]] bool ranks() const { return keep.is_set() && monitor.is_set() && !save_best_only; }
  [[nodiscard]] bool is_time() {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_save_ < save_every.value()) return false;
    last_save_ = now;
    return true;
  }
  /// The option that says when to save, for messages.
  [[nodiscard]] std::string frequency() const {
    return save_every.is_set() ? "save_every" : "save_freq=" + std::string(save_freq.value());
  }
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

  void check_frequency() {
    every_batches_ = read_frequency("save_freq", save_freq.value());
    if (period > 1 && in_batches())
      throw Error("period counts epochs and " + frequency() +
                  (every_batches_ > 0 ? " counts batches" : " measures time") + ". Omit one of them");
    if (save_every.is_set() && every_batches_ > 0)
      throw Error("save_every and save_freq=" + std::string(save_freq.value()) +
                  " both say when to save. Omit one of them");
    if (save_every.is_set() && save_every.value().count() <= 0)
      throw Error("save_every is 0; expected a longer time. Write for example save_every=30m");
  }

  void check_keep() const {
    if (keep.is_set() && in_background)
      throw Error(
          "keep removes a file only after the next one is complete, and with in_background=true it is "
          "not known when. Omit one of them");
    if (keep.is_set() && keep > 1 && !template_->has_fields())
      throw Error("keep=" + std::to_string(keep.value()) +
                  " needs several files, and filepath has no field. Add " + "one, such as {epoch}");
    if (!last.is_set() && (save_on_interrupt || save_on_fault))
      throw Error(std::string(save_on_interrupt ? "save_on_interrupt" : "save_on_fault") +
                  " saves to last, which is not set. Set for example last=last.keras");
  }

  /// Resolves names of fields as the host resolves monitors, and rejects unknown ones before training;
  /// otherwise the first save would fail after an epoch.
  void check_fields(const Run& run) {
    std::vector<std::string> known = {"epoch"};
    if (in_batches()) known.emplace_back("batch");
    for (std::string& key : log_keys(run, in_batches())) known.push_back(std::move(key));
    for (FileTemplate::Piece& piece : template_->pieces()) {
      if (piece.key.empty()) continue;
      const std::string key = known_key(piece.key, known);
      if (key.empty()) refuse_field(piece.key, known);
      piece.key = key;
    }
  }

  [[noreturn]] void refuse_field(const std::string& key, const std::vector<std::string>& known) const {
    std::string text = "filepath has an unknown field {" + key + "}";
    if (key == "batch")
      text = "filepath has the field {batch}, which needs an integer save_freq or save_every";
    if (in_batches() && is_validation(key))
      text = "filepath has the field {" + key + "}, which has no value at the end of a batch, where " +
             frequency() + " saves";
    const std::string near = nearest_key(key, known);
    text += near.empty() ? ". Known are: " : ". Did you mean {" + near + "}? Known are: ";
    for (const std::string& name : known) text += (name == known.front() ? "" : ", ") + name;
    throw Error(text);
  }

  /// save() creates the directories below an existing one, and replaces files by complete ones.
  void check_places(std::string_view run_directory) const {
    if (template_->has_fields())
      check_output_directory(filepath.value(), "filepath");
    else
      check_output_place(filepath.value(), Writing::Replaced, "filepath");
    if (!last.is_set()) return;
    const std::string_view name = last.value().substr(base_of(last.value(), run_directory).size());
    if (name.find_first_of("{}") != std::string_view::npos)
      throw Error("last is \"" + std::string(name) +
                  "\"; expected a name without fields, because it is one file that is replaced. Write for "
                  "example last=last.keras");
    check_output_place(last.value(), Writing::Replaced, "last");
  }

  void check_monitor(const Run& run) {
    const std::string key(monitored());
    const std::string who = save_best_only ? "save_best_only" : "keep";
    if (in_batches() && is_validation(key))
      throw Error(who + " compares \"" + key + "\", which has no value at the end of a batch, where " +
                  frequency() + " saves. Set monitor=" + key.substr(4) + " or save_freq=epoch");
    if (!monitor.is_set() && !run.find_log(key))
      throw Error(
          "save_best_only compares \"val_loss\" if monitor is not set, and this run has no validation. "
          "Add validation data, or set monitor=loss");
    direction_ = monitor.is_set() ? monitor.direction(run, mode)
                 : mode == "max"  ? Direction::Max
                                  : Direction::Min;
  }

  void save_due(Event& event, std::int64_t epoch, std::int64_t batch) {
    save_selected(event, epoch, batch);
    if (last.is_set()) write(event, std::string(last.value()));
  }

  void save_selected(Event& event, std::int64_t epoch, std::int64_t batch) {
    const std::string who = "Epoch " + std::to_string(epoch) + ": ";
    std::string why;
    std::optional<double> now;
    if (compares()) {
      now = value_of(event, monitored());
      if (!now) return;
      if (!is_worth(*now)) {
        if (verbose > 0) event.print(who + not_worth(*now));
        return;
      }
      if (const std::optional<std::string> weight = first_not_finite(event, Role::Weight)) {
        event.print(who + "not saved as the best, because the weight " + *weight + " is NaN or infinite",
                    Level::Warning);
        return;
      }
      why = worth(*now);
    }
    const std::optional<std::string> file = file_name(event, epoch, batch);
    if (!file) return;
    if (verbose > 0) event.print(who + why + "saving model to " + *file);
    write(event, *file);
    if (save_best_only) best = *now;  // Only now: the file has been saved.
    if (verbose > 0 && !in_background) event.print(who + "finished saving model to " + *file);
    if (keep.is_set()) remember(event, *file, now.value_or(0));
  }

  void write(Event& event, const std::string& file) {
    if (in_background)
      event.save_in_background(file, content());
    else
      event.save(file, content());
  }

  /// True if a model with this value of the monitor is saved.
  [[nodiscard]] bool is_worth(double now) const {
    if (!std::isfinite(now)) return false;
    if (save_best_only) return is_better(direction_, now, best);
    return files_->size() < static_cast<std::size_t>(keep.value()) ||
           is_better(direction_, now, files_->scores()[worst()]);
  }
  [[nodiscard]] std::string not_worth(double now) const {
    const std::string key(monitored());
    if (save_best_only) return key + " did not improve from " + best_text();
    return key + ' ' + five_digits(now) + " is not among the best " + std::to_string(keep.value());
  }
  [[nodiscard]] std::string worth(double now) const {
    const std::string key(monitored());
    if (save_best_only) return key + " improved from " + best_text() + " to " + five_digits(now) + ", ";
    return key + ' ' + five_digits(now) + " is among the best " + std::to_string(keep.value()) + ", ";
  }

  /// Index of the file that is removed next: the worst, of equals the newest; else the oldest.
  [[nodiscard]] std::size_t worst() const {
    if (!ranks()) return 0;
    const std::vector<double> scores = files_->scores();
    std::size_t found = 0;
    for (std::size_t i = 1; i < scores.size(); ++i)
      if (!is_better(direction_, scores[i], scores[found])) found = i;
    return found;
  }

  void remember(Event& event, const std::string& file, double score) {
    files_->add(file, score);
    while (files_->size() > static_cast<std::size_t>(keep.value())) {
      const std::string warning = files_->remove(worst());
      if (!warning.empty()) event.print(warning, Level::Warning);
    }
    *kept = files_->text();
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
  Owned<KeptFiles> files_{this};
  std::chrono::steady_clock::time_point last_save_;
  std::int64_t every_batches_ = 0;  ///< 0: at the end of epochs
  Direction direction_ = Direction::Min;
  bool warned_ = false;
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::ModelCheckpoint)
