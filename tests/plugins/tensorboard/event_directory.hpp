// SPDX-License-Identifier: MIT
// Reads event files with classes generated from TensorBoard's own messages; has a model for the tests.
#pragma once

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <map>
#include <numeric>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "host/temporary_directory.hpp"
#include "plugins/driver.hpp"
#include "plugins/event_file_reader.hpp"
#include "tensorboard/messages.pb.h"

namespace kairos::tests {

namespace fs = std::filesystem;
namespace tb = tensorboard;

/// All events of a directory, in TensorBoard's reading order; throws if a checksum is wrong.
inline std::vector<tb::Event> events_in(const fs::path& directory) {
  std::vector<tb::Event> events;
  for (const fs::path& file : files_in(directory)) {
    if (file.filename().string().find("tfevents") == std::string::npos) continue;
    const std::string content = content_of(file);
    std::string_view rest = content;
    while (!rest.empty()) {
      const std::string_view length_text = rest.substr(0, 8);
      const std::uint64_t length = take_fixed(rest, 8);
      if (take_fixed(rest, 4) != slow_masked_crc(length_text)) throw std::runtime_error("sum of a length");
      const std::string_view data = rest.substr(0, length);
      rest.remove_prefix(data.size());
      if (take_fixed(rest, 4) != slow_masked_crc(data)) throw std::runtime_error("sum of a record");
      if (!events.emplace_back().ParseFromArray(data.data(), static_cast<int>(data.size())))
        throw std::runtime_error("no event");
    }
  }
  return events;
}

struct Entry {
  std::int64_t step = 0;
  tb::Summary::Value value;
};

/// Summaries by tag, without those that a START purges.
inline std::map<std::string, std::vector<Entry>> summaries_in(const fs::path& directory) {
  std::map<std::string, std::vector<Entry>> summaries;
  for (const tb::Event& event : events_in(directory)) {
    if (event.session_log().status() == tb::SessionLog::START)
      for (auto& [tag, entries] : summaries)
        std::erase_if(entries, [&](const Entry& entry) { return entry.step >= event.step(); });
    for (const tb::Summary::Value& value : event.summary().value())
      summaries[value.tag()].push_back({event.step(), value});
  }
  std::erase_if(summaries, [](const auto& one) { return one.second.empty(); });
  return summaries;
}

inline std::vector<std::string> tags_of(const std::map<std::string, std::vector<Entry>>& summaries,
                                        const char* plugin) {
  std::vector<std::string> tags;
  for (const auto& [tag, entries] : summaries)
    if (entries.front().value.metadata().plugin_data().plugin_name() == plugin) tags.push_back(tag);
  return tags;
}

inline std::vector<std::int64_t> steps_of(const std::vector<Entry>& entries) {
  std::vector<std::int64_t> steps;
  for (const Entry& entry : entries) steps.push_back(entry.step);
  return steps;
}

inline std::vector<float> numbers(std::size_t count) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), 0.0F);
  return values;
}

inline const std::string text_model =
    R"({"module": "keras", "class_name": "Functional", "config": {"name": "net",
  "layers": [
    {"class_name": "InputLayer", "name": "words", "inbound_nodes": [],
     "config": {"name": "words", "batch_shape": [null, 7], "dtype": "int32"}},
    {"class_name": "Embedding", "name": "emb", "config": {"name": "emb", "dtype": {"class_name": "DTypePolicy",
      "config": {"name": "float32"}}}, "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config":
      {"shape": [null, 7], "dtype": "int32", "keras_history": ["words", 0, 0]}}], "kwargs": {}}]},
    {"class_name": "Embedding", "name": "emb_1", "config": {"name": "emb_1"}, "inbound_nodes": [{"args": [
      {"class_name": "__keras_tensor__", "config": {"shape": [null, 7], "dtype": "int32",
       "keras_history": ["words", 0, 0]}}], "kwargs": {}}]},
    {"class_name": "Dense", "name": "out", "config": {"name": "out", "dtype": "float32"}, "inbound_nodes": [
      {"args": [{"class_name": "__keras_tensor__", "config": {"shape": [null, 7, 2], "dtype": "float32",
       "keras_history": ["emb", 0, 0]}}], "kwargs": {}}]}],
  "input_layers": [["words", 0, 0]], "output_layers": [["out", 0, 0]]}})";

inline void make_text_model(StubTarget& target) {
  target.keras_json = text_model;
  target.weights = {{"emb/embeddings", {3, 2}, {0, .5F, -1, 1e-7F, nanf(""), 3e8F}, numbers(6)},
                    {"emb_1/embeddings", {2, 2}, {1, 2, 3, 4}},
                    {"out/kernel", {2, 3}, numbers(6), numbers(6)},
                    {"out/bias", {1}, {2.5F}, {-1}}};
}

inline Plan text_plan(const TemporaryDirectory& directory, const std::string& options) {
  Plan plan{{"TensorBoard:log_dir=logs," + options}, directory.path()};
  plan.prepare = make_text_model;
  plan.steps = 2;
  return plan;
}

inline std::vector<EpochLogs> epochs_of(std::size_t count) {
  return {count, EpochLogs{{1}, {}, {{2}, {1}}}};
}

}  // namespace kairos::tests
