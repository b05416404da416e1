// SPDX-License-Identifier: MIT
// The content of a gzip file, decompressed while it is read.
#pragma once

#include <zlib.h>

#include <string>

#include "base/input_file.hpp"

namespace kairos::host {

/// Whether `file` begins with the gzip signature. Does not change its position.
[[nodiscard]] bool is_gzip(const InputFile& file);

/// Throws Error(Data) for data that end early, are damaged or have a wrong checksum. `origin` is for
/// messages.
class GzipSource final : public ByteSource {
 public:
  GzipSource(const InputFile& file, std::string origin);
  ~GzipSource() override;
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;

  std::size_t read(std::span<std::byte> bytes) override;

 private:
  [[noreturn]] void damaged() const;

  std::string origin_;
  gzFile stream_;
};

}  // namespace kairos::host
