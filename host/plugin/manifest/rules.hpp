// SPDX-License-Identifier: MIT
// The rules for declarations, whether read from a file or from memory.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kairos/abi.h"
#include "kairos/host/error.hpp"
#include "kairos/host/plugins.hpp"

namespace kairos::host {

constexpr std::array<std::pair<std::string_view, std::int32_t>, 4> phase_table = {
    {{"measure", KAIROS_PHASE_MEASURE},
     {"decide", KAIROS_PHASE_DECIDE},
     {"report", KAIROS_PHASE_REPORT},
     {"persist", KAIROS_PHASE_PERSIST}}};

constexpr std::array<std::pair<std::string_view, std::uint64_t>, 9> capability_table = {
    {{"stop", KAIROS_CAN_STOP},
     {"set_optimizer", KAIROS_CAN_SET_OPTIMIZER},
     {"write_weights", KAIROS_CAN_WRITE_WEIGHTS},
     {"write_gradients", KAIROS_CAN_WRITE_GRADIENTS},
     {"save_model", KAIROS_CAN_SAVE_MODEL},
     {"write_batch", KAIROS_CAN_WRITE_BATCH},
     {"control_step", KAIROS_CAN_CONTROL_STEP},
     {"save_run", KAIROS_CAN_SAVE_RUN},
     {"run_commands", KAIROS_CAN_RUN_COMMANDS}}};

constexpr std::array<std::pair<std::string_view, std::int32_t>, 10> type_table = {
    {{"bool", KAIROS_TYPE_BOOL},
     {"int", KAIROS_TYPE_INT},
     {"float", KAIROS_TYPE_FLOAT},
     {"string", KAIROS_TYPE_STRING},
     {"enum", KAIROS_TYPE_ENUM},
     {"path", KAIROS_TYPE_PATH},
     {"duration", KAIROS_TYPE_DURATION},
     {"metric", KAIROS_TYPE_METRIC},
     {"expression", KAIROS_TYPE_EXPRESSION},
     {"list", KAIROS_TYPE_LIST}}};

constexpr std::array<std::pair<std::string_view, std::uint32_t>, 1> callback_flag_table = {
    {{"every_rank", KAIROS_CALLBACK_EVERY_RANK}}};

constexpr std::array<std::pair<std::string_view, std::uint32_t>, 9> option_flag_table = {
    {{"required", KAIROS_OPTION_REQUIRED},
     {"min_exclusive", KAIROS_OPTION_MIN_EXCLUSIVE},
     {"max_exclusive", KAIROS_OPTION_MAX_EXCLUSIVE},
     {"secret", KAIROS_OPTION_SECRET},
     {"state", KAIROS_OPTION_STATE},
     {"reads", KAIROS_OPTION_READS},
     {"writes", KAIROS_OPTION_WRITES},
     {"directory", KAIROS_OPTION_DIRECTORY},
     {"saves", KAIROS_OPTION_SAVES}}};

constexpr std::uint32_t most_callbacks = 256;
constexpr std::uint32_t most_options = 1024;
constexpr std::size_t most_words = 1024;        // aliases, choices, keys
constexpr std::size_t longest_text = 16 << 10;  // bytes of any one text
constexpr std::size_t longest_about = 4 << 10;  // bytes of all texts in "about"

/// The name of a field in messages, "callback com.example.StallStop, option patience, min". It borrows its
/// parts and joins them only when a message is made, because nearly all fields are valid.
class FieldName {
 public:
  enum class Of { Plugin, Callback, Option };
  FieldName(const char* name) : name_(name) {}
  FieldName(Of of, std::string_view callback, std::string_view option, std::string_view name)
      : of_(of), callback_(callback), option_(option), name_(name) {}
  operator std::string() const;

 private:
  Of of_ = Of::Plugin;
  std::string_view callback_, option_, name_;
};

[[nodiscard]] inline FieldName callback_field(std::string_view id, std::string_view field) {
  return {FieldName::Of::Callback, id, {}, field};
}
[[nodiscard]] inline FieldName option_field(std::string_view id, std::string_view option,
                                            std::string_view field) {
  return {FieldName::Of::Option, id, option, field};
}

/// A broken rule: the field, and what was found.
struct BrokenRule {
  std::string field;
  std::string found;
  std::string expected;
};

/// The plugin follows the rules of a newer minor, in a way that this host may not pass over.
struct NeedsNewerHost : BrokenRule {};

/// The refusal of a plugin that was built for `minor_built`.
[[nodiscard]] Error newer_host_needed(const NeedsNewerHost& rule, std::uint16_t minor_built);

/// Throws BrokenRule unless names are valid, defaults fit their types and bounds, and nothing is declared
/// twice.
void check_rules(const Manifest& manifest);

}  // namespace kairos::host
