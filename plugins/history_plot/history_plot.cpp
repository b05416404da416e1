// SPDX-License-Identifier: MIT
// Draws the logs of all epochs as curves, after each epoch.
#include <kairos/plugin.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../common/log_keys.hpp"
#include "../common/output_place.hpp"
#include "../common/svg.hpp"
#include "../common/text.hpp"
#include "../common/whole_file.hpp"

namespace kairos::plugins {

/// The plots of the curves of training and validation that every tutorial of Keras draws from `History`,
/// while the run goes on. A key and its val_… share a chart.
struct HistoryPlot : Callback<HistoryPlot> {
  static constexpr auto id = "kairos.HistoryPlot";
  static constexpr auto summary = "Draws the logs of all epochs as an SVG image.";
  static constexpr auto phase = Phase::Report;

  Option<OutputPath> filename{this, "filename", "history.svg", "image to write; replaced after each epoch"};
  Option<std::string_view> keys{this, "keys", unset, "keys to draw, such as loss,val_loss; all if not set"};
  Option<std::string_view> log_scale{this, "log_scale", unset, "keys whose charts have a logarithmic scale"};

  State<std::string> names{this, "names"};            ///< of the columns, each ended by a line break
  State<std::vector<double>> values{this, "values"};  ///< epoch and columns, row by row; NaN if unavailable

  void setup(Run& run) {
    const std::string name(filename.value());
    if (!name.ends_with(".svg"))
      throw Error("filename is " + name + "; expected a name that ends in .svg. Change its ending");
    check_output_place(name, Writing::Replaced);
    *title_ = std::filesystem::path(std::string(run.run_dir())).filename().string();
  }

  void on_train_begin(Run& run) {
    const std::vector<std::string> known = log_keys(run);
    *shown_ = keys.is_set() ? chosen(keys.value(), "keys", known) : known;
    *scaled_ = chosen(log_scale.value(), "log_scale", known);
    std::string columns;
    for (const std::string& key : *shown_) columns += key + '\n';
    if (*names != columns) values->clear();  // a new run, or one that draws other keys
    *names = std::move(columns);
  }

  void on_epoch_end(Epoch& epoch) {
    values->push_back(static_cast<double>(epoch.index()));
    for (const std::string& key : *shown_)
      values->push_back(value_of(epoch, key).value_or(static_cast<double>(unset)));
    // An image that still waits is out of date.
    post(when_interrupted::cancel);
  }

  void on_train_end(End&) { post(when_interrupted::finish); }

 private:
  /// The keys of an option, by their names in this run.
  static std::vector<std::string> chosen(std::string_view text, const char* option,
                                         const std::vector<std::string>& known) {
    std::vector<std::string> found;
    for (const std::string& word : words_of(text)) {
      found.push_back(known_key(word, known));
      if (found.back().empty())
        throw Error(std::string(option) + " has \"" + word + "\", which this run does not log. " +
                    known_instead_of(word, known));
    }
    return found;
  }

  void post(when_interrupted interrupted) {
    if (values->empty()) return;
    tasks_.post(
        [charts = charts(), file = std::string(filename.value()),
         title = title_->empty() ? "history" : *title_] {
          write_whole_file(file, svg::document(charts, title, "epoch"));
        },
        when_full::drop, interrupted);
  }

  /// In the order in which the first key of each chart is shown.
  [[nodiscard]] std::vector<svg::Chart> charts() const {
    std::vector<svg::Chart> all;
    for (std::size_t column = 0; column < shown_->size(); ++column) {
      const std::string& key = (*shown_)[column];
      const std::string title = is_validation(key) ? key.substr(4) : key;
      auto chart = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.title == title; });
      if (chart == all.end()) chart = all.insert(all.end(), svg::Chart{title, {}, false});
      chart->logarithmic = chart->logarithmic || std::count(scaled_->begin(), scaled_->end(), key) != 0;
      svg::Curve curve{key, {}, {}};
      for (std::size_t row = 0; row < values->size(); row += shown_->size() + 1) {
        curve.x.push_back((*values)[row]);
        curve.y.push_back((*values)[row + 1 + column]);
      }
      chart->curves.push_back(std::move(curve));
    }
    return all;
  }

  Tasks tasks_{this, 1};
  Owned<std::vector<std::string>> shown_{this};
  Owned<std::vector<std::string>> scaled_{this};
  Owned<std::string> title_{this};
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::HistoryPlot)
