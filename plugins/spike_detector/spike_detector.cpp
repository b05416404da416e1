// SPDX-License-Identifier: MIT
// Writes batches whose loss is far above the recent ones, with their samples.
#include <kairos/plugin.hpp>

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "../common/line_file.hpp"
#include "../common/one_process.hpp"
#include "../common/text.hpp"

namespace kairos::plugins {

/// Lightning Fabric's `SpikeDetection` for the loss: a spike is no better than the loss before, and differs
/// from the mean of the last `window` losses by `atol` and `rtol` or more. Differences: the samples are
/// written too; the run goes on unless `stop` is set, and after `window` spikes in a row their level is the
/// usual one; `warmup` counts batches of the run, not of each epoch; losses that are not finite never enter
/// the mean, and of several in a row the first one is reported; one process only.
struct SpikeDetector : Callback<SpikeDetector> {
  static constexpr auto id = "kairos.SpikeDetector";
  static constexpr auto summary = "Writes batches with loss spikes, and their samples, to a CSV file.";
  static constexpr auto phase = Phase::Report;
  static constexpr auto capabilities = Can::Stop;

  Option<OutputPath> filename{this, "filename", "spikes.csv",
                              "file to write; missing directories are created"};
  Option<int> window{this,           "window",    10,      "losses in the mean", unit("batches"),
                     kairos::min(1), voids_state, max(1e5)};
  Option<int> warmup{this, "warmup", 1, "batches at the start of the run that are no spikes", kairos::min(0)};
  Option<double> atol{this, "atol", unset, "least difference from the mean", kairos::min(0)};
  Option<double> rtol{this, "rtol", 2.0, "least difference from the mean, as a multiple of it",
                      kairos::min(0)};
  Option<bool> finite_only{this, "finite_only", true, "a loss that is NaN or infinite is a spike"};
  Option<bool> stop{this, "stop", false, "stop the run at the first spike"};
  Option<int> verbose{this, "verbose", 1, "1 prints each spike", kairos::min(0)};

  State<std::vector<double>> recent{this, "recent"};  ///< finite losses that were no spikes, the oldest first
  State<std::vector<double>> high{this, "high"};  ///< finite losses of the spikes in a row before this batch
  State<std::vector<std::int64_t>> before{this, "before"};  ///< rows of the batch before
  State<double> last{this, "last", 0.0};                    ///< the newest of `recent`
  State<std::int64_t> seen{this, "seen", 0};                ///< batches
  State<std::int64_t> not_finite{this, "not_finite", 0};    ///< spikes in a row before this batch
  State<std::int64_t> size{this, "size", 0};                ///< of the file, in bytes

  void setup(Run& run) {
    require_one_process(run);
    *file_ = LineFile(std::string(filename.value()));
  }

  void on_train_begin(Run& run) {
    file_->warn_of_loss(run, size, "spikes");
    const bool goes_on = run.run_resumed() && file_->has_content();
    if (goes_on)
      file_->cut_for_resume(run, size, false, [first = run.initial_epoch()](const std::string& line) {
        std::int64_t epoch = -1;  // of the header, too
        std::from_chars(line.data(), line.data() + line.size(), epoch);
        return epoch < first;
      });
    file_->open(goes_on);
    if (!goes_on || !file_->has_content()) file_->write("epoch,batch,step,loss,mean,rows,rows_before");
    size = file_->size();
  }

  void on_train_batch_end(Batch& batch) {
    if (!file_->is_open()) return;  // Opening failed, and on_error=warn continues.
    const double loss = batch.loss();
    const Indices rows = batch.indices();
    if (std::isfinite(loss)) tell_of_not_finite(batch);
    const bool is_known = not_finite > 0;  // Once a weight is NaN, so is every further loss.
    if (seen >= warmup && is_spike(loss)) {
      if (!std::isfinite(loss)) ++not_finite;
      if (!is_known) report(batch, loss, rows);
    } else {
      add_usual(loss);
    }
    ++seen;
    before->assign(rows.begin(), rows.end());
  }

  void on_train_end(End& end) {
    tell_of_not_finite(end);
    file_->close();
  }

 private:
  [[nodiscard]] double mean() const {
    double sum = 0;
    for (const double loss : *recent) sum += loss;
    return recent->empty() ? static_cast<double>(unset) : sum / static_cast<double>(recent->size());
  }

  [[nodiscard]] bool is_spike(double loss) const {
    if (!std::isfinite(loss)) return finite_only;
    if (recent->empty() || loss <= last) return false;
    const double usual = mean();
    const double difference = std::fabs(loss - usual);
    return (!atol.is_set() || difference >= atol) && difference >= std::fabs(rtol * usual);
  }

  /// A loss that is not finite neither changes the mean nor ends a row of spikes.
  void add_usual(double loss) {
    if (!std::isfinite(loss)) return;
    high->clear();
    if (recent->size() == static_cast<std::size_t>(window.value())) recent->erase(recent->begin());
    recent->push_back(loss);
    last = loss;
  }

  void report(Batch& batch, double loss, const Indices& rows) {
    const double usual = mean();
    file_->write(std::to_string(batch.epoch()) + ',' + std::to_string(batch.index()) + ',' +
                 std::to_string(batch.step()) + ',' + shortest(loss) + ',' +
                 (recent->empty() ? "NA" : shortest(usual)) + ',' + words(rows) + ',' + words(*before));
    size = file_->size();
    const std::string text = "the loss of epoch " + std::to_string(batch.epoch() + 1) + ", batch " +
                             std::to_string(batch.index() + 1) + " is " + shortest(loss) +
                             (recent->empty() ? "" : "; the mean before is " + shortest(usual));
    if (stop)
      batch.stop(text);
    else if (verbose > 0)
      batch.print(text, Level::Warning);
    if (std::isfinite(loss)) high->push_back(loss);
    if (high->size() < static_cast<std::size_t>(window.value())) return;
    *recent = *high;
    last = loss;
    high->clear();
  }

  /// Says how many followed the first one, which was reported.
  void tell_of_not_finite(const Event& event) {
    if (not_finite > 1 && verbose > 0)
      event.print("the losses of " + std::to_string(not_finite) + " batches in a row were not finite; " +
                      file_->path().string() + " has the first one",
                  Level::Warning);
    not_finite = 0;
  }

  template <class Rows>
  static std::string words(const Rows& rows) {
    std::string text;
    for (const std::int64_t row : rows) text += (text.empty() ? "" : " ") + std::to_string(row);
    return text;
  }

  Owned<LineFile> file_{this};
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::SpikeDetector)
