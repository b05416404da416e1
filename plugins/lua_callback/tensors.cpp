// SPDX-License-Identifier: MIT
// Tensors as read-only arrays in Lua, without copies.
#include <algorithm>
#include <cmath>
#include <limits>

#include "script.hpp"

namespace kairos::plugins {
namespace {

constexpr const char* type_name = "tensor";

/// Userdata without a finalizer. Its user value is a table with name, shape and trainable.
struct Borrowed {
  const Script* script;
  const float* values;
  std::int64_t size;
  std::uint64_t hook;  ///< in which it is valid
};

const Borrowed& tensor_at(lua_State* lua, int index) {
  const auto& tensor = *static_cast<const Borrowed*>(luaL_checkudata(lua, index, type_name));
  if (tensor.hook != tensor.script->hook_number())
    throw Error("the tensor was borrowed in an earlier hook. Call kairos.tensors again");
  return tensor;
}

/// The elements, whose number counts as instructions: a loop in C++ takes about 1/16 of one in Lua.
const Borrowed& summed(lua_State* lua) {
  const Borrowed& tensor = tensor_at(lua, 1);
  Sandbox::of(lua).spend(lua, tensor.size / 16);
  return tensor;
}

int sum(lua_State* lua) {
  return shielded(lua, [lua] {
    const Borrowed& tensor = summed(lua);
    double total = 0;
    for (std::int64_t i = 0; i < tensor.size; ++i) total += static_cast<double>(tensor.values[i]);
    lua_pushnumber(lua, total);
    return 1;
  });
}

int mean(lua_State* lua) {
  return shielded(lua, [lua] {
    const auto count = static_cast<double>(tensor_at(lua, 1).size);
    sum(lua);
    lua_pushnumber(lua, lua_tonumber(lua, -1) / count);
    return 1;
  });
}

int norm(lua_State* lua) {
  return shielded(lua, [lua] {
    const Borrowed& tensor = summed(lua);
    double total = 0;
    for (std::int64_t i = 0; i < tensor.size; ++i)
      total += static_cast<double>(tensor.values[i]) * static_cast<double>(tensor.values[i]);
    lua_pushnumber(lua, std::sqrt(total));
    return 1;
  });
}

/// The smallest or largest element; NaN if there is a NaN, nil if there is none.
template <class Better>
int extreme(lua_State* lua, Better better) {
  return shielded(lua, [lua, better] {
    const Borrowed& tensor = summed(lua);
    if (tensor.size == 0) return 0;
    float best = tensor.values[0];
    for (std::int64_t i = 1; i < tensor.size && !std::isnan(best); ++i)
      if (better(tensor.values[i], best) || std::isnan(tensor.values[i])) best = tensor.values[i];
    lua_pushnumber(lua, static_cast<double>(best));
    return 1;
  });
}
int smallest(lua_State* lua) {
  return extreme(lua, [](float a, float b) { return a < b; });
}
int largest(lua_State* lua) {
  return extreme(lua, [](float a, float b) { return a > b; });
}

/// Elements by number, from 1; name, shape and trainable; the functions, which are the first upvalue.
int index(lua_State* lua) {
  return shielded(lua, [lua] {
    const Borrowed& tensor = tensor_at(lua, 1);
    int is_integer = 0;
    const lua_Integer at = lua_tointegerx(lua, 2, &is_integer);
    if (is_integer != 0 && lua_type(lua, 2) == LUA_TNUMBER) {
      if (at < 1 || at > tensor.size) return 0;
      lua_pushnumber(lua, static_cast<double>(tensor.values[at - 1]));
      return 1;
    }
    lua_pushvalue(lua, 2);
    if (lua_rawget(lua, lua_upvalueindex(1)) != LUA_TNIL) return 1;
    lua_getiuservalue(lua, 1, 1);
    lua_pushvalue(lua, 2);
    lua_rawget(lua, -2);
    return 1;
  });
}

int length(lua_State* lua) {
  return shielded(lua, [lua] {
    lua_pushinteger(lua, tensor_at(lua, 1).size);
    return 1;
  });
}

int refuse_to_write(lua_State* lua) {
  return luaL_error(lua, "tensors are read-only");
}

void push_tensor(lua_State* lua, const Script& script, const Tensor& tensor) {
  auto* made = static_cast<Borrowed*>(lua_newuserdatauv(lua, sizeof(Borrowed), 1));
  *made = {&script, tensor.data(), tensor.size(), script.hook_number()};
  luaL_setmetatable(lua, type_name);
  push(lua, {{"name", tensor.name()}, {"trainable", tensor.trainable()}});
  lua_createtable(lua, tensor.rank(), 0);
  for (std::int32_t axis = 0; axis < tensor.rank(); ++axis) {
    lua_pushinteger(lua, tensor.shape(axis));
    lua_rawseti(lua, -2, axis + 1);
  }
  lua_setfield(lua, -2, "shape");
  lua_setiuservalue(lua, -2, 1);
}

/// All tensors of a role in this event.
int tensors(lua_State* lua) {
  return shielded(lua, [lua] {
    static const char* const names[] = {"weight", "gradient", "buffer",        "input",       "target",
                                        "output", "slot",     "sample_weight", "sample_loss", nullptr};
    constexpr Role roles[] = {Role::Weight, Role::Gradient, Role::Buffer,       Role::Input,     Role::Target,
                              Role::Output, Role::Slot,     Role::SampleWeight, Role::SampleLoss};
    const Role role = roles[luaL_checkoption(lua, 1, nullptr, names)];
    const Script& script = script_of(lua);
    const Event& event = script.event();
    const std::uint32_t count = event.tensor_count(role);
    lua_createtable(lua, static_cast<int>(count), 0);
    for (std::uint32_t i = 0; i < count; ++i) {
      push_tensor(lua, script, event.tensor(role, i));
      lua_rawseti(lua, -2, static_cast<lua_Integer>(i) + 1);
    }
    return 1;
  });
}

constexpr luaL_Reg methods[] = {{"sum", sum},      {"mean", mean},   {"norm", norm},
                                {"min", smallest}, {"max", largest}, {nullptr, nullptr}};
constexpr luaL_Reg metamethods[] = {{"__len", length}, {"__newindex", refuse_to_write}, {nullptr, nullptr}};

}  // namespace

void add_tensors(lua_State* lua, Script& script) {
  luaL_newmetatable(lua, type_name);
  luaL_setfuncs(lua, metamethods, 0);
  luaL_newlib(lua, methods);
  lua_pushcclosure(lua, index, 1);
  lua_setfield(lua, -2, "__index");
  lua_pushboolean(lua, 0);
  lua_setfield(lua, -2, "__metatable");
  lua_pop(lua, 1);
  lua_pushlightuserdata(lua, &script);
  lua_pushcclosure(lua, tensors, 1);
  lua_setfield(lua, -2, "tensors");
}

}  // namespace kairos::plugins
