// SPDX-License-Identifier: MIT
// A plugin with code that is often exported: templates, inline statics, and containers with unique symbols.
#include <kairos/plugin.hpp>

#include <functional>
#include <map>
#include <string>

namespace sample {

template <class T>
struct Registry {
  static inline std::map<std::string, T> entries;
  static T& last() {
    static T value{};
    return value;
  }
};

struct Sample : kairos::Callback<Sample> {
  static constexpr auto id = "com.example.Sample";
  static constexpr auto summary = "Counts epochs by name.";
  kairos::Option<std::string_view> name{this, "name", "epochs", "what to count under"};
  kairos::Owned<std::function<void(int)>> notify{this};

  void on_epoch_end(kairos::Epoch&) {
    Registry<int>::last() = ++Registry<int>::entries.try_emplace(std::string(name.value()), 0).first->second;
    if (*notify) (*notify)(Registry<int>::last());
  }
};

}  // namespace sample

KAIROS_PLUGIN("1.0.0", sample::Sample)
