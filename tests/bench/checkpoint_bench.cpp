// SPDX-License-Identifier: MIT
// Measures what it costs to save a model with 100 MB of weights while it trains: ModelCheckpoint in the
// background, and the run checkpoint. Each saves after every second epoch, so that epochs with and without
// one alternate in the same run, whatever else the machine does. Arguments: rows of the table (1500; an epoch
// of some seconds), pairs of epochs (6), width of the layers (5000; 500 makes 1 MB). With few rows only the
// last column, the processor time of one file, is accurate.
#include <stdlib.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "host/temporary_directory.hpp"

namespace {

using kairos::tests::TemporaryDirectory;

struct Settings {
  int rows = 1500, pairs = 6, width = 5000;
};

void write_table(const std::filesystem::path& file, int rows) {
  std::mt19937 random(5);
  std::uniform_real_distribution<float> uniform;
  std::ofstream out(file);
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < 20; ++column) out << uniform(random) << ',';
    out << uniform(random) << '\n';
  }
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// In seconds.
struct Moment {
  double wall = 0, processor = 0;
};

std::vector<Moment> ends_of_epochs(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::vector<Moment> ends;
  for (Moment end; in >> end.wall >> end.processor;) ends.push_back(end);
  return ends;
}

/// What saves after every second epoch.
struct Saver {
  std::string name, flags;
};

std::vector<Saver> savers() {
  const std::string model_checkpoint =
      "--checkpoint-every off --plugin "
      "ModelCheckpoint:in_background=true,save_weights_only=true,period=2,filepath=";
  std::vector<Saver> all;
  for (const char* file : {"last.weights.h5", "last.h5"})
    all.push_back({std::string("ModelCheckpoint ") + file, model_checkpoint + file});
  all.push_back({"run checkpoint", "--checkpoint-every 2epochs"});
  return all;
}

/// The time from the end of one epoch to that of the next, with or without a preceding save.
void measure(const TemporaryDirectory& directory, const Settings& settings, int threads, const Saver& saver) {
  const auto quoted = [](const std::string& text) { return "'" + text + "' "; };
  const std::filesystem::path table = directory / "table.csv", times = directory / "times";
  std::string command = "OMP_NUM_THREADS=" + std::to_string(threads) +
                        " " KAIROS_PROGRAM " fit --target -1 --header false --verbose 0 --loss mse ";
  command += "--optimizer SGD --batch-size 100 --epochs " + std::to_string(2 * settings.pairs + 2) +
             " --data " + quoted(table.string()) + "--model " +
             quoted("dense(" + std::to_string(settings.width) + ",relu) dense(" +
                    std::to_string(settings.width) + ",relu) dense(1)") +
             "--run-dir " + quoted((directory / "run").string()) + "--plugin " +
             quoted(KAIROS_EPOCH_TIMES ":file=" + times.string()) + saver.flags;
  std::filesystem::remove_all(directory / "run");
  if (std::system(command.c_str()) != 0) throw std::runtime_error("kairos fit failed");
  const std::vector<Moment> ends = ends_of_epochs(times);
  if (ends.size() != static_cast<std::size_t>(2 * settings.pairs + 2))
    throw std::runtime_error("kairos fit has not trained all epochs");
  // A file is written after epochs 2, 4, …; the first two are warm-up.
  std::vector<double> with, without, ratios, work;
  for (std::size_t epoch = 2; epoch < ends.size(); epoch += 2) {
    const Moment &before = ends[epoch - 1], &between = ends[epoch], &after = ends[epoch + 1];
    with.push_back(between.wall - before.wall);
    without.push_back(after.wall - between.wall);
    ratios.push_back(with.back() / without.back());
    work.push_back(2 * between.processor - before.processor - after.processor);
  }
  std::printf("%-32s %7d %10.3f %10.3f %10.1f %% %12.0f ms\n", saver.name.c_str(), threads, median(without),
              median(with), 100 * (median(ratios) - 1), 1e3 * median(work));
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    Settings settings;
    if (argc > 1) settings.rows = std::atoi(argv[1]);
    if (argc > 2) settings.pairs = std::atoi(argv[2]);
    if (argc > 3) settings.width = std::atoi(argv[3]);
    const TemporaryDirectory directory;
    write_table(directory / "table.csv", settings.rows);
    std::printf("%-32s %7s %10s %10s %12s %15s\n", "seconds an epoch", "threads", "without", "with", "slower",
                "processor time");
    for (const int threads : {1, 2})
      for (const Saver& saver : savers()) measure(directory, settings, threads, saver);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
