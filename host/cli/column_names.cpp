// SPDX-License-Identifier: MIT
// A file of a whole model holds its column names; for weights only, they are in the run directory.
#include "cli/column_names.hpp"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <numeric>

#include "base/name_list.hpp"
#include "cli/class_names.hpp"
#include "cli/command.hpp"
#include "io/file_kind.hpp"
#include "io/input_columns.hpp"
#include "kairos/host/data.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

constexpr const char* file_name = "input_columns.json";

/// The known names for the data's input of this index; null for none.
const InputColumns* known_of(const Dataset& data, std::size_t input, const PortFacts& ports) {
  std::string port = data.inputs[input].name;
  if (port.empty() && input < ports.inputs.size()) port = ports.inputs[input];
  return columns_for(ports.input_columns, port, data.inputs.size());
}

}  // namespace

bool may_hold_columns(const std::string& file) {
  const FileKind kind = kind_of(file);
  return kind == FileKind::Keras || kind == FileKind::Hdf5;
}

std::vector<InputColumns> known_columns(const Settings& settings, const ModelInput& input) {
  std::vector<InputColumns> columns;
  if (input.weights) columns = input.weights->input_columns;
  if (columns.empty() && input.file) columns = input.file->input_columns;
  const std::filesystem::path beside = file_beside_model(settings, file_name);
  if (columns.empty() && !beside.empty()) columns = read_input_columns(beside);
  const std::vector<std::string>& inputs = input.ports.inputs;
  if (inputs.size() > 1)
    std::erase_if(columns, [&](const InputColumns& one) {
      return std::find(inputs.begin(), inputs.end(), one.port) == inputs.end();
    });
  return columns;
}

void tell_model_columns(Model& model, std::vector<InputColumns> known) {
  const std::span<const Port> inputs = model.inputs();
  if (known.size() == 1 && inputs.size() == 1) known.front().port = inputs.front().name;
  std::erase_if(known, [&](const InputColumns& one) {
    const auto port =
        std::find_if(inputs.begin(), inputs.end(), [&](const Port& input) { return input.name == one.port; });
    return port == inputs.end() ||
           std::ssize(one.names) !=
               std::accumulate(port->shape.begin(), port->shape.end(), std::int64_t{1}, std::multiplies<>());
  });
  if (model.input_columns().empty() && !known.empty()) model.set_input_columns(std::move(known));
}

std::vector<InputColumns> columns_in_training(const Dataset& train, const PortFacts& ports) {
  std::vector<InputColumns> columns;
  for (std::size_t i = 0; i < train.inputs.size(); ++i) {
    std::string port = train.inputs[i].name;
    if (port.empty() && i < ports.inputs.size()) port = ports.inputs[i];
    if (!train.inputs[i].columns.empty())
      columns.push_back({port, train.inputs[i].columns});
    else if (const InputColumns* known = known_of(train, i, ports))
      columns.push_back(*known);
  }
  return columns;
}

void tell_columns(const Dataset& data, const PortFacts& ports) {
  const MessageSink say = console_messages();
  for (const std::string& note : data.notes) say(Level::Warning, "", note);
  for (std::size_t i = 0; i < data.inputs.size(); ++i) {
    const InputColumns* known = known_of(data, i, ports);
    if (known == nullptr || !data.inputs[i].columns.empty()) continue;
    const std::int64_t found = data.inputs[i].array.row_size();
    const std::string input = data.inputs.size() > 1 ? "input \"" + known->port + "\"" : "the input";
    if (found != std::ssize(known->names))
      throw Error(
          ErrorKind::Data,
          {"KAIROS-D324", data.origin,
           input + " has no column names, and its number of columns differs from training",
           std::to_string(found), std::to_string(known->names.size()) + ": " + joined_names(known->names),
           "Give a table with a header, or these columns in this order"});
    say(Level::Warning, "",
        data.origin + ": the columns of " + input +
            " have no names and are matched by position: " + joined_names(known->names));
  }
}

void keep_columns(const RunDirectory& directory, const Model& model) {
  const auto known = model.input_columns();
  if (directory.path().empty() || (known.empty() && !directory.holds(file_name))) return;
  write_input_columns(directory.path() / file_name, {known.begin(), known.end()});
}

std::string columns_text(const std::vector<InputColumns>& columns) {
  std::string text;
  for (const InputColumns& input : columns)
    text += " Input columns" + (columns.size() > 1 ? " of " + input.port : std::string()) + ": " +
            joined_names(input.names) + "\n";
  return text;
}

}  // namespace kairos::host::cli
