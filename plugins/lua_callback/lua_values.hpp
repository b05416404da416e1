// SPDX-License-Identifier: MIT
// Lua values as bytes, for the state of a script.
#pragma once

#include <cstddef>
#include <lua.hpp>
#include <string>
#include <string_view>

namespace kairos::plugins {

/// The value at the top of the stack, which stays: booleans, numbers, strings and plain tables of these.
/// Equal values have equal bytes; numbers keep every bit. Throws kairos::Error for other types, tables that
/// are keys or have a metatable, more than 100 tables inside each other, and more than `limit` bytes. In
/// Sandbox::run().
[[nodiscard]] std::string bytes_of_value(lua_State* lua, std::size_t limit);

/// Pushes the value again. Throws kairos::Error if the bytes are none.
void push_value(lua_State* lua, std::string_view bytes);

}  // namespace kairos::plugins
