// SPDX-License-Identifier: MIT
// Writes the logs of each epoch, or of every few batches, as a line of JSON.
#include <kairos/plugin.hpp>

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "../common/json_text.hpp"
#include "../common/line_file.hpp"
#include "../common/text.hpp"

namespace kairos::plugins {

/// JSON Lines (jsonlines.org): one object for each epoch. Numbers have all digits; values that JSON does not
/// have are the texts that Kairos' history.json uses.
struct JSONLinesLogger : Callback<JSONLinesLogger> {
  static constexpr auto id = "kairos.JSONLinesLogger";
  static constexpr auto summary = "Writes the logs of each epoch as a line of JSON.";
  static constexpr auto phase = Phase::Report;

  Option<OutputPath> filename{this, "filename", required, "file to write; missing directories are created"};
  Option<bool> append{this, "append", false, "append to an existing file"};
  Option<std::string_view> log_freq{this, "log_freq", "epoch",
                                    "epoch, or a number of batches after which a line is written as well"};
  Option<bool> timestamps{this, "timestamps", false, "add the time, in seconds since 1970"};

  State<std::int64_t> batches{this, "batches", 0};  ///< since the last line of a batch
  State<std::int64_t> size{this, "size", 0};        ///< of the file, in bytes, after the last line

  void setup(Run&) {
    every_batches_ = read_frequency("log_freq", log_freq.value());
    *file_ = LineFile(std::string(filename.value()));
  }

  void on_train_begin(Run& run) {
    file_->warn_of_loss(run, size, "lines");
    const bool goes_on = (append || run.run_resumed()) && file_->has_content();
    if (goes_on) cut(run);
    file_->open(goes_on);
    size = file_->size();
  }

  void on_train_batch_end(Batch& batch) {
    if (every_batches_ == 0 || ++batches < every_batches_) return;
    batches = 0;
    write(batch,
          "{\"epoch\": " + std::to_string(batch.epoch()) + ", \"batch\": " + std::to_string(batch.index()));
  }

  void on_epoch_end(Epoch& epoch) {
    write(epoch,
          "{\"epoch\": " + std::to_string(epoch.index()) + ", \"step\": " + std::to_string(epoch.step()));
  }

  void on_train_end(End&) { file_->close(); }

 private:
  void write(const Event& event, std::string line) {
    if (!file_->is_open()) return;  // Opening failed, and on_error=warn continues.
    if (timestamps) {
      const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
      line += ", \"time\": " + shortest(std::floor(now.count() * 1000) / 1000);
    }
    for (std::uint32_t i = 0; i < event.log_count(); ++i)
      if (const std::optional<double> value = event.log(i))
        line += ", " + json_text(event.log_name(i)) + ": " + json_number(*value);
    file_->write(line + '}');
    size = file_->size();
  }

  /// Removes the lines that the resumed run writes again, and an incomplete last line.
  void cut(const Run& run) const {
    file_->cut_for_resume(run, size, append, [&run](const std::string& line) {
      constexpr std::string_view begin = "{\"epoch\": ";
      std::int64_t epoch = -1;
      if (line.starts_with(begin))
        std::from_chars(line.data() + begin.size(), line.data() + line.size(), epoch);
      return epoch < run.initial_epoch();
    });
  }

  Owned<LineFile> file_{this};
  std::int64_t every_batches_ = 0;  ///< 0: only epochs
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::JSONLinesLogger)
