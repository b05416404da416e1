// SPDX-License-Identifier: MIT
// Writes and reads Lua values as bytes, with all bounds checked.
#include "lua_values.hpp"

#include <cstdint>
#include <cstring>
#include <kairos/error.hpp>
#include <map>

namespace kairos::plugins {
namespace {

constexpr int deepest = 100;

template <class Number>
void append(std::string& out, Number number) {
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  out.append(bytes, sizeof number);
}

class Writer {
 public:
  Writer(lua_State* lua, std::size_t limit) : lua_(lua), limit_(limit) {}

  std::string value(int depth) {
    std::string out;
    switch (lua_type(lua_, -1)) {
      case LUA_TNIL:
        out = "n";
        break;
      case LUA_TBOOLEAN:
        out = lua_toboolean(lua_, -1) != 0 ? "t" : "f";
        break;
      case LUA_TNUMBER:
        if (lua_isinteger(lua_, -1) != 0)
          append<std::int64_t>(out = "i", lua_tointeger(lua_, -1));
        else
          append<double>(out = "d", lua_tonumber(lua_, -1));
        break;
      case LUA_TSTRING: {
        std::size_t length = 0;
        const char* text = lua_tolstring(lua_, -1, &length);
        append<std::uint64_t>(out = "s", length);
        out.append(text, length);
        break;
      }
      case LUA_TTABLE:
        out = table(depth);
        break;
      default:
        throw Error(std::string("the state has a ") + luaL_typename(lua_, -1) +
                    "; expected tables, strings, numbers and booleans. Leave it out");
    }
    total_ += out.size();
    if (total_ > limit_)
      throw Error("the state is larger than " + std::to_string(limit_ >> 20) +
                  " MB. Keep less, or raise memory_limit");
    return out;
  }

 private:
  std::string table(int depth) {
    if (depth == deepest)
      throw Error("the state has a table that contains itself, or more than " + std::to_string(deepest) +
                  " tables inside each other. Keep it flatter");
    luaL_checkstack(lua_, 4, "the state is nested too deeply");
    std::map<std::string, std::string> entries;  // The order of a table is another one in each process.
    lua_pushnil(lua_);
    while (lua_next(lua_, -2) != 0) {
      std::string one = value(depth + 1);
      lua_pop(lua_, 1);
      entries.emplace(value(depth + 1), std::move(one));
    }
    std::string out;
    append<std::uint64_t>(out = "{", entries.size());
    for (const auto& [key, one] : entries) out.append(key).append(one);
    return out;
  }

  lua_State* lua_;
  std::size_t limit_;
  std::size_t total_ = 0;
};

class Reader {
 public:
  Reader(lua_State* lua, std::string_view rest) : lua_(lua), rest_(rest) {}

  void push(int depth) {
    if (depth > deepest) refuse();
    luaL_checkstack(lua_, 4, "the state is nested too deeply");
    switch (take(1)[0]) {
      case 'n':
        return lua_pushnil(lua_);
      case 't':
        return lua_pushboolean(lua_, 1);
      case 'f':
        return lua_pushboolean(lua_, 0);
      case 'i':
        return lua_pushinteger(lua_, number<std::int64_t>());
      case 'd':
        return lua_pushnumber(lua_, number<double>());
      case 's': {
        const std::string_view text = take(number<std::uint64_t>());
        lua_pushlstring(lua_, text.data(), text.size());
        return;
      }
      case '{':
        lua_newtable(lua_);
        for (std::uint64_t left = number<std::uint64_t>(); left > 0; --left) {
          push(depth + 1);
          push(depth + 1);
          lua_rawset(lua_, -3);
        }
        return;
      default:
        refuse();
    }
  }
  void end() const {
    if (!rest_.empty()) refuse();
  }

 private:
  [[noreturn]] static void refuse() {
    throw Error(KAIROS_E_DATA,
                "the saved state of the script is damaged. Start the run anew, or use an older checkpoint");
  }
  std::string_view take(std::uint64_t count) {
    if (count > rest_.size()) refuse();
    const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(count));
    rest_.remove_prefix(taken.size());
    return taken;
  }
  template <class Number>
  Number number() {
    Number value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }

  lua_State* lua_;
  std::string_view rest_;
};

}  // namespace

std::string bytes_of_value(lua_State* lua, std::size_t limit) {
  return Writer(lua, limit).value(0);
}

void push_value(lua_State* lua, std::string_view bytes) {
  Reader reader(lua, bytes);
  reader.push(0);
  reader.end();
}

}  // namespace kairos::plugins
