// SPDX-License-Identifier: MIT
// Tries batch sizes before the training, and suggests one by speed or by memory.
#include <kairos/plugin.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../common/output_place.hpp"
#include "../common/svg.hpp"
#include "../common/text.hpp"
#include "../common/whole_file.hpp"

namespace kairos::plugins {

/// Doubles the batch size as Lightning's `Tuner.scale_batch_size` in its mode "power". That one goes on until
/// memory runs out, which ends a process on the CPU; this one predicts the memory of the next size, and does
/// not try what is over the limit. Everything that the trial steps change is put back, to the last bit.
struct BatchSizeFinder : Callback<BatchSizeFinder> {
  static constexpr auto id = "kairos.BatchSizeFinder";
  static constexpr auto summary = "Tries batch sizes before the training, and suggests one.";
  static constexpr auto phase = Phase::Decide;
  static constexpr auto capabilities = Can::Stop | Can::WriteWeights | Can::ControlStep;

  Option<Choice> goal{this, "goal", "throughput",
                      "what is suggested: the fastest size, or the largest one within the memory limit",
                      choices("throughput,memory")};
  Option<int> init_val{
      this,          "init_val", 8, "first batch size; each one after it is twice as large", unit("samples"),
      kairos::min(1)};
  Option<int> max_trials{this, "max_trials", 25, "sizes that are tried at most", kairos::min(1)};
  Option<int> steps_per_trial{
      this,          "steps_per_trial", 3, "steps of each size, after one that is not measured",
      unit("steps"), kairos::min(1)};
  Option<double> tolerance{this,           "tolerance",
                           0.05,           "a smaller size that is slower by this share at most is preferred",
                           kairos::min(0), below(1)};
  Option<double> max_memory{this,
                            "max_memory",
                            unset,
                            "memory of the whole process; if not set, half of what is available is added to "
                            "what it has",
                            unit("MiB"),
                            above(0)};
  Option<Choice> action{this, "action", "stop",
                        "what follows: stop the run, or train as if nothing had been tried",
                        choices("stop,report")};
  Option<OutputPath> filename{this, "filename", "batch_size_finder.csv", "table to write"};
  Option<OutputPath> plot{this, "plot", "batch_size_finder.svg", "image of the speeds to write"};

  State<bool> searched{this, "searched", false};

  void setup(Run&) {
    check_output_place(std::string(filename.value()), Writing::Replaced);
    check_output_place(std::string(plot.value()), Writing::Replaced);
  }

  void on_train_begin(Run& run) {
    if (searched || !search(run)) return;  // a search that was ended is made again
    searched = true;
    if (found_->empty())
      throw Error("a batch of " + std::to_string(init_val.value()) +
                  " samples needs more memory than max_memory allows, " + shortest(std::round(limit_)) +
                  " MiB. Raise max_memory or lower init_val");
    write();
    const Trialled& best = suggestion();
    run.print("suggested batch size: " + std::to_string(best.size) + " (" +
              shortest(static_cast<float>(std::round(best.speed()))) + " samples per second, " +
              shortest(std::round(best.memory)) + " MiB of memory)");
    if (action == "stop") run.stop("the batch size was searched");
  }

 private:
  struct Trialled {
    std::int64_t size;
    double seconds;  ///< of a step
    double memory;   ///< of the process, in MiB
    [[nodiscard]] double speed() const { return static_cast<double>(size) / seconds; }
  };

  /// Fills what was found; false if a signal ends the run.
  bool search(Run& run) {
    if (run.samples() < 1)
      throw Error(run.samples() < 0
                      ? "the number of training samples is not known, and batch sizes are tried up "
                        "to it. Train on data whose size is known"
                      : "there are no training samples to try batch sizes on. Train on more data");
    found_->clear();
    limit_ = max_memory.is_set() ? max_memory.value() : memory_used() + memory_available() / 2;
    Trial trial(run);
    const double before = memory_used();  // with the copy of the training, which does not grow with the size
    std::int64_t size = std::min<std::int64_t>(init_val, run.samples());
    double needed = before;
    for (std::int64_t i = 0; i < max_trials && size <= run.samples() && needed <= limit_; ++i, size *= 2) {
      const std::optional<double> seconds = time_of(run, size);
      if (!seconds) return false;
      const double now = memory_used();
      if (now > limit_) break;
      found_->push_back({size, *seconds, now});
      needed = now + std::max(0.0, now - before);  // a batch twice as large takes as much again
    }
    trial.end();
    return true;
  }

  /// Of the fastest step; empty if a signal ends the run.
  std::optional<double> time_of(Run& run, std::int64_t size) const {
    using Clock = std::chrono::steady_clock;
    const std::int64_t whole = std::max<std::int64_t>(1, run.samples() / size);
    double least = std::numeric_limits<double>::infinity();
    for (std::int64_t step = 0; step <= steps_per_trial; ++step) {
      const Clock::time_point begin = Clock::now();
      if (!run.trial_step(step % whole, size)) return std::nullopt;
      const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
      if (step > 0) least = std::min(least, seconds);  // the first one allocates
    }
    return std::max(least, 1e-9);
  }

  [[nodiscard]] const Trialled& suggestion() const {
    if (goal == "memory") return found_->back();
    double fastest = 0;
    for (const Trialled& one : *found_) fastest = std::max(fastest, one.speed());
    return *std::find_if(found_->begin(), found_->end(),
                         [&](const Trialled& one) { return one.speed() >= fastest * (1 - tolerance); });
  }

  void write() const {
    std::string table = "batch_size,seconds_per_step,samples_per_second,memory_mib\n";
    svg::Chart chart{"samples per second by batch size", {{"samples per second", {}, {}}}, false};
    for (const Trialled& one : *found_) {
      table += std::to_string(one.size) + ',' + shortest(one.seconds) + ',' + shortest(one.speed()) + ',' +
               shortest(one.memory) + '\n';
      chart.curves[0].x.push_back(std::log2(static_cast<double>(one.size)));
      chart.curves[0].y.push_back(one.speed());
    }
    const Trialled& best = suggestion();
    chart.curves.push_back({"suggestion " + std::to_string(best.size),
                            {std::log2(static_cast<double>(best.size))},
                            {best.speed()}});
    write_whole_file(std::string(filename.value()), table);
    write_whole_file(std::string(plot.value()),
                     svg::document({std::move(chart)}, "batch sizes", "batch size, power of two"));
  }

  static constexpr double mib = 1048576;
  /// Of this process, in MiB; 0 where the system does not say.
  static double memory_used() {
    std::ifstream in("/proc/self/statm");
    double all = 0, resident = 0;
    in >> all >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / mib;
  }
  /// On the machine, in MiB; without bound where the system does not say.
  static double memory_available() {
    std::ifstream in("/proc/meminfo");
    std::string word;
    double kib = 0, least = std::numeric_limits<double>::infinity();
    while (in >> word)
      if (word == "MemAvailable:" && in >> kib) least = kib / 1024;
    return std::min(least, available_in_container());
  }
  /// What the control groups of this process leave, in MiB.
  static double available_in_container() {
    double least = std::numeric_limits<double>::infinity();
    std::ifstream in("/proc/self/cgroup");
    for (std::string line; std::getline(in, line);) {
      if (!line.starts_with("0::/")) continue;
      for (std::string group = line.substr(3);; group.erase(group.rfind('/'))) {
        double most = 0, used = 0;  // "max" is no number
        if (std::ifstream("/sys/fs/cgroup" + group + "/memory.max") >> most &&
            std::ifstream("/sys/fs/cgroup" + group + "/memory.current") >> used)
          least = std::min(least, std::max(0.0, most - used) / mib);
        if (group.empty() || group.rfind('/') == std::string::npos) break;
      }
    }
    return least;
  }

  Owned<std::vector<Trialled>> found_{this};  ///< by growing size
  double limit_ = 0;
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::BatchSizeFinder)
