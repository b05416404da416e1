// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <string>
#include <vector>

#include "host/temporary_directory.hpp"
#include "plugins/loaded_callback.hpp"

using Catch::Matchers::Contains;
using kairos::testing::Fit;
using kairos::testing::Settings;
using kairos::tests::content_of;
using kairos::tests::loaded;
using kairos::tests::TemporaryDirectory;

namespace {

const kairos_callback& history_plot() {
  return loaded("history_plot", "kairos.HistoryPlot");
}

Settings plot_in(const TemporaryDirectory& dir, const Settings& more = {}) {
  Settings settings{{"filename", (dir / "new/h.svg").string()}};
  settings.insert(settings.end(), more.begin(), more.end());
  return settings;
}

std::size_t times(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

void know_logs(Fit& fit) {
  for (const char* key : {"loss", "accuracy", "val_loss"}) fit.host().log(key, {});
}

}  // namespace

TEST_CASE("HistoryPlot draws a key and its validation in one chart", "[plugins]") {
  const TemporaryDirectory dir;
  Fit fit(history_plot(), plot_in(dir));
  know_logs(fit);
  fit.epoch({{"loss", 4}, {"accuracy", 0.5}, {"val_loss", 2}});
  const std::string one = content_of(dir / "new/h.svg");
  CHECK(times(one, "font-weight=\"bold\">loss</text>") == 1);
  CHECK(times(one, "font-weight=\"bold\">accuracy</text>") == 1);
  CHECK(times(one, "font-weight=\"bold\">") == 2);
  CHECK(times(one, "<circle") == 3);  // single points
  fit.epoch({{"loss", 1}, {"accuracy", 1}, {"val_loss", 3}});
  const std::string two = content_of(dir / "new/h.svg");
  CHECK_THAT(two, Catch::Matchers::StartsWith("<?xml") && Catch::Matchers::EndsWith("</svg>\n"));
  CHECK(times(two, "<polyline") == 3);
  // From the largest value at the top left to the least at the bottom right.
  CHECK_THAT(two, Contains("<polyline points=\"76.0,104.0 696.0,316.0\" fill=\"none\" stroke=\"#0072b2\""));
}

TEST_CASE("HistoryPlot interrupts curves where a value is missing", "[plugins]") {
  struct Case {
    std::vector<double> values;
    const char* scale;
    std::size_t lines, circles;
    const char* why;
  };
  const Case table[] = {
      {{1, 2, 3}, "", 1, 0, "all are there"},
      {{1, 2, NAN, 3, 4}, "", 2, 0, "NaN between two parts"},
      {{1, 2, INFINITY, 3}, "", 1, 1, "a point alone"},
      {{NAN, NAN}, "", 0, 0, "no value at all"},
      {{5, 5}, "", 1, 0, "all equal"},
      {{1, 0, 10, 100}, "loss", 1, 1, "zero has no logarithm"},
      {{-1, -2}, "loss", 0, 0, "nor has any of these"},
  };
  for (const Case& row : table) {
    CAPTURE(row.values, row.why);
    const TemporaryDirectory dir;
    Fit fit(history_plot(), plot_in(dir, {{"keys", "loss"}, {"log_scale", row.scale}}));
    know_logs(fit);
    for (const double value : row.values) fit.epoch({{"loss", value}});
    const std::string text = content_of(dir / "new/h.svg");
    CHECK(times(text, "<polyline") == row.lines);
    CHECK(times(text, "<circle") == row.circles);
    CHECK(times(text, "no values") == (row.lines + row.circles == 0 ? 1 : 0));
    CHECK_THAT(text, !Contains("nan") && !Contains("inf\""));
  }
}

TEST_CASE("HistoryPlot labels its axes so that each label tells a value", "[plugins]") {
  struct Case {
    double low, high;
    const char* scale;
    std::string labels;
    const char* why;
  };
  const Case table[] = {
      {0, 1, "", "0.0 0.2 0.4 0.6 0.8 1.0", "decimals of the step"},
      {0.90001, 0.90005, "", "0.90001 0.90002 0.90003 0.90004 0.90005", "close together"},
      {123456.1, 123456.5, "", "123456.1 123456.2 123456.3 123456.4 123456.5", "many digits"},
      {0, 50000, "", "0 10000 20000 30000 40000 50000", "integers are plain"},
      {-20, 20, "", "-20 -10 0 10 20", "on both sides of zero"},
      {0, 5e7, "", "0 1e+07 2e+07 3e+07 4e+07 5e+07", "very large"},
      {1e-6, 3e-6, "", "1.0e-06 1.5e-06 2.0e-06 2.5e-06 3.0e-06", "very small"},
      {100000, 100000, "", "100000", "a single value"},
      {0.93359375, 0.93359375, "", "0.933594", "one with many digits"},
      {0.001, 1000, "loss", "0.01 1 100", "powers of ten"},
      {0.3, 6, "loss", "0.5 1 2 5", "less than two of them"},
      {2.2, 2.6, "loss", "2.2 2.3 2.4 2.5 2.6", "less than one"},
  };
  for (const Case& row : table) {
    CAPTURE(row.why);
    const TemporaryDirectory dir;
    Fit fit(history_plot(), plot_in(dir, {{"keys", "loss"}, {"log_scale", row.scale}}));
    know_logs(fit);
    fit.epoch({{"loss", row.low}});
    fit.epoch({{"loss", row.high}});
    const std::string text = content_of(dir / "new/h.svg");
    std::string labels;
    const std::string begin = "<text x=\"68.0\"";
    for (std::size_t at = text.find(begin); at != std::string::npos; at = text.find(begin, at + 1)) {
      const std::size_t from = text.find('>', at) + 1;
      labels += (labels.empty() ? "" : " ") + text.substr(from, text.find('<', from) - from);
    }
    CHECK(labels == row.labels);
  }
}

TEST_CASE("HistoryPlot draws the legend below the title", "[plugins]") {
  const TemporaryDirectory dir;
  const std::string key = "a_metric_with_a_very_long_name_that_fills_half_of_the_chart";
  Fit fit(history_plot(), plot_in(dir));
  fit.host().log(key, {});
  fit.epoch({{key, 1}});
  const std::string text = content_of(dir / "new/h.svg");
  CHECK_THAT(text, Contains("y=\"68.0\" text-anchor=\"start\" font-weight=\"bold\">" + key) &&
                       Contains("<text x=\"100.0\" y=\"88.0\" text-anchor=\"start\">" + key));
}

TEST_CASE("HistoryPlot escapes names", "[plugins]") {
  const TemporaryDirectory dir;
  Fit fit(history_plot(), plot_in(dir));
  fit.host().log("<script>\"&\x01", {});
  fit.run_event().run_dir = {"/runs/<b>", 9};
  fit.epoch({{"<script>\"&\x01", 1}});
  const std::string text = content_of(dir / "new/h.svg");
  CHECK_THAT(text, Contains(">&lt;script&gt;&quot;&amp;\xef\xbf\xbd</text>") &&
                       Contains("<title>&lt;b&gt;</title>") && !Contains("<script") && !Contains("<b>"));
}

TEST_CASE("HistoryPlot goes on with its curves after a resume", "[plugins]") {
  const TemporaryDirectory dir;
  const auto run = [&dir](bool resumes) {
    Fit first(history_plot(), plot_in(dir));
    know_logs(first);
    first.epoch({{"loss", 3}});
    if (!resumes) {
      first.epoch({{"loss", 1}, {"val_loss", 2}});
      return content_of(dir / "new/h.svg");
    }
    Fit second(history_plot(), plot_in(dir));
    know_logs(second);
    second.restore(first.state());
    second.run_event().initial_epoch = 1;
    second.epoch({{"loss", 1}, {"val_loss", 2}});
    return content_of(dir / "new/h.svg");
  };
  CHECK(run(true) == run(false));
}

TEST_CASE("HistoryPlot says what it cannot draw", "[plugins]") {
  const TemporaryDirectory dir;
  Fit ending(history_plot(), {{"filename", (dir / "h.jpg").string()}});
  CHECK_THROWS_WITH(ending.setup(), Contains("expected a name that ends in .svg or .png. Change its ending"));
  Fit unknown(history_plot(), plot_in(dir, {{"keys", "loss, val_los"}}));
  know_logs(unknown);
  CHECK_THROWS_WITH(
      unknown.begin(),
      Contains("keys has \"val_los\", which this run does not log. Did you mean \"val_loss\"?"));
  Fit scale(history_plot(), plot_in(dir, {{"log_scale", "acc, x"}}));
  know_logs(scale);
  CHECK_THROWS_WITH(scale.begin(), Contains("log_scale has \"x\", which this run does not log"));
  std::ofstream(dir / "new") << "a file";
  Fit late(history_plot(), plot_in(dir));
  CHECK_THROWS_WITH(late.setup(), Contains("is not a writable directory. Choose another path"));
}
