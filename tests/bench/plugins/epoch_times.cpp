// SPDX-License-Identifier: MIT
// Writes down when each epoch ends, before anybody saves, for tests/bench/checkpoint_bench.
#include <time.h>

#include <fstream>
#include <kairos/plugin.hpp>
#include <string>

namespace {

using namespace kairos;

double seconds(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// The machine's steady clock and the processor time of the process, one line for each epoch.
struct EpochTimes : Callback<EpochTimes> {
  static constexpr auto id = "bench.EpochTimes";
  static constexpr auto phase = Phase::Measure;
  Option<Path> file{this, "file", required, "where the times go"};
  Owned<std::ofstream> out{this};
  void setup(Run&) { out->open(std::string(file.value())); }
  void on_epoch_end(Epoch&) {
    out->precision(12);
    *out << seconds(CLOCK_MONOTONIC) << ' ' << seconds(CLOCK_PROCESS_CPUTIME_ID) << std::endl;
  }
};

}  // namespace

KAIROS_PLUGIN("1.0.0", EpochTimes)
