// SPDX-License-Identifier: MIT
// keras.ops.matmul of two tensors.
#include <algorithm>

#include "compute/batched_product.hpp"
#include "nn/layers/operation_layer.hpp"

namespace kairos::host {

namespace {

/// [batch, …, m, k] · [batch, …, k, n], with equal dimensions before the last two.
class Matmul final : public OperationLayer {
 public:
  explicit Matmul(ConfigReader& config) : OperationLayer(config, "Matmul") {}

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    const Shape &a = inputs[0], &b = inputs[1];
    if (a.size() < 2) refuse_shape(a, "matrices: at least two dimensions after the batch");
    if (b.size() != a.size() || !std::equal(a.begin(), a.end() - 2, b.begin()) || a.back() != b[b.size() - 2])
      refuse_shape(
          b, "a matrix with " + std::to_string(a.back()) + " rows for each matrix of the first argument");
    m_ = a[a.size() - 2];
    k_ = a.back();
    n_ = b.back();
    matrices_ = size_of(a) / (m_ * k_);
    Shape shape = a;
    shape.back() = n_;
    return shape;
  }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    product_.multiply_each(pass.batch * matrices_, {m_, n_, k_}, {v.inputs[0], k_, 1}, {v.inputs[1], n_, 1},
                           v.output);
  }
  void backward(const GraphPass& pass, const LayerGradients& g) override {
    if (g.input_gradients[0] != nullptr)
      product_.multiply_each(pass.batch * matrices_, {m_, k_, n_}, {g.output_gradient, n_, 1},
                             {g.inputs[1], 1, n_}, g.input_gradients[0]);
    if (g.input_gradients[1] != nullptr)
      product_.multiply_each(pass.batch * matrices_, {k_, n_, m_}, {g.inputs[0], 1, k_},
                             {g.output_gradient, n_, 1}, g.input_gradients[1]);
  }

 private:
  std::int64_t m_ = 0, n_ = 0, k_ = 0, matrices_ = 0;
  BatchedProduct product_;
};

std::unique_ptr<Layer> make_matmul(std::string_view class_name, ConfigReader& config,
                                   const std::vector<OperationArgument>& arguments) {
  require_arguments(config, class_name, arguments, 2, false);
  return std::make_unique<Matmul>(config);
}

}  // namespace

std::vector<OperationType> matrix_operations() {
  return {{"Matmul", make_matmul}};
}

}  // namespace kairos::host
