// SPDX-License-Identifier: MIT
// The only file that knows MPI. Any implementation of MPI 3 by its standard.
#include <mpi.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <list>
#include <string_view>
#include <utility>
#include <vector>

#include "dist/message_passing.hpp"
#include "kairos/host/version.hpp"

namespace kairos::host {

namespace {

constexpr int note_tag = 1;

MPI_Op operation_of(Reduction how) {
  return how == Reduction::Sum ? MPI_SUM : how == Reduction::Min ? MPI_MIN : MPI_MAX;
}

class Mpi final : public MessagePassing {
 public:
  Mpi() {
    int provided = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_dup(MPI_COMM_WORLD, &collective_);
    MPI_Comm_dup(MPI_COMM_WORLD, &notes_);
    MPI_Comm_rank(collective_, &rank_);
    MPI_Comm_size(collective_, &world_);
  }

  [[nodiscard]] int rank() const noexcept override { return rank_; }
  [[nodiscard]] int world() const noexcept override { return world_; }
  [[nodiscard]] std::string host() const override {
    std::array<char, MPI_MAX_PROCESSOR_NAME> name{};
    int length = 0;
    MPI_Get_processor_name(name.data(), &length);
    return {name.data(), static_cast<std::size_t>(length)};
  }

  void begin_sum(std::span<float> values) override {
    in_parts(values, [this](std::span<float> part) {
      MPI_Iallreduce(MPI_IN_PLACE, part.data(), static_cast<int>(part.size()), MPI_FLOAT, MPI_SUM,
                     collective_, next());
    });
  }
  void begin_reduce(Reduction how, std::span<double> values) override {
    in_parts(values, [&](std::span<double> part) {
      MPI_Iallreduce(MPI_IN_PLACE, part.data(), static_cast<int>(part.size()), MPI_DOUBLE, operation_of(how),
                     collective_, next());
    });
  }
  void begin_broadcast(int root, std::span<std::byte> bytes) override {
    in_parts(bytes, [&](std::span<std::byte> part) {
      MPI_Ibcast(part.data(), static_cast<int>(part.size()), MPI_BYTE, root, collective_, next());
    });
  }
  void begin_gather(std::span<const std::byte> own, std::span<std::byte> all) override {
    const int count = static_cast<int>(own.size());
    MPI_Iallgather(own.data(), count, MPI_BYTE, all.data(), count, MPI_BYTE, collective_, next());
  }
  void begin_barrier() override { MPI_Ibarrier(collective_, next()); }

  [[nodiscard]] bool all_done() override {
    int done = 1;
    MPI_Testall(static_cast<int>(requests_.size()), requests_.data(), &done, MPI_STATUSES_IGNORE);
    if (done != 0) requests_.clear();
    return done != 0;
  }

  void send(int to, const std::string& note) override {
    Sent& one = sent_.emplace_back();
    one.text = note.substr(0, longest_note);
    MPI_Isend(one.text.data(), static_cast<int>(one.text.size()), MPI_BYTE, to, note_tag, notes_,
              &one.request);
  }

  [[nodiscard]] std::optional<Note> receive() override {
    std::erase_if(sent_, [](Sent& one) {
      int done = 0;
      MPI_Test(&one.request, &done, MPI_STATUS_IGNORE);
      return done != 0;
    });
    int found = 0, length = 0;
    MPI_Status status;
    MPI_Iprobe(MPI_ANY_SOURCE, note_tag, notes_, &found, &status);
    if (found == 0) return std::nullopt;
    MPI_Get_count(&status, MPI_BYTE, &length);
    Note note{status.MPI_SOURCE, std::string(static_cast<std::size_t>(length), '\0')};
    MPI_Recv(note.text.data(), length, MPI_BYTE, note.from, note_tag, notes_, MPI_STATUS_IGNORE);
    return note;
  }

  void end() override { MPI_Finalize(); }
  [[noreturn]] void abort(int exit_code) override {
    MPI_Abort(MPI_COMM_WORLD, exit_code);
    std::_Exit(exit_code);
  }

 private:
  struct Sent {
    std::string text;
    MPI_Request request = MPI_REQUEST_NULL;
  };

  MPI_Request* next() { return &requests_.emplace_back(MPI_REQUEST_NULL); }

  /// MPI counts with an int.
  template <class T, class Begin>
  static void in_parts(std::span<T> values, const Begin& begin) {
    constexpr std::size_t most = std::size_t{1} << 28;
    while (!values.empty()) {
      const std::span<T> part = values.first(std::min(most, values.size()));
      begin(part);
      values = values.subspan(part.size());
    }
  }

  MPI_Comm collective_ = MPI_COMM_NULL, notes_ = MPI_COMM_NULL;
  int rank_ = 0, world_ = 1;
  std::vector<MPI_Request> requests_;
  std::list<Sent> sent_;
};

}  // namespace

}  // namespace kairos::host

/// Null for a program of another release.
extern "C" __attribute__((visibility("default"))) kairos::host::MessagePassing* kairos_make_message_passing(
    const char* host_version) {
  if (std::string_view(host_version) != KAIROS_HOST_VERSION) return nullptr;
  return new kairos::host::Mpi;
}
