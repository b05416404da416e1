// SPDX-License-Identifier: MIT
// A minimal host for unit tests, without a model, a loop or a shared object.
#pragma once

#include <kairos/plugin.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kairos::tests {
class FakeHost;
}

/// The data of the host during a hook.
struct kairos_call {
  kairos::tests::FakeHost* host = nullptr;
  kairos_status status = KAIROS_OK;
  std::string text;  ///< the last recorded reason

  kairos_status refuse(kairos_status why, std::string reason) {
    status = why;
    text = std::move(reason);
    return why;
  }
};

namespace kairos::tests {

/// The result of a call: its status, and the reason recorded during the call.
struct Outcome {
  kairos_status status = KAIROS_OK;
  std::string text;
};

class FakeHost {
 public:
  struct Log {
    std::string name;
    std::int32_t direction = KAIROS_DIRECTION_UNKNOWN;
    std::optional<double> value;  ///< empty: unavailable
  };

  FakeHost() {
    table_.size = sizeof table_;
    table_.major = KAIROS_ABI_MAJOR;
    table_.minor = KAIROS_ABI_MINOR;
    table_.name = "fake";
    table_.version = "0";
    table_.impl = this;
    table_.fail = [](kairos_call* call, kairos_status status, kairos_str text) {
      return call->refuse(status, {text.ptr, static_cast<std::size_t>(text.length)});
    };
    table_.log = [](const kairos_host* host, std::int32_t, kairos_str text) {
      of(host).lines.emplace_back(text.ptr, static_cast<std::size_t>(text.length));
    };
    table_.option = [](const kairos_host* host, std::uint32_t index, kairos_value* out) {
      const std::vector<kairos_value>& values = of(host).options;
      if (index >= values.size()) return KAIROS_E_RANGE;
      *out = values[index];
      return KAIROS_OK;
    };
    table_.query = [](const kairos_host* host, const char* id) { return of(host).interface(id); };
    table_.instance = [](const kairos_host*) { return kairos_str{"instance", 8}; };
    table_.reason = [](kairos_call* call) { return kairos_str{call->text.data(), call->text.size()}; };
  }
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  [[nodiscard]] const kairos_host* table() const { return &table_; }
  static FakeHost& of(const kairos_host* host) { return *static_cast<FakeHost*>(host->impl); }

  std::vector<kairos_value> options;          ///< by index of the declaration
  std::vector<Log> logs;                      ///< by index of the key
  std::set<std::string> withheld;             ///< ids of interfaces that this host does not offer
  std::vector<std::string> lines;             ///< printed lines
  std::string stop_reason;                    ///< reason of the first request
  bool may_stop = true;                       ///< false: KAIROS_E_DENIED
  std::map<std::uint64_t, double> snapshots;  ///< weight by slot
  double weight = 0;                          ///< the only weight

 private:
  [[nodiscard]] const void* interface(std::string_view id) const {
    if (withheld.count(std::string(id)) != 0) return nullptr;
    if (id == KAIROS_LOGS) return &logs_table;
    if (id == KAIROS_CONTROL) return &control_table;
    if (id == KAIROS_MODEL) return &model_table;
    return nullptr;
  }

  static kairos_status find(kairos_call* call, kairos_str name, std::uint32_t* index) {
    const std::vector<Log>& logs = call->host->logs;
    for (std::uint32_t i = 0; i < logs.size(); ++i)
      if (logs[i].name == std::string_view(name.ptr, static_cast<std::size_t>(name.length)))
        return *index = i, KAIROS_OK;
    return call->refuse(KAIROS_E_NOT_FOUND, "no such key");
  }
  static kairos_status key(kairos_call* call, std::uint32_t index, kairos_log_key* out) {
    if (index >= call->host->logs.size()) return call->refuse(KAIROS_E_RANGE, "no key has this number");
    const Log& log = call->host->logs[index];
    out->direction = log.direction;
    out->name = {log.name.data(), log.name.size()};
    return KAIROS_OK;
  }
  static kairos_status value(kairos_call* call, std::uint32_t index, double* out) {
    if (index >= call->host->logs.size()) return call->refuse(KAIROS_E_RANGE, "no key has this number");
    const Log& log = call->host->logs[index];
    if (!log.value) return call->refuse(KAIROS_E_NOT_FOUND, "the value is unavailable");
    *out = *log.value;
    return KAIROS_OK;
  }
  static kairos_status declare(kairos_call* call, kairos_str name, std::int32_t direction,
                               std::uint32_t* index) {
    *index = static_cast<std::uint32_t>(call->host->logs.size());
    call->host->logs.push_back({{name.ptr, static_cast<std::size_t>(name.length)}, direction, std::nullopt});
    return KAIROS_OK;
  }
  static kairos_status publish(kairos_call* call, std::uint32_t index, double value) {
    if (index >= call->host->logs.size()) return call->refuse(KAIROS_E_DENIED, "this key was not declared");
    call->host->logs[index].value = value;
    return KAIROS_OK;
  }
  static kairos_status request_stop(kairos_call* call, kairos_str reason) {
    if (!call->host->may_stop) return call->refuse(KAIROS_E_DENIED, "this callback may not stop the run");
    if (call->host->stop_reason.empty())
      call->host->stop_reason.assign(reason.ptr, static_cast<std::size_t>(reason.length));
    return KAIROS_OK;
  }
  static kairos_status snapshot(kairos_call* call, std::uint64_t* slot) {
    if (*slot == 0) *slot = call->host->snapshots.size() + 1;
    call->host->snapshots[*slot] = call->host->weight;
    return KAIROS_OK;
  }
  static kairos_status rollback(kairos_call* call, std::uint64_t slot) {
    const auto found = call->host->snapshots.find(slot);
    if (found == call->host->snapshots.end()) return call->refuse(KAIROS_E_NOT_FOUND, "no such snapshot");
    call->host->weight = found->second;
    return KAIROS_OK;
  }

  static void drop(kairos_call* call, std::uint64_t slot) { call->host->snapshots.erase(slot); }
  static std::uint32_t count(kairos_call* call) {
    return static_cast<std::uint32_t>(call->host->logs.size());
  }
  static std::int32_t stop_requested(kairos_call* call) { return call->host->stop_reason.empty() ? 0 : 1; }

  static constexpr kairos_logs logs_table = {
      sizeof(kairos_logs), 0, &count, &key, &find, &value, &declare, &publish};
  static constexpr kairos_control control_table = {sizeof(kairos_control), 0, &request_stop, &stop_requested};
  static constexpr kairos_model model_table = {
      sizeof(kairos_model),
      0,
      [](kairos_call* call, kairos_str, std::int32_t) {
        return call->refuse(KAIROS_E_UNSUPPORTED, "nothing to save");
      },
      [](kairos_call* call, kairos_str, std::int32_t) {
        return call->refuse(KAIROS_E_UNSUPPORTED, "nothing to save");
      },
      [](kairos_call* call, kairos_str) { return call->refuse(KAIROS_E_IO, "nothing to load"); },
      &snapshot,
      &rollback,
      &drop,
      [](kairos_call*, kairos_str* out) {
        return *out = kairos_str{"", 0}, KAIROS_OK;
      },
      [](kairos_call* call, kairos_str, std::int32_t) {
        return call->refuse(KAIROS_E_UNSUPPORTED, "nothing to save");
      }};

  kairos_host table_{};
};

/// An instance of a callback in a fake host. Options have their defaults unless `set` was called before
/// `create`.
class FakeInstance {
 public:
  FakeInstance(FakeHost& host, const kairos_callback& declaration) : host_(host), declaration_(declaration) {
    host_.options.clear();
    for (std::uint32_t i = 0; i < declaration.option_count; ++i)
      host_.options.push_back(declaration.options[i]->initial);
  }
  ~FakeInstance() { destroy(); }
  FakeInstance(const FakeInstance&) = delete;
  FakeInstance& operator=(const FakeInstance&) = delete;

  void set(std::string_view option, kairos_value value) {
    for (std::uint32_t i = 0; i < declaration_.option_count; ++i)
      if (declaration_.options[i]->name == option) host_.options[i] = value;
  }

  Outcome create() {
    return call([this](kairos_call* c) { return declaration_.hooks->create(host_.table(), c, &self_); });
  }
  void destroy() {
    if (self_ != nullptr) declaration_.hooks->destroy(std::exchange(self_, nullptr));
  }

  /// Calls a hook: instance.run(hooks.on_epoch_end, event).
  template <class Event>
  Outcome run(kairos_status (*hook)(void*, kairos_call*, const Event*), Event event) {
    event.size = sizeof event;
    return call([&](kairos_call* c) { return hook(self_, c, &event); });
  }

  std::string save(Outcome* outcome = nullptr) {
    std::string bytes;
    const kairos_writer writer = {sizeof writer, 0, &bytes,
                                  [](void* impl, const void* data, std::uint64_t count) {
                                    static_cast<std::string*>(impl)->append(static_cast<const char*>(data),
                                                                            static_cast<std::size_t>(count));
                                    return kairos_status{KAIROS_OK};
                                  }};
    const Outcome result =
        call([&](kairos_call* c) { return declaration_.hooks->state_save(self_, c, &writer); });
    if (outcome != nullptr) *outcome = result;
    return bytes;
  }

  /// Loads the state in pieces of at most `piece` bytes.
  Outcome load(std::string_view bytes, std::uint32_t version = 1, std::uint64_t piece = 7) {
    struct Source {
      std::string_view rest;
      std::uint64_t piece;
    } source{bytes, piece};
    const kairos_reader reader = {sizeof reader, version, &source, bytes.size(),
                                  [](void* impl, void* out, std::uint64_t count, std::uint64_t* got) {
                                    auto& from = *static_cast<Source*>(impl);
                                    *got = std::min({count, from.piece, std::uint64_t{from.rest.size()}});
                                    std::memcpy(out, from.rest.data(), static_cast<std::size_t>(*got));
                                    from.rest.remove_prefix(static_cast<std::size_t>(*got));
                                    return kairos_status{KAIROS_OK};
                                  }};
    return call([&](kairos_call* c) { return declaration_.hooks->state_load(self_, c, &reader); });
  }

  [[nodiscard]] void* self() const { return self_; }
  [[nodiscard]] const kairos_hooks& hooks() const { return *declaration_.hooks; }

 private:
  template <class Work>
  Outcome call(Work work) {
    kairos_call slot;
    slot.host = &host_;
    const kairos_status status = work(&slot);
    return {status, slot.text};
  }

  FakeHost& host_;
  const kairos_callback& declaration_;
  void* self_ = nullptr;
};

/// The declaration of a callback class, as KAIROS_PLUGIN generates it.
template <class T>
const kairos_callback& declaration_of() {
  return detail::Tables<T>::callback;
}

}  // namespace kairos::tests
