// SPDX-License-Identifier: MIT
// kairos.weights/1, function by function.
#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "host/plugin/probe.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;

namespace {

/// A slot of one instance, and the model behind it.
struct Bench {
  const Visit& visit;
  float& model;

  [[nodiscard]] std::uint64_t take(std::int32_t what = KAIROS_TAKE_WEIGHTS) const {
    std::uint64_t slot = 0;
    CHECK(visit.weights().take(visit.call, what, &slot) == KAIROS_OK);
    return slot;
  }
  /// A slot with this weight.
  [[nodiscard]] std::uint64_t slot_of(float value) const {
    const std::uint64_t slot = take();
    *values(slot, KAIROS_ACCESS_WRITE) = value;
    return slot;
  }
  [[nodiscard]] float* values(std::uint64_t slot, std::int32_t access = KAIROS_ACCESS_READ) const {
    kairos_tensor out{};
    out.size = sizeof out;
    CHECK(visit.weights().borrow(visit.call, slot, 0, access, &out) == KAIROS_OK);
    return static_cast<float*>(out.view.data);
  }
  void in(std::uint64_t slot, const char* label) const {
    CHECK(visit.weights().swap_in(visit.call, slot, text(label)) == KAIROS_OK);
  }
  void out(std::uint64_t slot) const { CHECK(visit.weights().swap_out(visit.call, slot) == KAIROS_OK); }
  void put(std::uint64_t slot) const { CHECK(visit.weights().put(visit.call, slot) == KAIROS_OK); }
  [[nodiscard]] std::string live() const {
    kairos_str label{};
    CHECK(visit.weights().live(visit.call, &label) == KAIROS_OK);
    return {label.ptr, label.length};
  }
};

/// `work` in a hook of one fit with a validation; the trained weight is 3.
void run_in(const char* hook, const std::function<void(const Bench&)>& work,
            const std::string& callback = "Probe") {
  ProbeScript script;
  int visits = 0;
  ProbeRun run({script.spec(callback)});
  script.in[hook] = [&](const Visit& visit) {
    ++visits;
    work({visit, run.target.weight});
    return KAIROS_OK;
  };
  run.target.weight = 3;
  run.callbacks->setup({});
  run.fit();
  CHECK(visits == 1);
}

}  // namespace

TEST_CASE("Slots are a list: they leave in any order, and the last of those still in is live",
          "[host][plugin]") {
  run_in("on_epoch_end", [](const Bench& b) {
    const std::uint64_t one = b.slot_of(1), two = b.slot_of(2), four = b.slot_of(4);
    CHECK(b.live() == "");
    b.in(one, "one");
    b.in(two, "two");
    b.in(four, "four");
    b.in(one, "again");  // stays where it is
    CHECK(b.live() == "four");
    CHECK(b.model == 4);
    b.out(two);
    CHECK(b.live() == "four");
    b.out(four);
    CHECK(b.live() == "one");
    CHECK(b.model == 1);
    b.out(four);  // is not in
    b.out(77);
    b.out(0);
    b.out(one);
    CHECK(b.live() == "");
    CHECK(b.model == 3);
    CHECK(*b.values(two) == 2);
  });
}

TEST_CASE("What is written to live weights belongs to their slot", "[host][plugin]") {
  run_in("on_epoch_end", [](const Bench& b) {
    const std::uint64_t one = b.slot_of(1), two = b.slot_of(2);
    b.in(one, "one");
    b.model = 11;
    CHECK(*b.values(one) == 11);
    CHECK(b.values(one) == &b.model);
    b.in(two, "two");
    CHECK(*b.values(one) == 11);
    *b.values(one, KAIROS_ACCESS_WRITE) = 12;
    CHECK(b.model == 2);
    b.out(two);
    CHECK(b.model == 12);
    b.out(one);
    CHECK(b.model == 3);
    CHECK(*b.values(one) == 12);
    CHECK(*b.values(0) == 3);
  });
}

TEST_CASE("put, rollback and load_weights act on the trained weights beneath", "[host][plugin]") {
  run_in("on_epoch_end", [](const Bench& b) {
    const std::uint64_t one = b.slot_of(1), two = b.slot_of(2);
    b.in(one, "one");
    b.put(two);
    CHECK(b.model == 1);
    CHECK(*b.values(0) == 2);
    CHECK(*b.values(b.take(KAIROS_TAKE_TRAINED)) == 2);
    CHECK(*b.values(b.take(KAIROS_TAKE_WEIGHTS)) == 1);
    CHECK(b.visit.model().rollback(b.visit.call, one) == KAIROS_OK);
    CHECK(*b.values(0) == 1);
    CHECK(b.visit.model().rollback(b.visit.call, two) == KAIROS_OK);
    b.model = 9;
    b.put(one);  // with what was written to it
    CHECK(*b.values(0) == 9);
    b.put(two);
    CHECK(b.visit.model().load_weights(b.visit.call, text("/weights.h5")) == KAIROS_OK);
    CHECK(b.model == 9);
    std::uint64_t snapshot = 0;
    CHECK(b.visit.model().snapshot(b.visit.call, &snapshot) == KAIROS_OK);
    CHECK(*b.values(snapshot) == 9);
    b.out(one);
    CHECK(b.model == 2);
  });
}

TEST_CASE("A slot that is dropped or written over while it is in", "[host][plugin]") {
  run_in("on_epoch_end", [](const Bench& b) {
    std::uint64_t one = b.slot_of(1);
    const std::uint64_t two = b.slot_of(2);
    b.in(one, "one");
    b.in(two, "two");
    CHECK(b.visit.weights().take(b.visit.call, KAIROS_TAKE_TRAINED, &one) == KAIROS_OK);
    CHECK(b.model == 2);
    b.visit.weights().drop(b.visit.call, two);
    CHECK(b.model == 3);
    CHECK(b.live() == "one");
    b.visit.model().drop(b.visit.call, one);
    CHECK(b.live() == "");
    CHECK(b.model == 3);
    b.visit.weights().drop(b.visit.call, one);
    CHECK(b.visit.weights().put(b.visit.call, one) == KAIROS_E_NOT_FOUND);
  });
}

TEST_CASE("A slot that is live can be written over", "[host][plugin]") {
  run_in("on_epoch_end", [](const Bench& b) {
    std::uint64_t one = b.slot_of(1);
    b.in(one, "one");
    CHECK(b.visit.weights().take(b.visit.call, KAIROS_TAKE_TRAINED, &one) == KAIROS_OK);
    CHECK(b.model == 3);
    CHECK(b.live() == "one");
    CHECK(*b.values(one) == 3);
    b.out(one);
    CHECK(*b.values(one) == 3);
    CHECK(b.model == 3);
  });
}

TEST_CASE("The reasons of kairos.weights/1 say what to do", "[host][plugin]") {
  run_in("on_epoch_end", [](const Bench& b) {
    const Visit& v = b.visit;
    const std::uint64_t one = b.slot_of(1);
    const auto swap = [&](std::string_view label) { return v.weights().swap_in(v.call, one, text(label)); };
    CHECK(swap("") == KAIROS_E_INVALID);
    CHECK(swap(std::string(201, 'a')) == KAIROS_E_INVALID);
    CHECK(v.reason() == "the label of weights has 201 bytes; expected 1 to 200");
    CHECK(swap("a\nb") == KAIROS_E_INVALID);
    CHECK(swap("\xff") == KAIROS_E_INVALID);
    CHECK(swap(std::string(200, 'a')) == KAIROS_OK);
    CHECK(v.weights().swap_in(v.call, 0, text("ema")) == KAIROS_E_NOT_FOUND);
    CHECK(v.reason() == "no weights have been taken into this slot; it is 0");
    CHECK(v.weights().swap_in(v.call, 77, text("ema")) == KAIROS_E_NOT_FOUND);
    CHECK(v.reason() == "the instance has no slot 77");
    kairos_tensor out{};
    out.size = sizeof out;
    CHECK(v.weights().borrow(v.call, 0, 0, KAIROS_ACCESS_WRITE, &out) == KAIROS_E_DENIED);
    CHECK_THAT(v.reason(),
               Contains("for reading only; write them through kairos.tensors/1 or replace them with put"));
    CHECK(v.weights().borrow(v.call, one, 1, KAIROS_ACCESS_READ, &out) == KAIROS_E_RANGE);
    CHECK(v.reason() == "weight 1 of 1");
  });
  run_in("on_epoch_begin", [](const Bench& b) {
    const std::uint64_t one = b.slot_of(1);
    CHECK(b.visit.weights().swap_in(b.visit.call, one, text("ema")) == KAIROS_E_STATE);
    CHECK(b.visit.reason() ==
          "weights cannot be swapped in in on_epoch_begin; do it in the hooks of a test or prediction, "
          "on_epoch_end or on_train_end");
  });
  run_in("on_backward_end", [](const Bench& b) {
    CHECK(b.visit.weights().put(b.visit.call, b.slot_of(1)) == KAIROS_E_STATE);
    CHECK(b.visit.reason() ==
          "weights are put back outside of batches or after their step, not in on_backward_end; use "
          "on_train_batch_end");
  });
}

TEST_CASE("Without the capability, weights can be taken and read, but not swapped in, put or written",
          "[host][plugin]") {
  run_in(
      "on_epoch_end",
      [](const Bench& b) {
        const Visit& v = b.visit;
        const std::uint64_t one = b.take();
        CHECK(*b.values(one) == 3);
        kairos_tensor out{};
        out.size = sizeof out;
        CHECK(v.weights().borrow(v.call, one, 0, KAIROS_ACCESS_WRITE, &out) == KAIROS_E_DENIED);
        CHECK(v.weights().swap_in(v.call, one, text("ema")) == KAIROS_E_DENIED);
        CHECK(v.weights().put(v.call, one) == KAIROS_E_DENIED);
        CHECK_THAT(v.reason(), Contains("capability write_weights"));
        CHECK(b.model == 3);
      },
      "ModestProbe");
}

TEST_CASE("A swap ends by itself after all hooks of the event that ends it", "[host][plugin]") {
  const auto [hook, ends] = GENERATE(Catch::Generators::table<std::string, std::string>({
      {"on_test_begin", "on_test_end"},
      {"on_test_end", "on_test_end"},
      {"on_predict_begin", "on_predict_end"},
      {"on_predict_batch_end", "on_predict_end"},
      {"on_predict_end", "on_predict_end"},
  }));
  ProbeScript script;
  ProbeRun run({script.spec()});
  float in_last = 0;
  script.in[hook] = [&, last = hook == ends](const Visit& visit) {
    const Bench b{visit, run.target.weight};
    b.in(b.slot_of(1), "one");
    if (last) in_last = run.target.weight;
    return KAIROS_OK;
  };
  if (hook != ends) script.in[ends] = [&](const Visit&) { return in_last = run.target.weight, KAIROS_OK; };
  run.target.weight = 3;
  run.callbacks->setup({});
  if (hook.starts_with("on_test"))
    run.test();
  else
    run.predict();
  CHECK(in_last == 1);
  CHECK(run.target.weight == 3);
}

TEST_CASE("A training that the model cannot remember is refused", "[host][plugin]") {
  run_in("on_epoch_end", [](const Bench& b) {
    std::uint64_t slot = 0;
    CHECK(b.visit.weights().take(b.visit.call, KAIROS_TAKE_TRAINING, &slot) == KAIROS_E_UNSUPPORTED);
    CHECK(b.visit.reason() == "this model cannot remember a training");
    CHECK(slot == 0);
  });
}

TEST_CASE("A training goes on from a slot that remembers it, whatever is swapped in", "[host][plugin]") {
  std::uint64_t slot = 0;
  ProbeScript script;
  ProbeRun run({script.spec()});
  StubTarget& target = run.target;
  target.remembers = true;
  target.weight = 3;
  script.in["on_train_batch_end"] = [&](const Visit& visit) {
    CHECK(visit.weights().take(visit.call, KAIROS_TAKE_TRAINING, &slot) == KAIROS_OK);
    return KAIROS_OK;
  };
  script.in["on_epoch_end"] = [&](const Visit& visit) {
    const Bench b{visit, target.weight};
    const std::uint64_t one = b.slot_of(1);
    b.in(one, "one");
    target.rate = 0.25F;
    target.steps = 9;
    b.put(slot);
    CHECK(target.weight == 1);
    CHECK(*b.values(0) == 3);
    CHECK(target.rate == 0.5F);
    CHECK(target.steps == 0);
    CHECK(visit.weights().take(visit.call, KAIROS_TAKE_TRAINING, &slot) == KAIROS_OK);
    std::uint64_t in = one;
    CHECK(visit.weights().take(visit.call, KAIROS_TAKE_TRAINING, &in) == KAIROS_E_STATE);
    CHECK_THAT(visit.reason(), Contains("is swapped in; swap it out first, or use another one"));
    for (const kairos_status status : {visit.weights().swap_in(visit.call, slot, text("training")),
                                       visit.model().rollback(visit.call, slot)})
      CHECK(status == KAIROS_E_UNSUPPORTED);
    CHECK_THAT(visit.reason(), Contains("holds a training, not weights alone; use put of kairos.weights/1"));
    return KAIROS_OK;
  };
  run.callbacks->setup({});
  run.fit();
  CHECK(target.weight == 3);
  const std::string state = run.callbacks->save_state();
  run.callbacks.reset();  // the probe follows one script at a time

  ProbeScript next;
  ProbeRun resumed({next.spec()});
  next.in["on_train_begin"] = [&](const Visit& visit) {
    CHECK(visit.weights().put(visit.call, slot) == KAIROS_OK);
    std::uint64_t other = 0;
    CHECK(visit.weights().take(visit.call, KAIROS_TAKE_WEIGHTS, &other) == KAIROS_OK);
    CHECK(other > slot);
    CHECK(visit.weights().take(visit.call, KAIROS_TAKE_WEIGHTS, &slot) == KAIROS_OK);  // now it holds weights
    CHECK(visit.model().rollback(visit.call, slot) == KAIROS_OK);
    visit.weights().drop(visit.call, slot);
    CHECK(visit.weights().put(visit.call, slot) == KAIROS_E_NOT_FOUND);
    return KAIROS_OK;
  };
  resumed.callbacks->setup({});
  resumed.callbacks->load_state(state);
  resumed.callbacks->train_begin();
  CHECK(resumed.target.weight == 3);
}

TEST_CASE("A training is neither taken nor put back inside a batch, or outside of a fit", "[host][plugin]") {
  ProbeScript script;
  const std::string hook = GENERATE("on_train_batch_begin", "on_backward_end", "on_predict_begin");
  int visits = 0;
  script.in[hook] = [&](const Visit& visit) {
    std::uint64_t slot = 0;
    CHECK(visit.weights().take(visit.call, KAIROS_TAKE_TRAINING, &slot) == KAIROS_E_STATE);
    CHECK(visit.weights().put(visit.call, 1) == KAIROS_E_STATE);
    ++visits;
    return KAIROS_OK;
  };
  ProbeRun run({script.spec()});
  run.target.remembers = true;
  run.callbacks->setup({});
  if (hook == "on_predict_begin")
    run.predict();
  else
    run.fit();
  CHECK(visits == 1);
}
