// SPDX-License-Identifier: MIT
// Compares reading a numeric CSV file with a loop of std::from_chars over the same mapped file on as many
// threads, and with pandas if it is installed (python3-pandas).
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "data/csv/dataset.hpp"
#include "host/temporary_directory.hpp"

namespace {

constexpr std::size_t columns = 20;

/// A file of `megabytes` of numbers, written once: KAIROS_BENCH_CSV_MB, or 50.
class Table {
 public:
  /// `format` is printf's, for a standard normal number.
  Table(const std::string& name, const char* format) : file_(directory_ / name) {
    const char* asked = std::getenv("KAIROS_BENCH_CSV_MB");
    const std::size_t megabytes = asked == nullptr ? 50 : std::strtoul(asked, nullptr, 10);
    std::mt19937_64 random(7);
    std::normal_distribution<double> normal;
    std::string text;  // A repeated megabyte, which is more than a branch predictor can learn.
    while (text.size() < 1 << 20)
      for (std::size_t i = 0; i < columns; ++i) {
        char field[64];
        text.append(field,
                    static_cast<std::size_t>(std::snprintf(field, sizeof field, format, normal(random))));
        text += i + 1 < columns ? ',' : '\n';
      }
    std::ofstream out(file_, std::ios::binary);
    for (std::size_t i = 0; i < megabytes; ++i) out << text;
    out.close();
    bytes = std::filesystem::file_size(file_);
  }
  [[nodiscard]] const std::filesystem::path& file() const { return file_; }
  std::uint64_t bytes = 0;

 private:
  kairos::tests::TemporaryDirectory directory_;
  std::filesystem::path file_;
};

const Table& table(int kind) {
  static const Table kinds[] = {{"short.csv", "%.6g"}, {"float.csv", "%.9g"}, {"numpy.csv", "%.18e"}};
  return kinds[kind];
}

/// Parses the numbers of [begin, end), which contains whole lines.
void parse(const char* begin, const char* end, float* out) {
  while (begin < end) {
    const auto [stop, error] = std::from_chars(begin, end, *out++);
    if (error != std::errc{}) std::abort();
    begin = stop + 1;
  }
}

double first_of_from_chars(const Table& table, std::size_t threads) {
  const int file = ::open(table.file().c_str(), O_RDONLY);
  const auto* text = static_cast<const char*>(::mmap(nullptr, table.bytes, PROT_READ, MAP_PRIVATE, file, 0));
  ::close(file);
  std::vector<std::unique_ptr<float[]>> values(threads);
  std::vector<std::jthread> workers;
  for (std::size_t i = 0; i < threads; ++i)
    workers.emplace_back([&, i] {
      const auto bound = [&](std::size_t share) {
        const char* p = text + table.bytes * share / threads;
        while (p != text && p != text + table.bytes && p[-1] != '\n') ++p;
        return p;
      };
      const char *begin = bound(i), *end = bound(i + 1);
      // A field has at least two bytes; pages that are not written to cost nothing.
      values[i] = std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(end - begin) / 2 + 1);
      parse(begin, end, values[i].get());
    });
  workers.clear();
  ::munmap(const_cast<char*>(text), table.bytes);
  return static_cast<double>(values[0][0]);
}

double first_of_read_csv(const Table& table, std::size_t threads) {
  kairos::host::DataSpec spec;
  spec.file = table.file();
  spec.target_use = kairos::host::TargetUse::Optional;
  return static_cast<double>(kairos::host::read_csv(spec, threads).inputs[0].array.values[0]);
}

/// Seconds, the better of two; 0 without pandas.
double seconds_of_pandas(const Table& table) {
  const std::string command =
      "/usr/bin/python3 -c \"import time, pandas\n"
      "def once():\n"
      "  begin = time.time(); pandas.read_csv('" +
      table.file().string() +
      "', header=None); return time.time() - begin\n"
      "print(min(once(), once()))\" 2>/dev/null";
  const std::unique_ptr<FILE, int (*)(FILE*)> answer(::popen(command.c_str(), "r"), ::pclose);
  double seconds = 0;
  return answer && std::fscanf(answer.get(), "%lf", &seconds) == 1 ? seconds : 0;
}

std::string label_of(const benchmark::State& state) {
  return std::to_string(state.range(0)) + "/" + std::to_string(state.range(1));
}

double processor_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

struct Times {
  double wall = 1e30, processor = 1e30;
};

template <class Work>
void measure(Times& best, const Work& work) {
  const double processor = processor_seconds();
  const auto begin = std::chrono::steady_clock::now();
  benchmark::DoNotOptimize(work());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  best.wall = std::min(best.wall, took.count());
  best.processor = std::min(best.processor, processor_seconds() - processor);
}

/// The two alternate, so that a busy machine slows both; the counters compare the best times of each. The
/// processor time of all threads is accurate even on a busy machine.
void csv(benchmark::State& state) {
  const Table& numbers = table(static_cast<int>(state.range(0)));
  const auto threads = static_cast<std::size_t>(state.range(1));
  static std::map<std::string, Times> best_of;
  static std::map<std::int64_t, double> pandas_of;
  Times loop, reader;
  for (auto _ : state) {
    measure(loop, [&] { return first_of_from_chars(numbers, threads); });
    measure(reader, [&] { return first_of_read_csv(numbers, threads); });
  }
  best_of[label_of(state)] = reader;
  const double megabytes = static_cast<double>(numbers.bytes) / 1e6;
  state.counters["MB/s"] = megabytes / reader.wall;
  state.counters["from_chars MB/s"] = megabytes / loop.wall;
  state.counters["x from_chars"] = loop.wall / reader.wall;
  state.counters["x from_chars (processor)"] = loop.processor / reader.processor;
  const auto one = best_of.find(std::to_string(state.range(0)) + "/1");
  if (one != best_of.end()) {
    state.counters["x one thread"] = one->second.wall / reader.wall;
    // Processor time with more threads relative to one; 1 is ideal.
    state.counters["work of one thread"] = reader.processor / one->second.processor;
  }
  const auto [pandas, first] = pandas_of.try_emplace(state.range(0), 0);
  if (first) pandas->second = seconds_of_pandas(numbers);
  if (pandas->second > 0) state.counters["x pandas"] = pandas->second / reader.wall;
  state.SetLabel(numbers.file().filename().string());
}

BENCHMARK(csv)
    ->ArgNames({"kind", "threads"})
    ->ArgsProduct({{0, 1, 2}, {1, 2}})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->MinTime(1);

}  // namespace

BENCHMARK_MAIN();
