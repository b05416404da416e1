// SPDX-License-Identifier: MIT
// Loads a script and finds its hooks.
#include "script.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>
#include <vector>

#include "../common/log_keys.hpp"
#include "../common/text.hpp"
#include "lua_values.hpp"

namespace kairos::plugins {
namespace {

constexpr std::array<const char*, static_cast<std::size_t>(Hook::count)> hook_names = {
#define KAIROS_DETAIL_HOOK(name, EventClass, Raw, place) #name,
#include <kairos/abi/hook_list.inc>
};

/// The text of the script. Throws a sentence if it cannot be read, or is not text.
std::string source_of(const std::filesystem::path& file, std::size_t limit) {
  const auto fail = [&file](const std::string& why) {
    throw Error(KAIROS_E_IO, "cannot read the script " + file.string() + ": " + why);
  };
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error))
    fail(error ? error.message() : "it is not a regular file. Name a file with the text of a Lua script");
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  if (error) fail(error.message());
  if (size > limit) fail("it is larger than memory_limit. Raise that, or name another file");
  std::ifstream in(file, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.is_open() || in.bad()) fail("check that it can be read");
  if (text.rfind("\xEF\xBB\xBF", 0) == 0) text.erase(0, 3);     // the mark of UTF-8
  if (text.rfind('#', 0) == 0) text.erase(0, text.find('\n'));  // #!; the line stays, as an empty one
  if (text.rfind(LUA_SIGNATURE, 0) == 0)
    fail("it is compiled Lua; expected the text of the script. Name that");
  return text;
}

/// The name without what is easily mistaken: "epochend" for on_epoch_end and onEpochEnd.
std::string core_of(std::string_view name) {
  std::string core;
  for (const char c : name)
    if (c != '_') core += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return core.rfind("on", 0) == 0 ? core.substr(2) : core;
}

/// Throws a sentence if a function is never called: named nearly like a hook, or like one that scripts do not
/// get.
void refuse_uncalled(const std::string& name) {
  if (name == hook_names[static_cast<std::size_t>(Hook::on_artifact)])
    throw Error(
        "the script defines on_artifact, which LuaCallback does not call: artifacts are shown by plugins "
        "such as "
        "TensorBoard and HtmlReport. Remove it, or make it local");
  if (std::find(hook_names.begin(), hook_names.end(), name) != hook_names.end()) return;
  std::string core = core_of(name);
  if (core.rfind("batch", 0) == 0) core = "train" + core;  // Keras' on_batch_end
  std::vector<std::string> cores;
  for (const char* hook : hook_names) cores.push_back(core_of(hook));
  auto meant = std::find(cores.begin(), cores.end(), core);
  if (meant == cores.end() && name.rfind("on_", 0) == 0)
    meant = std::find(cores.begin(), cores.end(), nearest_key(core, cores, 2));
  if (meant == cores.end()) return;
  throw Error("the script defines " + name + ", which is not a hook. Did you mean " +
              hook_names[static_cast<std::size_t>(meant - cores.begin())] +
              "? If not, rename it, or make it local");
}

}  // namespace

void push(lua_State* lua, const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) lua_pushinteger(lua, *integer);
  if (const auto* number = std::get_if<double>(&value)) lua_pushnumber(lua, *number);
  if (const auto* truth = std::get_if<bool>(&value)) lua_pushboolean(lua, *truth ? 1 : 0);
  if (const auto* text = std::get_if<std::string_view>(&value))
    lua_pushlstring(lua, text->data() == nullptr ? "" : text->data(), text->size());
}

void push(lua_State* lua, Fields fields) {
  lua_createtable(lua, 0, static_cast<int>(fields.size()));
  for (const auto& [name, value] : fields) {
    push(lua, value);
    lua_setfield(lua, -2, name);
  }
}

void push_logs(lua_State* lua, const Event& event) {
  lua_createtable(lua, 0, static_cast<int>(event.log_count()));
  for (std::uint32_t i = 0; i < event.log_count(); ++i) {
    const std::optional<double> value = event.log(i);
    if (!value) continue;
    push(lua, event.log_name(i));
    lua_pushnumber(lua, *value);
    lua_rawset(lua, -3);
  }
}

void push_word(lua_State* lua, const std::string& text) {
  if (text == "true" || text == "false")
    lua_pushboolean(lua, text == "true" ? 1 : 0);
  else if (lua_stringtonumber(lua, text.c_str()) != text.size() + 1)
    lua_pushlstring(lua, text.data(), text.size());
}

void Script::open(const Settings& settings, Event& event) {
  const std::filesystem::path file = settings.file;
  name_ = file.filename().string();
  sandbox_ = std::make_unique<Sandbox>(name_, settings.limits);
  const std::string source = source_of(file, sandbox_->memory());
  const During during(*this, Hook::setup, event, nullptr);
  sandbox_->run([&](lua_State* lua) {
    add_functions(lua, *this);
    add_arguments(lua, settings.arguments);
    if (luaL_loadbufferx(lua, source.data(), source.size(), ('@' + name_).c_str(), "t") != LUA_OK)
      lua_error(lua);
    lua_call(lua, 0, 0);
    find_functions(lua);
  });
}

void Script::add_arguments(lua_State* lua, const std::string& text) const {
  lua_newtable(lua);
  for (const std::string& word : words_of(text)) {
    const std::size_t sign = word.find('=');
    const std::string key(trimmed(std::string_view(word).substr(0, sign)));
    if (sign == std::string::npos || key.empty())
      throw Error("args has \"" + word +
                  "\"; expected key=value, separated by commas, such as args='patience=3,name=a'");
    push_word(lua, std::string(trimmed(std::string_view(word).substr(sign + 1))));
    lua_setfield(lua, -2, key.c_str());
  }
  lua_setglobal(lua, "args");
}

void Script::find_functions(lua_State* lua) {
  bool any = false;
  lua_pushglobaltable(lua);
  for (std::size_t i = 0; i < hook_names.size(); ++i) {
    lua_pushstring(lua, hook_names[i]);
    const bool found = lua_rawget(lua, -2) == LUA_TFUNCTION;
    any = any || found;
    if (found)
      functions_[i] = luaL_ref(lua, LUA_REGISTRYINDEX);
    else
      lua_pop(lua, 1);
  }
  for (lua_pushnil(lua); lua_next(lua, -2) != 0; lua_pop(lua, 1))
    if (lua_type(lua, -1) == LUA_TFUNCTION && lua_type(lua, -2) == LUA_TSTRING)
      refuse_uncalled(lua_tostring(lua, -2));
  if (!any)
    throw Error("the script defines no hook. Define one, such as function on_epoch_end(epoch, logs) … end");
  const auto find = [lua](const char* name) {
    lua_pushstring(lua, name);
    if (lua_rawget(lua, -2) == LUA_TFUNCTION) return luaL_ref(lua, LUA_REGISTRYINDEX);
    lua_pop(lua, 1);
    return LUA_NOREF;
  };
  get_state_ = find("get_state");
  set_state_ = find("set_state");
  if ((get_state_ == LUA_NOREF) != (set_state_ == LUA_NOREF))
    throw Error(std::string("the script defines ") +
                (set_state_ == LUA_NOREF ? "get_state, but not set_state" : "set_state, but not get_state") +
                ". Define both, or none");
}

std::string Script::save() {
  std::string bytes;
  if (get_state_ == LUA_NOREF) return bytes;
  sandbox_->run([&](lua_State* lua) {
    lua_rawgeti(lua, LUA_REGISTRYINDEX, get_state_);
    lua_call(lua, 0, 1);
    if (lua_isnil(lua, -1)) throw Error("get_state returned nothing. Return what set_state is to get");
    bytes = bytes_of_value(lua, sandbox_->memory());
  });
  return bytes;
}

void Script::load(std::string_view bytes) {
  if (bytes.empty()) return;  // saved by a script without get_state
  if (set_state_ == LUA_NOREF)
    throw Error(KAIROS_E_DATA, name_ +
                                   " defines no set_state, and the saved state is from a script that does. "
                                   "Restore that script, or start the run anew");
  sandbox_->run([&](lua_State* lua) {
    lua_rawgeti(lua, LUA_REGISTRYINDEX, set_state_);
    push_value(lua, bytes);
    lua_call(lua, 1, 0);
  });
}

Event& Script::event() const {
  if (event_ == nullptr) throw Error("this function is not available in get_state and set_state");
  return *event_;
}

Batch& Script::batch() const {
  if (batch_ == nullptr) throw Error("this function is available in the hooks of batches only");
  return *batch_;
}

std::uint64_t Script::random() {
  return event().random(draws_++);
}

}  // namespace kairos::plugins
