// SPDX-License-Identifier: MIT
// Temporary name, fsync, rename, fsync of the directory.
#include "text_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <kairos/error.hpp>
#include <system_error>

namespace kairos::plugins::tensorboard {

namespace fs = std::filesystem;

namespace {

/// An open file descriptor, closed on destruction.
class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags) : number_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }
  [[nodiscard]] bool write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t count = ::write(number_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  [[nodiscard]] bool sync() const { return ::fsync(number_) == 0; }

 private:
  int number_;
};

}  // namespace

void write_text_file(const fs::path& file, std::string_view content) {
  fs::path temporary = file;
  temporary += ".tmp." + std::to_string(::getpid());
  bool good = false;
  int why = 0;
  {
    const Descriptor out(temporary, O_WRONLY | O_CREAT | O_TRUNC);
    good = out.is_open() && out.write(content) && out.sync();
    why = errno;
  }
  if (good && ::rename(temporary.c_str(), file.c_str()) != 0) {
    good = false;
    why = errno;
  }
  if (!good) {
    ::unlink(temporary.c_str());
    throw Error(KAIROS_E_IO, "\"" + file.string() +
                                 "\" cannot be written: " + std::generic_category().message(why) +
                                 ". Set log_dir to a writable directory with free space");
  }
  // Errors are ignored: the content is safe, and only the new name may be lost.
  const Descriptor directory(file.parent_path(), O_RDONLY | O_DIRECTORY);
  static_cast<void>(directory.is_open() && directory.sync());
}

std::string read_text_file(const fs::path& file) {
  std::error_code ignored;
  std::ifstream in;
  if (fs::is_regular_file(file, ignored)) in.open(file, std::ios::binary);
  if (!in.is_open())
    throw Error(KAIROS_E_IO, "\"" + file.string() + "\" is not a readable file. Name an existing file");
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace kairos::plugins::tensorboard
