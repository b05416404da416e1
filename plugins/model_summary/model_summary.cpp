// SPDX-License-Identifier: MIT
// Prints the layers of the model with their weights when a run begins.
#include <kairos/plugin.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../common/layer_patterns.hpp"
#include "../common/output_place.hpp"
#include "../common/text.hpp"
#include "../common/whole_file.hpp"

namespace kairos::plugins {

/// Lightning's callback of this name: layers, types, shapes of weights and numbers of parameters, with the
/// totals. Types come from the Keras JSON of the model; a model without it shows the layers with weights.
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
    std::string name, type, shapes;
    std::int64_t trained = 0, fixed = 0;
  };

  /// Nesting of JSON that is read.
  static constexpr int deepest = 100;

  /// The layers of a model in the JSON, with `prefix` before their names.
  static void collect(const nlohmann::json& model, const std::string& prefix, int depth, int most,
                      std::vector<Layer>& layers) {
    const nlohmann::json* const list = list_of(model);
    if (list == nullptr || depth > deepest) return;
    for (const nlohmann::json& one : *list) {
      if (!one.is_object() || !one.contains("class_name") || !one["class_name"].is_string()) continue;
      const nlohmann::json config = one.value("config", nlohmann::json::object());
      const bool has_name = config.is_object() && config.contains("name") && config["name"].is_string();
      const std::string name = prefix + (has_name ? config["name"].get<std::string>() : "");
      if (list_of(one) != nullptr && (most < 0 || depth < most))
        collect(one, name + '/', depth + 1, most, layers);
      else
        layers.push_back({name, one["class_name"].get<std::string>(), "", 0, 0});
    }
  }
  /// Null if the object is no model.
  static const nlohmann::json* list_of(const nlohmann::json& model) {
    if (!model.is_object() || !model.contains("config")) return nullptr;
    const nlohmann::json& config = model["config"];
    if (config.is_array()) return &config;  // Keras 1 and 2
    return config.is_object() && config.contains("layers") && config["layers"].is_array() ? &config["layers"]
                                                                                          : nullptr;
  }

  static std::string shape_text(const Tensor& tensor) {
    std::string text = "(";
    for (std::int32_t axis = 0; axis < tensor.rank(); ++axis)
      text += (axis == 0 ? "" : ", ") + std::to_string(tensor.shape(axis));
    return text + (tensor.rank() == 1 ? ",)" : ")");
  }

  /// The layer with this weight: the one with the longest name that the weight begins with.
  static Layer& layer_with(std::string_view weight, std::vector<Layer>& layers) {
    Layer* found = nullptr;
    for (Layer& one : layers) {
      const bool begins = weight.substr(0, one.name.size() + 1) == one.name + '/';
      if (begins && (found == nullptr || one.name.size() > found->name.size())) found = &one;
    }
    if (found != nullptr) return *found;
    layers.push_back({std::string(layer_of(weight)), "", "", 0, 0});
    return layers.back();
  }

  std::vector<Layer> layers(const Event& event) const {
    std::vector<Layer> all;
    const nlohmann::json model = nlohmann::json::parse(event.architecture(), nullptr, false);
    collect(model, "", 1, static_cast<int>(std::min<std::int64_t>(max_depth, deepest)), all);
    for (std::uint32_t i = 0; i < event.tensor_count(Role::Weight); ++i) {
      const Tensor weight = event.tensor(Role::Weight, i);
      Layer& layer = layer_with(weight.name(), all);
      layer.shapes += (layer.shapes.empty() ? "" : " ") + shape_text(weight);
      (weight.trainable() ? layer.trained : layer.fixed) += weight.size();
    }
    return all;
  }

  static std::string with_commas(std::int64_t number) {
    std::string text = std::to_string(number);
    for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
    return text;
  }

  std::vector<std::string> lines(const Event& event) const {
    using Row = std::array<std::string, 4>;
    std::vector<Row> rows{{"layer", "type", "weights", "parameters"}};
    std::int64_t trained = 0, fixed = 0;
    for (const Layer& layer : layers(event)) {
      rows.push_back({layer.name, layer.type, layer.shapes, with_commas(layer.trained + layer.fixed)});
      trained += layer.trained;
      fixed += layer.fixed;
    }
    std::array<std::size_t, 4> widths{};
    for (const Row& row : rows)
      for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    std::vector<std::string> text;
    for (const Row& row : rows) {
      std::string line;
      for (std::size_t i = 0; i < row.size(); ++i) {
        const std::string gap(widths[i] - row[i].size(), ' ');
        line += (i == 0 ? "" : "  ") + (i == 3 ? gap + row[i] : row[i] + gap);
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
