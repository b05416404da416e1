// SPDX-License-Identifier: MIT
// The optimizer's gradient_accumulation_steps, as Keras 3 has them: averages and constraints in every batch.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/byte_stream.hpp"
#include "host/error_text.hpp"
#include "nn/optimizer.hpp"

using namespace kairos::host;
using kairos::tests::error_of;

namespace {

Parameter two_values(float first, float second) {
  Parameter p;
  p.name = "kernel";
  p.shape = {2};
  p.values.reserve(2);
  p.gradient.reserve(2);
  p.values.data()[0] = first;
  p.values.data()[1] = second;
  return p;
}

void step(Optimizer& optimizer, Parameter& p, float first, float second) {
  p.gradient.data()[0] = first;
  p.gradient.data()[1] = second;
  optimizer.step();
}

std::vector<float> values_of(const Parameter& p) {
  return {p.values.data(), p.values.data() + 2};
}

}  // namespace

TEST_CASE("The weights move in every third batch, by the mean of the gradients", "[host][nn]") {
  for (const std::string more :
       {"", ",momentum=0.9", ",clipnorm=0.5", ",global_clipnorm=0.5", ",weight_decay=0.1"}) {
    INFO(more);
    Parameter p = two_values(1, 2), q = two_values(1, 2);
    const auto several = make_optimizer("sgd(lr=0.5,gradient_accumulation_steps=3" + more + ")");
    const auto single = make_optimizer("sgd(lr=0.5" + more + ")");
    several->build({{&p, "k"}});
    single->build({{&q, "k"}});
    for (int group = 0; group < 2; ++group) {
      step(*several, p, 1, 0);
      step(*several, p, 4, -1);
      CHECK(values_of(p) == values_of(q));
      step(*several, p, 1, 4);
      step(*single, q, 2, 1);
      CHECK(values_of(p) == values_of(q));
    }
    CHECK(several->iterations() == 6);
    CHECK(single->iterations() == 2);
  }
}

TEST_CASE("Adam's bias correction counts updates, a schedule counts batches", "[host][nn]") {
  Parameter p = two_values(1, 2), q = two_values(1, 2);
  const auto several = make_optimizer("adam(lr=0.5,gradient_accumulation_steps=2)");
  const auto single = make_optimizer("adam(lr=0.5)");
  several->build({{&p, "k"}});
  single->build({{&q, "k"}});
  for (int group = 1; group < 4; ++group) {
    const auto g = static_cast<float>(group);
    step(*several, p, g, 1);
    step(*several, p, g, 3);
    step(*single, q, g, 2);
    CHECK(values_of(p) == values_of(q));
  }
  const auto scheduled =
      make_optimizer("sgd(learning_rate=InverseTimeDecay(1,1,1),gradient_accumulation_steps=2)");
  Parameter r = two_values(0, 0);
  scheduled->build({{&r, "k"}});
  step(*scheduled, r, 1, 1);
  step(*scheduled, r, 1, 1);
  CHECK(r.values.data()[0] == Approx(-0.5));  // the rate of batch 1
}

TEST_CASE("Averages go on in the batches that only accumulate", "[host][nn]") {
  Parameter p = two_values(1, 2);
  const auto optimizer =
      make_optimizer("sgd(lr=1,gradient_accumulation_steps=2,use_ema=true,ema_momentum=0.5)");
  optimizer->build({{&p, "k"}});
  const auto average = [&] { return static_cast<double>(optimizer->slots()[2].data[0]); };
  CHECK(optimizer->slots()[2].name == "SGD/k_average");
  CHECK(optimizer->slots()[3].name == "SGD/k_gradient_accumulator");
  step(*optimizer, p, 1, 1);
  CHECK(average() == 1);
  step(*optimizer, p, 1, 1);  // the average begins again until the first update is counted
  CHECK(average() == 0);
  step(*optimizer, p, 1, 1);
  CHECK(average() == 0);
  step(*optimizer, p, 1, 1);
  CHECK(average() == Approx(-0.5));
}

TEST_CASE("A group of batches goes on from saved state", "[host][nn]") {
  Parameter p = two_values(1, 2), q = two_values(1, 2);
  const char* const text = "lamb(lr=0.5,gradient_accumulation_steps=3)";
  const auto one = make_optimizer(text), other = make_optimizer(text);
  one->build({{&p, "k"}});
  other->build({{&q, "k"}});
  for (int batch = 0; batch < 4; ++batch) step(*one, p, 1, static_cast<float>(batch));
  ByteWriter out;
  one->save_state(out);
  const std::string bytes = std::move(out).take();
  ByteReader in(bytes);
  other->apply(other->read_state(in));
  std::copy_n(p.values.data(), 2, q.values.data());
  for (int batch = 0; batch < 3; ++batch) {
    step(*one, p, 1, static_cast<float>(batch));
    step(*other, q, 1, static_cast<float>(batch));
    CHECK(values_of(p) == values_of(q));
  }
}

TEST_CASE("Accumulation and loss scale are written as Keras writes them", "[host][nn]") {
  const nlohmann::json plain = make_optimizer("adam")->json().at("config");
  CHECK(plain.at("gradient_accumulation_steps").is_null());
  CHECK(plain.at("loss_scale_factor").is_null());
  const nlohmann::json config =
      make_optimizer("adam(gradient_accumulation_steps=4,loss_scale_factor=8)")->json().at("config");
  CHECK(config.at("gradient_accumulation_steps") == 4);
  CHECK(config.at("loss_scale_factor") == 8.0);
  CHECK(error_of([] { return make_optimizer("adam(gradient_accumulation_steps=1)")->iterations(); })
            .find("KAIROS-M003: optimizer Adam: \"gradient_accumulation_steps\" has a value that cannot be "
                  "used; found 1, expected an integer from 2") == 0);
}
