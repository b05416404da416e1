// SPDX-License-Identifier: MIT
// Lua without access to the system, with limits of memory and instructions.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <kairos/error.hpp>
#include <lua.hpp>
#include <string>
#include <type_traits>
#include <utility>

namespace kairos::plugins {

/// Calls `work`, which returns the number of its results, and makes a Lua error of an exception. Lua is
/// compiled as C++: its own errors are exceptions too, which are not of std::exception and pass.
template <class Work>
int shielded(lua_State* lua, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (const std::exception& error) {
    luaL_where(lua, 1);
    lua_pushstring(lua, error.what());
    lua_concat(lua, 2);
  }
  return lua_error(lua);
}

/// Of one call of Sandbox::run(); of memory at any time.
struct Limits {
  std::int64_t megabytes;
  std::int64_t instructions;
  std::int64_t seconds;  ///< for what takes long in few instructions
};

/// A Lua state. Scripts get no io, os, package, debug, load or bytecode, and neither finalizers nor message
/// handlers that run where instructions are not counted.
class Sandbox {
 public:
  /// `file` is the name of the script in messages.
  Sandbox(std::string file, const Limits& limits);
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  /// The sandbox of a Lua state or coroutine.
  static Sandbox& of(lua_State* lua) { return **static_cast<Sandbox**>(lua_getextraspace(lua)); }

  /// Calls `work(lua)` with the limits of instructions and time ahead of it. Throws kairos::Error with file
  /// and line.
  template <class Work>
  void run(Work&& work) {
    begin();
    lua_pushcfunction(lua_, &Sandbox::describe);
    lua_pushcfunction(lua_, [](lua_State* lua) {
      auto& task = *static_cast<std::remove_reference_t<Work>*>(lua_touserdata(lua, 1));
      lua_settop(lua, 0);
      return shielded(lua, [&] {
        task(lua);
        return 0;
      });
    });
    lua_pushlightuserdata(lua_, &work);
    if (const int status = lua_pcall(lua_, 1, 0, 1); status != LUA_OK) fail(status);
    lua_settop(lua_, 0);
  }

  /// Counts work of a function as so many instructions. Ends the script by an error once it has none or no
  /// time left. In run() alone.
  void spend(lua_State* lua, std::int64_t instructions);
  [[nodiscard]] std::size_t memory() const { return memory_; }

 private:
  static void* allocate(void* self, void* block, std::size_t before, std::size_t now);
  static void count(lua_State* lua, lua_Debug*);
  static int describe(lua_State* lua);
  void begin();
  void open();
  [[noreturn]] void fail(int status);
  [[noreturn]] void end_script(lua_State* lua, const char* why);

  using Clock = std::chrono::steady_clock;

  std::string file_;  ///< as Lua shortens it
  Limits limits_;
  std::size_t memory_;  ///< limit in bytes
  std::size_t used_ = 0;
  std::int64_t spent_ = 0;
  Clock::time_point deadline_;
  bool refused_ = false;  ///< memory, in this run()
  int refused_line_ = 0;
  int period_;  ///< instructions between two calls of count()
  lua_State* lua_;
};

}  // namespace kairos::plugins
