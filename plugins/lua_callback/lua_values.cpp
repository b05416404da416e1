// SPDX-License-Identifier: MIT
// Writes and reads Lua values as bytes, with all bounds checked.
#include "lua_values.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <kairos/error.hpp>
#include <utility>
#include <vector>

#include "sandbox.hpp"

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
  Writer(lua_State* lua, std::size_t limit) : lua_(lua), limit_(limit), first_(lua_gettop(lua)) {}

  void value(int depth) {
    const std::size_t begin = out_.size();
    switch (lua_type(lua_, -1)) {
      case LUA_TBOOLEAN:
        out_ += lua_toboolean(lua_, -1) != 0 ? 't' : 'f';
        break;
      case LUA_TNUMBER:
        if (lua_isinteger(lua_, -1) != 0)
          append<std::int64_t>(out_ += 'i', lua_tointeger(lua_, -1));
        else
          append<double>(out_ += 'd', lua_tonumber(lua_, -1));
        break;
      case LUA_TSTRING: {
        std::size_t length = 0;
        const char* text = lua_tolstring(lua_, -1, &length);
        check_size(length);
        append<std::uint64_t>(out_ += 's', length);
        out_.append(text, length);
        break;
      }
      case LUA_TTABLE:
        return table(depth);
      default:
        refuse(std::string("has a ") + luaL_typename(lua_, -1) +
               "; expected tables, strings, numbers and booleans. Leave it out");
    }
    count(out_.size() - begin);
  }

  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  struct Entry {
    std::size_t key, value, end;  ///< places in out_
  };

  void table(int depth) {
    if (depth == deepest)
      refuse("has a table that contains itself, or more than " + std::to_string(deepest) +
             " tables inside each other. Keep it flatter");
    if (lua_getmetatable(lua_, -1) != 0)
      refuse("has a table with a metatable, which cannot be kept. Copy its fields to a plain table");
    luaL_checkstack(lua_, 10, "the state is nested too deeply");
    append<std::uint64_t>(out_ += '{', 0);
    const std::size_t begin = out_.size();
    count(0);
    std::vector<Entry> entries;
    lua_pushnil(lua_);
    while (lua_next(lua_, -2) != 0) {
      const std::size_t key = out_.size();
      if (lua_type(lua_, -2) == LUA_TTABLE) {
        lua_pop(lua_, 2);
        refuse("has a table as a key. Use a string or a number");
      }
      lua_pushvalue(lua_, -2);
      value(depth + 1);
      lua_pop(lua_, 1);
      const std::size_t between = out_.size();
      value(depth + 1);
      lua_pop(lua_, 1);
      entries.push_back({key, between, out_.size()});
    }
    const std::uint64_t size = entries.size();
    std::memcpy(out_.data() + begin - sizeof size, &size, sizeof size);
    if (size > 1) sort(entries, begin);
  }

  /// The order of a table is another one in each process.
  void sort(std::vector<Entry>& entries, std::size_t begin) {
    count(out_.size() - begin);
    const std::string copy = out_.substr(begin);
    const auto key_of = [&](const Entry& entry) {
      return std::string_view(copy).substr(entry.key - begin, entry.value - entry.key);
    };
    std::sort(entries.begin(), entries.end(),
              [&](const Entry& a, const Entry& b) { return key_of(a) < key_of(b); });
    out_.resize(begin);
    for (const Entry& entry : entries) out_.append(copy, entry.key - begin, entry.end - entry.key);
  }

  /// Work for so many bytes that were written.
  void count(std::size_t bytes) {
    check_size(0);
    Sandbox::of(lua_).spend(lua_, static_cast<std::int64_t>(16 + bytes / 16));
  }
  void check_size(std::size_t more) const {
    if (out_.size() + more > limit_)
      throw Error("the state is larger than " + std::to_string(limit_ >> 20) +
                  " MB. Keep less, or raise memory_limit");
  }
  /// With the keys of the value, which lie on the stack between the tables.
  [[noreturn]] void refuse(const std::string& why) const {
    std::string path;
    for (int i = first_ + 1; i < lua_gettop(lua_); i += 2) {
      if (i > first_ + 10) {
        path += ".…";
        break;
      }
      path += '.';
      lua_pushvalue(lua_, i);
      path += std::string_view(lua_isstring(lua_, -1) != 0 ? lua_tostring(lua_, -1) : luaL_typename(lua_, -1))
                  .substr(0, 60);
      lua_pop(lua_, 1);
    }
    throw Error("the state" + (path.empty() ? "" : " (" + path.substr(1) + ")") + " " + why);
  }

  lua_State* lua_;
  std::size_t limit_;
  int first_;  ///< place of the state on the stack
  std::string out_;
};

class Reader {
 public:
  Reader(lua_State* lua, std::string_view rest) : lua_(lua), rest_(rest) {}

  void push(int depth) {
    if (depth > deepest) refuse();
    luaL_checkstack(lua_, 4, "the state is nested too deeply");
    switch (take(1)[0]) {
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
  Writer writer(lua, limit);
  writer.value(0);
  return writer.take();
}

void push_value(lua_State* lua, std::string_view bytes) {
  Reader reader(lua, bytes);
  reader.push(0);
  reader.end();
}

}  // namespace kairos::plugins
