// SPDX-License-Identifier: MIT
// Transfers a model file, an array or an error as a sequence of bytes between two processes of the same
// program.
#pragma once

#include <string>

#include "base/input_file.hpp"
#include "io/model_file.hpp"
#include "io/text_array.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

/// Written through `write`, which returns false to stop.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual bool write(const void* bytes, std::size_t count) = 0;
};

void send_model(ByteSink& sink, const ModelFile& file);
void send_array(ByteSink& sink, const Array& array);
void send_texts(ByteSink& sink, const TextArray& array);
void send_error(ByteSink& sink, const Error& error);

/// Reads what was sent: sets `file`, or throws the error. False if `source` ends early or holds something
/// else; lengths beyond `size`, the number of bytes in `source`, are rejected.
[[nodiscard]] bool receive_model(ByteSource& source, std::uint64_t size, ModelFile& file);
[[nodiscard]] bool receive_texts(ByteSource& source, std::uint64_t size, TextArray& array);
[[nodiscard]] bool receive_array(ByteSource& source, std::uint64_t size, Array& array);

}  // namespace kairos::host
