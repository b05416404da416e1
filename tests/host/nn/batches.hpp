// SPDX-License-Identifier: MIT
// Feeds rows of arrays to a model in order.
#pragma once

#include <algorithm>
#include <functional>
#include <vector>

#include "kairos/host/array.hpp"
#include "kairos/host/model.hpp"

namespace kairos::tests {

using namespace kairos::host;

/// Rows of one input, one target, and weights (may be empty).
struct Rows {
  Array x;
  Array y;
  std::vector<float> weights;

  [[nodiscard]] Batch batch(std::int64_t begin, std::int64_t size) const {
    Batch batch;
    batch.size = size;
    batch.inputs = {x.values.data() + begin * x.row_size()};
    batch.targets = {y.values.data() + begin * y.row_size()};
    if (!weights.empty()) batch.weights = {{weights.data() + begin, 1}};
    return batch;
  }

  [[nodiscard]] Rows slice(std::int64_t begin, std::int64_t end) const {
    const auto part = [&](const Array& array) {
      Array out{array.shape, {}};
      out.shape.front() = end - begin;
      out.values.assign(array.values.begin() + begin * array.row_size(),
                        array.values.begin() + end * array.row_size());
      return out;
    };
    Rows out{part(x), part(y), {}};
    if (!weights.empty()) out.weights.assign(weights.begin() + begin, weights.begin() + end);
    return out;
  }
};

inline std::vector<double> logs_of(Model& model) {
  std::vector<double> values(model.log_keys().size());
  model.read_logs(values);
  return values;
}

/// Trains one epoch; `after_batch` gets the index of the batch.
inline void train_epoch(Model& model, const Rows& rows, std::int64_t batch_size,
                        const std::function<void(std::int64_t)>& after_batch = {}) {
  model.reset_logs();
  for (std::int64_t begin = 0, index = 0; begin < rows.x.rows(); begin += batch_size, ++index) {
    model.train_batch(rows.batch(begin, std::min(batch_size, rows.x.rows() - begin)), nullptr);
    if (after_batch) after_batch(index);
  }
}

inline std::vector<double> evaluate(Model& model, const Rows& rows, std::int64_t batch_size) {
  model.reset_logs();
  for (std::int64_t begin = 0; begin < rows.x.rows(); begin += batch_size)
    model.test_batch(rows.batch(begin, std::min(batch_size, rows.x.rows() - begin)));
  return logs_of(model);
}

inline std::vector<float> predict(Model& model, const Array& x) {
  Batch batch;
  batch.size = x.rows();
  batch.inputs = {x.values.data()};
  std::vector<const float*> outputs(1);
  model.predict_batch(batch, outputs);
  std::int64_t n = batch.size;
  for (const std::int64_t dimension : model.outputs().front().shape) n *= dimension;
  return {outputs[0], outputs[0] + n};
}

inline std::vector<float> copy_of(const TensorRef& tensor) {
  return {tensor.data, tensor.data + tensor.size()};
}

/// All weights, concatenated.
inline std::vector<float> weights_of(Model& model) {
  std::vector<float> all;
  for (const TensorRef& tensor : model.tensors(Role::Weight))
    all.insert(all.end(), tensor.data, tensor.data + tensor.size());
  return all;
}

}  // namespace kairos::tests
