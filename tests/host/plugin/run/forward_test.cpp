// SPDX-License-Identifier: MIT
// kairos.forward/1 over a loop that computes nothing: where it is allowed, and what the host checks.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/plugin/probe.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;

namespace {

/// Runs `work` in a hook of one fit.
void in_hook(const char* hook, const std::function<void(const Visit&)>& work,
             const std::string& plugin = "Probe", bool makes_passes = true) {
  ProbeScript script;
  int visits = 0;
  script.in[hook] = [&](const Visit& visit) {
    work(visit);
    ++visits;
    return KAIROS_OK;
  };
  ProbeRun run({script.spec(plugin)}, {}, nullptr, true, makes_passes);
  run.callbacks->setup({});
  run.fit();
  CHECK(visits == 1);
}

kairos_status step(const Visit& visit) {
  double loss = 0;
  return visit.forward().trial_step(visit.call, 0, 0, &loss);
}

struct GivenView {
  std::vector<float> values = {1, 2};
  std::vector<std::int64_t> shape = {1, 2}, strides = {2, 1};
  kairos_view raw = {values.data(), {1, 0}, 2, {2, 32, 1}, shape.data(), nullptr, 0};
};

}  // namespace

TEST_CASE("Values come by the index of their key, NaN where a pass has none", "[host][plugin]") {
  in_hook("on_epoch_end", [](const Visit& v) {
    double values[] = {-1, -1, -1};
    CHECK(v.forward().evaluate(v.call, KAIROS_SOURCE_VALIDATION, 3, 1, values, 3) == KAIROS_OK);
    CHECK(values[0] == 0.25);
    CHECK(std::isnan(values[1]));
    CHECK(values[2] == -1);  // loss and val_loss are all
    double first = -1;
    CHECK(v.forward().evaluate(v.call, KAIROS_SOURCE_TRAINING, 0, 8, &first, 0) == KAIROS_OK);
    CHECK(first == -1);
  });
}

TEST_CASE("Batches are counted for any size", "[host][plugin]") {
  in_hook("on_train_batch_end", [](const Visit& v) {
    const auto count = [&](std::int32_t source, std::int64_t size) {
      std::int64_t out = -1;
      CHECK(v.forward().batches(v.call, source, size, &out) == KAIROS_OK);
      return out;
    };
    CHECK(count(KAIROS_SOURCE_TRAINING, 0) == 8);
    CHECK(count(KAIROS_SOURCE_TRAINING, 5) == 4);
    CHECK(count(KAIROS_SOURCE_VALIDATION, 100) == 1);
  });
}

TEST_CASE("In a batch no pass is made", "[host][plugin]") {
  for (const char* hook : {"on_train_batch_begin", "on_backward_end", "on_train_batch_end",
                           "on_test_batch_begin", "on_test_batch_end"})
    in_hook(hook, [](const Visit& v) {
      double loss = 0;
      GivenView view;
      CHECK(v.forward().evaluate(v.call, KAIROS_SOURCE_TRAINING, 0, 1, &loss, 1) == KAIROS_E_STATE);
      CHECK_THAT(v.reason(), Contains("passes are made while no batch is under way") && Contains(v.hook));
      CHECK(v.forward().predict(v.call, &view.raw, 1) == KAIROS_E_STATE);
      CHECK(v.forward().statistics(v.call, 1) == KAIROS_E_STATE);
      CHECK(step(v) == KAIROS_E_STATE);
    });
}

TEST_CASE("Trial steps are for the moments between epochs", "[host][plugin]") {
  for (const char* hook : {"on_test_begin", "on_test_end", "on_train_end"})
    in_hook(hook, [](const Visit& v) {
      CHECK(step(v) == KAIROS_E_STATE);
      CHECK_THAT(v.reason(), Contains("trial steps are made in on_train_begin"));
      CHECK(v.forward().statistics(v.call, 1) == KAIROS_OK);
    });
  for (const char* hook : {"on_train_begin", "on_epoch_begin", "on_epoch_end"})
    in_hook(hook, [](const Visit& v) { CHECK(step(v) == KAIROS_OK); });
}

TEST_CASE("Weights change with the capability alone, and in a fit alone", "[host][plugin]") {
  in_hook(
      "on_epoch_end",
      [](const Visit& v) {
        CHECK(v.forward().statistics(v.call, 1) == KAIROS_E_DENIED);
        CHECK_THAT(v.reason(), Contains("write_weights"));
        CHECK(step(v) == KAIROS_E_DENIED);
        CHECK_THAT(v.reason(), Contains("control_step"));
        double loss = 0;
        CHECK(v.forward().evaluate(v.call, KAIROS_SOURCE_TRAINING, 0, 1, &loss, 1) == KAIROS_OK);
      },
      "ModestProbe");
  ProbeScript script;
  script.in["on_test_end"] = [](const Visit& v) {
    CHECK(v.forward().statistics(v.call, 1) == KAIROS_E_STATE);
    CHECK_THAT(v.reason(), Contains("belongs to a fit"));
    return KAIROS_OK;
  };
  ProbeRun run({script.spec()});
  run.callbacks->setup({});
  run.test();
}

TEST_CASE("Trial steps train the trained weights, statistics are those of the owner's weights",
          "[host][plugin]") {
  ProbeScript script;
  int visits = 0;
  script.in["on_epoch_end"] = [&](const Visit& v) {
    if (++visits == 2) {
      CHECK(v.forward().statistics(v.call, 8) == KAIROS_E_STATE);
      CHECK_THAT(v.reason(), Contains("the live weights are \"ema\" of Probe"));
      return KAIROS_OK;
    }
    std::uint64_t slot = 0;
    CHECK(v.weights().take(v.call, KAIROS_TAKE_WEIGHTS, &slot) == KAIROS_OK);
    CHECK(v.weights().swap_in(v.call, slot, text("ema")) == KAIROS_OK);
    CHECK(v.forward().statistics(v.call, 8) == KAIROS_OK);
    CHECK(step(v) == KAIROS_E_STATE);
    CHECK_THAT(v.reason(), Contains("\"ema\" is swapped in"));
    return KAIROS_OK;
  };
  ProbeRun run({script.spec(), script.spec("Probe@other")});
  run.callbacks->setup({});
  run.fit();
  CHECK(visits == 2);
  CHECK(run.passes.measured == std::vector<std::int64_t>{8});
}

TEST_CASE("Inputs of a prediction are checked before they are read", "[host][plugin]") {
  in_hook("on_train_begin", [](const Visit& v) {
    const auto answer = [&](const std::function<void(GivenView&)>& change) {
      GivenView view;
      change(view);
      return v.forward().predict(v.call, &view.raw, 1);
    };
    CHECK(answer([](GivenView&) {}) == KAIROS_OK);
    CHECK(answer([](GivenView& g) { g.raw.strides = g.strides.data(); }) == KAIROS_OK);
    CHECK(answer([](GivenView& g) {
            g.strides = {1, 2}, g.shape = {2, 2}, g.raw.strides = g.strides.data();
          }) == KAIROS_E_INVALID);
    CHECK(answer([](GivenView& g) { g.raw.data = nullptr; }) == KAIROS_E_INVALID);
    CHECK(answer([](GivenView& g) { g.raw.shape = nullptr; }) == KAIROS_E_INVALID);
    CHECK(answer([](GivenView& g) { g.raw.dtype.bits = 64; }) == KAIROS_E_INVALID);
    CHECK(answer([](GivenView& g) { g.raw.device.type = 2; }) == KAIROS_E_INVALID);
    CHECK(answer([](GivenView& g) { g.raw.rank = 0; }) == KAIROS_E_INVALID);
    CHECK(answer([](GivenView& g) { g.raw.rank = -1; }) == KAIROS_E_INVALID);
    CHECK(answer([](GivenView& g) { g.shape = {0, 2}; }) == KAIROS_E_INVALID);
    CHECK(answer([](GivenView& g) { g.shape = {std::int64_t{1} << 62, 2}; }) == KAIROS_E_INVALID);
    CHECK_THAT(v.reason(), Contains("input 0 of a prediction is not float32 on the CPU"));
    CHECK(answer([](GivenView& g) { g.raw.rank = 1; }) == KAIROS_E_INVALID);
    CHECK_THAT(v.reason(), Contains("no two axes"));
    CHECK(answer([](GivenView& g) { g.values[0] = -1; }) == KAIROS_E_DATA);
  });
}

TEST_CASE("An output is lent in the hook that has predicted", "[host][plugin]") {
  ProbeScript script;
  const auto lend = [](const Visit& v) {
    kairos_tensor out{};
    out.size = sizeof out;
    const kairos_status status = v.forward().output(v.call, 0, &out);
    if (status == KAIROS_OK) CHECK(*static_cast<const float*>(out.view.data) == 1);
    return status;
  };
  int visits = 0;
  script.in["on_epoch_end"] = [&](const Visit& v) {
    CHECK(lend(v) == KAIROS_E_NOT_FOUND);
    if (++visits == 2) return KAIROS_OK;
    GivenView view;
    CHECK(v.forward().predict(v.call, &view.raw, 1) == KAIROS_OK);
    return lend(v);
  };
  ProbeRun run({script.spec(), script.spec("Probe@second")});
  run.callbacks->setup({});
  run.fit();
  CHECK(visits == 2);
}

TEST_CASE("A signal ends a pass, which is no failure of the loop", "[host][plugin]") {
  ProbeScript script;
  script.in["on_train_begin"] = [](const Visit& v) {
    double loss = 0;
    GivenView view;
    CHECK(v.forward().evaluate(v.call, KAIROS_SOURCE_TRAINING, 0, 1, &loss, 1) == KAIROS_E_BUSY);
    CHECK(v.forward().predict(v.call, &view.raw, 1) == KAIROS_E_BUSY);
    CHECK(v.forward().statistics(v.call, 1) == KAIROS_E_BUSY);
    CHECK(step(v) == KAIROS_E_BUSY);
    CHECK_THAT(v.reason(), Contains("a signal ends the run"));
    return KAIROS_OK;
  };
  ProbeRun run({script.spec()});
  run.passes.interrupted = true;
  run.callbacks->setup({});
  run.fit();
}

TEST_CASE("A loop may make no passes, have no data, or a model that cannot", "[host][plugin]") {
  in_hook(
      "on_epoch_end",
      [](const Visit& v) {
        std::int64_t out = 0;
        CHECK(v.forward().batches(v.call, KAIROS_SOURCE_TRAINING, 0, &out) == KAIROS_E_UNSUPPORTED);
        CHECK(step(v) == KAIROS_E_UNSUPPORTED);
        CHECK_THAT(v.reason(), Contains("implement ForwardControl"));
      },
      "Probe", false);
  ProbeScript script;
  script.in["on_epoch_end"] = [](const Visit& v) {
    double loss = 0;
    CHECK(v.forward().evaluate(v.call, KAIROS_SOURCE_VALIDATION, 0, 1, &loss, 1) == KAIROS_E_NOT_FOUND);
    CHECK(v.forward().evaluate(v.call, KAIROS_SOURCE_TRAINING, 0, 1, &loss, 1) == KAIROS_E_UNSUPPORTED);
    CHECK(v.reason() == "the model cannot");
    CHECK(step(v) == KAIROS_E_UNSUPPORTED);
    return KAIROS_OK;
  };
  ProbeRun run({script.spec()});
  run.passes.validation = 0;
  run.passes.impossible = "the model cannot";
  run.callbacks->setup({});
  run.fit();
}
