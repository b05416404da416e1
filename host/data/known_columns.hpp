// SPDX-License-Identifier: MIT
// The columns of a table that are inputs: those that the model was trained on, or all except an index.
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

/// The known names for an input of the data; null if there are none.
[[nodiscard]] const InputColumns* known_columns_of(const std::string& port, const DataSpec& spec);

/// Puts the columns of inputs in the order of `spec.input_columns`, and leaves others out. An input sink is
/// filled unless `spec.inputs` names its columns. Throws Error(Data) for a missing name.
void take_known_columns(CsvColumns& columns, const DataSpec& spec);

/// The number of leading columns without a name, or with the name that data frames give to such a column.
[[nodiscard]] std::size_t index_columns(const std::vector<std::string>& names);

/// Removes a leading column without a name, which data frames write as their index, from the inputs. Throws
/// Error(Data) for another input without a name.
void leave_index_out(CsvColumns& columns, const DataSpec& spec);

}  // namespace kairos::host
