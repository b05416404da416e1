// SPDX-License-Identifier: MIT
// The lists come from the registries of the library, so they cannot miss a name.
#include "cli/help_topics.hpp"

#include <algorithm>
#include <cctype>
#include <vector>

#include "cli/terminal.hpp"
#include "kairos/host/error.hpp"
#include "nn/layer_registry.hpp"
#include "nn/losses.hpp"
#include "nn/metrics.hpp"
#include "nn/optimizers/optimizer_types.hpp"

namespace kairos::host::cli {

namespace {

struct List {
  const char* topic;
  const char* key;  ///< of the setting that takes the names
  const char* about;
  std::vector<std::string> (*names)();
};

/// "dense(units, activation)": the arguments that may be positional.
std::vector<std::string> layer_calls() {
  std::vector<std::string> calls;
  for (const std::string& word : layer_words()) {
    std::string arguments;
    const LayerType* const type = find_layer_word(word);
    if (type == nullptr) {
      calls.push_back(word + "(dimension, …)");  // not a layer with arguments: the shape of the samples
      continue;
    }
    for (const std::string_view argument : type->positional)
      arguments += (arguments.empty() ? "" : ", ") + std::string(argument);
    calls.push_back(word + (arguments.empty() ? "" : "(" + arguments + ")"));
  }
  return calls;
}

const List lists[] = {
    {"losses", "loss",
     "--loss NAME or NAME(argument=value,…), also by the names of Keras' classes (mse, MeanSquaredError). "
     "Crossentropies take from_logits and label_smoothing, huber takes delta.",
     loss_names},
    {"metrics", "metrics",
     "--metrics NAME,… or NAME(argument=value),…; any loss is a metric too. accuracy becomes the accuracy "
     "that fits the loss. Examples: top_k_categorical_accuracy(k=3), recall(average=weighted).",
     metric_names},
    {"optimizers", "optimizer",
     "--optimizer NAME or NAME(argument=value,…), in any case: SGD(learning_rate=0.1,momentum=0.9). With a "
     "schedule: Adam(learning_rate=CosineDecay(0.1,decay_steps=1000)).",
     optimizer_names},
    {"layers", "model",
     "--model \"LAYER LAYER …\" with spaces between. The arguments in parentheses may be positional; every "
     "argument of Keras may be given by name: dense(10,activation=softmax).",
     layer_calls},
};

/// In as many columns as fit, read downwards.
std::string in_columns(std::vector<std::string> names, std::size_t columns) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::size_t width = 1;
  for (const std::string& name : names) width = std::max(width, width_of(name) + 2);
  const std::size_t across = std::max<std::size_t>(1, (columns - 2) / width);
  const std::size_t down = (names.size() + across - 1) / across;
  std::string text;
  for (std::size_t row = 0; row < down; ++row) {
    std::string line = "  ";
    for (std::size_t i = row; i < names.size(); i += down) {
      line += names[i];
      if (i + down < names.size()) line.append(width - width_of(names[i]), ' ');
    }
    text += line + "\n";
  }
  return text;
}

bool takes(std::span<const Setting> settings, std::string_view key) {
  return std::any_of(settings.begin(), settings.end(), [&](const Setting& one) { return one.key == key; });
}

/// "Loss and metrics" is "loss"; plugins are callbacks.
std::string topic_of(Group group) {
  std::string word(group_title(group));
  word = word.substr(0, word.find(' '));
  word.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(word.front())));
  return word;
}

std::vector<std::string> topics_of(std::span<const Setting> settings) {
  std::vector<std::string> topics;
  for (const List& list : lists)
    if (takes(settings, list.key)) topics.emplace_back(list.topic);
  for (const Setting& setting : settings)
    if (std::string topic = topic_of(setting.group);
        std::find(topics.begin(), topics.end(), topic) == topics.end())
      topics.push_back(std::move(topic));
  return topics;
}

}  // namespace

std::string topic_help(std::string_view topic, std::string_view command, std::span<const Setting> settings,
                       std::size_t columns) {
  for (const List& list : lists)
    if (list.topic == topic && takes(settings, list.key))
      return wrapped(list.about, 0, columns) + "\n\n" + in_columns(list.names(), columns);
  std::vector<Setting> group;
  const std::string_view meant = topic == "plugins" ? "callbacks" : topic;
  for (const Setting& setting : settings)
    if (topic_of(setting.group) == meant) group.push_back(setting);
  if (!group.empty()) return settings_help(group, columns).substr(1);
  throw Error(ErrorKind::Usage, {"KAIROS-U001", std::string(command) + " --help", "there is no such topic",
                                 "\"" + std::string(topic) + "\"", "", suggest(topic, topics_of(settings))});
}

std::string topics_line(std::string_view command, std::span<const Setting> settings) {
  std::string names;
  for (const List& list : lists)
    if (takes(settings, list.key)) names += (names.empty() ? "" : ", ") + std::string(list.topic);
  if (names.empty() || !takes(settings, "loss")) return "";
  std::string groups;
  for (const std::string& group : topics_of(settings))
    if (std::ranges::find(lists, group, &List::topic) == std::end(lists))
      groups += (groups.empty() ? "" : ", ") + group;
  return std::string(command) + " --help TOPIC prints more: " + names +
         "; or one group of this list: " + groups;
}

}  // namespace kairos::host::cli
