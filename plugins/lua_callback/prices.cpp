// SPDX-License-Identifier: MIT
// Estimates the work of Lua's own functions before they do it.
#include "prices.hpp"

#include <algorithm>
#include <cstdint>

#include "sandbox.hpp"

namespace kairos::plugins {
namespace {

using Check = void (*)(lua_State*);

/// Calls a function of a library, the first upvalue, after its check, the second. It runs in this frame, so
/// that its errors have its name and the line of the script.
int checked(lua_State* lua) {
  reinterpret_cast<Check>(lua_touserdata(lua, lua_upvalueindex(2)))(lua);
  return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

void spend(lua_State* lua, double work) {
  constexpr double most = 1e10;  // more than any limit
  Sandbox::of(lua).spend(lua, work > 0 ? static_cast<std::int64_t>(std::min(work, most)) : 0);
}

double length_at(lua_State* lua, int index) {
  return static_cast<double>(lua_rawlen(lua, index));
}

double number_at(lua_State* lua, int index, double initial) {
  return lua_isnumber(lua, index) != 0 ? lua_tonumber(lua, index) : initial;
}

/// A length that the script computes may be another one at the second call.
void refuse_computed_length(lua_State* lua) {
  if (luaL_getmetafield(lua, 1, "__len") != LUA_TNIL)
    luaL_argerror(lua, 1, "tables with __len are not supported here");
}

/// insert and remove move what follows the position.
void of_insert(lua_State* lua) {
  refuse_computed_length(lua);
  if (lua_gettop(lua) > 2) spend(lua, length_at(lua, 1) - number_at(lua, 2, 0));
}
void of_remove(lua_State* lua) {
  refuse_computed_length(lua);
  if (lua_gettop(lua) > 1) spend(lua, length_at(lua, 1) - number_at(lua, 2, 0));
}
void of_sort(lua_State* lua) {
  refuse_computed_length(lua);
  spend(lua, 32 * length_at(lua, 1));
}
void of_move(lua_State* lua) {
  spend(lua, number_at(lua, 3, 0) - number_at(lua, 2, 0) + 1);
}

/// Elements from the argument `first` to the one behind it, which is the length if it is left out.
void of_range(lua_State* lua, int first) {
  const int type = lua_type(lua, 1);
  lua_settop(lua, first + 1);
  if (lua_isnil(lua, first + 1) && (type == LUA_TTABLE || type == LUA_TUSERDATA || type == LUA_TSTRING)) {
    lua_pushinteger(lua, luaL_len(lua, 1));
    lua_replace(lua, first + 1);
  }
  spend(lua, number_at(lua, first + 1, 0) - number_at(lua, first, 1) + 1);
}
void of_unpack(lua_State* lua) {
  of_range(lua, 2);
}
void of_concat(lua_State* lua) {
  of_range(lua, 3);
}

/// The memory of the result counts already.
void of_repeat(lua_State* lua) {
  if (length_at(lua, 1) + length_at(lua, 3) < 1) spend(lua, number_at(lua, 2, 0) / 4);
}

/// Comparing the pattern at each place, without its repetitions.
void search_from(lua_State* lua, double first) {
  if (lua_type(lua, 1) == LUA_TSTRING && lua_type(lua, 2) == LUA_TSTRING)
    spend(lua, (length_at(lua, 1) - first) * length_at(lua, 2) / 128);
}
void of_search(lua_State* lua) {
  search_from(lua, 0);
}
void of_search_from(lua_State* lua) {
  search_from(lua, std::max(number_at(lua, 3, 1), 1.0) - 1);
}
void of_utf8(lua_State* lua) {
  spend(lua, length_at(lua, 1) / 2);
}

/// Finalizers would run where instructions are not counted.
void of_setmetatable(lua_State* lua) {
  if (lua_type(lua, 2) != LUA_TTABLE) return;
  lua_pushliteral(lua, "__gc");
  if (lua_rawget(lua, 2) != LUA_TNIL) luaL_error(lua, "__gc is not available in this sandbox");
  lua_pop(lua, 1);
}

struct Price {
  const char* library;
  const char* function;
  Check check;
};
constexpr Price prices[] = {{"_G", "setmetatable", of_setmetatable},
                            {"table", "insert", of_insert},
                            {"table", "remove", of_remove},
                            {"table", "sort", of_sort},
                            {"table", "move", of_move},
                            {"table", "unpack", of_unpack},
                            {"table", "concat", of_concat},
                            {"string", "rep", of_repeat},
                            {"string", "find", of_search_from},
                            {"string", "match", of_search_from},
                            {"string", "gmatch", of_search_from},
                            {"string", "gsub", of_search},
                            {"utf8", "len", of_utf8}};

}  // namespace

void add_prices(lua_State* lua) {
  for (const Price& price : prices) {
    lua_getglobal(lua, price.library);
    lua_getfield(lua, -1, price.function);
    lua_pushlightuserdata(lua, reinterpret_cast<void*>(price.check));
    lua_pushcclosure(lua, checked, 2);
    lua_setfield(lua, -2, price.function);
    lua_pop(lua, 1);
  }
}

}  // namespace kairos::plugins
