// SPDX-License-Identifier: MIT
// Lion, Ftrl, Lamb and Adafactor by their formulas, whose steps may depend on all values of a weight.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "compute/parallel.hpp"
#include "host/compute/normal_values.hpp"
#include "nn/optimizer.hpp"

using namespace kairos::host;

namespace {

using Doubles = std::vector<double>;

Parameter weight_of(const Shape& shape, const std::vector<float>& values) {
  Parameter p;
  p.name = "kernel";
  p.shape = shape;
  p.values.reserve(p.size());
  p.gradient.reserve(p.size());
  std::copy(values.begin(), values.end(), p.values.data());
  return p;
}

constexpr int steps = 4;
double gradient_at(int step, std::size_t i) {
  return std::sin(step * 1.3 + 0.7 * static_cast<double>(i) + 0.4) * 2;
}

const std::vector<float> start{1.5F, -0.5F, 0.25F, 2, -1, 0.75F, 0.1F, -0.3F, 1, 0.6F, -2, 0.4F};

/// The weight after some steps.
Doubles after(const std::string& text, const Shape& shape) {
  Parameter p = weight_of(shape, start);
  const std::unique_ptr<Optimizer> optimizer = make_optimizer(text);
  optimizer->build({{&p, "m_kernel"}});
  for (int step = 0; step < steps; ++step) {
    for (std::size_t i = 0; i < start.size(); ++i)
      p.gradient.data()[i] = static_cast<float>(gradient_at(step, i));
    optimizer->step();
  }
  return {p.values.data(), p.values.data() + p.size()};
}

/// The same by a formula that updates w with g at step t, counted from 1.
Doubles expected(const std::function<void(Doubles& w, const Doubles& g, int t)>& update) {
  Doubles w(start.begin(), start.end()), g(start.size());
  for (int step = 0; step < steps; ++step) {
    for (std::size_t i = 0; i < g.size(); ++i) g[i] = gradient_at(step, i);
    update(w, g, step + 1);
  }
  return w;
}

void check_alike(const Doubles& found, const Doubles& wanted) {
  REQUIRE(found.size() == wanted.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    CHECK(found[i] == Approx(wanted[i]).epsilon(1e-5).margin(1e-6));
}

double rms(const Doubles& x) {
  double sum = 0;
  for (const double one : x) sum += one * one;
  return std::sqrt(sum / static_cast<double>(x.size()));
}

}  // namespace

TEST_CASE("Lion steps by the sign of its momentum", "[host][nn]") {
  Doubles m(start.size(), 0);
  check_alike(after("Lion(learning_rate=0.1,beta_1=0.8,beta_2=0.7,weight_decay=0.3)", {3, 4}),
              expected([&](Doubles& w, const Doubles& g, int) {
                for (std::size_t i = 0; i < w.size(); ++i) {
                  w[i] -= w[i] * 0.3 * 0.1;
                  const double ahead = 0.8 * m[i] + 0.2 * g[i];
                  w[i] -= 0.1 * (ahead > 0 ? 1 : -1);
                  m[i] = 0.7 * m[i] + 0.3 * g[i];
                }
              }));
}

TEST_CASE("Ftrl follows the regularized leader", "[host][nn]") {
  for (const double power : {0.5, 0.7}) {
    INFO(power);
    Doubles sum(start.size(), 0.2), linear(start.size(), 0);
    const std::string text =
        "Ftrl(learning_rate=0.3,learning_rate_power=-" + std::to_string(power) +
        ",initial_accumulator_value=0.2,l1_regularization_strength=0.5,l2_regularization_strength=0.1,"
        "l2_shrinkage_regularization_strength=0.05,beta=0.4)";
    check_alike(after(text, {12}), expected([&](Doubles& w, const Doubles& g, int) {
                  for (std::size_t i = 0; i < w.size(); ++i) {
                    const double next = sum[i] + g[i] * g[i];
                    linear[i] += g[i] + 2 * 0.05 * w[i] -
                                 (std::pow(next, power) - std::pow(sum[i], power)) / 0.3 * w[i];
                    const double quadratic = std::pow(next, power) / 0.3 + 2 * (0.1 + 0.4 / (2 * 0.3));
                    w[i] = (std::clamp(linear[i], -0.5, 0.5) - linear[i]) / quadratic;
                    sum[i] = next;
                  }
                }));
  }
}

TEST_CASE("Lamb steps in proportion to the length of the weight", "[host][nn]") {
  Doubles m(start.size(), 0), v(start.size(), 0), u(start.size());
  check_alike(after("Lamb(learning_rate=0.1,beta_1=0.8,beta_2=0.9,epsilon=1e-3,weight_decay=0.2)", {3, 4}),
              expected([&](Doubles& w, const Doubles& g, int t) {
                for (std::size_t i = 0; i < w.size(); ++i) {
                  w[i] -= w[i] * 0.2 * 0.1;
                  m[i] += (g[i] - m[i]) * 0.2;
                  v[i] += (g[i] * g[i] - v[i]) * 0.1;
                  u[i] = m[i] / (1 - std::pow(0.8, t)) / (std::sqrt(v[i] / (1 - std::pow(0.9, t))) + 1e-3);
                }
                const double ratio = rms(w) / rms(u);
                for (std::size_t i = 0; i < w.size(); ++i) w[i] -= ratio * 0.1 * u[i];
              }));
}

namespace {

/// Keras' Adafactor of a stack of matrices.
Doubles adafactor(std::size_t matrices, std::size_t rows, std::size_t columns) {
  Doubles r(matrices * rows, 0), c(matrices * columns, 0), u(start.size());
  return expected([&](Doubles& w, const Doubles& g, int t) {
    const double kept = 1 - std::pow(t, -0.8);
    for (std::size_t k = 0; k < matrices; ++k) {
      const auto square = [&](std::size_t i, std::size_t j) {
        const double one = g[(k * rows + i) * columns + j];
        return one * one + 1e-30;
      };
      double mean_of_rows = 0;
      for (std::size_t i = 0; i < rows; ++i) {
        double mean = 0;
        for (std::size_t j = 0; j < columns; ++j) mean += square(i, j) / static_cast<double>(columns);
        r[k * rows + i] = kept * r[k * rows + i] + (1 - kept) * mean;
        mean_of_rows += r[k * rows + i] / static_cast<double>(rows);
      }
      for (std::size_t j = 0; j < columns; ++j) {
        double mean = 0;
        for (std::size_t i = 0; i < rows; ++i) mean += square(i, j) / static_cast<double>(rows);
        c[k * columns + j] = kept * c[k * columns + j] + (1 - kept) * mean;
        for (std::size_t i = 0; i < rows; ++i)
          u[(k * rows + i) * columns + j] = g[(k * rows + i) * columns + j] /
                                            std::sqrt(r[k * rows + i] / mean_of_rows * c[k * columns + j]);
      }
    }
    const double step = std::max(1e-3, rms(w)) * std::min(0.3, 1 / std::sqrt(t));
    const double excess = std::max(1.0, rms(u) / 0.8);
    for (std::size_t i = 0; i < w.size(); ++i) w[i] -= step * u[i] / excess;
  });
}

}  // namespace

TEST_CASE("Adafactor scales by means of rows and columns of squared gradients", "[host][nn]") {
  const std::string text = "Adafactor(learning_rate=0.3,clip_threshold=0.8)";
  check_alike(after(text, {3, 4}), adafactor(1, 3, 4));
  check_alike(after(text, {2, 3, 2}), adafactor(2, 3, 2));
  check_alike(after(text, {1, 3, 4}), adafactor(1, 3, 4));
  Doubles v(start.size(), 0), u(start.size());
  check_alike(after(text, {12}), expected([&](Doubles& w, const Doubles& g, int t) {
                const double kept = 1 - std::pow(t, -0.8);
                for (std::size_t i = 0; i < w.size(); ++i) {
                  v[i] = kept * v[i] + (1 - kept) * (g[i] * g[i] + 1e-30);
                  u[i] = g[i] / std::sqrt(v[i]);
                }
                const double step = std::max(1e-3, rms(w)) * std::min(0.3, 1 / std::sqrt(t));
                for (std::size_t i = 0; i < w.size(); ++i) w[i] -= step * u[i] / std::max(1.0, rms(u) / 0.8);
              }));
}

TEST_CASE("The slots of Adafactor and Ftrl have Keras' order and shapes", "[host][nn]") {
  Parameter kernel = weight_of({2, 3, 2}, start), bias = weight_of({2}, {0, 0});
  const auto shapes_of = [&](const char* text) {
    const std::unique_ptr<Optimizer> optimizer = make_optimizer(text);
    optimizer->build({{&kernel, "d_kernel"}, {&bias, "d_bias"}});
    std::vector<Shape> shapes;
    for (const TensorRef& slot : optimizer->slots()) shapes.push_back(slot.shape);
    return shapes;
  };
  CHECK(shapes_of("Adafactor") == std::vector<Shape>{{}, {}, {2, 3}, {2, 2}, {2, 3, 2}, {}, {}, {2}});
  CHECK(shapes_of("Ftrl") == std::vector<Shape>{{}, {}, {2, 3, 2}, {2, 3, 2}, {2}, {2}});
  const std::unique_ptr<Optimizer> ftrl = make_optimizer("Ftrl");
  ftrl->build({{&bias, "d_bias"}});
  CHECK(ftrl->slots()[2].name == "ftrl/d_bias_accumulator");
  CHECK(ftrl->slots()[2].data[1] == 0.1F);
}

TEST_CASE("A NaN gradient reaches the weight with Lion, Ftrl, Lamb and Adafactor", "[host][nn]") {
  for (const char* text : {"lion", "ftrl", "lamb", "adafactor", "lamb(clipnorm=1)", "adafactor(clipvalue=1)"})
    for (const Shape& shape : {Shape{4}, Shape{2, 2}}) {
      INFO(text << " " << shape.size());
      Parameter p = weight_of(shape, {1, 2, 3, 4});
      const std::unique_ptr<Optimizer> optimizer = make_optimizer(text);
      optimizer->build({{&p, "m_kernel"}});
      std::fill_n(p.gradient.data(), 4, 1.0F);
      p.gradient.data()[0] = std::numeric_limits<float>::quiet_NaN();
      optimizer->step();
      CHECK(std::isnan(p.values.data()[0]));
    }
}

TEST_CASE("A gradient of 0 leaves the weight to Lamb and Adafactor", "[host][nn]") {
  for (const char* text : {"lamb", "adafactor"})
    for (const Shape& shape : {Shape{4}, Shape{2, 2}}) {
      INFO(text << " " << shape.size());
      Parameter p = weight_of(shape, {1, 2, 3, 4});
      const std::unique_ptr<Optimizer> optimizer = make_optimizer(text);
      optimizer->build({{&p, "m_kernel"}});
      std::fill_n(p.gradient.data(), 4, 0.0F);
      optimizer->step();
      CHECK(std::vector<float>(p.values.data(), p.values.data() + 4) == std::vector<float>{1, 2, 3, 4});
    }
}

TEST_CASE("Large weights have the same bits with Lion, Ftrl, Lamb and Adafactor on any number of threads",
          "[host][nn]") {
  const Shape shape{250, 281};
  const std::vector<float> values = kairos::tests::normal_values(250 * 281, 1),
                           gradient = kairos::tests::normal_values(250 * 281, 2);
  const auto updated_on = [&](std::int64_t threads, const std::string& text) {
    const std::int64_t before = parallel_threads();
    set_parallel_threads(threads);
    Parameter p = weight_of(shape, values);
    std::copy(gradient.begin(), gradient.end(), p.gradient.data());
    const std::unique_ptr<Optimizer> optimizer = make_optimizer(text);
    optimizer->build({{&p, "m_kernel"}});
    for (int step = 0; step < 3; ++step) optimizer->step();
    set_parallel_threads(before);
    return std::vector<float>(p.values.data(), p.values.data() + p.size());
  };
  for (const std::string name :
       {"Lion(beta_1=0.9", "Ftrl(beta=0.1", "Lamb(beta_1=0.9", "Adafactor(beta_2_decay=-0.8"})
    for (const std::string more : {")", ",weight_decay=0.1,clipvalue=0.5,use_ema=true)", ",clipnorm=2)"}) {
      INFO(name << more);
      const std::vector<float> found = updated_on(1, name + more);
      CHECK(found == updated_on(2, name + more));
      CHECK(found != values);
    }
}
