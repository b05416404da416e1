// SPDX-License-Identifier: MIT
// The processes that train one model together.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kairos::host {

/// How the values of all ranks become one.
enum class Reduction { Sum, Min, Max };

/// The ranks of a distributed training, of which this process is one. Every function that communicates is
/// called by all ranks in the same order, with as many values; afterwards all ranks have the same bits. It
/// throws an Error if a rank has failed, has ended, or makes no progress; from then on every call throws. All
/// calls come from the thread that trains.
class Ranks {
 public:
  Ranks() = default;
  virtual ~Ranks() = default;
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  [[nodiscard]] virtual int rank() const noexcept = 0;   ///< 0 … world - 1
  [[nodiscard]] virtual int world() const noexcept = 0;  ///< number of ranks
  /// "rank 1 on host node7"
  [[nodiscard]] virtual std::string name_of(int rank) const = 0;

  /// In place.
  virtual void reduce(Reduction how, std::span<double> values) = 0;
  /// Begins to sum in place; the values must stay until `finish_sums`.
  virtual void begin_sum(std::span<float> values) = 0;
  virtual void finish_sums() = 0;
  /// The bytes of `root`, on all.
  virtual void broadcast(int root, std::span<std::byte> bytes) = 0;
  /// The text of each rank.
  [[nodiscard]] virtual std::vector<std::string> gather(std::string_view own) = 0;

  /// A batch was trained. From the first one on, a rank that makes no progress ends the run.
  virtual void batch_trained() = 0;
};

}  // namespace kairos::host
