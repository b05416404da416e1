// SPDX-License-Identifier: MIT
// A child process reads, and returns its result through a file in memory.
#include "io/hdf5/isolated.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/available_memory.hpp"
#include "base/large_pages.hpp"
#include "base/whole_transfer.hpp"
#include "io/hdf5/child.hpp"
#include "io/hdf5/layouts.hpp"
#include "io/hdf5/rows.hpp"
#include "io/model_stream.hpp"
#include "io/text_array.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

/// Owns a descriptor; reads and writes the data exchanged between the two processes.
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
  /// Rewinds, and returns the size.
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
bool receive(ByteSource& source, std::uint64_t size, ModelFile& file) {
  return receive_model(source, size, file);
}

void send(ByteSink& sink, const TextArray& array) {
  send_texts(sink, array);
}
bool receive(ByteSource& source, std::uint64_t size, TextArray& array) {
  return receive_texts(source, size, array);
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
  const InputFile file(path);
  ModelFile model = unless_changed(
      file, [&] { return isolated([&] { return read_hdf5(path); }, file.size(), path.string()); });
  file.check_unchanged();
  return model;
}

ModelFile read_hdf5_isolated(std::string_view bytes, const std::string& origin) {
  return isolated([&] { return read_hdf5_image(bytes, origin); }, bytes.size(), origin);
}

TextArray read_hdf5_text_isolated(const std::filesystem::path& path, const std::string& dataset) {
  const InputFile file(path);
  TextArray array = unless_changed(file, [&] {
    return isolated([&] { return read_hdf5_text(path, dataset); }, file.size(), path.string());
  });
  file.check_unchanged();
  return array;
}

Array read_hdf5_data_isolated(const std::filesystem::path& path, const std::string& dataset) {
  IsolatedHdf5Rows rows(path, dataset);
  Array array{rows.shape(), {}};
  const std::int64_t count = rows.shape().empty() ? 1 : array.rows();
  // The child has checked this product against the size of the file.
  const std::size_t values = static_cast<std::size_t>(count) * static_cast<std::size_t>(array.row_size());
  if (count == 0 || values == 0) return array;
  require_memory(rows.where(), values * sizeof(float));
  resize_large(array.values, values);
  rows.read(0, count, array.values.data());
  rows.file().check_unchanged();
  return array;
}

}  // namespace kairos::host
