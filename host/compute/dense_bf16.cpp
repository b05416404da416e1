// SPDX-License-Identifier: MIT
// The three products as oneDNN's matmul on plain arrays, which on AVX512_BF16 runs within a few percent of
// the instruction's peak. oneDNN's blocked layouts gain no more than reordering the kernel into them costs,
// which would be needed once per step and direction.
#include "compute/dense_bf16.hpp"

#include <vector>

#include "compute/buffer.hpp"
#include "compute/kernel_parts.hpp"
#include "compute/kernels/kernels.hpp"
#include "compute/primitive_desc.hpp"
#include "compute/run_primitive.hpp"
#include "compute/team_size.hpp"

namespace kairos::host {

namespace {

using dnnl::matmul;
using dnnl::memory;

/// A bf16 product takes half the time of a float32 one, for which the limit of one thread is defined.
constexpr std::int64_t per_float32 = 2;

constexpr auto bf16 = memory::data_type::bf16;
constexpr auto f32 = memory::data_type::f32;

/// Row-major, with `stride` values from one row to the next.
memory::desc matrix(std::int64_t rows, std::int64_t columns, std::int64_t stride, memory::data_type type) {
  return {{rows, columns}, type, memory::dims{stride, 1}};
}

/// The same array as the transposed factor [columns, rows].
memory::desc transposed(std::int64_t rows, std::int64_t columns, std::int64_t stride) {
  return {{columns, rows}, bf16, memory::dims{1, stride}};
}

/// The products for one number of rows and one part of the kernel.
class PartProducts {
 public:
  PartProducts(ComputeEngine& owner, std::int64_t rows, std::int64_t inputs, std::int64_t units,
               KernelParts::Part part, int threads)
      : rows_(rows),
        inputs_(inputs),
        units_(units),
        part_(part),
        threads_(threads),
        stream_(owner.stream()),
        engine_(owner.engine(), true) {}

  // To be called before the product, which may run on another thread.
  void make_forward(bool with_bias) {
    Product& product = with_bias ? with_bias_ : without_bias_;
    if (product.primitive) return;
    make(product, matrix(rows_, part_.inputs, inputs_, bf16), matrix(part_.inputs, units_, units_, bf16),
         matrix(rows_, units_, units_, f32), with_bias);
  }
  void make_backward_data() {
    if (data_.primitive) return;
    make(data_, matrix(rows_, units_, units_, bf16), transposed(part_.inputs, units_, units_),
         matrix(rows_, part_.inputs, part_.inputs, f32), false);
  }
  void make_backward_weights() {
    if (weights_.primitive) return;
    make(weights_, transposed(rows_, part_.inputs, inputs_), matrix(rows_, units_, units_, bf16),
         matrix(part_.inputs, units_, units_, f32), false);
  }

  /// y [rows, units]
  dnnl_status_t forward(const Rounded& x, const Rounded& kernel, const float* bias, float* y) {
    return run(bias != nullptr ? with_bias_ : without_bias_, x.data() + part_.first,
               kernel.data() + part_.first * units_, bias, y);
  }
  /// x_gradient [rows, part.inputs]
  dnnl_status_t backward_data(const Rounded& y_gradient, const Rounded& kernel, float* x_gradient) {
    return run(data_, y_gradient.data(), kernel.data() + part_.first * units_, nullptr, x_gradient);
  }
  /// kernel_gradient [part.inputs, units]
  dnnl_status_t backward_weights(const Rounded& x, const Rounded& y_gradient, float* kernel_gradient) {
    return run(weights_, x.data() + part_.first, y_gradient.data(), nullptr, kernel_gradient);
  }

 private:
  struct Product {
    matmul primitive;
    memory a, b, bias, c;
    memory scratch;  ///< our own, because oneDNN's belongs to the thread that created the primitive
  };

  void make(Product& product, const memory::desc& a, const memory::desc& b, const memory::desc& c,
            bool with_bias) {
    const TeamSize team(threads_);
    const memory::desc bias = matrix(1, units_, units_, f32);
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    const auto made = with_bias ? describe_with<matmul>(attributes, engine_, a, b, bias, c)
                                : describe_with<matmul>(attributes, engine_, a, b, c);
    product = {matmul(made),
               memory(a, engine_, nullptr),
               memory(b, engine_, nullptr),
               memory(bias, engine_, nullptr),
               memory(c, engine_, nullptr),
               memory(made.scratchpad_desc(), engine_)};
  }

  dnnl_status_t run(Product& product, const std::uint16_t* a, const std::uint16_t* b, const float* bias,
                    float* c) {
    const TeamSize team(threads_);
    set_data(product.a, a);
    set_data(product.b, b);
    set_data(product.bias, bias);
    set_data(product.c, c);
    const dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_SRC, product.a.get()},     {DNNL_ARG_WEIGHTS, product.b.get()},
        {DNNL_ARG_DST, product.c.get()},     {DNNL_ARG_SCRATCHPAD, product.scratch.get()},
        {DNNL_ARG_BIAS, product.bias.get()},
    };
    return execute_primitive(product.primitive, stream_, std::span(arguments).first(bias == nullptr ? 4 : 5));
  }

  std::int64_t rows_, inputs_, units_;
  KernelParts::Part part_;
  int threads_;
  dnnl_stream* stream_;
  dnnl::engine engine_;
  Product with_bias_, without_bias_, data_, weights_;
};

}  // namespace

/// The products for one number of rows.
class DenseBf16::Products {
 public:
  Products(ComputeEngine& owner, std::int64_t rows, std::int64_t inputs, std::int64_t units)
      : rows_(rows), inputs_(inputs), units_(units), parts_(partition(rows, inputs, units)) {
    const int threads = parts_.count() > 1 ? 1 : threads_for(rows * inputs * units / per_float32);
    for (std::int64_t i = 0; i < parts_.count(); ++i)
      of_parts_.emplace_back(owner, rows, inputs, units, parts_.part(i), threads);
  }

  void forward(const Rounded& x, const Rounded& kernel, const float* bias, float* y) {
    const bool whole = parts_.count() == 1;
    const float* const bias_of_part = whole ? bias : nullptr;
    float* const products = whole ? y : scratch(parts_.count() * rows_ * units_);
    for (PartProducts& part : of_parts_) part.make_forward(bias_of_part != nullptr);
    each([&](KernelParts::Part part, PartProducts& product) {
      return product.forward(x, kernel, bias_of_part, products + part.index * rows_ * units_);
    });
    if (!whole) parts_.join_sums(rows_, units_, products, bias, y);
  }

  void backward_data(const Rounded& y_gradient, const Rounded& kernel, float* x_gradient) {
    const bool whole = parts_.count() == 1;
    float* const columns = whole ? x_gradient : scratch(rows_ * inputs_);
    for (PartProducts& part : of_parts_) part.make_backward_data();
    each([&](KernelParts::Part part, PartProducts& product) {
      return product.backward_data(y_gradient, kernel, columns + rows_ * part.first);
    });
    if (!whole) parts_.join_columns(rows_, columns, x_gradient);
  }

  void backward_weights(const Rounded& x, const Rounded& y_gradient, float* kernel_gradient) {
    for (PartProducts& part : of_parts_) part.make_backward_weights();
    each([&](KernelParts::Part part, PartProducts& product) {
      return product.backward_weights(x, y_gradient, kernel_gradient + part.first * units_);
    });
  }

 private:
  static KernelParts partition(std::int64_t rows, std::int64_t inputs, std::int64_t units) {
    const std::int64_t threads = threads_for(rows * inputs * units / per_float32);
    return {inputs, KernelParts::is_worthwhile(threads, rows, inputs, units) ? threads : 1};
  }

  template <typename Work>
  void each(Work&& work) {
    check_product(parts_.each([&](KernelParts::Part part) {
      return work(part, of_parts_[static_cast<std::size_t>(part.index)]);
    }),
                  "dense layer in bf16");
  }

  float* scratch(std::int64_t count) {
    scratch_.reserve(count);
    return scratch_.data();
  }

  std::int64_t rows_, inputs_, units_;
  KernelParts parts_;
  std::vector<PartProducts> of_parts_;
  FloatBuffer scratch_;  ///< what each thread has computed alone
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
