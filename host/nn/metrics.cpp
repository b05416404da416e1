// SPDX-License-Identifier: MIT
// Creates metrics by name. Accuracies and losses, which are means of one value per row, are defined here.
#include "nn/metrics.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "compute/buffer.hpp"
#include "compute/kernels/kernels.hpp"
#include "compute/vector.hpp"
#include "kairos/host/error.hpp"
#include "nn/call_text.hpp"
#include "nn/metrics/metric_types.hpp"

namespace kairos::host {

const std::vector<MetricType>& all_metrics() {
  static const std::vector<MetricType> types = [] {
    std::vector<MetricType> all;
    for (auto family : {regression_metrics, confusion_metrics, auc_metrics, top_k_metrics, count_metrics,
                        operating_point_metrics, iou_metrics, correlation_metrics})
      for (MetricType& type : family()) all.push_back(std::move(type));
    return all;
  }();
  return types;
}

namespace {

using RowValue = float (*)(std::int64_t features, const float* target, const float* output, float threshold);

float binary_accuracy(std::int64_t features, const float* target, const float* output, float threshold) {
  const Decisions found = kernels().count_decisions(features, threshold, target, output);
  return static_cast<float>(found.right) / static_cast<float>(features);
}

float categorical_accuracy(std::int64_t features, const float* target, const float* output, float) {
  return index_of_largest(features, target) == index_of_largest(features, output) ? 1.0F : 0.0F;
}

float sparse_categorical_accuracy(std::int64_t features, const float* target, const float* output, float) {
  return target[0] == static_cast<float>(index_of_largest(features, output)) ? 1.0F : 0.0F;
}

class AccuracyMetric final : public Metric {
 public:
  AccuracyMetric(RowValue value, TargetKind kind, float threshold)
      : value_(value), kind_(kind), threshold_(threshold) {}
  void reset() override { mean_.reset(); }
  void visit_sums(const SumVisitor& visit) override { mean_.visit_sums(visit); }
  void update(const MetricBatch& batch) override {
    for_each_row(batch, kind_ == TargetKind::Label ? 1 : batch.features,
                 [&](const float* target, const float* output, double weight) {
                   mean_.add(static_cast<double>(value_(batch.features, target, output, threshold_)), weight);
                 });
  }
  [[nodiscard]] double result() const override { return mean_.result(); }

 private:
  RowValue value_;
  TargetKind kind_;
  float threshold_;  ///< of binary_accuracy only
  Mean mean_;
};

class LossMetric final : public Metric {
 public:
  LossMetric(std::unique_ptr<Loss> loss, Direction direction)
      : loss_(std::move(loss)),
        soft_loss_(loss_->of_probabilities()),
        sign_(direction == Direction::Max ? -1 : 1) {}
  void reset() override { mean_.reset(); }
  void visit_sums(const SumVisitor& visit) override { mean_.visit_sums(visit); }
  void update(const MetricBatch& batch) override {
    const std::int64_t rows = batch.samples * batch.rows_per_sample;
    each_.reserve(rows);
    const bool soft = batch.probabilities != nullptr && soft_loss_ != nullptr;
    (soft ? *soft_loss_ : *loss_)
        .values(rows, batch.features, soft ? batch.probabilities : batch.target, batch.output, each_.data());
    // As in Keras, one value of a whole batch counts once, unless there are weights.
    if (loss_->couples_samples() && batch.weights.values == nullptr) {
      if (rows > 0) mean_.add(sign_ * static_cast<double>(each_.data()[0]), 1);
      return;
    }
    for (std::int64_t row = 0; row < rows; ++row)
      mean_.add(sign_ * static_cast<double>(each_.data()[row]), weight_of(batch, row));
  }
  [[nodiscard]] bool couples_samples() const override { return loss_->couples_samples(); }
  [[nodiscard]] double result() const override { return mean_.result(); }

 private:
  std::unique_ptr<Loss> loss_;
  std::unique_ptr<Loss> soft_loss_;  ///< for probabilities; may be null
  double sign_;
  FloatBuffer each_;
  Mean mean_;
};

/// Cosine similarity is maximised as a metric, and negated as a loss.
Direction loss_metric_direction(std::string_view name) {
  return loss_class_name(name) == "CosineSimilarity" ? Direction::Max : Direction::Min;
}

const MetricType* find_metric(std::string_view name) {
  for (const MetricType& type : all_metrics())
    if (std::find(type.names.begin(), type.names.end(), name) != type.names.end()) return &type;
  return nullptr;
}

struct AccuracyType {
  std::array<std::string_view, 2> names;
  RowValue value;
  TargetKind target_kind;
  std::int64_t least_features;
};

constexpr std::array<AccuracyType, 3> accuracies{{
    {{"binary_accuracy", "BinaryAccuracy"}, binary_accuracy, TargetKind::Values, 1},
    {{"categorical_accuracy", "CategoricalAccuracy"}, categorical_accuracy, TargetKind::Values, 2},
    {{"sparse_categorical_accuracy", "SparseCategoricalAccuracy"},
     sparse_categorical_accuracy,
     TargetKind::Label,
     2},
}};

bool is_plain_accuracy(std::string_view name) {
  return name == "accuracy" || name == "acc" || name == "Accuracy" || name == "ACC";
}

bool is_plain_crossentropy(std::string_view name) {
  return name == "crossentropy" || name == "ce";
}

const AccuracyType* find_accuracy(std::string_view name, const MetricSite& site) {
  if (is_plain_accuracy(name)) {
    if (site.features == 1)
      name = "binary_accuracy";
    else
      name = site.target_kind == TargetKind::Label ? "sparse_categorical_accuracy" : "categorical_accuracy";
  }
  for (const AccuracyType& type : accuracies)
    if (std::find(type.names.begin(), type.names.end(), name) != type.names.end()) return &type;
  return nullptr;
}

[[noreturn]] void refuse_metric(std::string_view name, const std::string& found,
                                const std::string& expected) {
  throw Error(ErrorKind::Model, {"KAIROS-M041", "metric " + std::string(name),
                                 "it cannot be computed from this output and these targets", found, expected,
                                 "Use accuracy, which adapts to the loss, or change the loss"});
}

void check_site(std::string_view name, TargetKind wanted, std::int64_t least_features,
                const MetricSite& site) {
  if (wanted != site.target_kind)
    refuse_metric(
        name,
        site.target_kind == TargetKind::Label ? "class labels as targets" : "targets with one value per unit",
        wanted == TargetKind::Label ? "class labels" : "one value per unit");
  if (site.features < least_features) refuse_metric(name, "one unit in the last layer", "one unit per class");
}

/// Keras resolves "crossentropy" by the shapes of the output and its targets.
std::string crossentropy_for(const MetricSite& site) {
  if (site.features == 1) return "binary_crossentropy";
  return site.target_kind == TargetKind::Label ? "sparse_categorical_crossentropy"
                                               : "categorical_crossentropy";
}

/// Keras' metric of the loss log_cosh; its instances are called logcosh.
constexpr const char* log_cosh_class = "LogCoshError";

/// Removes the argument `name` from the call and returns its value.
std::optional<std::string> take_name(CallText& call) {
  const auto found = std::find_if(call.arguments.begin(), call.arguments.end(),
                                  [](const CallArgument& argument) { return argument.name == "name"; });
  if (found == call.arguments.end()) return std::nullopt;
  std::string name = std::move(found->value);
  call.arguments.erase(found);
  return name;
}

/// "AUC()" is Keras' class and has its default name in the logs, "AUC" is a name that is kept.
bool has_parentheses(std::string_view text) {
  return text.find('(') != std::string_view::npos;
}

NamedMetric make_accuracy(const AccuracyType& type, const CallText& call, const MetricSite& site,
                          bool is_call) {
  const bool plain = is_plain_accuracy(call.name);
  if (!call.arguments.empty() && (plain || type.value != binary_accuracy))
    throw Error(ErrorKind::Model,
                {"KAIROS-M002", "metric " + call.name, "it takes no arguments",
                 "\"" + call.arguments.front().value + "\"", "",
                 plain && type.value == binary_accuracy ? "Use binary_accuracy" : "Remove the parentheses"});
  const nlohmann::json description = call_json(call, "metric");
  ConfigReader config(description.at("config"), "metric " + call.name);
  const auto threshold = static_cast<float>(config.number("threshold", 0.5, {0, 1}));
  config.finish();
  check_site(call.name, type.target_kind, type.least_features, site);
  std::string key(call.name == type.names[1] && is_call ? type.names[0] : call.name);
  return {{std::move(key), Direction::Max},
          std::make_unique<AccuracyMetric>(type.value, type.target_kind, threshold)};
}

NamedMetric make_loss_metric(CallText call, const MetricSite& site, bool is_call) {
  std::string key = call.name;
  if (call.name == log_cosh_class) {
    call.name = "logcosh";
    if (is_call) key = call.name;
  }
  if (is_plain_crossentropy(call.name)) call.name = crossentropy_for(site);
  std::unique_ptr<Loss> loss = make_loss(call);
  if (is_call && is_loss_name(key) && key == loss_class_name(key)) key = loss->name();
  check_site(call.name, loss->target_kind(), 1, site);
  if (loss->ignored_label() || (site.ignores_class && loss->target_kind() == TargetKind::Label))
    refuse_metric(call.name, "ignore_class, whose labels are no classes of the output",
                  "a metric of other kinds, such as MeanIoU(ignore_class=…)");
  loss->check_output(site.features);
  loss->take_shape(site.shape.empty() ? std::vector<std::int64_t>{site.features} : site.shape);
  const Direction direction = loss_metric_direction(call.name);
  return {{std::move(key), direction}, std::make_unique<LossMetric>(std::move(loss), direction)};
}

NamedMetric make_typed_metric(const MetricType& type, const CallText& call, const MetricSite& site,
                              bool is_call) {
  check_site(call.name, type.target_kind.value_or(site.target_kind), type.least_features, site);
  const nlohmann::json description = call_json(call, "metric");
  ConfigReader config(description.at("config"), "metric " + call.name);
  std::unique_ptr<Metric> metric = type.make(config, site);
  config.finish();
  const bool of_instance = call.name == type.names.back() && is_call;
  return {{of_instance ? type.names.front() : call.name, type.direction}, std::move(metric)};
}

}  // namespace

std::vector<std::string> metric_names() {
  std::vector<std::string> names{"accuracy"};
  for (const AccuracyType& type : accuracies) names.emplace_back(type.names[0]);
  for (std::string& loss : loss_names()) names.push_back(std::move(loss));
  for (const MetricType& type : all_metrics()) names.push_back(type.names.front());
  names.insert(names.end(), {"mse", "mae", "crossentropy"});
  return names;
}

NamedMetric make_metric(std::string_view text, const MetricSite& site) {
  CallText call = parse_call(text, "metric");
  const std::optional<std::string> name = take_name(call);
  std::erase_if(call.arguments, [](const CallArgument& argument) {
    return argument.name == "dtype" && argument.value == "float32";
  });
  const bool is_call = has_parentheses(text);
  const auto make = [&]() -> NamedMetric {
    if (const AccuracyType* type = find_accuracy(call.name, site))
      return make_accuracy(*type, call, site, is_call);
    if (const MetricType* type = find_metric(call.name)) return make_typed_metric(*type, call, site, is_call);
    if (is_loss_name(call.name) || is_plain_crossentropy(call.name) || call.name == log_cosh_class)
      return make_loss_metric(call, site, is_call);
    throw Error(ErrorKind::Model, {"KAIROS-M040", "metric", "there is no metric \"" + call.name + "\"", "",
                                   "", suggest(call.name, metric_names())});
  };
  NamedMetric metric = make();
  if (name) metric.key.name = *name;
  return metric;
}

namespace {

/// Names that Keras does not accept for a metric.
constexpr std::array<std::string_view, 10> no_keras_names{
    "rmse",  "log_cosh",   "logcosh", "LogCosh", "kld", "KLD", "kullback_leibler_divergence",
    "huber", "huber_loss", "Huber"};

/// Classes of losses that Keras has no class of metrics for; it wraps their functions.
constexpr std::array<std::string_view, 6> losses_without_metric{"Huber",
                                                                "BinaryFocalCrossentropy",
                                                                "CategoricalFocalCrossentropy",
                                                                "CategoricalGeneralizedCrossEntropy",
                                                                "Dice",
                                                                "Tversky"};

/// Keras' class of a metric; "" if Keras has none.
std::string metric_class_name(std::string_view name) {
  for (const AccuracyType& type : accuracies)
    if (name == type.names[0] || name == type.names[1]) return std::string(type.names[1]);
  if (const MetricType* type = find_metric(name)) return type->names.back();
  if (name == log_cosh_class) return log_cosh_class;
  if (!is_loss_name(name)) return "";
  const std::string loss = loss_class_name(name);
  const bool wrapped = std::find(losses_without_metric.begin(), losses_without_metric.end(), loss) !=
                       losses_without_metric.end();
  return loss == "LogCosh" ? log_cosh_class : (wrapped ? "MeanMetricWrapper" : loss);
}

}  // namespace

nlohmann::json metric_json(std::string_view text) {
  CallText call = parse_call(text, "metric");
  const std::string class_name = metric_class_name(call.name);
  const MetricType* type = find_metric(call.name);
  const bool differs = type != nullptr && type->defaults_json != nullptr;
  const bool is_keras_name =
      std::find(no_keras_names.begin(), no_keras_names.end(), call.name) == no_keras_names.end();
  const bool is_bare = !has_parentheses(text);
  if (class_name.empty() || (is_bare && !differs && is_keras_name)) return std::string(text);
  const std::optional<std::string> name = take_name(call);
  nlohmann::json config = call_json(call, "metric").at("config");
  if (differs) {
    nlohmann::json all = nlohmann::json::parse(type->defaults_json);
    all.update(config);
    config = std::move(all);
  }
  const bool is_loss_class = !is_bare && is_loss_name(call.name) && call.name == loss_class_name(call.name);
  const std::string key = is_loss_class ? std::string(make_loss(CallText{call.name, {}})->name()) : call.name;
  if (name || is_bare || (key != class_name && call.name != class_name)) config["name"] = name.value_or(key);
  const std::string function(class_name == "MeanMetricWrapper" ? make_loss(CallText{call.name, {}})->name()
                                                               : "");
  if (!function.empty())
    config["fn"] = {{"module", "keras.losses"},
                    {"class_name", "function"},
                    {"config", function},
                    {"registered_name", function}};
  return {{"module", "keras.metrics"},
          {"class_name", class_name},
          {"config", std::move(config)},
          {"registered_name", nullptr}};
}

bool keras_has_metric(std::string_view text, TargetKind targets) {
  const CallText call = parse_call(text, "metric");
  const MetricType* type = find_metric(call.name);
  if (type == nullptr || type->target_kind) return true;
  const std::string& name = type->names.back();
  if (name.ends_with("IoU")) return true;
  const bool has_average = name == "F1Score" || name == "FBetaScore";
  return targets == TargetKind::Values &&
         (has_average || std::none_of(call.arguments.begin(), call.arguments.end(),
                                      [](const CallArgument& one) { return one.name == "average"; }));
}

Direction metric_direction(std::string_view name) {
  const bool is_accuracy =
      is_plain_accuracy(name) ||
      std::any_of(accuracies.begin(), accuracies.end(), [name](const AccuracyType& type) {
        return std::find(type.names.begin(), type.names.end(), name) != type.names.end();
      });
  if (is_accuracy) return Direction::Max;
  if (const MetricType* type = find_metric(name)) return type->direction;
  if (is_loss_name(name)) return loss_metric_direction(name);
  return name == "loss" || is_plain_crossentropy(name) ? Direction::Min : Direction::Unknown;
}

Direction log_direction(std::string_view key) {
  // Keras numbers equal names: accuracy_1.
  const std::size_t digits = key.find_last_not_of("0123456789");
  if (digits != std::string_view::npos && digits + 1 < key.size() && key[digits] == '_')
    key = key.substr(0, digits);
  for (std::size_t start = 0;; ++start) {
    if (const Direction found = metric_direction(key.substr(start)); found != Direction::Unknown)
      return found;
    start = key.find('_', start);
    if (start == std::string_view::npos) return Direction::Unknown;
  }
}

void name_metrics(std::vector<NamedMetric>& plain, std::vector<NamedMetric>& weighted) {
  std::map<std::string, int> seen{{"loss", 1}};
  const auto numbered = [&seen](const std::string& name) {
    const int before = seen[name]++;
    return before == 0 ? name : name + "_" + std::to_string(before);
  };
  for (NamedMetric& metric : plain) metric.key.name = numbered(metric.key.name);
  for (NamedMetric& metric : weighted) {
    const bool taken = seen.contains(metric.key.name);
    metric.key.name = numbered(taken ? "weighted_" + metric.key.name : metric.key.name);
  }
}

}  // namespace kairos::host
