// SPDX-License-Identifier: MIT
// Writes down when the first batch begins, for tests/bench/start_bench.
#include <cstdio>
#include <cstdlib>
#include <kairos/plugin.hpp>
#include <string>

#include "seconds.hpp"

namespace {

using namespace kairos;

/// The time of the machine's steady clock, and the processor time of the process so far.
struct FirstBatch : Callback<FirstBatch> {
  static constexpr auto id = "bench.FirstBatch";
  static constexpr auto phase = Phase::Report;
  Option<OutputPath> file{this, "file", required, "where the times go"};
  bool seen = false;
  void on_train_batch_begin(Batch&) {
    if (seen) return;
    seen = true;
    const double wall = seconds(CLOCK_MONOTONIC), processor = seconds(CLOCK_PROCESS_CPUTIME_ID);
    std::FILE* out = std::fopen(std::string(file.value()).c_str(), "w");
    if (out == nullptr) return;
    std::fprintf(out, "%.9f %.9f\n", wall, processor);
    std::fclose(out);
  }
};

}  // namespace

KAIROS_PLUGIN("1.0.0", FirstBatch)
