// SPDX-License-Identifier: MIT
// kairos summary: the table of layers that Keras prints.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "cli/stored_model.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

using Row = std::array<std::string, 3>;

std::string with_commas(std::int64_t number) {
  std::string text = std::to_string(number);
  for (std::ptrdiff_t at = std::ssize(text) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), ",");
  return text;
}

/// As Keras has it: 195 (780.00 B).
std::string count_text(std::int64_t parameters) {
  constexpr std::array units{"B", "KB", "MB", "GB", "TB"};
  double size = static_cast<double>(parameters) * sizeof(float);
  std::size_t unit = 0;
  for (; size >= 1024 && unit + 1 < units.size(); ++unit) size /= 1024;
  return fmt::format("{} ({:.2f} {})", with_commas(parameters), size, units[unit]);
}

/// [null, 8] as "(None, 8)".
std::string shape_of_batch(const nlohmann::json& shape) {
  std::string text;
  for (const nlohmann::json& dimension : shape)
    text += (text.empty() ? "" : ", ") + (dimension.is_null() ? std::string("None") : dimension.dump());
  return "(" + text + (shape.size() == 1 ? ",)" : ")");
}

std::string shape_of_port(const Port& port) {
  nlohmann::json shape = nlohmann::json::array({nullptr});
  for (const std::int64_t dimension : port.shape) shape.push_back(dimension);
  return shape_of_batch(shape);
}

struct Counts {
  std::map<std::string, std::int64_t> by_layer;
  std::int64_t trainable = 0;
  std::int64_t fixed = 0;
};

Counts count(Model& model) {
  Counts counts;
  for (const TensorRef& weight : model.tensors(Role::Weight)) {
    counts.by_layer[weight.name.substr(0, weight.name.find('/'))] += weight.size();
    (weight.trainable ? counts.trainable : counts.fixed) += weight.size();
  }
  return counts;
}

/// In a chain, what one layer is built for is what the one before gives.
std::vector<Row> rows_of(const nlohmann::json& architecture, Model& model, const Counts& counts) {
  std::vector<Row> rows;
  std::vector<nlohmann::json> layers;
  for (const nlohmann::json& layer : architecture.at("config").at("layers"))
    if (layer.at("class_name") != "InputLayer") layers.push_back(layer);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::string name = layers[i].at("config").at("name").get<std::string>();
    const auto found = counts.by_layer.find(name);
    rows.push_back({name + " (" + layers[i].at("class_name").get<std::string>() + ")",
                    i + 1 < layers.size() ? shape_of_batch(layers[i + 1].at("build_config").at("input_shape"))
                                          : shape_of_port(model.outputs().front()),
                    with_commas(found == counts.by_layer.end() ? 0 : found->second)});
  }
  return rows;
}

/// `ends` are the left edge, the crossing and the right edge.
std::string rule(const std::array<std::size_t, 3>& widths, const char* line,
                 const std::array<const char*, 3>& ends) {
  std::string text = ends[0];
  for (std::size_t column = 0; column < widths.size(); ++column) {
    for (std::size_t i = 0; i < widths[column] + 2; ++i) text += line;
    text += column + 1 < widths.size() ? ends[1] : ends[2];
  }
  return text + "\n";
}

std::string table(const std::vector<Row>& rows) {
  const Row header{"Layer (type)", "Output Shape", "Param #"};
  std::array<std::size_t, 3> widths{31, 22, 13};  // what Keras takes for a terminal of usual width
  for (const Row& row : rows)
    for (std::size_t column = 0; column < row.size(); ++column)
      widths[column] = std::max(widths[column], row[column].size());
  const auto line = [&](const Row& row, const char* bar) {
    return fmt::format("{0} {1:<{4}} {0} {2:<{5}} {0} {3:>{6}} {0}\n", bar, row[0], row[1], row[2], widths[0],
                       widths[1], widths[2]);
  };
  std::string text =
      rule(widths, "━", {"┏", "┳", "┓"}) + line(header, "┃") + rule(widths, "━", {"┡", "╇", "┩"});
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i > 0) text += rule(widths, "─", {"├", "┼", "┤"});
    text += line(rows[i], "│");
  }
  return text + rule(widths, "─", {"└", "┴", "┘"});
}

}  // namespace

int run_summary(Arguments arguments) {
  std::vector<std::string> flags(arguments.begin(), arguments.end());
  const std::vector<std::string> names = take_words(flags, summary_settings());
  const Settings settings("summary", summary_settings(), flags);
  if (settings.help_wanted()) return print(settings.help("the layers of a model and what they hold")), 0;
  if (names.size() != 1)
    throw Error(ErrorKind::Usage, {"KAIROS-U040", "kairos summary", "it takes one model",
                                   names.empty() ? "none" : std::to_string(names.size()), "",
                                   "Write kairos summary model.keras"});
  const StoredModel stored = open_model(names.front());
  if (!stored.has_architecture())
    throw Error(ErrorKind::Model, {"KAIROS-M095", stored.name, "the file holds weights and no model", "", "",
                                   "Name the file that holds the architecture"});
  const std::unique_ptr<Model> model = compile(stored.source, {});
  const nlohmann::json architecture = nlohmann::json::parse(model->architecture());
  if (architecture.at("class_name") != "Sequential")
    throw Error(ErrorKind::Model, {"KAIROS-M004", stored.name, "only Sequential models can be summarized",
                                   architecture.at("class_name").dump(), "Sequential",
                                   "Look at it with kairos convert MODEL out.json"});
  const Counts counts = count(*model);
  std::int64_t optimizer = 0;
  if (stored.file)
    for (const NamedArray& variable : stored.file->optimizer)
      optimizer += static_cast<std::int64_t>(variable.array.values.size());
  std::string text = "Model: \"" + architecture.at("config").at("name").get<std::string>() + "\"\n";
  text += table(rows_of(architecture, *model, counts));
  text += " Total params: " + count_text(counts.trainable + counts.fixed + optimizer) + "\n";
  text += " Trainable params: " + count_text(counts.trainable) + "\n";
  text += " Non-trainable params: " + count_text(counts.fixed) + "\n";
  if (optimizer > 0) text += " Optimizer params: " + count_text(optimizer) + "\n";
  print(text);
  return 0;
}

}  // namespace kairos::host::cli
