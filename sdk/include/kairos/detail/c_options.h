/* SPDX-License-Identifier: MIT */
/* clang-format off */
/* For plugin.h: what an entry of a list of options expands to. Each pass over a list has three macros, for entries with a default,
 * for required ones and for ones that may stay unset. */
#ifndef KAIROS_DETAIL_C_OPTIONS_H
#define KAIROS_DETAIL_C_OPTIONS_H

#include "../abi.h"
#include "c_lists.h"

/* A kind: type, type of the items of a list, flags, word and flags in JSON, and how its values are written. */
#define KAIROS_C_KIND_INT_ KAIROS_TYPE_INT, 0, 0, "int", "", INTEGER_
#define KAIROS_C_KIND_FLOAT_ KAIROS_TYPE_FLOAT, 0, 0, "float", "", NUMBER_
#define KAIROS_C_KIND_BOOL_ KAIROS_TYPE_BOOL, 0, 0, "bool", "", BOOLEAN_
#define KAIROS_C_KIND_TEXT_ KAIROS_TYPE_STRING, 0, 0, "string", "", TEXT_
#define KAIROS_C_KIND_CHOICE_ KAIROS_TYPE_ENUM, 0, 0, "enum", "", TEXT_
#define KAIROS_C_KIND_DURATION_ KAIROS_TYPE_DURATION, 0, 0, "duration", "", INTEGER_
#define KAIROS_C_KIND_METRIC_ KAIROS_TYPE_METRIC, 0, 0, "metric", "", TEXT_
#define KAIROS_C_KIND_EXPRESSION_ KAIROS_TYPE_EXPRESSION, 0, 0, "expression", "", TEXT_
#define KAIROS_C_KIND_PATH_ KAIROS_TYPE_PATH, 0, 0, "path", "", TEXT_
#define KAIROS_C_KIND_INPUT_ KAIROS_TYPE_PATH, 0, KAIROS_OPTION_READS, "path", ",\"reads\"", TEXT_
#define KAIROS_C_KIND_OUTPUT_ KAIROS_TYPE_PATH, 0, KAIROS_OPTION_WRITES, "path", ",\"writes\"", TEXT_
#define KAIROS_C_KIND_DIRECTORY_ \
  KAIROS_TYPE_PATH, 0, KAIROS_OPTION_WRITES | KAIROS_OPTION_DIRECTORY, "path", ",\"writes\",\"directory\"", TEXT_
#define KAIROS_C_KIND_SAVED_ \
  KAIROS_TYPE_PATH, 0, KAIROS_OPTION_WRITES | KAIROS_OPTION_SAVES, "path", ",\"writes\",\"saves\"", TEXT_
#define KAIROS_C_KIND_BOOLS_ KAIROS_TYPE_LIST, KAIROS_TYPE_BOOL, 0, "list\",\"items\":\"bool", "", TEXT_
#define KAIROS_C_KIND_INTS_ KAIROS_TYPE_LIST, KAIROS_TYPE_INT, 0, "list\",\"items\":\"int", "", TEXT_
#define KAIROS_C_KIND_FLOATS_ KAIROS_TYPE_LIST, KAIROS_TYPE_FLOAT, 0, "list\",\"items\":\"float", "", TEXT_
#define KAIROS_C_KIND_TEXTS_ KAIROS_TYPE_LIST, KAIROS_TYPE_STRING, 0, "list\",\"items\":\"string", "", TEXT_
#define KAIROS_C_KIND_CHOICES_ KAIROS_TYPE_LIST, KAIROS_TYPE_ENUM, 0, "list\",\"items\":\"enum", "", TEXT_
#define KAIROS_C_KIND_DURATIONS_ KAIROS_TYPE_LIST, KAIROS_TYPE_DURATION, 0, "list\",\"items\":\"duration", "", TEXT_
/* The kind of bounds. */
#define KAIROS_C_BOUNDS_INT_ KAIROS_C_KIND_INT_
#define KAIROS_C_BOUNDS_FLOAT_ KAIROS_C_KIND_FLOAT_
#define KAIROS_C_BOUNDS_BOOL_ KAIROS_C_KIND_BOOL_
#define KAIROS_C_BOUNDS_TEXT_ KAIROS_C_KIND_TEXT_
#define KAIROS_C_BOUNDS_CHOICE_ KAIROS_C_KIND_CHOICE_
#define KAIROS_C_BOUNDS_DURATION_ KAIROS_C_KIND_DURATION_
#define KAIROS_C_BOUNDS_METRIC_ KAIROS_C_KIND_METRIC_
#define KAIROS_C_BOUNDS_EXPRESSION_ KAIROS_C_KIND_EXPRESSION_
#define KAIROS_C_BOUNDS_PATH_ KAIROS_C_KIND_PATH_
#define KAIROS_C_BOUNDS_INPUT_ KAIROS_C_KIND_INPUT_
#define KAIROS_C_BOUNDS_OUTPUT_ KAIROS_C_KIND_OUTPUT_
#define KAIROS_C_BOUNDS_DIRECTORY_ KAIROS_C_KIND_DIRECTORY_
#define KAIROS_C_BOUNDS_SAVED_ KAIROS_C_KIND_SAVED_
#define KAIROS_C_BOUNDS_BOOLS_ KAIROS_C_KIND_BOOL_
#define KAIROS_C_BOUNDS_INTS_ KAIROS_C_KIND_INT_
#define KAIROS_C_BOUNDS_FLOATS_ KAIROS_C_KIND_FLOAT_
#define KAIROS_C_BOUNDS_TEXTS_ KAIROS_C_KIND_TEXT_
#define KAIROS_C_BOUNDS_CHOICES_ KAIROS_C_KIND_CHOICE_
#define KAIROS_C_BOUNDS_DURATIONS_ KAIROS_C_KIND_DURATION_

#define KAIROS_C_VALUE_INTEGER_(type, value) {type, 0, value, 0.0, {0, 0}}
#define KAIROS_C_VALUE_BOOLEAN_(type, value) {type, 0, value, 0.0, {0, 0}}
#define KAIROS_C_VALUE_NUMBER_(type, value) {type, 0, 0, value, {0, 0}}
#define KAIROS_C_VALUE_TEXT_(type, value) {type, 0, 0, 0.0, {value, sizeof(value) - 1}}
#define KAIROS_C_DEFAULT_INTEGER_(value) ",\"default\":" #value
#define KAIROS_C_DEFAULT_BOOLEAN_(value) ",\"default\":" KAIROS_C_DEFAULT_BOOLEAN_##value##_
#define KAIROS_C_DEFAULT_BOOLEAN_0_ "false"
#define KAIROS_C_DEFAULT_BOOLEAN_1_ "true"
#define KAIROS_C_DEFAULT_NUMBER_(value) ",\"default\":" #value
#define KAIROS_C_DEFAULT_TEXT_(value) ",\"default\":\"" value "\""

/* What may follow the help of an option: bits of its flags, fields of its declaration, members and flags in JSON. A field is given
 * as the macro that makes it from the kind and its arguments. */
#define KAIROS_C_BIT_NONE 0u
#define KAIROS_C_BIT_AT_LEAST(value) 0u
#define KAIROS_C_BIT_AT_MOST(value) 0u
#define KAIROS_C_BIT_ABOVE(value) KAIROS_OPTION_MIN_EXCLUSIVE
#define KAIROS_C_BIT_BELOW(value) KAIROS_OPTION_MAX_EXCLUSIVE
#define KAIROS_C_BIT_UNIT(name) 0u
#define KAIROS_C_BIT_ALIASES(...) 0u
#define KAIROS_C_BIT_CHOICES(...) 0u
#define KAIROS_C_BIT_VARIABLES(...) 0u
#define KAIROS_C_BIT_DEPRECATED(reason) 0u
#define KAIROS_C_BIT_SECRET KAIROS_OPTION_SECRET
#define KAIROS_C_BIT_VOIDS_STATE KAIROS_OPTION_STATE

#define KAIROS_C_FIELD_NONE KAIROS_C_FIELD_NONE_, 0
#define KAIROS_C_FIELD_AT_LEAST(value) KAIROS_C_FIELD_MIN_, value
#define KAIROS_C_FIELD_AT_MOST(value) KAIROS_C_FIELD_MAX_, value
#define KAIROS_C_FIELD_ABOVE(value) KAIROS_C_FIELD_MIN_, value
#define KAIROS_C_FIELD_BELOW(value) KAIROS_C_FIELD_MAX_, value
#define KAIROS_C_FIELD_UNIT(name) KAIROS_C_FIELD_UNIT_, name
#define KAIROS_C_FIELD_ALIASES(...) KAIROS_C_FIELD_ALIASES_, __VA_ARGS__
#define KAIROS_C_FIELD_CHOICES(...) KAIROS_C_FIELD_CHOICES_, __VA_ARGS__
#define KAIROS_C_FIELD_VARIABLES(...) KAIROS_C_FIELD_CHOICES_, __VA_ARGS__
#define KAIROS_C_FIELD_DEPRECATED(reason) KAIROS_C_FIELD_DEPRECATED_, reason
#define KAIROS_C_FIELD_SECRET KAIROS_C_FIELD_NONE_, 0
#define KAIROS_C_FIELD_VOIDS_STATE KAIROS_C_FIELD_NONE_, 0
#define KAIROS_C_FIELD_(kind, word) KAIROS_C_APPLY_(kind, KAIROS_C_FIELD_##word)
#define KAIROS_C_APPLY_(...) KAIROS_C_APPLY2_(__VA_ARGS__)
#define KAIROS_C_APPLY2_(kind, M, ...) M(kind, __VA_ARGS__)
#define KAIROS_C_FIELD_NONE_(kind, value)
#define KAIROS_C_FIELD_MIN_(kind, value) .min = KAIROS_C_TYPED_(KAIROS_C_BOUNDS_##kind##_, value),
#define KAIROS_C_FIELD_MAX_(kind, value) .max = KAIROS_C_TYPED_(KAIROS_C_BOUNDS_##kind##_, value),
#define KAIROS_C_FIELD_UNIT_(kind, name) .unit = name,
#define KAIROS_C_FIELD_ALIASES_(kind, ...) .aliases = KAIROS_C_JOIN_(__VA_ARGS__),
#define KAIROS_C_FIELD_CHOICES_(kind, ...) .choices = KAIROS_C_JOIN_(__VA_ARGS__),
#define KAIROS_C_FIELD_DEPRECATED_(kind, reason) .deprecated = reason,
#define KAIROS_C_TYPED_(...) KAIROS_C_TYPED2_(__VA_ARGS__)
#define KAIROS_C_TYPED2_(type, item, bits, word, flags, form, value) KAIROS_C_VALUE_##form(type, value)
#define KAIROS_C_OF_KIND_(M, ...) M(__VA_ARGS__)
#define KAIROS_C_TYPE_(type, item, bits, word, flags, form) type
#define KAIROS_C_ITEM_(type, item, bits, word, flags, form) item
#define KAIROS_C_ACCESS_(type, item, bits, word, flags, form) bits
#define KAIROS_C_WORD_(type, item, bits, word, flags, form) word
#define KAIROS_C_JSON_ACCESS_(type, item, bits, word, flags, form) flags
#define KAIROS_C_JSON_TYPED_(...) KAIROS_C_JSON_TYPED2_(__VA_ARGS__)
#define KAIROS_C_JSON_TYPED2_(type, item, bits, word, flags, form, value) KAIROS_C_DEFAULT_##form(value)

#define KAIROS_C_JSON_NONE ""
#define KAIROS_C_JSON_AT_LEAST(value) ",\"min\":" #value
#define KAIROS_C_JSON_AT_MOST(value) ",\"max\":" #value
#define KAIROS_C_JSON_ABOVE(value) ",\"min\":" #value
#define KAIROS_C_JSON_BELOW(value) ",\"max\":" #value
#define KAIROS_C_JSON_UNIT(name) ",\"unit\":\"" name "\""
#define KAIROS_C_JSON_ALIASES(...) ",\"aliases\":" KAIROS_C_JSON_LIST_(__VA_ARGS__)
#define KAIROS_C_JSON_CHOICES(...) ",\"choices\":" KAIROS_C_JSON_LIST_(__VA_ARGS__)
#define KAIROS_C_JSON_VARIABLES(...) ",\"choices\":" KAIROS_C_JSON_LIST_(__VA_ARGS__)
#define KAIROS_C_JSON_DEPRECATED(reason) ",\"deprecated\":\"" reason "\""
#define KAIROS_C_JSON_SECRET ""
#define KAIROS_C_JSON_VOIDS_STATE ""

#define KAIROS_C_JSON_BIT_NONE ""
#define KAIROS_C_JSON_BIT_AT_LEAST(value) ""
#define KAIROS_C_JSON_BIT_AT_MOST(value) ""
#define KAIROS_C_JSON_BIT_ABOVE(value) ",\"min_exclusive\""
#define KAIROS_C_JSON_BIT_BELOW(value) ",\"max_exclusive\""
#define KAIROS_C_JSON_BIT_UNIT(name) ""
#define KAIROS_C_JSON_BIT_ALIASES(...) ""
#define KAIROS_C_JSON_BIT_CHOICES(...) ""
#define KAIROS_C_JSON_BIT_VARIABLES(...) ""
#define KAIROS_C_JSON_BIT_DEPRECATED(reason) ""
#define KAIROS_C_JSON_BIT_SECRET ",\"secret\""
#define KAIROS_C_JSON_BIT_VOIDS_STATE ",\"state\""

/* Pass 1: a member of a struct whose offsets are the indices of the options. */
#define KAIROS_C_MEMBER_(kind, name, ...) char name;

/* Pass 2: a pointer to the declaration. */
#define KAIROS_C_OPTION_DEFAULT_(kind, name, initial, ...) \
  KAIROS_C_OPTION_(kind, name, 0u, KAIROS_C_INITIAL_, initial, __VA_ARGS__, NONE, NONE, NONE, NONE, NONE, NONE, 0)
#define KAIROS_C_OPTION_REQUIRED_(kind, name, ...) \
  KAIROS_C_OPTION_(kind, name, KAIROS_OPTION_REQUIRED, KAIROS_C_ABSENT_, 0, __VA_ARGS__, NONE, NONE, NONE, NONE, NONE, NONE, 0)
#define KAIROS_C_OPTION_UNSET_(kind, name, ...) \
  KAIROS_C_OPTION_(kind, name, 0u, KAIROS_C_ABSENT_, 0, __VA_ARGS__, NONE, NONE, NONE, NONE, NONE, NONE, 0)
#define KAIROS_C_INITIAL_(kind, value) KAIROS_C_TYPED_(KAIROS_C_KIND_##kind##_, value)
#define KAIROS_C_ABSENT_(kind, value) {KAIROS_TYPE_ABSENT, 0, 0, 0.0, {0, 0}}
#define KAIROS_C_OPTION_(kind, key, required, INITIAL, value, text, a, b, c, d, e, f, ...)                                     \
  &(const kairos_option){                                                                                                      \
      .size = sizeof(kairos_option),                                                                                           \
      .flags = required | KAIROS_C_OF_KIND_(KAIROS_C_ACCESS_, KAIROS_C_KIND_##kind##_) | KAIROS_C_BIT_##a | KAIROS_C_BIT_##b | \
               KAIROS_C_BIT_##c | KAIROS_C_BIT_##d | KAIROS_C_BIT_##e | KAIROS_C_BIT_##f,                                      \
      .type = KAIROS_C_OF_KIND_(KAIROS_C_TYPE_, KAIROS_C_KIND_##kind##_),                                                      \
      .item_type = KAIROS_C_OF_KIND_(KAIROS_C_ITEM_, KAIROS_C_KIND_##kind##_),                                                 \
      .name = #key,                                                                                                            \
      .help = text,                                                                                                            \
      .initial = INITIAL(kind, value),                                                                                         \
      KAIROS_C_FIELD_(kind, a) KAIROS_C_FIELD_(kind, b) KAIROS_C_FIELD_(kind, c)                                               \
      KAIROS_C_FIELD_(kind, d) KAIROS_C_FIELD_(kind, e) KAIROS_C_FIELD_(kind, f)},

/* Pass 3: JSON. */
#define KAIROS_C_JSON_DEFAULT_(kind, name, initial, ...) \
  KAIROS_C_JSON_OPTION_(kind, name, "", KAIROS_C_JSON_INITIAL_, initial, __VA_ARGS__, NONE, NONE, NONE, NONE, NONE, NONE, 0)
#define KAIROS_C_JSON_REQUIRED_(kind, name, ...) \
  KAIROS_C_JSON_OPTION_(kind, name, ",\"required\"", KAIROS_C_JSON_ABSENT_, 0, __VA_ARGS__, NONE, NONE, NONE, NONE, NONE, NONE, 0)
#define KAIROS_C_JSON_UNSET_(kind, name, ...) \
  KAIROS_C_JSON_OPTION_(kind, name, "", KAIROS_C_JSON_ABSENT_, 0, __VA_ARGS__, NONE, NONE, NONE, NONE, NONE, NONE, 0)
#define KAIROS_C_JSON_INITIAL_(kind, value) KAIROS_C_JSON_TYPED_(KAIROS_C_KIND_##kind##_, value)
#define KAIROS_C_JSON_ABSENT_(kind, value) ""
#define KAIROS_C_JSON_OPTION_(kind, key, required, INITIAL, value, text, a, b, c, d, e, f, ...)                                \
  ",{\"name\":\"" #key "\",\"type\":\"" KAIROS_C_OF_KIND_(KAIROS_C_WORD_, KAIROS_C_KIND_##kind##_)                            \
  "\",\"help\":\"" text "\"" KAIROS_C_JSON_##a KAIROS_C_JSON_##b KAIROS_C_JSON_##c KAIROS_C_JSON_##d KAIROS_C_JSON_##e        \
  KAIROS_C_JSON_##f ",\"flags\":[null" required KAIROS_C_OF_KIND_(KAIROS_C_JSON_ACCESS_, KAIROS_C_KIND_##kind##_)              \
  KAIROS_C_JSON_BIT_##a KAIROS_C_JSON_BIT_##b KAIROS_C_JSON_BIT_##c KAIROS_C_JSON_BIT_##d KAIROS_C_JSON_BIT_##e                \
  KAIROS_C_JSON_BIT_##f "]" INITIAL(kind, value) "}"

#endif
