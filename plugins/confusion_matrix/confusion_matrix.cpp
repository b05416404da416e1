// SPDX-License-Identifier: MIT
// Writes the confusion matrix of each validation or evaluation.
#include <kairos/plugin.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../common/class_counts.hpp"
#include "../common/csv_text.hpp"
#include "../common/python_number.hpp"
#include "../common/text.hpp"
#include "../common/whole_file.hpp"

namespace kairos::plugins {

/// scikit-learn's `confusion_matrix` of the samples that were validated or evaluated: rows are the classes of
/// the targets, columns the predicted ones. The sample weights of the run do not apply.
struct ConfusionMatrix : Callback<ConfusionMatrix> {
  static constexpr auto id = "kairos.ConfusionMatrix";
  static constexpr auto summary = "Writes the confusion matrix of each validation or evaluation.";
  static constexpr auto phase = Phase::Report;

  Option<OutputPath> filename{this, "filename", "confusion_matrix.csv",
                              "CSV file, replaced after each validation"};
  Option<std::string_view> class_labels{this, "class_names", unset,
                                        "names of the classes, such as 'cat,dog'"};
  Option<Choice> normalize{this, "normalize", "none",
                           "write shares: of the targets' class, of the predicted class, or of all samples",
                           choices("none,true,pred,all")};
  Option<int> output{this, "output", 0, "number of the model's output, counted from 0", kairos::min(0)};

  void setup(Run& run) {
    check_counting(run, filename.value(), static_cast<std::uint32_t>(output.value()), class_labels.value());
  }
  void on_test_begin(Test&) { counts_->clear(); }
  void on_test_batch_end(Batch& batch) {
    count_batch(*counts_, batch, static_cast<std::uint32_t>(output.value()), class_labels.value());
  }

  void on_test_end(Test&) {
    if (counts_->total() == 0) return;
    const std::size_t classes = counts_->classes();
    const std::vector<std::string> names = class_names(class_labels.value(), classes);
    std::string text = "class";
    for (const std::string& name : names) text += ',' + csv_text(name);
    for (std::size_t i = 0; i < classes; ++i) {
      text += '\n' + csv_text(names[i]);
      for (std::size_t k = 0; k < classes; ++k) text += ',' + cell(i, k);
    }
    write_whole_file(std::string(filename.value()), text + '\n');
  }

 private:
  [[nodiscard]] std::string cell(std::size_t row, std::size_t column) const {
    const std::int64_t count = (*counts_)(row, column);
    if (normalize == "none") return std::to_string(count);
    const std::int64_t whole = normalize == "true"   ? counts_->of_class(row)
                               : normalize == "pred" ? counts_->predicted_as(column)
                                                     : counts_->total();
    // As scikit-learn: a class without samples has the shares 0.
    return python_number(static_cast<double>(count) / static_cast<double>(std::max<std::int64_t>(whole, 1)));
  }

  Owned<ClassCounts> counts_{this};
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::ConfusionMatrix)
