// SPDX-License-Identifier: MIT
// Writes the outputs of the model to a file.
#include <kairos/plugin.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../common/one_process.hpp"
#include "../common/output_place.hpp"
#include "../common/output_target.hpp"
#include "../common/text.hpp"
#include "hdf5_file.hpp"
#include "prediction_file.hpp"

namespace kairos::plugins {

/// Lightning's `BasePredictionWriter`, ready to use: also in an evaluation and after each validation of a
/// fit, where `kairos predict` does not write. Batches are written as they come, so nothing is kept in
/// memory.
struct PredictionWriter : Callback<PredictionWriter> {
  static constexpr auto id = "kairos.PredictionWriter";
  static constexpr auto summary =
      "Writes the outputs of the model in each validation, evaluation or prediction.";
  static constexpr auto phase = Phase::Report;

  Option<OutputPath> filename{this, "filename", "predictions.npy",
                              "file to write, .npy, .csv or .h5; replaced after each validation"};
  Option<int> output{
      this,           "output",
      unset,          "output of the model, counted from 0; if not set, the first, and all in HDF5",
      kairos::min(0), kairos::max(1000)};
  Option<bool> targets{this, "targets", false,
                       "write the targets too; in CSV and HDF5; a prediction has none"};

  void setup(Run& run) {
    const std::string name(filename.value());
    is_csv_ = name.ends_with(".csv");
    is_hdf5_ = name.ends_with(".h5") || name.ends_with(".hdf5");
    if (!is_csv_ && !is_hdf5_ && !name.ends_with(".npy"))
      throw Error("filename is " + name +
                  "; expected a name that ends in .npy, .csv, .h5 or .hdf5. Change its ending");
    if (is_hdf5_) require_hdf5();
    if (targets && !is_csv_ && !is_hdf5_)
      throw Error("targets=true needs a file of several arrays; found the file " + name +
                  ". Write for example filename=predictions.csv");
    with_targets_ = targets && run.mode() != Mode::Predict;  // which has none
    if (run.mode() == Mode::Fit && run.validation_samples() == 0)
      throw Error(
          "this run does not validate, so nothing would be written. Give it validation data, or leave "
          "PredictionWriter out");
    require_one_process(run);
    check_output_place(name, Writing::Replaced);
  }

  void on_test_begin(Test&) { begin_pass(); }
  void on_test_batch_end(Batch& batch) { add_or_give_up(batch); }
  void on_test_end(Test&) { close(); }
  void on_predict_begin(Run&) { begin_pass(); }
  void on_predict_batch_end(Batch& batch) { add_or_give_up(batch); }
  void on_predict_end(End&) { close(); }

 private:
  void begin_pass() {
    abandon();
    is_broken_ = false;
  }
  /// After a failure with on_error=warn, the rest of the pass would make a file that lacks rows.
  void add_or_give_up(Batch& batch) {
    if (is_broken_) return;
    is_broken_ = true;
    add(batch);
    is_broken_ = false;
  }

  static std::vector<std::int64_t> row_shape(const Tensor& tensor) {
    std::vector<std::int64_t> shape;
    for (std::int32_t axis = 1; axis < tensor.rank(); ++axis) shape.push_back(tensor.shape(axis));
    return shape;
  }
  static std::string shape_text(const std::vector<std::int64_t>& shape) {
    std::string text;
    for (const std::int64_t size : shape) text += (text.empty() ? "" : ", ") + std::to_string(size);
    return '(' + text + ')';
  }

  [[nodiscard]] std::uint32_t first_output() const {
    return output.is_set() ? static_cast<std::uint32_t>(output.value()) : 0;
  }

  void add(Batch& batch) {
    const std::uint32_t index = first_output();
    const std::uint32_t count = batch.tensor_count(Role::Output);
    if (index >= count)
      throw Error("output is " + std::to_string(index) + ", but the model has " + std::to_string(count) +
                  (count == 1 ? " output" : " outputs") + ", counted from 0. Correct it");
    if (is_hdf5_) return add_arrays(batch, index, output.is_set() ? index + 1 : count);
    const Tensor values = batch.tensor(Role::Output, index);
    std::vector<std::int64_t> shape = row_shape(values);
    if (!file_->is_open()) {
      file_->open(std::string(filename.value()), std::move(shape));
      begin(batch, values);
    } else if (shape != file_->shape()) {
      refuse_shape(batch, shape);
    }
    if (is_csv_)
      add_rows(batch, values);
    else
      file_->write({reinterpret_cast<const char*>(values.data()),
                    static_cast<std::size_t>(values.size()) * sizeof(float)});
    file_->add_rows(values.shape(0));
  }

  [[noreturn]] void refuse_shape(const Batch& batch, const std::vector<std::int64_t>& shape) {
    abandon();
    throw Error("an output of batch " + std::to_string(batch.index() + 1) + " has the shape " +
                shape_text(shape) + ", and those before another one. Pad the data to one length");
  }

  /// The name of an output in the file, where a '/' would make a group.
  static std::string array_name(const Batch& batch, std::uint32_t index) {
    const auto plain = [&batch](std::uint32_t i) {
      std::string name(batch.tensor(Role::Output, i).name());
      std::replace(name.begin(), name.end(), '/', '_');
      return name.empty() || name == "." ? "output_" + std::to_string(i) : name;
    };
    std::string name = plain(index);
    for (std::uint32_t i = 0; i < index; ++i)
      if (plain(i) == name) return name + '_' + std::to_string(index);
    return name;
  }

  void add_arrays(Batch& batch, std::uint32_t from, std::uint32_t to) {
    if (!hdf5_->is_open()) {
      hdf5_->open(std::string(filename.value()));
      hdf5_->make_group("outputs");
      if (with_targets_) hdf5_->make_group("targets");
    }
    const Indices rows = batch.indices();
    hdf5_->append("row", rows.begin(), static_cast<std::int64_t>(rows.size()));
    for (std::uint32_t i = from; i < to; ++i) {
      const std::string name = array_name(batch, i);
      add_array(batch, "outputs/" + name, batch.tensor(Role::Output, i));
      if (with_targets_ && (output.is_set() || find_target(batch, i)))
        add_array(batch, "targets/" + name, target_of(batch, i));
    }
  }
  void add_array(const Batch& batch, const std::string& name, const Tensor& values) {
    const std::vector<std::int64_t> shape = row_shape(values);
    if (!hdf5_->append(name, values.data(), values.shape(0), shape)) refuse_shape(batch, shape);
  }

  void abandon() {
    file_->abandon();
    hdf5_->abandon();
  }

  void begin(Batch& batch, const Tensor& values) {
    if (!is_csv_) return file_->begin_npy();
    std::string header = "row" + columns("output", values);
    if (with_targets_) header += columns("target", target_of(batch, first_output()));
    file_->write(header + '\n');
  }

  /// ",output", or ",output_0,output_1" and so on if a row has several numbers.
  static std::string columns(const std::string& name, const Tensor& values) {
    const std::int64_t width = values.size() / values.shape(0);
    if (width == 1) return ',' + name;
    std::string text;
    for (std::int64_t i = 0; i < width; ++i) text += ',' + name + '_' + std::to_string(i);
    return text;
  }

  [[nodiscard]] static Tensor target_of(const Batch& batch, std::uint32_t index) {
    const std::optional<std::uint32_t> target = find_target(batch, index);
    if (!target)
      throw Error("targets=true, but output " + std::to_string(index) +
                  " has no target. Leave the option out");
    return batch.tensor(Role::Target, *target);
  }

  void add_rows(Batch& batch, const Tensor& values) {
    const Indices rows = batch.indices();
    text_->clear();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      *text_ += std::to_string(rows[i]);
      add_numbers(values, i, rows.size());
      if (with_targets_) add_numbers(target_of(batch, first_output()), i, rows.size());
      *text_ += '\n';
    }
    file_->write(*text_);
  }

  void add_numbers(const Tensor& values, std::size_t row, std::size_t rows) {
    const std::size_t width = static_cast<std::size_t>(values.size()) / rows;
    for (std::size_t i = 0; i < width; ++i) *text_ += ',' + shortest(values.data()[row * width + i]);
  }

  void close() {
    if (is_broken_) return abandon();
    if (hdf5_->is_open()) return hdf5_->close();
    if (!file_->is_open()) return;  // no batch
    if (is_csv_)
      file_->close();
    else
      file_->close_npy();
  }

  Owned<PredictionFile> file_{this};
  Owned<Hdf5File> hdf5_{this};
  Owned<std::string> text_{this};  ///< rows of a batch
  bool is_csv_ = false, is_hdf5_ = false;
  bool with_targets_ = false;
  bool is_broken_ = false;  ///< a batch of this pass has failed
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::PredictionWriter)
