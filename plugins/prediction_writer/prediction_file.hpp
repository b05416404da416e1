// SPDX-License-Identifier: MIT
// A table of numbers that is written row by row, as NPY or CSV, and takes its name when it is complete.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "part_file.hpp"

namespace kairos::plugins {

/// An incomplete file is removed. Errors are thrown as kairos::Error with a way out.
class PredictionFile {
 public:
  PredictionFile() = default;
  ~PredictionFile() { abandon(); }
  PredictionFile(const PredictionFile&) = delete;
  PredictionFile& operator=(const PredictionFile&) = delete;

  [[nodiscard]] bool is_open() const { return out_ != nullptr; }

  /// Begins a file of rows of this shape, instead of one that has been begun before.
  void open(std::filesystem::path file, std::vector<std::int64_t> shape) {
    abandon();
    part_.begin(std::move(file));
    shape_ = std::move(shape);
    rows_ = 0;
    out_.reset(std::fopen(part_.path().c_str(), "we"));
    if (out_ == nullptr) fail(std::strerror(errno));
  }
  [[nodiscard]] const std::vector<std::int64_t>& shape() const { return shape_; }

  void write(std::string_view bytes) {
    if (std::fwrite(bytes.data(), 1, bytes.size(), out_.get()) != bytes.size()) fail(std::strerror(errno));
  }
  /// Room for what close_npy writes when the number of rows is known.
  void begin_npy() { write(std::string(header_size, ' ')); }
  void add_rows(std::int64_t count) { rows_ += count; }

  void close_npy() {
    if (std::fseek(out_.get(), 0, SEEK_SET) != 0) fail(std::strerror(errno));
    write(npy_header());
    close();
  }
  /// The file takes its name. Its content is on the disk then.
  void close() {
    if (std::fflush(out_.get()) != 0 || ::fsync(::fileno(out_.get())) != 0) fail(std::strerror(errno));
    out_.reset();
    part_.finish();
  }
  void abandon() {
    out_.reset();
    part_.remove();
  }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  static constexpr std::size_t header_size = 256;

  /// Version 1.0 of the format, padded so that the numbers begin at a multiple of 64 bytes.
  [[nodiscard]] std::string npy_header() const {
    std::string text = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(rows_) + ',';
    for (const std::int64_t size : shape_) text += ' ' + std::to_string(size) + ',';
    text += "), }";
    constexpr std::size_t length = header_size - 10;
    text.resize(length - 1, ' ');
    return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(length & 255) +
           static_cast<char>(length >> 8) + text + '\n';
  }

  [[noreturn]] void fail(const std::string& why) {
    out_.reset();
    part_.fail(why);
  }

  PartFile part_;
  std::vector<std::int64_t> shape_;
  std::int64_t rows_ = 0;
  std::unique_ptr<std::FILE, Close> out_;
};

}  // namespace kairos::plugins
