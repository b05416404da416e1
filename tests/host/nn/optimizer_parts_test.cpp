// SPDX-License-Identifier: MIT
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "compute/parallel.hpp"
#include "host/compute/normal_values.hpp"
#include "nn/optimizer.hpp"

using namespace kairos::host;

namespace {

/// The weight after three steps with the same gradient.
std::vector<float> updated(const std::string& optimizer_text, const std::vector<float>& start,
                           const std::vector<float>& gradient) {
  Parameter p;
  p.name = "kernel";
  p.shape = {static_cast<std::int64_t>(start.size())};
  p.values.reserve(p.size());
  p.gradient.reserve(p.size());
  std::copy(start.begin(), start.end(), p.values.data());
  std::copy(gradient.begin(), gradient.end(), p.gradient.data());
  const std::unique_ptr<Optimizer> optimizer = make_optimizer(optimizer_text);
  optimizer->build({{&p, "m_kernel"}});
  for (int step = 0; step < 3; ++step) optimizer->step();
  return {p.values.data(), p.values.data() + p.size()};
}

std::vector<float> updated_on(std::int64_t threads, const std::string& optimizer_text,
                              const std::vector<float>& start, const std::vector<float>& gradient) {
  const std::int64_t before = parallel_threads();
  set_parallel_threads(threads);
  std::vector<float> values = updated(optimizer_text, start, gradient);
  set_parallel_threads(before);
  return values;
}

}  // namespace

TEST_CASE("Large weights are updated in parts, with the same bits on any number of threads", "[host][nn]") {
  constexpr std::int64_t n = 70001;
  const std::vector<float> start = kairos::tests::normal_values(n, 1),
                           gradient = kairos::tests::normal_values(n, 2);
  double squares = 0;
  for (const float g : gradient) squares += static_cast<double>(g) * static_cast<double>(g);
  for (const std::string name :
       {"SGD(momentum=0.9", "Adam(amsgrad=true", "RMSprop(centered=true", "Nadam(epsilon=1e-7",
        "Adadelta(rho=0.9", "Adagrad(epsilon=1e-7", "Adamax(epsilon=1e-7"})
    for (const std::string more :
         {")", ",weight_decay=0.1,clipvalue=0.5,use_ema=true,ema_overwrite_frequency=2)", ",clipnorm=2)",
          ",global_clipnorm=2)"}) {
      INFO(name << more);
      const std::vector<float> found = updated_on(1, name + more, start, gradient);
      CHECK(found == updated_on(2, name + more, start, gradient));
      // A weight of one value has the same result, with the gradient as the norm of all would clip it.
      const bool by_norm = more.find("clipnorm") != std::string::npos;
      for (const std::size_t i : {0, 4095, 4096, 35008, 70000}) {
        const auto g = static_cast<double>(gradient[i]);
        const std::vector<float> alone{static_cast<float>(by_norm ? 2 * g / std::sqrt(squares) : g)};
        const float expected = updated(name + (by_norm ? ")" : more), {start[i]}, alone).front();
        CHECK(static_cast<double>(found[i]) ==
              Approx(static_cast<double>(expected)).epsilon(1e-5).margin(1e-6));
      }
    }
}
