// SPDX-License-Identifier: MIT
// Builds the sandbox, and holds its limits.
#include "sandbox.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <initializer_list>
#include <string_view>

#include "prices.hpp"

namespace kairos::plugins {
namespace {

/// What remains of the functions of the base library.
constexpr std::array<std::string_view, 18> allowed = {
    "assert",       "error",    "getmetatable", "ipairs", "next",   "pairs",
    "pcall",        "rawequal", "rawget",       "rawlen", "rawset", "select",
    "setmetatable", "tonumber", "tostring",     "type",   "_G",     "_VERSION"};

// Lua calls message handlers of an error that the count of instructions raises, and closes the variables of a
// coroutine that it has ended, without counting theirs. coroutine.wrap of the library does that too.
constexpr std::string_view prelude = R"lua(
local spend, ended = ...
local create, resume, close, pcall_ = coroutine.create, coroutine.resume, coroutine.close, pcall
local type, error = type, error

local function check(value, expected, number, name)
  if type(value) == expected then return end
  error("bad argument #" .. number .. " to '" .. name .. "' (" .. expected .. " expected, got " .. type(value) .. ")", 3)
end

local function counted(ok, ...)
  if not ok then spend() end
  return ok, ...
end
local function pcall(...) return counted(pcall_(...)) end
_G.pcall = pcall
function xpcall(work, handler, ...)
  check(handler, "function", 2, "xpcall")
  local function pass(ok, ...)
    if ok then return true, ... end
    return false, handler(...)
  end
  return pass(pcall(work, ...))
end

local function created(work)
  spend()
  local thread = create(work)
  ended[thread] = false
  return thread
end
function coroutine.create(work)
  check(work, "function", 1, "create")
  return created(work)
end
function coroutine.resume(thread, ...)
  check(thread, "thread", 1, "resume")
  return counted(resume(thread, ...))
end
function coroutine.close(thread)
  check(thread, "thread", 1, "close")
  spend()
  if ended[thread] then error("the limit has ended this coroutine", 2) end
  return close(thread)
end
function coroutine.wrap(work)
  check(work, "function", 1, "wrap")
  local thread = created(work)
  local function pass(ok, ...)
    if ok then return ... end
    error((...), 0)
  end
  return function(...) return pass(resume(thread, ...)) end
end
)lua";

const char ended_threads = 0;  ///< its address is the key of a table in the registry

/// Pushes the table of the coroutines, each with whether a limit has ended it.
void push_ended_threads(lua_State* lua) {
  lua_rawgetp(lua, LUA_REGISTRYINDEX, &ended_threads);
}
void add_ended_threads(lua_State* lua) {
  lua_newtable(lua);
  lua_createtable(lua, 0, 1);
  lua_pushliteral(lua, "k");
  lua_setfield(lua, -2, "__mode");
  lua_setmetatable(lua, -2);
  lua_rawsetp(lua, LUA_REGISTRYINDEX, &ended_threads);
}

/// The innermost line of the script that runs; 0 for none.
int line_of(lua_State* lua) {
  lua_Debug at{};
  for (int level = 0; lua_getstack(lua, level, &at) != 0; ++level) {
    lua_getinfo(lua, "Sl", &at);
    if (at.currentline > 0 && std::string_view(at.source) != "=sandbox") return at.currentline;
  }
  return 0;
}

/// Removes the globals that are not listed, but for the libraries that open() adds afterwards.
void keep_allowed(lua_State* lua) {
  lua_pushglobaltable(lua);
  lua_pushnil(lua);
  while (lua_next(lua, -2) != 0) {
    lua_pop(lua, 1);
    const std::string_view name = lua_tostring(lua, -1);
    if (std::find(allowed.begin(), allowed.end(), name) != allowed.end()) continue;
    lua_pushvalue(lua, -1);
    lua_pushnil(lua);
    lua_rawset(lua, -4);
  }
  lua_pop(lua, 1);
}

void remove(lua_State* lua, const char* library, std::initializer_list<const char*> functions) {
  lua_getglobal(lua, library);
  for (const char* function : functions) {
    lua_pushnil(lua);
    lua_setfield(lua, -2, function);
  }
  lua_pop(lua, 1);
}

}  // namespace

Sandbox::Sandbox(std::string file, const Limits& limits)
    : file_(std::move(file)),
      limits_(limits),
      memory_(static_cast<std::size_t>(limits.megabytes) << 20),
      period_(static_cast<int>(std::min<std::int64_t>(limits.instructions, 1000))),
      lua_(lua_newstate(&Sandbox::allocate, this)) {
  if (file_.size() >= LUA_IDSIZE)
    file_ = "..." + file_.substr(file_.size() - (LUA_IDSIZE - 4));  // as Lua does
  if (lua_ == nullptr) throw Error(KAIROS_E_MEMORY, "out of memory");
  *static_cast<Sandbox**>(lua_getextraspace(lua_)) = this;
  try {
    open();
  } catch (...) {
    lua_close(lua_);
    throw;
  }
}

Sandbox::~Sandbox() {
  lua_close(lua_);
}

void Sandbox::open() {
  run([](lua_State* lua) {
    luaL_requiref(lua, LUA_GNAME, luaopen_base, 1);
    keep_allowed(lua);
    luaL_requiref(lua, LUA_TABLIBNAME, luaopen_table, 1);
    luaL_requiref(lua, LUA_STRLIBNAME, luaopen_string, 1);
    luaL_requiref(lua, LUA_MATHLIBNAME, luaopen_math, 1);
    luaL_requiref(lua, LUA_UTF8LIBNAME, luaopen_utf8, 1);
    luaL_requiref(lua, LUA_COLIBNAME, luaopen_coroutine, 1);
    remove(lua, LUA_STRLIBNAME, {"dump"});
    remove(lua, LUA_MATHLIBNAME, {"random", "randomseed"});
    lua_pushliteral(lua, "");
    lua_getmetatable(lua, -1);
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    add_prices(lua);
    add_ended_threads(lua);
    if (luaL_loadbufferx(lua, prelude.data(), prelude.size(), "=sandbox", "t") != LUA_OK) lua_error(lua);
    lua_pushcfunction(lua, [](lua_State* inner) {
      of(inner).spend(inner, of(inner).period_);
      return 0;
    });
    push_ended_threads(lua);
    lua_call(lua, 2, 0);
  });
}

void* Sandbox::allocate(void* self, void* block, std::size_t before, std::size_t now) {
  Sandbox& sandbox = *static_cast<Sandbox*>(self);
  if (block == nullptr) before = 0;  // Lua passes the type of the object.
  if (now == 0) {
    std::free(block);
    sandbox.used_ -= before;
    return nullptr;
  }
  const std::size_t more = now > before ? now - before : 0;
  // Lua collects garbage where memory is refused, which takes time, as does filling a large block.
  sandbox.spent_ += static_cast<std::int64_t>(more / 16);
  if (more > sandbox.memory_ || sandbox.used_ > sandbox.memory_ - more) {
    sandbox.spent_ += static_cast<std::int64_t>(sandbox.used_ / 16);
    sandbox.refused_ = true;
    sandbox.refused_line_ = line_of(sandbox.lua_);
    return nullptr;
  }
  void* const made = std::realloc(block, now);
  if (made != nullptr) sandbox.used_ += now - before;
  return made;
}

void Sandbox::begin() {
  spent_ = 0;
  refused_ = false;
  deadline_ = Clock::now() + std::chrono::seconds(limits_.seconds);
  lua_sethook(lua_, &Sandbox::count, LUA_MASKCOUNT, period_);
}

void Sandbox::count(lua_State* lua, lua_Debug*) {
  of(lua).spend(lua, lua_gethookcount(lua));
}

void Sandbox::spend(lua_State* lua, std::int64_t instructions) {
  spent_ += instructions;
  if (spent_ > limits_.instructions) end_script(lua, "the instruction limit is reached");
  if (Clock::now() > deadline_) end_script(lua, "the time limit is reached");
}

/// A script that catches the error meets it again at its next instruction.
void Sandbox::end_script(lua_State* lua, const char* why) {
  lua_sethook(lua, &Sandbox::count, LUA_MASKCOUNT, 1);
  push_ended_threads(lua);
  if (lua_pushthread(lua) == 0) {  // Its entry is there: the main thread has none. This takes no memory.
    lua_pushboolean(lua, 1);
    lua_rawset(lua, -3);
  }
  if (const int line = line_of(lua); line > 0)
    lua_pushfstring(lua, "%s:%d: %s", file_.c_str(), line, why);
  else
    lua_pushstring(lua, why);
  lua_error(lua);
  throw Error(KAIROS_E_INTERNAL, "lua_error has returned");
}

/// The message handler: the line of an error that is no text is known only here.
int Sandbox::describe(lua_State* lua) {
  if (lua_type(lua, 1) == LUA_TSTRING) return 1;
  if (const int line = line_of(lua); line > 0)
    lua_pushfstring(lua, "%s:%d: an error that is a %s value", of(lua).file_.c_str(), line,
                    luaL_typename(lua, 1));
  else
    lua_pushfstring(lua, "an error that is a %s value", luaL_typename(lua, 1));
  return 1;
}

void Sandbox::fail(int status) {
  // No function that may need memory, outside of lua_pcall: describe() has made a text of other values.
  std::string text = lua_type(lua_, -1) == LUA_TSTRING ? lua_tostring(lua_, -1) : "unknown error";
  lua_settop(lua_, 0);
  const bool no_memory = status == LUA_ERRMEM || (refused_ && text == "not enough memory");
  if (no_memory && refused_line_ > 0) text = file_ + ":" + std::to_string(refused_line_) + ": " + text;
  if (text.rfind(file_ + ':', 0) != 0) text = file_ + ": " + text;
  if (spent_ > limits_.instructions)
    text += ". This hook has taken more than " + std::to_string(limits_.instructions) +
            " instructions. Correct the script, or raise instruction_limit";
  else if (Clock::now() > deadline_)
    text += ". This hook has taken more than " + std::to_string(limits_.seconds) +
            " seconds. Correct the script, or raise time_limit";
  else if (no_memory)
    text += ". The script may use " + std::to_string(limits_.megabytes) +
            " MB of memory. Correct the script, or raise memory_limit";
  throw Error(KAIROS_E_EXCEPTION, text);
}

}  // namespace kairos::plugins
