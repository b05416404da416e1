// SPDX-License-Identifier: MIT
// Reads the kind of a code, and shapes its rows.
#include "nn/layers/category_code.hpp"

#include <algorithm>

namespace kairos::host {

namespace {

const char* kind_name(CategoryCode::Kind kind) noexcept {
  switch (kind) {
    case CategoryCode::Kind::Index:
      return "int";
    case CategoryCode::Kind::OneHot:
      return "one_hot";
    case CategoryCode::Kind::MultiHot:
      return "multi_hot";
    case CategoryCode::Kind::Count:
      return "count";
  }
  return "";
}

}  // namespace

CategoryCode::CategoryCode(ConfigReader& config, const std::vector<Kind>& known, Kind fallback)
    : kind_(fallback) {
  const std::string name = config.text("output_mode", kind_name(fallback));
  std::string list;
  for (const Kind kind : known) {
    if (name == kind_name(kind)) {
      kind_ = kind;
      return;
    }
    list += (list.empty() ? "" : kind == known.back() ? " or " : ", ") + std::string(kind_name(kind));
  }
  config.bad_value("output_mode", list);
}

bool CategoryCode::supports(const Shape& shape) const {
  return kind_ == Kind::Index || kind_ == Kind::OneHot || shape.size() == 1;
}

Shape CategoryCode::build(const Shape& shape, std::int64_t categories) {
  size_ = size_of(shape);
  categories_ = categories;
  if (kind_ == Kind::Index) return shape;
  Shape output = shape;
  // One-hot rows replace a last dimension of 1, and follow any other.
  if (kind_ != Kind::OneHot || (!output.empty() && output.back() == 1)) output.pop_back();
  output.push_back(categories);
  return output;
}

void CategoryCode::clear(std::int64_t rows, float* output) const {
  std::fill_n(output, rows * categories_, 0.0F);
}

const char* CategoryCode::name() const noexcept {
  return kind_name(kind_);
}

}  // namespace kairos::host
