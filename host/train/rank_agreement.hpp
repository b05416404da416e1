// SPDX-License-Identifier: MIT
// What callbacks and signals decide on one rank, and all ranks do.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kairos/host/callbacks.hpp"
#include "kairos/host/model.hpp"
#include "kairos/host/ranks.hpp"

namespace kairos::host {

/// After the hooks of an event the ranks compare a signal, a stop, the hyperparameters of the optimizer and
/// the weights. What changed on one rank alone is made equal on all; what several ranks changed in different
/// ways ends the run with KAIROS-C040. Without ranks it costs nothing.
class RankAgreement {
 public:
  /// Borrows its arguments; `ranks` and `signal` may be null.
  RankAgreement(Ranks* ranks, Model& model, Callbacks& callbacks, const std::atomic<int>* signal);

  [[nodiscard]] Ranks* ranks() const noexcept { return ranks_; }
  /// The signal that asks for an end: of this process, or of any rank as of the last event.
  [[nodiscard]] int signal() const noexcept;
  /// After the hooks of an event; `hook` names them.
  void after(const char* hook) {
    if (ranks_ != nullptr) agree(hook);
  }
  /// Whether it is so on any rank.
  [[nodiscard]] bool any(bool own);
  /// At the end of an epoch: ends the run if the weights of two ranks differ in any bit.
  void require_equal_weights();

 private:
  void agree(const char* hook);
  void agree_on_stop();
  void agree_on_hypers(const char* hook);
  void agree_on_weights(const char* hook);
  [[nodiscard]] std::uint64_t weights_hash();
  void send_weights_of(int root);
  [[noreturn]] void diverged(const char* hook, const std::string& what,
                             const std::vector<std::string>& values, const std::vector<bool>& changed);
  void remember();

  Ranks* ranks_;
  Model& model_;
  Callbacks& callbacks_;
  const std::atomic<int>* signal_;
  int agreed_signal_ = 0;
  std::vector<double> hypers_;   ///< as of the last event
  std::uint64_t writes_ = 0;     ///< by callbacks, as of the last event
  std::vector<double> numbers_;  ///< of `agree`
};

}  // namespace kairos::host
