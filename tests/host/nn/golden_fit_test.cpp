// SPDX-License-Identifier: MIT
// Compares fits with runs recorded from real Keras, batch by batch.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "base/json.hpp"
#include "host/nn/batches.hpp"
#include "io/npy.hpp"
#include "kairos/host/compile.hpp"

using namespace kairos::host;

namespace {

/// Another order of summation changes the last bits; the difference grows slowly.
Approx near(double value, double noise = 0) {
  return Approx(value).epsilon(1e-5).margin(std::max(noise, 2e-6));
}

struct Golden {
  explicit Golden(const std::string& name) : folder(std::filesystem::path(KAIROS_TEST_DATA) / "fit" / name) {
    spec = read_json(folder / "spec.json");
    trace = read_json(folder / "trace.json");
    const nlohmann::json compiled = read_json(folder / "model.json").at("compile_config");
    options.optimizer = compiled.at("optimizer").dump();
    options.loss = compiled.at("loss").get<std::string>();
    if (compiled.at("metrics").is_array())
      options.metrics = compiled.at("metrics").get<std::vector<std::string>>();
    if (compiled.at("weighted_metrics").is_array())
      options.weighted_metrics = compiled.at("weighted_metrics").get<std::vector<std::string>>();
    model = compile({folder / "model.json", "", {}}, options);
    copy_into(Role::Weight, "init.npz", 0);
    read_rows();
  }

  void copy_into(Role role, const char* file, std::size_t first) {
    const auto arrays = read_npz(folder / file);
    const std::span<const TensorRef> tensors = model->tensors(role);
    REQUIRE(arrays.size() + first == tensors.size());
    for (std::size_t i = first; i < tensors.size(); ++i) {
      const Array& array = arrays.at(std::to_string(i));
      REQUIRE(array.shape == tensors[i].shape);
      std::copy(array.values.begin(), array.values.end(), tensors[i].data);
    }
    model->tensors_written(role);
  }

  void read_rows() {
    const auto data = read_npz(folder / "data.npz");
    kairos::tests::Rows all{data.at("x"), data.at("y"), {}};
    if (data.contains("sample_weight")) all.weights = data.at("sample_weight").values;
    const std::int64_t n = all.x.rows();
    const auto split = static_cast<std::int64_t>(
        std::floor(static_cast<double>(n) * (1 - spec.at("fit").at("validation_split").get<double>())));
    train = all.slice(0, split);
    validation = all.slice(split, n);
    whole = std::move(all);
    if (spec.at("fit").contains("class_weight")) weigh_classes(spec.at("fit").at("class_weight"));
  }

  void weigh_classes(const nlohmann::json& by_class) {
    train.weights.resize(static_cast<std::size_t>(train.x.rows()), 1.0F);
    const std::int64_t width = train.y.row_size();
    for (std::int64_t row = 0; row < train.x.rows(); ++row) {
      const float* const y = train.y.values.data() + row * width;
      const auto label = width > 1 ? std::max_element(y, y + width) - y : static_cast<std::ptrdiff_t>(*y);
      train.weights[static_cast<std::size_t>(row)] *= by_class.at(std::to_string(label)).get<float>();
    }
  }

  void check_logs(const std::vector<double>& values, const nlohmann::json& expected,
                  const std::string& prefix) const {
    for (std::size_t i = 0; i < values.size(); ++i) {
      INFO(prefix + model->log_keys()[i].name);
      CHECK(values[i] == near(expected.at(prefix + model->log_keys()[i].name).get<double>()));
    }
  }

  void check_tensors(Role role, const std::string& file, const std::string& prefix) {
    const auto arrays = read_npz(folder / file);
    const std::span<const TensorRef> tensors = model->tensors(role);
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const Array& array = arrays.at(prefix + std::to_string(i));
      INFO(file << " " << prefix << " " << tensors[i].name);
      REQUIRE(array.values.size() == static_cast<std::size_t>(tensors[i].size()));
      const double noise = noise_of("weight " + std::to_string(i));
      for (std::size_t k = 0; k < array.values.size(); ++k)
        REQUIRE(static_cast<double>(tensors[i].data[k]) == near(static_cast<double>(array.values[k]), noise));
    }
  }

  /// The absolute error that noise.json allows and explains; usually 0.
  [[nodiscard]] double noise_of(const std::string& tensor) const {
    if (!std::filesystem::exists(folder / "noise.json")) return 0;
    return read_json(folder / "noise.json").value("absolute", nlohmann::json::object()).value(tensor, 0.0);
  }

  /// Compares all batches of an epoch with the trace; `next` counts batches over the whole fit.
  void follow_epoch(std::size_t epoch, std::size_t& next) {
    const std::int64_t batch_size = spec.at("fit").at("batch_size").get<std::int64_t>();
    const nlohmann::json& expected = trace.at("epochs").at(epoch);
    model->set_hyper("learning_rate", expected.at("lr_begin").get<double>());
    kairos::tests::train_epoch(*model, train, batch_size, [&](std::int64_t batch) {
      INFO("epoch " << epoch << " batch " << batch);
      check_logs(kairos::tests::logs_of(*model), trace.at("batches").at(next).at("logs"), "");
      if (next < 2) check_tensors(Role::Weight, "snapshots.npz", "b" + std::to_string(next) + "_");
      ++next;
    });
    check_logs(kairos::tests::logs_of(*model), expected.at("logs"), "");
    check_logs(kairos::tests::evaluate(*model, validation, batch_size), expected.at("logs"), "val_");
  }

  std::filesystem::path folder;
  nlohmann::json spec;
  nlohmann::json trace;
  CompileOptions options;
  std::unique_ptr<Model> model;
  kairos::tests::Rows train, validation, whole;
};

}  // namespace

TEST_CASE("A fit follows the one of Keras from the same weights", "[host][nn][golden]") {
  const std::string name =
      GENERATE(as<std::string>{}, "cnn_adam", "embedding_lstm_adam", "mlp_adagrad_binary",
               "mlp_adam_class_weight_one_hot", "mlp_callbacks_together", "mlp_rmsprop_regression_l2",
               "mlp_sgd_nesterov_sample_weight");
  INFO(name);
  Golden golden(name);
  std::size_t next = 0;
  for (std::size_t epoch = 0; epoch < golden.trace.at("epochs").size(); ++epoch)
    golden.follow_epoch(epoch, next);
  REQUIRE(next == golden.trace.at("batches").size());
  CHECK(golden.model->iterations() == static_cast<std::int64_t>(next));

  // There, a callback restored earlier weights at the end.
  if (name == "mlp_callbacks_together") golden.copy_into(Role::Weight, "final.npz", 0);
  golden.check_tensors(Role::Weight, "final.npz", "");
  golden.check_tensors(Role::Slot, "optimizer.npz", "");
  golden.check_logs(kairos::tests::evaluate(*golden.model, golden.whole, 32), golden.trace.at("evaluate"),
                    "");
  const Array expected = read_npy(golden.folder / "predict.npy");
  const std::vector<float> predicted = kairos::tests::predict(*golden.model, golden.whole.x);
  REQUIRE(predicted.size() == expected.values.size());
  for (std::size_t i = 0; i < predicted.size(); ++i)
    REQUIRE(static_cast<double>(predicted[i]) == near(static_cast<double>(expected.values[i])));
}

TEST_CASE("Slots have Keras' names, shapes and order", "[host][nn][golden]") {
  const std::string name =
      GENERATE(as<std::string>{}, "cnn_adam", "mlp_adagrad_binary", "mlp_adam_class_weight_one_hot",
               "mlp_batchnorm_adam", "mlp_callbacks_together", "mlp_rmsprop_regression_l2",
               "mlp_sgd_nesterov_sample_weight");
  INFO(name);
  Golden golden(name);
  const nlohmann::json& expected = golden.trace.at("optimizer_variables");
  const std::span<const TensorRef> slots = golden.model->tensors(Role::Slot);
  REQUIRE(slots.size() == expected.size());
  for (std::size_t i = 0; i < slots.size(); ++i) {
    CHECK(slots[i].name == expected[i].at("path").get<std::string>());
    CHECK(slots[i].shape == expected[i].at("shape").get<std::vector<std::int64_t>>());
  }
}

TEST_CASE("The architecture of a Keras model is written back as Keras wrote it", "[host][nn][golden]") {
  const std::string name = GENERATE(as<std::string>{}, "mlp_adagrad_binary", "mlp_rmsprop_regression_l2");
  Golden golden(name);
  nlohmann::json original = read_json(golden.folder / "model.json");
  original.erase("compile_config");
  nlohmann::json written = nlohmann::json::parse(golden.model->architecture());
  written.erase("compile_config");
  CHECK(written == original);
}
