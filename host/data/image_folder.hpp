// SPDX-License-Identifier: MIT
// A directory of images, with a sub-directory for each class, as a data set.
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

/// Reads the directory `spec.file`: inputs are [n, height, width, channels] of 0 to 255, targets are [n]
/// class numbers in the order of class names, or of `spec.class_names`. Without sub-directories there are no
/// targets, which `spec.target_use` must allow. Images are sorted by path, or shuffled by
/// `spec.image_order_seed`.
[[nodiscard]] Dataset read_image_folder(const DataSpec& spec);

/// The same images, listed and not yet decoded. Thread-safe for reading.
class ImageFolder {
 public:
  /// Lists `spec.file`. Throws Error(Data), Error(File).
  explicit ImageFolder(const DataSpec& spec);

  [[nodiscard]] std::int64_t size() const noexcept { return static_cast<std::int64_t>(images_.size()); }
  /// [size, height, width, channels]
  [[nodiscard]] std::vector<std::int64_t> shape() const;
  /// Empty if there are no classes.
  [[nodiscard]] const std::vector<std::string>& class_names() const noexcept { return class_names_; }
  /// The path of each image.
  [[nodiscard]] std::vector<std::string> files() const;
  /// As Dataset::notes: the files that are no images.
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return notes_; }
  /// The class number of an image.
  [[nodiscard]] float label(std::int64_t index) const;
  /// Writes an image to `out`.
  void decode(std::int64_t index, std::span<float> out) const;

 private:
  struct ListedImage {
    std::filesystem::path path;
    std::size_t label = 0;
    std::optional<FileStamp> stamp;  ///< at the time of listing: each epoch must read the same image
  };
  void check(const DataSpec& spec) const;
  void list(const DataSpec& spec);
  void add_images(const std::filesystem::path& directory, std::size_t label);
  void check_found();
  void mix(std::uint64_t seed);

  std::string name_;
  ImageSize size_;
  ColorMode mode_;
  std::vector<std::string> class_names_;
  std::vector<ListedImage> images_;
  std::vector<std::filesystem::path> left_out_;    ///< files that are no images
  std::vector<std::filesystem::path> unreadable_;  ///< images that Keras reads and this program does not
  std::vector<std::string> notes_;
};

}  // namespace kairos::host
