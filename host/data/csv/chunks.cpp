// SPDX-License-Identifier: MIT
// Threads parse chunks into small buffers that stay in the cache, and append them in order. So each value in
// the large arrays is written once, and a thread that is delayed does not stop the others until a whole ring
// of chunks is ready after its own.
#include "data/csv/chunks.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <utility>

#include "base/large_pages.hpp"
#include "data/reading_threads.hpp"

namespace kairos::host {

namespace {

constexpr std::uint64_t chunk_bytes = std::uint64_t{1} << 17;
constexpr std::size_t chunks_ahead = 8;  // per thread

class ChunkReader {
 public:
  ChunkReader(const CsvFile& file, std::size_t threads)
      : file_(file),
        sinks_(file.table().columns.sinks),
        chunks_(
            std::clamp<std::int64_t>(static_cast<std::int64_t>(file.bytes() / chunk_bytes), 1, file.rows())),
        ring_(std::min(threads * chunks_ahead, static_cast<std::size_t>(chunks_))) {
    if (const std::optional<std::size_t> column = file.table().label_column)
      values_.label_sink = file.table().columns.all[*column].sink;
    values_.of.resize(sinks_.size());
    for (std::size_t i = 0; i < sinks_.size(); ++i)
      if (i != values_.label_sink)
        reserve_large(values_.of[i], static_cast<std::size_t>(file.rows()) * sinks_[i].width);
  }

  /// Runs on each thread.
  void work() {
    CsvFile::Text text;
    while (const std::optional<std::int64_t> number = take()) {
      Chunk& chunk = in_ring(*number);
      try {
        parse(*number, chunk, text);
      } catch (...) {
        chunk.fault = std::current_exception();
      }
      put(chunk);
    }
  }

  CsvValues result() {
    if (fault_) std::rethrow_exception(fault_);
    return std::move(values_);
  }

 private:
  struct Chunk {
    std::vector<std::vector<float>> of;
    std::size_t rows = 0;
    Labels labels;
    std::exception_ptr fault;
    bool ready = false;
  };

  [[nodiscard]] Chunk& in_ring(std::int64_t number) {
    return ring_[static_cast<std::size_t>(number) % ring_.size()];
  }

  /// The next chunk, once there is room for it; empty when all are taken, or when an earlier one has failed.
  std::optional<std::int64_t> take() {
    std::unique_lock lock(mutex_);
    const auto ring = static_cast<std::int64_t>(ring_.size());
    room_.wait(lock, [&] { return fault_ || next_ == chunks_ || next_ < appended_ + ring; });
    if (fault_ || next_ == chunks_) return std::nullopt;
    return next_++;
  }

  void parse(std::int64_t number, Chunk& chunk, CsvFile::Text& text) const {
    const std::int64_t first = file_.cheap_row(file_.rows() * number / chunks_);
    const std::int64_t rows = file_.cheap_row(file_.rows() * (number + 1) / chunks_) - first;
    chunk.rows = static_cast<std::size_t>(rows);
    chunk.of.resize(sinks_.size());
    chunk.labels = {};
    CsvDestination to{{}, &chunk.labels};
    for (std::size_t i = 0; i < sinks_.size(); ++i) {
      if (i == values_.label_sink) continue;
      if (chunk.of[i].size() < chunk.rows * sinks_[i].width) chunk.of[i].resize(chunk.rows * sinks_[i].width);
      to.places[i] = chunk.of[i].data();
    }
    if (rows > 0) file_.read(first, rows, to, text);
  }

  /// Marks a chunk as ready. If no other thread is appending, appends all chunks that are ready, in order.
  void put(Chunk& chunk) {
    std::unique_lock lock(mutex_);
    chunk.ready = true;
    if (std::exchange(appending_, true)) return;
    while (!fault_ && in_ring(appended_).ready) {
      Chunk& next = in_ring(appended_);
      lock.unlock();
      append(next);
      lock.lock();
      next.ready = false;
      ++appended_;
      fault_ = std::exchange(next.fault, nullptr);
      room_.notify_all();
    }
    appending_ = false;
  }

  void append(Chunk& chunk) noexcept {
    if (chunk.fault) return;
    try {
      for (std::size_t i = 0; i < sinks_.size(); ++i) {
        if (i == values_.label_sink) continue;
        const auto begin = chunk.of[i].begin();
        values_.of[i].insert(values_.of[i].end(), begin,
                             begin + static_cast<std::ptrdiff_t>(chunk.rows * sinks_[i].width));
      }
      values_.labels.append(chunk.labels);
    } catch (...) {
      chunk.fault = std::current_exception();
    }
  }

  const CsvFile& file_;
  const std::vector<CsvSink>& sinks_;
  const std::int64_t chunks_;
  CsvValues values_;

  std::mutex mutex_;
  std::condition_variable room_;
  std::vector<Chunk> ring_;
  std::int64_t next_ = 0, appended_ = 0;
  bool appending_ = false;
  std::exception_ptr fault_;
};

}  // namespace

CsvValues read_all_rows(const CsvFile& file, std::size_t threads) {
  ChunkReader reader(file, threads);
  each_part_in_parallel(threads, [&](std::size_t) { reader.work(); });
  return reader.result();
}

}  // namespace kairos::host
