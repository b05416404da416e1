// SPDX-License-Identifier: MIT
// zlib on a descriptor that was already checked.
#include "io/gzip_source.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <limits>

#include "kairos/host/error.hpp"

namespace kairos::host {

bool is_gzip(const InputFile& file) {
  std::array<unsigned char, 2> magic{};
  return ::pread(file.descriptor(), magic.data(), magic.size(), 0) == 2 && magic[0] == 0x1F &&
         magic[1] == 0x8B;
}

GzipSource::GzipSource(const InputFile& file, std::string origin)
    : origin_(std::move(origin)), stream_(nullptr) {
  const int descriptor = ::dup(file.descriptor());
  if (descriptor >= 0) stream_ = ::gzdopen(descriptor, "rb");
  if (stream_ != nullptr) return;
  if (descriptor >= 0) ::close(descriptor);
  throw Error(ErrorKind::File, {"KAIROS-F004", origin_, "reading failed", "no descriptor or memory available",
                                "", "Raise the limit of open files or memory"});
}

GzipSource::~GzipSource() {
  ::gzclose_r(stream_);
}

void GzipSource::damaged() const {
  int code = 0;
  const std::string text = ::gzerror(stream_, &code);
  throw Error(ErrorKind::Data, {"KAIROS-D050", origin_, "the gzip data are damaged or incomplete",
                                code == Z_BUF_ERROR ? "an unexpected end" : text, "", "Copy the file again"});
}

std::size_t GzipSource::read(std::span<std::byte> bytes) {
  constexpr std::size_t most = std::numeric_limits<int>::max();
  std::size_t done = 0;
  while (done < bytes.size()) {
    const int n =
        ::gzread(stream_, bytes.data() + done, static_cast<unsigned>(std::min(bytes.size() - done, most)));
    if (n < 0) damaged();
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  int code = Z_OK;
  if (done < bytes.size()) static_cast<void>(::gzerror(stream_, &code));
  if (code != Z_OK && code != Z_STREAM_END) damaged();
  return done;
}

}  // namespace kairos::host
