// SPDX-License-Identifier: MIT
// What the author tells about a plugin, for `kairos plugins inspect` and for the report of a crash.
#pragma once

#include <cstdint>

namespace kairos {
inline namespace v1 {

/// Texts about a plugin, all optional, together at most 4 KiB:
///
///     KAIROS_PLUGIN_ABOUT("1.0.0", kairos::About().author("Jane Doe").support("https://example.com"), Mine)
///
/// They are only in the manifest, never compared, and change nothing.
struct About {
  struct Entry {
    const char* key;
    const char* text;  ///< null if it was not given
  };
  static constexpr std::uint32_t count = 5;
  Entry entries[count] = {{"author", nullptr},
                          {"license", nullptr},
                          {"url", nullptr},
                          {"description", nullptr},
                          {"support", nullptr}};

  [[nodiscard]] constexpr About author(const char* name) const { return with(0, name); }
  [[nodiscard]] constexpr About license(const char* name) const { return with(1, name); }
  [[nodiscard]] constexpr About url(const char* address) const { return with(2, address); }
  [[nodiscard]] constexpr About description(const char* sentences) const { return with(3, sentences); }
  /// Where users report problems: the line about a crash names it.
  [[nodiscard]] constexpr About support(const char* address) const { return with(4, address); }

  /// Bytes of all texts.
  [[nodiscard]] constexpr std::uint32_t length() const {
    std::uint32_t bytes = 0;
    for (const Entry& entry : entries)
      for (const char* at = entry.text; at != nullptr && *at != '\0'; ++at) ++bytes;
    return bytes;
  }

 private:
  [[nodiscard]] constexpr About with(std::uint32_t index, const char* text) const {
    About copy = *this;
    copy.entries[index].text = text;
    return copy;
  }
};

}  // namespace v1
}  // namespace kairos
