// SPDX-License-Identifier: MIT
// The hyper-parameters of a run, for TensorBoard's table of runs.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace kairos::plugins::tensorboard {

using HParam = std::pair<std::string, std::variant<bool, double, std::string>>;
using HParams = std::vector<HParam>;

inline constexpr std::string_view session_start_tag = "_hparams_/session_start_info";
inline constexpr std::string_view session_end_tag = "_hparams_/session_end_info";

/// Parses "units=16,bias=true,optimizer=adam": numbers, booleans and text. The word "auto" sets
/// `wants_known`: the parameters that the run itself knows are listed too. Throws kairos::Error.
struct HParamsOption {
  HParams given;
  bool wants_known = false;
};
[[nodiscard]] HParamsOption parse_hparams(std::string_view text);

/// "optimizer" and "loss" of a compiled model, from its Keras JSON (compile_config). With several outputs,
/// the losses are "output=loss,…".
[[nodiscard]] HParams training_hparams(std::string_view keras_json);

/// The bytes of an HParamsPluginData. Times are seconds since 1970.
[[nodiscard]] std::string session_start(const HParams& hparams, double start);

enum class SessionEnd { Success = 1, Failure = 2 };  // TensorBoard's numbers
[[nodiscard]] std::string session_end(SessionEnd how, double end);

}  // namespace kairos::plugins::tensorboard
