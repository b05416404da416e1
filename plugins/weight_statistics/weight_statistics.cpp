// SPDX-License-Identifier: MIT
// Writes norms and other statistics of each weight after each epoch.
#include <kairos/plugin.hpp>

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../common/csv_text.hpp"
#include "../common/json_text.hpp"
#include "../common/line_file.hpp"
#include "../common/text.hpp"
#include "statistics.hpp"

namespace kairos::plugins {

/// What TensorBoard's histograms and Karpathy's "update:data ratio" (near 1e-3 when the learning rate is
/// right; cs231n, "Neural Networks Part 3") show, as a table. The ratio is that of the first step of each
/// epoch. A unit of a kernel is dead if all its gradients were 0 in all steps of the epoch, as behind a ReLU
/// that no sample activates.
struct WeightStatistics : Callback<WeightStatistics> {
  static constexpr auto id = "kairos.WeightStatistics";
  static constexpr auto summary = "Writes norms, update ratios and dead units of the weights.";
  static constexpr auto phase = Phase::Measure;
  static constexpr auto publishes = "weight_norm,update_ratio,dead_units:min";

  Option<OutputPath> filename{this, "filename", "weights.csv",
                              "file to write: JSON Lines if its name ends in .jsonl, else CSV"};
  Option<int> histogram{
      this,           "histogram",       0, "bins of a histogram of each weight; only in JSON Lines",
      kairos::min(0), kairos::max(10000)};
  Option<bool> dead_units{this, "dead_units", true, "look at the gradients of each step for dead units"};

  State<std::vector<std::uint8_t>> alive{this, "alive"};  ///< of all units of all kernels, in this epoch
  State<std::vector<double>> ratios{this,
                                    "ratios"};  ///< of all trained weights, once measured; the last: of all
  State<std::int64_t> size{this, "size", 0};    ///< of the file, in bytes

  void setup(Run&) {
    const std::string_view name = filename.value();
    is_json_ = name.size() > 6 && name.substr(name.size() - 6) == ".jsonl";
    if (histogram > 0 && !is_json_)
      throw Error("histogram needs JSON Lines; found the file " + std::string(name) +
                  ". Write for example filename=weights.jsonl");
    *file_ = LineFile(std::string(name));
  }

  void on_train_begin(Run& run) {
    std::vector<Tensor> weights;
    for (std::uint32_t i = 0; i < run.tensor_count(Role::Weight); ++i)
      weights.push_back(run.tensor(Role::Weight, i));
    units_->clear();
    for (const Tensor& weight : weights)
      if (weight.trainable()) units_->push_back(units_of(weight, weights));
    if (run.rank() != 0) return;
    file_->warn_of_loss(run, size, "statistics");
    const bool goes_on = run.run_resumed() && file_->has_content();
    if (goes_on)
      file_->cut_for_resume(run, size, false, [this, first = run.initial_epoch()](const std::string& line) {
        const std::size_t from = is_json_ ? std::string_view("{\"epoch\": ").size() : 0;
        std::int64_t epoch = -1;  // of the header, too
        if (line.size() > from) std::from_chars(line.data() + from, line.data() + line.size(), epoch);
        return epoch < first;
      });
    file_->open(goes_on);
    if (!is_json_ && !file_->has_content())
      file_->write(
          "epoch,step,weight,elements,norm,mean,std,min,max,zeros,not_finite,update_ratio,units,dead_units");
    size = file_->size();
  }

  void on_epoch_begin(Epoch&) {
    alive->clear();
    ratios->clear();
    copied_ = false;
  }

  void on_train_batch_begin(Batch& batch) {
    if (copied_ || !ratios->empty()) return;
    std::size_t next = 0;
    for (std::uint32_t i = 0; i < batch.tensor_count(Role::Weight); ++i) {
      const Tensor weight = batch.tensor(Role::Weight, i);
      if (!weight.trainable()) continue;
      if (before_->size() <= next) before_->emplace_back();
      (*before_)[next++].assign(weight.begin(), weight.end());
    }
    copied_ = true;
  }

  void on_backward_end(Batch& batch) {
    if (!dead_units) return;
    std::size_t first = 0;
    for (std::uint32_t i = 0; i < batch.tensor_count(Role::Gradient); ++i) {
      const Tensor gradient = batch.tensor(Role::Gradient, i);
      const std::size_t units = units_of_trained(i);
      if (alive->size() < first + units) alive->resize(first + units, 0);
      mark_alive(gradient, alive->data() + first, units);
      first += units;
    }
  }

  void on_train_batch_end(Batch& batch) {
    if (!copied_ || !batch.stepped()) return;
    copied_ = false;
    double moved = 0, length = 0;
    std::size_t next = 0;
    for (std::uint32_t i = 0; i < batch.tensor_count(Role::Weight); ++i) {
      const Tensor weight = batch.tensor(Role::Weight, i);
      if (!weight.trainable()) continue;
      const Change change = change_of((*before_)[next++], weight);
      ratios->push_back(change.ratio());
      moved += change.moved;
      length += change.length;
    }
    ratios->push_back(Change{moved, length}.ratio());
  }

  void on_epoch_end(Epoch& epoch) {
    const bool shown = epoch.artifacts_wanted();
    double squares = 0;
    std::size_t trained = 0, first_unit = 0, dead_in_all = 0;
    for (std::uint32_t i = 0; i < epoch.tensor_count(Role::Weight); ++i) {
      const Tensor weight = epoch.trained_weight(i);  // also while averages are swapped in
      Row row{std::string(weight.name()), statistics_of(weight), {}, {}, 0};
      if (weight.trainable()) {
        if (trained < ratios->size()) row.update_ratio = (*ratios)[trained];
        row.units = units_of_trained(trained++);
        squares += row.values.squares;
        if (row.units > 0 && first_unit + row.units <= alive->size()) {
          row.dead = count_dead(alive->data() + first_unit, row.units);
          dead_in_all += *row.dead;
        }
        first_unit += row.units;
      }
      write_or_warn(epoch, row, weight);
      if (shown) publish_histogram_of(epoch, row, weight);
    }
    if (file_->is_open()) size = file_->size();
    epoch.publish("weight_norm", std::sqrt(squares));
    if (!ratios->empty()) epoch.publish("update_ratio", ratios->back());
    if (!alive->empty()) epoch.publish("dead_units", static_cast<double>(dead_in_all));
  }

  void on_train_end(End&) { file_->close(); }

 private:
  /// By the index among the trained weights, which the gradients have too.
  [[nodiscard]] std::size_t units_of_trained(std::size_t index) const {
    return index < units_->size() ? (*units_)[index] : 0;
  }

  struct Row {
    std::string name;
    Statistics values;
    std::optional<double> update_ratio;
    std::optional<std::size_t> dead;
    std::size_t units;
  };

  /// A weight without finite elements has no histogram.
  void publish_histogram_of(Epoch& epoch, const Row& row, const Tensor& weight) const {
    constexpr std::size_t bins_of_others = 30;  // TensorBoard's
    const Statistics& s = row.values;
    if (std::isnan(s.least) || row.name.empty() || row.name.size() > 200) return;
    const std::size_t bins = histogram > 0 ? static_cast<std::size_t>(histogram.value()) : bins_of_others;
    const std::vector<std::int64_t> counts = histogram_of(weight, s, bins);
    std::vector<double> edges;
    for (std::size_t i = 0; i <= bins; ++i)
      edges.push_back(s.least + (s.greatest - s.least) * static_cast<double>(i) / static_cast<double>(bins));
    epoch.publish_histogram(row.name, edges, {counts.begin(), counts.end()});
  }

  /// The logs do not depend on the file: a full disk ends it, not the training.
  void write_or_warn(const Epoch& epoch, const Row& row, const Tensor& weight) {
    // Another rank, or opening failed and on_error=warn continues, or writing did.
    if (!file_->is_open()) return;
    try {
      write(epoch, row, weight);
    } catch (const Error& error) {
      file_->close();
      epoch.print(std::string(error.what()) + ". The file ends here, and the training goes on with the logs",
                  Level::Warning);
    }
  }

  void write(const Epoch& epoch, const Row& row, const Tensor& weight) {
    const Statistics& s = row.values;
    if (!is_json_) {
      const auto or_na = [](const auto& value) { return value ? shortest(*value) : std::string("NA"); };
      std::string line = std::to_string(epoch.index()) + ',' + std::to_string(epoch.step()) + ',' +
                         csv_text(row.name) + ',' + std::to_string(weight.size());
      for (const double value : {s.norm(), s.mean(), s.deviation(), s.least, s.greatest})
        line += ',' + shortest(value);
      line += ',' + std::to_string(s.zeros) + ',' + std::to_string(s.not_finite) + ',' +
              or_na(row.update_ratio) + ',' + std::to_string(row.units) + ',' + or_na(row.dead);
      return file_->write(line);
    }
    std::string line =
        "{\"epoch\": " + std::to_string(epoch.index()) + ", \"step\": " + std::to_string(epoch.step()) +
        ", \"weight\": " + json_text(row.name) + ", \"elements\": " + std::to_string(weight.size()) +
        ", \"norm\": " + json_number(s.norm()) + ", \"mean\": " + json_number(s.mean()) +
        ", \"std\": " + json_number(s.deviation()) + ", \"min\": " + json_number(s.least) +
        ", \"max\": " + json_number(s.greatest) + ", \"zeros\": " + std::to_string(s.zeros) +
        ", \"not_finite\": " + std::to_string(s.not_finite);
    if (row.update_ratio) line += ", \"update_ratio\": " + json_number(*row.update_ratio);
    if (row.dead)
      line += ", \"units\": " + std::to_string(row.units) + ", \"dead_units\": " + std::to_string(*row.dead);
    if (histogram > 0) {
      line += ", \"histogram\": [";
      const std::vector<std::int64_t> counts =
          histogram_of(weight, s, static_cast<std::size_t>(histogram.value()));
      for (std::size_t i = 0; i < counts.size(); ++i)
        line += (i == 0 ? "" : ", ") + std::to_string(counts[i]);
      line += ']';
    }
    file_->write(line + '}');
  }

  Owned<LineFile> file_{this};
  Owned<std::vector<std::vector<float>>> before_{
      this};                                     ///< trained weights before the first step of an epoch
  Owned<std::vector<std::size_t>> units_{this};  ///< of the trained weights
  bool copied_ = false;
  bool is_json_ = false;
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::WeightStatistics)
