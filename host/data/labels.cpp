// SPDX-License-Identifier: MIT
// Labels are sorted once at the end, so that their order in the file does not matter.
#include "data/labels.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "kairos/host/error.hpp"

namespace kairos::host {

bool is_missing_mark(const std::string& label) {
  constexpr std::array<std::string_view, 7> marks = {"?", "NA", "N/A", "null", "NULL", "None", "#N/A"};
  return std::find(marks.begin(), marks.end(), label) != marks.end();
}

bool Labels::add(const std::string& label) {
  const auto [place, is_new] = seen_.try_emplace(label, seen_.size());
  rows_.push_back(place->second);
  return is_new;
}

void Labels::append(const Labels& other) {
  std::vector<std::size_t> order_of(other.seen_.size());
  for (const auto& [label, order] : other.seen_)
    order_of[order] = seen_.try_emplace(label, seen_.size()).first->second;
  for (const std::size_t order : other.rows_) rows_.push_back(order_of[order]);
}

std::vector<std::string> Labels::sorted() const {
  std::vector<std::string> names;
  for (const auto& [label, order] : seen_) names.push_back(label);
  return names;
}

std::vector<float> Labels::numbers(const std::vector<std::string>& class_names, const Dataset& data) const {
  const std::vector<std::string> names = class_names.empty() ? sorted() : class_names;
  std::vector<float> number_of(seen_.size());
  for (const auto& [label, order] : seen_) {
    const auto known = std::find(names.begin(), names.end(), label);
    if (known == names.end()) {
      const auto row = std::find(rows_.begin(), rows_.end(), order) - rows_.begin();
      throw Error(ErrorKind::Data, {"KAIROS-D033", data.place(row), "the model was not trained on this label",
                                    "\"" + label + "\"", "one of its labels", suggest(label, names)});
    }
    number_of[order] = static_cast<float>(known - names.begin());
  }
  std::vector<float> values;
  values.reserve(rows_.size());
  for (const std::size_t order : rows_) values.push_back(number_of[order]);
  return values;
}

}  // namespace kairos::host
