// SPDX-License-Identifier: MIT
// The lists of a callback's options, states and owned objects.
#pragma once

#include <cstdint>

#include "kairos/abi.h"

namespace kairos {
inline namespace v1 {
namespace detail {

class OptionBase;
class StateBase;
class OwnedBase;

/// The host's interfaces, queried once in create; null if the host does not offer one.
struct Interfaces {
  const kairos_host* host = nullptr;
  const kairos_logs* logs = nullptr;
  const kairos_control* control = nullptr;
  const kairos_optimizer* optimizer = nullptr;
  const kairos_tensors* tensors = nullptr;
  const kairos_model* model = nullptr;
  const kairos_expressions* expressions = nullptr;
  const kairos_tasks* tasks = nullptr;
  const kairos_files* files = nullptr;
  const kairos_dist* dist = nullptr;
  const kairos_weights* weights = nullptr;
  const kairos_batch* batch = nullptr;
  const kairos_step* step = nullptr;
  const kairos_run* run = nullptr;
  const kairos_info* info = nullptr;
  const kairos_artifacts* artifacts = nullptr;
  const kairos_forward* forward = nullptr;
  const kairos_ledger* ledger = nullptr;
  const kairos_options* options = nullptr;

  void ask(const kairos_host* from) {
    host = from;
    logs = static_cast<const kairos_logs*>(host->query(host, KAIROS_LOGS));
    control = static_cast<const kairos_control*>(host->query(host, KAIROS_CONTROL));
    optimizer = static_cast<const kairos_optimizer*>(host->query(host, KAIROS_OPTIMIZER));
    tensors = static_cast<const kairos_tensors*>(host->query(host, KAIROS_TENSORS));
    model = static_cast<const kairos_model*>(host->query(host, KAIROS_MODEL));
    expressions = static_cast<const kairos_expressions*>(host->query(host, KAIROS_EXPRESSIONS));
    tasks = static_cast<const kairos_tasks*>(host->query(host, KAIROS_TASKS));
    files = static_cast<const kairos_files*>(host->query(host, KAIROS_FILES));
    dist = static_cast<const kairos_dist*>(host->query(host, KAIROS_DIST));
    weights = static_cast<const kairos_weights*>(host->query(host, KAIROS_WEIGHTS));
    batch = static_cast<const kairos_batch*>(host->query(host, KAIROS_BATCH));
    step = static_cast<const kairos_step*>(host->query(host, KAIROS_STEP));
    run = static_cast<const kairos_run*>(host->query(host, KAIROS_RUN));
    info = static_cast<const kairos_info*>(host->query(host, KAIROS_INFO));
    artifacts = static_cast<const kairos_artifacts*>(host->query(host, KAIROS_ARTIFACTS));
    forward = static_cast<const kairos_forward*>(host->query(host, KAIROS_FORWARD));
    ledger = static_cast<const kairos_ledger*>(host->query(host, KAIROS_LEDGER));
    options = static_cast<const kairos_options*>(host->query(host, KAIROS_OPTIONS));
  }
};

/// An intrusive list that can be built during constant evaluation.
template <class Node>
struct List {
  Node* first = nullptr;
  Node* last = nullptr;
  std::uint32_t count = 0;

  constexpr std::uint32_t add(Node* node) {
    if (last != nullptr) last->next = node;
    if (first == nullptr) first = node;
    last = node;
    return count++;
  }
};

/// Base of every callback. Its lists point into the object itself, so it cannot be copied or moved.
struct Members {
  constexpr Members() = default;
  Members(const Members&) = delete;
  Members& operator=(const Members&) = delete;

  List<OptionBase> options{};
  List<StateBase> states{};
  List<OwnedBase> owned{};
  Interfaces interfaces{};
};

}  // namespace detail
}  // namespace v1
}  // namespace kairos
