// SPDX-License-Identifier: MIT
// Records when each epoch ends, before anything is saved, for tests/bench/checkpoint_bench.
#include <fstream>
#include <kairos/plugin.hpp>
#include <string>

#include "seconds.hpp"

namespace {

using namespace kairos;

/// Steady clock and processor time of the process, one line per epoch.
struct EpochTimes : Callback<EpochTimes> {
  static constexpr auto id = "bench.EpochTimes";
  static constexpr auto phase = Phase::Measure;
  Option<OutputPath> file{this, "file", required, "where the times go"};
  Owned<std::ofstream> out{this};
  void setup(Run&) { out->open(std::string(file.value())); }
  void on_epoch_end(Epoch&) {
    out->precision(12);
    *out << seconds(CLOCK_MONOTONIC) << ' ' << seconds(CLOCK_PROCESS_CPUTIME_ID) << std::endl;
  }
};

}  // namespace

KAIROS_PLUGIN("1.0.0", EpochTimes)
