// SPDX-License-Identifier: MIT
// Records when the first batch begins, for tests/bench/start_bench.
#include <cstdio>
#include <cstdlib>
#include <kairos/plugin.hpp>
#include <string>

#include "seconds.hpp"

namespace {

using namespace kairos;

/// Steady clock and processor time of the process.
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
