// SPDX-License-Identifier: MIT
#include "nn/optimizer.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/error_text.hpp"

using namespace kairos::host;
using kairos::tests::error_of;

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

void set_gradient(Parameter& p, const std::vector<float>& gradient) {
  std::copy(gradient.begin(), gradient.end(), p.gradient.data());
}

constexpr int steps = 6;
double gradient_at(int step) {
  return std::sin(step * 1.3 + 0.4) * 2;
}

/// A weight of initially 1.5 after some steps.
double weight_after(const char* text) {
  Parameter p = parameter("kernel", {1.5F});
  const std::unique_ptr<Optimizer> optimizer = make_optimizer(text);
  optimizer->build({{&p, "m_kernel"}});
  for (int step = 0; step < steps; ++step) {
    set_gradient(p, {static_cast<float>(gradient_at(step))});
    optimizer->step();
  }
  CHECK(optimizer->iterations() == steps);
  return static_cast<double>(p.values.data()[0]);
}

/// The same by a formula that updates w with g at step t, counted from 1.
double expected_after(const std::function<void(double& w, double g, int t)>& update) {
  double w = 1.5;
  for (int step = 0; step < steps; ++step) update(w, gradient_at(step), step + 1);
  return w;
}

}  // namespace

TEST_CASE("An optimizer steps by its formula", "[host][nn]") {
  double m = 0, v = 0, a = 0, hat = 0;
  const auto fresh = [&](auto update) {
    m = v = hat = 0;
    a = 0.1;
    return Approx(expected_after(update)).epsilon(1e-5);
  };
  CHECK(weight_after("sgd(lr=0.1)") == fresh([&](double& w, double g, int) { w -= 0.1 * g; }));
  CHECK(weight_after("SGD(learning_rate=0.1,momentum=0.9)") == fresh([&](double& w, double g, int) {
          m = 0.9 * m - 0.1 * g;
          w += m;
        }));
  CHECK(weight_after("SGD(learning_rate=0.1,momentum=0.9,nesterov=true)") ==
        fresh([&](double& w, double g, int) {
          m = 0.9 * m - 0.1 * g;
          w += 0.9 * m - 0.1 * g;
        }));
  CHECK(weight_after("SGD(learning_rate=0.1,weight_decay=0.2)") == fresh([&](double& w, double g, int) {
          w -= w * 0.2 * 0.1;
          w -= 0.1 * g;
        }));
  const auto adam = [&](bool amsgrad) {
    return [&, amsgrad](double& w, double g, int t) {
      m += (g - m) * (1 - 0.8);
      v += (g * g - v) * (1 - 0.99);
      hat = std::max(hat, v);
      const double rate = 0.05 * std::sqrt(1 - std::pow(0.99, t)) / (1 - std::pow(0.8, t));
      w -= m * rate / (std::sqrt(amsgrad ? hat : v) + 1e-3);
    };
  };
  CHECK(weight_after("adam(learning_rate=0.05,beta_1=0.8,beta_2=0.99,epsilon=1e-3)") == fresh(adam(false)));
  CHECK(weight_after("Adam(learning_rate=0.05,beta_1=0.8,beta_2=0.99,epsilon=1e-3,amsgrad=true)") ==
        fresh(adam(true)));
  CHECK(weight_after("rmsprop(learning_rate=0.05,rho=0.7,epsilon=1e-4)") ==
        fresh([&](double& w, double g, int) {
          v = 0.7 * v + 0.3 * g * g;
          w -= 0.05 * g / std::sqrt(v + 1e-4);
        }));
  CHECK(weight_after("RMSprop(learning_rate=0.05,rho=0.7,epsilon=1e-4,momentum=0.5,centered=true)") ==
        fresh([&](double& w, double g, int) {
          v = 0.7 * v + 0.3 * g * g;
          hat = 0.7 * hat + 0.3 * g;
          m = 0.5 * m + 0.05 * g / std::sqrt(v - hat * hat + 1e-4);
          w -= m;
        }));
  CHECK(weight_after("adagrad(learning_rate=0.5,epsilon=1e-4)") == fresh([&](double& w, double g, int) {
          a += g * g;
          w -= 0.5 * g / std::sqrt(a + 1e-4);
        }));
}

TEST_CASE("Adam, Adagrad and related optimizers step by their formulas", "[host][nn]") {
  double m = 0, v = 0, product = 1;
  const auto fresh = [&](auto update) {
    m = v = 0;
    product = 1;
    return Approx(expected_after(update)).epsilon(1e-5);
  };
  const auto adamw = [&](double decay) {
    return [&, decay](double& w, double g, int t) {
      w -= w * decay * 0.05;
      m += (g - m) * (1 - 0.8);
      v += (g * g - v) * (1 - 0.99);
      w -= m * 0.05 * std::sqrt(1 - std::pow(0.99, t)) / (1 - std::pow(0.8, t)) / (std::sqrt(v) + 1e-3);
    };
  };
  CHECK(weight_after("AdamW(learning_rate=0.05,beta_1=0.8,beta_2=0.99,epsilon=1e-3,weight_decay=0.3)") ==
        fresh(adamw(0.3)));
  CHECK(weight_after("adamw(learning_rate=0.05,beta_1=0.8,beta_2=0.99,epsilon=1e-3)") == fresh(adamw(0.004)));
  CHECK(weight_after("adadelta(learning_rate=0.5,rho=0.8,epsilon=1e-2)") ==
        fresh([&](double& w, double g, int) {
          v = 0.8 * v + 0.2 * g * g;
          const double delta = -std::sqrt(m + 1e-2) * g / std::sqrt(v + 1e-2);
          m = 0.8 * m + 0.2 * delta * delta;
          w += 0.5 * delta;
        }));
  CHECK(weight_after("Adamax(learning_rate=0.05,beta_1=0.8,beta_2=0.7,epsilon=1e-3)") ==
        fresh([&](double& w, double g, int t) {
          m += (g - m) * (1 - 0.8);
          v = std::max(0.7 * v, std::abs(g));
          w -= 0.05 * m / ((1 - std::pow(0.8, t)) * (v + 1e-3));
        }));
  CHECK(weight_after("nadam(learning_rate=0.05,beta_1=0.8,beta_2=0.99,epsilon=1e-3)") ==
        fresh([&](double& w, double g, int t) {
          const auto momentum = [](int step) { return 0.8 * (1 - 0.5 * std::pow(0.96, step)); };
          product *= momentum(t);
          m += (g - m) * (1 - 0.8);
          v += (g * g - v) * (1 - 0.99);
          const double ahead =
              momentum(t + 1) * m / (1 - product * momentum(t + 1)) + (1 - momentum(t)) * g / (1 - product);
          w -= 0.05 * ahead / (std::sqrt(v / (1 - std::pow(0.99, t))) + 1e-3);
        }));
}

TEST_CASE("An optimizer's slots have Keras' names and order", "[host][nn]") {
  using Names = std::vector<std::string>;
  const auto names_of = [](const char* text) {
    Parameter p = parameter("kernel", {0, 0}), q = parameter("bias", {0});
    const std::unique_ptr<Optimizer> optimizer = make_optimizer(text);
    optimizer->build({{&p, "d_kernel"}, {&q, "d_bias"}});
    Names names;
    for (const TensorRef& slot : optimizer->slots()) names.push_back(slot.name);
    return names;
  };
  CHECK(names_of("AdamW") == Names{"adamw/iteration", "adamw/learning_rate", "adamw/d_kernel_momentum",
                                   "adamw/d_kernel_velocity", "adamw/d_bias_momentum",
                                   "adamw/d_bias_velocity"});
  CHECK(names_of("Adadelta") ==
        Names{"adadelta/iteration", "adadelta/learning_rate", "adadelta/d_kernel_accumulated_grad",
              "adadelta/d_kernel_accumulated_delta_var", "adadelta/d_bias_accumulated_grad",
              "adadelta/d_bias_accumulated_delta_var"});
  CHECK(names_of("Adamax") == Names{"adamax/iteration", "adamax/learning_rate", "adamax/d_kernel_momentum",
                                    "adamax/d_kernel_norm", "adamax/d_bias_momentum", "adamax/d_bias_norm"});
  CHECK(names_of("Nadam") == Names{"nadam/iteration", "nadam/learning_rate", "nadam/d_kernel_momentum",
                                   "nadam/d_kernel_velocity", "nadam/d_bias_momentum",
                                   "nadam/d_bias_velocity", "nadam/variable"});
}

TEST_CASE("An optimizer with copied slots continues bit-identically", "[host][nn]") {
  for (const char* text : {"adamw", "adadelta(lr=0.5)", "adamax", "nadam"}) {
    INFO(text);
    Parameter p = parameter("kernel", {1.5F}), q = parameter("kernel", {1.5F});
    const auto one = make_optimizer(text), other = make_optimizer(text);
    one->build({{&p, "k"}});
    other->build({{&q, "k"}});
    const auto step = [](Optimizer& optimizer, Parameter& parameter, int at) {
      set_gradient(parameter, {static_cast<float>(gradient_at(at))});
      optimizer.step();
    };
    for (int at = 0; at < 3; ++at) step(*one, p, at);
    for (std::size_t i = 0; i < one->slots().size(); ++i)
      std::copy_n(one->slots()[i].data, one->slots()[i].size(), other->slots()[i].data);
    other->slots_written();
    q.values.data()[0] = p.values.data()[0];
    for (int at = 3; at < steps; ++at) {
      step(*one, p, at);
      step(*other, q, at);
    }
    CHECK(p.values.data()[0] == q.values.data()[0]);
  }
}

TEST_CASE("Clipping limits the step and does not change the gradient", "[host][nn]") {
  const auto step = [](const char* text) {
    Parameter p = parameter("kernel", {0, 0}), q = parameter("bias", {0});
    const std::unique_ptr<Optimizer> optimizer = make_optimizer(text);
    optimizer->build({{&p, "m_kernel"}, {&q, "m_bias"}});
    set_gradient(p, {3, -4});
    set_gradient(q, {0.5F});
    optimizer->step();
    CHECK(p.gradient.data()[1] == -4.0F);
    return std::vector<double>{-static_cast<double>(p.values.data()[0]),
                               -static_cast<double>(p.values.data()[1]),
                               -static_cast<double>(q.values.data()[0])};
  };
  const auto check = [](const std::vector<double>& found, const std::vector<double>& expected) {
    for (std::size_t i = 0; i < 3; ++i) CHECK(found[i] == Approx(expected[i]));
  };
  check(step("sgd(lr=1,clipvalue=2)"), {2, -2, 0.5});
  check(step("sgd(lr=1,clipnorm=1)"), {0.6, -0.8, 0.5});
  const double norm = std::sqrt(25.25);
  check(step("sgd(lr=1,global_clipnorm=1)"), {3 / norm, -4 / norm, 0.5 / norm});
  check(step("sgd(lr=1,global_clipnorm=100)"), {3, -4, 0.5});
}

TEST_CASE("A NaN gradient reaches the weight with every kind of clipping and every optimizer", "[host][nn]") {
  for (const char* text : {"sgd", "sgd(clipvalue=1)", "sgd(clipnorm=1)", "sgd(global_clipnorm=1)", "adamw",
                           "adadelta", "adamax", "nadam"}) {
    INFO(text);
    Parameter p = parameter("kernel", {0, 0});
    const std::unique_ptr<Optimizer> optimizer = make_optimizer(text);
    optimizer->build({{&p, "m_kernel"}});
    set_gradient(p, {std::numeric_limits<float>::quiet_NaN(), 1});
    optimizer->step();
    CHECK(std::isnan(p.values.data()[0]));
  }
}

TEST_CASE("The learning rate is a float32", "[host][nn]") {
  const std::unique_ptr<Optimizer> optimizer = make_optimizer("adam(lr=0.1)");
  CHECK(optimizer->hyper("learning_rate") == static_cast<double>(0.1F));
  CHECK(optimizer->set_hyper("lr", 0.3));
  CHECK(optimizer->hyper("lr") == static_cast<double>(0.3F));
  CHECK(optimizer->hyper("beta_1") == 0.9);
  CHECK(optimizer->set_hyper("beta_1", 0.5));
  CHECK(optimizer->hyper("beta_1") == 0.5);
  CHECK_FALSE(optimizer->hyper("momentum").has_value());
  CHECK_FALSE(optimizer->set_hyper("momentum", 0.5));
}

TEST_CASE("An invalid hyperparameter is refused", "[host][nn]") {
  const std::unique_ptr<Optimizer> optimizer = make_optimizer("sgd");
  const auto refusal = [&](const char* name, double value) {
    return error_of([&] { return optimizer->set_hyper(name, value); });
  };
  CHECK(refusal("learning_rate", -1) ==
        "KAIROS-M024: optimizer SGD: \"learning_rate\" cannot be set; found -1.0, expected a "
        "number from 0 to 3e+38. Change the options of the callback that sets it, or remove the callback.");
  CHECK(refusal("learning_rate", std::nan("")).find("\"learning_rate\" cannot be set") != std::string::npos);
  CHECK(refusal("learning_rate", 1e50).find("found 1e+50, expected a number from 0 to 3e+38. ") !=
        std::string::npos);
  CHECK(refusal("momentum", 0.9) ==
        "KAIROS-M024: optimizer SGD: \"momentum\" cannot be set; found 0.9, expected 0, because the "
        "optimizer was created without momentum. Start with a momentum above 0.");
  CHECK(refusal("momentum", 0).empty());
  CHECK(optimizer->hyper("learning_rate") == static_cast<double>(0.01F));
}

TEST_CASE("An unknown optimizer or argument is refused with advice", "[host][nn]") {
  struct Case {
    const char* text;
    const char* sentence;
  };
  for (const Case& c : {
           Case{"adm", "KAIROS-M020: optimizer: there is no optimizer \"adm\". Did you mean \"Adam\"?"},
           Case{"muon",
                "KAIROS-M020: optimizer: there is no optimizer \"muon\". Known names: SGD, Adam, AdamW, "
                "RMSprop, Adagrad, Adadelta, Adamax, Nadam, Adafactor, Ftrl, Lamb, Lion."},
           Case{"sgd(momentun=0.9)",
                "KAIROS-M002: optimizer SGD: there is no argument \"momentun\". Did you mean \"momentum\"?"},
           Case{"sgd(momentum=1.5)",
                "KAIROS-M003: optimizer SGD: \"momentum\" has a value that cannot be used; found 1.5, "
                "expected a number from 0 to 1. Give \"momentum\" such a value."},
           Case{"sgd(lr=fast)",
                "KAIROS-M003: optimizer SGD: \"learning_rate\" has a value that cannot be used; found "
                "\"fast\", "
                "expected a number from 0 to 3e+38. Give \"learning_rate\" such a value."},
           Case{"sgd(lr=nan)",
                "KAIROS-M003: optimizer SGD: \"learning_rate\" has a value that cannot be used; found nan, "
                "expected a number from 0 to 3e+38. Give \"learning_rate\" such a value."},
           Case{"sgd(lr=1e50)",
                "KAIROS-M003: optimizer SGD: \"learning_rate\" has a value that cannot be used; found 1e+50, "
                "expected a number from 0 to 3e+38. Give \"learning_rate\" such a value."},
           Case{"sgd(lr=1,learning_rate=2)",
                "KAIROS-M113: optimizer SGD: lr and learning_rate are the same argument; found "
                "both, expected one. Remove lr."},
           Case{"adamw(decay=0.1)",
                "KAIROS-M004: optimizer AdamW: \"decay\" is not supported; found 0.1, expected 0.0. Write "
                "learning_rate=InverseTimeDecay(RATE,1,DECAY)."},
           Case{"sgd(decay=-1)",
                "KAIROS-M111: optimizer SGD: \"decay\" has a value that cannot be used; found -1, expected a "
                "number from 0, such as 1e-4. Correct it."},
           Case{
               "sgd(lr=CosineDecay(1,1),decay=1e-2)",
               "KAIROS-M112: optimizer SGD: two schedules would set the learning rate; found decay with "
               "learning_rate={\"class_name\":\"CosineDecay\",\"config\":{\"decay_steps\":1,\"initial_learnin"
               "g_rate\":1}…, expected one of them. Leave decay out."},
           Case{"adam(ema_momentum=0.5)",
                "KAIROS-M004: optimizer Adam: \"ema_momentum\" is not supported; found 0.5, expected "
                "null. Set use_ema=true too."},
           Case{"adam(clipnorm=1,clipvalue=1)",
                "KAIROS-M003: optimizer Adam: \"clipnorm\" has a value that cannot be used; found 1, "
                "expected only one of "
                "clipvalue, clipnorm and global_clipnorm. Leave the others out."},
       }) {
    INFO(c.text);
    CHECK(error_of([&] { return make_optimizer(c.text); }) == c.sentence);
  }
}

TEST_CASE("An optimizer's JSON makes the same optimizer", "[host][nn]") {
  for (const char* text : {"sgd(lr=0.5,momentum=0.25,nesterov=true,clipnorm=2)",
                           "adam(amsgrad=true,weight_decay=0.5)", "rmsprop(centered=true,momentum=0.5)",
                           "adagrad(initial_accumulator_value=0.5)", "adamw(weight_decay=0.1)",
                           "adadelta(rho=0.5)", "adamax(beta_2=0.5)", "nadam(beta_1=0.5,clipnorm=1)"}) {
    INFO(text);
    const nlohmann::json json = make_optimizer(text)->json();
    CHECK(make_optimizer(json.dump())->json() == json);
  }
  CHECK(make_optimizer("adam(clipnorm=none)")->json() == make_optimizer("adam")->json());
}

TEST_CASE("The count of steps survives a round trip through the slots", "[host][nn]") {
  const std::unique_ptr<Optimizer> optimizer = make_optimizer("sgd");
  optimizer->build({});
  optimizer->set_iterations((std::int64_t{1} << 24) + 1);  // not a float32
  const std::span<const TensorRef> slots = optimizer->slots();
  CHECK(slots[0].name == "SGD/iteration");
  optimizer->slots_written();
  CHECK(optimizer->iterations() == (std::int64_t{1} << 24) + 1);
  slots[0].data[0] = 42;
  optimizer->slots_written();
  CHECK(optimizer->iterations() == 42);
}

TEST_CASE("Averages of the weights follow Keras' formula and become the weights at the end", "[host][nn]") {
  const auto run = [](const char* text, std::vector<float>& seen) {
    Parameter p = parameter("kernel", {1});
    const auto optimizer = make_optimizer(text);
    optimizer->build({{&p, "m_kernel"}});
    for (int step = 0; step < 3; ++step) {
      set_gradient(p, {1});
      optimizer->step();
      seen.push_back(p.values.data()[0]);
    }
    CHECK(optimizer->slots()[2].name == "SGD/m_kernel_average");
    seen.push_back(optimizer->slots()[2].data[0]);
    optimizer->finish();
    seen.push_back(p.values.data()[0]);
    CHECK(make_optimizer(optimizer->json().dump())->json() == optimizer->json());
  };
  std::vector<float> plain;
  run("SGD(learning_rate=0.25,use_ema=true,ema_momentum=0.5)", plain);
  // The first average is the first weight: 0.75; then (0.75 + 0.5) / 2, then with 0.25.
  CHECK(plain == std::vector<float>{0.75F, 0.5F, 0.25F, 0.4375F, 0.4375F});
  std::vector<float> overwritten;
  run("SGD(learning_rate=0.25,use_ema=true,ema_momentum=0.5,ema_overwrite_frequency=2)", overwritten);
  // In the second step the average 0.625 replaces the weight.
  CHECK(overwritten == std::vector<float>{0.75F, 0.625F, 0.375F, 0.5F, 0.5F});
}
