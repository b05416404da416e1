// SPDX-License-Identifier: MIT
// Charts of a History as text and as SVG.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>

#include "cli/plot_curves.hpp"
#include "cli/plot_svg.hpp"
#include "cli/plot_text.hpp"

using namespace kairos::host;
using namespace kairos::host::cli;
using Catch::Matchers::Contains;

namespace {

History history_of(std::vector<History::Series> series) {
  History history;
  for (std::size_t i = 0; i < series.front().values.size(); ++i)
    history.epochs.push_back(static_cast<std::int64_t>(i));
  history.series = std::move(series);
  return history;
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("A metric and its validation share a chart", "[cli]") {
  const auto charts = charts_of(history_of({{"loss", {1.0, 0.5}},
                                            {"accuracy", {0.5, 0.75}},
                                            {"val_loss", {1.5, NAN}},
                                            {"gone", {NAN, std::nullopt}},
                                            {"a\x1b[31m", {1.0, 2.0}}}));
  REQUIRE(charts.size() == 3);
  CHECK(charts[0].title == "loss");
  CHECK(charts[0].epochs == std::vector<std::int64_t>{1, 2});
  REQUIRE(charts[0].curves.size() == 2);
  CHECK(charts[0].curves[1].name == "val_loss");
  CHECK_FALSE(charts[0].curves[1].values[1]);  // NaN interrupts a curve
  CHECK(charts[1].title == "accuracy");
  CHECK(charts[2].title == "a\\x1b[31m");
}

TEST_CASE("Ticks are round numbers inside the range", "[cli]") {
  CHECK(ticks({0, 10}, 5) == std::vector<double>{0, 2, 4, 6, 8, 10});
  CHECK(ticks({0.93, 1.04}, 4).front() == Approx(0.95));
  CHECK(ticks({-1e-7, 1e-7}, 4).size() >= 3);
  CHECK(epoch_ticks({1, 2}, 8) == std::vector<double>{1, 2});
  CHECK(epoch_ticks({5, 5}, 8) == std::vector<double>{5});
  const auto constant = charts_of(history_of({{"loss", {2.0, 2.0}}}));
  CHECK(range_of(constant.front()).low == 1);
  CHECK(range_of(constant.front()).high == 3);
}

TEST_CASE("A chart in ASCII", "[cli]") {
  const auto charts =
      charts_of(history_of({{"loss", {4.0, 3.0, 2.0, 1.0, 0.0}}, {"val_loss", {4.0, 4.0, 4.0, 4.0, 4.0}}}));
  CHECK(text_of(charts.front(), {.columns = 24, .rows = 8, .braille = false}) ==
        "loss by epoch:  * loss   o val_loss\n"
        "4 +***oooooooooooooooooo\n"
        "  |   *****\n"
        "2 +        *****\n"
        "  |             *****\n"
        "0 +                  ***\n"
        "  +---------------------\n"
        "        2         4\n");
}

TEST_CASE("A chart in braille has the width that is asked for, and a single epoch is a dot", "[cli]") {
  const auto charts = charts_of(history_of({{"loss", {4.0, 3.0}}, {"val_loss", {4.0, 4.0}}}));
  const std::string text = text_of(charts.front(), {.columns = 40, .rows = 10, .braille = true});
  CHECK_THAT(text, Contains("━━ loss") && Contains("┅┅ val_loss") && Contains("┤") && Contains("└"));
  CHECK(count_of(text, "─") == 40 - 3 - 2);
  CHECK(count_of(text, "\n") == 10);
  const auto one = charts_of(history_of({{"loss", {0.25}}}));
  const std::string dot = text_of(one.front(), {.columns = 40, .rows = 10, .braille = false});
  CHECK(count_of(dot.substr(dot.find('\n')), "*") == 1);
}

TEST_CASE("An image holds a line per curve, in parts where values are missing, and escapes names", "[cli]") {
  const auto charts = charts_of(history_of({{"loss", {1.0, 0.5, std::nullopt, 0.2}},
                                            {"val_loss", {2.0, 1.0, 1.0, 1.0}},
                                            {"a<b&\"c'", {1.0, 2.0, 3.0, 4.0}}}));
  const std::string svg = svg_of(charts, "runs/<1>");
  CHECK(svg.starts_with(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\""));
  CHECK(svg.ends_with("</svg>\n"));
  CHECK(count_of(svg, "<polyline") == 3);
  CHECK(count_of(svg, "<circle") == 1);
  CHECK_THAT(svg, Contains("<title>runs/&lt;1&gt;</title>") && Contains(">a&lt;b&amp;&quot;c&apos;</text>") &&
                      Contains(">epoch</text>") && Contains(">val_loss</text>") && Contains(">1.5</text>"));
}

TEST_CASE("A chart of the largest numbers, and of epochs in any order, stays in its frame", "[cli]") {
  constexpr double most = std::numeric_limits<double>::max();
  History history = history_of({{"loss", {most, -most, 0.0}}, {"constant", {most, most, most}}});
  history.epochs = {0, 1000000000, 1};
  for (const Chart& chart : charts_of(history)) {
    const std::string text = text_of(chart, {.columns = 40, .rows = 10, .braille = false});
    CHECK(count_of(text, "\n") == 10);
    for (const char* wrong : {"nan", "inf"}) CHECK(count_of(svg_of({&chart, 1}, "run"), wrong) == 0);
  }
  history.epochs.back() = std::numeric_limits<std::int64_t>::max();
  CHECK(charts_of(history).front().epochs.back() == std::numeric_limits<std::int64_t>::max());
}
