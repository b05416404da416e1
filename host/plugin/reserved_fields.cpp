// SPDX-License-Identifier: MIT
// Later minors may give these fields a meaning, so that what is in them cannot be ignored for ever.
#include "plugin/reserved_fields.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "base/printable.hpp"
#include "plugin/manifest/rules.hpp"
#include "plugin/refusal.hpp"

namespace kairos::host {

namespace {

void require_zero(std::uint64_t value, const std::string& field) {
  if (value != 0)
    throw refusal(RefusalCode::BadData, {"", fmt::format("{}: {:#x}", field, value), "0, which is reserved"});
}

void check_option(const kairos_option& option, const std::string& callback) {
  const std::string where = callback + ", option " + printable(option.name);
  require_zero(option.reserved, where + ", reserved");
  require_zero(option.reserved_end, where + ", reserved_end");
  for (const auto& [value, name] :
       {std::pair{&option.initial, "default"}, {&option.min, "min"}, {&option.max, "max"}})
    require_zero(value->reserved, where + ", " + name + ", reserved");
}

void check_callback(const kairos_callback& callback) {
  const std::string where = "callback " + printable(callback.id);
  require_zero(callback.hooks->reserved, where + ", hooks, reserved");
  for (std::uint32_t i = 0; i < callback.option_count; ++i) check_option(*callback.options[i], where);
}

}  // namespace

void check_reserved_fields(const kairos_plugin& plugin) {
  constexpr std::uint32_t never_ignored = 0xFFFF;
  if (plugin.minor_built > KAIROS_ABI_MINOR) {
    if ((plugin.flags & never_ignored) != 0)
      throw newer_host_needed({"plugin, flags", fmt::format("{:#x}", plugin.flags), "0"}, plugin.minor_built);
    return;
  }
  require_zero(plugin.flags, "plugin, flags");
  require_zero(plugin.reserved, "plugin, reserved");
  for (std::uint32_t i = 0; i < plugin.callback_count; ++i) check_callback(*plugin.callbacks[i]);
}

}  // namespace kairos::host
