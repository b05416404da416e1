// SPDX-License-Identifier: MIT
// Rows of values that are contiguous in a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/input_file.hpp"
#include "data/rows/array_rows.hpp"

namespace kairos::host {

/// Reads contiguous values; derived classes define where they begin and how they are encoded.
class StoredRows : public ArrayRows {
 public:
  void read(std::int64_t first, std::int64_t count, float* out, Scratch& scratch) const override;
  void check_unchanged() const override { file_.check_unchanged(); }
  [[nodiscard]] const std::vector<std::int64_t>& shape() const override { return shape_; }

 protected:
  explicit StoredRows(const std::string& file) : StoredRows(file, file) {}
  /// `name` is used in messages.
  StoredRows(const std::string& file, std::string name) : name_(std::move(name)), file_(file) {}
  /// To be called once: the values begin at byte `begin` and have `width` bytes each.
  void place(std::vector<std::int64_t> shape, std::uint64_t begin, std::uint64_t width);
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] InputFile& file() noexcept { return file_; }

 private:
  /// Converts `bytes`, the values starting at index `at`.
  virtual void convert(std::span<const std::byte> bytes, std::uint64_t at, float* out) const = 0;

  std::string name_;
  InputFile file_;
  std::vector<std::int64_t> shape_;
  std::uint64_t begin_ = 0;
  std::uint64_t width_ = 1;
  std::uint64_t row_size_ = 1;
};

}  // namespace kairos::host
