// SPDX-License-Identifier: MIT
// The callback that sdk/doc/cpp.md shows for averaged weights, as it stands there, and kairos.weights/1 of
// the test kit.
#include <catch2/catch.hpp>
#include <kairos/testing.hpp>
#include <string>
#include <vector>

#include "smooth_weights.cpp"

using kairos::Role;
using kairos::testing::callback;
using kairos::testing::Fit;

namespace {

void set_weight(Fit& fit, float value) {
  fit.host().tensors[Role::Weight] = {{"kernel", {1}, {value}, true}, {"mean", {1}, {value}, false}};
}
float weight(Fit& fit, std::size_t index = 0) {
  return fit.host().tensors[Role::Weight].at(index).values.at(0);
}
void train(Fit& fit) {
  fit.begin_epoch();
  for (const float value : {1.0F, 3.0F}) {
    set_weight(fit, value);
    fit.batch();
  }
}

}  // namespace

TEST_CASE("The callback of the page measures the average and ends with it", "[sdk]") {
  Fit fit(callback<SmoothWeights>(), {{"momentum", 0.75}});
  train(fit);
  CHECK(fit.host().swapped_in.empty());
  fit.test({{"val_loss", 1.0}});
  REQUIRE(fit.host().swapped_in.size() == 1);
  CHECK(fit.host().swapped_in[0].label == "smooth");
  CHECK(weight(fit) == 1.5F);
  CHECK(weight(fit, 1) == 3.0F);  // not trained: copied
  fit.end_epoch({{"val_loss", 1.0}});
  CHECK(weight(fit) == 3.0F);
  fit.end();
  CHECK(weight(fit) == 1.5F);
}

TEST_CASE("The average of the page goes on in a resumed training", "[sdk]") {
  Fit first(callback<SmoothWeights>(), {{"momentum", 0.75}});
  train(first);
  first.end_epoch();
  Fit second(callback<SmoothWeights>(), {{"momentum", 0.75}});
  second.restore(first.state());
  set_weight(second, 5.5F);
  second.begin_epoch();
  second.batch();
  second.end_epoch();
  second.end();
  CHECK(weight(second) == 2.5F);
}

TEST_CASE("An interrupted training keeps its weights, and no test is left with the average", "[sdk]") {
  Fit fit(callback<SmoothWeights>());
  train(fit);
  fit.test();
  fit.interrupt(15);
  CHECK(weight(fit) == 3.0F);
  fit.end();
  CHECK(weight(fit) == 3.0F);
}

TEST_CASE("A callback that averages says which interface a host lacks, and passes on its reasons", "[sdk]") {
  Fit old(callback<SmoothWeights>());
  old.host().withheld.insert(KAIROS_WEIGHTS);
  old.begin_epoch();
  CHECK_THROWS_WITH(old.batch(), Catch::Contains("this host does not offer kairos.weights/1"));
  Fit fit(callback<SmoothWeights>());
  train(fit);
  fit.host().fail("weights.swap_in", KAIROS_E_MEMORY, "out of memory");
  CHECK_THROWS_WITH(fit.test(), Catch::Contains("out of memory"));
}

namespace {

/// Calls functions of the host one after the other, in on_epoch_end.
struct Caller : kairos::Callback<Caller> {
  static constexpr auto id = "test.Caller";
  static constexpr auto capabilities = kairos::Can::WriteWeights | kairos::Can::SaveModel;
  kairos::Snapshot one{this, "one"}, two{this, "two"};
  void on_epoch_begin(kairos::Epoch& epoch) { epoch.swap_in(one, "too early"); }
  void on_epoch_end(kairos::Epoch& epoch) {
    one.take(epoch);
    two.take(epoch);
    *epoch.slot_tensor(one, 0, kairos::Access::Write).mutable_data() = 1;
    *epoch.slot_tensor(two, 0, kairos::Access::Write).mutable_data() = 2;
    epoch.swap_in(one, "one");
    epoch.swap_in(two, "two");
    epoch.swap_in(one, "again");
    epoch.save("two.h5", kairos::SaveContent::Weights);
    label = epoch.live_weights() == "two";
    epoch.swap_out(two);
    *epoch.tensor(Role::Weight, 0, kairos::Access::Write).mutable_data() = 11;
    epoch.swap_out(one);
    value = *epoch.slot_tensor(one, 0).data();
    trained = *epoch.trained_weight(0).data();
    epoch.swap_in(two, "two");
    epoch.put(one);
  }
  bool label = false;
  float value = 0, trained = 0;
};

}  // namespace

TEST_CASE("Slots of the test host are a list, too", "[sdk]") {
  kairos::testing::Host host;
  host.tensors[Role::Weight] = {{"kernel", {1}, {3}, true}};
  kairos::testing::Instance instance(host, callback<Caller>());
  REQUIRE(instance.create().status == KAIROS_OK);
  CHECK(instance.on_epoch_begin().status == KAIROS_E_STATE);
  CHECK(instance.on_epoch_end().status == KAIROS_OK);
  const auto& self = *static_cast<const Caller*>(instance.self());
  CHECK(self.label);
  CHECK(self.value == 11);
  CHECK(self.trained == 3);
  CHECK(host.tensors[Role::Weight][0].values[0] == 2);
  CHECK(host.trained[0].values[0] == 11);
  REQUIRE(host.saved.size() == 1);
  CHECK(host.saved[0].label == "two");
  host.end_swaps();
  CHECK(host.tensors[Role::Weight][0].values[0] == 11);
}
