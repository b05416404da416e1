// SPDX-License-Identifier: MIT
// A checkpoint that is written while training goes on.
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "kairos/host/training_target.hpp"

namespace kairos::host {

struct Instance;

/// Writes one file at a time, on a thread of lower priority. All functions are for the fit thread. The
/// destructor waits.
class BackgroundSave {
 public:
  struct Order {
    Instance* author;
    std::string file;
    SaveContent content;
    std::string label;  ///< of the weights that are written
  };
  /// The result of an order; `failure` is null if the file is complete.
  struct Outcome {
    Order order;
    std::exception_ptr failure;
  };
  enum class Waiting { No, Yes };

  /// Waits for the previous file, so that at most one copy of the model exists. `write` must not touch the
  /// model.
  void start(Order order, std::function<void()> write);

  /// Returns when the file is complete; its outcome stays for `take`.
  void wait() const {
    if (order_) written_.wait();
  }
  /// The file being written, if it takes longer than that; else null.
  [[nodiscard]] const Order* unfinished_after(std::chrono::milliseconds time) const {
    const bool left = order_ && written_.wait_for(time) != std::future_status::ready;
    return left ? &*order_ : nullptr;
  }
  /// Returns each outcome once, in order. With Waiting::Yes it waits for the file being written.
  [[nodiscard]] std::vector<Outcome> take(Waiting waiting);

 private:
  void collect();

  std::optional<Order> order_;  ///< of the file being written
  std::future<void> written_;
  std::vector<Outcome> outcomes_;
};

}  // namespace kairos::host
