// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "nn/metrics.hpp"

using namespace kairos::host;
using kairos::tests::error_of;

TEST_CASE("A metric is saved as Keras writes it", "[host][train]") {
  using Json = nlohmann::json;
  const auto object = [](const char* class_name, const Json& config) {
    return Json{{"module", "keras.metrics"},
                {"class_name", class_name},
                {"config", config},
                {"registered_name", nullptr}};
  };
  for (const char* text : {"accuracy", "acc", "mae", "AUC", "precision", "crossentropy", "CosineSimilarity"})
    CHECK(metric_json(text) == Json(text));
  CHECK(metric_json("AUC(num_thresholds=9,name=roc)") ==
        object("AUC", {{"num_thresholds", 9}, {"name", "roc"}}));
  CHECK(metric_json("top_k_categorical_accuracy(k=2)") ==
        object("TopKCategoricalAccuracy", {{"k", 2}, {"name", "top_k_categorical_accuracy"}}));
  CHECK(metric_json("BinaryAccuracy(threshold=0.25)") == object("BinaryAccuracy", {{"threshold", 0.25}}));
  CHECK(metric_json("bce(from_logits=true)") ==
        object("BinaryCrossentropy", {{"from_logits", true}, {"name", "bce"}}));
  CHECK(metric_json("rmse") == object("RootMeanSquaredError", {{"name", "rmse"}}));
  CHECK(metric_json("f1_score") == object("F1Score", {{"average", "macro"}, {"name", "f1_score"}}));
  CHECK(metric_json("kld") == object("KLDivergence", {{"name", "kld"}}));
  CHECK(metric_json("LogCosh") == object("LogCoshError", {{"name", "LogCosh"}}));
  const Json huber{{"module", "keras.losses"},
                   {"class_name", "function"},
                   {"config", "huber"},
                   {"registered_name", "huber"}};
  CHECK(metric_json("huber") == object("MeanMetricWrapper", {{"name", "huber"}, {"fn", huber}}));
  CHECK(metric_json("Huber(delta=0.5)") ==
        object("MeanMetricWrapper", {{"name", "huber"}, {"fn", huber}, {"delta", 0.5}}));
  const Json dice{{"module", "keras.losses"},
                  {"class_name", "function"},
                  {"config", "dice"},
                  {"registered_name", "dice"}};
  CHECK(metric_json("Dice()") == object("MeanMetricWrapper", {{"name", "dice"}, {"fn", dice}}));
  CHECK(metric_json("AUC()") == object("AUC", Json::object()));
  CHECK(metric_json("IoU(num_classes=3,target_class_ids=[0,2])") ==
        object("IoU", {{"num_classes", 3}, {"target_class_ids", {0, 2}}}));
  CHECK(metric_json("logcosh(name=l)") == object("LogCoshError", {{"name", "l"}}));
}

TEST_CASE("A metric that Keras cannot compute is ours alone", "[host][train]") {
  CHECK(keras_has_metric("precision", TargetKind::Values));
  CHECK(keras_has_metric("F1Score(average=weighted)", TargetKind::Values));
  CHECK(keras_has_metric("sparse_categorical_accuracy", TargetKind::Label));
  CHECK(keras_has_metric("FBetaScore(average=micro)", TargetKind::Values));
  CHECK(keras_has_metric("MeanIoU(num_classes=3,sparse_y_pred=false)", TargetKind::Label));
  CHECK_FALSE(keras_has_metric("precision", TargetKind::Label));
  CHECK_FALSE(keras_has_metric("f1_score", TargetKind::Label));
  CHECK_FALSE(keras_has_metric("AUC(average=macro)", TargetKind::Values));
}

TEST_CASE("A metric's key is what the user wrote, and its direction is declared", "[host][train]") {
  struct Case {
    const char* text;
    const char* key;
    Direction direction;
  };
  for (const Case& c :
       {Case{"acc", "acc", Direction::Max}, Case{"accuracy", "accuracy", Direction::Max},
        Case{"sparse_categorical_accuracy", "sparse_categorical_accuracy", Direction::Max},
        Case{"sparse_categorical_crossentropy", "sparse_categorical_crossentropy", Direction::Min}}) {
    const NamedMetric metric = make_metric(c.text, {3, TargetKind::Label});
    CHECK(metric.key.name == c.key);
    CHECK(metric.key.direction == c.direction);
  }
  for (const Case& c : {Case{"mae", "mae", Direction::Min},
                        Case{"AUC", "AUC", Direction::Max},
                        Case{"AUC(num_thresholds=9)", "auc", Direction::Max},
                        Case{"AUC(num_thresholds=10,name=roc)", "roc", Direction::Max},
                        Case{"AUC()", "auc", Direction::Max},
                        Case{"IoU(num_classes=3,target_class_ids=[1],"
                             "sparse_y_true=false,sparse_y_pred=false)",
                             "io_u", Direction::Max},
                        Case{"FalsePositives()", "false_positives", Direction::Min},
                        Case{"Precision(name=p)", "p", Direction::Max},
                        Case{"recall", "recall", Direction::Max},
                        Case{"F1Score", "F1Score", Direction::Max},
                        Case{"R2Score", "R2Score", Direction::Max},
                        Case{"rmse", "rmse", Direction::Min},
                        Case{"RootMeanSquaredError", "RootMeanSquaredError", Direction::Min},
                        Case{"TopKCategoricalAccuracy(k=3)", "top_k_categorical_accuracy", Direction::Max},
                        Case{"MeanSquaredLogarithmicError", "MeanSquaredLogarithmicError", Direction::Min},
                        Case{"BinaryAccuracy(name=bits)", "bits", Direction::Max},
                        Case{"LogCoshError", "LogCoshError", Direction::Min},
                        Case{"MeanSquaredError(name=\"m\",dtype=\"float32\")", "m", Direction::Min},
                        Case{"crossentropy", "crossentropy", Direction::Min},
                        Case{"cosine_similarity", "cosine_similarity", Direction::Max}}) {
    INFO(c.text);
    const NamedMetric metric = make_metric(c.text, {3, TargetKind::Values});
    CHECK(metric.key.name == c.key);
    CHECK(metric.key.direction == c.direction);
  }
  CHECK(metric_direction("auc") == Direction::Max);
  CHECK(metric_direction("r2_score") == Direction::Max);
  CHECK(metric_direction("root_mean_squared_error") == Direction::Min);
  CHECK(metric_direction("crossentropy") == Direction::Min);
  CHECK(metric_direction("roc") == Direction::Unknown);
}

TEST_CASE("Equal names become Keras' names", "[host][train]") {
  const MetricSite site{1, TargetKind::Values};
  std::vector<NamedMetric> plain, weighted;
  for (const char* text : {"accuracy", "mae", "accuracy"}) plain.push_back(make_metric(text, site));
  for (const char* text : {"mse", "mae", "accuracy"}) weighted.push_back(make_metric(text, site));
  name_metrics(plain, weighted);
  std::vector<std::string> names;
  for (const auto* list : {&plain, &weighted})
    for (const NamedMetric& metric : *list) names.push_back(metric.key.name);
  CHECK(names == std::vector<std::string>{"accuracy", "mae", "accuracy_1", "mse", "weighted_mae",
                                          "weighted_accuracy"});
}

TEST_CASE("A metric that is unknown or cannot be computed is refused", "[host][train]") {
  const auto refusal = [](const char* text, const MetricSite& site) {
    return error_of([&] { return make_metric(text, site).key; });
  };
  CHECK(refusal("acuracy", {3, TargetKind::Label}) ==
        "KAIROS-M040: metric: there is no metric \"acuracy\". Did you mean \"accuracy\"?");
  CHECK(refusal("categorical_accuracy", {3, TargetKind::Label}) ==
        "KAIROS-M041: metric categorical_accuracy: it cannot be computed from this output and these targets; "
        "found class labels as targets, expected one value per unit. Use accuracy, which adapts to the loss, "
        "or "
        "change the loss.");
  CHECK(
      refusal("sparse_categorical_accuracy", {3, TargetKind::Values}) ==
      "KAIROS-M041: metric sparse_categorical_accuracy: it cannot be computed from this output and these "
      "targets; found targets with one value per unit, expected class labels. Use accuracy, which adapts to "
      "the loss, or change the loss.");
  CHECK(refusal("categorical_accuracy", {1, TargetKind::Values}) ==
        "KAIROS-M041: metric categorical_accuracy: it cannot be computed from this output and these targets; "
        "found one unit "
        "in the last layer, expected one unit per class. Use accuracy, which adapts to the loss, or change "
        "the loss.");
  CHECK(refusal("AUC(num_treshold=10)", {1, TargetKind::Values}) ==
        "KAIROS-M002: metric AUC: there is no argument \"num_treshold\". Did you mean \"num_thresholds\"?");
  CHECK(refusal("AUC(num_thresholds=1)", {1, TargetKind::Values}) ==
        "KAIROS-M003: metric AUC: \"num_thresholds\" has a value that cannot be used; found 1, expected an "
        "integer from 2 to 1000000. Give \"num_thresholds\" such a value.");
  CHECK(refusal("auc(curve=up)", {1, TargetKind::Values}) ==
        "KAIROS-M003: metric auc: \"curve\" has a value that cannot be used; found \"up\", expected ROC or "
        "PR. Give \"curve\" such a value.");
  CHECK(refusal("top_k_categorical_accuracy", {3, TargetKind::Values}) ==
        "KAIROS-M003: metric top_k_categorical_accuracy: \"k\" is missing; "
        "expected no more than the output's 3 units (default 5). Give \"k\".");
  CHECK(refusal("f1_score(average=mean)", {3, TargetKind::Values}) ==
        "KAIROS-M003: metric f1_score: \"average\" has a value that cannot be used; found \"mean\", expected "
        "micro, macro or weighted. Give \"average\" such a value.");
  CHECK(
      refusal("auc(average=macro,num_thresholds=1000000)", {100, TargetKind::Label}) ==
      "KAIROS-M003: metric auc: \"num_thresholds\" has a value that cannot be used; found 1000000, expected "
      "no more than 100000 for 100 classes (default 200). Give \"num_thresholds\" such a value.");
  CHECK(refusal("precison", {1, TargetKind::Values}) ==
        "KAIROS-M040: metric: there is no metric \"precison\". Did you mean \"precision\"?");
  CHECK(refusal("accuracy(threshold=0.3)", {1, TargetKind::Values}) ==
        "KAIROS-M002: metric accuracy: it takes no arguments; found \"0.3\". Use binary_accuracy.");
  CHECK(refusal("categorical_accuracy(threshold=0.3)", {3, TargetKind::Values}) ==
        "KAIROS-M002: metric categorical_accuracy: it takes no arguments; found \"0.3\". Remove the "
        "parentheses.");
  CHECK(
      refusal("binary_accuracy(treshold=0.3)", {1, TargetKind::Values}) ==
      "KAIROS-M002: metric binary_accuracy: there is no argument \"treshold\". Did you mean \"threshold\"?");
}

TEST_CASE("A key of the logs improves as its metric does, whatever stands before its name", "[host][nn]") {
  CHECK(log_direction("accuracy") == Direction::Max);
  CHECK(log_direction("val_loss") == Direction::Min);
  CHECK(log_direction("val_kind_accuracy_1") == Direction::Max);
  CHECK(log_direction("something_else") == Direction::Unknown);
}
