// SPDX-License-Identifier: MIT
// Writes the confusion matrix of each validation or evaluation.
#include <kairos/plugin.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
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

  void on_test_end(Test& test) {
    if (counts_->total() == 0) return;
    const std::size_t classes = counts_->classes();
    const std::vector<std::string> names = shown_class_names(class_labels.value(), classes, test);
    std::string text = "class";
    for (const std::string& name : names) text += ',' + csv_text(name);
    for (std::size_t i = 0; i < classes; ++i) {
      text += '\n' + csv_text(names[i]);
      for (std::size_t k = 0; k < classes; ++k) text += ',' + cell(i, k);
    }
    write_whole_file(std::string(filename.value()), text + '\n');
    if (test.artifacts_wanted()) publish(test, names);
  }

 private:
  /// The numbers for those that show tables, and a picture of them for those that do not.
  void publish(Test& test, const std::vector<std::string>& names) const {
    const std::size_t classes = counts_->classes();
    if (classes > most_shown) return;
    std::vector<double> values;
    for (std::size_t i = 0; i < classes; ++i)
      for (std::size_t k = 0; k < classes; ++k)
        values.push_back(normalize == "none" ? static_cast<double>((*counts_)(i, k)) : share(i, k));
    const auto size = static_cast<std::int64_t>(classes);
    std::vector<std::string> shown;
    for (const std::string& name : names) shown.push_back(shown_text(name));
    test.publish_table("confusion_matrix", values, size, size, shown, shown);
    const std::size_t cell = std::max<std::size_t>(1, shown_size / classes), side = cell * classes;
    std::vector<std::uint8_t> pixels;
    const double most = std::max(*std::max_element(values.begin(), values.end()), 1e-300);
    for (std::size_t y = 0; y < side; ++y)
      for (std::size_t x = 0; x < side; ++x) {
        const double part = values[y / cell * classes + x / cell] / most;
        for (const auto& [from, to] : {std::pair(255.0, 0.0), {255.0, 114.0}, {255.0, 178.0}})
          pixels.push_back(static_cast<std::uint8_t>(from + (to - from) * part));
      }
    test.publish_image("confusion_matrix", pixels, static_cast<std::int64_t>(side),
                       static_cast<std::int64_t>(side), 3);
  }

  static constexpr std::size_t most_shown = 512;  ///< classes in a picture
  static constexpr std::size_t shown_size = 320;  ///< pixels of a small picture, at least

  [[nodiscard]] std::string cell(std::size_t row, std::size_t column) const {
    return normalize == "none" ? std::to_string((*counts_)(row, column)) : python_number(share(row, column));
  }
  /// Of the whole that `normalize` names.
  [[nodiscard]] double share(std::size_t row, std::size_t column) const {
    const std::int64_t whole = normalize == "true"   ? counts_->of_class(row)
                               : normalize == "pred" ? counts_->predicted_as(column)
                                                     : counts_->total();
    // As scikit-learn: a class without samples has the shares 0.
    return static_cast<double>((*counts_)(row, column)) /
           static_cast<double>(std::max<std::int64_t>(whole, 1));
  }

  Owned<ClassCounts> counts_{this};
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::ConfusionMatrix)
