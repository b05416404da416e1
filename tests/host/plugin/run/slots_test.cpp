// SPDX-License-Identifier: MIT
// Callbacks that write the state of the optimizer.
#include <catch2/catch.hpp>
#include <memory>
#include <vector>

#include "host/error_text.hpp"
#include "host/plugin/rig.hpp"
#include "kairos/host/error.hpp"
#include "nn/optimizer.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;

namespace {

/// One weight under a real optimizer.
class SlotTarget : public StubTarget {
 public:
  explicit SlotTarget(double initial_rate) : StubTarget(initial_rate) { use("adam"); }

  void use(const std::string& text) {
    kernel_ = std::make_unique<Parameter>();
    kernel_->name = "kernel";
    kernel_->shape = {1};
    kernel_->values.reserve(1);
    kernel_->gradient.reserve(1);
    kernel_->values.data()[0] = 1.5F;
    optimizer_ = make_optimizer(text);
    optimizer_->build({{kernel_.get(), "kernel"}});
  }
  void step(float gradient) {
    kernel_->gradient.data()[0] = gradient;
    optimizer_->step();
  }
  std::span<const TensorRef> tensors(Role role) override {
    return role == Role::Slot ? optimizer_->slots() : StubTarget::tensors(role);
  }
  void tensors_written(Role role) override {
    if (role == Role::Slot) optimizer_->slots_written();
  }
  [[nodiscard]] std::int64_t iterations() const override { return optimizer_->iterations(); }
  [[nodiscard]] std::optional<double> hyper(std::string_view name) const override {
    return optimizer_->hyper(name);
  }

 private:
  std::unique_ptr<Parameter> kernel_;
  std::unique_ptr<Optimizer> optimizer_;
};

std::vector<float> slots_of(SlotTarget& target) {
  std::vector<float> all;
  for (const TensorRef& slot : target.tensors(Role::Slot))
    all.insert(all.end(), slot.data, slot.data + slot.size());
  return all;
}

void batch(RigOf<SlotTarget>& rig, std::int64_t index) {
  LogValues logs{1.0};
  rig.callbacks->train_batch_begin(index, 1);
  rig.target.step(0.5F);
  rig.callbacks->train_batch_end(logs);
}

}  // namespace

TEST_CASE("A callback that restores all slots restores the count of steps, in any order", "[host][plugin]") {
  for (const char* optimizer : {"sgd(momentum=0.9)", "adam", "adam(amsgrad=true)", "adamw", "adamax", "nadam",
                                "rmsprop(centered=true,momentum=0.5)", "adagrad", "adadelta"})
    for (const char* order : {"forward", "backward"}) {
      INFO(optimizer << ", " << order);
      RigOf<SlotTarget> rig({std::string("Restorer:order=") + order});
      rig.target.use(optimizer);
      rig.target.step(0.25F);
      rig.target.step(-1.0F);
      const std::vector<float> before = slots_of(rig.target);
      rig.callbacks->epoch_begin(0);
      for (std::int64_t i = 0; i < 3; ++i) {
        batch(rig, i);
        CHECK(rig.target.iterations() == 2);
        CHECK(slots_of(rig.target) == before);
      }
    }
}

TEST_CASE("The learning rate among the slots is written with the capability only", "[host][plugin]") {
  RigOf<SlotTarget> rig({"Restorer:act=rate,on_error=fatal"});
  rig.callbacks->epoch_begin(0);
  CHECK_THAT(error_of([&] { return batch(rig, 0), 0; }),
             Contains("it wrote the learning rate, and has not declared the capability set_optimizer"));
  CHECK(*rig.target.hyper("learning_rate") == Approx(0.001));

  RigOf<SlotTarget> free({"RateWriter"});
  free.callbacks->epoch_begin(0);
  batch(free, 0);
  CHECK(*free.target.hyper("learning_rate") == 0.5);
}

TEST_CASE("A count of steps that cannot be one is its callback's failure, and is put back",
          "[host][plugin]") {
  RigOf<SlotTarget> rig({"Restorer:act=count,on_error=warn"});
  rig.callbacks->epoch_begin(0);
  batch(rig, 0);
  REQUIRE(rig.warnings.size() == 1);
  CHECK_THAT(rig.warnings[0],
             Contains("KAIROS-M110: optimizer Adam: \"iteration\" cannot be set; found -4.0"));
  CHECK(rig.target.iterations() == 1);
}
