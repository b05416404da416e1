// SPDX-License-Identifier: MIT
// The ranks of this run, over message passing.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dist/message_passing.hpp"
#include "kairos/host/error.hpp"
#include "kairos/host/ranks.hpp"

namespace kairos::host {

/// Waits for other ranks with an eye on them: one that has failed says so in a note; one on this host that
/// has ended is missed by its process id; one that stays out of an operation is named by those that wait.
class ConnectedRanks final : public Ranks {
 public:
  /// Collective. `patience` is the least time without progress after which a rank ends the run.
  ConnectedRanks(std::unique_ptr<MessagePassing> messages, std::chrono::duration<double> patience);
  ~ConnectedRanks() override;

  [[nodiscard]] int rank() const noexcept override { return rank_; }
  [[nodiscard]] int world() const noexcept override { return world_; }
  [[nodiscard]] std::string name_of(int rank) const override;

  void reduce(Reduction how, std::span<double> values) override;
  void begin_sum(std::span<float> values) override;
  void finish_sums() override;
  void broadcast(int root, std::span<std::byte> bytes) override;
  [[nodiscard]] std::vector<std::string> gather(std::string_view own) override;
  void batch_trained() override;

  /// "2 ranks on 1 host with 1 thread each"; `threads` are those of this rank. Collective.
  [[nodiscard]] std::string layout(std::int64_t threads);
  /// How many ranks of this host may use the same processors as this one, itself among them. Collective.
  [[nodiscard]] int sharing_processors();

  /// A signal that asks this process to end makes it look for ended ranks at once. Borrowed.
  void watch(const std::atomic<int>& signal) { signal_ = &signal; }

  /// Whether an error came from this rank, after training had begun: one before is usually that of all ranks.
  [[nodiscard]] bool is_own(const Error& error) const {
    return !failure_ && last_batch_ && !error.diagnosis().code.empty();
  }

  /// The last call of a run that did not fail: waits for all ranks.
  void end();
  /// The last call of one that failed: tells the other ranks; then the rank that reports, the lowest one that
  /// is left, calls `report` with the error, and ends all ranks with `exit_code`. The others wait to be
  /// ended.
  [[noreturn]] void fail(const Error& error, const std::function<void(const Error&)>& report, int exit_code);

 private:
  using Clock = std::chrono::steady_clock;
  struct Peer {
    std::string host;
    std::string space;  ///< of process ids: their host and namespace
    std::int64_t process = 0;
    std::int64_t waits_in =
        0;  ///< the last operation that it said it waits in; this rank may get there later
    bool has_ended = false;
  };

  void learn_peers();
  void wait();
  void look_around(Clock::time_point since, Clock::time_point now);
  void read_notes();
  void find_ended();
  void require_progress(Clock::time_point since, Clock::time_point now);
  [[noreturn]] void lose(std::vector<int> lost, const std::string& what, const std::string& cure);
  void send_to_all(const std::string& note);
  [[nodiscard]] std::chrono::duration<double> limit() const;

  std::unique_ptr<MessagePassing> messages_;
  int rank_, world_;
  std::vector<Peer> peers_;
  std::chrono::duration<double> patience_, slowest_{0};
  std::optional<Clock::time_point> last_batch_;
  const std::atomic<int>* signal_ = nullptr;
  std::optional<Error> failure_;  ///< thrown by every call from now on
  int first_failed_ = -1;         ///< the rank that the failure came from
  std::int64_t operations_ = 0;
  bool says_it_waits_ = false;
};

}  // namespace kairos::host
