// SPDX-License-Identifier: MIT
// What other callbacks have published, as TensorBoard shows it.
#pragma once

#include <kairos/artifact.hpp>
#include <string>

#include "event_file.hpp"

namespace kairos::plugins::tensorboard {

/// Writes the artifact under "publisher/name": an image or a histogram as such; a text, a table and the path
/// of a file as Markdown. The step is the epoch, outside of one the optimizer step. TensorBoard shows no SVG.
/// Flushes.
void write_artifact(EventFile& file, const Artifact& artifact);

/// `text` as a block of Markdown that shows every character as it is.
[[nodiscard]] std::string code_block(std::string_view text);
/// A table of numbers in Markdown. Names have no meaning in it beyond their letters.
[[nodiscard]] std::string markdown_table(const Artifact& table);

}  // namespace kairos::plugins::tensorboard
