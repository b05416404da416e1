// SPDX-License-Identifier: MIT
// CategoryEncoding: integers as one-hot rows, or as one row for each sample.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "nn/layers/category_code.hpp"
#include "nn/layers/layer_types.hpp"

namespace kairos::host {

namespace {

class CategoryEncodingLayer final : public CategoryLayer {
 public:
  explicit CategoryEncodingLayer(ConfigReader& config)
      : CategoryLayer(config, "CategoryEncoding"),
        categories_(config.required_integer("num_tokens", {1, 2147483647})),
        code_(config, {CategoryCode::Kind::OneHot, CategoryCode::Kind::MultiHot, CategoryCode::Kind::Count},
              CategoryCode::Kind::MultiHot) {
    config.unsupported("sparse", false, "Remove it from the layer");
  }

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    if (!code_.supports(inputs.front())) refuse_shape(inputs.front(), "(categories)");
    size_ = size_of(inputs.front());
    return code_.build(inputs.front(), categories_);
  }

  [[nodiscard]] std::string input_fault(const float* sample) const override {
    for (std::int64_t i = 0; i < size_; ++i)
      if (!(sample[i] >= 0 && sample[i] < static_cast<float>(categories_) &&
            sample[i] == std::floor(sample[i])))
        return "its values must be integers from 0 to " + std::to_string(categories_ - 1) +
               " (num_tokens - 1)";
    return "";
  }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    const float* const x = v.inputs.front();
    code_.encode(
        pass.batch,
        [&](std::int64_t i) {
          return x[i] >= 0 && x[i] < static_cast<float>(categories_) ? static_cast<std::int64_t>(x[i]) : -1;
        },
        v.output);
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    config["num_tokens"] = categories_;
    config["output_mode"] = code_.name();
  }

 private:
  std::int64_t categories_;
  CategoryCode code_;
};

}  // namespace

LayerType category_encoding_layer_type() {
  return {"CategoryEncoding",
          "categoryencoding",
          {"num_tokens", "output_mode"},
          [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<CategoryEncodingLayer>(config);
          }};
}

}  // namespace kairos::host
