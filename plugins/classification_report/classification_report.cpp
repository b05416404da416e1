// SPDX-License-Identifier: MIT
// Writes precision, recall and F1 of each class.
#include <kairos/plugin.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../common/class_counts.hpp"
#include "../common/text.hpp"
#include "../common/whole_file.hpp"

namespace kairos::plugins {

/// The text of scikit-learn's `classification_report` (with zero_division 0), of the samples that were
/// validated or evaluated. All classes of the model are listed, also those without samples.
struct ClassificationReport : Callback<ClassificationReport> {
  static constexpr auto id = "kairos.ClassificationReport";
  static constexpr auto summary =
      "Writes precision, recall and F1 of each class after each validation or evaluation.";
  static constexpr auto phase = Phase::Report;

  Option<OutputPath> filename{this, "filename", "classification_report.txt",
                              "text file, replaced after each validation"};
  Option<std::string_view> class_labels{this, "class_names", unset,
                                        "names of the classes, such as 'cat,dog'"};
  Option<int> digits{this, "digits", 2, "digits after the decimal point", kairos::min(1), kairos::max(17)};
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
    const std::vector<std::string> names = shown_class_names(class_labels.value(), counts_->classes(), test);
    std::size_t width = std::string_view("weighted avg").size();
    for (const std::string& name : names) width = std::max(width, name.size());
    width = std::max(width, static_cast<std::size_t>(digits.value()));
    std::string text = std::string(width, ' ') + "  precision    recall  f1-score   support\n\n";
    Scores macro;
    Scores weighted;
    std::int64_t right = 0;
    const auto total = static_cast<double>(counts_->total());
    for (std::size_t i = 0; i < counts_->classes(); ++i) {
      const Scores scores = scores_of(i);
      const auto support = static_cast<double>(counts_->of_class(i));
      text += row(width, names[i], scores, counts_->of_class(i));
      add(macro, scores, 1 / static_cast<double>(counts_->classes()));
      add(weighted, scores, support / total);
      right += (*counts_)(i, i);
    }
    text += '\n' + right_aligned("accuracy", width) + std::string(21, ' ') +
            right_aligned(fixed(static_cast<double>(right) / total), 10) +
            right_aligned(std::to_string(counts_->total()), 10) + '\n';
    text += row(width, "macro avg", macro, counts_->total());
    text += row(width, "weighted avg", weighted, counts_->total());
    write_whole_file(std::string(filename.value()), text);
    if (test.artifacts_wanted()) test.publish_text("classification_report", shown_text(text));
  }

 private:
  struct Scores {
    double precision = 0;
    double recall = 0;
    double f1 = 0;
  };

  static void add(Scores& sum, const Scores& scores, double share) {
    sum.precision += share * scores.precision;
    sum.recall += share * scores.recall;
    sum.f1 += share * scores.f1;
  }

  [[nodiscard]] Scores scores_of(std::size_t i) const {
    const auto share = [](std::int64_t part, std::int64_t whole) {
      return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
    };
    const std::int64_t right = (*counts_)(i, i);
    const std::int64_t actual = counts_->of_class(i);
    const std::int64_t predicted = counts_->predicted_as(i);
    return {share(right, predicted), share(right, actual), share(2 * right, predicted + actual)};
  }

  static std::string right_aligned(const std::string& text, std::size_t width) {
    return std::string(std::max(width, text.size()) - text.size(), ' ') + text;
  }
  [[nodiscard]] std::string fixed(double value) const {
    std::array<char, 32> text{};
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value,
                                       std::chars_format::fixed, static_cast<int>(digits.value()))
                             .ptr};
  }
  [[nodiscard]] std::string row(std::size_t width, const std::string& name, const Scores& scores,
                                std::int64_t support) const {
    std::string line = right_aligned(name, width) + ' ';
    for (const double value : {scores.precision, scores.recall, scores.f1})
      line += ' ' + right_aligned(fixed(value), 9);
    return line + ' ' + right_aligned(std::to_string(support), 9) + '\n';
  }

  Owned<ClassCounts> counts_{this};
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::ClassificationReport)
