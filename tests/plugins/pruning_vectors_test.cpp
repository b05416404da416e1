// SPDX-License-Identifier: MIT
// Pruning against random studies whose decisions were computed from Optuna's rules
// (tests/golden/callbacks/pruning.py).
#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "host/temporary_directory.hpp"
#include "plugins/loaded_callback.hpp"

using kairos::testing::Fit;
using kairos::testing::Settings;
using kairos::tests::content_of;
using kairos::tests::loaded;
using kairos::tests::TemporaryDirectory;

namespace {

/// The trials of a study, which run at the same time in one process.
class Study {
 public:
  explicit Study(const nlohmann::json& study) {
    settings_ = {{"trials", file()},
                 {"monitor", "score"},
                 {"mode", study["mode"].get<std::string>()},
                 {"rule", study["rule"].get<std::string>()}};
    for (const auto& [name, value] : study["options"].items())
      settings_.push_back({name, static_cast<int>(value.get<int>())});
  }

  /// Whether the trial is stopped after this epoch; a text that is empty is an epoch without the value.
  bool report(const std::string& trial, const std::string& text) {
    Fit& fit = this->fit(trial);
    if (text.empty())
      fit.epoch();
    else
      fit.epoch({{"score", std::stod(text)}});
    const bool is_stopped = fit.host().stop_reason.has_value();
    if (is_stopped) fit.end();
    return is_stopped;
  }
  void end(const std::string& trial) { fit(trial).end(); }

 private:
  [[nodiscard]] std::string file() const { return (directory_ / "t.csv").string(); }
  Fit& fit(const std::string& trial) {
    std::unique_ptr<Fit>& fit = fits_[trial];
    if (fit == nullptr) {
      Settings settings = settings_;
      settings.push_back({"trial", trial});
      fit = std::make_unique<Fit>(loaded("pruning", "kairos.Pruning"), settings);
      fit->host().log("score", {});
    }
    return *fit;
  }

  TemporaryDirectory directory_;
  Settings settings_;
  std::map<std::string, std::unique_ptr<Fit>> fits_;
};

}  // namespace

TEST_CASE("Pruning decides as Optuna's rules in 200 random studies", "[plugins]") {
  const auto studies = nlohmann::json::parse(content_of(KAIROS_TEST_DATA "/callbacks/pruning.json"));
  REQUIRE(studies.size() == 200);
  int asked = 0, stopped = 0;
  for (std::size_t i = 0; i < studies.size(); ++i) {
    Study study(studies[i]);
    for (const auto& report : studies[i]["reports"]) {
      const auto trial = report[0].get<std::string>(), text = report[2].get<std::string>();
      if (text == "end") {
        study.end(trial);
        continue;
      }
      const bool expected = report[3].get<bool>(), found = study.report(trial, text);
      ++asked;
      stopped += expected ? 1 : 0;
      if (found == expected) continue;
      CAPTURE(i, report.dump(), found);
      FAIL("another decision than Optuna's");
    }
  }
  CHECK(asked > 4000);
  CHECK(stopped > 500);
}
