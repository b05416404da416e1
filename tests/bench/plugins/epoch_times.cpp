// SPDX-License-Identifier: MIT
// Writes down when each epoch ends, before anybody saves, for tests/bench/checkpoint_bench.
#include <time.h>

#include <fstream>
#include <kairos/plugin.hpp>
#include <string>

namespace {

using namespace kairos;

/// The machine's steady clock, one line for each epoch.
struct EpochTimes : Callback<EpochTimes> {
  static constexpr auto id = "bench.EpochTimes";
  static constexpr auto phase = Phase::Measure;
  Option<Path> file{this, "file", required, "where the times go"};
  Owned<std::ofstream> out{this};
  void setup(Run&) { out->open(std::string(file.value())); }
  void on_epoch_end(Epoch&) {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    out->precision(12);
    *out << static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec) << std::endl;
  }
};

}  // namespace

KAIROS_PLUGIN("1.0.0", EpochTimes)
