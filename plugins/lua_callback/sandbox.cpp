// SPDX-License-Identifier: MIT
// Builds the sandbox, and holds its limits.
#include "sandbox.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <initializer_list>
#include <string_view>

namespace kairos::plugins {
namespace {

/// What remains of the functions of the base library.
constexpr std::array<std::string_view, 18> allowed = {
    "assert",       "error",    "getmetatable", "ipairs", "next",   "pairs",
    "pcall",        "rawequal", "rawget",       "rawlen", "rawset", "select",
    "setmetatable", "tonumber", "tostring",     "type",   "_G",     "_VERSION"};

// Lua calls finalizers, and message handlers of an error that the count of instructions raises, without
// counting theirs. coroutine.wrap of the library closes variables in the same way.
constexpr std::string_view prelude = R"lua(
local spend = ...
local create, resume, close, pcall_ = coroutine.create, coroutine.resume, coroutine.close, pcall
local setmetatable_, rawget, type, error = setmetatable, rawget, type, error

function setmetatable(object, metatable)
  if type(metatable) == "table" and rawget(metatable, "__gc") ~= nil then
    error("__gc is not available in this sandbox", 2)
  end
  return setmetatable_(object, metatable)
end

local function counted(ok, ...)
  if not ok then spend() end
  return ok, ...
end
local function pcall(...) return counted(pcall_(...)) end
_G.pcall = pcall
function xpcall(work, handler, ...)
  local function pass(ok, ...)
    if ok then return true, ... end
    return false, handler(...)
  end
  return pass(pcall(work, ...))
end

local function created(work)
  spend()
  return create(work)
end
coroutine.create = created
function coroutine.resume(...) return counted(resume(...)) end
function coroutine.close(thread)
  spend()
  return close(thread)
end
function coroutine.wrap(work)
  local thread = created(work)
  local function pass(ok, ...)
    if ok then return ... end
    error((...), 0)
  end
  return function(...) return pass(resume(thread, ...)) end
end
)lua";

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

Sandbox::Sandbox(std::string file, std::int64_t megabytes, std::int64_t instructions)
    : file_(std::move(file)),
      memory_(static_cast<std::size_t>(megabytes) << 20),
      instructions_(instructions),
      period_(static_cast<int>(std::min<std::int64_t>(instructions, 1000))),
      lua_(lua_newstate(&Sandbox::allocate, this)) {
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
    if (luaL_loadbufferx(lua, prelude.data(), prelude.size(), "=sandbox", "t") != LUA_OK) lua_error(lua);
    lua_pushcfunction(lua, [](lua_State* inner) {
      of(inner).spend(inner, of(inner).period_);
      return 0;
    });
    lua_call(lua, 1, 0);
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
    return nullptr;
  }
  void* const made = std::realloc(block, now);
  if (made != nullptr) sandbox.used_ += now - before;
  return made;
}

void Sandbox::begin() {
  spent_ = 0;
  lua_sethook(lua_, &Sandbox::count, LUA_MASKCOUNT, period_);
}

void Sandbox::count(lua_State* lua, lua_Debug*) {
  Sandbox& sandbox = of(lua);
  sandbox.spent_ += lua_gethookcount(lua);
  if (sandbox.spent_ > sandbox.instructions_) sandbox.end_script(lua);
}

void Sandbox::spend(lua_State* lua, std::int64_t instructions) {
  spent_ += instructions;
  if (spent_ > instructions_) end_script(lua);
}

/// A script that catches the error meets it again at its next instruction.
void Sandbox::end_script(lua_State* lua) {
  lua_sethook(lua, &Sandbox::count, LUA_MASKCOUNT, 1);
  lua_Debug at{};
  for (int level = 0; lua_getstack(lua, level, &at) != 0; ++level) {
    lua_getinfo(lua, "Sl", &at);
    if (at.currentline < 0 || std::string_view(at.source) == "=sandbox") continue;
    lua_pushfstring(lua, "%s:%d: the instruction limit is reached", at.short_src, at.currentline);
    lua_error(lua);
  }
  lua_pushliteral(lua, "the instruction limit is reached");
  lua_error(lua);
  throw Error(KAIROS_E_INTERNAL, "lua_error has returned");
}

void Sandbox::fail(int status) {
  std::string text = lua_type(lua_, -1) == LUA_TSTRING
                         ? lua_tostring(lua_, -1)
                         : std::string("an error that is a ") + luaL_typename(lua_, -1) + " value";
  lua_settop(lua_, 0);
  if (text.rfind(file_ + ':', 0) != 0) text = file_ + ": " + text;
  if (spent_ > instructions_)
    text += ". This hook has taken more than " + std::to_string(instructions_) +
            " instructions. Correct the script, or raise instruction_limit";
  else if (status == LUA_ERRMEM || text.find("not enough memory") != std::string::npos)
    text += ". The script may use " + std::to_string(memory_ >> 20) +
            " MB of memory. Correct the script, or raise memory_limit";
  throw Error(KAIROS_E_EXCEPTION, text);
}

}  // namespace kairos::plugins
