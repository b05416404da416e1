// SPDX-License-Identifier: MIT
// The functions that scripts call.
#include <array>
#include <cmath>

#include "script.hpp"

namespace kairos::plugins {
namespace {

std::string_view text_at(lua_State* lua, int index) {
  std::size_t length = 0;
  const char* text = luaL_checklstring(lua, index, &length);
  return {text, length};
}

int stop(lua_State* lua) {
  return shielded(lua, [lua] {
    const Script& script = script_of(lua);
    const std::string usual = "requested by " + script.name();
    script.event().stop(lua_isnoneornil(lua, 1) ? std::string_view(usual) : text_at(lua, 1));
    return 0;
  });
}

int stop_requested(lua_State* lua) {
  return shielded(lua, [lua] {
    lua_pushboolean(lua, script_of(lua).event().stop_requested() ? 1 : 0);
    return 1;
  });
}

int hyper(lua_State* lua) {
  return shielded(lua, [lua] {
    lua_pushnumber(lua, script_of(lua).event().hyper(text_at(lua, 1)));
    return 1;
  });
}

int set_hyper(lua_State* lua) {
  return shielded(lua, [lua] {
    script_of(lua).event().set_hyper(text_at(lua, 1), luaL_checknumber(lua, 2));
    return 0;
  });
}

int learning_rate(lua_State* lua) {
  return shielded(lua, [lua] {
    lua_pushnumber(lua, script_of(lua).event().learning_rate());
    return 1;
  });
}

int set_learning_rate(lua_State* lua) {
  return shielded(lua, [lua] {
    script_of(lua).event().set_learning_rate(luaL_checknumber(lua, 1));
    return 0;
  });
}

int declare(lua_State* lua) {
  return shielded(lua, [lua] {
    static const char* const directions[] = {"min", "max", "unknown", nullptr};
    constexpr std::array<Direction, 3> values = {Direction::Min, Direction::Max, Direction::Unknown};
    const int direction = luaL_checkoption(lua, 2, "unknown", directions);
    Event& event = script_of(lua).event();
    Sandbox::of(lua).spend(lua, std::int64_t{1000} + event.log_count());  // The host compares all keys.
    event.declare_log(text_at(lua, 1), values[static_cast<std::size_t>(direction)]);
    return 0;
  });
}

int publish(lua_State* lua) {
  return shielded(lua, [lua] {
    Event& event = script_of(lua).event();
    const std::string_view key = text_at(lua, 1);
    const double value = luaL_checknumber(lua, 2);
    if (!event.find_log(key))
      throw Error("\"" + std::string(key) + "\" was not declared. Call kairos.declare(\"" + std::string(key) +
                  "\") in setup, or outside of functions");
    try {
      event.publish(key, value);
    } catch (const Error& error) {
      if (error.status() != KAIROS_E_DENIED) throw;
      throw Error("\"" + std::string(key) +
                  "\" is a key of the run or of another callback. Declare one of your own by kairos.declare");
    }
    return 0;
  });
}

int batch_loss(lua_State* lua) {
  return shielded(lua, [lua] {
    lua_pushnumber(lua, script_of(lua).batch().loss());
    return 1;
  });
}

/// Rows of the samples of the batch, from 0 as in the data.
int indices(lua_State* lua) {
  return shielded(lua, [lua] {
    const Indices rows = script_of(lua).batch().indices();
    Sandbox::of(lua).spend(lua, static_cast<std::int64_t>(rows.size()));
    lua_createtable(lua, static_cast<int>(rows.size()), 0);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      lua_pushinteger(lua, rows[i]);
      lua_rawseti(lua, -2, static_cast<lua_Integer>(i + 1));
    }
    return 1;
  });
}

int print_at(lua_State* lua, Level level) {
  return shielded(lua, [lua, level] {
    std::string line;
    const int count = lua_gettop(lua);
    for (int i = 1; i <= count; ++i) {
      std::size_t length = 0;
      const char* text = luaL_tolstring(lua, i, &length);
      line += i == 1 ? "" : "\t";
      line.append(text, length);
      lua_pop(lua, 1);
    }
    Sandbox::of(lua).spend(lua, static_cast<std::int64_t>(1000 + line.size()));
    script_of(lua).event().print(line, level);
    return 0;
  });
}
int print(lua_State* lua) {
  return print_at(lua, Level::Info);
}
int warn(lua_State* lua) {
  return print_at(lua, Level::Warning);
}

/// As math.random of Lua, from the bits of the run: random(), random(last), random(first, last); random(0) is
/// any integer.
int random(lua_State* lua) {
  return shielded(lua, [lua] {
    Script& script = script_of(lua);
    if (lua_gettop(lua) == 0) {
      lua_pushnumber(lua, static_cast<double>(script.random() >> 11) * 0x1p-53);
      return 1;
    }
    const bool one = lua_gettop(lua) == 1;
    const bool any = one && luaL_checkinteger(lua, 1) == 0;
    const lua_Integer first = any ? LUA_MININTEGER : one ? 1 : luaL_checkinteger(lua, 1);
    const lua_Integer last = any ? LUA_MAXINTEGER : luaL_checkinteger(lua, one ? 1 : 2);
    if (first > last) throw Error("the interval of math.random is empty");
    const std::uint64_t range = static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first);
    std::uint64_t mask = range;  // the smallest 2^n - 1 that is not less
    for (unsigned shift = 1; shift < 64; shift *= 2) mask |= mask >> shift;
    std::uint64_t drawn = script.random() & mask;
    while (drawn > range) drawn = script.random() & mask;
    lua_pushinteger(lua, static_cast<lua_Integer>(static_cast<std::uint64_t>(first) + drawn));
    return 1;
  });
}

constexpr luaL_Reg of_kairos[] = {{"stop", stop},
                                  {"stop_requested", stop_requested},
                                  {"learning_rate", learning_rate},
                                  {"set_learning_rate", set_learning_rate},
                                  {"hyper", hyper},
                                  {"set_hyper", set_hyper},
                                  {"declare", declare},
                                  {"publish", publish},
                                  {"batch_loss", batch_loss},
                                  {"indices", indices},
                                  {nullptr, nullptr}};
constexpr luaL_Reg globals[] = {{"print", print}, {"warn", warn}, {nullptr, nullptr}};
constexpr luaL_Reg of_math[] = {{"random", random}, {nullptr, nullptr}};

/// Adds functions, each of which has the script, to the table at the top of the stack.
void add(lua_State* lua, Script& script, const luaL_Reg* functions) {
  lua_pushlightuserdata(lua, &script);
  luaL_setfuncs(lua, functions, 1);
}

}  // namespace

void add_functions(lua_State* lua, Script& script) {
  lua_newtable(lua);
  add(lua, script, of_kairos);
  add_tensors(lua, script);
  lua_setglobal(lua, "kairos");
  lua_pushglobaltable(lua);
  add(lua, script, globals);
  lua_getglobal(lua, "math");
  add(lua, script, of_math);
  lua_pop(lua, 2);
}

}  // namespace kairos::plugins
