// SPDX-License-Identifier: MIT
// The examples of the plugins' pages, and a small training to run them in.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <istream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/temporary_directory.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/error.hpp"
#include "kairos/host/fit.hpp"

namespace kairos::tests {

/// The words of a shell's command line; quotes are removed.
inline std::vector<std::string> shell_words(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  char quote = 0;
  bool inside = false;
  for (const char c : line) {
    if (quote != 0 ? c == quote : c == '\'' || c == '"') {
      quote = quote == 0 ? c : '\0';
      inside = true;
    } else if (c == ' ' && quote == 0) {
      if (inside) words.push_back(word);
      word.clear();
      inside = false;
    } else {
      word += c;
      inside = true;
    }
  }
  if (inside) words.push_back(word);
  return words;
}

/// An example of a page.
struct Example {
  std::string plugin;     ///< the text after --plugin, and on_error=fatal
  std::string optimizer;  ///< the text after --optimizer; "" if the page names none
};

/// The plugin with on_error=fatal, so that no fault is only a warning.
inline std::string fatal(const std::string& plugin) {
  return plugin + (plugin.find(':') == std::string::npos ? ":" : ",") + "on_error=fatal";
}

/// Writes the scripts of a page, "```lua" and "-- NAME: …", into the directory, and returns their names.
inline std::vector<std::string> write_scripts(std::istream& page, const std::filesystem::path& directory) {
  std::vector<std::string> names;
  for (std::string line; std::getline(page, line);) {
    if (line != "```lua" || !std::getline(page, line)) continue;
    names.push_back(line.substr(3, line.find(':') - 3));
    std::ofstream script(directory / names.back());
    for (; line != "```" && page; std::getline(page, line)) script << line << '\n';
  }
  page.clear();
  page.seekg(0);
  return names;
}

/// The callbacks in lines "    kairos … --plugin TEXT" of the pages under plugins/, of plugins that were
/// built.
inline std::vector<Example> page_examples() {
  static const TemporaryDirectory scripts;
  std::vector<Example> examples;
  for (const auto& folder : std::filesystem::directory_iterator(KAIROS_TEST_SOURCES "/plugins")) {
    const std::string name = folder.path().filename().string();
    if (!std::filesystem::exists(std::filesystem::path(KAIROS_TEST_PLUGINS) / (name + ".so"))) continue;
    std::ifstream page(folder.path() / "README.md");
    const std::vector<std::string> names = write_scripts(page, scripts.path());
    for (std::string line; std::getline(page, line);) {
      if (!line.starts_with("    kairos ")) continue;
      for (const std::string& script : names)
        if (const std::size_t at = line.find(script); at != std::string::npos)
          line.replace(at, script.size(), (scripts / script).string());
      const std::vector<std::string> words = shell_words(line);
      const auto optimizer = std::find(words.begin(), words.end(), "--optimizer");
      for (std::size_t i = 0; i + 1 < words.size(); ++i)
        if (words[i] == "--plugin")
          examples.push_back({fatal(words[i + 1]), optimizer == words.end() ? "" : *(optimizer + 1)});
    }
  }
  std::sort(examples.begin(), examples.end(),
            [](const Example& a, const Example& b) { return a.plugin < b.plugin; });
  return examples;
}

/// All plugins of the build, and the one that makes trouble.
inline const host::Catalog& all_plugins() {
  static const host::Catalog catalog =
      host::Catalog::scan(std::vector<std::filesystem::path>{KAIROS_TEST_PLUGINS},
                          std::vector<std::filesystem::path>{KAIROS_TEST_TROUBLEMAKER});
  return catalog;
}

/// Three classes of images of two pixels.
inline host::Dataset points(std::int64_t count, float scale = 1) {
  host::Dataset data;
  host::NamedArray x{"", {{count, 1, 2, 1}, {}}};
  host::NamedArray y{"", {{count}, {}}};
  for (std::int64_t i = 0; i < count; ++i) {
    const auto label = static_cast<float>(i % 3);
    x.array.values.push_back(scale * (label + 0.1F * static_cast<float>(i % 5)));
    x.array.values.push_back(scale * (1 - label + 0.1F * static_cast<float>(i % 7)));
    y.array.values.push_back(label);
  }
  data.inputs = {x};
  data.targets = {y};
  data.origin = "points";
  return data;
}

/// What a small run was, for comparing runs.
struct Outcome {
  host::History history;
  std::vector<float> weights;
  std::string error;  ///< of a failed run
};

/// A model and the training of it, with any plugins.
class SmallRun {
 public:
  explicit SmallRun(const Example& example) : SmallRun(example, "Adam(learning_rate=0.01)") {}
  /// `optimizer` if the page names none.
  SmallRun(const Example& example, const std::string& optimizer) {
    host::CompileOptions compiling;
    compiling.optimizer = example.optimizer.empty() ? optimizer : example.optimizer;
    compiling.loss = "sparse_categorical_crossentropy";
    compiling.metrics = {"accuracy"};
    model = host::compile({{}, "flatten() dense(4,relu) dense(3,softmax)", {1, 2, 1}}, compiling);
    options.catalog = &all_plugins();
    options.run_directory = directory.path();
    options.batch_size = 4;
    options.epochs = 3;
    options.validation_data = points(3);
    load(example.plugin);
    options.messages = [this](host::Level, std::string_view author, std::string_view text) {
      messages.push_back(std::string(author) + ": " + std::string(text));
    };
  }

  void load(const std::string& spec) { options.plugins.push_back(host::parse_plugin_spec(spec)); }

  /// Trains; an error of the host is part of the outcome, any other exception fails the test.
  Outcome fit(const host::Dataset& data = points(8)) {
    Outcome outcome;
    try {
      outcome.history = host::fit(*model, data, options);
    } catch (const host::Error& error) {
      outcome.error = error.what();
    }
    for (const host::TensorRef& tensor : model->tensors(host::Role::Weight))
      outcome.weights.insert(outcome.weights.end(), tensor.data, tensor.data + tensor.size());
    return outcome;
  }

  TemporaryDirectory directory;
  std::unique_ptr<host::Model> model;
  host::FitOptions options;
  std::vector<std::string> messages;
};

}  // namespace kairos::tests
