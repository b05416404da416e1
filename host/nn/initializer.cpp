// SPDX-License-Identifier: MIT
// The table of initializers, and how each draws its values.
#include "nn/initializer.hpp"

#include <Eigen/QR>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <vector>

#include "compute/random.hpp"
#include "kairos/host/array.hpp"
#include "kairos/host/error.hpp"
#include "nn/keras/object.hpp"

namespace kairos::host {

namespace {

using Draw = Initializer::Draw;
using Fan = Initializer::Fan;

/// Variance scaling with fixed arguments.
struct ScalingType {
  const char* class_name;
  double scale;
  Fan fan;
  Draw draw;
};
constexpr std::array<ScalingType, 6> scaling_types{{
    {"GlorotUniform", 1, Fan::Average, Draw::Uniform},
    {"GlorotNormal", 1, Fan::Average, Draw::TruncatedNormal},
    {"HeUniform", 2, Fan::In, Draw::Uniform},
    {"HeNormal", 2, Fan::In, Draw::TruncatedNormal},
    {"LecunUniform", 1, Fan::In, Draw::Uniform},
    {"LecunNormal", 1, Fan::In, Draw::TruncatedNormal},
}};

/// An initializer with up to two numbers as arguments.
struct PlainType {
  const char* class_name;
  Draw draw;
  const char* first_key;  ///< null for no argument
  double first;
  const char* second_key;
  double second;
};
constexpr const char* identity = "Identity";
constexpr std::array<PlainType, 7> plain_types{{
    {"Zeros", Draw::Constant, nullptr, 0, nullptr, 0},
    {identity, Draw::Constant, "gain", 1, nullptr, 0},
    {"Ones", Draw::Constant, nullptr, 1, nullptr, 0},
    {"Constant", Draw::Constant, "value", 0, nullptr, 0},
    {"RandomUniform", Draw::Uniform, "minval", -0.05, "maxval", 0.05},
    {"RandomNormal", Draw::Normal, "mean", 0, "stddev", 0.05},
    {"TruncatedNormal", Draw::TruncatedNormal, "mean", 0, "stddev", 0.05},
}};
constexpr const char* variance_scaling = "VarianceScaling";
constexpr const char* orthogonal = "Orthogonal";

/// Keras' aliases, and the names that they stand for.
constexpr std::array<std::array<const char*, 2>, 5> aliases{{{"uniform", "random_uniform"},
                                                             {"normal", "random_normal"},
                                                             {"zero", "zeros"},
                                                             {"one", "ones"},
                                                             {"orthogonal_initializer", "orthogonal"}}};

constexpr NumberRange any_float{-3e38, 3e38};

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const ScalingType& type : scaling_types) all.push_back(snake_case(type.class_name));
  for (const PlainType& type : plain_types) all.push_back(snake_case(type.class_name));
  all.push_back(snake_case(variance_scaling));
  all.push_back(snake_case(orthogonal));
  return all;
}

/// `gain` on the main diagonal, 0 elsewhere; the matrix need not be square.
void fill_identity(const Shape& shape, float gain, float* values) {
  if (shape.size() != 2)
    throw Error(ErrorKind::Model,
                {"KAIROS-M013", "initializer Identity", "it requires a matrix",
                 "a weight of shape " + shape_text(shape), "two dimensions", "Choose another initializer"});
  std::fill_n(values, size_of(shape), 0.0F);
  for (std::int64_t i = 0; i < std::min(shape[0], shape[1]); ++i) values[i * shape[1] + i] = gain;
}

/// Redrawn until it is within two standard deviations of the mean.
double truncated_normal(RandomStream& random) {
  double value = random.normal();
  while (std::abs(value) > 2) value = random.normal();
  return value;
}

/// The blocking of Eigen's matrix product decides the order of its additions, and is chosen by the sizes of
/// the caches: fixed ones give the same values on every machine.
void fix_blocking() {
  constexpr std::ptrdiff_t l1 = 32 << 10, l2 = 256 << 10, l3 = 2 << 20;
  static const bool done = (Eigen::setCpuCacheSizes(l1, l2, l3), true);
  (void)done;
}

/// Q of a random normal matrix with at least as many rows as columns, with the signs that Keras gives it:
/// those that make the diagonal of R positive.
Eigen::MatrixXd draw_orthonormal(Eigen::Index rows, Eigen::Index columns, RandomStream& random) {
  fix_blocking();
  Eigen::MatrixXd drawn(rows, columns);
  for (double& value : drawn.reshaped()) value = random.normal();
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(drawn);
  Eigen::MatrixXd q = qr.householderQ() * Eigen::MatrixXd::Identity(rows, columns);
  q.array().rowwise() *= qr.matrixQR().diagonal().array().sign().transpose();
  return q;
}

const char* fan_name(Fan fan) {
  return fan == Fan::In ? "fan_in" : (fan == Fan::Out ? "fan_out" : "fan_avg");
}

Fan read_fan(ConfigReader& arguments) {
  const std::string mode = arguments.text("mode", "fan_in");
  for (const Fan fan : {Fan::In, Fan::Out, Fan::Average})
    if (mode == fan_name(fan)) return fan;
  arguments.bad_value("mode", "fan_in, fan_out or fan_avg");
}

Draw read_distribution(ConfigReader& arguments) {
  const std::string name = arguments.text("distribution", "truncated_normal");
  if (name == "uniform") return Draw::Uniform;
  if (name == "truncated_normal" || name == "normal") return Draw::TruncatedNormal;
  if (name == "untruncated_normal") return Draw::Normal;
  arguments.bad_value("distribution", "uniform, truncated_normal or untruncated_normal");
}

}  // namespace

Initializer read_initializer(ConfigReader& config, std::string_view key, std::string_view fallback) {
  const nlohmann::json* value = config.take(key);
  const KerasObject object(value == nullptr ? nlohmann::json(fallback) : *value,
                           config.where() + " " + std::string(key), names(), config.unknown_keys());
  std::string kind = snake_case(object.class_name());
  for (const auto& [alias, meant] : aliases)
    if (kind == alias) kind = meant;
  ConfigReader arguments(object.config(), object.where(), config.inside("initializer", object.class_name()));
  Initializer result;
  for (const ScalingType& type : scaling_types)
    if (kind == snake_case(type.class_name)) {
      result.class_name_ = type.class_name;
      result.scale_ = type.scale;
      result.fan_ = type.fan;
      result.draw_ = type.draw;
    }
  for (const PlainType& type : plain_types)
    if (kind == snake_case(type.class_name)) {
      result.class_name_ = type.class_name;
      result.draw_ = type.draw;
      result.first_ =
          type.first_key == nullptr ? type.first : arguments.number(type.first_key, type.first, any_float);
      result.second_ = type.second_key == nullptr ? type.second
                                                  : arguments.number(type.second_key, type.second, any_float);
    }
  if (kind == snake_case(variance_scaling)) {
    result.class_name_ = variance_scaling;
    result.scale_ = arguments.number("scale", 1, {1e-30, 1e30});
    result.fan_ = read_fan(arguments);
    result.draw_ = read_distribution(arguments);
  }
  if (kind == snake_case(orthogonal)) {
    result.class_name_ = orthogonal;
    result.draw_ = Draw::Orthogonal;
    result.first_ = arguments.number("gain", 1, any_float);
  }
  if (result.class_name_.empty()) object.unknown("KAIROS-M014", "initializer");
  if (result.draw_ != Draw::Constant) result.seed_ = arguments.optional_integer("seed", any_integer);
  arguments.finish();
  return result;
}

double Initializer::scaled_spread(const Shape& shape) const {
  double receptive = 1;  // size of the kernel's window; 1 for a matrix
  for (std::size_t i = 0; i + 2 < shape.size(); ++i) receptive *= static_cast<double>(shape[i]);
  const double last = shape.empty() ? 1 : static_cast<double>(shape.back());
  const double in = (shape.size() < 2 ? last : static_cast<double>(shape[shape.size() - 2])) * receptive;
  const double out = last * receptive;
  const double fan = fan_ == Fan::In ? in : (fan_ == Fan::Out ? out : (in + out) / 2);
  const double variance = scale_ / std::max(1.0, fan);
  /// Standard deviation of the standard normal distribution truncated at ±2.
  constexpr double truncated_deviation = 0.87962566103423978;
  if (draw_ == Draw::Uniform) return std::sqrt(3 * variance);
  return std::sqrt(variance) / (draw_ == Draw::TruncatedNormal ? truncated_deviation : 1);
}

void Initializer::fill_orthogonal(const Shape& shape, RandomStream& random, float* values) const {
  const std::int64_t columns = shape.empty() ? 1 : shape.back();
  const std::int64_t rows = size_of(shape) / std::max<std::int64_t>(columns, 1);
  const Eigen::MatrixXd q =
      draw_orthonormal(std::max(rows, columns), std::min(rows, columns), random) * first_;
  using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Eigen::Map<Matrix> weight(values, rows, columns);
  if (rows < columns)
    weight = q.transpose().cast<float>();
  else
    weight = q.cast<float>();
}

void Initializer::fill(const Shape& shape, std::uint64_t key, float* values) const {
  if (class_name_ == identity) return fill_identity(shape, static_cast<float>(first_), values);
  double first = first_;
  double second = second_;
  if (scale_ > 0) {
    second = scaled_spread(shape);
    first = draw_ == Draw::Uniform ? -second : 0;
  }
  RandomStream random(seed_ ? mixed_bits(static_cast<std::uint64_t>(*seed_) + 1) : key);
  if (draw_ == Draw::Orthogonal) return fill_orthogonal(shape, random, values);
  const std::int64_t n = size_of(shape);
  for (std::int64_t i = 0; i < n; ++i) {
    double value = first;
    if (draw_ == Draw::Uniform) value += (second - first) * random.uniform();
    if (draw_ == Draw::Normal) value += second * random.normal();
    if (draw_ == Draw::TruncatedNormal) value += second * truncated_normal(random);
    values[i] = static_cast<float>(value);
  }
}

nlohmann::json Initializer::json() const {
  nlohmann::json config = nlohmann::json::object();
  if (class_name_ == variance_scaling) {
    config["scale"] = scale_;
    config["mode"] = fan_name(fan_);
    config["distribution"] = draw_ == Draw::Uniform  ? "uniform"
                             : draw_ == Draw::Normal ? "untruncated_normal"
                                                     : "truncated_normal";
  }
  if (draw_ == Draw::Orthogonal) config["gain"] = first_;
  for (const PlainType& type : plain_types)
    if (class_name_ == type.class_name) {
      if (type.first_key != nullptr) config[type.first_key] = first_;
      if (type.second_key != nullptr) config[type.second_key] = second_;
    }
  if (draw_ != Draw::Constant) config["seed"] = seed_ ? nlohmann::json(*seed_) : nlohmann::json(nullptr);
  return keras_object("keras.initializers", class_name_, std::move(config));
}

}  // namespace kairos::host
