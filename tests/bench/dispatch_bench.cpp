// SPDX-License-Identifier: MIT
// Measures the cost of hooks: unimplemented, implemented, reading a value, and ten of them.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "kairos/host/callbacks.hpp"
#include "plugins/stub_target.hpp"

namespace {

using namespace kairos::host;

/// A run with `count` instances of a callback, inside an epoch.
struct Rig {
  Rig(const std::string& callback, std::int64_t count) {
    std::vector<PluginSpec> specs(static_cast<std::size_t>(count), parse_plugin_spec(callback));
    CallbacksOptions options;
    options.keys = {{"loss", Direction::Min}, {"accuracy", Direction::Max}};
    callbacks.emplace(catalog, specs, target, options);
    callbacks->setup({});
    callbacks->train_begin();
    callbacks->epoch_begin(0);
  }
  Catalog catalog = Catalog::scan(std::vector<std::filesystem::path>{KAIROS_BENCH_PLUGINS});
  kairos::tests::StubTarget target{0.1};
  std::optional<Callbacks> callbacks;
};

void batch_end(benchmark::State& state, const char* callback) {
  Rig rig(callback, state.range(0));
  LogValues logs{0.5, 0.9};
  std::int64_t batch = 0;
  for (auto _ : state) {
    rig.callbacks->train_batch_begin(batch++, 32);  // no callback of this benchmark has this hook
    rig.callbacks->train_batch_end(logs);
  }
  state.counters["ns/hook"] =
      benchmark::Counter(static_cast<double>(std::max<std::int64_t>(1, state.range(0))),
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

BENCHMARK_CAPTURE(batch_end, null_hook, "Silent")->Arg(0)->Arg(1)->Arg(10);
BENCHMARK_CAPTURE(batch_end, live_hook, "Idle")->Arg(1)->Arg(10)->Arg(100);
BENCHMARK_CAPTURE(batch_end, reading_hook, "Reader")->Arg(1)->Arg(10);

}  // namespace

BENCHMARK_MAIN();
