// SPDX-License-Identifier: MIT
// Takes the first instance that waits for none of those left, again and again.
#include "plugin/run/calling_order.hpp"

#include <algorithm>

#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

/// Whether a list of ids means the callback, by its id or a former one.
bool means(const std::vector<std::string>& ids, const CallbackManifest& callback) {
  return std::ranges::any_of(ids, [&callback](const std::string& id) {
    return id == callback.id || std::ranges::find(callback.aliases, id) != callback.aliases.end();
  });
}

bool comes_first(const CallbackManifest& a, const CallbackManifest& b) {
  return a.phase == b.phase && (means(a.before, b) || means(b.after, a));
}

}  // namespace

std::vector<std::size_t> calling_order(std::span<const Ordered> given) {
  std::vector<std::size_t> order, left;
  for (std::size_t i = 0; i < given.size(); ++i) left.push_back(i);
  while (!left.empty()) {
    const auto next = std::ranges::find_if(left, [&](std::size_t one) {
      return std::ranges::none_of(left, [&](std::size_t other) {
        return other != one && comes_first(*given[other].callback, *given[one].callback);
      });
    });
    if (next == left.end()) {
      // What only waits for the others is no part of the contradiction.
      const auto precedes_none = [&](std::size_t one) {
        return std::ranges::none_of(left, [&](std::size_t other) {
          return other != one && comes_first(*given[one].callback, *given[other].callback);
        });
      };
      for (auto end = left.end(); (end = std::ranges::find_if(left, precedes_none)) != left.end();)
        left.erase(end);
      std::string names;
      for (const std::size_t i : left) names += (names.empty() ? "" : ", ") + given[i].name;
      throw Error(ErrorKind::Plugin,
                  {"KAIROS-O061", names, "each of these callbacks is to be called before another one of them",
                   "", "an order", "Leave one of them out, and tell the authors of their plugins"});
    }
    order.push_back(*next);
    left.erase(next);
  }
  return order;
}

}  // namespace kairos::host
