// SPDX-License-Identifier: MIT
// Small files come first, so that a large one does not keep them waiting.
#include "cli/file_hashes.hpp"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <numeric>
#include <span>
#include <system_error>
#include <utility>

#include "base/low_priority.hpp"
#include "base/sha256.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

constexpr std::uint64_t too_large = std::uint64_t{1} << 30;

/// "" if the file is not the one of `stamp`, or the wish to stop comes first.
std::string hash_of(const std::filesystem::path& path, const FileStamp& stamp, const std::stop_token& stop) {
  InputFile file(path, EmptyFile::Opened);
  file.check_is(stamp);
  Sha256 hash;
  std::vector<std::byte> block(std::size_t{1} << 18);
  for (std::size_t got = block.size(); got == block.size();) {
    if (stop.stop_requested()) return "";
    got = file.read(block);
    hash.add(std::span(block).first(got));
  }
  file.check_unchanged();
  return hash.hex();
}

}  // namespace

FileHashes::~FileHashes() {
  thread_.request_stop();
}

void FileHashes::start(std::vector<UsedFile> files) {
  files_ = std::move(files);
  complete_ = false;
  try {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  } catch (const std::system_error&) {
    complete_ = true;  // no thread: the hashes stay unknown
  }
}

void FileHashes::run(const std::stop_token& stop) {
  yield_to_training();
  const std::vector<UsedFile> files = this->files();
  std::vector<std::size_t> order(files.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {},
                           [&](std::size_t i) { return files[i].stamp ? files[i].stamp->size : 0; });
  for (const std::size_t i : order) {
    if (!files[i].stamp || files[i].stamp->size >= too_large) continue;
    try {
      const std::string hash = hash_of(files[i].path, *files[i].stamp, stop);
      const std::lock_guard guard(lock_);
      files_[i].sha256 = hash;
    } catch (const std::exception&) {
      // A file that has changed, or cannot be read.
    }
  }
  complete_ = true;
}

void FileHashes::finish(std::chrono::milliseconds longest) {
  constexpr std::chrono::milliseconds look(2);
  const auto end = std::chrono::steady_clock::now() + longest;
  while (!complete_ && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(look);
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

std::vector<UsedFile> FileHashes::files() const {
  const std::lock_guard guard(lock_);
  return files_;
}

}  // namespace kairos::host::cli
