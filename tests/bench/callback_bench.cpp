// SPDX-License-Identifier: MIT
// Measures what callbacks cost the training of the smallest benchmark case, MLP 20-64-64-1 with batches of 32
// on one thread: 40 without hooks of a batch, 10 with both, and each further one. With --hold it fails beyond
// what is held, a multiple of the goal where the load of the machine matters.
#include <omp.h>
#include <time.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "kairos/host/host.hpp"
#include "plugins/stub_target.hpp"

namespace {

using namespace kairos::host;

constexpr std::int64_t samples = 9984, batch_size = 32, batches = samples / batch_size;
constexpr int rounds = 600;

/// Processor time of this thread in nanoseconds, which other programs on the machine do not add to.
double now() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return 1e9 * static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec);
}

const Catalog& catalog() {
  static const Catalog plugins = Catalog::scan(std::vector<std::filesystem::path>{KAIROS_BENCH_PLUGINS});
  return plugins;
}

/// Nanoseconds of a batch of the smallest case, the least of several trainings.
double training_batch() {
  Dataset data;
  NamedArray x{"", {{samples, 20}, {}}}, y{"", {{samples, 1}, {}}};
  for (std::int64_t i = 0; i < samples * 20; ++i)
    x.array.values.push_back(static_cast<float>(i % 17) / 17 - 0.5F);
  for (std::int64_t i = 0; i < samples; ++i) y.array.values.push_back(static_cast<float>(i % 5));
  data.inputs = {x};
  data.targets = {y};
  data.origin = "benchmark";
  CompileOptions compiling;
  compiling.optimizer = "Adam(learning_rate=0.001)";
  compiling.loss = "mse";
  const auto model = compile({{}, "dense(64,relu) dense(64,relu) dense(1)", {20}}, compiling);
  FitOptions options;
  options.batch_size = batch_size;
  options.shuffle = Shuffle::None;
  options.epochs = 2;
  options.catalog = &catalog();
  double least = std::numeric_limits<double>::infinity();
  for (int round = 0; round < 20; ++round) {
    const double begin = now();
    (void)fit(*model, data, options);
    least = std::min(least, (now() - begin) / static_cast<double>(batches * options.epochs));
  }
  return least;
}

/// The calls of a training loop, without the training.
class Rig {
 public:
  Rig(const std::string& callback, std::size_t count) : name_(std::to_string(count) + " " + callback) {
    const std::vector<PluginSpec> specs(count, parse_plugin_spec(callback));
    CallbacksOptions options;
    options.keys = {{"loss", Direction::Min}, {"accuracy", Direction::Max}};
    callbacks_.emplace(catalog(), specs, target_, options);
    callbacks_->setup({});
    callbacks_->train_begin();
  }
  /// Keeps the least time of a batch, with its part of an epoch.
  void measure() {
    LogValues logs{0.5, 0.9};
    const double begin = now();
    callbacks_->epoch_begin(epoch_++);
    for (std::int64_t batch = 0; batch < batches; ++batch) {
      callbacks_->train_batch_begin(batch, batch_size);
      callbacks_->train_batch_end(logs);
    }
    callbacks_->epoch_end(logs, nullptr, false);
    least_ = std::min(least_, (now() - begin) / static_cast<double>(batches));
  }
  [[nodiscard]] double nanoseconds() const { return least_; }
  [[nodiscard]] const char* name() const { return name_.c_str(); }

 private:
  std::string name_;
  kairos::tests::StubTarget target_{0.1};
  std::optional<Callbacks> callbacks_;
  std::int64_t epoch_ = 0;
  double least_ = std::numeric_limits<double>::infinity();
};

struct Figure {
  const char* what;
  double value;
  double goal;  ///< on a machine that does nothing else
  double held;  ///< by --hold, also on a loaded one
  const char* unit;
};

/// Prints the figures; whether all are within what is held.
bool report(const std::vector<Figure>& figures) {
  bool holds = true;
  for (const Figure& one : figures) {
    std::printf("%-62s %7.3f %s; goal %g, held %g\n", one.what, one.value, one.unit, one.goal, one.held);
    holds = holds && one.value <= one.held;
  }
  return holds;
}

bool measure() {
  const double batch = training_batch();
  Rig none("Silent", 0), silent("Silent", 40), both("Both", 10), one("Idle", 1), many("Idle", 101);
  Rig* const rigs[] = {&none, &silent, &both, &one, &many};
  for (int round = 0; round < rounds; ++round)
    for (Rig* const rig : rigs) rig->measure();
  std::printf("a batch of the training: %.0f ns\n", batch);
  for (const Rig* const rig : rigs)
    std::printf("calls of a batch, %s: %.2f ns\n", rig->name(), rig->nanoseconds());
  const auto share = [&](const Rig& rig) { return 100 * (rig.nanoseconds() - none.nanoseconds()) / batch; };
  const double further = (many.nanoseconds() - one.nanoseconds()) / 100;
  constexpr double any = std::numeric_limits<double>::infinity();
  return report(
      {{"40 callbacks without hooks of a batch, share of the training", share(silent), 0.1, 0.1, "%"},
       {"10 callbacks with both hooks of a batch, share of the training", share(both), 1, 2, "%"},
       {"each further callback with a hook", further, 5, any, "ns"},
       {"the same, relative to the calls of a batch without callbacks", further / none.nanoseconds(), 0.7, 1,
        ""}});
}

}  // namespace

int main(int argc, char** argv) {
  try {
    omp_set_num_threads(1);
    const bool holds = argc > 1 && std::strcmp(argv[1], "--hold") == 0;
    // Another program on the machine may disturb a whole attempt.
    for (int attempt = 0; attempt < 3; ++attempt)
      if (measure() || !holds) return 0;
    std::fprintf(stderr, "callbacks cost more than they may\n");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  return 1;
}
