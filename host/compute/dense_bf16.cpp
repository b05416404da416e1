// SPDX-License-Identifier: MIT
// The three products on oneDNN's matmul over plain arrays, which on AVX512_BF16 is within some hundredths of
// what the instruction can do. What layouts of oneDNN's own are faster by, it takes to bring the kernel into
// them, once for each step and direction.
#include "compute/dense_bf16.hpp"

#include "compute/kernels/kernels.hpp"
#include "compute/run_primitive.hpp"
#include "compute/team_size.hpp"

namespace kairos::host {

namespace {

using dnnl::matmul;
using dnnl::memory;

/// Products in bf16 are done in the time of half as many in float32, for which the limit of one thread is.
constexpr std::int64_t per_float32 = 2;

constexpr auto bf16 = memory::data_type::bf16;
constexpr auto f32 = memory::data_type::f32;

memory::desc matrix(std::int64_t rows, std::int64_t columns, memory::data_type type) {
  return {{rows, columns}, type, memory::format_tag::ab};
}

/// The same array as the factor [columns, rows].
memory::desc turned(std::int64_t rows, std::int64_t columns) {
  return {{columns, rows}, bf16, memory::format_tag::ba};
}

}  // namespace

/// For one number of rows.
class DenseBf16::Products {
 public:
  Products(ComputeEngine& owner, std::int64_t rows, std::int64_t inputs, std::int64_t units)
      : rows_(rows),
        inputs_(inputs),
        units_(units),
        threads_(threads_for(rows * inputs * units / per_float32)),
        stream_(owner.stream()),
        engine_(owner.engine(), true) {}

  void forward(const Rounded& x, const Rounded& kernel, const float* bias, float* y) {
    Product& product = bias != nullptr ? with_bias_ : without_bias_;
    if (!product.primitive)
      make(product, matrix(rows_, inputs_, bf16), matrix(inputs_, units_, bf16), matrix(rows_, units_, f32),
           bias != nullptr);
    run(product, x.data(), kernel.data(), bias, y);
  }

  void backward_data(const Rounded& y_gradient, const Rounded& kernel, float* x_gradient) {
    if (!data_.primitive)
      make(data_, matrix(rows_, units_, bf16), turned(inputs_, units_), matrix(rows_, inputs_, f32), false);
    run(data_, y_gradient.data(), kernel.data(), nullptr, x_gradient);
  }

  void backward_weights(const Rounded& x, const Rounded& y_gradient, float* kernel_gradient) {
    if (!weights_.primitive)
      make(weights_, turned(rows_, inputs_), matrix(rows_, units_, bf16), matrix(inputs_, units_, f32),
           false);
    run(weights_, x.data(), y_gradient.data(), nullptr, kernel_gradient);
  }

 private:
  struct Product {
    matmul primitive;
    memory a, b, bias, c;
  };

  void make(Product& product, const memory::desc& a, const memory::desc& b, const memory::desc& c,
            bool with_bias) {
    const TeamSize team(threads_);
    const memory::desc bias = matrix(1, c.dims()[1], f32);
    const matmul::desc wanted = with_bias ? matmul::desc(a, b, bias, c) : matmul::desc(a, b, c);
    product = {matmul({wanted, engine_}), memory(a, engine_, nullptr), memory(b, engine_, nullptr),
               memory(bias, engine_, nullptr), memory(c, engine_, nullptr)};
  }

  void run(Product& product, const std::uint16_t* a, const std::uint16_t* b, const float* bias, float* c) {
    const TeamSize team(threads_);
    point(product.a, a);
    point(product.b, b);
    point(product.bias, bias);
    point(product.c, c);
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, product.a.get()},
                                         {DNNL_ARG_WEIGHTS, product.b.get()},
                                         {DNNL_ARG_DST, product.c.get()},
                                         {DNNL_ARG_BIAS, product.bias.get()}};
    run_primitive(product.primitive, stream_, std::span(arguments).first(bias == nullptr ? 3 : 4),
                  "dense layer in bf16");
  }

  std::int64_t rows_, inputs_, units_;
  int threads_;
  dnnl_stream* stream_;
  dnnl::engine engine_;
  Product with_bias_, without_bias_, data_, weights_;
};

DenseBf16::DenseBf16(ComputeEngine& engine, std::int64_t inputs, std::int64_t units)
    : engine_(engine), inputs_(inputs), units_(units), x_(engine), kernel_(engine), y_gradient_(engine) {}

DenseBf16::~DenseBf16() = default;

DenseBf16::Products& DenseBf16::products(std::int64_t rows) {
  std::unique_ptr<Products>& entry = by_rows_[rows];
  if (!entry) entry = std::make_unique<Products>(engine_, rows, inputs_, units_);
  return *entry;
}

void DenseBf16::forward(std::int64_t rows, const float* x, const float* kernel, const float* bias, float* y) {
  has_gradient_ = false;
  x_.copy(rows * inputs_, x);
  kernel_.copy(inputs_ * units_, kernel);
  products(rows).forward(x_, kernel_, bias, y);
}

void DenseBf16::round_gradient(std::int64_t rows, const float* y_gradient) {
  if (!has_gradient_) y_gradient_.copy(rows * units_, y_gradient);
  has_gradient_ = true;
}

void DenseBf16::backward_data(std::int64_t rows, const float* y_gradient, float* x_gradient) {
  round_gradient(rows, y_gradient);
  products(rows).backward_data(y_gradient_, kernel_, x_gradient);
}

void DenseBf16::backward_weights(std::int64_t rows, const float* y_gradient, float* kernel_gradient,
                                 float* bias_gradient) {
  round_gradient(rows, y_gradient);
  products(rows).backward_weights(x_, y_gradient_, kernel_gradient);
  if (bias_gradient != nullptr) kernels().sum_rows(rows, units_, y_gradient, bias_gradient);
}

}  // namespace kairos::host
