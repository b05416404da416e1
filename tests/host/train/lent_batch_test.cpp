// SPDX-License-Identifier: MIT
#include "train/lent_batch.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "kairos/host/compile.hpp"

using namespace kairos::host;
using Catch::Matchers::Contains;

namespace {

/// Lends batches that it is given.
class GivenBatches final : public BatchSource {
 public:
  explicit GivenBatches(Batch batch) : BatchSource(batch.size, batch.size), batch_(std::move(batch)) {}
  [[nodiscard]] std::unique_ptr<BatchSource> again(std::int64_t) const override {
    return std::make_unique<GivenBatches>(batch_);
  }
  void reorder(Shuffle, std::uint64_t, std::int64_t) override {}
  const Batch& at(std::int64_t) override { return ++read, batch_; }
  void rows_of_last(std::span<std::int64_t> into) const override {
    for (std::size_t i = 0; i < into.size(); ++i) into[i] = static_cast<std::int64_t>(10 + i);
  }
  int read = 0;

 private:
  Batch batch_;
};

std::vector<float> values_of(const TensorRef& tensor) {
  return {tensor.data, tensor.data + tensor.size()};
}

/// An embedding of ten rows; the targets are class numbers for each of two timesteps.
std::unique_ptr<Model> sequence_model() {
  CompileOptions options;
  options.loss = "sparse_categorical_crossentropy";
  return compile({{}, "embedding(10,4) dense(3,softmax)", {2}}, options);
}

struct Case {
  std::unique_ptr<Model> model = sequence_model();
  std::vector<float> x{1, 2, 3, 4}, y{0, 1, 2, 0}, w{1, 2, 3, 4};
  GivenBatches source{Batch{2, {x.data()}, {y.data()}, {{w.data(), 2}}}};
  LentBatch lent{*model};
};

}  // namespace

TEST_CASE("A batch is read once, when it is first needed", "[host][train]") {
  Case one;
  one.lent.begin(one.source, 0);
  CHECK(one.source.read == 0);
  (void)one.lent.tensors(Role::Input);
  CHECK(one.lent.rows().front() == 10);
  const Batch& batch = one.lent.batch();
  CHECK(one.source.read == 1);
  CHECK(batch.inputs[0] == one.x.data());  // and not copied, since nothing was written
  CHECK(batch.soft.empty());
}

TEST_CASE("A written tensor is copied, and the others are not", "[host][train]") {
  Case one;
  one.lent.begin(one.source, 0);
  const TensorRef& target = one.lent.writable(Role::Target, 0);
  CHECK(target.shape == std::vector<std::int64_t>{2, 2});
  CHECK(values_of(target) == one.y);
  target.data[1] = 2;
  CHECK(one.lent.fault().empty());
  one.lent.keep();
  const Batch& batch = one.lent.batch();
  CHECK(batch.inputs[0] == one.x.data());
  CHECK(batch.weights[0].values == one.w.data());
  CHECK(batch.weights[0].per_sample == 2);
  CHECK(batch.targets[0][1] == 2);
  CHECK(one.y == std::vector<float>{0, 1, 2, 0});
  one.lent.begin(one.source, 0);
  CHECK(one.lent.batch().targets[0] == one.y.data());
}

TEST_CASE("A callback that fails takes its own changes back, not those of the callbacks before",
          "[host][train]") {
  Case one;
  one.lent.begin(one.source, 0);
  one.lent.writable(Role::Target, 0).data[0] = 1;
  one.lent.writable(Role::SampleWeight, 0).data[0] = 7;
  one.lent.keep();
  const std::vector<float> soft(12, 1.0F / 3);
  const std::vector<std::int64_t> shape{2, 2, 3};
  for (int callback = 0; callback < 3; ++callback) {
    one.lent.writable(Role::Target, 0).data[1] = 99;
    CHECK_THAT(one.lent.fault(), Contains("sample 0: label 99 is outside 0 … 2"));
    CHECK(one.lent.replace(Role::Target, 0, shape, soft.data()).empty());
    CHECK(one.lent.tensors(Role::Target)[0].shape == shape);
    one.lent.writable(Role::Input, 0).data[3] = 9;
    one.lent.take_back();
    CHECK(values_of(one.lent.tensors(Role::Target)[0]) == std::vector<float>{1, 1, 2, 0});
    CHECK(values_of(one.lent.tensors(Role::Input)[0]) == one.x);
  }
  const Batch& batch = one.lent.batch();
  CHECK(batch.inputs[0] == one.x.data());
  CHECK(batch.targets[0][0] == 1);
  CHECK(batch.weights[0].values[0] == 7);
  CHECK(batch.weights[0].per_sample == 2);
  CHECK_FALSE(batch.soft[0]);
}

TEST_CASE("Probabilities stay for the callbacks that follow, and class numbers may come back",
          "[host][train]") {
  Case one;
  one.lent.begin(one.source, 0);
  std::vector<float> soft(12, 0.25F);
  const std::vector<std::int64_t> shape{2, 2, 3}, hard{2, 2};
  CHECK(one.lent.replace(Role::Target, 0, shape, soft.data()).empty());
  one.lent.keep();
  const TensorRef& lent = one.lent.writable(Role::Target, 0);
  CHECK(lent.shape == shape);
  lent.data[0] = 0.5F;
  one.lent.keep();
  CHECK(one.lent.batch().soft[0]);
  CHECK(one.lent.batch().targets[0][0] == 0.5F);
  CHECK(one.lent.batch().targets[0][1] == 0.25F);
  CHECK(one.lent.shape_fault(Role::Target, 0, hard).empty());
  CHECK(one.lent.replace(Role::Target, 0, hard, one.y.data()).empty());
  one.lent.keep();
  CHECK_FALSE(one.lent.batch().soft[0]);
  CHECK(values_of(one.lent.tensors(Role::Target)[0]) == one.y);
}

TEST_CASE("An index without a row in an embedding is refused before the embedding reads it",
          "[host][train]") {
  const float bad = GENERATE(10.0F, -1.0F, 0.5F, 1e9F);
  Case one;
  one.lent.begin(one.source, 0);
  one.lent.writable(Role::Input, 0).data[2] = bad;
  CHECK_THAT(one.lent.fault(), Contains("input \"") && Contains("sample 1: "));
  const std::vector<float> all(4, bad);
  const std::vector<std::int64_t> shape{2, 2};
  CHECK_FALSE(one.lent.replace(Role::Input, 0, shape, all.data()).empty());
}

TEST_CASE("Weights begin as ones, and there are none until they are written to", "[host][train]") {
  CompileOptions options;
  options.loss = "mse";
  const auto model = compile({{}, "dense(1)", {1}}, options);
  const std::vector<float> x{1, 2, 3}, y{1, 2, 3};
  GivenBatches source(Batch{3, {x.data()}, {y.data()}, {}});
  LentBatch lent(*model);
  lent.begin(source, 0);
  CHECK(values_of(lent.tensors(Role::SampleWeight)[0]) == std::vector<float>{1, 1, 1});
  CHECK(lent.batch().weights.empty());
  lent.writable(Role::SampleWeight, 0).data[1] = 0;
  lent.keep();
  REQUIRE(lent.batch().weights.size() == 1);
  CHECK(lent.batch().weights[0].values[1] == 0);
  CHECK(lent.batch().weights[0].per_sample == 1);
}
