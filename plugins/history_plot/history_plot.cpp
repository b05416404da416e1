// SPDX-License-Identifier: MIT
// Draws the logs of all epochs as curves, after each epoch.
#include <kairos/plugin.hpp>

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../common/curves.hpp"
#include "../common/log_keys.hpp"
#include "../common/output_place.hpp"
#include "../common/svg.hpp"
#include "../common/text.hpp"
#include "../common/whole_file.hpp"
#include "png_image.hpp"

namespace kairos::plugins {

/// The plots of the curves of training and validation that every tutorial of Keras draws from `History`,
/// while the run goes on. A key and its val_… share a chart.
struct HistoryPlot : Callback<HistoryPlot> {
  static constexpr auto id = "kairos.HistoryPlot";
  static constexpr auto summary = "Draws the logs of all epochs as an image, SVG or PNG.";
  static constexpr auto phase = Phase::Report;

  Option<OutputPath> filename{this, "filename", "history.svg",
                              "image to write, .svg or .png; replaced after each epoch"};
  Option<std::string_view> keys{this, "keys", unset, "keys to draw, such as loss,val_loss; all if not set"};
  Option<std::string_view> log_scale{this, "log_scale", unset, "keys whose charts have a logarithmic scale"};

  State<std::string> names{this, "names"};            ///< of the columns, each ended by a line break
  State<std::vector<double>> values{this, "values"};  ///< epoch and columns, row by row; NaN if unavailable

  void setup(Run& run) {
    const std::string name(filename.value());
    is_png_ = name.ends_with(".png");
    if (!is_png_ && !name.ends_with(".svg"))
      throw Error("filename is " + name + "; expected a name that ends in .svg or .png. Change its ending");
    if (is_png_) require_png();
    check_output_place(name, Writing::Replaced);
    *title_ = std::filesystem::path(std::string(run.run_dir())).filename().string();
  }

  void on_train_begin(Run& run) {
    const std::vector<std::string> known = log_keys(run);
    *shown_ = keys.is_set() ? chosen_keys(keys.value(), "keys", known) : known;
    *scaled_ = chosen_keys(log_scale.value(), "log_scale", known);
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

  void on_train_end(End& end) {
    post(when_interrupted::finish);
    if (values->empty() || !end.artifacts_wanted()) return;
    tasks_.drain();
    end.publish_file("history", filename.value(), is_png_ ? "image/png" : "image/svg+xml");
  }

 private:
  void post(when_interrupted interrupted) {
    if (values->empty()) return;
    tasks_.post(
        [charts = charts_of({*values, shown_->size() + 1}, *shown_, 1, *scaled_),
         file = std::string(filename.value()), title = title_->empty() ? "history" : *title_,
         is_png = is_png_] {
          write_whole_file(
              file, is_png ? png_image(charts, title, "epoch") : svg::document(charts, title, "epoch"));
        },
        when_full::drop, interrupted);
  }

  Tasks tasks_{this, 1};
  Owned<std::vector<std::string>> shown_{this};
  Owned<std::vector<std::string>> scaled_{this};
  Owned<std::string> title_{this};
  bool is_png_ = false;
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::HistoryPlot)
