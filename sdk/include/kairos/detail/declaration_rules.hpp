// SPDX-License-Identifier: MIT
// The host's rules for declarations, checked at compile time: ids, texts, log keys, options and states.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kairos/detail/members.hpp"
#include "kairos/option.hpp"
#include "kairos/state.hpp"

namespace kairos {
inline namespace v1 {
namespace detail {

inline constexpr std::size_t longest_text = 16 << 10;  // bytes
inline constexpr std::size_t longest_key = 200;        // bytes

constexpr bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}
constexpr bool is_one_of(char c, std::string_view characters) {
  for (const char each : characters)
    if (each == c) return true;
  return false;
}

/// A text that is printed: one line.
constexpr bool is_line(std::string_view text) {
  if (text.size() > longest_text) return false;
  for (const char c : text)
    if (is_control(c)) return false;
  return true;
}

constexpr bool is_identifier(std::string_view word) {
  if (word.empty() || !is_letter(word.front())) return false;
  for (const char c : word)
    if (!is_letter(c) && !is_digit(c)) return false;
  return true;
}

constexpr bool is_snake_case(std::string_view word) {
  for (const char c : word)
    if (c >= 'A' && c <= 'Z') return false;
  return is_identifier(word);
}

/// A non-empty word of at most longest_key bytes, without control characters and `excluded` ones.
constexpr bool is_word(std::string_view word, std::string_view excluded) {
  if (word.empty() || word.size() > longest_key) return false;
  for (const char c : word)
    if (is_control(c) || is_one_of(c, excluded)) return false;
  return true;
}

/// Removes the first part of `rest` up to `separator` and returns it; sets `more` if there is another one.
constexpr std::string_view take_part(std::string_view& rest, char separator, bool& more) {
  std::size_t n = 0;
  while (n < rest.size() && rest[n] != separator) ++n;
  const std::string_view part = rest.substr(0, n);
  more = n < rest.size();
  rest.remove_prefix(more ? n + 1 : n);
  return part;
}

/// Words of letters, digits, '_' and '-', separated by dots. The last one is an identifier other than "so",
/// which would look like the name of a file.
constexpr bool is_id(std::string_view id) {
  bool more = true;
  for (int parts = 1;; ++parts) {
    const std::string_view part = take_part(id, '.', more);
    if (!more) return parts > 1 && is_identifier(part) && part != "so";
    if (part.empty() || part.front() == '-') return false;
    for (const char c : part)
      if (!is_letter(c) && !is_digit(c) && c != '-') return false;
  }
}

/// Different ids, separated by commas, none of them `own`; null is an empty list.
constexpr bool is_id_list(const char* list, std::string_view own) {
  if (list == nullptr) return true;
  std::string_view rest = list;
  for (bool more = true; more;) {
    const std::string_view id = take_part(rest, ',', more);
    if (!is_id(id) || id == own) return false;
    std::string_view later = rest;
    for (bool others = more; others;)
      if (take_part(later, ',', others) == id) return false;
  }
  return true;
}

constexpr bool same_text(const char* a, std::string_view b) {
  for (const char c : b)
    if (*a++ != c) return false;
  return *a == '\0';
}

/// Whether there is an option of that name whose value may be shown.
constexpr bool is_shown(const Members& members, std::string_view name) {
  for (const OptionBase* option = members.options.first; option != nullptr; option = option->next)
    if (same_text(option->declaration().name, name))
      return (option->declaration().flags & KAIROS_OPTION_SECRET) == 0;
  return false;
}

/// A log key in which {instance} and {name of an option} stand for their values.
constexpr bool is_key_pattern(const Members& members, std::string_view pattern) {
  if (!is_word(pattern, ", \"'=:")) return false;
  while (!pattern.empty()) {
    const char first = pattern.front();
    pattern.remove_prefix(1);
    if (first == '}') return false;
    if (first != '{') continue;
    bool closed = false;
    const std::string_view field = take_part(pattern, '}', closed);
    if (!closed || (field != "instance" && !is_shown(members, field))) return false;
  }
  return true;
}

/// A list of different keys, "score:max,{monitor}_smooth,rate".
constexpr bool is_publishes(const Members& members, std::string_view list) {
  std::string_view rest = list;
  for (bool more = true; more;) {
    std::string_view entry = take_part(rest, ',', more);
    bool directed = false;
    const std::string_view key = take_part(entry, ':', directed);
    if (!is_key_pattern(members, key) || (directed && entry != "min" && entry != "max")) return false;
    std::string_view later = rest;
    for (bool others = more; others;) {
      std::string_view other = take_part(later, ',', others);
      bool ignored = false;
      if (take_part(other, ':', ignored) == key) return false;
    }
  }
  return true;
}

/// What is wrong with an option or a state.
enum class Flaw {
  None,
  OptionName,
  OptionReserved,
  OptionTwice,
  Help,
  Alias,
  NoChoices,
  NeedlessChoices,
  Choice,
  Variable,
  DefaultChoice,
  DefaultBounds,
  Secret,
  StateName,
  StateTwice
};

/// The first flaw, and the number of the option or state, counted from 0.
struct Finding {
  Flaw flaw = Flaw::None;
  std::uint32_t number = 0;
};

constexpr bool is_reserved(std::string_view name) {
  constexpr const char* names[] = {"on_error", "on_missing", "isolate", "every_rank",
                                   "before",   "after",      "instance"};
  for (const char* reserved : names)
    if (name == reserved) return true;
  return name.substr(0, 7) == "kairos_";
}

/// Whether `word` is in a list of words separated by commas; null is an empty list.
constexpr bool is_listed(const char* list, std::string_view word) {
  if (list == nullptr) return false;
  std::string_view rest = list;
  for (bool more = true; more;)
    if (take_part(rest, ',', more) == word) return true;
  return false;
}

constexpr Flaw alias_flaw(const kairos_option& spec) {
  if (spec.aliases == nullptr) return Flaw::None;
  std::string_view rest = spec.aliases;
  for (bool more = true; more;) {
    const std::string_view alias = take_part(rest, ',', more);
    if (!is_identifier(alias)) return Flaw::Alias;
    if (is_reserved(alias)) return Flaw::OptionReserved;
  }
  return Flaw::None;
}

constexpr Flaw choices_flaw(const kairos_option& spec) {
  const bool variables = spec.type == KAIROS_TYPE_EXPRESSION;
  const bool chosen = spec.type == KAIROS_TYPE_ENUM || spec.item_type == KAIROS_TYPE_ENUM;
  if (spec.choices == nullptr) return chosen ? Flaw::NoChoices : Flaw::None;
  if (!variables && !chosen) return Flaw::NeedlessChoices;
  std::string_view rest = spec.choices;
  for (bool more = true; more;) {
    const std::string_view word = take_part(rest, ',', more);
    if (variables ? !is_identifier(word) : !is_word(word, " \"'="))
      return variables ? Flaw::Variable : Flaw::Choice;
    if (more && is_listed(rest.data(), word)) return variables ? Flaw::Variable : Flaw::Choice;
  }
  return Flaw::None;
}

/// Whether every item of a default such as "min,max" is one of the choices.
constexpr bool are_listed(const char* choices, std::string_view words) {
  for (bool more = !words.empty(); more;)
    if (!is_listed(choices, take_part(words, ',', more))) return false;
  return true;
}

constexpr bool is_within(const kairos_option& spec) {
  const bool above = (spec.flags & KAIROS_OPTION_MIN_EXCLUSIVE) != 0;
  const bool below = (spec.flags & KAIROS_OPTION_MAX_EXCLUSIVE) != 0;
  const kairos_value& value = spec.initial;
  const bool whole = is_integral(spec.type);
  if (spec.min.type != KAIROS_TYPE_ABSENT) {
    if (whole ? value.integer < spec.min.integer : value.number < spec.min.number) return false;
    if (above && (whole ? value.integer == spec.min.integer : value.number == spec.min.number)) return false;
  }
  if (spec.max.type != KAIROS_TYPE_ABSENT) {
    if (whole ? value.integer > spec.max.integer : value.number > spec.max.number) return false;
    if (below && (whole ? value.integer == spec.max.integer : value.number == spec.max.number)) return false;
  }
  return true;
}

constexpr Flaw option_flaw(const kairos_option& spec) {
  if (!is_snake_case(spec.name)) return Flaw::OptionName;
  if (is_reserved(spec.name)) return Flaw::OptionReserved;
  if (!is_line(spec.help) || (spec.unit != nullptr && !is_line(spec.unit)) ||
      (spec.deprecated != nullptr && !is_line(spec.deprecated)))
    return Flaw::Help;
  if (const Flaw flaw = alias_flaw(spec); flaw != Flaw::None) return flaw;
  if (const Flaw flaw = choices_flaw(spec); flaw != Flaw::None) return flaw;
  const bool secret = (spec.flags & KAIROS_OPTION_SECRET) != 0;
  if (secret && (spec.type != KAIROS_TYPE_STRING || (spec.flags & KAIROS_OPTION_STATE) != 0))
    return Flaw::Secret;
  if (spec.initial.type == KAIROS_TYPE_ABSENT) return Flaw::None;
  if (secret) return Flaw::Secret;
  if (spec.type == KAIROS_TYPE_ENUM && !is_listed(spec.choices, spec.initial.text.ptr))
    return Flaw::DefaultChoice;
  if (spec.type == KAIROS_TYPE_LIST)  // numbers in the text are checked by the host
    return spec.item_type != KAIROS_TYPE_ENUM || are_listed(spec.choices, spec.initial.text.ptr)
               ? Flaw::None
               : Flaw::DefaultChoice;
  return is_within(spec) ? Flaw::None : Flaw::DefaultBounds;
}

constexpr Flaw state_flaw(const Members& members, const StateBase* state) {
  if (std::string_view(state->name()).empty()) return Flaw::StateName;
  for (const StateBase* other = members.states.first; other != state; other = other->next)
    if (same_text(other->name(), state->name())) return Flaw::StateTwice;
  return Flaw::None;
}

constexpr Finding first_flaw(const Members& members) {
  Finding found;
  for (const OptionBase* option = members.options.first; option != nullptr;
       option = option->next, ++found.number)
    if (found.flaw = option_flaw(option->declaration()); found.flaw != Flaw::None) return found;
  found.number = 0;
  for (const StateBase* state = members.states.first; state != nullptr; state = state->next, ++found.number)
    if (found.flaw = state_flaw(members, state); found.flaw != Flaw::None) return found;
  return found;
}

/// FNV-1a. Names are compared by their hashes, because compilers limit the steps of a constant evaluation.
constexpr std::uint64_t hash_of(std::string_view word) {
  std::uint64_t hash = 14695981039346656037ull;
  for (const char c : word) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return hash;
}

/// Calls visit(name, number of its option) for all names and aliases.
template <class Visit>
constexpr void visit_names(const Members& members, Visit visit) {
  std::uint32_t number = 0;
  for (const OptionBase* option = members.options.first; option != nullptr; option = option->next, ++number) {
    visit(std::string_view(option->declaration().name), number);
    if (option->declaration().aliases == nullptr) continue;
    std::string_view rest = option->declaration().aliases;
    for (bool more = true; more;) visit(take_part(rest, ',', more), number);
  }
}

template <class T>
constexpr std::uint32_t count_names() {
  T callback{};
  std::uint32_t count = 0;
  visit_names(callback, [&count](std::string_view, std::uint32_t) { ++count; });
  return count;
}

/// The first option with a name or alias that was there before.
template <class T>
constexpr Finding find_twin() {
  T callback{};
  std::uint64_t hashes[count_names<T>() + 1] = {};
  std::uint32_t count = 0;
  Finding found;
  visit_names(callback, [&](std::string_view name, std::uint32_t number) {
    const std::uint64_t hash = hash_of(name);
    for (std::uint32_t i = 0; i < count && found.flaw == Flaw::None; ++i)
      if (hashes[i] == hash) found = {Flaw::OptionTwice, number};
    hashes[count++] = hash;
  });
  return found;
}

/// Fails to compile if there is one. `number` tells which option or state of the class has it, from 0.
template <class T, Flaw flaw, std::uint32_t number>
constexpr void refuse() {
  static_assert(flaw != Flaw::OptionName,
                "kairos: the name of an option must be in snake_case: lower-case letters, digits and '_'");
  static_assert(flaw != Flaw::OptionReserved,
                "kairos: this name of an option is reserved by the host: on_error, on_missing, isolate, "
                "every_rank, before, after, instance, and names that begin with kairos_");
  static_assert(flaw != Flaw::OptionTwice, "kairos: two options have the same name or alias");
  static_assert(
      flaw != Flaw::Help,
      "kairos: the help, the unit and the reason in deprecated() of an option must be one line each, "
      "without control characters");
  static_assert(flaw != Flaw::Alias,
                "kairos: an alias must be a name; separate several by commas without spaces: "
                "kairos::alias(\"epsilon,delta\")");
  static_assert(flaw != Flaw::NoChoices,
                "kairos: an Option<Choice> or Option<List<Choice>> needs its words: "
                "kairos::choices(\"auto,min,max\")");
  static_assert(flaw != Flaw::NeedlessChoices,
                "kairos: only an Option<Choice> or Option<List<Choice>> has choices, and only an "
                "Option<Expression> has variables");
  static_assert(flaw != Flaw::Choice,
                "kairos: choices must be different words, separated by commas without spaces: "
                "kairos::choices(\"auto,min,max\")");
  static_assert(flaw != Flaw::Variable,
                "kairos: variables must be different names, separated by commas without spaces: "
                "kairos::variables(\"epoch,lr\")");
  static_assert(flaw != Flaw::DefaultChoice, "kairos: the default of an option is not one of its choices");
  static_assert(flaw != Flaw::DefaultBounds, "kairos: the default of an option is outside of its bounds");
  static_assert(
      flaw != Flaw::Secret,
      "kairos: a secret must be an Option<std::string_view> without a default, and not voids_state");
  static_assert(flaw != Flaw::StateName, "kairos: a state needs a name, under which it is saved");
  static_assert(flaw != Flaw::StateTwice, "kairos: two states have the same name");
}

}  // namespace detail
}  // namespace v1
}  // namespace kairos
