// SPDX-License-Identifier: MIT
// Multiplies the learning rate of layers, by name or by depth.
#include <kairos/plugin.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "../common/layer_patterns.hpp"
#include "../common/text.hpp"

namespace kairos::plugins {

/// Discriminative fine-tuning (Howard and Ruder, 2018): early layers, which a pretrained model shares with
/// other tasks, learn more slowly than late ones. The last layer with weights has the learning rate of the
/// optimizer, and each layer before it `decay` times that of the next one.
struct LayerwiseLearningRate : Callback<LayerwiseLearningRate> {
  static constexpr auto id = "kairos.LayerwiseLearningRate";
  static constexpr auto summary = "Multiplies the learning rate of layers, by name or by depth.";
  static constexpr auto capabilities = Can::ControlStep;

  Option<std::string_view> factors{this, "factors", unset,
                                   "layer=factor, separated by commas; * and ? stand for any characters and "
                                   "for one; the first that matches "
                                   "decides, before decay"};
  Option<double> decay{this,     "decay",       unset, "factor from each layer to the one before it",
                       above(0), kairos::max(1)};
  Option<int> verbose{this, "verbose", 0, "1 prints the factor of each layer", kairos::min(0)};

  void setup(Run& run) {
    if (rules().empty() && !decay.is_set())
      throw Error(
          "neither factors nor decay is set; expected one of them or both. Set for example decay=0.9");
    for (const Rule& rule : rules()) require_match(run, "factors", rule.pattern);
  }

  /// Every weight gets its factor, also 1: a resumed run may have other options.
  void on_train_begin(Run& run) {
    const std::vector<Rule> all = rules();
    const std::vector<std::string> layers = layers_of(run);
    std::string told;
    for (std::uint32_t i = 0; i < run.tensor_count(Role::Weight); ++i) {
      const Tensor weight = run.tensor(Role::Weight, i);
      const double factor = factor_of(weight.name(), all, layers);
      const std::string layer(layer_of(weight.name()));
      const bool is_new = weight.trainable() && told != layer;
      run.scale_rate(i, factor);
      if (verbose > 0 && is_new) {
        told = layer;
        run.print(told + ": " + shortest(static_cast<float>(factor)) + " times the learning rate");
      }
    }
  }

 private:
  struct Rule {
    std::string pattern;
    double factor;
  };

  [[nodiscard]] std::vector<Rule> rules() const {
    std::vector<Rule> all;
    if (!factors.is_set()) return all;
    for (const std::string& word : words_of(factors)) {
      const std::size_t equals = word.rfind('=');
      double factor = 0;
      const std::string number = equals == std::string::npos ? "" : word.substr(equals + 1);
      const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), factor);
      if (error != std::errc() || end != number.data() + number.size() || equals == 0 ||
          !std::isfinite(factor) || factor < 0)
        throw Error("factors: found \"" + word +
                    "\"; expected a layer and a number from 0, such as conv*=0.1. Correct it");
      all.push_back({word.substr(0, equals), factor});
    }
    return all;
  }

  [[nodiscard]] double factor_of(std::string_view weight, const std::vector<Rule>& all,
                                 const std::vector<std::string>& layers) const {
    for (const Rule& rule : all)
      if (matches_weight(rule.pattern, weight)) return rule.factor;
    if (!decay.is_set()) return 1;
    const auto layer = std::find(layers.begin(), layers.end(), layer_of(weight));
    return std::pow(decay, static_cast<double>(layers.end() - layer - 1));
  }
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::LayerwiseLearningRate)
