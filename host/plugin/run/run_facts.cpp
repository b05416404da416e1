// SPDX-License-Identifier: MIT
// Makes events.
#include "plugin/run/run_facts.hpp"

#include <filesystem>
#include <limits>

namespace kairos::host {

RunFacts::RunFacts(const TrainingTarget& trained, const std::filesystem::path& run_directory)
    : target(trained),
      directory(
          run_directory.empty() ? "" : std::filesystem::absolute(run_directory).lexically_normal().string()) {
}

kairos_run_event RunFacts::run_event() const {
  kairos_run_event event{};
  event.size = sizeof event;
  event.epochs = run.epochs;
  event.initial_epoch = run.initial_epoch;
  event.steps_per_epoch = run.steps_per_epoch;
  event.batch_size = run.batch_size;
  event.samples = run.samples;
  event.validation_samples = run.validation_samples;
  event.seed = run.seed;
  event.run_dir = {directory.data(), directory.size()};
  event.mode = static_cast<std::int32_t>(run.mode);
  event.run_resumed = run.resumed || resumed ? 1 : 0;
  event.rank = rank;
  event.world = world;
  return event;
}

kairos_epoch_event RunFacts::epoch_event(bool partial) const {
  kairos_epoch_event event{};
  event.size = sizeof event;
  event.partial = partial ? 1 : 0;
  event.epoch = epoch;
  event.step = target.iterations();
  event.learning_rate = target.hyper("learning_rate").value_or(std::numeric_limits<double>::quiet_NaN());
  return event;
}

kairos_test_event RunFacts::test_event() const {
  kairos_test_event event{};
  event.size = sizeof event;
  event.in_fit = training ? 1 : 0;
  event.epoch = epoch;
  event.batches = batches;
  event.step = target.iterations();
  return event;
}

kairos_end_event RunFacts::end_event(RunEnd why) const {
  kairos_end_event event{};
  event.size = sizeof event;
  event.why = static_cast<std::int32_t>(why);
  event.epochs_run = epochs_run;
  event.step = target.iterations();
  if (stop) {
    event.reason = {stop->reason.data(), stop->reason.size()};
    event.stopped_by = {stop->instance.data(), stop->instance.size()};
  }
  if (why == RunEnd::Fault || why == RunEnd::Interrupted)
    event.reason = {end_reason.data(), end_reason.size()};
  return event;
}

}  // namespace kairos::host
