// SPDX-License-Identifier: MIT
// Trains on images with a rectangle of another image.
#include <kairos/plugin.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "../common/draws.hpp"
#include "../common/mixed_targets.hpp"

namespace kairos::plugins {

/// Yun et al. 2019, "CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features",
/// as in the authors' code: one rectangle for each batch, whose sides are sqrt(1 - share) of the image's,
/// with a uniform centre; it is clipped at the borders, and the targets are mixed by its true area.
/// Difference: sample weights are mixed too.
struct CutMix : Callback<CutMix> {
  static constexpr auto id = "kairos.CutMix";
  static constexpr auto summary = "Trains on images with a rectangle of another image.";
  static constexpr auto capabilities = Can::WriteBatch;

  Option<double> alpha{this, "alpha", 1.0, "parameter of the distribution of the shares, Beta(alpha, alpha)",
                       above(0)};
  Option<double> probability{
      this,           "probability",        1.0, "share of the batches that are changed", kairos::min(0),
      kairos::max(1), kairos::alias("prob")};
  Option<int> height{this,           "height",      unset, "rows of an image, if the input is flat",
                     unit("pixels"), kairos::min(1)};
  Option<int> width{this,           "width",       unset, "columns of an image, if the input is flat",
                    unit("pixels"), kairos::min(1)};

  void setup(Run&) {
    if (!std::isfinite(alpha.value())) throw Error("alpha is not finite. Set for example alpha=1");
    if (height.is_set() != width.is_set())
      throw Error("height and width describe the images of a flat input together. Set both or neither");
  }

  void on_train_batch_begin(Batch& batch) {
    if (batch.samples() < 2) return;
    Draws draws(batch.random());
    if (draws.uniform() >= probability) return;
    if (batch.tensor_count(Role::Input) != 1)
      throw Error("the model has " + std::to_string(batch.tensor_count(Role::Input)) +
                  " inputs; expected one input of images. Leave CutMix out");
    const Tensor images = batch.tensor(Role::Input, 0, Access::Write);
    const Size size = size_of(images);
    const Box box = draw(draws, size);
    Pairs& pairs = *pairs_;
    draws.permute(pairs.partners, batch.samples());
    paste(images, size, box);
    pairs.share = 1 - static_cast<double>((box.bottom - box.top) * (box.right - box.left)) /
                          static_cast<double>(size.height * size.width);
    pairs.mix_targets(batch);
  }

 private:
  struct Size {
    std::int64_t height, width, channels;
  };
  struct Box {
    std::int64_t top, bottom, left, right;
  };

  [[nodiscard]] Size size_of(const Tensor& images) const {
    const std::int64_t values = images.size() / images.shape(0);
    if (height.is_set()) {
      const std::int64_t pixels = height * width;
      if (values % pixels != 0)
        throw Error("an image has " + std::to_string(values) +
                    " values, which are no whole number for each of " + std::to_string(height.value()) +
                    " by " + std::to_string(width.value()) + " pixels. Correct height and width");
      return {height, width, values / pixels};
    }
    if (images.rank() != 3 && images.rank() != 4)
      throw Error("the input \"" + std::string(images.name()) + "\" has " +
                  std::to_string(images.rank() - 1) +
                  " axes per sample; expected height, width and channels. Set height and width if it is a "
                  "flat image");
    return {images.shape(1), images.shape(2), images.rank() == 4 ? images.shape(3) : 1};
  }

  [[nodiscard]] Box draw(Draws& draws, const Size& size) const {
    const double side = std::sqrt(1 - draws.beta(alpha, alpha));
    const auto half = [side](std::int64_t all) {
      return static_cast<std::int64_t>(static_cast<double>(all) * side) / 2;
    };
    const std::int64_t x = draws.below(size.width), y = draws.below(size.height);
    const std::int64_t half_width = half(size.width), half_height = half(size.height);
    return {std::max<std::int64_t>(y - half_height, 0), std::min(y + half_height, size.height),
            std::max<std::int64_t>(x - half_width, 0), std::min(x + half_width, size.width)};
  }

  /// Copies the box of each image's partner into it.
  void paste(const Tensor& images, const Size& size, const Box& box) {
    std::vector<float>& before = pairs_->before;
    before.assign(images.begin(), images.end());
    const std::int64_t values = size.height * size.width * size.channels;
    float* image = images.mutable_data();
    for (const std::int64_t partner : pairs_->partners) {
      for (std::int64_t row = box.top; row < box.bottom; ++row) {
        const std::int64_t first = (row * size.width + box.left) * size.channels;
        std::copy_n(before.data() + partner * values + first, (box.right - box.left) * size.channels,
                    image + first);
      }
      image += values;
    }
  }

  Owned<Pairs> pairs_{this};
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::CutMix)
