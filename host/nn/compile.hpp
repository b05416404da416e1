// SPDX-License-Identifier: MIT
// Compiling a model together with other parts of its file.
#pragma once

#include <memory>

#include "kairos/host/compile.hpp"
#include "nn/keras/keys.hpp"

namespace kairos::host {

/// As the public `compile`, but adds unknown keys to `unknown` instead of sending warnings. The caller may
/// have read other parts of the same file with it, and calls warn_unknown_keys once.
[[nodiscard]] std::unique_ptr<Model> compile(const ModelSource& source, const CompileOptions& options,
                                             UnknownKeys& unknown);

/// Sends the warnings to the source's messages, if it has a sink.
void warn_unknown_keys(const UnknownKeys& unknown, const ModelSource& source);

}  // namespace kairos::host
