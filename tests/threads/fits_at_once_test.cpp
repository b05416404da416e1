// SPDX-License-Identifier: MIT
// Two simultaneous fits in one process have the result of a single one, bit for bit. This program also runs
// under ThreadSanitizer.
#include <catch2/catch.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "host/temporary_directory.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/data.hpp"
#include "kairos/host/fit.hpp"

using namespace kairos::host;
using kairos::tests::content_of;
using kairos::tests::TemporaryDirectory;

namespace {

constexpr std::int64_t features = 6;

std::unique_ptr<Model> small_model() {
  CompileOptions options;
  options.optimizer = "Adam(learning_rate=0.01)";
  options.loss = "sparse_categorical_crossentropy";
  options.metrics = {"accuracy"};
  return compile({{}, "dense(16,relu) dense(3,softmax)", {features}}, options);
}

std::string csv_text() {
  std::string text = "a,b,c,d,e,f,label\n";
  for (int row = 0; row < 96; ++row) {
    for (int column = 0; column < features; ++column) text += std::to_string((row * (column + 3)) % 7) + ",";
    text += std::to_string(row % 3) + "\n";
  }
  return text;
}

DataSpec spec_of(const std::filesystem::path& file) {
  DataSpec spec;
  spec.file = file;
  spec.target = "label";
  return spec;
}

const Catalog& plugins() {
  static const Catalog catalog = Catalog::scan(std::vector<std::filesystem::path>{KAIROS_TEST_PLUGINS});
  return catalog;
}

/// Logs, saves in the background and stops early.
FitOptions options_in(const std::filesystem::path& directory) {
  FitOptions options;
  options.epochs = 4;
  options.batch_size = 8;
  options.catalog = &plugins();
  options.run_directory = directory;
  for (const char* spec :
       {"CSVLogger:filename=log.csv",
        "ModelCheckpoint:filepath=\"m{epoch}.keras\",in_background=true,monitor=loss",
        "ModelCheckpoint@weights:filepath=w.h5,save_weights_only=true,in_background=true,monitor=loss",
        "EarlyStopping:monitor=loss,restore_best_weights=true,patience=3"})
    options.plugins.push_back(parse_plugin_spec(spec));
  return options;
}

using Fit = std::function<void(const std::filesystem::path& directory)>;

/// Runs `fit` alone, then twice simultaneously, and compares the files of the three runs.
void check_at_once(const Fit& fit) {
  const TemporaryDirectory alone, left, right;
  fit(alone.path());
  std::exception_ptr failed[2];
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i)
      threads.emplace_back([&, i] {
        try {
          fit(i == 0 ? left.path() : right.path());
        } catch (...) {
          failed[i] = std::current_exception();
        }
      });
  }
  for (const std::exception_ptr& error : failed)
    if (error) std::rethrow_exception(error);
  const std::string log = content_of(alone / "log.csv"), weights = content_of(alone / "w.h5");
  REQUIRE(log.size() > 60);
  REQUIRE(weights.size() > 500);
  for (const TemporaryDirectory* both : {&left, &right}) {
    CHECK(content_of(*both / "log.csv") == log);
    CHECK(content_of(*both / "w.h5") == weights);
    CHECK(content_of(*both / "m4.keras").size() > 500);
  }
}

}  // namespace

TEST_CASE("Two simultaneous fits on data in memory have the result of a single one", "[host][train]") {
  const TemporaryDirectory data;
  const LoadedData loaded = load_data(spec_of(data.put("d.csv", csv_text())));
  check_at_once([&](const std::filesystem::path& directory) {
    const auto model = small_model();
    (void)fit(*model, loaded.train, options_in(directory));
  });
}

TEST_CASE("Two simultaneous fits on one stream have the result of a single one", "[host][train]") {
  const TemporaryDirectory data;
  const auto source = open_stream(spec_of(data.put("d.csv", csv_text())));
  check_at_once([&](const std::filesystem::path& directory) {
    const auto model = small_model();
    (void)fit(*model, *source, options_in(directory));
  });
}
