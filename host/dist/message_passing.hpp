// SPDX-License-Identifier: MIT
// What is needed of MPI. Its implementation is a shared object of its own, which only distributed runs load.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "kairos/host/ranks.hpp"

namespace kairos::host {

/// No function blocks but the constructor of the implementation and `end`. For one thread. Errors of MPI end
/// all ranks, as is MPI's default.
class MessagePassing {
 public:
  MessagePassing() = default;
  virtual ~MessagePassing() = default;
  MessagePassing(const MessagePassing&) = delete;
  MessagePassing& operator=(const MessagePassing&) = delete;

  [[nodiscard]] virtual int rank() const noexcept = 0;
  [[nodiscard]] virtual int world() const noexcept = 0;
  [[nodiscard]] virtual std::string host() const = 0;

  // Collective operations in place. Buffers stay until `all_done`.
  virtual void begin_sum(std::span<float> values) = 0;
  virtual void begin_reduce(Reduction how, std::span<double> values) = 0;
  virtual void begin_broadcast(int root, std::span<std::byte> bytes) = 0;
  /// `all` has room for as many bytes of each rank.
  virtual void begin_gather(std::span<const std::byte> own, std::span<std::byte> all) = 0;
  virtual void begin_barrier() = 0;
  /// Whether every operation that was begun is complete. Lets them progress.
  [[nodiscard]] virtual bool all_done() = 0;

  /// A note to one rank, at most `longest_note` bytes, which nobody waits for.
  static constexpr std::size_t longest_note = 4096;
  virtual void send(int to, const std::string& note) = 0;
  struct Note {
    int from;
    std::string text;
  };
  [[nodiscard]] virtual std::optional<Note> receive() = 0;

  /// In order, after the last operation of every rank.
  virtual void end() = 0;
  /// Ends all ranks now.
  [[noreturn]] virtual void abort(int exit_code) = 0;
};

/// What the shared object exports, under the name `make_message_passing_name`.
using MakeMessagePassing = MessagePassing* (*)(const char* host_version);
inline constexpr const char* make_message_passing_name = "kairos_make_message_passing";

}  // namespace kairos::host
