// SPDX-License-Identifier: MIT
// From settings to data: what fit, evaluate and predict share.
#pragma once

#include <memory>
#include <optional>

#include "cli/settings.hpp"
#include "io/architecture.hpp"
#include "kairos/host/data.hpp"
#include "kairos/host/error.hpp"
#include "kairos/host/stream.hpp"

namespace kairos::host::cli {

/// Whether the command compares outputs with a target.
enum class Purpose { Train, Evaluate, Predict };

/// Throws Error(Usage) unless --data or --input names something to read, and for settings of tables or
/// pictures where the data are neither.
void require_data(const Settings& settings);

/// Whether --data names a table: a file of columns.
[[nodiscard]] bool reads_table(const Settings& settings);

/// What is wrong with --target where it names columns that the table of --data has not, which predict does
/// without; else nothing.
[[nodiscard]] std::optional<Diagnosis> missing_target(const Settings& settings);

/// Data as --data, --input, --target and --sample-weight say. `ports` are the model's, empty where they are
/// not known yet.
[[nodiscard]] LoadedData load(const Settings& settings, const PortFacts& ports, Purpose purpose);

/// The same as a stream, if --stream asks for one; else null.
[[nodiscard]] std::unique_ptr<SampleSource> open_data(const Settings& settings, const PortFacts& ports,
                                                      Purpose purpose);

/// Throws Error(Usage) if --class-names is given for a target of numbers.
void require_use_of_class_names(const Settings& settings, const Dataset& data);

/// --buffer-size and, where the command has it, --shuffle-window. Throws Error(Usage).
[[nodiscard]] StreamOptions stream_options(const Settings& settings, Purpose purpose);

/// What the settings named --validation-… say; else what the training file itself holds for validation (taken
/// out of `loaded`); else nothing. A label has the number that it has in training.
[[nodiscard]] std::optional<Dataset> load_validation(const Settings& settings, const PortFacts& ports,
                                                     LoadedData& loaded);

}  // namespace kairos::host::cli
