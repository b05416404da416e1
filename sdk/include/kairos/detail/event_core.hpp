// SPDX-License-Identifier: MIT
// What every part of an event shares: the host's interfaces, the call, and statuses as exceptions.
#pragma once

#include <string>
#include <string_view>

#include "kairos/detail/members.hpp"
#include "kairos/error.hpp"

namespace kairos {
inline namespace v1 {
namespace detail {

inline kairos_str to_abi(std::string_view text) {
  return {text.data(), text.size()};
}
inline std::string_view from_abi(kairos_str text) {
  return {text.ptr, static_cast<std::size_t>(text.length)};
}

/// Base of the parts of kairos::Event, each of which offers one or more interfaces of the host.
class EventCore {
 public:
  EventCore(const Interfaces& interfaces, kairos_call* call) : interfaces_(interfaces), call_(call) {}
  EventCore(const EventCore&) = delete;
  EventCore& operator=(const EventCore&) = delete;

 protected:
  /// Throws KAIROS_E_UNSUPPORTED if the host does not offer the interface.
  template <class Interface>
  static const Interface& need(const Interface* interface, const char* id) {
    if (interface == nullptr)
      throw Error(KAIROS_E_UNSUPPORTED, std::string("this host does not offer ") + id);
    return *interface;
  }
  /// Throws HostError with the reason that the host has recorded.
  void check(kairos_status status, const char* doing) const {
    if (status == KAIROS_OK) return;
    const std::string_view reason = from_abi(interfaces_.host->reason(call_));
    throw HostError(status,
                    reason.empty() ? std::string(doing) : std::string(doing) + ": " + std::string(reason));
  }

  const Interfaces& interfaces_;
  kairos_call* call_;
};

}  // namespace detail
}  // namespace v1
}  // namespace kairos
