// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "plugins/loaded_callback.hpp"

using Catch::Matchers::Contains;
using kairos::Role;
using kairos::testing::Fit;
using kairos::tests::loaded;

namespace {

constexpr std::int64_t samples = 5, height = 6, width = 7;

const kairos_callback& cutmix() {
  return loaded("cutmix", "kairos.CutMix");
}

/// All values of channel c of image i are i + 10 c.
void put_images(Fit& fit, std::int64_t channels, const std::vector<std::int64_t>& shape) {
  fit.run_event().batch_size = samples;
  std::vector<float> values;
  for (std::int64_t i = 0; i < samples; ++i)
    for (std::int64_t pixel = 0; pixel < height * width; ++pixel)
      for (std::int64_t c = 0; c < channels; ++c) values.push_back(static_cast<float>(i + 10 * c));
  fit.host().tensors[Role::Input] = {{"x", shape, values}};
  fit.host().tensors[Role::Target] = {{"y", {samples}, {0, 1, 2, 3, 4}}};
  fit.host().target_classes = {samples};
}

/// Checks that each image has a rectangle of another one, the same for all, and that the targets have its
/// share. Returns its area.
std::int64_t check_images(Fit& fit, std::int64_t channels) {
  const auto& images = fit.host().tensors[Role::Input][0].values;
  const auto& targets = fit.host().tensors[Role::Target][0];
  CHECK(targets.shape == std::vector<std::int64_t>{samples, samples});
  std::int64_t largest = 0;
  for (std::int64_t i = 0; i < samples; ++i) {
    std::int64_t top = height, bottom = 0, left = width, right = 0, area = 0;
    std::set<std::int64_t> partners;
    for (std::int64_t y = 0; y < height; ++y)
      for (std::int64_t x = 0; x < width; ++x) {
        const std::int64_t first = ((i * height + y) * width + x) * channels;
        const auto value = static_cast<std::int64_t>(images[static_cast<std::size_t>(first)]);
        for (std::int64_t c = 1; c < channels; ++c)
          CHECK(images[static_cast<std::size_t>(first + c)] == static_cast<float>(value + 10 * c));
        if (value == i) continue;
        partners.insert(value);
        ++area;
        top = std::min(top, y), bottom = std::max(bottom, y + 1);
        left = std::min(left, x), right = std::max(right, x + 1);
      }
    if (area == 0) continue;  // its own partner, or an empty rectangle
    CHECK(partners.size() == 1);
    CHECK(area == (bottom - top) * (right - left));
    if (largest > 0) CHECK(area == largest);
    largest = area;
    const double share = static_cast<double>(area) / (height * width);
    const auto of = [&](std::int64_t label) {
      return static_cast<double>(targets.values[static_cast<std::size_t>(i * samples + label)]);
    };
    CHECK(of(*partners.begin()) == Approx(share));
    CHECK(of(i) == Approx(1 - share).margin(1e-6));
  }
  return largest;
}

}  // namespace

TEST_CASE("CutMix pastes a rectangle of another image and mixes the targets by its area", "[plugins]") {
  const auto [channels, shape] = GENERATE(table<std::int64_t, std::vector<std::int64_t>>({
      {1, {samples, height, width}},
      {1, {samples, height, width, 1}},
      {3, {samples, height, width, 3}},
  }));
  Fit fit(cutmix());
  std::set<std::int64_t> areas;
  for (int batch = 0; batch < 50; ++batch) {
    put_images(fit, channels, shape);
    fit.batch();
    areas.insert(check_images(fit, channels));
  }
  CHECK(areas.size() > 5);
}

TEST_CASE("CutMix takes flat images with their height and width", "[plugins]") {
  Fit fit(cutmix(), {{"height", 6}, {"width", 7}});
  for (int batch = 0; batch < 10; ++batch) {
    put_images(fit, 2, {samples, height * width * 2});
    fit.batch();
    (void)check_images(fit, 2);
  }
}

TEST_CASE("CutMix changes the share of batches that it is told", "[plugins]") {
  Fit fit(cutmix(), {{"probability", 0.25}});
  int changed = 0;
  for (int batch = 0; batch < 2000; ++batch) {
    put_images(fit, 1, {samples, height, width});
    fit.batch();
    changed += fit.host().tensors[Role::Target][0].shape.size() == 2 ? 1 : 0;
  }
  CHECK(changed == Approx(500).margin(80));
}

TEST_CASE("CutMix draws the same for the same seed, name and batch", "[plugins]") {
  const auto third = [](std::uint64_t begin) {
    Fit fit(cutmix(), {}, "CutMix");
    fit.host().training_batch = begin;
    std::vector<float> values;
    for (std::uint64_t batch = begin; batch < 3; ++batch) {
      put_images(fit, 1, {samples, height, width});
      fit.batch();
      values = fit.host().tensors[Role::Input][0].values;
    }
    return values;
  };
  CHECK(third(0) == third(2));
}

TEST_CASE("CutMix refuses what are no images with a sentence", "[plugins]") {
  Fit flat(cutmix());
  put_images(flat, 1, {samples, height * width});
  CHECK_THROWS_WITH(flat.batch(),
                    Contains("the input \"x\" has 1 axes per sample; expected height, width and "
                             "channels. Set height and width if it is a flat image"));
  Fit wrong(cutmix(), {{"height", 4}, {"width", 4}});
  put_images(wrong, 1, {samples, height * width});
  CHECK_THROWS_WITH(wrong.batch(),
                    Contains("an image has 42 values, which are no whole number for each of 4 by 4 "
                             "pixels. Correct height and width"));
  Fit one(cutmix(), {{"height", 4}});
  CHECK_THROWS_WITH(one.setup(), Contains("Set both or neither"));
  Fit two(cutmix());
  put_images(two, 1, {samples, height, width});
  two.host().tensors[Role::Input].push_back(two.host().tensors[Role::Input][0]);
  CHECK_THROWS_WITH(two.batch(), Contains("the model has 2 inputs; expected one input of images"));
  CHECK_THROWS_AS(Fit(cutmix(), {{"probability", 1.5}}), std::invalid_argument);
  CHECK_THROWS_AS(Fit(cutmix(), {{"alpha", 0.0}}), std::invalid_argument);
}
