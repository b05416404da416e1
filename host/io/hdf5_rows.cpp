// SPDX-License-Identifier: MIT
// Two numbers ask for rows; the answer is 0 and the values, or 1 and an error. A socket carries both, and
// ends the child when the parent has gone.
#include "io/hdf5_rows.hpp"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <utility>

#include "io/hdf5_child.hpp"
#include "io/hdf5_data.hpp"
#include "io/input_file.hpp"
#include "io/model_stream.hpp"
#include "io/whole_transfer.hpp"
#include "kairos/host/array.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

enum class Answer : std::uint64_t { Rows, Error };

/// One end of the connection; does not own it.
class Connection final : public ByteSink, public ByteSource {
 public:
  explicit Connection(int socket) : socket_(socket) {}

  bool write(const void* bytes, std::size_t count) override {
    return write_whole(
        bytes, count, [this](const char* at, std::size_t n) { return ::send(socket_, at, n, MSG_NOSIGNAL); });
  }
  std::size_t read(std::span<std::byte> bytes) override {
    return read_whole(bytes, [this](std::byte* at, std::size_t n) { return ::recv(socket_, at, n, 0); });
  }
  template <class T>
  bool read_items(std::span<T> items) {
    return read(std::as_writable_bytes(items)) == items.size_bytes();
  }

 private:
  int socket_;
};

void answer(Connection& parent, Answer kind) {
  static_cast<void>(parent.write(&kind, sizeof kind));
}

/// Does `work`, which answers; sends the error if it throws one.
template <class Work>
void answer_or_fail(Connection& parent, const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    answer(parent, Answer::Error);
    send_error(parent, error);
  }
}

[[noreturn]] void serve(Connection parent, const std::filesystem::path& path, const std::string& dataset) {
  prepare_hdf5_child();
  // Ctrl-C goes to parent and child alike; the parent finishes its batch.
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGTERM, SIG_IGN);
  try {
    limit_hdf5_child(InputFile(path).size());
    std::unique_ptr<Hdf5DataRows> rows;
    answer_or_fail(parent, [&] {
      rows = std::make_unique<Hdf5DataRows>(path, dataset);
      answer(parent, Answer::Rows);
      send_array(parent, {rows->shape(), {}});
    });
    if (!rows) ::_exit(0);
    const std::int64_t row_size = Array{rows->shape(), {}}.row_size();
    std::vector<float> values;
    for (std::array<std::int64_t, 2> asked{}; parent.read_items(std::span<std::int64_t>(asked));) {
      values.resize(static_cast<std::size_t>(asked[1] * row_size));
      limit_hdf5_child(values.size() * sizeof(float));
      answer_or_fail(parent, [&] {
        rows->read(asked[0], asked[1], values.data());
        answer(parent, Answer::Rows);
        static_cast<void>(parent.write(values.data(), values.size() * sizeof(float)));
      });
    }
  } catch (...) {
    ::_exit(1);
  }
  ::_exit(0);
}

/// Takes what follows Answer::Error; throws it, or returns if there is none.
void throw_received(Connection& child) {
  constexpr std::uint64_t longest = 1 << 20;
  Array none;
  static_cast<void>(receive_array(child, longest, none));
}

}  // namespace

IsolatedHdf5Rows::IsolatedHdf5Rows(const std::filesystem::path& path, const std::string& dataset)
    : origin_(path.string()) {
  static_cast<void>(InputFile(path));  // says at once what is no file
  start(path, dataset);
  try {
    Connection child(socket_);
    Answer kind{};
    if (!child.read_items(std::span(&kind, 1))) child_died();
    if (kind == Answer::Error) throw_received(child);
    constexpr std::uint64_t longest = 1 << 20;
    Array header;
    if (kind != Answer::Rows || !receive_array(child, longest, header)) child_died();
    shape_ = std::move(header.shape);
    row_size_ = Array{shape_, {}}.row_size();
  } catch (...) {
    end();
    throw;
  }
}

IsolatedHdf5Rows::~IsolatedHdf5Rows() {
  end();
}

void IsolatedHdf5Rows::start(const std::filesystem::path& path, const std::string& dataset) {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) no_hdf5_child(origin_);
  child_ = fork_hdf5_child();
  if (child_ < 0) {
    const int reason = std::exchange(errno, 0);
    ::close(ends[0]);
    ::close(ends[1]);
    errno = reason;
    no_hdf5_child(origin_);
  }
  if (child_ == 0) {
    ::close(ends[0]);
    serve(Connection(ends[1]), path, dataset);
  }
  ::close(ends[1]);
  socket_ = ends[0];
}

void IsolatedHdf5Rows::end() noexcept {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  if (child_ < 0) return;
  ::kill(child_, SIGKILL);  // It has nothing to finish.
  while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
  child_ = -1;
}

void IsolatedHdf5Rows::child_died() {
  int status = 0;
  ::close(std::exchange(socket_, -1));
  while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
  }
  child_ = -1;
  hdf5_child_died(status, origin_);
}

void IsolatedHdf5Rows::read(std::int64_t first, std::int64_t count, float* out) {
  constexpr std::int64_t most_values = std::int64_t{1} << 18;
  const std::int64_t rows = std::max<std::int64_t>(1, most_values / std::max<std::int64_t>(1, row_size_));
  const std::lock_guard lock(mutex_);
  for (std::int64_t done = 0; done < count; done += rows)
    read_piece(first + done, std::min(rows, count - done), out + done * row_size_);
}

void IsolatedHdf5Rows::read_piece(std::int64_t first, std::int64_t count, float* out) {
  if (child_ < 0) hdf5_child_died(0, origin_);
  Connection child(socket_);
  const std::array<std::int64_t, 2> asked{first, count};
  Answer kind{};
  if (!child.write(asked.data(), sizeof asked) || !child.read_items(std::span(&kind, 1))) child_died();
  if (kind == Answer::Error) throw_received(child);
  if (kind != Answer::Rows || !child.read_items(std::span(out, static_cast<std::size_t>(count * row_size_))))
    child_died();
}

}  // namespace kairos::host
