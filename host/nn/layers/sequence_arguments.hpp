// SPDX-License-Identifier: MIT
// The arguments that Keras' recurrent layers have in common.
#pragma once

#include <nlohmann/json.hpp>

#include "nn/keras/config_reader.hpp"

namespace kairos::host {

struct SequenceArguments {
  explicit SequenceArguments(ConfigReader& config)
      : return_sequences(config.boolean("return_sequences", false)),
        return_state(config.boolean("return_state", false)),
        go_backwards(config.boolean("go_backwards", false)),
        unroll(config.boolean("unroll", false)),
        zero_output_for_mask(config.boolean("zero_output_for_mask", false)) {}

  /// Writes `stateful` too, which is refused unless it is false.
  void write(nlohmann::json& config) const {
    config["return_sequences"] = return_sequences;
    config["return_state"] = return_state;
    config["go_backwards"] = go_backwards;
    config["stateful"] = false;
    config["unroll"] = unroll;
    config["zero_output_for_mask"] = zero_output_for_mask;
  }

  bool return_sequences, return_state, go_backwards, unroll, zero_output_for_mask;
};

}  // namespace kairos::host
