// SPDX-License-Identifier: MIT
// Focal crossentropies, which count outputs that are nearly right less (Lin et al., 2018), and the
// generalized crossentropy for noisy labels (Zhang et al., 2018). As in Keras, they are computed from
// probabilities.
#include <fmt/format.h>
#include <Eigen/Core>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "compute/parallel.hpp"
#include "nn/losses/loss_types.hpp"

namespace kairos::host {

namespace {

/// A clipped probability, and whether it has a gradient.
struct Clipped {
  explicit Clipped(double p)
      : value(p < least ? least : (p > most ? most : p)), is_inside(!(p < least || p > most)) {}
  static constexpr double least = static_cast<double>(least_probability);
  static constexpr double most = static_cast<double>(most_probability);
  double value;
  bool is_inside;
};

/// (1 - p)^gamma and its derivative by p. The default, 2, needs no powers, which are slow.
struct Focus {
  Focus(double p, double gamma) {
    const double rest = 1 - p;
    if (gamma == 2) {
      value = rest * rest;
      slope = -2 * rest;
    } else {
      value = std::pow(rest, gamma);
      slope = gamma == 0 ? 0 : -gamma * std::pow(rest, gamma - 1);
    }
  }
  double value, slope;
};

/// Calls `work(row)` for each row, on several threads.
template <class Work>
void on_each_row(std::int64_t rows, std::int64_t features, const Work& work) {
  constexpr std::int64_t least = 1024;  // logarithms and powers take their time
  rows_in_parallel(rows, features, least, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) work(row);
  });
}

struct FocalOptions {
  double gamma;
  double smoothing;
  OutputMeaning output_is;
};

FocalOptions read_focal(ConfigReader& config) {
  config.unsupported("axis", -1, "Remove it");
  return {config.number("gamma", 2, {0, 1e6}), config.number("label_smoothing", 0, {0, 1}),
          config.boolean("from_logits", false) ? OutputMeaning::Logits : OutputMeaning::Probabilities};
}

class BinaryFocalCrossentropy final : public Loss {
 public:
  /// `alpha` is negative without class balancing.
  BinaryFocalCrossentropy(FocalOptions options, double alpha) : options_(options), alpha_(alpha) {}
  [[nodiscard]] std::string_view name() const override { return "binary_focal_crossentropy"; }
  [[nodiscard]] OutputMeaning output_meaning() const override { return options_.output_is; }
  void check_output(std::int64_t) const override {}
  [[nodiscard]] std::string target_fault(std::int64_t features, const float* target) const override {
    return outside_unit_interval(features, target);
  }

  void values(std::int64_t rows, std::int64_t features, const float* target, const float* output,
              float* each) const override {
    on_each_row(rows, features, [=, this](std::int64_t row) {
      double sum = 0;
      for (std::int64_t i = row * features; i < (row + 1) * features; ++i)
        sum += term(target[i], output[i]).value;
      each[row] = static_cast<float>(sum / static_cast<double>(features));
    });
  }

  void gradient(std::int64_t rows, std::int64_t features, const float* target, const float* output,
                const float* scale, float* gradient) const override {
    on_each_row(rows, features, [=, this](std::int64_t row) {
      const double factor = static_cast<double>(scale[row]) / static_cast<double>(features);
      for (std::int64_t i = row * features; i < (row + 1) * features; ++i)
        gradient[i] = static_cast<float>(factor * term(target[i], output[i]).slope);
    });
  }

 private:
  struct Value {
    double value, slope;
  };

  [[nodiscard]] Value term(float target, float output) const {
    const bool logits = options_.output_is == OutputMeaning::Logits;
    const double t = static_cast<double>(target) * (1 - options_.smoothing) + 0.5 * options_.smoothing;
    const double o = static_cast<double>(output);
    const double p = logits ? 1 / (1 + std::exp(-o)) : o;
    const Clipped c(p);
    const auto part = [](double share, double of) { return share == 0 ? 0.0 : -share * std::log(of); };
    const double entropy = part(t, c.value) + part(1 - t, 1 - c.value);
    const double of_entropy = c.is_inside ? (1 - t) / (1 - c.value) - t / c.value : 0;
    const Focus focus(t * p + (1 - t) * (1 - p), options_.gamma);
    const double weight = alpha_ < 0 ? 1 : t * alpha_ + (1 - t) * (1 - alpha_);
    const double slope = weight * (focus.value * of_entropy + entropy * focus.slope * (2 * t - 1));
    return {weight * focus.value * entropy, logits ? slope * p * (1 - p) : slope};
  }

  FocalOptions options_;
  double alpha_;
};

class CategoricalFocalCrossentropy final : public Loss {
 public:
  CategoricalFocalCrossentropy(FocalOptions options, std::vector<double> alpha)
      : options_(options), alpha_(std::move(alpha)) {}
  [[nodiscard]] std::string_view name() const override { return "categorical_focal_crossentropy"; }
  [[nodiscard]] OutputMeaning output_meaning() const override { return options_.output_is; }

  void check_output(std::int64_t features) const override {
    if (features < 2)
      refuse_output(name(), units_text(features), "one unit per class",
                    "Use binary_focal_crossentropy with sigmoid");
    if (alpha_.size() > 1 && std::ssize(alpha_) != features)
      refuse_output(name(), units_text(features),
                    fmt::format("{} units, as many as alpha has values", alpha_.size()),
                    "Give alpha one value, or one per class");
  }

  [[nodiscard]] std::string target_fault(std::int64_t features, const float* target) const override {
    return outside_unit_interval(features, target);
  }

  void values(std::int64_t rows, std::int64_t features, const float* target, const float* output,
              float* each) const override {
    on_each_row(rows, features, [=, this](std::int64_t row) {
      const float* const t = target + row * features;
      const float* const o = output + row * features;
      const Share share(features, o, options_.output_is);
      double sum = 0;
      for (std::int64_t i = 0; i < features; ++i) sum += term(i, features, t[i], share.of(o[i])).value;
      each[row] = static_cast<float>(sum);
    });
  }

  /// Through the shares of the outputs in their sum; those of logits are the softmax.
  void gradient(std::int64_t rows, std::int64_t features, const float* target, const float* output,
                const float* scale, float* gradient) const override {
    on_each_row(rows, features, [=, this](std::int64_t row) {
      const float* const t = target + row * features;
      const float* const o = output + row * features;
      const Share share(features, o, options_.output_is);
      double mean = 0;
      for (std::int64_t i = 0; i < features; ++i) {
        const double p = share.of(o[i]);
        mean += p * term(i, features, t[i], p).slope;
      }
      for (std::int64_t i = 0; i < features; ++i) {
        const double p = share.of(o[i]);
        const double slope = term(i, features, t[i], p).slope - mean;
        gradient[row * features + i] = static_cast<float>(static_cast<double>(scale[row]) *
                                                          (share.is_softmax ? slope * p : slope / share.sum));
      }
    });
  }

 private:
  struct Value {
    double value, slope;
  };
  /// The share of an output, or of the exponential of a logit, in the sum of its row.
  struct Share {
    Share(std::int64_t n, const float* output, OutputMeaning meaning)
        : is_softmax(meaning == OutputMeaning::Logits) {
      const auto o = Eigen::Map<const Eigen::ArrayXf>(output, n).cast<double>();
      if (is_softmax) largest = o.maxCoeff();
      sum = is_softmax ? (o - largest).exp().sum() : o.sum();
    }
    [[nodiscard]] double of(float output) const {
      const double o = static_cast<double>(output);
      return (is_softmax ? std::exp(o - largest) : o) / sum;
    }
    bool is_softmax;
    double largest = 0, sum = 0;
  };

  [[nodiscard]] Value term(std::int64_t index, std::int64_t features, float target, double p) const {
    const double t = static_cast<double>(target) * (1 - options_.smoothing) +
                     options_.smoothing / static_cast<double>(features);
    const double alpha = alpha_.size() == 1 ? alpha_.front() : alpha_[static_cast<std::size_t>(index)];
    const Clipped c(p);
    const Focus focus(c.value, options_.gamma);
    const double entropy = t == 0 ? 0.0 * p : -t * std::log(c.value);  // NaN stays NaN
    return {alpha * focus.value * entropy,
            c.is_inside ? alpha * (focus.slope * entropy - focus.value * t / c.value) : 0};
  }

  FocalOptions options_;
  std::vector<double> alpha_;  ///< one value, or one per class
};

/// (1 - p^q) / q of the probability p of the class that the target names.
class GeneralizedCrossentropy final : public Loss {
 public:
  explicit GeneralizedCrossentropy(double q) : q_(q) {}
  [[nodiscard]] std::string_view name() const override { return "categorical_generalized_cross_entropy"; }
  [[nodiscard]] TargetKind target_kind() const override { return TargetKind::Label; }
  [[nodiscard]] OutputMeaning output_meaning() const override { return OutputMeaning::Probabilities; }
  void check_output(std::int64_t features) const override {
    if (features < 2)
      refuse_output(name(), units_text(features), "one unit per class",
                    "Give the last layer one unit per class and softmax");
  }
  [[nodiscard]] std::string target_fault(std::int64_t features, const float* target) const override {
    return label_fault(features, target[0]);
  }

  void values(std::int64_t rows, std::int64_t features, const float* target, const float* output,
              float* each) const override {
    for (std::int64_t row = 0; row < rows; ++row)
      each[row] = static_cast<float>((1 - std::pow(of_class(features, target, output, row), q_)) / q_);
  }

  void gradient(std::int64_t rows, std::int64_t features, const float* target, const float* output,
                const float* scale, float* gradient) const override {
    std::fill_n(gradient, rows * features, 0.0F);
    for (std::int64_t row = 0; row < rows; ++row)
      gradient[row * features + static_cast<std::int64_t>(target[row])] = static_cast<float>(
          -static_cast<double>(scale[row]) * std::pow(of_class(features, target, output, row), q_ - 1));
  }

 private:
  static double of_class(std::int64_t features, const float* target, const float* output, std::int64_t row) {
    return static_cast<double>(output[row * features + static_cast<std::int64_t>(target[row])]);
  }

  double q_;
};

std::unique_ptr<Loss> make_binary_focal(ConfigReader& config) {
  const FocalOptions options = read_focal(config);
  const double alpha = config.number("alpha", 0.25, {0, 1});
  return std::make_unique<BinaryFocalCrossentropy>(
      options, config.boolean("apply_class_balancing", false) ? alpha : -1);
}

/// `alpha` is a number, or a list with one per class.
std::unique_ptr<Loss> make_categorical_focal(ConfigReader& config) {
  const FocalOptions options = read_focal(config);
  std::vector<double> alpha{0.25};
  if (const nlohmann::json* value = config.take("alpha"); value != nullptr) {
    const nlohmann::json list = value->is_array() ? *value : nlohmann::json::array({*value});
    alpha.clear();
    for (const nlohmann::json& one : list) {
      if (!one.is_number() || !std::isfinite(one.get<double>()) || one.get<double>() < 0)
        config.bad_value("alpha", "a number from 0, or a list with one per class");
      alpha.push_back(one.get<double>());
    }
    if (alpha.empty()) config.bad_value("alpha", "a number from 0, or a list with one per class");
  }
  return std::make_unique<CategoricalFocalCrossentropy>(options, std::move(alpha));
}

}  // namespace

std::vector<LossType> focal_losses() {
  return {
      {{"binary_focal_crossentropy", "BinaryFocalCrossentropy"}, make_binary_focal},
      {{"categorical_focal_crossentropy", "CategoricalFocalCrossentropy"}, make_categorical_focal},
      {{"categorical_generalized_cross_entropy", "CategoricalGeneralizedCrossEntropy"},
       [](ConfigReader& config) -> std::unique_ptr<Loss> {
         const double q = config.number("q", 0.5, {0, 1});
         if (q == 0 || q == 1) config.bad_value("q", "a number between 0 and 1");
         return std::make_unique<GeneralizedCrossentropy>(q);
       }},
  };
}

}  // namespace kairos::host
