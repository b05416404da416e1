// SPDX-License-Identifier: MIT
// Intersection over union of the classes of targets and outputs, from one confusion matrix of all rows.
#include <fmt/format.h>
#include <Eigen/Core>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <utility>

#include "compute/vector.hpp"
#include "kairos/host/error.hpp"
#include "nn/metrics/metric_types.hpp"

namespace kairos::host {

namespace {

/// How a class is read from a row: each value is one, or the index of the row's largest value.
enum class ClassIs { Value, Largest };

struct IoUOptions {
  std::int64_t classes;
  std::vector<std::int64_t> chosen;
  std::optional<double> ignored;  ///< a class of targets
  ClassIs target, output;
  std::optional<float> threshold;  ///< of BinaryIoU: an output is class 1 from there on
};

class IoU final : public Metric {
 public:
  IoU(std::string name, const MetricSite& site, IoUOptions options)
      : name_(std::move(name)),
        label_(site.target_kind == TargetKind::Label),
        options_(std::move(options)),
        cells_(Eigen::ArrayXXd::Zero(options_.classes, options_.classes)) {}

  void reset() override { cells_.setZero(); }
  void visit_sums(const SumVisitor& visit) override {
    visit({cells_.data(), static_cast<std::size_t>(cells_.size())});
  }

  void update(const MetricBatch& batch) override {
    const std::int64_t n = batch.features;
    for_each_row(batch, label_ ? 1 : n, [&](const float* target, const float* output, double weight) {
      const bool by_value = options_.output == ClassIs::Value;
      for (std::int64_t i = 0; i < (by_value ? n : 1); ++i) {
        const double actual = options_.target == ClassIs::Value
                                  ? std::trunc(static_cast<double>(target[i]))
                                  : static_cast<double>(index_of_largest(n, target));
        if (options_.ignored && actual == *options_.ignored) continue;
        const double found =
            by_value ? class_of_value(output[i]) : static_cast<double>(index_of_largest(n, output));
        cells_(index_of(actual, "a target"), index_of(found, "an output")) += weight;
      }
    });
  }

  /// The mean over the chosen classes that occur. As in Keras, 1e-7 is added to both divisors.
  [[nodiscard]] double result() const override {
    constexpr double least = 1e-9, epsilon = 1e-7;
    double sum = 0, valid = 0;
    for (const std::int64_t one : options_.chosen) {
      const double both = cells_(one, one);
      const double either = cells_.row(one).sum() + cells_.col(one).sum() - both;
      sum += both / (either + epsilon);
      if (either > least) ++valid;
    }
    return sum / (valid + epsilon);
  }

 private:
  [[nodiscard]] double class_of_value(float output) const {
    if (!options_.threshold) return std::trunc(static_cast<double>(output));
    return output >= *options_.threshold ? 1 : 0;
  }

  [[nodiscard]] Eigen::Index index_of(double found, const char* what) const {
    if (found >= 0 && found < static_cast<double>(options_.classes)) return static_cast<Eigen::Index>(found);
    throw Error(ErrorKind::Data,
                {"KAIROS-D302", "metric " + name_, std::string(what) + " is not one of the metric's classes",
                 fmt::format("{}", found), fmt::format("a class from 0 to {}", options_.classes - 1),
                 "Give a larger num_classes, or sparse_y_true=false and sparse_y_pred=false for one-hot "
                 "targets and probabilities"});
  }

  std::string name_;
  bool label_;
  IoUOptions options_;
  Eigen::ArrayXXd cells_;  ///< weights by class of the target and of the output
};

std::vector<std::int64_t> read_chosen(ConfigReader& config, std::int64_t classes, bool required) {
  const std::string expected = fmt::format("a list of classes from 0 to {}, such as [0,1]", classes - 1);
  const nlohmann::json* list = config.take("target_class_ids");
  std::vector<std::int64_t> chosen(static_cast<std::size_t>(classes));
  std::iota(chosen.begin(), chosen.end(), 0);
  if (list == nullptr && !required) return chosen;
  if (list == nullptr || !list->is_array() || list->empty()) config.bad_value("target_class_ids", expected);
  chosen.clear();
  for (const nlohmann::json& one : *list) {
    if (!one.is_number_integer() || one < 0 || one >= classes) config.bad_value("target_class_ids", expected);
    chosen.push_back(one.get<std::int64_t>());
  }
  return chosen;
}

/// Targets and outputs must give the same number of classes per row.
void check_pair(ConfigReader& config, const MetricSite& site, const IoUOptions& options) {
  const bool label = site.target_kind == TargetKind::Label;
  if (label && options.target == ClassIs::Largest)
    config.bad_value("sparse_y_true", "true, because the targets are class labels");
  if (label && options.output == ClassIs::Value)
    config.bad_value("sparse_y_pred", "false, because each output is one value per class",
                     "Write sparse_y_pred=false");
  if (!label && options.target != options.output && site.features > 1)
    config.bad_value(
        options.target == ClassIs::Value ? "sparse_y_true" : "sparse_y_pred",
        "the same for sparse_y_true and sparse_y_pred, because targets have the shape of outputs",
        "Set both to false for one-hot targets and probabilities");
  if (options.output == ClassIs::Largest && options.classes < site.features)
    config.bad_value("num_classes", fmt::format("at least {}, the classes of the output", site.features));
}

enum class Chosen { All, Given };
enum class Targets { AsGiven, OneHot };

template <Chosen chosen, Targets targets>
std::unique_ptr<Metric> make_iou(ConfigReader& config, const MetricSite& site) {
  constexpr std::int64_t most = 10'000;
  const std::int64_t classes = config.required_integer("num_classes", {1, most});
  IoUOptions options{classes, {}, {}, ClassIs::Largest, ClassIs::Largest, {}};
  if constexpr (chosen == Chosen::Given)
    options.chosen = read_chosen(config, classes, true);
  else
    for (std::int64_t i = 0; i < classes; ++i) options.chosen.push_back(i);
  if (const auto ignored = config.optional_integer("ignore_class", any_integer))
    options.ignored = static_cast<double>(*ignored);
  constexpr bool one_hot = targets == Targets::OneHot;
  if (!one_hot && config.boolean("sparse_y_true", true)) options.target = ClassIs::Value;
  if (config.boolean("sparse_y_pred", !one_hot)) options.output = ClassIs::Value;
  config.unsupported("axis", -1, "Move the classes to the last dimension");
  check_pair(config, site, options);
  return std::make_unique<IoU>(config.where().substr(std::string("metric ").size()), site,
                               std::move(options));
}

std::unique_ptr<Metric> make_binary_iou(ConfigReader& config, const MetricSite& site) {
  constexpr std::int64_t two = 2;
  const auto threshold = static_cast<float>(config.number("threshold", 0.5, {-3e38, 3e38}));
  return std::make_unique<IoU>(
      "BinaryIoU", site,
      IoUOptions{two, read_chosen(config, two, false), {}, ClassIs::Value, ClassIs::Value, threshold});
}

}  // namespace

std::vector<MetricType> iou_metrics() {
  constexpr Direction up = Direction::Max;
  constexpr std::nullopt_t any = std::nullopt;
  return {
      {{"io_u", "IoU"}, up, any, 1, make_iou<Chosen::Given, Targets::AsGiven>},
      {{"mean_io_u", "MeanIoU"}, up, any, 1, make_iou<Chosen::All, Targets::AsGiven>},
      {{"one_hot_io_u", "OneHotIoU"}, up, TargetKind::Values, 2, make_iou<Chosen::Given, Targets::OneHot>},
      {{"one_hot_mean_io_u", "OneHotMeanIoU"},
       up,
       TargetKind::Values,
       2,
       make_iou<Chosen::All, Targets::OneHot>},
      {{"binary_io_u", "BinaryIoU"}, up, TargetKind::Values, 1, make_binary_iou},
  };
}

}  // namespace kairos::host
