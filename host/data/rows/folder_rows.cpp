// SPDX-License-Identifier: MIT
// Images, decoded when they are read, and their class numbers.
#include <span>
#include <utility>

#include "data/image_folder.hpp"
#include "data/rows/array_rows.hpp"

namespace kairos::host {

namespace {

class ImageRows final : public ArrayRows {
 public:
  explicit ImageRows(std::shared_ptr<const ImageFolder> folder)
      : folder_(std::move(folder)), shape_(folder_->shape()) {}

  [[nodiscard]] const std::vector<std::int64_t>& shape() const override { return shape_; }

  void read(std::int64_t first, std::int64_t count, float* out, Scratch&) const override {
    const auto size = static_cast<std::size_t>(shape_[1] * shape_[2] * shape_[3]);
    for (std::int64_t i = 0; i < count; ++i)
      folder_->decode(first + i, std::span(out + static_cast<std::size_t>(i) * size, size));
  }

 private:
  std::shared_ptr<const ImageFolder> folder_;
  std::vector<std::int64_t> shape_;
};

class LabelRows final : public ArrayRows {
 public:
  explicit LabelRows(std::shared_ptr<const ImageFolder> folder)
      : folder_(std::move(folder)), shape_{folder_->size()} {}

  [[nodiscard]] const std::vector<std::int64_t>& shape() const override { return shape_; }

  void read(std::int64_t first, std::int64_t count, float* out, Scratch&) const override {
    for (std::int64_t i = 0; i < count; ++i) out[i] = folder_->label(first + i);
  }

 private:
  std::shared_ptr<const ImageFolder> folder_;
  std::vector<std::int64_t> shape_;
};

}  // namespace

FolderRows open_folder_rows(const DataSpec& spec) {
  const auto folder = std::make_shared<const ImageFolder>(spec);
  FolderRows rows{std::make_unique<ImageRows>(folder), nullptr, folder->class_names(), folder->files(),
                  folder->notes()};
  if (!rows.class_names.empty()) rows.labels = std::make_unique<LabelRows>(folder);
  return rows;
}

}  // namespace kairos::host
