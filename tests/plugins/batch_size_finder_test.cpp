// SPDX-License-Identifier: MIT
// BatchSizeFinder: which sizes it tries, and which one it suggests.
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "host/temporary_directory.hpp"
#include "plugins/loaded_callback.hpp"

using Catch::Matchers::Contains;
using kairos::testing::Failure;
using kairos::testing::Fit;
using kairos::testing::Settings;
using kairos::tests::content_of;
using kairos::tests::loaded;
using kairos::tests::TemporaryDirectory;

namespace {

const kairos_callback& finder() {
  return loaded("batch_size_finder", "kairos.BatchSizeFinder");
}

/// A search over 64 samples; `sizes` gets the size of each step. A step takes 4 ms, and from 16 samples on
/// four times as long for twice as many: 16 is the fastest.
struct Searched {
  explicit Searched(const TemporaryDirectory& dir, const Settings& more = {})
      : fit(finder(), settings(dir, more)) {
    fit.host().training_samples = 64;
    fit.run_event().samples = 64;
    fit.host().trial_loss = [this](std::int64_t, std::int64_t size) {
      sizes.push_back(size);
      std::this_thread::sleep_for(std::chrono::milliseconds(size < 16 ? 4 : size * size / 64));
      return 1.0;
    };
  }
  static Settings settings(const TemporaryDirectory& dir, const Settings& more) {
    Settings all{{"filename", (dir / "new/size.csv").string()}, {"plot", (dir / "new/size.svg").string()}};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Fit fit;
  std::vector<std::int64_t> sizes;
};

}  // namespace

TEST_CASE("BatchSizeFinder doubles the size up to the samples, and prefers the smallest fast one",
          "[plugins]") {
  const TemporaryDirectory dir;
  Searched run(dir, {{"init_val", 4}, {"steps_per_trial", 2}, {"tolerance", 0.3}});
  run.fit.begin();
  CHECK(run.sizes == std::vector<std::int64_t>{4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64});
  CHECK(run.fit.host().printed("suggested batch size: 16 ("));
  CHECK(run.fit.stop_reason() == "the batch size was searched");
  CHECK_THAT(
      content_of(dir / "new/size.csv"),
      Catch::Matchers::StartsWith("batch_size,seconds_per_step,samples_per_second,memory_mib\n4,0.00"));
  CHECK_THAT(content_of(dir / "new/size.svg"), Contains("suggestion 16</text>"));
}

TEST_CASE("BatchSizeFinder suggests the largest size that fits", "[plugins]") {
  const TemporaryDirectory dir;
  Searched run(dir, {{"goal", "memory"}, {"max_trials", 3}, {"action", "report"}});
  run.fit.begin();
  CHECK(run.fit.host().printed("suggested batch size: 32 ("));
  CHECK_FALSE(run.fit.stopped());
}

TEST_CASE("BatchSizeFinder tries nothing over the memory limit", "[plugins]") {
  const TemporaryDirectory dir;
  Searched run(dir, {{"max_memory", 1.0}});
  CHECK_THROWS_WITH(run.fit.begin(),
                    Contains("a batch of 8 samples needs more memory than max_memory allows, 1 MiB"));
  CHECK(run.sizes.empty());
}

TEST_CASE("BatchSizeFinder foresees that the next size does not fit", "[plugins]") {
  const TemporaryDirectory dir;
  std::vector<std::vector<char>> kept;
  Searched run(dir, {{"goal", "memory"}, {"steps_per_trial", 1}, {"max_memory", 600.0}});
  run.fit.host().trial_loss = [&](std::int64_t, std::int64_t size) {
    run.sizes.push_back(size);
    kept.emplace_back(static_cast<std::size_t>(size) * 5 << 20, 'x');  // two steps of 8 samples: 80 MiB
    return 1.0;
  };
  run.fit.begin();
  CHECK(run.sizes.back() < 64);
  CHECK(run.fit.host().printed("suggested batch size: " + std::to_string(run.sizes.back())));
}

TEST_CASE("BatchSizeFinder refuses a number of samples that is unknown or zero", "[plugins]") {
  const TemporaryDirectory dir;
  Searched unknown(dir);
  unknown.fit.run_event().samples = -1;
  CHECK_THROWS_WITH(unknown.fit.begin(), Contains("the number of training samples is not known"));
  Searched none(dir);
  none.fit.run_event().samples = 0;
  CHECK_THROWS_WITH(none.fit.begin(), Contains("there are no training samples to try batch sizes on"));
  CHECK(unknown.sizes.empty());
  CHECK(none.sizes.empty());
}

TEST_CASE("BatchSizeFinder ends with a signal, and searches once in a run", "[plugins]") {
  const TemporaryDirectory dir;
  Searched first(dir);
  first.fit.begin();
  Searched ended(dir);
  ended.fit.host().ending = true;
  ended.fit.begin();
  Searched resumed(dir);
  resumed.fit.run_event().run_resumed = 1;
  resumed.fit.restore(first.fit.state());
  resumed.fit.begin();
  CHECK(resumed.sizes.empty());
  CHECK_FALSE(ended.fit.stopped());
  CHECK_FALSE(resumed.fit.stopped());
}
