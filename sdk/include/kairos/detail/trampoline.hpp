// SPDX-License-Identifier: MIT
// The boundary: C functions that call the C++ hooks. Exceptions are converted to statuses here and nowhere
// else.
#pragma once

#include <cstdint>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kairos/abi.h"
#include "kairos/artifact.hpp"
#include "kairos/batch.hpp"
#include "kairos/error.hpp"
#include "kairos/event.hpp"
#include "kairos/option.hpp"
#include "kairos/owned.hpp"
#include "kairos/state.hpp"

namespace kairos {
inline namespace v1 {
namespace detail {

/// Runs `work` and converts any exception to a status, with its text recorded in the call.
template <class Work>
kairos_status guarded(const kairos_host* host, kairos_call* call, Work&& work) noexcept {
  try {
    std::forward<Work>(work)();
    return KAIROS_OK;
  } catch (const HostError& error) {
    return error.status();  // The host has already recorded a more precise reason.
  } catch (const Error& error) {
    return host->fail(call, error.status(), to_abi(error.what()));
  } catch (const std::bad_alloc&) {
    return host->fail(call, KAIROS_E_MEMORY, to_abi("out of memory"));
  } catch (const std::exception& error) {
    return host->fail(call, KAIROS_E_EXCEPTION, to_abi(error.what()));
  } catch (...) {
    return host->fail(call, KAIROS_E_EXCEPTION, to_abi("an exception that is not a std::exception"));
  }
}

inline void end_members(Members& members) {
  for (OwnedBase* owned = members.owned.first; owned != nullptr; owned = owned->next) owned->end();
  for (StateBase* state = members.states.first; state != nullptr; state = state->next) state->end();
}

template <class T>
kairos_status create(const kairos_host* host, kairos_call* call, void** self) {
  T* made = nullptr;
  const kairos_status status = guarded(host, call, [&] {
    made = new T{};
    made->interfaces.ask(host);
    for (OptionBase* option = made->options.first; option != nullptr; option = option->next)
      option->fill(host);
    for (StateBase* state = made->states.first; state != nullptr; state = state->next) state->make();
    for (OwnedBase* owned = made->owned.first; owned != nullptr; owned = owned->next) owned->make();
  });
  if (status == KAIROS_OK) {
    *self = made;
  } else if (made != nullptr) {
    end_members(*made);
    delete made;
  }
  return status;
}

/// A destructor that may throw leaves the rest of its callback where it is.
template <class T>
void destroy(void* self) noexcept {
  T* made = static_cast<T*>(self);
  const kairos_host* host = made->interfaces.host;
  const auto tell = [host](std::string_view what) { host->log(host, KAIROS_LOG_ERROR, to_abi(what)); };
  try {
    end_members(*made);
    delete made;
  } catch (const std::exception& error) {
    tell(error.what());
  } catch (...) {
    tell("a destructor has thrown an exception that is not a std::exception");
  }
}

/// The C function of a hook.
template <class T, class EventClass, class Raw, void (*hook)(T&, EventClass&)>
kairos_status call_hook(void* self, kairos_call* call, const Raw* raw) {
  T* callback = static_cast<T*>(self);
  return guarded(callback->interfaces.host, call, [&] {
    EventClass event(callback->interfaces, call, raw);
    hook(*callback, event);
  });
}

inline void append_sized(std::string& out, std::string_view bytes) {
  const std::uint64_t n = bytes.size();
  out.append(reinterpret_cast<const char*>(&n), sizeof n);
  out.append(bytes);
}

/// Removes one counted string from the front of `in`; false if `in` is too short.
inline bool take_sized(std::string_view& in, std::string_view& bytes) {
  std::uint64_t n = 0;
  if (in.size() < sizeof n) return false;
  std::memcpy(&n, in.data(), sizeof n);
  in.remove_prefix(sizeof n);
  if (in.size() < n) return false;
  bytes = in.substr(0, static_cast<std::size_t>(n));
  in.remove_prefix(static_cast<std::size_t>(n));
  return true;
}

/// Saved bytes: name and value of each state in the order of declaration, each preceded by its length as
/// uint64.
template <class T>
kairos_status state_save(void* self, kairos_call* call, const kairos_writer* out) {
  const T* callback = static_cast<T*>(self);
  return guarded(callback->interfaces.host, call, [&] {
    std::string bytes;
    for (const StateBase* state = callback->states.first; state != nullptr; state = state->next) {
      append_sized(bytes, state->name());
      append_sized(bytes, state->view());
    }
    if (out->write(out->impl, bytes.data(), bytes.size()) != KAIROS_OK)
      throw Error(KAIROS_E_MEMORY, "the host could not store the state");
  });
}

inline std::string read_all(const kairos_reader* in) {
  std::string bytes;
  char piece[4096];
  for (std::uint64_t got = 1; got > 0;) {
    if (in->read(in->impl, piece, sizeof piece, &got) != KAIROS_OK)
      throw Error(KAIROS_E_DATA, "the saved state could not be read");
    bytes.append(piece, static_cast<std::size_t>(got));
  }
  return bytes;
}

/// The value saved under `name`; a null view if there is none.
inline std::string_view saved_value(std::string_view saved, std::string_view name) {
  std::string_view key, value;
  while (!saved.empty()) {
    if (!take_sized(saved, key) || !take_sized(saved, value))
      throw Error(KAIROS_E_DATA, "the saved state is truncated");
    if (key == name) return value;
  }
  return {};
}

/// Loads values by name; `own_version` is the class's state_version. Values that a newer version of the
/// callback added keep their initial value. Everything is checked before anything is changed.
template <class T, std::uint32_t own_version>
kairos_status state_load(void* self, kairos_call* call, const kairos_reader* in) {
  T* callback = static_cast<T*>(self);
  return guarded(callback->interfaces.host, call, [&] {
    const std::string bytes = read_all(in);
    for (const StateBase* state = callback->states.first; state != nullptr; state = state->next) {
      const std::string_view value = saved_value(bytes, state->name());
      const bool absent = value.data() == nullptr;
      if (absent ? in->version >= own_version : !state->fits(value))
        throw Error(KAIROS_E_DATA, std::string("the saved state has no usable \"") + state->name() + "\"");
    }
    for (StateBase* state = callback->states.first; state != nullptr; state = state->next)
      if (const std::string_view value = saved_value(bytes, state->name()); value.data() != nullptr)
        state->assign(value);
  });
}

}  // namespace detail
}  // namespace v1
}  // namespace kairos
