// SPDX-License-Identifier: MIT
// UpSampling1D and UpSampling2D: sequences and images in a multiple of their size.
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "compute/resampling.hpp"
#include "nn/layers/interpolation.hpp"
#include "nn/layers/layer_types.hpp"
#include "nn/layers/window_config.hpp"

namespace kairos::host {

namespace {

class UpSamplingLayer final : public Layer {
 public:
  UpSamplingLayer(ConfigReader& config, std::string class_name, Rank rank)
      : Layer(config, std::move(class_name)),
        rank_(rank),
        size_(read_sizes(config, "size", rank)
                  .value_or(rank == Rank::One ? Window::Pair{1, 2} : Window::Pair{2, 2})) {
    if (rank == Rank::Two) interpolation_ = read_interpolation(config, "nearest");
  }

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    const Shape& shape = inputs.front();
    if (shape.size() != static_cast<std::size_t>(rank_) + 1)
      refuse_shape(shape, std::string("samples of ") + sample_noun(rank_));
    constexpr std::int64_t most_lines = 1 << 24;
    if (shape[0] > most_lines / size_[rank_ == Rank::One ? 1 : 0] ||
        (rank_ == Rank::Two && shape[1] > most_lines / size_[1]))
      refuse_shape(shape, "a size of at most " + std::to_string(most_lines) + " after up-sampling");
    if (rank_ == Rank::One) {  // its steps are the rows of an image of one column
      const std::int64_t steps = shape[0] * size_[1];
      resampler_.emplace(LineSection{shape[0], 0, shape[0], steps}, LineSection{1, 0, 1, 1}, shape[1],
                         interpolation_);
      return {steps, shape[1]};
    }
    const std::int64_t rows = shape[0] * size_[0], columns = shape[1] * size_[1];
    resampler_.emplace(LineSection{shape[0], 0, shape[0], rows}, LineSection{shape[1], 0, shape[1], columns},
                       shape[2], interpolation_);
    return {rows, columns, shape[2]};
  }

  void reserve(std::int64_t) override { resampler_->reserve(); }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    resampler_->forward(pass.batch, v.inputs.front(), v.output);
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    if (g.input_gradients.front() != nullptr)
      resampler_->backward(pass.batch, g.output_gradient, g.input_gradients.front());
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    if (rank_ == Rank::One) {
      config["size"] = size_[1];
      return;
    }
    config["size"] = sizes_json(size_, rank_);
    config["data_format"] = "channels_last";
    config["interpolation"] = interpolation_name(interpolation_);
  }

 private:
  Rank rank_;
  Window::Pair size_;
  Interpolation interpolation_ = Interpolation::Nearest;
  std::optional<Resampler> resampler_;
};

}  // namespace

LayerType up_sampling1d_layer_type() {
  return {"UpSampling1D", "upsample1d", {"size"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<UpSamplingLayer>(config, "UpSampling1D", Rank::One);
          }};
}

LayerType up_sampling2d_layer_type() {
  return {"UpSampling2D", "upsample", {"size"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<UpSamplingLayer>(config, "UpSampling2D", Rank::Two);
          }};
}

}  // namespace kairos::host
