// SPDX-License-Identifier: MIT
// Measures the start of commands: the version, listing and inspecting 100 plugins, and the first batch of the
// quickstart. With --hold it fails if one has become slower, by processor time relative to that of the
// version, which depends little on the machine and its load.
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "host/temporary_directory.hpp"

namespace {

namespace fs = std::filesystem;
using kairos::tests::content_of;
using kairos::tests::TemporaryDirectory;

constexpr std::size_t plugins = 100;

/// In seconds.
struct Times {
  double wall = 0, processor = 0;
};

double steady_now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

/// Runs the program with its output in `output`. Not by fork, which would copy this program's pages first.
Times run(const std::vector<std::string>& arguments, const fs::path& output) {
  std::vector<char*> words;
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                     0666);
  const double begin = steady_now();
  pid_t child = 0;
  const int error = ::posix_spawn(&child, words.front(), &actions, nullptr, words.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  rusage usage{};
  if (error != 0 || ::wait4(child, &status, 0, &usage) != child || status != 0)
    throw std::runtime_error(arguments.front() + " " + arguments[1] + " failed");
  return {steady_now() - begin, seconds(usage.ru_utime) + seconds(usage.ru_stime)};
}

/// Copies the bundled plugins until there are `plugins` in total; each copy gets a number at the end of its
/// id.
void make_plugins(const fs::path& directory) {
  std::vector<fs::path> originals;
  for (const auto& entry : fs::directory_iterator(KAIROS_SHIPPED)) originals.push_back(entry.path());
  std::sort(originals.begin(), originals.end());
  constexpr std::string_view before = "\"id\":\"";
  for (std::size_t i = originals.size(); i < plugins; ++i) {
    const fs::path& original = originals[i % originals.size()];
    std::string bytes = content_of(original);
    const std::size_t begin = bytes.find(before) + before.size();
    const std::string id = bytes.substr(begin, bytes.find('"', begin) - begin);
    const std::string number = std::to_string(1000 + i);
    const std::string copy = id.substr(0, id.size() - number.size()) + number;
    for (std::size_t at = 0; (at = bytes.find(id, at)) != std::string::npos; at += copy.size())
      bytes.replace(at, copy.size(), copy);
    std::ofstream(directory / (std::to_string(i) + ".so"), std::ios::binary) << bytes;
  }
}

double middle_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// A case and its limit.
struct Case {
  const char* name;
  double limit;  ///< of processor time, relative to that of the version
  std::vector<Times> times;

  [[nodiscard]] double least(double Times::*which) const {
    double least = times.front().*which;
    for (const Times& one : times) least = std::min(least, one.*which);
    return least;
  }
  [[nodiscard]] double median(double Times::*which) const {
    std::vector<double> all;
    for (const Times& one : times) all.push_back(one.*which);
    return middle_of(all);
  }
  /// Ratio of processor times, round by round, because a busy machine slows both.
  [[nodiscard]] double ratio_to(const Case& unit) const {
    std::vector<double> all;
    for (std::size_t i = 0; i < times.size(); ++i)
      all.push_back(times[i].processor / unit.times[i].processor);
    return middle_of(all);
  }
};

class Bench {
 public:
  Bench() {
    fs::create_directory(many_);
    make_plugins(many_);
  }

  Times version() const { return run({KAIROS_PROGRAM, "--version"}, output_); }

  Times list() const {
    const Times times = run({KAIROS_PROGRAM, "plugins", "list", "--plugin-dir", many_.string()}, output_);
    const std::string text = content_of(output_);
    if (std::count(text.begin(), text.end(), '\n') != static_cast<std::ptrdiff_t>(plugins) + 1)
      throw std::runtime_error("the list is not of 100 plugins:\n" + text);
    return times;
  }

  Times inspect() const {
    return run({KAIROS_PROGRAM, "plugins", "inspect", "TensorBoard", "--plugin-dir", many_.string()},
               output_);
  }

  /// The quickstart up to its first batch.
  Times first_batch() const {
    const fs::path stamp = directory_ / "stamp", runs = directory_ / "run";
    fs::remove_all(runs);
    const double begin = steady_now();
    run({KAIROS_PROGRAM,
         "fit",
         "--data",
         KAIROS_DIGITS,
         "--target",
         "label",
         "--validation-split",
         "0.2",
         "--model",
         "dense(128,relu) dense(64,relu) dense(10,softmax)",
         "--optimizer",
         "Adam(learning_rate=0.001)",
         "--loss",
         "sparse_categorical_crossentropy",
         "--metrics",
         "accuracy",
         "--epochs",
         "1",
         "--verbose",
         "0",
         "--run-dir",
         runs.string(),
         "--plugin",
         "EarlyStopping:monitor=val_loss,patience=10,restore_best_weights=true",
         "--plugin",
         "ReduceLROnPlateau:monitor=val_loss,factor=0.3,patience=4",
         "--plugin",
         "ModelCheckpoint:filepath=best.weights.h5,save_weights_only=true,period=2",
         "--plugin",
         "CSVLogger:filename=log.csv",
         "--plugin",
         "TensorBoard:log_dir=tensorboard",
         "--plugin",
         KAIROS_FIRST_BATCH ":file=" + stamp.string()},
        output_);
    double wall = 0, processor = 0;
    if (!(std::ifstream(stamp) >> wall >> processor)) throw std::runtime_error("no batch was trained");
    return {wall - begin, processor};
  }

 private:
  TemporaryDirectory directory_;
  fs::path many_ = directory_ / "many", output_ = directory_ / "output";
};

int measure(bool hold) {
  const Bench bench;
  std::vector<Case> cases = {{"kairos --version", 1, {}},
                             {"kairos plugins list, 100 plugins", 4, {}},
                             {"kairos plugins inspect, among 100", 4, {}},
                             {"digits quickstart to the first batch", 12, {}}};
  constexpr int rounds = 30;
  for (int round = 0; round < rounds; ++round) {
    cases[0].times.push_back(bench.version());
    cases[1].times.push_back(bench.list());
    cases[2].times.push_back(bench.inspect());
    cases[3].times.push_back(bench.first_batch());
  }
  bool held = true;
  std::printf("%-38s %10s %10s %12s %10s\n", "milliseconds", "least", "median", "processor", "x version");
  for (const Case& one : cases) {
    const double processor = one.least(&Times::processor), ratio = one.ratio_to(cases[0]);
    std::printf("%-38s %10.2f %10.2f %12.2f %10.1f\n", one.name, 1e3 * one.least(&Times::wall),
                1e3 * one.median(&Times::wall), 1e3 * processor, ratio);
    if (hold && ratio > one.limit) {
      std::printf("  that is more than %.0f times the processor time of the version\n", one.limit);
      held = false;
    }
  }
  return held ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return measure(argc > 1 && std::string_view(argv[1]) == "--hold");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
