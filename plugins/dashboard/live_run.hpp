// SPDX-License-Identifier: MIT
// What the thread that trains and the thread of the server share.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "../common/http_server.hpp"
#include "../common/run_page.hpp"

namespace kairos::plugins {

/// The thread that trains calls the functions up to `log`; each copies or swaps, and never waits for a page
/// that is being made. The server calls `answer`.
class LiveRun {
 public:
  // Of the run: epochs and batches from 0, the next to be trained.
  std::atomic<std::int64_t> epoch{0}, batch{0}, batches{-1};
  std::atomic<bool> stop_wanted{false};
  std::atomic<bool> controls{false};

  void begin(std::int64_t first, std::int64_t epochs);
  /// The page from now on.
  void show(RunPage page);
  /// The logs inside an epoch.
  void set_line(std::string line);
  /// Adds a line to the log, of which the last 200 are shown.
  void log(const std::string& line);

  [[nodiscard]] HttpResponse answer(const HttpRequest& request);

 private:
  [[nodiscard]] HttpResponse whole_page(const HttpRequest& request);
  [[nodiscard]] HttpResponse main_part();
  [[nodiscard]] HttpResponse progress();

  std::mutex mutex_;  ///< of what follows, up to `line_`
  std::shared_ptr<const RunPage> page_ = std::make_shared<const RunPage>();
  std::uint64_t version_ = 0;
  std::deque<std::string> lines_;
  std::string line_;

  std::atomic<std::int64_t> first_{0}, epochs_{0};
  // Of the server alone: the last page that was made.
  std::uint64_t made_version_ = ~std::uint64_t{0};
  std::string made_;
};

}  // namespace kairos::plugins
