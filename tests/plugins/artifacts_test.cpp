// SPDX-License-Identifier: MIT
// What callbacks publish, and how others show it, in one run of the host.
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "host/temporary_directory.hpp"
#include "plugins/driver.hpp"
#include "plugins/loaded_callback.hpp"

using namespace kairos;
using namespace kairos::tests;

namespace {

using Catch::Matchers::Contains;

const std::string names = "class_names='<script>,b'";

/// Two epochs whose validation has three samples of two classes.
void run_with(const std::vector<std::string>& plugins, const std::filesystem::path& directory) {
  Plan plan{plugins, directory};
  plan.epochs = 2;
  plan.prepare = [](StubTarget& target) {
    target.class_count = 2;
    target.batch = {{host::Role::Target, "y", {3, 1}, {0, 1, 1}},
                    {host::Role::Output, "out", {3, 2}, {0.9F, 0.1F, 0.2F, 0.8F, 0.7F, 0.3F}}};
  };
  Driver run(plan);
  run.fit({{{1}, {1}}, {{1}, {1}}});
}

std::string only_file_in(const std::filesystem::path& directory) {
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    if (entry.is_regular_file()) return content_of(entry.path());
  return "";
}

}  // namespace

TEST_CASE("HtmlReport shows what other callbacks publish, wherever it stands", "[plugins]") {
  const TemporaryDirectory directory;
  const std::vector<std::string> publishers = {"ConfusionMatrix:" + names, "ClassificationReport:" + names,
                                               "WeightStatistics:filename=w.csv", "HistoryPlot"};
  for (const bool first : {true, false}) {
    std::vector<std::string> plugins = publishers;
    plugins.insert(first ? plugins.begin() : plugins.end(), "HtmlReport");
    const std::filesystem::path place = directory / (first ? "first" : "last");
    run_with(plugins, place);
    const std::string page = content_of(place / "report.html");
    CHECK_THAT(page, Contains("<b>confusion_matrix</b>") && Contains("ConfusionMatrix, epoch 2"));
    CHECK_THAT(page, Contains("<th>&lt;script&gt;</th>") && !Contains("<script"));
    CHECK_THAT(page, Contains("<b>classification_report</b>") && Contains("weighted avg"));
    CHECK_THAT(page, Contains("WeightStatistics, epoch 2") && Contains("fill=\"#0072b2\"/>"));
    CHECK_THAT(page, Contains((place / "history.svg").string()));
    CHECK_THAT(page, !Contains("data:image/png"));  // the table of the matrix is shown, not its picture
  }
}

TEST_CASE("Callbacks that publish write the same files whether or not somebody listens", "[plugins]") {
  const TemporaryDirectory directory;
  const std::vector<std::string> plugins = {"ConfusionMatrix:" + names, "ClassificationReport:" + names};
  run_with(plugins, directory / "alone");
  run_with({plugins[0], plugins[1], "HtmlReport"}, directory / "heard");
  for (const char* file : {"confusion_matrix.csv", "classification_report.txt"})
    CHECK(content_of(directory / "alone" / file) == content_of(directory / "heard" / file));
}

TEST_CASE("TensorBoard shows artifacts of other callbacks", "[plugins]") {
  if (!std::filesystem::exists(std::string(KAIROS_TEST_PLUGINS) + "/tensorboard.so")) return;
  const TemporaryDirectory directory;
  run_with({"TensorBoard", "ConfusionMatrix:" + names, "ClassificationReport:" + names,
            "WeightStatistics:filename=w.csv", "HistoryPlot"},
           directory.path());
  const std::string events = only_file_in(directory / "logs" / "train");
  CHECK_THAT(events, Contains("ConfusionMatrix/confusion_matrix/table") && Contains("| \\<script\\> |"));
  CHECK_THAT(events, Contains("\x89PNG") && Contains("images"));
  CHECK_THAT(events, Contains("ClassificationReport/classification_report/text") &&
                         Contains("    weighted avg"));  // a block of code
  CHECK_THAT(events, Contains("WeightStatistics/") && Contains("histograms"));
  CHECK_THAT(events, Contains("HistoryPlot/history/file") && Contains("history.svg"));
}
