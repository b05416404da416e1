// SPDX-License-Identifier: MIT
// A checkpoint that is written while training goes on.
#pragma once

#include <exception>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "kairos/host/training_target.hpp"

namespace kairos::host {

struct Instance;

/// One file is written at a time, by a thread of its own that yields to those that train. All functions are
/// for the thread that trains. Destroying it waits.
class BackgroundSave {
 public:
  struct Order {
    Instance* author;
    std::string file;
    SaveContent content;
  };
  /// What became of an order; `failure` is null for a file that is complete.
  struct Outcome {
    Order order;
    std::exception_ptr failure;
  };
  enum class Waiting { No, Yes };

  /// Waits for the file before, so that no more than one copy of a model is kept. `write` must not touch the
  /// model.
  void start(Order order, std::function<void()> write);

  /// Until the file is complete; its outcome is kept.
  void wait() const {
    if (order_) written_.wait();
  }
  /// Each outcome once, in order; with Waiting::Yes nothing is left to be written afterwards.
  [[nodiscard]] std::vector<Outcome> take(Waiting waiting);

 private:
  void collect();

  std::optional<Order> order_;  ///< of the file that is being written
  std::future<void> written_;
  std::vector<Outcome> outcomes_;
};

}  // namespace kairos::host
