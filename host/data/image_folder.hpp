// SPDX-License-Identifier: MIT
// A directory of pictures with a sub-directory for each class as a data set.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/input_file.hpp"
#include "kairos/host/data.hpp"

namespace kairos::host {

/// Reads `spec.file`, a directory: inputs [n, height, width, channels] of 0 to 255, targets [n] the number of
/// the class in the order of their names, or in `spec.class_names`. Without sub-directories there are no
/// targets, which `spec.target_use` must allow. Pictures come in the order of their paths, or of
/// `spec.image_order_seed`.
[[nodiscard]] Dataset read_image_folder(const DataSpec& spec);

/// The same pictures, listed and not yet decoded. Several threads may read.
class ImageFolder {
 public:
  /// Lists `spec.file`. Throws Error(Data), Error(File).
  explicit ImageFolder(const DataSpec& spec);

  [[nodiscard]] std::int64_t size() const noexcept { return static_cast<std::int64_t>(pictures_.size()); }
  /// [size, height, width, channels]
  [[nodiscard]] std::vector<std::int64_t> shape() const;
  /// Empty if there are no classes.
  [[nodiscard]] const std::vector<std::string>& class_names() const noexcept { return class_names_; }
  /// The path of each picture.
  [[nodiscard]] std::vector<std::string> files() const;
  /// The number of the class of a picture.
  [[nodiscard]] float label(std::int64_t index) const;
  /// Writes a picture to `out`.
  void decode(std::int64_t index, std::span<float> out) const;

 private:
  struct Picture {
    std::filesystem::path path;
    std::size_t label = 0;
    std::optional<FileStamp> stamp;  ///< when it was listed: each epoch must read the same picture
  };
  void check(const DataSpec& spec) const;
  void list(const DataSpec& spec);
  void add_pictures(const std::filesystem::path& directory, std::size_t label);
  void mix(std::uint64_t seed);

  std::string name_;
  ImageSize size_;
  ColorMode mode_;
  std::vector<std::string> class_names_;
  std::vector<Picture> pictures_;
};

}  // namespace kairos::host
