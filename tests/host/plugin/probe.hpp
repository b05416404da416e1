// SPDX-License-Identifier: MIT
// Runs a test inside of the hooks of a plugin: what it asks the host there, it asks through the ABI.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/plugin/plugins/probe.h"
#include "host/plugin/stub_batch.hpp"
#include "kairos/host/callbacks.hpp"
#include "plugins/stub_forward.hpp"
#include "plugins/stub_run.hpp"
#include "plugins/stub_target.hpp"

namespace kairos::tests {

inline kairos_str text(std::string_view words) {
  return {words.data(), words.size()};
}

/// One call of a hook of the probe.
struct Visit {
  const kairos_host* host;
  kairos_call* call;  ///< null in destroy
  std::string hook;
  const void* event;  ///< or a writer, or a reader

  /// An interface of the host: visit.table<kairos_logs>(KAIROS_LOGS).
  template <class Table>
  [[nodiscard]] const Table& table(const char* id) const {
    return *static_cast<const Table*>(host->query(host, id));
  }
  [[nodiscard]] const kairos_logs& logs() const { return table<kairos_logs>(KAIROS_LOGS); }
  [[nodiscard]] const kairos_tensors& tensors() const { return table<kairos_tensors>(KAIROS_TENSORS); }
  [[nodiscard]] const kairos_model& model() const { return table<kairos_model>(KAIROS_MODEL); }
  [[nodiscard]] const kairos_files& files() const { return table<kairos_files>(KAIROS_FILES); }
  [[nodiscard]] const kairos_control& control() const { return table<kairos_control>(KAIROS_CONTROL); }
  [[nodiscard]] const kairos_optimizer& optimizer() const {
    return table<kairos_optimizer>(KAIROS_OPTIMIZER);
  }
  [[nodiscard]] const kairos_weights& weights() const { return table<kairos_weights>(KAIROS_WEIGHTS); }
  [[nodiscard]] const kairos_step& step() const { return table<kairos_step>(KAIROS_STEP); }
  [[nodiscard]] const kairos_run& run() const { return table<kairos_run>(KAIROS_RUN); }
  [[nodiscard]] const kairos_artifacts& artifacts() const {
    return table<kairos_artifacts>(KAIROS_ARTIFACTS);
  }
  [[nodiscard]] const kairos_info& info() const { return table<kairos_info>(KAIROS_INFO); }
  [[nodiscard]] const kairos_forward& forward() const { return table<kairos_forward>(KAIROS_FORWARD); }
  [[nodiscard]] const kairos_ledger& ledger() const { return table<kairos_ledger>(KAIROS_LEDGER); }
  [[nodiscard]] const kairos_options& options() const { return table<kairos_options>(KAIROS_OPTIONS); }
  [[nodiscard]] const kairos_tasks& tasks() const { return table<kairos_tasks>(KAIROS_TASKS); }
  [[nodiscard]] const kairos_dist& dist() const { return table<kairos_dist>(KAIROS_DIST); }
  [[nodiscard]] const kairos_batch& batch() const { return table<kairos_batch>(KAIROS_BATCH); }
  [[nodiscard]] const kairos_expressions& expressions() const {
    return table<kairos_expressions>(KAIROS_EXPRESSIONS);
  }
  [[nodiscard]] std::string reason() const {
    const kairos_str words = host->reason(call);
    return {words.ptr, static_cast<std::size_t>(words.length)};
  }
};

/// What the probe does: `in["on_epoch_end"]` in that hook; in all hooks without an entry, `everywhere`.
struct ProbeScript {
  using Work = std::function<kairos_status(const Visit&)>;
  std::map<std::string, Work> in;
  Work everywhere = [](const Visit&) { return KAIROS_OK; };

  ProbeScript() = default;
  ProbeScript(const ProbeScript&) = delete;
  ProbeScript& operator=(const ProbeScript&) = delete;

  /// The spec of an instance that follows this script: "test.Probe:test=0x…".
  [[nodiscard]] std::string spec(const std::string& callback = "Probe") const {
    char address[32];
    std::snprintf(address, sizeof address, "%p", static_cast<const void*>(&test_));
    return callback + ":on_error=fatal,test=" + address;
  }

 private:
  static kairos_status at(void* arg, const kairos_host* host, kairos_call* call, const char* hook,
                          const void* event) {
    auto& self = *static_cast<ProbeScript*>(arg);
    const auto found = self.in.find(hook);
    return (found == self.in.end() ? self.everywhere : found->second)({host, call, hook, event});
  }

  probe_test test_{this, at};
};

/// Callbacks over a model without layers. The calls of the loop are those of `callbacks`.
struct ProbeRun {
  struct Message {
    host::Level level;
    std::string author, text;
  };

  explicit ProbeRun(const std::vector<std::string>& plugins, const std::filesystem::path& directory = {},
                    const std::atomic<int>* interrupted = nullptr, bool keeps_runs = true,
                    bool makes_passes = true) {
    std::vector<host::PluginSpec> specs;
    for (const std::string& one : plugins) specs.push_back(host::parse_plugin_spec(one));
    host::CallbacksOptions options;
    options.keys = {{"loss", host::Direction::Min}};
    options.validates = true;
    options.run_directory = directory;
    options.interrupted = interrupted;
    if (keeps_runs) options.run = &runs;
    options.notes.settings = {{"epochs", "1"}};
    if (makes_passes) options.forward = &passes;
    options.messages = [this](host::Level level, std::string_view author, std::string_view words) {
      messages.push_back({level, std::string(author), std::string(words)});
    };
    callbacks.emplace(catalog, specs, target, options);
  }

  /// One epoch of one batch, with validation.
  void fit() {
    callbacks->train_begin();
    callbacks->epoch_begin(0);
    callbacks->train_batch_begin(0, 1, &batch);
    callbacks->gradients_ready();
    callbacks->train_batch_end(logs);
    test();
    callbacks->epoch_end(logs, &logs);
    callbacks->train_end(host::RunEnd::Completed);
  }
  void test() {
    callbacks->test_begin(1);
    callbacks->test_batch_begin(0, 1, &batch);
    callbacks->test_batch_end(logs);
    callbacks->test_end(logs);
  }
  void predict() {
    callbacks->predict_begin();
    callbacks->predict_batch_begin(0, 1, &batch);
    callbacks->predict_batch_end();
    callbacks->predict_end();
  }

  std::vector<Message> messages;
  StubTarget target{0.5};
  StubBatch batch;
  StubRun runs;
  StubForward passes;
  host::LogValues logs{1.0};
  host::Catalog catalog = host::Catalog::scan(std::vector<std::filesystem::path>{KAIROS_DISPATCH_PLUGINS});
  std::optional<host::Callbacks> callbacks;
};

}  // namespace kairos::tests
