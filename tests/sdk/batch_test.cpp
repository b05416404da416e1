// SPDX-License-Identifier: MIT
// The functions of a batch in C++, and kairos.batch/1 of the test host.
#include <kairos/testing.hpp>

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

namespace {

using Catch::Matchers::Contains;
using kairos::Access;
using kairos::Batch;
using kairos::Role;
using kairos::testing::callback;
using kairos::testing::Fit;

/// What the callback under test does, and where.
std::function<void(Batch&)> begin, backward, end;
std::function<void(kairos::Event&)> elsewhere;

void call(const std::function<void(Batch&)>& work, Batch& batch) {
  if (work) work(batch);
}

struct Actor : kairos::Callback<Actor> {
  static constexpr auto id = "test.Actor";
  static constexpr auto capabilities = kairos::Can::WriteBatch | kairos::Can::Stop;
  static constexpr auto publishes = "mine";
  void setup(kairos::Run& run) {
    if (elsewhere) elsewhere(run);
  }
  void on_train_batch_begin(Batch& batch) { call(begin, batch); }
  void on_backward_end(Batch& batch) { call(backward, batch); }
  void on_train_batch_end(Batch& batch) { call(end, batch); }
  void on_epoch_begin(kairos::Epoch& epoch) {
    if (elsewhere) elsewhere(epoch);
  }
};

struct Modest : kairos::Callback<Modest> {
  static constexpr auto id = "test.Modest";
  void on_train_batch_begin(Batch& batch) { call(begin, batch); }
};

struct Script {
  Script() { begin = backward = end = nullptr, elsewhere = nullptr; }
  ~Script() { begin = backward = end = nullptr, elsewhere = nullptr; }
};

void put_batch(Fit& fit) {
  fit.host().tensors[Role::Input] = {{"x", {2, 1}, {5, 6}}};
  fit.host().tensors[Role::Target] = {{"y", {2}, {0, 2}}};
  fit.host().tensors[Role::SampleWeight] = {{"y", {2}, {1, 1}}};
  fit.host().target_classes = {3};
}

/// The failure of a batch in which the callback does this at its begin.
std::string failure(std::function<void(Batch&)> work) {
  const Script script;
  Fit fit(callback<Actor>());
  put_batch(fit);
  begin = std::move(work);
  try {
    fit.batch();
  } catch (const kairos::testing::Failure& caught) {
    return caught.reason();
  }
  return "";
}

}  // namespace

TEST_CASE("A callback writes to a batch and replaces parts of it", "[sdk]") {
  const Script script;
  Fit fit(callback<Actor>());
  put_batch(fit);
  begin = [](Batch& batch) {
    batch.tensor(Role::Input, 0, Access::Write).mutable_data()[1] = 7;
    CHECK(batch.classes(0) == 3);
    const std::vector<float> soft{0.5F, 0.5F, 0, 0, 0.25F, 0.75F};
    batch.replace(Role::Target, 0, soft.data(), {2, 3});
    CHECK(batch.classes(0) == 0);
    CHECK(batch.tensor(Role::Target, 0).shape(1) == 3);
    batch.tensor(Role::SampleWeight, 0, Access::Write).mutable_data()[0] = 2;
  };
  fit.batch();
  CHECK(fit.host().tensors[Role::Input][0].values == std::vector<float>{5, 7});
  CHECK(fit.host().tensors[Role::Target][0].values == std::vector<float>{0.5F, 0.5F, 0, 0, 0.25F, 0.75F});
  CHECK(fit.host().tensors[Role::SampleWeight][0].values == std::vector<float>{2, 1});
}

TEST_CASE("What a host refuses to take for a batch is refused with its reason", "[sdk]") {
  const std::vector<float> values{0.5F, 0.5F, 0, 0, 0.25F, NAN};
  CHECK_THAT(failure([&](Batch& b) {
               b.replace(Role::Target, 0, values.data(), {3, 2});
             }),
             Contains("the values for \"y\" have another shape"));
  CHECK_THAT(failure([&](Batch& b) {
               b.replace(Role::Target, 0, values.data(), {2, 3});
             }),
             Contains("the values for \"y\" contain nan"));
  CHECK_THAT(failure([&](Batch& b) { b.replace(Role::Target, 1, values.data(), {2}); }),
             Contains("tensor 1 of 1"));
  CHECK_THAT(failure([&](Batch& b) { b.replace(Role::Output, 0, values.data(), {2}); }),
             Contains("tensors of role 6 cannot be replaced"));
  CHECK_THAT(failure([&](Batch& b) {
               b.replace(Role::Input, 0, nullptr, {2, 1});
             }),
             Contains("a view has no values or no shape"));
  CHECK_THAT(failure([&](Batch& b) { (void)b.classes(7); }), Contains("there is no target 7"));
  CHECK_THAT(failure([&](Batch& b) { (void)b.loss(); }),
             Contains("there is no loss in on_train_batch_begin"));
  CHECK_THAT(failure([&](Batch& b) { (void)b.indices(); }),
             Contains("the test gives no rows; set batch_rows"));
}

TEST_CASE("A batch is changed at its begin alone, with the capability", "[sdk]") {
  const Script script;
  const float values[] = {1, 2};
  {
    Fit fit(callback<Actor>());
    put_batch(fit);
    backward = [&](Batch& batch) { batch.replace(Role::Input, 0, values, {2, 1}); };
    CHECK_THROWS_WITH(fit.batch(),
                      Contains("a batch is changed in on_train_batch_begin, not in on_backward_end"));
    backward = [&](Batch& batch) { (void)batch.tensor(Role::Input, 0, Access::Write); };
    CHECK_THROWS_WITH(fit.batch(),
                      Contains("a batch is changed in on_train_batch_begin, not in on_backward_end"));
  }
  for (const bool replaces : {true, false}) {
    Fit fit(callback<Modest>());
    put_batch(fit);
    begin = [&](Batch& batch) {
      CHECK(batch.tensor(Role::Input, 0).data()[0] == 5);
      if (replaces) batch.replace(Role::Input, 0, values, {2, 1});
      (void)batch.tensor(Role::Input, 0, Access::Write);
    };
    CHECK_THROWS_WITH(fit.batch(), Contains("has not declared the capability write_batch"));
  }
}

TEST_CASE("The loss and the rows of a batch are what the test gives", "[sdk]") {
  const Script script;
  Fit fit(callback<Actor>());
  fit.host().batch_loss = 0.5;
  fit.host().batch_rows = {4, 2, 9};
  double loss = 0;
  std::vector<std::int64_t> rows;
  end = [&](Batch& batch) {
    loss = batch.loss();
    const kairos::Indices indices = batch.indices();
    CHECK(indices.size() == 3);
    CHECK(indices[1] == 2);
    for (const std::int64_t row : indices) rows.push_back(row);
  };
  fit.batch();
  CHECK(loss == 0.5);
  CHECK(rows == std::vector<std::int64_t>{4, 2, 9});
  fit.host().batch_loss.reset();
  CHECK_THROWS_WITH(fit.batch(), Contains("the test gives no loss; set batch_loss"));
}

TEST_CASE("Random bits of the test host are those of sdk/doc/abi.md", "[sdk]") {
  const Script script;
  std::vector<std::uint64_t> bits;
  begin = [&](Batch& batch) {
    bits.push_back(batch.random());
    bits.push_back(batch.random(1));
  };
  Fit fit(callback<Actor>(), {}, "Mixup");
  fit.batch();
  fit.batch();
  REQUIRE(bits.size() == 4);
  CHECK(bits[0] == 0xD4CE0BAEB440F62Bu);
  CHECK(bits[1] == 0x33EC2A97D1A4E964u);
  CHECK(bits[2] == 0x1D6F8304FC989757u);
  Fit other(callback<Actor>(), {}, "Mixup");
  other.host().seed = 7;
  other.batch();
  CHECK(bits[4] == 0x8A0ABDDC2B25B4u);
}

TEST_CASE("Random bits are drawn between setup and teardown", "[sdk]") {
  const Script script;
  elsewhere = [](kairos::Event& event) { (void)event.random(); };
  Fit fit(callback<Actor>());
  CHECK_THROWS_WITH(fit.setup(), Contains("this function is not allowed in setup"));
  elsewhere = nullptr;
  Fit second(callback<Actor>());
  second.setup();
  elsewhere = [](kairos::Event& event) { (void)event.random(); };
  CHECK_NOTHROW(second.begin_epoch());
}

TEST_CASE("Values are published in batches too", "[sdk]") {
  const Script script;
  Fit fit(callback<Actor>());
  end = [](Batch& batch) { batch.publish("mine", 4); };
  fit.batch();
  CHECK(fit.published("mine") == 4.0);
  end = nullptr;
  begin = [](Batch& batch) { batch.publish("mine", 4); };
  CHECK_THROWS_WITH(fit.batch(), Contains("values are published in on_train_batch_end, on_test_end"));
}

TEST_CASE("A host without kairos.batch/1 is named when a callback needs it", "[sdk]") {
  const Script script;
  Fit fit(callback<Actor>());
  fit.host().withheld = {KAIROS_BATCH};
  begin = [](Batch& batch) { (void)batch.random(); };
  CHECK_THROWS_WITH(fit.batch(), Contains("this host does not offer kairos.batch/1"));
}
