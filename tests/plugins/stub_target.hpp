// SPDX-License-Identifier: MIT
// A model with one number as its weight, so that a test can identify whose weights it has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kairos/host/error.hpp"
#include "kairos/host/training_target.hpp"

namespace kairos::tests {

/// A weight with a name and a shape.
struct StubWeight {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<float> values;
  std::vector<float> gradient = {};  ///< empty: not trainable
};

/// An input, target or output of the current batch.
struct StubTensor {
  host::Role role;
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

/// One weight and one learning rate, stored as float32 like in optimizers.
class StubTarget : public host::TrainingTarget, public host::StepControl {
 public:
  explicit StubTarget(double initial_rate) : rate(static_cast<float>(initial_rate)) {}

  std::span<const host::TensorRef> tensors(host::Role role) override {
    std::vector<host::TensorRef>& found = tensors_[role];
    found.clear();
    if (role == host::Role::Weight && weights.empty()) found.push_back({"weight", {1}, &weight, true});
    for (StubWeight& one : weights) {
      const bool trained = !one.gradient.empty();
      if (role == host::Role::Weight) found.push_back({one.name, one.shape, one.values.data(), trained});
      if (role == host::Role::Buffer && !trained)
        found.push_back({one.name, one.shape, one.values.data(), false});
      if (role == host::Role::Gradient && trained)
        found.push_back({one.name, one.shape, one.gradient.data(), true});
    }
    if (role == host::Role::Slot)
      for (StubWeight& one : slots) found.push_back({one.name, one.shape, one.values.data(), false});
    for (StubTensor& one : batch)
      if (one.role == role) found.push_back({one.name, one.shape, one.values.data(), false});
    return found;
  }
  void tensors_written(host::Role) override {}
  [[nodiscard]] std::optional<double> hyper(std::string_view name) const override {
    if (!has_optimizer) return std::nullopt;
    if (name == "learning_rate") return static_cast<double>(rate);
    const auto found = hypers.find(name);
    return found == hypers.end() ? std::nullopt : std::optional(static_cast<double>(found->second));
  }
  bool set_hyper(std::string_view name, double value) override {
    const auto found = hypers.find(name);
    if (!has_optimizer || (name != "learning_rate" && found == hypers.end())) return false;
    (name == "learning_rate" ? rate : found->second) = static_cast<float>(value);
    return true;
  }
  [[nodiscard]] std::optional<std::int64_t> classes(std::size_t index) const override {
    return index == 0 ? std::optional(class_count) : std::nullopt;
  }
  [[nodiscard]] std::int64_t iterations() const override { return steps; }
  [[nodiscard]] StepControl* step_control() override { return controls_steps ? this : nullptr; }
  [[nodiscard]] std::string accumulation_fault() const override { return step_fault; }
  void accumulate(std::int64_t batches) override { accumulated = batches; }
  void discard() override { ++discarded; }
  void freeze(std::size_t index, bool is_frozen) override {
    if (is_frozen)
      frozen.insert(index);
    else
      frozen.erase(index);
  }
  void scale_rate(std::size_t index, double factor) override { rate_factors[index] = factor; }
  void save(const std::filesystem::path& file, host::SaveContent content) override {
    std::ofstream(file) << (content == host::SaveContent::Weights ? "weights " : "model ") << weight;
  }
  [[nodiscard]] std::function<void()> save_later(const std::filesystem::path& file,
                                                 host::SaveContent content) override {
    return [copy = *this, file, content]() mutable {
      if (copy.fails_in_background)
        throw host::Error(host::ErrorKind::File,
                          {"KAIROS-F001", file.string(), "the disk is full", "", "", ""});
      copy.save(file, content);
    };
  }
  [[nodiscard]] std::string save_fault(const std::filesystem::path& file, host::SaveContent) const override {
    const std::string ending = file.extension().string();
    return ending == ".h5" || ending == ".keras" ? ""
                                                 : "files ending in \"" + ending + "\" cannot be written";
  }
  void load_weights(const std::filesystem::path&) override {}
  [[nodiscard]] std::string training_state() override {
    const Training now{weight, rate, steps};
    return remembers ? std::string(reinterpret_cast<const char*>(&now), sizeof now) : "";
  }
  void restore_training_state(std::string_view bytes) override {
    Training then{};
    std::memcpy(&then, bytes.data(), sizeof then);
    weight = then.weight;
    rate = then.rate;
    steps = then.steps;
  }
  [[nodiscard]] std::string architecture() const override { return keras_json; }

  float weight = 0;
  std::vector<StubWeight> weights;  ///< replace the single weight, if there are any
  std::vector<StubWeight> slots;    ///< of the optimizer
  std::vector<StubTensor> batch;
  std::string keras_json;
  float rate;
  std::map<std::string, float, std::less<>> hypers;  ///< besides the rate
  bool has_optimizer = true;
  std::int64_t class_count = 3;  ///< of its target
  std::int64_t steps = 0;
  bool fails_in_background = false;
  bool remembers = false;  ///< has a training_state

  bool controls_steps = true;
  std::string step_fault;  ///< why no gradients can be accumulated
  std::int64_t accumulated = 1;
  int discarded = 0;
  std::set<std::size_t> frozen;
  std::map<std::size_t, double> rate_factors;

 private:
  struct Training {
    float weight, rate;
    std::int64_t steps;
  };

  std::map<host::Role, std::vector<host::TensorRef>> tensors_;  ///< of several roles at once
};

}  // namespace kairos::tests
