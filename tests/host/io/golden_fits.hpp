// SPDX-License-Identifier: MIT
// The location of the fits that Keras ran, and those of them with files that Keras wrote.
#pragma once

#include <filesystem>

namespace kairos::tests {

inline const std::filesystem::path golden = std::filesystem::path(KAIROS_TEST_DATA) / "fit";
inline constexpr const char* fits[] = {"mlp_adagrad_binary", "mlp_adam_class_weight_one_hot",
                                       "mlp_callbacks_together", "mlp_rmsprop_regression_l2",
                                       "mlp_sgd_nesterov_sample_weight"};

}  // namespace kairos::tests
