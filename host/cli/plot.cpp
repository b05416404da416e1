// SPDX-License-Identifier: MIT
// kairos plot: the curves of a run in the terminal, or as an SVG image.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/atomic_file.hpp"
#include "base/printable.hpp"
#include "cli/command.hpp"
#include "cli/live_history.hpp"
#include "cli/output_files.hpp"
#include "cli/plot_curves.hpp"
#include "cli/plot_svg.hpp"
#include "cli/plot_text.hpp"
#include "cli/terminal.hpp"
#include "kairos/host/error.hpp"
#include "plugin/run/file_guard.hpp"

namespace kairos::host::cli {

namespace {

namespace fs = std::filesystem;

constexpr const char* plot_explanation =
    "\nRUN_DIR is the directory of a fit with --run-dir; the history that --history FILE.json wrote can be "
    "given instead.\n"
    "While the run trains, and after a crash, its history.jsonl is drawn.\n"
    "Each metric has a chart, with its validation in the same one. The charts fit the window; without a "
    "UTF-8 "
    "locale, or\n"
    "with TERM=dumb, they are drawn in ASCII.\n";

[[noreturn]] void no_history(const std::string& place, const std::string& what, const std::string& found) {
  throw Error(ErrorKind::File, {"KAIROS-F087", place, what, found, "the history of a run",
                                "Name the directory that was given to fit as --run-dir"});
}

fs::path history_file(const fs::path& place) {
  std::error_code ignored;
  return fs::is_directory(place, ignored) ? history_file_in(place) : place;
}

History read_history(const fs::path& place) {
  std::error_code ignored;
  const fs::path file = history_file(place);
  if (!fs::exists(file, ignored))
    no_history(place.string(), "there is no history",
               fs::exists(place, ignored) ? "a directory without history.json" : "nothing of this name");
  History history = read_history_file(file);
  if (history.epochs.empty()) no_history(file.string(), "no epoch was trained", "");
  return history;
}

void check_out(const std::string& out) {
  std::string ending = fs::path(out).extension().string();
  std::ranges::transform(ending, ending.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  if (ending != ".svg")
    throw Error(ErrorKind::Usage,
                {"KAIROS-U006", "--out " + out, "unsupported file name extension",
                 ending.empty() ? "none" : ending, ".svg", "Choose a name that ends in .svg"});
  require_writable(out, "--out");
}

/// As tall as the window allows for all charts, between 8 and 18 rows each.
std::string drawn(const std::vector<Chart>& charts) {
  const Window size = window();
  const std::size_t rows = std::clamp<std::size_t>((size.rows - 1) / charts.size(), 8, 18);
  std::string text;
  for (const Chart& chart : charts) text += text_of(chart, {size.columns - 1, rows, shows_unicode()});
  return text;
}

}  // namespace

int run_plot(Arguments arguments) {
  const auto [places, settings] = read_command_line(Command::Plot, arguments);
  if (settings.help_wanted())
    return print(settings.help("draw the curves of a run: loss and metrics per epoch", "RUN_DIR") +
                 plot_explanation),
           0;
  if (places.size() != 1)
    throw Error(ErrorKind::Usage,
                {"KAIROS-U040", "kairos plot", "expected one run directory",
                 places.empty() ? "none" : std::to_string(places.size()), "", "Write kairos plot RUN_DIR"});
  const std::string out = settings.text("out");
  if (!out.empty()) {
    check_out(out);
    check_run_files({{{history_file(places.front()), "RUN_DIR"}}, {{out, "--out"}}});
  }
  const std::vector<Chart> charts = charts_of(read_history(places.front()));
  if (charts.empty()) no_history(places.front(), "no key of the history has a finite value", "");
  if (out.empty())
    print(drawn(charts));
  else
    write_file(out, svg_of(charts, printable(places.front())));
  return 0;
}

}  // namespace kairos::host::cli
