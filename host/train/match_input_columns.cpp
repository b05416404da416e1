// SPDX-License-Identifier: MIT
// Columns are put in order when they are read (DataSpec::input_columns); here they must be right already.
#include "train/match_input_columns.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

/// The model's input that an array is for; "" if there is none. Which of them fits is checked elsewhere.
std::string port_of(const Model& model, const Dataset& data, std::size_t input) {
  if (!data.inputs[input].name.empty()) return data.inputs[input].name;
  return input < model.inputs().size() ? model.inputs()[input].name : "";
}

const InputColumns* known_of(const Model& model, const std::string& port) {
  const auto known = model.input_columns();
  const auto own =
      std::find_if(known.begin(), known.end(), [&](const InputColumns& one) { return one.port == port; });
  return own == known.end() ? nullptr : &*own;
}

/// Whether each value of the port would have a name.
bool fits(const Model& model, const std::string& port, const std::vector<std::string>& names) {
  for (const Port& one : model.inputs()) {
    if (one.name != port) continue;
    std::int64_t size = 1;
    for (const std::int64_t dimension : one.shape) size *= dimension;
    return size == std::ssize(names);
  }
  return false;
}

}  // namespace

void require_known_columns(const Model& model, const Dataset& data) {
  for (std::size_t i = 0; i < data.inputs.size(); ++i) {
    const std::vector<std::string>& found = data.inputs[i].columns;
    const InputColumns* known = known_of(model, port_of(model, data, i));
    if (found.empty() || known == nullptr || found == known->names) continue;
    const auto [wrong, wanted] =
        std::mismatch(found.begin(), found.end(), known->names.begin(), known->names.end());
    throw Error(ErrorKind::Data,
                {"KAIROS-D322", data.origin,
                 "the columns of the data are not those that the model was trained on, in the same order",
                 wrong == found.end() ? "no more columns" : "\"" + *wrong + "\"",
                 wanted == known->names.end() ? "no more columns" : "\"" + *wanted + "\"",
                 "Read the data with DataSpec::input_columns set to the model's"});
  }
}

void learn_input_columns(Model& model, const Dataset& data) {
  const auto known = model.input_columns();
  std::vector<InputColumns> all(known.begin(), known.end());
  for (std::size_t i = 0; i < data.inputs.size(); ++i) {
    const std::string port = port_of(model, data, i);
    const std::vector<std::string>& names = data.inputs[i].columns;
    if (known_of(model, port) == nullptr && fits(model, port, names)) all.push_back({port, names});
  }
  if (all.size() > known.size()) model.set_input_columns(std::move(all));
}

}  // namespace kairos::host
