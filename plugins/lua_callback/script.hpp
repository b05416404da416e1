// SPDX-License-Identifier: MIT
// A script whose functions are the hooks of a callback.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <kairos/batch.hpp>
#include <kairos/event.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "sandbox.hpp"

namespace kairos::plugins {

/// The hooks, in the order of kairos/abi/hook_list.inc.
enum class Hook : std::size_t {
#define KAIROS_DETAIL_HOOK(name, EventClass, Raw, place) name,
#include <kairos/abi/hook_list.inc>
  count
};

using Value = std::variant<std::int64_t, double, bool, std::string_view>;
using Fields = std::initializer_list<std::pair<const char*, Value>>;

void push(lua_State* lua, const Value& value);
/// A table of these fields.
void push(lua_State* lua, Fields fields);
/// A table of the logs that have a value in this event.
void push_logs(lua_State* lua, const Event& event);

/// A number or true or false where the text is one, else the text.
void push_word(lua_State* lua, const std::string& text);

class Script {
 public:
  struct Settings {
    std::string file;
    std::string arguments;  ///< "patience=3,factor=0.5"
    Limits limits;
  };

  Script() { functions_.fill(LUA_NOREF); }

  /// Runs the file, which defines the hooks. Throws kairos::Error.
  void open(const Settings& settings, Event& event);

  [[nodiscard]] bool has(Hook hook) const { return functions_[static_cast<std::size_t>(hook)] != LUA_NOREF; }
  /// Calls the function of a hook, which has() one, with what `arguments` pushes; it returns their number.
  template <class Arguments>
  void call(Hook hook, Event& event, Batch* batch, Arguments arguments) {
    const During during(*this, hook, event, batch);
    sandbox_->run([&](lua_State* lua) {
      lua_rawgeti(lua, LUA_REGISTRYINDEX, functions_[static_cast<std::size_t>(hook)]);
      const int count = arguments(lua);
      lua_call(lua, count, 0);
    });
  }

  /// What the function get_state returns, as bytes; none if the script has no such function.
  std::string save();
  /// Calls the function set_state with the value of these bytes. Throws kairos::Error.
  void load(std::string_view bytes);

  // For the functions that scripts call.

  /// Throws kairos::Error where no hook runs.
  [[nodiscard]] Event& event() const;
  /// Throws kairos::Error outside the hooks of batches.
  [[nodiscard]] Batch& batch() const;
  /// Random bits of this hook, a new number with each call.
  [[nodiscard]] std::uint64_t random();
  /// Counts calls of hooks: what was borrowed in an earlier one is invalid.
  [[nodiscard]] std::uint64_t hook_number() const { return hook_number_; }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  /// Lends the event to the functions of the script while a hook runs.
  class During {
   public:
    During(Script& script, Hook hook, Event& event, Batch* batch) : script_(script) {
      script.event_ = &event;
      script.batch_ = batch;
      script.draws_ = static_cast<std::uint64_t>(hook) << 32;
      ++script.hook_number_;
    }
    ~During() {
      script_.event_ = nullptr;
      script_.batch_ = nullptr;
      ++script_.hook_number_;
    }
    During(const During&) = delete;
    During& operator=(const During&) = delete;

   private:
    Script& script_;
  };

  void find_functions(lua_State* lua);
  void add_arguments(lua_State* lua, const std::string& text) const;

  std::string name_;  ///< of the file, without its directory
  std::unique_ptr<Sandbox> sandbox_;
  std::array<int, static_cast<std::size_t>(Hook::count)> functions_{};  ///< in Lua's registry
  int get_state_ = LUA_NOREF;
  int set_state_ = LUA_NOREF;
  Event* event_ = nullptr;
  Batch* batch_ = nullptr;
  std::uint64_t draws_ = 0;
  std::uint64_t hook_number_ = 0;
};

/// The script to which a function belongs; its first upvalue.
[[nodiscard]] inline Script& script_of(lua_State* lua) {
  return *static_cast<Script*>(lua_touserdata(lua, lua_upvalueindex(1)));
}

/// Adds the table kairos, print, warn and the random functions of math.
void add_functions(lua_State* lua, Script& script);
/// Adds kairos.tensors to the table at the top of the stack.
void add_tensors(lua_State* lua, Script& script);

}  // namespace kairos::plugins
