// SPDX-License-Identifier: MIT
// Small fits with a probe that reads and changes batches.
#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/plugin/probe.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/fit.hpp"

namespace kairos::tests {

using namespace kairos::host;

/// Row i has the inputs i and -i, and the class i modulo 3.
inline Dataset rows_of(std::int64_t n) {
  Dataset data;
  NamedArray x{"", {{n, 2}, {}}}, y{"", {{n}, {}}};
  for (std::int64_t i = 0; i < n; ++i) {
    const auto value = static_cast<float>(i);
    x.array.values.insert(x.array.values.end(), {value, -value});
    y.array.values.push_back(static_cast<float>(i % 3));
  }
  data.inputs = {x};
  data.targets = {y};
  data.origin = "rows";
  return data;
}

inline std::unique_ptr<Model> classifier(const std::string& loss = "sparse_categorical_crossentropy") {
  CompileOptions options;
  options.optimizer = "SGD(learning_rate=0.01)";
  options.loss = loss;
  options.metrics = {"accuracy", "crossentropy"};
  options.weighted_metrics = {"accuracy"};
  options.seed = 2;
  return compile({{}, loss.find("from_logits") == std::string::npos ? "dense(3,softmax)" : "dense(3)", {2}},
                 options);
}

inline const Catalog& plugins() {
  static const Catalog catalog = Catalog::scan(std::vector<std::filesystem::path>{KAIROS_DISPATCH_PLUGINS});
  return catalog;
}

struct Result {
  std::vector<float> weights;
  std::vector<double> history;
  bool operator==(const Result&) const = default;
};

inline FitOptions options_for(const std::string& spec = "") {
  FitOptions options;
  options.catalog = &plugins();
  options.batch_size = 4;
  options.shuffle = Shuffle::None;
  if (!spec.empty()) options.plugins = {parse_plugin_spec(spec)};
  return options;
}

template <class Data>
Result trained(const Data& data, const FitOptions& options,
               const std::string& loss = "sparse_categorical_crossentropy") {
  const auto model = classifier(loss);
  const History history = fit(*model, data, options);
  Result result;
  for (const TensorRef& tensor : model->tensors(Role::Weight))
    result.weights.insert(result.weights.end(), tensor.data, tensor.data + tensor.size());
  for (const History::Series& series : history.series)
    for (const std::optional<double>& value : series.values) result.history.push_back(value.value_or(-1));
  return result;
}

inline kairos_tensor borrow(const Visit& v, std::int32_t role, std::int32_t access = KAIROS_ACCESS_READ) {
  kairos_tensor out{};
  out.size = sizeof out;
  REQUIRE(v.tensors().borrow(v.call, role, 0, access, &out) == KAIROS_OK);
  return out;
}
inline kairos_status try_to_write(const Visit& v, std::int32_t role) {
  kairos_tensor out{};
  out.size = sizeof out;
  return v.tensors().borrow(v.call, role, 0, KAIROS_ACCESS_WRITE, &out);
}
inline float* values(const kairos_tensor& tensor) {
  return static_cast<float*>(tensor.view.data);
}
inline std::vector<float> copied(const kairos_tensor& tensor) {
  std::int64_t n = 1;
  for (std::int32_t i = 0; i < tensor.view.rank; ++i) n *= tensor.view.shape[i];
  return {values(tensor), values(tensor) + n};
}
inline std::vector<std::int64_t> shape_of(const kairos_tensor& tensor) {
  return {tensor.view.shape, tensor.view.shape + tensor.view.rank};
}

/// A view whose shape and values it owns.
struct View {
  View(std::vector<std::int64_t> dimensions, std::vector<float> numbers)
      : shape(std::move(dimensions)), data(std::move(numbers)) {
    raw = {data.data(), {1, 0}, static_cast<std::int32_t>(shape.size()), {2, 32, 1}, shape.data(),
           nullptr,     0};
  }
  View(const View&) = delete;
  View& operator=(const View&) = delete;
  std::vector<std::int64_t> shape;
  std::vector<float> data;
  kairos_view raw{};
};

inline kairos_status replace(const Visit& v, std::int32_t role, const View& view) {
  return v.batch().replace(v.call, role, 0, &view.raw);
}

inline bool same_bytes(const Dataset& a, const Dataset& b) {
  const auto same = [](const NamedArray& x, const NamedArray& y) {
    return x.array.values.size() == y.array.values.size() &&
           std::memcmp(x.array.values.data(), y.array.values.data(), x.array.values.size() * sizeof(float)) ==
               0;
  };
  return same(a.inputs[0], b.inputs[0]) && same(a.targets[0], b.targets[0]);
}

/// Both inputs and targets of a batch are changed in place.
inline kairos_status write_all(const Visit& v) {
  const kairos_tensor x = borrow(v, KAIROS_ROLE_INPUT, KAIROS_ACCESS_WRITE);
  for (std::int64_t i = 0; i < x.view.shape[0] * 2; ++i) values(x)[i] *= 0.5F;
  const kairos_tensor y = borrow(v, KAIROS_ROLE_TARGET, KAIROS_ACCESS_WRITE);
  for (std::int64_t i = 0; i < y.view.shape[0]; ++i) values(y)[i] = 2 - values(y)[i];
  return KAIROS_OK;
}

/// What write_all makes of data.
inline Dataset changed(Dataset data) {
  for (float& value : data.inputs[0].array.values) value *= 0.5F;
  for (float& value : data.targets[0].array.values) value = 2 - value;
  return data;
}

inline std::string table_of(const Dataset& data) {
  std::string text = "a,b,y\n";
  for (std::size_t i = 0; i < data.targets[0].array.values.size(); ++i)
    text += std::to_string(data.inputs[0].array.values[2 * i]) + "," +
            std::to_string(data.inputs[0].array.values[2 * i + 1]) + "," +
            std::to_string(static_cast<int>(data.targets[0].array.values[i])) + "\n";
  return text;
}

}  // namespace kairos::tests
