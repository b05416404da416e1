// SPDX-License-Identifier: MIT
// A request is two numbers, for rows; the answer is 0 and the values, or 1 and an error. Both use a socket,
// whose end in the parent also ends the child.
#include "io/hdf5/rows.hpp"

#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <utility>

#include "base/available_memory.hpp"
#include "base/input_file.hpp"
#include "base/whole_transfer.hpp"
#include "io/hdf5/child.hpp"
#include "io/hdf5/data.hpp"
#include "io/model_stream.hpp"
#include "kairos/host/array.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

enum class Answer : std::uint64_t { Rows, Error };

/// One end of the connection; does not own the socket.
class Connection final : public ByteSink, public ByteSource {
 public:
  /// `other` is the process at the other end. Once it has ended, transfers stop, even if another process
  /// holds its end of the connection. 0 in the child, which ends with the parent.
  explicit Connection(int socket, pid_t other = 0) : socket_(socket), other_(other) {}

  bool write(const void* bytes, std::size_t count) override {
    return write_whole(bytes, count, [this](const char* at, std::size_t n) {
      return again_while_alive([&] { return ::send(socket_, at, n, MSG_NOSIGNAL); });
    });
  }
  std::size_t read(std::span<std::byte> bytes) override {
    return read_whole(bytes, [this](std::byte* at, std::size_t n) {
      return again_while_alive([&] { return ::recv(socket_, at, n, 0); });
    });
  }
  template <class T>
  bool read_items(std::span<T> items) {
    return read(std::as_writable_bytes(items)) == items.size_bytes();
  }

 private:
  /// Repeats transfers that timed out, as long as the other process exists.
  template <class Transfer>
  ssize_t again_while_alive(const Transfer& transfer) const {
    for (;;) {
      const ssize_t n = transfer();
      if (n >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK) || other_ == 0) return n;
      siginfo_t ended{};
      if (::waitid(P_PID, static_cast<id_t>(other_), &ended, WEXITED | WNOHANG | WNOWAIT) != 0 ||
          ended.si_pid != 0)
        return 0;
    }
  }

  int socket_;
  pid_t other_;
};

void answer(Connection& parent, Answer kind) {
  static_cast<void>(parent.write(&kind, sizeof kind));
}

/// Runs `work`, which sends the answer; sends the error if it throws one.
template <class Work>
void answer_or_fail(Connection& parent, const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    answer(parent, Answer::Error);
    send_error(parent, error);
  }
}

/// Answers requests until the connection is closed.
void answer_all(Connection& parent, const Hdf5DataRows& rows) {
  const std::int64_t row_size = Array{rows.shape(), {}}.row_size();
  std::vector<float> values;
  for (std::array<std::int64_t, 2> asked{}; parent.read_items(std::span<std::int64_t>(asked));) {
    values.resize(static_cast<std::size_t>(asked[1] * row_size));
    limit_hdf5_child(values.size() * sizeof(float));
    answer_or_fail(parent, [&] {
      rows.read(asked[0], asked[1], values.data());
      answer(parent, Answer::Rows);
      static_cast<void>(parent.write(values.data(), values.size() * sizeof(float)));
    });
  }
}

[[noreturn]] void serve(Connection parent, const InputFile& file, const std::string& dataset) {
  prepare_hdf5_child();
  try {
    limit_hdf5_child(file.size());
    std::unique_ptr<Hdf5DataRows> rows;
    answer_or_fail(parent, [&] {
      rows = std::make_unique<Hdf5DataRows>(file, dataset);
      answer(parent, Answer::Rows);
      send_array(parent, {rows->shape(), {}});
      const Hdf5Storage storage = rows->storage();
      static_cast<void>(parent.write(&storage, sizeof storage));
    });
    if (rows) answer_all(parent, *rows);
  } catch (...) {
    ::_exit(1);
  }
  ::_exit(0);
}

/// Receives the error after Answer::Error and throws it; returns if it is incomplete.
void throw_received(Connection& child) {
  constexpr std::uint64_t longest = 1 << 20;
  Array none;
  static_cast<void>(receive_array(child, longest, none));
}

}  // namespace

IsolatedHdf5Rows::IsolatedHdf5Rows(const std::filesystem::path& path, const std::string& dataset)
    : file_(path),
      where_(path.string() + ":/" +
             dataset.substr(std::min(dataset.find_first_not_of('/'), dataset.size()))) {
  start(dataset);
  try {
    receive_layout();
  } catch (...) {
    end();
    file_.check_unchanged();  // If the file was modified, that is why it seems damaged.
    throw;
  }
}

IsolatedHdf5Rows::~IsolatedHdf5Rows() {
  end();
}

void IsolatedHdf5Rows::start(const std::string& dataset) {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) no_hdf5_child(file_.name());
  child_ = fork_hdf5_child();
  if (child_ < 0) {
    const int reason = std::exchange(errno, 0);
    ::close(ends[0]);
    ::close(ends[1]);
    errno = reason;
    no_hdf5_child(file_.name());
  }
  if (child_ == 0) {
    ::close(ends[0]);
    serve(Connection(ends[1]), file_, dataset);
  }
  ::close(ends[1]);
  socket_ = ends[0];
  const timeval look_again{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &look_again, sizeof look_again);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &look_again, sizeof look_again);
}

void IsolatedHdf5Rows::receive_layout() {
  Connection child(socket_, child_);
  Answer kind{};
  if (!child.read_items(std::span(&kind, 1))) child_died();
  if (kind == Answer::Error) throw_received(child);
  constexpr std::uint64_t longest = 1 << 20;
  Array header;
  if (kind != Answer::Rows || !receive_array(child, longest, header) ||
      !child.read_items(std::span(&storage_, 1)))
    child_died();
  shape_ = std::move(header.shape);
  row_size_ = Array{shape_, {}}.row_size();
  const std::int64_t total = shape_.empty() ? 1 : std::max<std::int64_t>(1, shape_.front());
  const std::int64_t chunk = std::clamp<std::int64_t>(storage_.chunk_rows, 1, total);
  constexpr std::int64_t most_values = std::int64_t{1} << 16;
  const std::int64_t rows = std::max<std::int64_t>(1, most_values / std::max<std::int64_t>(1, row_size_));
  rows_at_once_ = std::min(total, (rows + chunk - 1) / chunk * chunk);
}

std::optional<NpyHeader> IsolatedHdf5Rows::plain() const {
  if (storage_.begin == 0 || shape_.empty()) return std::nullopt;
  NpyHeader header;
  header.type.assign(storage_.type, 3);
  header.big_endian = storage_.type[0] == '>';
  header.kind = storage_.type[1];
  header.width = static_cast<std::size_t>(storage_.type[2] - '0');
  header.shape = shape_;
  header.begin = storage_.begin;
  header.count = 1;
  // The answer of the child is checked against the size of the file: a damaged file may have corrupted the
  // child.
  const std::uint64_t room = file_.size() - std::min(file_.size(), header.begin);
  for (const std::int64_t n : shape_)
    if (n <= 0 || __builtin_mul_overflow(header.count, static_cast<std::uint64_t>(n), &header.count))
      return std::nullopt;
  if (header.width == 0 || header.width > 8 || header.count > room / header.width) return std::nullopt;
  return header;
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
  ended_ = status;
  hdf5_child_died(status, file_.name());
}

/// Requests end at chunk boundaries, unless the child, which holds the values too, lacks the memory for that.
/// A chunk is decompressed once for each request that reads from it, so requests are as large as possible.
std::int64_t IsolatedHdf5Rows::rows_per_request(std::int64_t count) const {
  constexpr std::uint64_t always = std::uint64_t{1} << 18, most = std::uint64_t{1} << 28;  // values
  const auto row = static_cast<std::uint64_t>(std::max<std::int64_t>(1, row_size_));
  const auto rows = static_cast<std::uint64_t>(std::min(rows_at_once_, count));
  if (rows <= always / row) return rows_at_once_;
  const std::uint64_t values = std::clamp(available_memory() / 4 / sizeof(float), always, most);
  return std::min(rows_at_once_, static_cast<std::int64_t>(std::max<std::uint64_t>(1, values / row)));
}

void IsolatedHdf5Rows::read(std::int64_t first, std::int64_t count, float* out) {
  const std::int64_t step = rows_per_request(count);
  const std::lock_guard lock(mutex_);
  for (const std::int64_t end = first + count; first < end;) {
    const std::int64_t now = std::min(step - first % step, end - first);
    unless_changed(file_, [&] { read_piece(first, now, out); });
    first += now;
    out += now * row_size_;
  }
}

void IsolatedHdf5Rows::read_piece(std::int64_t first, std::int64_t count, float* out) {
  if (child_ < 0) hdf5_child_died(ended_, file_.name());
  Connection child(socket_, child_);
  const std::array<std::int64_t, 2> asked{first, count};
  Answer kind{};
  if (!child.write(asked.data(), sizeof asked) || !child.read_items(std::span(&kind, 1))) child_died();
  if (kind == Answer::Error) throw_received(child);
  if (kind != Answer::Rows || !child.read_items(std::span(out, static_cast<std::size_t>(count * row_size_))))
    child_died();
}

}  // namespace kairos::host
