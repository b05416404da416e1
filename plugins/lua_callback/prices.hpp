// SPDX-License-Identifier: MIT
// Work of Lua's own functions, which the count of instructions does not see.
#pragma once

#include <lua.hpp>

namespace kairos::plugins {

/// Lets the functions of the open libraries that can loop for long in one call spend their work beforehand.
void add_prices(lua_State* lua);

}  // namespace kairos::plugins
