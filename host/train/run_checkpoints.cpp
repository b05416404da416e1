// SPDX-License-Identifier: MIT
// Copies come from the thread that trains; a thread of its own writes and flushes one at a time. A checkpoint
// refers to a part of the history file, which is flushed first.
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <exception>
#include <future>
#include <system_error>
#include <tuple>
#include <utility>

#include "base/atomic_file.hpp"
#include "base/low_priority.hpp"
#include "base/whole_transfer.hpp"
#include "kairos/host/checkpoint.hpp"
#include "kairos/host/error.hpp"
#include "train/checkpoint_file.hpp"

namespace kairos::host {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* history_name = "history";

[[noreturn]] void cannot_write(const fs::path& file, int error) {
  throw Error(ErrorKind::File, {"KAIROS-F095", file.string(), "cannot write the run checkpoint",
                                std::generic_category().message(error), "a writable location",
                                "Make room, or make the run directory writable"});
}

/// A descriptor that is closed at the end.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  operator int() const { return number_; }

 private:
  int number_;
};

/// Makes the entries of a directory survive a power cut; not every file system can.
void flush_directory(const fs::path& directory) {
  const Descriptor descriptor(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor >= 0) static_cast<void>(::fsync(descriptor));
}

/// Not the run directory itself: whoever removed it gets no half of it back.
void make_folder(const fs::path& folder) {
  std::error_code error;
  if (!fs::create_directory(folder, error) && !error) return;  // it exists
  if (error) cannot_write(folder, error.value());
  flush_directory(folder.parent_path());
  flush_directory(folder.parent_path().parent_path());
}

/// Writes after the first `offset` bytes, in place of what a later checkpoint has left, and flushes.
void append_at(const fs::path& file, std::uint64_t offset, std::string_view bytes) {
  const Descriptor descriptor(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  struct stat status {};
  if (descriptor < 0 || ::fstat(descriptor, &status) != 0) cannot_write(file, errno);
  if (status.st_size < static_cast<off_t>(offset)) cannot_write(file, ENODATA);
  const bool written = ::ftruncate(descriptor, static_cast<off_t>(offset)) == 0 &&
                       ::lseek(descriptor, static_cast<off_t>(offset), SEEK_SET) >= 0 &&
                       write_whole(bytes.data(), bytes.size(), [&](const char* at, std::size_t count) {
                         return ::write(descriptor, at, count);
                       });
  if (!written || ::fsync(descriptor) != 0) cannot_write(file, errno);
}

/// What failed, without what to do and without a full stop.
std::string fault_of(const std::exception& error) {
  const auto* const own = dynamic_cast<const Error*>(&error);
  if (own == nullptr) return error.what();
  Diagnosis diagnosis = own->diagnosis();
  diagnosis.cure.clear();
  std::string text = diagnosis.text();
  while (text.ends_with('.')) text.pop_back();
  return text;
}

/// Of this thread, in seconds.
double processor_time() {
  timespec time{};
  static_cast<void>(::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time));
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

struct Named {
  std::int64_t epoch = 0, batches = 0;
  fs::path file;
};

std::string name_of(const FitPosition& position) {
  return "epoch-" + std::to_string(position.epoch) + "-batch-" + std::to_string(position.batches) +
         ".checkpoint";
}

/// The checkpoints of a folder, the newest first.
std::vector<Named> list(const fs::path& folder) {
  std::vector<Named> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    long long epoch = 0, batches = 0;
    int end = 0;
    const std::string name = entry.path().filename().string();
    if (std::sscanf(name.c_str(), "epoch-%lld-batch-%lld.checkpoint%n", &epoch, &batches, &end) == 2 &&
        static_cast<std::size_t>(end) == name.size())
      found.push_back({epoch, batches, entry.path()});
  }
  std::ranges::sort(found, [](const Named& a, const Named& b) {
    return std::tie(a.epoch, a.batches) > std::tie(b.epoch, b.batches);
  });
  return found;
}

}  // namespace

/// All functions but `write` are for the thread that trains.
class RunCheckpoints::Files {
 public:
  Files(const fs::path& run_directory, CheckpointInterval interval, MessageSink sink)
      : folder(run_directory / RunCheckpoints::folder), every(interval), messages(std::move(sink)) {}

  /// A checkpoint with the part of the History that the file lacks.
  struct Job {
    StoredCheckpoint stored;
    std::string records;
    std::uint64_t offset = 0;  ///< of the records; at 0 they replace the file
    std::size_t keep = 2;      ///< checkpoints that stay
  };

  [[nodiscard]] Job job_of(FitCheckpoint checkpoint, const History& history) const {
    Job job;
    job.stored.checkpoint = std::move(checkpoint);
    job.stored.history = kept;
    job.offset = kept.bytes;
    job.keep = keep;
    job.records = history_records(history, job.stored.history);
    return job;
  }

  static double seconds_since(Clock::time_point before) {
    return std::chrono::duration<double>(Clock::now() - before).count();
  }

  void start(Job job) {
    if (asked) copy_cost = seconds_since(*std::exchange(asked, std::nullopt));
    collect();
    last_time = Clock::now();
    last = job.stored.checkpoint.position;
    pending = std::async(std::launch::async, [this, job = std::move(job)] {
      yield_to_training();
      write(job);
      return Written{job.stored.history, name_of(job.stored.checkpoint.position), processor_time()};
    });
  }

  /// Whether one is due by time. If so, the copy is made next.
  [[nodiscard]] bool is_due() {
    if (seconds_since(last_time) < every.count || is_busy()) return false;
    collect();
    if (every.share > 0 && seconds_since(last_time) * every.share < copy_cost + write_cost) return false;
    asked = Clock::now();
    return true;
  }

  [[nodiscard]] bool is_busy() const {
    return pending.valid() && pending.wait_for(0s) != std::future_status::ready;
  }

  /// Waits for the file that is being written; remembers and tells whether that failed.
  void collect() {
    if (!pending.valid()) return;
    try {
      const auto [length, name, cost] = pending.get();
      kept = length;
      write_cost = cost;
      if (name != current) previous = std::exchange(current, name);
      if (std::exchange(failure, nullptr)) say(Level::Info, "run checkpoints can be written again");
    } catch (const std::exception& error) {
      // Written again from its begin, the file would no longer have the records of the checkpoints that are
      // kept, in their order.
      if (!has_kept()) kept = {};
      const bool is_first = failure == nullptr;
      failure = std::current_exception();
      if (is_first)
        say(Level::Warning, "a run checkpoint could not be written: " + fault_of(error) +
                                ". The training goes on" +
                                (current.empty() ? "" : ", and the one before it is kept"));
    }
  }

  /// Whether the history file still has the part that the last checkpoint refers to.
  [[nodiscard]] bool has_kept() const {
    std::error_code error;
    const std::uintmax_t size = fs::file_size(folder / history_name, error);
    return !error && size >= kept.bytes;
  }

  void say(Level level, const std::string& text) const {
    if (messages) messages(level, "", text);
  }

  fs::path folder;
  CheckpointInterval every;
  MessageSink messages;
  std::size_t keep = 2;           ///< checkpoints that stay
  HistoryLength kept;             ///< in the history file
  std::string current, previous;  ///< names of the files that are kept; "" for none
  Clock::time_point last_time = Clock::now();
  FitPosition last;
  std::exception_ptr failure;              ///< of the last file
  std::optional<Clock::time_point> asked;  ///< when the copy that is being made was asked for
  double copy_cost = 0, write_cost = 0;    ///< of the last checkpoint, in seconds of one processor

  struct Written {
    HistoryLength history;
    std::string name;
    double cost = 0;
  };
  std::future<Written> pending;

  /// The last checkpoint of a run that has ended by itself, until its results are written.
  struct Held {
    FitCheckpoint checkpoint;
    History history;
    RunEnd end;
  };
  std::optional<Held> held;

 private:
  void write(const Job& job) const {
    make_folder(folder);
    const fs::path history = folder / history_name;
    if (job.offset == 0)
      write_file(history, job.records);
    else if (!job.records.empty())
      append_at(history, job.offset, job.records);
    const std::string name = name_of(job.stored.checkpoint.position);
    write_checkpoint(folder / name, job.stored);
    std::error_code ignored;
    for (const Named& one : list(folder)) {
      const std::string other = one.file.filename().string();
      const bool is_before = other == (name == current ? previous : current);
      if (other != name && (job.keep < 2 || !is_before)) fs::remove(one.file, ignored);
    }
  }
};

RunCheckpoints::RunCheckpoints(fs::path run_directory, CheckpointInterval every, MessageSink messages)
    : files_(std::make_unique<Files>(run_directory, every, std::move(messages))) {}

RunCheckpoints::~RunCheckpoints() {
  try {
    if (files_->held)
      files_->start(files_->job_of(std::move(files_->held->checkpoint), files_->held->history));
    files_->collect();
  } catch (const std::exception&) {  // no memory, or no thread: the checkpoint before is kept
  }
}

std::optional<RunCheckpoints::Found> RunCheckpoints::load() {
  const std::vector<Named> found = list(files_->folder);
  for (const Named& one : found) try {
      StoredCheckpoint stored = read_checkpoint(one.file);
      History history = read_history_records(files_->folder / history_name, stored.history);
      files_->kept = stored.history;
      files_->current = one.file.filename().string();
      files_->last = stored.checkpoint.position;
      return Found{
          {std::move(stored.checkpoint), std::move(history)}, stored.finished, stored.end, one.file.string()};
    } catch (const Error& error) {
      if (error.diagnosis().code == "KAIROS-F091") throw;
      if (&one == &found.back())
        throw Error(ErrorKind::File, {"KAIROS-F090", files_->folder.string(), "no run checkpoint is whole",
                                      fault_of(error), "", "Remove this directory, and begin the run again"});
      files_->say(Level::Warning, fault_of(error) + ". The one before it is tried");
    }
  return std::nullopt;
}

void RunCheckpoints::keep(std::size_t count) {
  files_->keep = count;
}

bool RunCheckpoints::is_writing() const {
  return files_->is_busy();
}

void RunCheckpoints::wait() {
  files_->collect();
  if (files_->failure) std::rethrow_exception(files_->failure);
}

bool RunCheckpoints::any() const {
  return !list(files_->folder).empty();
}

void RunCheckpoints::start_over() {
  std::error_code ignored;
  for (const Named& one : list(files_->folder)) fs::remove(one.file, ignored);
  files_->kept = {};
  files_->current.clear();
  files_->previous.clear();
}

bool RunCheckpoints::wants(const FitPosition& position) {
  using Unit = CheckpointInterval::Unit;
  switch (files_->every.unit) {
    case Unit::Seconds:
      return files_->is_due();
    case Unit::Epochs:
      return !position.in_epoch &&
             static_cast<double>(position.epoch - files_->last.epoch) >= files_->every.count;
    case Unit::Batches:
      return static_cast<double>(position.batches - files_->last.batches) >= files_->every.count;
    case Unit::Never:
      return false;
  }
  return false;
}

void RunCheckpoints::take(FitCheckpoint checkpoint, const History& history) {
  files_->collect();
  files_->start(files_->job_of(std::move(checkpoint), history));
}

void RunCheckpoints::take_last(FitCheckpoint checkpoint, const History& history, RunEnd end) {
  if (files_->every.unit == CheckpointInterval::Unit::Never) return;
  if (end == RunEnd::Interrupted && checkpoint.position.batches == 0) return;  // nothing is lost
  files_->held = Files::Held{std::move(checkpoint), history, end};
  if (end == RunEnd::Interrupted) take(files_->held->checkpoint, history);  // there may be little time
}

void RunCheckpoints::finish() {
  if (!files_->held) return;
  const Files::Held& held = *files_->held;
  const bool finished = held.end != RunEnd::Interrupted;
  files_->collect();
  // The folder may have been removed during the run: the second time, all of it is written.
  for (int attempt = 0; attempt < 2 && (finished || files_->failure); ++attempt) {
    Files::Job job = files_->job_of(held.checkpoint, held.history);
    job.stored.finished = finished;
    job.stored.end = held.end;
    files_->start(std::move(job));
    files_->collect();
    if (!files_->failure) break;
  }
  files_->held.reset();
  if (files_->failure) std::rethrow_exception(files_->failure);
}

}  // namespace kairos::host
