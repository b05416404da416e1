// SPDX-License-Identifier: MIT
// Prints the layers of the model with their weights when a run begins.
#include <kairos/plugin.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../common/keras_layers.hpp"
#include "../common/layer_patterns.hpp"
#include "../common/output_place.hpp"
#include "../common/text.hpp"
#include "../common/whole_file.hpp"

namespace kairos::plugins {

/// Lightning's callback of this name: layers, types, shapes of outputs and weights and numbers of parameters,
/// with the totals. Types and outputs come from the Keras JSON of the model; a model without it shows the
/// layers with weights.
struct ModelSummary : Callback<ModelSummary> {
  static constexpr auto id = "kairos.ModelSummary";
  static constexpr auto summary = "Prints the layers of the model and their parameters when a run begins.";
  static constexpr auto phase = Phase::Report;

  Option<OutputPath> filename{this, "filename", unset,
                              "file to write the table to; if set, nothing is printed"};
  Option<int> max_depth{this, "max_depth", 1,
                        "models inside the model that are opened: 1 shows each as one layer, -1 opens all",
                        kairos::min(-1)};

  void setup(Run&) {
    if (filename.is_set()) check_output_place(std::string(filename.value()), Writing::Replaced);
  }
  void on_train_begin(Run& run) { tell(run); }
  void on_test_begin(Test& test) {
    if (!test.in_fit()) tell(test);
  }
  void on_predict_begin(Run& run) { tell(run); }

 private:
  struct Layer {
    std::string name, type, output, weights;
    std::int64_t trained = 0, fixed = 0;
  };

  /// As Keras writes it: "(None, 12)"; "" if it is unknown.
  static std::string shape_text(const std::vector<std::int64_t>& shape) {
    std::string text;
    for (const std::int64_t size : shape)
      text += (text.empty() ? "(" : ", ") + (size < 0 ? "None" : std::to_string(size));
    return text.empty() ? "" : text + (shape.size() == 1 ? ",)" : ")");
  }
  static std::string shape_text(const Tensor& tensor) {
    std::vector<std::int64_t> shape;
    for (std::int32_t axis = 0; axis < tensor.rank(); ++axis) shape.push_back(tensor.shape(axis));
    return shape.empty() ? "()" : shape_text(shape);
  }

  /// The rows of a model, and the row of each of its nodes.
  struct Rows {
    std::vector<Layer> layers;
    std::vector<std::size_t> of_node;
  };

  /// The model inside the model that stands for this node, or none: the one that max_depth does not open.
  [[nodiscard]] std::optional<std::size_t> closed_model(const Architecture& all, const Node& node) const {
    std::vector<std::size_t> chain;  // from the innermost to the one below the whole model
    for (std::size_t model = node.model; model != 0; model = all.models[model].around) chain.push_back(model);
    if (max_depth < 0 || chain.size() < static_cast<std::size_t>(max_depth) || chain.empty()) return {};
    return max_depth == 0 ? chain.back() : chain[chain.size() - static_cast<std::size_t>(max_depth)];
  }

  [[nodiscard]] Rows rows_of(const Architecture& all) const {
    Rows rows;
    std::map<std::string, std::size_t> row_of;  // by path: a layer that is used twice has two nodes
    const std::string& whole = all.models.front().path;
    const std::size_t root = whole.empty() ? 0 : whole.size() + 1;
    for (const Node& node : all.nodes) {
      const std::optional<std::size_t> closed = closed_model(all, node);
      const std::string& path = closed ? all.models[*closed].path : node.path;
      const auto [found, is_new] = row_of.try_emplace(path, rows.layers.size());
      rows.of_node.push_back(found->second);
      if (!is_new) continue;
      Layer layer{path.substr(root), node.class_name, shape_text(node.output_shape), "", 0, 0};
      if (closed) {
        layer.type = all.models[*closed].class_name;
        layer.output.clear();
        for (const Source& source : all.models[*closed].outputs)
          layer.output += (layer.output.empty() ? "" : " ") +
                          (source.output == 0 ? shape_text(all.nodes[source.node].output_shape) : "");
      }
      rows.layers.push_back(std::move(layer));
    }
    return rows;
  }

  /// The row of a weight that no layer of the JSON has.
  static std::size_t other_row(std::string_view weight, std::vector<Layer>& layers) {
    const std::string name(layer_of(weight));
    const auto found =
        std::find_if(layers.begin(), layers.end(), [&](const Layer& one) { return one.name == name; });
    if (found != layers.end()) return static_cast<std::size_t>(found - layers.begin());
    layers.push_back({name, "", "", "", 0, 0});
    return layers.size() - 1;
  }

  std::vector<Layer> layers(const Event& event) const {
    Architecture model;
    try {
      model = read_architecture(event.architecture());
    } catch (const Error&) {
      model = {};  // no Keras JSON
    }
    Rows rows;
    if (!model.models.empty()) rows = rows_of(model);
    std::vector<Weight> weights;
    for (std::uint32_t i = 0; i < event.tensor_count(Role::Weight); ++i)
      weights.push_back({std::string(event.tensor(Role::Weight, i).name()), {}, false});
    const std::vector<Owner> owners = owners_of(model, weights);
    for (std::uint32_t i = 0; i < weights.size(); ++i) {
      const Tensor weight = event.tensor(Role::Weight, i);
      const bool is_owned = owners[i].node < rows.of_node.size();
      Layer& layer =
          rows.layers[is_owned ? rows.of_node[owners[i].node] : other_row(weight.name(), rows.layers)];
      layer.weights += (layer.weights.empty() ? "" : " ") + shape_text(weight);
      (weight.trainable() ? layer.trained : layer.fixed) += weight.size();
    }
    return std::move(rows.layers);
  }

  static std::string with_commas(std::int64_t number) {
    std::string text = std::to_string(number);
    for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
    return text;
  }

  std::vector<std::string> lines(const Event& event) const {
    using Row = std::array<std::string, 5>;
    std::vector<Row> rows{{"layer", "type", "output", "weights", "parameters"}};
    std::int64_t trained = 0, fixed = 0;
    for (const Layer& layer : layers(event)) {
      rows.push_back(
          {layer.name, layer.type, layer.output, layer.weights, with_commas(layer.trained + layer.fixed)});
      trained += layer.trained;
      fixed += layer.fixed;
    }
    std::array<std::size_t, 5> widths{};
    for (const Row& row : rows)
      for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    std::vector<std::string> text;
    for (const Row& row : rows) {
      std::string line;
      for (std::size_t i = 0; i < row.size(); ++i) {
        const std::string gap(widths[i] - row[i].size(), ' ');
        line += (i == 0 ? "" : "  ") + (i + 1 == row.size() ? gap + row[i] : row[i] + gap);
      }
      text.push_back(std::move(line));
    }
    text.push_back("trained: " + with_commas(trained) + ", not trained: " + with_commas(fixed) +
                   ", all: " + with_commas(trained + fixed) + " parameters, " +
                   with_commas(((trained + fixed) * 4 + 1023) / 1024) + " KiB");
    return text;
  }

  void tell(const Event& event) const {
    const std::vector<std::string> text = lines(event);
    if (!filename.is_set()) {
      for (const std::string& line : text) event.print(line);
      return;
    }
    std::string all;
    for (const std::string& line : text) all += line + '\n';
    write_whole_file(std::string(filename.value()), all);
  }
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::ModelSummary)
