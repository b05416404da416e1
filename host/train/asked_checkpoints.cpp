// SPDX-License-Identifier: MIT
// A directory is locked from its first use on: two runs that are started with the same command would mix
// their files.
#include "train/asked_checkpoints.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

#include "base/temporary_files.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void cannot_write(const fs::path& directory, const std::error_code& error) {
  throw Error(ErrorKind::File,
              {"KAIROS-F095", directory.string(), "run checkpoints cannot be written to this directory",
               error.message(), "a writable directory", "Choose another directory, or make it writable"});
}

/// What failed, without what to do.
std::string reason_of(const std::exception& error) {
  const auto* const own = dynamic_cast<const Error*>(&error);
  if (own == nullptr) return error.what();
  Diagnosis diagnosis = own->diagnosis();
  diagnosis.cure.clear();
  return diagnosis.text();
}

/// The lock is on the directory itself, and ends with its process.
class DirectoryLock {
 public:
  explicit DirectoryLock(const fs::path& directory)
      : descriptor_(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    // Some network file systems have no locks; training goes on without one.
    if (descriptor_ < 0 || ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
    ::close(descriptor_);
    throw Error(ErrorKind::File, {"KAIROS-F063", directory.string(),
                                  "another run writes its run checkpoints to this directory", "", "",
                                  "Wait for it to end, or choose another directory"});
  }
  ~DirectoryLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace

struct AskedCheckpoints::Place {
  Place(const fs::path& where, const MessageSink& sink)
      : directory(where),
        lock(where),
        // Failures to write are those of a callback, which reports them.
        files(where, {CheckpointInterval::Unit::Never, 0, 0},
              [this, &sink](Level level, std::string_view author, std::string_view text) {
                if (reads && sink) sink(level, author, text);
              }) {
    remove_dead_temporaries(where / RunCheckpoints::folder);
  }

  fs::path directory;
  DirectoryLock lock;
  bool reads = false;
  RunCheckpoints files;
  std::uint32_t keep = 0;  ///< wanted after this event; 0: none is
  bool pending = false;    ///< a file was begun, and its outcome is not known
};

AskedCheckpoints::AskedCheckpoints(const FitOptions& options) : options_(options) {}
AskedCheckpoints::~AskedCheckpoints() = default;

AskedCheckpoints::Place& AskedCheckpoints::place(const fs::path& directory) {
  auto found = places_.find(directory);
  if (found == places_.end())
    found = places_.emplace(directory, std::make_unique<Place>(directory, options_.messages)).first;
  return *found->second;
}

std::optional<RunPosition> AskedCheckpoints::position() const {
  return position_ ? std::optional(position_()) : std::nullopt;
}

bool AskedCheckpoints::goes_on_elsewhere() const {
  return options_.resume_from != nullptr && !options_.resume_from->checkpoint.training.empty();
}

std::optional<std::int64_t> AskedCheckpoints::resume_from(const fs::path& directory) {
  std::error_code error;
  if (!fs::is_directory(directory / RunCheckpoints::folder, error)) return std::nullopt;
  Place& from = place(directory);
  from.reads = true;
  std::optional<RunCheckpoints::Found> found = from.files.load();
  from.reads = false;
  if (!found) return std::nullopt;
  found_ = std::move(found->resumption);
  found_in_ = directory;
  return found_->checkpoint.position.epoch;
}

void AskedCheckpoints::want(const fs::path& directory, std::uint32_t keep) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) cannot_write(directory, error);
  if (::access(directory.c_str(), W_OK | X_OK) != 0)
    cannot_write(directory, std::error_code(errno, std::generic_category()));
  Place& to = place(directory);
  to.keep = std::max(to.keep, keep);
  wanted_ = true;
}

void AskedCheckpoints::take(const FitCheckpoint& checkpoint, const History& history) {
  wanted_ = false;
  for (const auto& [directory, place] : places_) {
    if (place->keep == 0) continue;
    collect(*place);
    place->files.keep(std::exchange(place->keep, 0));
    try {
      place->files.take(checkpoint, history);
      place->pending = true;
    } catch (const std::exception& error) {  // no memory, or no thread
      written_.push_back({directory, reason_of(error)});
    }
  }
}

void AskedCheckpoints::collect(Place& place) {
  if (!std::exchange(place.pending, false)) return;
  try {
    place.files.wait();
    last_saved_ = place.directory;
    written_.push_back({place.directory, ""});
  } catch (const std::exception& error) {
    written_.push_back({place.directory, reason_of(error)});
  }
}

std::vector<AskedCheckpoints::Written> AskedCheckpoints::written(Waiting waiting) {
  for (const auto& [directory, place] : places_)
    if (waiting == Waiting::Yes || !place->files.is_writing()) collect(*place);
  return std::exchange(written_, {});
}

void AskedCheckpoints::wait() noexcept {
  try {
    for (const Written& one : written(Waiting::Yes))
      if (!one.failure.empty() && options_.messages)
        options_.messages(Level::Warning, "", "a run checkpoint could not be written: " + one.failure);
  } catch (const std::exception&) {  // no memory for the warning
  }
}

}  // namespace kairos::host
