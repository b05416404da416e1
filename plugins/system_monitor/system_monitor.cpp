// SPDX-License-Identifier: MIT
// Adds memory, CPU time, load and temperature to the logs.
#include <kairos/plugin.hpp>

#include <stdlib.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>

namespace kairos::plugins {

/// As the monitors of Lightning (`DeviceStatsMonitor`) and experiment trackers, for the CPU, read from /proc
/// and /sys once an epoch. Values of other machines or runs differ, so they are no metrics to decide on.
struct SystemMonitor : Callback<SystemMonitor> {
  static constexpr auto id = "kairos.SystemMonitor";
  static constexpr auto summary = "Adds memory, CPU use, load and temperature to the logs.";
  static constexpr auto phase = Phase::Measure;
  static constexpr auto publishes = "memory_mb:min,memory_peak_mb:min,cpu_percent,system_load";

  Option<std::string_view> thermal{this, "thermal", "/sys/class/thermal",
                                   "directory of the system with temperatures; the highest one is logged"};

  void setup(Run& run) {
    if (highest_temperature()) run.declare_log("temperature_c", Direction::Min);
    is_hot_ = run.find_log("temperature_c").has_value();
  }

  void on_train_begin(Run&) { begin(); }
  void on_epoch_begin(Epoch&) { begin(); }

  void on_epoch_end(Epoch& epoch) {
    const Clock::duration time = Clock::now() - began_;
    const double used = cpu_seconds() - cpu_before_;
    const double passed = std::chrono::duration<double>(time).count();
    publish_memory(epoch);
    if (passed > 0) epoch.publish("cpu_percent", 100 * used / passed);
    double load = 0;
    if (::getloadavg(&load, 1) == 1) epoch.publish("system_load", load);
    const std::optional<double> temperature = is_hot_ ? highest_temperature() : std::nullopt;
    if (temperature) epoch.publish("temperature_c", *temperature);
  }

 private:
  using Clock = std::chrono::steady_clock;

  void begin() {
    began_ = Clock::now();
    cpu_before_ = cpu_seconds();
  }

  static rusage usage() {
    rusage all{};
    ::getrusage(RUSAGE_SELF, &all);
    return all;
  }

  /// Of all threads of this process.
  static double cpu_seconds() {
    const rusage all = usage();
    return static_cast<double>(all.ru_utime.tv_sec + all.ru_stime.tv_sec) +
           static_cast<double>(all.ru_utime.tv_usec + all.ru_stime.tv_usec) * 1e-6;
  }

  /// From the lines "VmRSS: 1234 kB". The peak of getrusage is no help: it survives exec, and may be that of
  /// the program that has started this one.
  static void publish_memory(Epoch& epoch) {
    std::ifstream in("/proc/self/status");
    std::optional<double> now, peak;
    for (std::string line; std::getline(in, line);) {
      const bool is_peak = line.starts_with("VmHWM:");
      if (!is_peak && !line.starts_with("VmRSS:")) continue;
      std::istringstream rest(line.substr(line.find(':') + 1));
      double kib = 0;
      if (rest >> kib) (is_peak ? peak : now) = kib / 1024;
    }
    if (now) epoch.publish("memory_mb", *now);
    // The kernel may count the peak later than the present.
    if (peak) epoch.publish("memory_peak_mb", std::max(now.value_or(0), *peak));
  }

  /// In degrees Celsius. Sensors that are absent or fail are left out.
  [[nodiscard]] std::optional<double> highest_temperature() const {
    std::optional<double> highest;
    std::error_code error;
    for (std::filesystem::directory_iterator zone(std::string(thermal.value()), error), end;
         !error && zone != end; zone.increment(error)) {
      if (!zone->path().filename().string().starts_with("thermal_zone")) continue;
      std::ifstream in(zone->path() / "temp");
      std::int64_t thousandths = 0;
      if (in >> thousandths)
        highest = std::max(highest.value_or(-1e9), static_cast<double>(thousandths) / 1000);
    }
    return highest;
  }

  Clock::time_point began_;
  double cpu_before_ = 0;
  bool is_hot_ = false;
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::SystemMonitor)
