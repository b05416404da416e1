// SPDX-License-Identifier: MIT
// kairos summary: the table of layers, as Keras prints it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/printable.hpp"
#include "cli/column_names.hpp"
#include "cli/command.hpp"
#include "cli/model_input.hpp"
#include "kairos/host/error.hpp"
#include "nn/architecture.hpp"

namespace kairos::host::cli {

namespace {

using Row = std::vector<std::string>;

std::string with_commas(std::int64_t number) {
  std::string text = std::to_string(number);
  for (std::ptrdiff_t at = std::ssize(text) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), 1, ',');
  return text;
}

/// As in Keras: 195 (780.00 B).
std::string count_text(std::int64_t parameters) {
  constexpr std::array units{"B", "KB", "MB", "GB", "TB"};
  double size = static_cast<double>(parameters) * sizeof(float);
  std::size_t unit = 0;
  for (; size >= 1024 && unit + 1 < units.size(); ++unit) size /= 1024;
  return fmt::format("{} ({:.2f} {})", with_commas(parameters), size, units[unit]);
}

std::string batch_shape_text(const Shape& shape) {
  std::string text = "(None";
  for (const std::int64_t dimension : shape)
    text += dimension == -1 ? ", None" : ", " + std::to_string(dimension);
  return text + (shape.empty() ? ",)" : ")");
}

/// Of the last call, as in Keras.
std::string output_text(const ArchitectureLayer& layer) {
  if (layer.is_input()) return batch_shape_text(*layer.input_shape);
  const std::vector<Shape>& outputs = layer.call_outputs.back();
  if (outputs.size() == 1) return batch_shape_text(outputs.front());
  std::string text;
  for (const Shape& shape : outputs) text += (text.empty() ? "[" : ", ") + batch_shape_text(shape);
  return text + "]";
}

/// Where the inputs of all calls come from: layer[call][output].
std::string connections(const Architecture& model, const ArchitectureLayer& layer) {
  std::string text;
  for (const LayerCall& call : layer.calls)
    for (const ValueSource& source : call.inputs.values)
      text += fmt::format("{}{}[{}][{}]", text.empty() ? "" : ", ",
                          printable(model.layers[source.layer].name), source.call, source.output);
  return text.empty() ? "-" : text;
}

struct Counts {
  std::int64_t trainable = 0;
  std::int64_t fixed = 0;

  [[nodiscard]] std::int64_t all() const { return trainable + fixed; }
};

Counts count(const Architecture& model);

Counts count(const ArchitectureLayer& layer) {
  if (layer.model) return count(*layer.model);
  Counts counts;
  if (layer.is_input()) return counts;
  for (const Parameter& parameter : layer.instances.front()->parameters())
    (parameter.trainable ? counts.trainable : counts.fixed) += parameter.size();
  return counts;
}

Counts count(const Architecture& model) {
  Counts counts;
  for (const ArchitectureLayer& layer : model.layers) {
    const Counts own = count(layer);
    counts.trainable += own.trainable;
    counts.fixed += own.fixed;
  }
  return counts;
}

/// A Functional model that is a chain is printed like one.
bool is_chain(const Architecture& model) {
  std::set<std::size_t> sources;
  for (const ArchitectureLayer& layer : model.layers) {
    if (layer.calls.size() > 1) return false;
    for (const LayerCall& call : layer.calls)
      if (call.inputs.values.size() != 1 || !sources.insert(call.inputs.values.front().layer).second)
        return false;
  }
  return model.inputs.values.size() == 1;
}

std::vector<Row> rows_of(const Architecture& model) {
  const bool chain = is_chain(model);
  std::vector<Row> rows;
  for (const ArchitectureLayer& layer : model.layers) {
    if (layer.is_input() && model.kind == Architecture::Kind::Sequential) continue;
    rows.push_back({printable(layer.name + " (" + layer.class_name + ")"), output_text(layer),
                    with_commas(count(layer).all())});
    if (!chain) rows.back().push_back(connections(model, layer));
  }
  return rows;
}

/// `ends` are the left edge, the crossing and the right edge.
std::string rule(const std::vector<std::size_t>& widths, const char* line,
                 const std::array<const char*, 3>& ends) {
  std::string text = ends[0];
  for (std::size_t column = 0; column < widths.size(); ++column) {
    for (std::size_t i = 0; i < widths[column] + 2; ++i) text += line;
    text += column + 1 < widths.size() ? ends[1] : ends[2];
  }
  return text + "\n";
}

/// Breaks between words, and inside words that are too long for a line.
std::vector<std::string> wrapped(const std::string& text, std::size_t width) {
  std::vector<std::string> lines{""};
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    std::string word = text.substr(begin, end - begin);
    begin = end + 1;
    const bool fits = lines.back().size() + 1 + word.size() <= width;
    if (!lines.back().empty() && fits)
      lines.back() += " " + word;
    else if (lines.back().empty())
      lines.back() = word;
    else
      lines.push_back(word);
    while (lines.back().size() > width) {
      std::string rest = lines.back().substr(width);
      lines.back().resize(width);
      lines.push_back(std::move(rest));
    }
  }
  return lines;
}

std::string row_text(const Row& row, const std::vector<std::size_t>& widths, const char* bar) {
  constexpr std::size_t numbers = 2;  // the column that is aligned to the right
  std::vector<std::vector<std::string>> cells;
  std::size_t height = 1;
  for (std::size_t column = 0; column < row.size(); ++column) {
    cells.push_back(wrapped(row[column], widths[column]));
    height = std::max(height, cells.back().size());
  }
  std::string text;
  for (std::size_t line = 0; line < height; ++line) {
    text += bar;
    for (std::size_t column = 0; column < row.size(); ++column) {
      const std::string cell = line < cells[column].size() ? cells[column][line] : "";
      text += column == numbers ? fmt::format(" {:>{}} {}", cell, widths[column], bar)
                                : fmt::format(" {:<{}} {}", cell, widths[column], bar);
    }
    text += "\n";
  }
  return text;
}

std::string table(const std::vector<Row>& rows) {
  Row header{"Layer (type)", "Output Shape", "Param #", "Connected to"};
  // Keras' widths for a terminal of 80 columns.
  std::vector<std::size_t> widths{31, 22, 13};
  if (!rows.empty() && rows.front().size() == 4)
    widths = {19, 17, 10, 17};
  else
    header.pop_back();
  std::string text =
      rule(widths, "━", {"┏", "┳", "┓"}) + row_text(header, widths, "┃") + rule(widths, "━", {"┡", "╇", "┩"});
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i > 0) text += rule(widths, "─", {"├", "┼", "┤"});
    text += row_text(rows[i], widths, "│");
  }
  return text + rule(widths, "─", {"└", "┴", "┘"});
}

std::unique_ptr<Graph> build(Architecture& model, std::int64_t length) {
  return build_graph(model, {}, 0, values_of_this_machine(), Precision::Float32, {{}, length});
}

bool has_open_input(const Architecture& model) {
  return std::any_of(model.layers.begin(), model.layers.end(), [](const ArchitectureLayer& layer) {
    return layer.input_shape &&
           std::find(layer.input_shape->begin(), layer.input_shape->end(), -1) != layer.input_shape->end();
  });
}

/// Writes -1 for each dimension that depends on a length which the architecture leaves to the data: those
/// that another length changes.
void open_lengths(ModelSource source, Architecture& model) {
  if (!has_open_input(model)) return;
  source.messages = {};
  Architecture longer = read_architecture(source);
  const std::unique_ptr<Graph> graph = build(longer, 2 * any_length);
  for (std::size_t layer = 0; layer < model.layers.size(); ++layer)
    for (std::size_t call = 0; call < model.layers[layer].call_outputs.size(); ++call)
      for (std::size_t i = 0; i < model.layers[layer].call_outputs[call].size(); ++i) {
        Shape& shape = model.layers[layer].call_outputs[call][i];
        const Shape& other = longer.layers[layer].call_outputs[call][i];
        for (std::size_t d = 0; d < shape.size(); ++d)
          if (shape[d] != other[d]) shape[d] = -1;
      }
}

}  // namespace

int run_summary(Arguments arguments) {
  const auto [names, settings] = read_command_line(Command::Summary, arguments);
  if (settings.help_wanted())
    return print(settings.help("print the layers of a model and their parameters", "MODEL")), 0;
  if (names.size() != 1)
    throw Error(ErrorKind::Usage, {"KAIROS-U040", "kairos summary", "expected one model",
                                   names.empty() ? "none" : std::to_string(names.size()), "",
                                   "Write kairos summary model.keras"});
  ModelInput stored = open_model(names.front());
  require_architecture(stored, "Name the file that holds the architecture");
  stored.source.strict = settings.is_on("strict");
  stored.source.messages = console_messages();
  Architecture model = read_architecture(stored.source);
  const std::unique_ptr<Graph> graph = build(model, any_length);
  open_lengths(stored.source, model);
  const Counts counts = count(model);
  std::int64_t optimizer = 0;
  if (stored.file)
    for (const NamedArray& variable : stored.file->optimizer)
      optimizer += static_cast<std::int64_t>(variable.array.values.size());
  std::string text = "Model: \"" + printable(model.name) + "\"\n" + table(rows_of(model));
  text += " Total params: " + count_text(counts.all() + optimizer) + "\n";
  text += " Trainable params: " + count_text(counts.trainable) + "\n";
  text += " Non-trainable params: " + count_text(counts.fixed) + "\n";
  if (optimizer > 0) text += " Optimizer params: " + count_text(optimizer) + "\n";
  if (stored.file) text += columns_text(stored.file->input_columns);
  print(text);
  return 0;
}

}  // namespace kairos::host::cli
