// SPDX-License-Identifier: MIT
// A child process reads, its result comes back through a file in memory.
#include "io/hdf5_isolated.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "io/hdf5_child.hpp"
#include "io/hdf5_data.hpp"
#include "io/hdf5_layouts.hpp"
#include "io/model_stream.hpp"
#include "io/whole_transfer.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

/// Owns a descriptor; both ends of the traffic between the two processes.
class MemoryFile final : public ByteSink, public ByteSource {
 public:
  MemoryFile() : descriptor_(::memfd_create("kairos-hdf5", MFD_CLOEXEC)) {}
  ~MemoryFile() override { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  [[nodiscard]] bool valid() const noexcept { return descriptor_ >= 0; }
  bool write(const void* bytes, std::size_t count) override {
    return write_whole(bytes, count,
                       [this](const char* at, std::size_t n) { return ::write(descriptor_, at, n); });
  }
  std::size_t read(std::span<std::byte> bytes) override {
    return read_whole(bytes, [this](std::byte* at, std::size_t n) { return ::read(descriptor_, at, n); });
  }
  /// Back to the first byte; how many there are.
  std::uint64_t rewind() {
    const off_t size = ::lseek(descriptor_, 0, SEEK_END);
    ::lseek(descriptor_, 0, SEEK_SET);
    return size < 0 ? 0 : static_cast<std::uint64_t>(size);
  }

 private:
  int descriptor_;
};

void send(ByteSink& sink, const ModelFile& file) {
  send_model(sink, file);
}
void send(ByteSink& sink, const Array& array) {
  send_array(sink, array);
}
bool receive(ByteSource& source, std::uint64_t size, ModelFile& file) {
  return receive_model(source, size, file);
}
bool receive(ByteSource& source, std::uint64_t size, Array& array) {
  return receive_array(source, size, array);
}

template <typename Read>
[[noreturn]] void read_in_child(const Read& read, std::uint64_t file_size, ByteSink& sink) {
  prepare_hdf5_child();
  limit_hdf5_child(file_size);
  try {
    send(sink, read());
  } catch (const Error& error) {
    send_error(sink, error);
  } catch (...) {
    ::_exit(1);
  }
  ::_exit(0);
}

template <typename Read>
auto isolated(const Read& read, std::uint64_t file_size, const std::string& origin) {
  MemoryFile result;
  const pid_t child = result.valid() ? fork_hdf5_child() : -1;
  if (child < 0) no_hdf5_child(origin);
  if (child == 0) read_in_child(read, file_size, result);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  decltype(read()) value;
  if (!receive(result, result.rewind(), value)) hdf5_child_died(status, origin);
  return value;
}

}  // namespace

ModelFile read_hdf5_isolated(const std::filesystem::path& path) {
  return isolated([&] { return read_hdf5(path); }, InputFile(path).size(), path.string());
}

ModelFile read_hdf5_isolated(std::string_view bytes, const std::string& origin) {
  return isolated([&] { return read_hdf5_image(bytes, origin); }, bytes.size(), origin);
}

Array read_hdf5_data_isolated(const std::filesystem::path& path, const std::string& dataset) {
  return isolated([&] { return read_hdf5_data(path, dataset); }, InputFile(path).size(), path.string());
}

}  // namespace kairos::host
