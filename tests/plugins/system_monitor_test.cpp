// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "host/temporary_directory.hpp"
#include "plugins/loaded_callback.hpp"

using kairos::testing::Fit;
using kairos::tests::loaded;
using kairos::tests::TemporaryDirectory;

namespace {

const kairos_callback& system_monitor() {
  return loaded("system_monitor", "kairos.SystemMonitor");
}

}  // namespace

TEST_CASE("SystemMonitor measures memory and CPU time", "[plugins]") {
  Fit fit(system_monitor());
  fit.begin_epoch();
  fit.end_epoch();
  const double before = fit.published("memory_mb").value_or(-1);
  CHECK(before > 1);
  CHECK(before <= fit.published("memory_peak_mb").value_or(-1));
  fit.begin_epoch();
  const std::vector<char> large(64 << 20, 'x');
  CHECK(large[large.size() / 2] == 'x');
  using Clock = std::chrono::steady_clock;
  volatile double busy = 1;
  for (const Clock::time_point end = Clock::now() + std::chrono::milliseconds(200); Clock::now() < end;)
    busy = busy * 1.0000001;
  fit.end_epoch();
  CHECK(fit.published("memory_mb").value_or(-1) > before + 50);
  // A busy thread, on a machine that others use too.
  CHECK(fit.published("cpu_percent").value_or(-1) > 5);
  CHECK(fit.published("cpu_percent").value_or(1e9) < 150);
  CHECK(fit.published("system_load").value_or(-1) >= 0);
}

TEST_CASE("SystemMonitor logs the highest temperature, where there are sensors", "[plugins]") {
  struct Case {
    std::vector<std::string> sensors;  ///< contents; "" is one that fails
    double expected;                   ///< -1: none
    const char* why;
  };
  const Case table[] = {{{"45000", "71500", ""}, 71.5, "the highest; one fails"},
                        {{"-5000"}, -5, "frost"},
                        {{""}, -1, "none works"},
                        {{}, -1, "a machine without sensors"}};
  for (const Case& row : table) {
    CAPTURE(row.why);
    const TemporaryDirectory dir;
    for (std::size_t i = 0; i < row.sensors.size(); ++i) {
      const std::string zone = "thermal_zone" + std::to_string(i);
      std::filesystem::create_directory(dir / zone);
      static_cast<void>(dir.put(zone + "/temp", row.sensors[i]));
    }
    std::filesystem::create_directory(dir / "cooling_device0");
    static_cast<void>(dir.put("cooling_device0/temp", "99000"));
    Fit fit(system_monitor(), {{"thermal", dir.path().string()}});
    fit.epoch();
    CHECK(fit.published("temperature_c").value_or(-1) == row.expected);
  }
  Fit nowhere(system_monitor(), {{"thermal", "/nonexistent"}});
  nowhere.epoch();
  CHECK_FALSE(nowhere.published("temperature_c").has_value());
}
