// SPDX-License-Identifier: MIT
// The common part of the training benchmark's programs: cases, data and output of results.
#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace kairos::bench {

/// Set by the arguments CASE OPTIMIZER THREADS EPOCHS [CALLBACKS]; CASE may end with a batch size, such as
/// a512.
struct Work {
  std::string name;                ///< of one of `cases`
  std::string optimizer = "adam";  ///< or "sgd", "rmsprop"
  int threads = 1;
  std::int64_t epochs = 1;  ///< timed epochs, after one for warm-up
  int callbacks = 0;        ///< idle callbacks; peers have none

  std::int64_t samples = 0;
  std::int64_t batch = 0;
  std::vector<std::int64_t> input;  ///< shape of a sample
  std::int64_t outputs = 0;         ///< classes, or 1 for a regression, or 0 if the target is the input
  std::vector<float> x;
  std::vector<float> y;  ///< labels or values

  [[nodiscard]] bool classifies() const { return outputs > 1; }
};

struct Case {
  const char* name;
  std::int64_t samples, batch;
  std::vector<std::int64_t> input;
  std::int64_t outputs;
};

inline const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"a", 60000, 128, {784}, 10},        // wide MLP
      {"b", 10000, 32, {20}, 1},           // small MLP
      {"c", 10000, 128, {28, 28, 1}, 10},  // convolutions
      {"d", 5000, 64, {100, 32}, 1},       // LSTM
      {"mobilenet",
       1280,
       64,
       {32, 32, 3},
       10},                                   // depthwise and 1x1 convolutions with BatchNormalization, ReLU6
      {"resnet", 640, 64, {32, 32, 3}, 10},   // 3x3 convolutions with BatchNormalization and ReLU
      {"autoencoder", 10000, 128, {784}, 0},  // 784-256-64-256-784, sigmoid
  };
  return all;
}

/// Uniform in [0, 1); identical numbers for every program.
class Uniform {
 public:
  explicit Uniform(std::uint64_t seed) : state_(seed) {}
  float operator()() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return static_cast<float>((z ^ (z >> 31)) >> 40) * 0x1p-24F;
  }

 private:
  std::uint64_t state_;
};

/// Random inputs with targets of a linear teacher, which can be learned. For sequences it only uses the last
/// step: more would take longer to learn than a benchmark runs.
inline Work read_work(int argc, char** argv) {
  if (argc < 5)
    throw std::invalid_argument("usage: PROGRAM CASE[BATCH] adam|sgd|rmsprop THREADS EPOCHS [CALLBACKS]");
  Work work;
  work.name = argv[1];
  work.optimizer = argv[2];
  work.threads = std::atoi(argv[3]);
  work.epochs = std::atoi(argv[4]);
  work.callbacks = argc > 5 ? std::atoi(argv[5]) : 0;
  const std::size_t digits = work.name.find_first_of("0123456789");
  const std::string batch = digits == std::string::npos ? "" : work.name.substr(digits);
  work.name.resize(std::min(digits, work.name.size()));
  const auto found =
      std::find_if(cases().begin(), cases().end(), [&](const Case& one) { return one.name == work.name; });
  if (found == cases().end()) throw std::invalid_argument("there is no such case");
  work.samples = found->samples;
  work.batch = batch.empty() ? found->batch : std::atoi(batch.c_str());
  work.input = found->input;
  work.outputs = found->outputs;
  if (work.batch < 1) throw std::invalid_argument("a batch has one sample at least");
  std::int64_t features = 1;
  for (const std::int64_t n : work.input) features *= n;
  Uniform random(1);
  std::vector<float> teacher(static_cast<std::size_t>(features * work.outputs));
  for (float& w : teacher) w = random() - 0.5F;
  if (work.outputs == 0) {
    work.x.resize(static_cast<std::size_t>(work.samples * features));
    for (float& value : work.x) value = random();
    work.y = work.x;
    return work;
  }
  if (work.name == "d") std::fill(teacher.begin(), teacher.end() - work.input.back(), 0.0F);
  // Reserved at once, because a growing vector would be the peak of the measured memory.
  work.x.reserve(static_cast<std::size_t>(work.samples * features));
  work.y.reserve(static_cast<std::size_t>(work.samples));
  for (std::int64_t row = 0; row < work.samples; ++row) {
    std::vector<float> scores(static_cast<std::size_t>(work.outputs));
    for (std::int64_t i = 0; i < features; ++i) {
      const float value = random();
      work.x.push_back(value);
      for (std::int64_t k = 0; k < work.outputs; ++k)
        scores[static_cast<std::size_t>(k)] +=
            value * teacher[static_cast<std::size_t>(i * work.outputs + k)];
    }
    std::size_t best = 0;
    for (std::size_t k = 1; k < scores.size(); ++k)
      if (scores[k] > scores[best]) best = k;
    work.y.push_back(work.classifies() ? static_cast<float>(best) : std::tanh(scores[0]));
  }
  return work;
}

/// Glorot uniform initial values, so that all programs start equally.
inline void fill_glorot(std::int64_t inputs, std::int64_t units, std::uint64_t seed, float* weights,
                        std::int64_t count) {
  Uniform random(seed);
  const float limit = std::sqrt(6.0F / static_cast<float>(inputs + units));
  for (std::int64_t i = 0; i < count; ++i) weights[i] = (2 * random() - 1) * limit;
}

/// Wall time and processor time of the process.
class Clock {
 public:
  [[nodiscard]] static double processor_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
  }
  [[nodiscard]] double processor() const { return processor_seconds() - processor_start_; }
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  double processor_start_ = processor_seconds();
};

/// Prints one line of JSON for tests/bench/run.py. `kernels` names the library and the kernels of the
/// products, without quotes or backslashes; "" for Kairos.
inline void report(const Work& work, const Clock& clock, double loss, const std::string& kernels = "") {
  const double seconds = clock.seconds();
  const double processor = clock.processor();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto samples = static_cast<double>(work.samples * work.epochs);
  std::printf(
      "{\"samples_per_s\": %.1f, \"samples_per_cpu_s\": %.1f, \"loss\": %.6g, \"peak_mib\": %.1f, "
      "\"kernels\": \"%s\"}\n",
      samples / seconds, samples / processor, loss, static_cast<double>(usage.ru_maxrss) / 1024,
      kernels.c_str());
}

}  // namespace kairos::bench
