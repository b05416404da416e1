// SPDX-License-Identifier: MIT
// Writing the state of optimizers, and the decay of Keras 1 and 2.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kairos/host/compile.hpp"
#include "nn/optimizer.hpp"

using namespace kairos::host;

namespace {

Parameter parameter(const char* name, std::vector<float> values) {
  Parameter p;
  p.name = name;
  p.shape = {static_cast<std::int64_t>(values.size())};
  p.values.reserve(p.size());
  p.gradient.reserve(p.size());
  std::copy(values.begin(), values.end(), p.values.data());
  return p;
}

}  // namespace

TEST_CASE("The slots of every optimizer may be saved and restored in any order", "[host][nn]") {
  for (const char* text :
       {"sgd(momentum=0.9)", "sgd", "adam", "adam(amsgrad=true)", "adamw",
        "rmsprop(centered=true,momentum=0.5)", "adagrad", "adadelta(lr=0.5)", "adamax", "nadam",
        "adam(use_ema=true)", "adafactor", "ftrl", "lamb", "lion", "lamb(gradient_accumulation_steps=2)",
        "sgd(learning_rate=InverseTimeDecay(0.1,1,0.5),momentum=0.9)"})
    for (const bool backwards : {false, true}) {
      INFO(text << " " << backwards);
      Parameter p = parameter("kernel", {1.5F, -0.5F});
      const auto optimizer = make_optimizer(text);
      optimizer->build({{&p, "k"}});
      const auto step = [&](int at) {
        p.gradient.data()[0] = static_cast<float>(std::sin(at * 1.3 + 0.4) * 2);
        p.gradient.data()[1] = 0.25F;
        optimizer->step();
        return std::vector<float>(p.values.data(), p.values.data() + 2);
      };
      step(0);
      const std::vector<float> weights = step(1);
      std::vector<std::vector<float>> kept;
      for (const TensorRef& slot : optimizer->slots()) kept.emplace_back(slot.data, slot.data + slot.size());
      const std::vector<float> expected = step(2);
      step(3);
      // Borrows each slot again, as a plugin does.
      for (std::size_t i = 0; i < kept.size(); ++i) {
        const std::size_t which = backwards ? kept.size() - 1 - i : i;
        std::copy(kept[which].begin(), kept[which].end(), optimizer->slots()[which].data);
      }
      optimizer->slots_written();
      std::copy(weights.begin(), weights.end(), p.values.data());
      CHECK(optimizer->iterations() == 2);
      CHECK(step(2) == expected);
    }
}

TEST_CASE("An invalid count or rate is refused and restored", "[host][nn]") {
  const std::unique_ptr<Optimizer> optimizer = make_optimizer("sgd(learning_rate=0.5)");
  optimizer->build({});
  optimizer->set_iterations(7);
  for (const float wrong : {-1.0F, NAN, INFINITY, 1e30F}) {
    optimizer->slots()[0].data[0] = wrong;
    static_cast<void>(optimizer->slots());  // as a plugin does that reads the number of slots
    CHECK_THROWS_WITH(optimizer->slots_written(),
                      Catch::Contains("KAIROS-M110: optimizer SGD: \"iteration\" cannot be set"));
    CHECK(optimizer->iterations() == 7);
    CHECK(optimizer->slots()[0].data[0] == 7);
  }
  for (const float wrong : {-1.0F, NAN, INFINITY}) {
    optimizer->slots()[1].data[0] = wrong;
    static_cast<void>(optimizer->slots());
    CHECK_THROWS_WITH(optimizer->slots_written(),
                      Catch::Contains("KAIROS-M024: optimizer SGD: \"learning_rate\" cannot be set"));
    CHECK(optimizer->hyper("learning_rate") == 0.5);
  }
}

TEST_CASE("decay has the meaning of Keras 1 and 2", "[host][nn]") {
  for (const std::string text : {"SGD", "RMSprop", "Adagrad", "Adadelta", "Adam", "Adamax"}) {
    INFO(text);
    const auto optimizer = make_optimizer(text + "(lr=0.01, decay=1e-1)");
    for (const std::int64_t step : {0, 1, 2, 10}) {
      optimizer->set_iterations(step);
      const double expected = 0.01 / (1 + 0.1 * static_cast<double>(step));
      CHECK(*optimizer->hyper("learning_rate") == Approx(expected).epsilon(1e-6));
    }
    const std::string schedule = text + "(learning_rate=InverseTimeDecay(0.01,1,0.1))";
    CHECK(optimizer->json() == make_optimizer(schedule)->json());
    CHECK(make_optimizer(text + "(lr=0.01, decay=0.)")->json() == make_optimizer(text + "(lr=0.01)")->json());
    CHECK(make_optimizer(text + "(decay=None)")->json() == make_optimizer(text)->json());
    const auto by_default = make_optimizer(text + "(decay=0.5)");
    CHECK(by_default->hyper("learning_rate") == make_optimizer(text)->hyper("learning_rate"));
    by_default->set_iterations(2);
    CHECK(*by_default->hyper("learning_rate") == Approx(*make_optimizer(text)->hyper("learning_rate") / 2));
  }
  const char* const stored =
      R"({"class_name": "SGD", "config": {"name": "SGD", "learning_rate": 0.1, "decay": 0.5}})";
  CHECK(make_optimizer(stored)->hyper_fault("learning_rate") == "the schedule InverseTimeDecay decides it");
  CHECK(optimizer_note("sgd(lr=0.01, decay=1e-4)") ==
        "optimizer sgd: decay=0.0001 is read as in Keras 1 and 2, as the schedule InverseTimeDecay: the "
        "learning rate of step n, counted from 0, is divided by 1 + 0.0001 * n");
  for (const char* text : {"sgd", "sgd(decay=0)", "sgd(decay=None)", "adam(weight_decay=0.1)"})
    CHECK(optimizer_note(text).empty());
}
