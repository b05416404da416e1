// SPDX-License-Identifier: MIT
// The checks that every data set passes before training starts.
#include "kairos/host/dataset.hpp"

#include <algorithm>
#include <cmath>

#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

std::string call(const char* kind, std::size_t i, const NamedArray& named, std::size_t count) {
  if (!named.name.empty()) return std::string(kind) + " \"" + named.name + "\"";
  return count > 1 ? std::string(kind) + " " + std::to_string(i) : kind;
}

/// ", column 3 (counted from 0)", or the position of a value in a sample of higher rank.
std::string column_text(const Array& array, std::int64_t offset) {
  if (array.shape.size() < 2) return "";
  std::string text;
  for (std::size_t d = array.shape.size(); d-- > 1; offset /= array.shape[d])
    text = std::to_string(offset % array.shape[d]) + (text.empty() ? "" : ", ") + text;
  return (array.shape.size() == 2 ? ", column " : ", position ") + text + " (counted from 0)";
}

std::string value_text(float value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "infinity" : "-infinity";
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  return text.back() == '.' ? text + "0" : text;
}

std::string row_text(const std::string& file, std::int64_t row) {
  return file + ": row " + std::to_string(row) + " (counted from 0)";
}

enum class ArrayUse { Values, Weights };

void check_values(const Dataset& data, const NamedArray& named, const std::string& what, ArrayUse use) {
  const Array& array = named.array;
  const auto bad = std::find_if(array.values.begin(), array.values.end(), [use](float value) {
    return !std::isfinite(value) || (use == ArrayUse::Weights && value < 0.0F);
  });
  if (bad == array.values.end()) return;
  const std::int64_t at = bad - array.values.begin();
  const std::int64_t row_size = array.row_size();
  if (std::isfinite(*bad))
    throw Error(ErrorKind::Data,
                {"KAIROS-D012", data.place(named, at / row_size), "a " + what + " is negative",
                 value_text(*bad), "0 or more", "Correct the weight"});
  throw Error(ErrorKind::Data, {"KAIROS-D011", data.place(named, at / row_size), "a value is not finite",
                                value_text(*bad) + " in the " + what + column_text(array, at % row_size),
                                "a finite number", "Correct the value or remove the row"});
}

void check_group(const Dataset& data, const std::vector<NamedArray>& arrays, const char* kind, ArrayUse use) {
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    const Array& array = arrays[i].array;
    const std::string what = call(kind, i, arrays[i], arrays.size());
    if (array.rows() != data.size() || array.shape.empty())
      throw Error(ErrorKind::Data, {"KAIROS-D010", data.origin_of(arrays[i]),
                                    "the " + what + " has a different number of rows",
                                    array.shape.empty() ? "a single value" : std::to_string(array.rows()),
                                    std::to_string(data.size()) + ", as in the first input",
                                    "Give every array the same number of rows"});
    if (array.row_size() == 0)
      throw Error(ErrorKind::Data,
                  {"KAIROS-D015", data.origin_of(arrays[i]), "the " + what + " has samples without values",
                   "shape " + shape_text(array.shape), "at least one value for each sample",
                   "Check the program that should have written them"});
    if (use == ArrayUse::Weights && array.shape.size() > 2)
      throw Error(
          ErrorKind::Data,
          {"KAIROS-D014", data.origin_of(arrays[i]), "the " + what + " has too many dimensions",
           "shape " + shape_text(array.shape), "(samples) or (samples, timesteps)", "Reshape the weights"});
    check_values(data, arrays[i], what, use);
  }
}

void append_rows(std::vector<NamedArray>& out, const std::vector<NamedArray>& arrays, std::int64_t begin,
                 std::int64_t end) {
  for (const NamedArray& named : arrays) {
    NamedArray part{named.name, {named.array.shape, {}}, named.columns, named.origin, named.row_offset};
    part.array.shape.front() = end - begin;
    const std::int64_t row_size = named.array.row_size();
    part.array.values.assign(named.array.values.begin() + begin * row_size,
                             named.array.values.begin() + end * row_size);
    out.push_back(std::move(part));
  }
}

}  // namespace

std::string Dataset::place(std::int64_t sample) const {
  if (row_naming == RowNaming::Line) return origin + ":" + std::to_string(first_row + sample + 1);
  return row_text(origin, first_row + sample);
}

std::string Dataset::place(const NamedArray& array, std::int64_t sample) const {
  if (array.origin.empty()) return place(sample);
  return row_text(array.origin, first_row + array.row_offset + sample);
}

void Dataset::check() const {
  if (!inputs.empty() && inputs.front().array.shape.empty())
    throw Error(ErrorKind::Data,
                {"KAIROS-D013", origin, "the array is a single value, not samples", "a scalar",
                 "an array with a row for each sample", "Check the program that should have written them"});
  if (size() == 0)
    throw Error(ErrorKind::Data, {"KAIROS-D013", origin, "there are no samples", "0 rows", "at least one",
                                  "Check the program that should have written them"});
  check_group(*this, inputs, "input", ArrayUse::Values);
  check_group(*this, targets, "target", ArrayUse::Values);
  check_group(*this, sample_weights, "sample weight", ArrayUse::Weights);
}

Dataset Dataset::rows(std::int64_t begin, std::int64_t end) const {
  if (begin < 0 || begin > end || end > size())
    throw Error(ErrorKind::Internal, {"KAIROS-I010", origin, "rows that do not exist were requested",
                                      std::to_string(begin) + " to " + std::to_string(end),
                                      "0 to " + std::to_string(size()), "Report this as a bug in Kairos"});
  Dataset part;
  part.origin = origin;
  part.first_row = first_row + begin;
  part.row_naming = row_naming;
  part.class_names = class_names;
  part.sources = sources;
  if (!files.empty()) part.files.assign(files.begin() + begin, files.begin() + end);
  append_rows(part.inputs, inputs, begin, end);
  append_rows(part.targets, targets, begin, end);
  append_rows(part.sample_weights, sample_weights, begin, end);
  return part;
}

}  // namespace kairos::host
