// SPDX-License-Identifier: MIT
// Readers reorder columns (DataSpec::input_columns); here their order must be right already.
#include "train/match_input_columns.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "base/shape.hpp"
#include "io/input_columns.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

/// The name of the model's input that an array belongs to; "" if there is none. match_columns checks the
/// match.
std::string port_of(const Model& model, const Dataset& data, std::size_t input) {
  if (!data.inputs[input].name.empty()) return data.inputs[input].name;
  return input < model.inputs().size() ? model.inputs()[input].name : "";
}

const InputColumns* known_of(const Model& model, const std::string& port) {
  return columns_for(model.input_columns(), port, model.inputs().size());
}

/// Whether there is one name per value of the port.
bool fits(const Model& model, const std::string& port, const std::vector<std::string>& names) {
  for (const Port& one : model.inputs())
    if (one.name == port) return product(one.shape) == std::ssize(names);
  return false;
}

/// Whose columns are expected, and how to get them.
struct Expected {
  const char *by, *cure;
};

std::string column_at(const std::vector<std::string>& names, std::ptrdiff_t position) {
  if (position == std::ssize(names)) return std::to_string(position) + " columns";
  return "\"" + names[static_cast<std::size_t>(position)] + "\" as column " + std::to_string(position) +
         " (counted from 0)";
}

void require_names(const Dataset& data, const std::vector<std::string>& found,
                   const std::vector<std::string>& names, const std::string& port, const Expected& expected) {
  if (found.empty() || names.empty() || found == names) return;
  const std::ptrdiff_t position = std::ranges::mismatch(found, names).in1 - found.begin();
  throw Error(ErrorKind::Data,
              {"KAIROS-D322", data.origin,
               "the columns of input \"" + port + "\" are not those " + expected.by + ", in the same order",
               column_at(found, position), column_at(names, position), expected.cure});
}

}  // namespace

void require_known_columns(const Model& model, const Dataset& data) {
  for (std::size_t i = 0; i < data.inputs.size(); ++i) {
    const std::string port = port_of(model, data, i);
    if (const InputColumns* known = known_of(model, port))
      require_names(
          data, data.inputs[i].columns, known->names, port,
          {"that the model was trained on", "Read the data with DataSpec::input_columns set to the model's"});
  }
}

void require_same_columns(const Model& model, const Dataset& training, const Dataset& data) {
  for (std::size_t i = 0; i < data.inputs.size(); ++i)
    for (std::size_t k = 0; k < training.inputs.size(); ++k) {
      const std::string port = port_of(model, data, i);
      if (port_of(model, training, k) == port)
        require_names(data, data.inputs[i].columns, training.inputs[k].columns, port,
                      {"of the training data",
                       "Read the data with DataSpec::input_columns set to those of the training data"});
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
