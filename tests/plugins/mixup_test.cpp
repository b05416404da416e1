// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "plugins/loaded_callback.hpp"

using Catch::Matchers::Contains;
using kairos::Role;
using kairos::testing::Fit;
using kairos::testing::Settings;
using kairos::tests::loaded;

namespace {

const kairos_callback& mixup() {
  return loaded("mixup", "kairos.Mixup");
}

std::vector<float> identity(std::size_t n) {
  std::vector<float> values(n * n);
  for (std::size_t i = 0; i < n; ++i) values[i * n + i] = 1;
  return values;
}

/// Sample i has the input e_i and the class i modulo 3.
void put_batch(Fit& fit, std::int64_t n) {
  fit.run_event().batch_size = n;
  std::vector<float> labels;
  for (std::int64_t i = 0; i < n; ++i) labels.push_back(static_cast<float>(i % 3));
  fit.host().tensors[Role::Input] = {{"x", {n, n}, identity(static_cast<std::size_t>(n))}};
  fit.host().tensors[Role::Target] = {{"y", {n}, labels}};
  fit.host().target_classes = {3};
}

/// The share and the partner of each sample, from inputs that were e_i.
std::vector<std::pair<double, std::size_t>> pairs_of(Fit& fit) {
  const auto& tensor = fit.host().tensors[Role::Input][0];
  const auto n = static_cast<std::size_t>(tensor.shape[0]);
  std::vector<std::pair<double, std::size_t>> pairs;
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t partner = i;
    for (std::size_t j = 0; j < n; ++j)
      if (j != i && tensor.values[i * n + j] != 0) partner = j;
    pairs.emplace_back(static_cast<double>(tensor.values[i * n + i]), partner);
  }
  return pairs;
}

std::vector<float> inputs_after(Fit& fit) {
  put_batch(fit, 8);
  fit.batch();
  return fit.host().tensors[Role::Input][0].values;
}

}  // namespace

TEST_CASE("Mixup mixes inputs and class numbers of pairs with one share", "[plugins]") {
  Fit fit(mixup(), {{"alpha", 1.0}});
  for (int batch = 0; batch < 20; ++batch) {
    put_batch(fit, 6);
    fit.batch();
    const auto pairs = pairs_of(fit);
    const auto& target = fit.host().tensors[Role::Target][0];
    REQUIRE(target.shape == std::vector<std::int64_t>{6, 3});
    double share = -1;
    std::vector<int> chosen(6);
    for (std::size_t i = 0; i < 6; ++i) {
      const auto [own, partner] = pairs[i];
      ++chosen[partner];
      if (partner != i && share < 0) share = own;
      if (partner != i) CHECK(own == Approx(share));
      for (std::size_t k = 0; k < 3; ++k) {
        const double of_own = i % 3 == k ? 1 : 0, of_partner = partner % 3 == k ? 1 : 0;
        CHECK(static_cast<double>(target.values[3 * i + k]) ==
              Approx(own * of_own + (1 - own) * of_partner).margin(1e-6));
      }
    }
    CHECK(chosen == std::vector<int>(6, 1));  // the partners are an order of the batch
  }
}

TEST_CASE("Mixup draws its share from Beta(alpha, alpha)", "[plugins]") {
  const double alpha = GENERATE(0.02, 0.2, 1.0, 8.0);
  Fit fit(mixup(), {{"alpha", alpha}});
  double sum = 0, squares = 0;
  int mixed = 0;
  for (int batch = 0; batch < 6000; ++batch) {
    put_batch(fit, 2);
    fit.batch();
    const auto pairs = pairs_of(fit);
    const double share = pairs[0].first;
    if (pairs[0].second == 0 && share > 0.5) continue;  // its own partner, or a share of 1
    ++mixed;
    sum += share;
    squares += share * share;
  }
  // A share of 1 in float32 looks as if the sample were its own partner; those of nearly 0 stay.
  if (alpha < 0.1) {
    CHECK(sum / mixed < 0.5);
    return;
  }
  const double mean = sum / mixed, variance = squares / mixed - mean * mean;
  CHECK(mean == Approx(0.5).margin(0.03));
  CHECK(variance == Approx(1 / (4 * (2 * alpha + 1))).epsilon(0.1));
}

TEST_CASE("Mixup draws the same for the same seed, name and batch, and needs no state", "[plugins]") {
  Fit first(mixup(), {{"alpha", 1.0}}, "Mixup");
  std::vector<std::vector<float>> batches;
  for (int i = 0; i < 4; ++i) batches.push_back(inputs_after(first));
  CHECK(batches[0] != batches[1]);
  CHECK(mixup().state_version == 0);
  Fit resumed(mixup(), {{"alpha", 1.0}}, "Mixup");
  resumed.host().training_batch = 2;
  CHECK(inputs_after(resumed) == batches[2]);
  CHECK(inputs_after(resumed) == batches[3]);
  Fit other_name(mixup(), {{"alpha", 1.0}}, "twin");
  CHECK(inputs_after(other_name) != batches[0]);
  Fit other_seed(mixup(), {{"alpha", 1.0}}, "Mixup");
  other_seed.host().seed = 1;
  CHECK(inputs_after(other_seed) != batches[0]);
}

TEST_CASE("Mixup mixes targets that are values in place, and sample weights unless all are the same",
          "[plugins]") {
  Fit fit(mixup(), {{"alpha", 4.0}});
  for (int batch = 0; batch < 10; ++batch) {
    put_batch(fit, 5);
    fit.host().target_classes = {0};
    fit.host().tensors[Role::Target] = {{"y", {5, 1}, {0, 10, 20, 30, 40}}, {"z", {5, 1}, {0, 1, 2, 3, 4}}};
    const std::vector<float> same(5, 2), weights{1, 2, 3, 4, 5};
    fit.host().tensors[Role::SampleWeight] = {{"y", {5}, same}, {"z", {5}, weights}};
    fit.batch();
    const auto pairs = pairs_of(fit);
    CHECK(fit.host().tensors[Role::SampleWeight][0].values == same);
    for (std::size_t i = 0; i < 5; ++i) {
      const auto [own, partner] = pairs[i];
      const double place = own * static_cast<double>(i) + (1 - own) * static_cast<double>(partner);
      CHECK(static_cast<double>(fit.host().tensors[Role::Target][0].values[i]) ==
            Approx(10 * place).margin(1e-4));
      CHECK(static_cast<double>(fit.host().tensors[Role::Target][1].values[i]) == Approx(place).margin(1e-5));
      CHECK(static_cast<double>(fit.host().tensors[Role::SampleWeight][1].values[i]) == Approx(1 + place));
    }
  }
}

TEST_CASE("Mixup leaves a batch of one sample alone", "[plugins]") {
  Fit fit(mixup());
  put_batch(fit, 1);
  fit.batch();
  CHECK(fit.host().tensors[Role::Target][0].shape == std::vector<std::int64_t>{1});
  CHECK(fit.host().calls("batch.replace") == 0);
}

TEST_CASE("Mixup refuses an alpha that is no parameter of a distribution", "[plugins]") {
  CHECK_THROWS_AS(Fit(mixup(), {{"alpha", 0.0}}), std::invalid_argument);
  CHECK_THROWS_AS(Fit(mixup(), {{"alpha", -1.0}}), std::invalid_argument);
  Fit fit(mixup(), {{"alpha", INFINITY}});
  CHECK_THROWS_WITH(fit.setup(), Contains("alpha is not finite. Set for example alpha=0.2"));
}
