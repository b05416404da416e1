// SPDX-License-Identifier: MIT
// What plugins pass to the host, checked before it is used: texts, paths, numbers and structs to fill.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "kairos/abi.h"
#include "plugin/run/call.hpp"

namespace kairos::host {

/// The text; "" for a null pointer, whatever length comes with it.
inline std::string_view view(kairos_str text) {
  return {text.ptr == nullptr ? "" : text.ptr,
          text.ptr == nullptr ? 0 : static_cast<std::size_t>(text.length)};
}
inline kairos_str to_abi(std::string_view text) {
  return {text.data(), text.size()};
}
/// False for a null pointer with a length.
inline bool is_text(kairos_str text) {
  return text.ptr != nullptr || text.length == 0;
}

/// A plugin's text for the user as one line of printable UTF-8: line feeds become spaces.
[[nodiscard]] std::string one_line(kairos_str text);
/// The lines of the text, at least one, in printable UTF-8. Tabs stay.
[[nodiscard]] std::vector<std::string> lines_of(kairos_str text);

/// Whether the values follow one another in row-major order. DLPack's strides of an axis of size 1 mean
/// nothing. The product of the axes fits into 64 bits.
[[nodiscard]] bool is_compact(const kairos_view& view);

/// The checks below return KAIROS_OK, or refuse the call with KAIROS_E_INVALID. `what` names the argument.
kairos_status check_pointer(kairos_call* call, const void* pointer, const char* what);
/// A name of printable UTF-8.
kairos_status check_name(kairos_call* call, kairos_str text, const char* what);
/// Stores a path in `absolute`. A relative one is resolved now, against the run directory if there is one:
/// the current directory may be another one when the file is written.
kairos_status take_path(kairos_call* call, kairos_str path, std::string& absolute);
/// As take_path, but relative to the current directory: for files that the plugin opens by itself.
kairos_status take_own_path(kairos_call* call, kairos_str path, std::string& absolute);

/// Refuses `number` as none of `expected`, "KAIROS_ACCESS_READ (1) or KAIROS_ACCESS_WRITE (2)".
kairos_status refuse_number(kairos_call* call, kairos_status status, const char* what, std::int64_t number,
                            const char* expected);

/// Sizes of the out structs in ABI 1.0.
template <class Struct>
inline constexpr std::size_t first_size = 0;
template <>
inline constexpr std::size_t first_size<kairos_tensor> = offsetof(kairos_tensor, view) +
                                                         sizeof(kairos_tensor::view);
template <>
inline constexpr std::size_t first_size<kairos_log_key> = offsetof(kairos_log_key, name) +
                                                          sizeof(kairos_log_key::name);
template <>
inline constexpr std::size_t first_size<kairos_position> = offsetof(kairos_position, pass) +
                                                           sizeof(kairos_position::pass);

template <>
inline constexpr std::size_t first_size<kairos_ledger_entry> = offsetof(kairos_ledger_entry, stops) +
                                                               sizeof(kairos_ledger_entry::stops);
template <>
inline constexpr std::size_t first_size<kairos_ledger_call> = offsetof(kairos_ledger_call, ended) +
                                                              sizeof(kairos_ledger_call::ended);

kairos_status check_capacity(kairos_call* call, const void* out, std::size_t least, const char* what);

/// Whether an out struct of the plugin can be filled. `what` is the name of its type.
template <class Struct>
kairos_status check_out(kairos_call* call, const Struct* out, const char* what) {
  static_assert(first_size<Struct> != 0);
  return check_capacity(call, out, first_size<Struct>, what);
}

/// Fills an out struct that check_out accepts: as many bytes as both sides know, which is its new `size`.
template <class Struct>
void deliver(Struct* out, Struct own) {
  own.size = std::min<std::uint32_t>(out->size, sizeof own);
  std::memcpy(out, &own, own.size);
}

}  // namespace kairos::host
