// SPDX-License-Identifier: MIT
// Reads the arguments of `fit`.
#include "cli/fit_options.hpp"

#include <cstdint>

#include "cli/command.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

Split split_of(const Settings& settings) {
  const auto split = settings.choice<Split>(
      "split", {{"last", Split::Last}, {"shuffled", Split::Shuffled}, {"stratified", Split::Stratified}});
  if (split != Split::Last && !settings.has("validation_split"))
    throw Error(ErrorKind::Usage,
                {"KAIROS-U066", "--split " + settings.text("split"), "no samples are held out for validation",
                 "", "--validation-split", "Add --validation-split 0.2, or leave --split out"});
  return split;
}

void set_validation_freq(const Integers& given, FitOptions& options) {
  if (given.is_list)
    options.validation_epochs.insert(given.values.begin(), given.values.end());
  else
    options.validation_freq = given.values.front();
}

}  // namespace

FitOptions fit_options(const Settings& settings) {
  FitOptions options;
  options.epochs = settings.integer("epochs");
  options.initial_epoch = settings.integer("initial_epoch");
  options.batch_size = settings.integer("batch_size");
  options.shuffle = settings.choice<Shuffle>(
      "shuffle", {{"true", Shuffle::Samples}, {"false", Shuffle::None}, {"batch", Shuffle::Batches}});
  options.seed = static_cast<std::uint64_t>(settings.integer("seed"));
  if (settings.has("validation_split")) options.validation_split = settings.number("validation_split");
  options.split = split_of(settings);
  set_validation_freq(settings.integers("validation_freq"), options);
  options.validation_batch_size = settings.integer("validation_batch_size");
  options.validation_steps = settings.integer("validation_steps");
  options.steps_per_epoch = settings.integer("steps_per_epoch");
  options.messages = console_messages(log_level(settings));
  options.owns_process = true;
  set_watch_over_plugins(settings, options);
  return options;
}

}  // namespace kairos::host::cli
