// SPDX-License-Identifier: MIT
// Which columns of a table are inputs: those that the model was trained on, or all that are no index.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "data/csv/columns.hpp"
#include "kairos/host/data.hpp"

namespace kairos::host {

/// Whether the columns of several inputs are known by name, so that a table with a header needs no
/// `DataSpec::inputs`.
[[nodiscard]] bool knows_several_inputs(const DataSpec& spec);

/// The names that are known for an input of the data; null for none.
[[nodiscard]] const InputColumns* known_columns_of(const std::string& port, const DataSpec& spec);

/// Puts the columns of inputs in the order of `spec.input_columns`, and leaves others out. An input sink is
/// filled unless `spec.inputs` names its columns. Throws Error(Data) for a name that is missing.
void take_known_columns(CsvColumns& columns, const DataSpec& spec);

/// How many columns in front have no name, or the name that data frames give to such a one.
[[nodiscard]] std::size_t index_columns(const std::vector<std::string>& names);

/// Takes a column that a data frame writes for its index, in front and without a name, out of the inputs.
/// Throws Error(Data) for another input without a name.
void leave_index_out(CsvColumns& columns, const DataSpec& spec);

}  // namespace kairos::host
