// SPDX-License-Identifier: MIT
// The names and uses of the columns of a CSV.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "kairos/host/data.hpp"

namespace kairos::host {

enum class ColumnUse {
  Input,
  Target,
  Weight,
  None,  ///< no input takes it, where inputs are named
};

/// Columns that form one array: an input, or the targets or weights of an output.
struct CsvSink {
  ColumnUse use;
  std::string port;   ///< "" without a name
  std::size_t width;  ///< columns
};

struct CsvColumn {
  std::string name;  ///< "" without a header
  ColumnUse use = ColumnUse::Input;
  std::size_t sink = 0;  ///< unused with ColumnUse::None
  std::size_t slot = 0;  ///< position among the columns of the same sink
};

/// More than any model takes from one table.
constexpr std::size_t most_csv_sinks = 64;

struct CsvColumns {
  std::vector<CsvColumn> all;
  std::vector<CsvSink> sinks;      ///< inputs, then targets, then weights
  std::vector<std::string> notes;  ///< as Dataset::notes, without the name of the file

  /// `column "petal"`, or `column 3 (counted from 0)` without a header.
  [[nodiscard]] std::string call(std::size_t index) const;
  /// NamedArray::columns of a sink of inputs.
  [[nodiscard]] std::vector<std::string> names_of(std::size_t sink) const;
};

/// Finds the columns of inputs, targets and weights; `names` are those of the header, or as many empty
/// strings. Throws Error(Data) with the nearest name. A last column without name and values is no column.
enum class CsvNames { OfHeader, OfHeaderAndEmptyLast, None };
[[nodiscard]] CsvColumns assign_columns(const std::vector<std::string>& names, CsvNames kind,
                                        const DataSpec& spec);

}  // namespace kairos::host
