// SPDX-License-Identifier: MIT
// host/doc/keras.md, from the registries. KAIROS_WRITE_PAGES=1 writes the page.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "host/nn/keras_classes.hpp"
#include "kairos/host/error.hpp"
#include "nn/constraint.hpp"
#include "nn/initializer.hpp"
#include "nn/keras/config_reader.hpp"
#include "nn/keras/keys.hpp"
#include "nn/layer_registry.hpp"
#include "nn/losses/loss_types.hpp"
#include "nn/metrics/metric_types.hpp"
#include "nn/optimizers/optimizer_types.hpp"
#include "nn/regularizer.hpp"

using namespace kairos::host;

namespace {

using Json = nlohmann::json;
using kairos::tests::Names;
namespace all_of_keras = kairos::tests::keras;

/// What may stand for an argument that a class requires.
const std::vector<Json>& candidates() {
  static const std::vector<Json> all = [] {
    const auto layer = [](const char* name, const Json& config) {
      return Json{{"class_name", name}, {"config", config}};
    };
    return std::vector<Json>{1,
                             Json::array({1}),
                             Json::array({0}),
                             Json::array({1, 1}),
                             Json::array({1, 1, 1}),
                             0.5,
                             "relu",
                             "ab,bc->ac",
                             layer("Dense", {{"units", 1}, {"name", "dense"}}),
                             layer("LSTM", {{"units", 1}, {"name", "lstm"}}),
                             layer("LSTMCell", {{"units", 1}, {"name", "lstm_cell"}}),
                             Json::array({layer("LSTMCell", {{"units", 1}, {"name", "lstm_cell"}})})};
  }();
  return all;
}

/// Calls `make` with a reader of a configuration that has what the class requires, found by trial, and
/// returns the arguments that were refused. The last is "…" if no configuration was found.
std::vector<ConfigReader::Refused> refused_by(const KeySource& source,
                                              const std::function<void(ConfigReader&)>& make,
                                              Names* known = nullptr) {
  Json config{{"name", "one"}};
  for (int attempt = 0; attempt < 8; ++attempt) {
    ConfigReader reader(config, "the class", source);
    std::string missing;
    const auto try_once = [&](ConfigReader& one) {
      try {
        make(one);
        return std::string();
      } catch (const Error& error) {
        return std::string(error.what());
      }
    };
    const std::string sentence = try_once(reader);
    if (sentence.empty() || attempt == 7) {
      if (known != nullptr) *known = reader.known();
      std::vector<ConfigReader::Refused> refused = reader.refused();
      if (!sentence.empty()) refused.push_back({"…", sentence});
      return refused;
    }
    const std::size_t quote = sentence.find("\"");
    const std::string key = sentence.substr(quote + 1, sentence.find('"', quote + 1) - quote - 1);
    for (const Json& candidate : candidates()) {
      config[key] = candidate;
      ConfigReader again(config, "the class", source);
      if (try_once(again).find("\"" + key + "\"") == std::string::npos) break;
    }
  }
  return {};
}

/// "`axis` (only -1)"
std::string text_of(const std::vector<ConfigReader::Refused>& refused) {
  std::string text;
  for (const auto& [key, harmless] : refused)
    text += fmt::format("{}`{}`{}", text.empty() ? "" : ", ", key,
                        harmless == "null" ? "" : " (only `" + harmless + "`)");
  return text.empty() ? "–" : text;
}

/// The value of a rule's list without effect, as in text_of.
std::string only(const KeyRule& rule) {
  if (rule.neutral.empty()) return "null";
  const Json first = Json::parse(rule.neutral).front();
  return first.empty() && (first.is_array() || first.is_object()) ? "null" : first.dump();
}

std::vector<ConfigReader::Refused> refused_by_layer(const std::string& name) {
  const LayerType* const type = find_layer_type(name);
  Names known;
  std::vector<ConfigReader::Refused> refused;
  if (type != nullptr)
    refused = refused_by(
        {"layer", name, nullptr}, [&](ConfigReader& config) { (void)type->make(config); }, &known);
  for (const std::string& key : keys_with_rules("layer", name)) {
    const KeyRule& rule = *find_key_rule("layer", name, key);
    const bool is_read = std::find(known.begin(), known.end(), key) != known.end();
    if (rule.neutral != any_value && rule.object != "layer" && !is_read) refused.push_back({key, only(rule)});
  }
  std::sort(refused.begin(), refused.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  refused.erase(std::unique(refused.begin(), refused.end(),
                            [](const auto& a, const auto& b) { return a.key == b.key; }),
                refused.end());
  return refused;
}

std::string missing_of(const char* what, const Names& all, const Names& supported) {
  std::string text;
  for (const std::string& name : all)
    if (std::find(supported.begin(), supported.end(), name) == supported.end())
      text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? fmt::format("All {} of Keras 3.15 are supported.\n", what)
                      : fmt::format("Missing {} of Keras 3.15: {}.\n", what, text);
}

std::string layers() {
  std::string page = "## Layers\n\n| layer | shorthand | arguments that are refused |\n|---|---|---|\n";
  Names names = layer_class_names();
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (const std::string& name : names) {
    const LayerType* const type = find_layer_type(name);
    const std::string word(type == nullptr ? "input" : type->word);
    page += fmt::format("| {} | {} | {} |\n", name, word.empty() ? "–" : "`" + word + "`",
                        text_of(refused_by_layer(name)));
  }
  return page + "\n" + missing_of("layers", all_of_keras::layers, names) + "\n";
}

std::string all_names(const Names& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "`" : ", `") + name + "`";
  return text;
}

std::string losses() {
  std::string page = "## Losses\n\n| loss | other names | arguments that are refused |\n|---|---|---|\n";
  Names classes;
  for (const LossType& type : all_losses()) {
    classes.push_back(type.names.back());
    const auto refused = refused_by({}, [&](ConfigReader& config) { (void)type.make(config); });
    page += fmt::format("| {} | {} | {} |\n", type.names.back(),
                        all_names({type.names.begin(), type.names.end() - 1}), text_of(refused));
  }
  return page + "\n" + missing_of("losses", all_of_keras::losses, classes) +
         "`reduction` is `sum_over_batch_size`, `sum`, `mean` or `mean_with_sample_weight`.\n\n";
}

std::string metrics() {
  std::string page =
      "## Metrics\n\n| metric | other names | arguments that are refused |\n|---|---|---|\n"
      "| Accuracy | `accuracy`, `acc`: that of the output and its loss | all |\n"
      "| BinaryAccuracy | `binary_accuracy` | – |\n"
      "| CategoricalAccuracy | `categorical_accuracy` | – |\n"
      "| SparseCategoricalAccuracy | `sparse_categorical_accuracy` | – |\n";
  Names classes{"Accuracy", "BinaryAccuracy", "CategoricalAccuracy", "SparseCategoricalAccuracy",
                "LogCoshError"};
  for (const MetricType& type : all_metrics()) {
    classes.push_back(type.names.back());
    const auto make = [&](ConfigReader& config) {
      (void)type.make(config, {1, type.target_kind.value_or(TargetKind::Values)});
    };
    const auto refused = refused_by({}, make);
    page += fmt::format("| {} | {} | {} |\n", type.names.back(),
                        all_names({type.names.begin(), type.names.end() - 1}), text_of(refused));
  }
  for (const LossType& type : all_losses()) classes.push_back(type.names.back());
  return page + "\nEvery loss is a metric, too; Keras' LogCoshError is the loss LogCosh.\n" +
         missing_of("metrics", all_of_keras::metrics, classes) +
         "A log is one number: several `thresholds`, `class_aggregation=None` and a score per class are "
         "refused; "
         "F1Score and FBetaScore have the mean over the classes where Keras' `average=None` has one per "
         "class.\n\n";
}

std::string optimizers() {
  std::string page = "## Optimizers\n\n| optimizer | arguments that are refused |\n|---|---|\n";
  Names classes;
  for (const OptimizerType& type : all_optimizers()) {
    classes.emplace_back(type.class_name);
    auto refused = refused_by({"optimizer", classes.back(), nullptr},
                              [&](ConfigReader& config) { (void)type.make(config); });
    std::erase_if(refused, [](const auto& one) { return one.key.starts_with("ema_"); });
    std::erase_if(refused, [](const auto& one) { return one.key == "decay"; });
    page += fmt::format("| {} | {} |\n", type.class_name, text_of(refused));
  }
  return page + "\n" + missing_of("optimizers", all_of_keras::optimizers, classes) +
         "`decay` is that of Keras 1 and 2, where they had it. The schedules are " +
         all_names(all_of_keras::schedules) + ".\n\n";
}

/// Classes that `read` takes as the value of an argument, or their names in snake case.
Names accepted(const Names& all, const std::function<void(ConfigReader&)>& read) {
  Names found;
  for (const std::string& name : all) {
    const auto refused = refused_by({}, [&](ConfigReader& outer) {
      const Json* const arguments = outer.take("arguments");
      Json inner = arguments == nullptr ? Json::object() : *arguments;
      const Json config{{"one", {{"class_name", name}, {"config", inner}}}};
      ConfigReader reader(config, "it");
      try {
        read(reader);
      } catch (const Error& error) {
        if (std::string(error.what()).find("KAIROS-M014") != std::string::npos) throw;
      }
    });
    if (refused.empty()) found.push_back(name);
  }
  return found;
}

std::string objects() {
  const Names initializers = accepted(all_of_keras::initializers, [](ConfigReader& config) {
    (void)read_initializer(config, "one", "zeros");
  });
  const Names regularizers = accepted(all_of_keras::regularizers,
                                      [](ConfigReader& config) { (void)read_regularizer(config, "one"); });
  const Names constraints =
      accepted(all_of_keras::constraints, [](ConfigReader& config) { (void)read_constraint(config, "one"); });
  return "## Initializers, regularizers, constraints\n\n| kind | classes |\n|---|---|\n| initializer | " +
         all_names(initializers) + " |\n| regularizer | " + all_names(regularizers) + " |\n| constraint | " +
         all_names(constraints) + " |\n\n" +
         missing_of("initializers", all_of_keras::initializers, initializers) +
         missing_of("regularizers", all_of_keras::regularizers, regularizers) +
         missing_of("constraints", all_of_keras::constraints, constraints);
}

std::string common_arguments() {
  std::string text;
  for (const std::string& key : keys_with_rules("layer", "Dense")) {
    const KeyRule& rule = *find_key_rule("layer", "Dense", key);
    if (rule.object == "layer" && rule.neutral != any_value)
      text += fmt::format("{}`{}`", text.empty() ? "" : ", ", key);
  }
  return text;
}

/// A list in the text is broken into lines like the rest of the page.
std::string wrapped(const std::string& page) {
  constexpr std::size_t width = 140;
  std::istringstream lines(page);
  std::string out, line;
  while (std::getline(lines, line)) {
    while (line.size() > width && line.front() != '|') {
      const std::size_t at = line.rfind(' ', width);
      if (at == std::string::npos) break;
      out += line.substr(0, at) + "\n";
      line.erase(0, at + 1);
    }
    out += line + "\n";
  }
  return out;
}

std::string page_text() {
  return wrapped(
      "# What Kairos supports of Keras 3.15\n\n"
      "A test writes this page from the lists of the program: `tests/host/nn/keras_page_test.cpp`. The "
      "tables name the arguments of Keras' "
      "constructors that are refused: they may have their default value, and any other value is an error "
      "before training that names it. "
      "Every other argument is read; a value that Kairos cannot use is an error that says which values it "
      "takes. Callbacks are in the "
      "[README](../../README.md), the syntax is in [models](models.md).\n\n"
      "Every layer refuses " +
      common_arguments() + ".\n\n" + layers() + losses() + metrics() + optimizers() + objects());
}

}  // namespace

TEST_CASE("The page about Keras is that of the registries", "[host][nn]") {
  const std::filesystem::path page = std::filesystem::path(KAIROS_TEST_DATA) / "../../host/doc/keras.md";
  const std::string wanted = page_text();
  // A class whose required arguments were not found: add values for them to candidates().
  CHECK(wanted.find("`…`") == std::string::npos);
  if (std::getenv("KAIROS_WRITE_PAGES") != nullptr) std::ofstream(page) << wanted;
  std::ifstream file(page);
  const std::string found{std::istreambuf_iterator<char>(file), {}};
  INFO("KAIROS_WRITE_PAGES=1 kairos_host_tests \"The page about Keras*\" writes it");
  CHECK(found == wanted);
}
