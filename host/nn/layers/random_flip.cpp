// SPDX-License-Identifier: MIT
// RandomFlip: mirrors half of the images in training.
#include <nlohmann/json.hpp>
#include <string>

#include "nn/layers/layer_types.hpp"
#include "nn/layers/random_image.hpp"

namespace kairos::host {

namespace {

class RandomFlipLayer final : public RandomImageLayer {
 public:
  explicit RandomFlipLayer(ConfigReader& config)
      : RandomImageLayer(config, "RandomFlip"), mode_(config.text("mode", "horizontal_and_vertical")) {
    if (mode_ != "horizontal" && mode_ != "vertical" && mode_ != "horizontal_and_vertical")
      config.bad_value("mode", "horizontal, vertical or horizontal_and_vertical");
    config.unsupported("data_format", "channels_last", "Move the channels to the last dimension");
  }

 private:
  /// As in Keras, an image is mirrored in all directions of the mode, or in none.
  void change(RandomStream& random, const float* x, float* y, float*) const override {
    const bool flips = random.uniform() <= 0.5;
    const bool across = flips && mode_ != "vertical", down = flips && mode_ != "horizontal";
    const std::int64_t line = columns() * channels();
    for (std::int64_t row = 0; row < rows(); ++row) {
      const float* const from = x + (down ? rows() - 1 - row : row) * line;
      float* const to = y + row * line;
      if (!across) {
        std::copy_n(from, line, to);
        continue;
      }
      for (std::int64_t column = 0; column < columns(); ++column)
        std::copy_n(from + (columns() - 1 - column) * channels(), channels(), to + column * channels());
    }
  }

  void turn_back(RandomStream& random, const float*, const float* y_gradient, float* x_gradient,
                 float* scratch) const override {
    change(random, y_gradient, x_gradient, scratch);  // mirroring is its own inverse
  }

  void write_config(nlohmann::json& config) const override {
    RandomImageLayer::write_config(config);
    config["mode"] = mode_;
    config["data_format"] = "channels_last";
  }

  std::string mode_;
};

}  // namespace

LayerType random_flip_layer_type() {
  return {"RandomFlip", "randomflip", {"mode"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<RandomFlipLayer>(config);
          }};
}

}  // namespace kairos::host
