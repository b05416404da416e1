// SPDX-License-Identifier: MIT
// Loads the data that the settings of fit, evaluate and predict name.
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

/// Throws Error(Usage) unless --data or --input is given, and for settings of tables or images if the data is
/// neither.
void require_data(const Settings& settings);

/// Whether --data names a table: a file of columns.
[[nodiscard]] bool reads_table(const Settings& settings);

/// The fault of a --target that names columns which the table of --data lacks, which predict tolerates; else
/// nothing.
[[nodiscard]] std::optional<Diagnosis> missing_target(const Settings& settings);

/// The data of --data, --input, --target and --sample-weight. `ports` are the model's, empty if they are not
/// known yet.
[[nodiscard]] LoadedData load(const Settings& settings, const PortFacts& ports, Purpose purpose);

/// The same as a stream with --stream true; else null.
[[nodiscard]] std::unique_ptr<SampleSource> open_data(const Settings& settings, const PortFacts& ports,
                                                      Purpose purpose);

/// Throws Error(Usage) if --class-names is given for a numeric target.
void require_use_of_class_names(const Settings& settings, const Dataset& data);

/// --buffer-size and, for fit, --shuffle-window. Throws Error(Usage) if they are given without --stream true.
[[nodiscard]] StreamOptions stream_options(const Settings& settings, Purpose purpose);

/// The data of the --validation-… settings; else the validation data in the training file (moved out of
/// `loaded`); else nothing. Labels have the same numbers as in training.
[[nodiscard]] std::optional<Dataset> load_validation(const Settings& settings, const PortFacts& ports,
                                                     LoadedData& loaded);

}  // namespace kairos::host::cli
