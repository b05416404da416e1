// SPDX-License-Identifier: MIT
// Writes the samples with the largest losses to a CSV file.
#include <kairos/plugin.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "../common/one_process.hpp"
#include "../common/output_place.hpp"
#include "../common/text.hpp"
#include "../common/whole_file.hpp"

namespace kairos::plugins {

/// The loss of a sample is the sum over the targets of its losses before weights and penalties. In training
/// it is that of the sample's batch, when the model had not seen the later ones. NaN is larger than every
/// number.
struct HardestSamples : Callback<HardestSamples> {
  static constexpr auto id = "kairos.HardestSamples";
  static constexpr auto summary = "Writes the samples with the largest losses to a CSV file.";
  static constexpr auto phase = Phase::Report;

  Option<OutputPath> filename{this, "filename", required, "file to write; replaced after each epoch"};
  Option<int> count{this, "count", 20, "samples to write", unit("samples"), kairos::min(1), kairos::max(1e6)};
  Option<Choice> source{this,       "source", "training", "which samples", choices("training,validation"),
                        voids_state};

  struct Sample {
    std::int64_t row;
    double loss;
  };
  State<std::vector<Sample>> worst{this, "worst"};  ///< a heap: the least of them first

  void setup(Run& run) {
    if (source == "validation" && run.mode() == Mode::Fit && run.validation_samples() == 0)
      throw Error(
          "source=validation, but this run does not validate. Give it validation data, or set "
          "source=training");
    require_one_process(run);
    check_output_place(std::string(filename.value()), Writing::Replaced);
  }

  void on_epoch_begin(Epoch&) { worst->clear(); }
  void on_train_batch_end(Batch& batch) {
    if (source == "training") collect(batch);
  }
  void on_test_begin(Test& test) {
    if (takes(test)) worst->clear();
  }
  void on_test_batch_end(Batch& batch) {
    if (source == "validation" || batch.epoch() < 0) collect(batch);
  }
  void on_test_end(Test& test) {
    if (!test.in_fit()) write("NA");
    tested_ = tested_ || takes(test);
  }
  void on_epoch_end(Epoch& epoch) {
    if (source == "validation" && !std::exchange(tested_, false)) return;  // keeps the file of the last one
    write(std::to_string(epoch.index()));
  }

 private:
  [[nodiscard]] bool takes(const Test& test) const { return source == "validation" || !test.in_fit(); }

  /// Whether `a` is harder; rows decide between equal losses, so that the order is always the same.
  static bool is_harder(const Sample& a, const Sample& b) {
    const bool a_is_nan = std::isnan(a.loss), b_is_nan = std::isnan(b.loss);
    if (a_is_nan != b_is_nan) return a_is_nan;
    if (!a_is_nan && a.loss != b.loss) return a.loss > b.loss;
    return a.row < b.row;
  }

  void collect(Batch& batch) {
    const Indices rows = batch.indices();
    losses_->assign(rows.size(), 0.0);
    const std::uint32_t targets = batch.tensor_count(Role::SampleLoss);
    if (targets == 0)
      throw Error(KAIROS_E_UNSUPPORTED,
                  "this model does not tell the losses of samples. Leave HardestSamples out");
    for (std::uint32_t i = 0; i < targets; ++i) {
      const Tensor each = batch.tensor(Role::SampleLoss, i);
      for (std::size_t k = 0; k < rows.size(); ++k) (*losses_)[k] += static_cast<double>(each.data()[k]);
    }
    for (std::size_t k = 0; k < rows.size(); ++k) add({rows[k], (*losses_)[k]});
  }

  void add(const Sample& sample) {
    std::vector<Sample>& heap = *worst;
    if (heap.size() == static_cast<std::size_t>(count.value())) {
      if (!is_harder(sample, heap.front())) return;
      std::pop_heap(heap.begin(), heap.end(), is_harder);
      heap.pop_back();
    }
    heap.push_back(sample);
    std::push_heap(heap.begin(), heap.end(), is_harder);
  }

  /// Replaces the file when it is complete.
  void write(const std::string& epoch) {
    std::vector<Sample> sorted = *worst;
    std::sort(sorted.begin(), sorted.end(), is_harder);
    std::string text = "epoch,rank,row,loss\n";
    for (std::size_t i = 0; i < sorted.size(); ++i)
      text += epoch + ',' + std::to_string(i + 1) + ',' + std::to_string(sorted[i].row) + ',' +
              shortest(sorted[i].loss) + '\n';
    write_whole_file(std::string(filename.value()), text);
  }

  Owned<std::vector<double>> losses_{this};
  bool tested_ = false;  ///< a validation has ended since the last epoch did
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::HardestSamples)
