// SPDX-License-Identifier: MIT
// What a fit was given, as far as a run that goes on must be given the same.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "kairos/host/checkpoint.hpp"
#include "kairos/host/fit.hpp"
#include "kairos/host/model.hpp"
#include "train/data_source.hpp"
#include "train/prepared.hpp"

namespace kairos::host {

/// Values by the names that messages use.
using FitFacts = std::vector<std::pair<std::string, std::string>>;

/// Reads all values of data in memory; of a stream, and of files that are read again, sizes and a part.
[[nodiscard]] FitFacts facts_of(const Model& model, const DataSource& data, Prepared& prepared,
                                const FitOptions& options);

/// Throws Error(Usage) KAIROS-U090 for the first one that differs, with both values. `run` is what messages
/// call the earlier run: "the run", or "the run in DIR".
void require_same_facts(const FitFacts& saved, const FitFacts& now, const std::string& run);
/// Throws Error(Usage) KAIROS-U113 on all ranks for the first one that is not the same on all of them, with
/// both values.
void require_same_on_ranks(Ranks& ranks, const FitFacts& facts);
/// Throws Error(Usage) KAIROS-U090 if the run has begun an epoch that is not one of `epochs`.
void require_epochs_left(const FitPosition& position, std::int64_t epochs, const std::string& run);

}  // namespace kairos::host
