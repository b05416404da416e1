// SPDX-License-Identifier: MIT
// Adafactor: squared gradients of a matrix as the product of means of its rows and columns (Shazeer, 2018).
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "compute/kernels/updates.hpp"
#include "compute/parallel.hpp"
#include "compute/vector.hpp"
#include "nn/optimizers/optimizer_types.hpp"

namespace kairos::host {

namespace {

/// As in Keras, a weight of more dimensions is a stack of matrices, and a vector has slots of one unused
/// value.
class Adafactor final : public Optimizer {
 public:
  explicit Adafactor(ConfigReader& config)
      : Optimizer(config, 0.001),
        decay_(add_hyper(config, "beta_2_decay", -0.8, {-3e38, 3e38})),
        epsilon_1_(add_hyper(config, "epsilon_1", 1e-30, epsilon_range)),
        epsilon_2_(add_hyper(config, "epsilon_2", 1e-3, epsilon_range)),
        clip_threshold_(add_hyper(config, "clip_threshold", 1, {1e-30, 3e38})),
        relative_step_(config.boolean("relative_step", true)) {
    add_slot_type({"r", 0, 0});
    add_slot_type({"c", 0, 0});
    add_slot_type({"velocity", 0, 0});
  }

  [[nodiscard]] std::string_view class_name() const override { return "Adafactor"; }
  [[nodiscard]] std::string_view instance_name() const override { return "adafactor"; }

 protected:
  [[nodiscard]] bool needs_whole_weight() const override { return true; }

  [[nodiscard]] std::optional<Shape> slot_shape(std::size_t type, const Parameter& weight) const override {
    Shape shape = weight.shape;
    if (type == velocity) return shape;
    if (shape.size() < 2) return Shape{};
    shape.erase(type == rows ? shape.end() - 1 : shape.end() - 2);
    return shape;
  }

  /// The smaller of the learning rate and 1 / √step, whatever `relative_step` is: Keras takes that minimum
  /// in any case.
  void begin_step() override {
    const auto count = static_cast<double>(updates() + 1);
    most_ = 1 / std::sqrt(count);
    kept_ = static_cast<float>(1 - std::pow(count, value(decay_)));
  }

  void update(const Part& part) const override {
    const auto n = static_cast<double>(part.n);
    const Shape& shape = weight(part.weight).shape;
    const double size = std::sqrt(sum_of_squares(part.n, part.values) / n);
    if (shape.size() < 2)
      in_parallel(part.n, least_values, [&](std::int64_t begin, std::int64_t end) {
        update_kernels().factor_vector(end - begin, kept_, static_cast<float>(value(epsilon_1_)),
                                       part.gradient + begin, slot(part, velocity) + begin,
                                       scratch() + begin);
      });
    else
      factor(part, {shape.end()[-2], shape.back()});
    const double excess = std::sqrt(sum_of_squares(part.n, scratch()) / n) / value(clip_threshold_);
    const double step = std::max(value(epsilon_2_), size) *
                        std::min(static_cast<double>(learning_rate()), most_) /
                        (excess <= 1 ? 1 : excess);  // NaN stays NaN
    in_parallel(part.n, least_values, [&](std::int64_t begin, std::int64_t end) {
      update_kernels().sgd(end - begin, static_cast<float>(step), scratch() + begin, part.values + begin);
    });
  }

  void write_config(nlohmann::json& config) const override { config["relative_step"] = relative_step_; }

 private:
  static constexpr std::size_t rows = 0, columns = 1, velocity = 2;  ///< types of slots
  struct Matrix {
    std::int64_t rows, columns;
  };

  /// Writes the direction of the step to scratch().
  void factor(const Part& part, Matrix matrix) const {
    const std::int64_t size = matrix.rows * matrix.columns;
    for (std::int64_t k = 0; k < part.n / size; ++k) {
      const float* const gradient = part.gradient + k * size;
      float* const r = slot(part, rows) + k * matrix.rows;
      float* const c = slot(part, columns) + k * matrix.columns;
      const double mean_of_rows = update_rows(matrix, gradient, r);
      update_columns(matrix, gradient, scratch() + k * size, c);
      rows_in_parallel(matrix.rows, matrix.columns, least_values, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t row = begin; row < end; ++row) {
          const std::int64_t at = row * matrix.columns;
          update_kernels().factor_row(
              matrix.columns, static_cast<float>(static_cast<double>(r[row]) / mean_of_rows), c,
              gradient + at, slot(part, velocity) + k * size + at, scratch() + k * size + at);
        }
      });
    }
  }

  /// Returns the mean of r.
  double update_rows(Matrix matrix, const float* gradient, float* r) const {
    double sum = 0;
    for (std::int64_t row = 0; row < matrix.rows; ++row) {
      const double squares = sum_of_squares(matrix.columns, gradient + row * matrix.columns);
      r[row] = mixed(r[row], squares / static_cast<double>(matrix.columns));
      sum += static_cast<double>(r[row]);
    }
    return sum / static_cast<double>(matrix.rows);
  }

  /// `squares` is where the direction is written later.
  void update_columns(Matrix matrix, const float* gradient, float* squares, float* c) const {
    in_parallel(matrix.columns, 1 + least_values / matrix.rows, [&](std::int64_t begin, std::int64_t end) {
      std::fill(squares + begin, squares + end, 0.0F);
      for (std::int64_t row = 0; row < matrix.rows; ++row)
        update_kernels().add_squares(end - begin, gradient + row * matrix.columns + begin, squares + begin);
      for (std::int64_t i = begin; i < end; ++i)
        c[i] = mixed(c[i], static_cast<double>(squares[i]) / static_cast<double>(matrix.rows));
    });
  }

  [[nodiscard]] float mixed(float old, double mean) const {
    const auto kept = static_cast<double>(kept_);
    return static_cast<float>(kept * static_cast<double>(old) + (1 - kept) * (mean + value(epsilon_1_)));
  }

  std::size_t decay_;
  std::size_t epsilon_1_;
  std::size_t epsilon_2_;
  std::size_t clip_threshold_;
  bool relative_step_;  ///< kept for files
  double most_ = 1;
  float kept_ = 0;  ///< Keras' beta_2_t
};

}  // namespace

OptimizerType adafactor_optimizer_type() {
  return {"Adafactor", [](ConfigReader& config) -> std::unique_ptr<Optimizer> {
            return std::make_unique<Adafactor>(config);
          }};
}

}  // namespace kairos::host
