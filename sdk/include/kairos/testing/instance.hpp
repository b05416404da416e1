// SPDX-License-Identifier: MIT
// An instance of a callback in a test host, hook by hook.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kairos/testing/host.hpp"
#include "kairos/testing/tables.hpp"

namespace kairos {
inline namespace v1 {
namespace testing {

inline Host::Host() {
  table_.size = sizeof table_;
  table_.major = KAIROS_ABI_MAJOR;
  table_.minor = KAIROS_ABI_MINOR;
  table_.name = "kairos::testing";
  table_.version = KAIROS_SDK_VERSION;
  table_.impl = this;
  table_.fail = [](kairos_call* call, kairos_status status, kairos_str text) {
    return Call::of(call).refuse(status, testing::text_of(text));
  };
  table_.log = [](const kairos_host* host, std::int32_t level, kairos_str text) {
    of(host).lines.push_back({static_cast<Level>(level), testing::text_of(text)});
  };
  table_.option = [](const kairos_host* host, std::uint32_t index, kairos_value* out) {
    if (const kairos_status status = of(host).enter(nullptr, "host.option"); status != KAIROS_OK)
      return status;
    const std::vector<kairos_value>& values = of(host).values_;
    if (index >= values.size()) return kairos_status{KAIROS_E_RANGE};
    *out = values[index];
    return kairos_status{KAIROS_OK};
  };
  table_.query = &tables::find;
  table_.instance = [](const kairos_host* host) { return detail::to_abi(of(host).name_); };
  table_.reason = [](kairos_call* call) { return detail::to_abi(Call::of(call).reason); };
}

inline void Host::serve(const kairos_callback& declaration, std::string name, const Settings& settings) {
  declaration_ = &declaration;
  name_ = std::move(name);
  settings_ = settings;
  values_.clear();
  given_.clear();
  std::set<std::string> used;
  for (std::uint32_t i = 0; i < declaration.option_count; ++i) {
    const kairos_option& option = *declaration.options[i];
    values_.push_back(option.initial);
    if (option.initial.type == KAIROS_TYPE_LIST)
      values_.back().integer = static_cast<std::int64_t>(Value::count_items(option.initial.text));
    bool given = false;
    for (const Setting& setting : settings_)
      if (setting.name == option.name || detail::is_listed(option.aliases, setting.name)) {
        values_.back() = setting.value.of(option);
        given = used.insert(setting.name).second;
      }
    given_.push_back(given);
    if (!given && (option.flags & KAIROS_OPTION_REQUIRED) != 0)
      throw std::invalid_argument(std::string("the option ") + option.name + " is required");
  }
  for (const Setting& setting : settings_)
    if (used.count(setting.name) == 0)
      throw std::invalid_argument("the callback " + std::string(declaration.id) + " has no option \"" +
                                  setting.name + '"');
  declare_published();
}

inline void Host::declare_published() {
  if (declaration_->publishes == nullptr) return;
  std::string_view rest = declaration_->publishes;
  for (bool more = true; more;) {
    std::string_view entry = detail::take_part(rest, ',', more);
    bool directed = false;
    std::string_view pattern = detail::take_part(entry, ':', directed);
    std::string key;
    for (bool field = false; !pattern.empty(); field = !field) {
      bool ended = false;
      const std::string_view part = detail::take_part(pattern, field ? '}' : '{', ended);
      if (!field) key += part;
      if (field && part == "instance") key += name_;
      for (std::uint32_t i = 0; field && i < declaration_->option_count; ++i)
        if (declaration_->options[i]->name == part) key += testing::text_of(values_[i].text);
    }
    const Direction direction = !directed        ? direction_of(key)
                                : entry == "max" ? Direction::Max
                                                 : Direction::Min;
    log(key, std::nullopt, direction).own = true;
  }
}

/// The saved state of an instance, with the snapshots that belong to it.
struct State {
  std::string bytes;
  std::uint32_t version = 1;
  std::map<std::uint64_t, std::vector<TensorData>> snapshots;
  std::uint32_t accumulated = 1;  ///< what the instance asked of the steps
  std::set<std::uint32_t> frozen = {};
  std::map<std::uint32_t, double> rate_factors = {};
};

/// Calls the hooks of one instance, in any order. Fit calls them in the order of a training.
class Instance {
 public:
  /// Options that are not given have their defaults. Throws std::invalid_argument if a host would reject one.
  Instance(Host& host, const kairos_callback& declaration, const Settings& settings = {},
           std::string name = "instance")
      : host_(host), declaration_(declaration) {
    std::memcpy(&hooks_, declaration.hooks, std::min<std::size_t>(declaration.hooks->size, sizeof hooks_));
    host.serve(declaration, std::move(name), settings);
  }
  ~Instance() { destroy(); }
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  Outcome create() {
    const Outcome outcome =
        call("create", [this](kairos_call* c) { return hooks_.create(host_.abi(), c, &self_); });
    created_ = outcome.status == KAIROS_OK;
    return outcome;
  }
  /// Runs the waiting tasks, then frees the instance. Does nothing if there is none.
  void destroy() {
    if (!std::exchange(created_, false)) return;
    static_cast<void>(host_.run_tasks());
    if (hooks_.destroy != nullptr) hooks_.destroy(std::exchange(self_, nullptr));
  }

  /// A function for each hook: instance.on_epoch_end(event). Does nothing if the callback has no such hook.
#define KAIROS_DETAIL_HOOK(hook, EventClass, Raw, place)                                        \
  Outcome hook(Raw event = Raw{}) {                                                             \
    event.size = sizeof event;                                                                  \
    return call(#hook, [&](kairos_call* c) {                                                    \
      return hooks_.hook == nullptr ? kairos_status{KAIROS_OK} : hooks_.hook(self_, c, &event); \
    });                                                                                         \
  }
#include "kairos/abi/hook_list.inc"

  /// Throws std::logic_error if the callback has no state.
  Outcome save(State& state) {
    if (hooks_.state_save == nullptr && !controls_steps())
      throw std::logic_error("the callback has no state");
    state = {"",           declaration_.state_version, host_.snapshots, host_.accumulated,
             host_.frozen, host_.rate_factors};
    if (hooks_.state_save == nullptr) return {};
    const kairos_writer writer = {sizeof writer, 0, &state.bytes,
                                  [](void* impl, const void* data, std::uint64_t count) {
                                    static_cast<std::string*>(impl)->append(static_cast<const char*>(data),
                                                                            static_cast<std::size_t>(count));
                                    return kairos_status{KAIROS_OK};
                                  }};
    return call("state_save", [&](kairos_call* c) { return hooks_.state_save(self_, c, &writer); });
  }
  /// Reads give at most `piece` bytes. KAIROS_E_DATA for a version that the callback cannot load.
  Outcome load(const State& state, std::uint64_t piece = 7) {
    if (hooks_.state_load == nullptr && !controls_steps())
      throw std::logic_error("the callback has no state");
    if (state.version < declaration_.oldest_state_version || state.version > declaration_.state_version)
      return {KAIROS_E_DATA, "the callback cannot load state of version " + std::to_string(state.version)};
    struct Source {
      std::string_view rest;
      std::uint64_t piece;
    } source{state.bytes, piece};
    const kairos_reader reader = {sizeof reader, state.version, &source, state.bytes.size(),
                                  [](void* impl, void* out, std::uint64_t count, std::uint64_t* got) {
                                    auto& from = *static_cast<Source*>(impl);
                                    *got = std::min({count, from.piece, std::uint64_t{from.rest.size()}});
                                    if (*got > 0)
                                      std::memcpy(out, from.rest.data(), static_cast<std::size_t>(*got));
                                    from.rest.remove_prefix(static_cast<std::size_t>(*got));
                                    return kairos_status{KAIROS_OK};
                                  }};
    host_.snapshots = state.snapshots;
    host_.accumulated = state.accumulated;
    host_.frozen = state.frozen;
    host_.rate_factors = state.rate_factors;
    if (hooks_.state_load == nullptr) return {};
    return call("state_load", [&](kairos_call* c) { return hooks_.state_load(self_, c, &reader); });
  }

  [[nodiscard]] void* self() const {
    return self_;
  }
  /// Full-size table; hooks that the callback does not have are null.
  [[nodiscard]] const kairos_hooks& hooks() const {
    return hooks_;
  }
  [[nodiscard]] bool created() const {
    return created_;
  }

 private:
  /// Such a callback has state, kept by the host.
  [[nodiscard]] bool controls_steps() const {
    return (declaration_.capabilities & KAIROS_CAN_CONTROL_STEP) != 0;
  }
  template <class Work>
  Outcome call(std::string_view hook, Work work) {
    if (const kairos_status failed = std::exchange(task_status_, kairos_status{KAIROS_OK});
        failed != KAIROS_OK)
      return {failed, "a task of the callback failed"};
    Call slot{&host_, hook, ""};
    host_.predicted_in = nullptr;  // a later hook may have its call at the same address
    const kairos_status status = work(slot.abi());
    task_status_ = host_.run_tasks();
    return {status, slot.reason};
  }

  Host& host_;
  const kairos_callback& declaration_;
  kairos_hooks hooks_{};
  void* self_ = nullptr;
  bool created_ = false;
  kairos_status task_status_ = KAIROS_OK;
};

}  // namespace testing
}  // namespace v1
}  // namespace kairos
