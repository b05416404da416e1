// SPDX-License-Identifier: MIT
// The manifest as JSON, generated at compile time.
#pragma once

#include <cstdint>

#include "kairos/about.hpp"
#include "kairos/detail/traits.hpp"

namespace kairos {
inline namespace v1 {
namespace detail {

/// Writes to `out`, or only counts if `out` is null.
struct Sink {
  char* out = nullptr;
  std::uint32_t length = 0;

  constexpr void put(char c) {
    if (out != nullptr) out[length] = c;
    ++length;
  }
  constexpr void raw(const char* text) {
    for (; *text != '\0'; ++text) put(*text);
  }
  constexpr void quoted(const char* text) {
    put('"');
    for (; *text != '\0'; ++text) escaped(*text);
    put('"');
  }
  constexpr void escaped(char c) {
    constexpr const char* hex = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      put('\\');
      put(c);
    } else if (byte < 0x20) {
      raw("\\u00");
      put(hex[byte >> 4]);
      put(hex[byte & 15]);
    } else {
      put(c);
    }
  }
  constexpr void integer(std::int64_t value) {
    if (value < 0) put('-');
    std::uint64_t rest =
        value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
    char digits[20] = {};
    int n = 0;
    do {
      digits[n++] = static_cast<char>('0' + rest % 10);
      rest /= 10;
    } while (rest != 0);
    while (n > 0) put(digits[--n]);
  }
  /// "a,b" as ["a","b"].
  constexpr void words(const char* list) {
    raw("[\"");
    for (; *list != '\0'; ++list) {
      if (*list == ',')
        raw("\",\"");
      else
        escaped(*list);
    }
    raw("\"]");
  }
  constexpr void number(double value);
  constexpr void hex_float(double value);
};

/// Writes a double as the shortest m·10^e that reads back exactly (|m| < 2^53 and |e| <= 22: one rounding).
/// If there is none, writes a quoted hexadecimal float, which is exact too.
constexpr void Sink::number(double value) {
  if (value != value) return quoted("nan");
  if (value - value != 0.0) return quoted(value > 0 ? "inf" : "-inf");
  for (int e = 22; e >= -22; --e) {
    double power = 1.0;
    for (int i = 0; i < (e < 0 ? -e : e); ++i) power *= 10.0;
    const double quotient = e < 0 ? value * power : value / power;
    if (quotient >= 9007199254740992.0 || quotient <= -9007199254740992.0) continue;
    const auto m = static_cast<std::int64_t>(quotient < 0 ? quotient - 0.5 : quotient + 0.5);
    const double back = e < 0 ? static_cast<double>(m) / power : static_cast<double>(m) * power;
    if (back != value || (m == 0 && value != 0.0)) continue;
    integer(m);
    if (e != 0 && m != 0) {
      put('e');
      integer(e);
    }
    return;
  }
  hex_float(value);
}

constexpr void Sink::hex_float(double value) {
  const auto bits = __builtin_bit_cast(std::uint64_t, value);
  constexpr const char* hex = "0123456789abcdef";
  put('"');
  if ((bits >> 63) != 0) put('-');
  const auto exponent = static_cast<std::int64_t>((bits >> 52) & 0x7FF);
  raw(exponent == 0 ? "0x0." : "0x1.");
  for (int shift = 48; shift >= 0; shift -= 4) put(hex[(bits >> shift) & 15]);
  put('p');
  integer(exponent == 0 ? -1022 : exponent - 1023);
  put('"');
}

constexpr const char* type_name(std::int32_t type) {
  constexpr const char* names[] = {"",     "bool",     "int",    "float",      "string", "enum",
                                   "path", "duration", "metric", "expression", "list"};
  return names[type];
}

constexpr const char* phase_name(Phase phase) {
  constexpr const char* names[] = {"", "measure", "decide", "report", "persist"};
  return names[static_cast<std::int32_t>(phase)];
}

constexpr void write_value(Sink& sink, const char* key, const kairos_value& value) {
  if (value.type == KAIROS_TYPE_ABSENT) return;
  sink.raw(",\"");
  sink.raw(key);
  sink.raw("\":");
  if (value.type == KAIROS_TYPE_BOOL)
    sink.raw(value.integer != 0 ? "true" : "false");
  else if (value.type == KAIROS_TYPE_INT || value.type == KAIROS_TYPE_DURATION)
    sink.integer(value.integer);
  else if (value.type == KAIROS_TYPE_FLOAT)
    sink.number(value.number);
  else
    sink.quoted(value.text.ptr);
}

constexpr void write_words(Sink& sink, const char* key, const char* words) {
  if (words == nullptr) return;
  sink.raw(",\"");
  sink.raw(key);
  sink.raw("\":");
  sink.words(words);
}

constexpr void write_option(Sink& sink, const kairos_option& option) {
  sink.raw("{\"name\":");
  sink.quoted(option.name);
  sink.raw(",\"type\":");
  sink.quoted(type_name(option.type));
  if (option.type == KAIROS_TYPE_LIST) {
    sink.raw(",\"items\":");
    sink.quoted(type_name(option.item_type));
  }
  sink.raw(",\"help\":");
  sink.quoted(option.help);
  if (option.unit != nullptr) {
    sink.raw(",\"unit\":");
    sink.quoted(option.unit);
  }
  if (option.deprecated != nullptr) {
    sink.raw(",\"deprecated\":");
    sink.quoted(option.deprecated);
  }
  write_words(sink, "aliases", option.aliases);
  write_words(sink, "choices", option.choices);
  if (option.flags != 0) {
    sink.raw(",\"flags\":[");
    const char* separator = "\"";
    constexpr const char* names[] = {"required", "min_exclusive", "max_exclusive", "secret", "reads",
                                     "writes",   "directory",     "saves",         "state"};
    for (int bit = 0; bit < 9; ++bit) {
      if ((option.flags & (1u << bit)) == 0) continue;
      sink.raw(separator);
      sink.raw(names[bit]);
      separator = "\",\"";
    }
    sink.raw("\"]");
  }
  write_value(sink, "default", option.initial);
  write_value(sink, "min", option.min);
  write_value(sink, "max", option.max);
  sink.put('}');
}

constexpr void write_capabilities(Sink& sink, Can capabilities) {
  const auto bits = static_cast<std::uint64_t>(capabilities);
  if (bits == 0) return;
  sink.raw(",\"capabilities\":[");
  const char* separator = "\"";
  constexpr struct {
    std::uint64_t bit;
    const char* name;
  } all[] = {{KAIROS_CAN_STOP, "stop"},
             {KAIROS_CAN_SET_OPTIMIZER, "set_optimizer"},
             {KAIROS_CAN_WRITE_WEIGHTS, "write_weights"},
             {KAIROS_CAN_WRITE_GRADIENTS, "write_gradients"},
             {KAIROS_CAN_SAVE_MODEL, "save_model"},
             {KAIROS_CAN_WRITE_BATCH, "write_batch"},
             {KAIROS_CAN_CONTROL_STEP, "control_step"},
             {KAIROS_CAN_SAVE_RUN, "save_run"},
             {KAIROS_CAN_RUN_COMMANDS, "run_commands"}};
  for (const auto& one : all) {
    if ((bits & one.bit) == 0) continue;
    sink.raw(separator);
    sink.raw(one.name);
    separator = "\",\"";
  }
  sink.raw("\"]");
}

constexpr void write_hook(Sink& sink, bool present, const char* name, bool& first) {
  if (!present) return;
  if (!first) sink.put(',');
  sink.quoted(name);
  first = false;
}

template <class T>
constexpr void write_hooks(Sink& sink, bool has_state) {
  bool first = true;
  sink.raw(",\"hooks\":[");
  write_hook(sink, Has_setup<T>::value, "setup", first);
  write_hook(sink, Has_teardown<T>::value, "teardown", first);
  write_hook(sink, has_state, "state_save", first);
  write_hook(sink, has_state, "state_load", first);
#define KAIROS_DETAIL_HOOK(hook, EventClass, Raw, place) \
  if (#hook[0] == 'o') write_hook(sink, Has_##hook<T>::value, #hook, first);
#include "kairos/abi/hook_list.inc"
  sink.put(']');
}

template <class T>
constexpr void write_callback(Sink& sink) {
  T callback{};
  const bool has_state = callback.states.count > 0;
  sink.raw("{\"id\":");
  sink.quoted(T::id);
  sink.raw(",\"summary\":");
  sink.quoted(Declared_summary<T>::value);
  sink.raw(",\"phase\":");
  sink.quoted(phase_name(Declared_phase<T>::value));
  write_capabilities(sink, Declared_capabilities<T>::value);
  if (Declared_every_rank<T>::value) sink.raw(",\"flags\":[\"every_rank\"]");
  write_words(sink, "publishes", Declared_publishes<T>::value);
  write_words(sink, "aliases", Declared_aliases<T>::value);
  write_words(sink, "before", Declared_before<T>::value);
  write_words(sink, "after", Declared_after<T>::value);
  if (has_state) {
    sink.raw(",\"state_version\":");
    sink.integer(Declared_state_version<T>::value);
    sink.raw(",\"oldest_state_version\":");
    sink.integer(Declared_oldest_state_version<T>::value);
  }
  write_hooks<T>(sink, has_state);
  sink.raw(",\"options\":[");
  for (const OptionBase* option = callback.options.first; option != nullptr; option = option->next) {
    if (option != callback.options.first) sink.put(',');
    write_option(sink, option->declaration());
  }
  sink.raw("]}");
}

constexpr void write_about(Sink& sink, const About& about) {
  const char* separator = ",\"about\":{";
  for (const About::Entry& entry : about.entries) {
    if (entry.text == nullptr) continue;
    sink.raw(separator);
    sink.quoted(entry.key);
    sink.put(':');
    sink.quoted(entry.text);
    separator = ",";
  }
  if (separator[1] == '\0') sink.put('}');
}

template <class Facts, class... Callbacks>
constexpr std::uint32_t write_manifest(char* out) {
  Sink sink{out, 0};
  sink.raw("{\"version\":");
  sink.quoted(Facts::version);
  sink.raw(",\"sdk\":\"" KAIROS_SDK_VERSION "\",\"compiler\":\"" __VERSION__ "\"");
  write_about(sink, Facts::about);
  sink.raw(",\"callbacks\":[");
  bool first = true;
  const auto separate = [&] {
    if (!first) sink.put(',');
    first = false;
  };
  ((separate(), write_callback<Callbacks>(sink)), ...);
  sink.raw("]}");
  return sink.length;
}

/// The object that the note points to.
template <std::uint32_t n>
struct ManifestData {
  kairos_manifest_header header;
  char text[n];
};

template <class Facts, class... Callbacks>
constexpr auto make_manifest() {
  constexpr std::uint32_t n = write_manifest<Facts, Callbacks...>(nullptr);
  static_assert(n <= KAIROS_MANIFEST_LIMIT,
                "kairos: the manifest is too long; shorten help texts or split the plugin");
  static_assert(Facts::about.length() <= 4096,
                "kairos: the texts of kairos::About are too long; 4096 bytes is the limit");
  ManifestData<n> data{{n, 0}, {}};
  write_manifest<Facts, Callbacks...>(data.text);
  return data;
}

}  // namespace detail
}  // namespace v1
}  // namespace kairos
