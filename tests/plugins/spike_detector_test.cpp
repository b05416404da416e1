// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "host/temporary_directory.hpp"
#include "plugins/loaded_callback.hpp"

using Catch::Matchers::Contains;
using kairos::testing::Fit;
using kairos::testing::Settings;
using kairos::tests::content_of;
using kairos::tests::loaded;
using kairos::tests::TemporaryDirectory;

namespace {

const std::string spike_header = "epoch,batch,step,loss,mean,rows,rows_before\n";

const kairos_callback& spike_detector() {
  return loaded("spike_detector", "kairos.SpikeDetector");
}

/// Batches with these losses; batch i has the rows 2i and 2i + 1.
void train_with_losses(Fit& fit, const std::vector<double>& losses, std::int64_t first = 0) {
  for (const double loss : losses) {
    fit.host().batch_loss = loss;
    fit.host().batch_rows = {2 * first, 2 * first + 1};
    fit.batch();
    ++first;
  }
}

/// "loss/mean" of each spike.
std::string spikes_in(Settings settings, const std::vector<double>& losses) {
  const TemporaryDirectory dir;
  settings.push_back({"filename", (dir / "s.csv").string()});
  Fit fit(spike_detector(), settings);
  train_with_losses(fit, losses);
  std::ifstream in(dir / "s.csv");
  std::string text, line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::vector<std::string> columns;
    for (std::size_t from = 0, to = 0; to != std::string::npos; from = to + 1)
      columns.push_back(line.substr(from, (to = line.find(',', from)) - from));
    text += (text.empty() ? "" : " ") + columns[3] + '/' + columns[4];
  }
  return text;
}

}  // namespace

TEST_CASE("SpikeDetector decides as Lightning does", "[plugins]") {
  struct Case {
    Settings settings;
    std::vector<double> losses;
    std::string expected;
    const char* why;
  };
  const Case table[] = {
      {{}, {1, 1, 3, 1}, "3/1", "three times the mean"},
      {{}, {1, 1, 2.99, 1}, "", "less than that"},
      {{}, {1, 9}, "9/1", "the second batch of the run can be one"},
      {{{"warmup", 2}},
       {1, 9, 20, 1},
       "20/5",
       "not before the warm-up is over, but those losses enter the mean"},
      {{{"rtol", 1}}, {2, 4}, "4/2", "another multiple"},
      {{{"rtol", 0}, {"atol", 0.5}}, {1, 1.25, 1.75}, "1.75/1.125", "an absolute difference"},
      {{{"atol", 5}}, {1, 4, 8}, "8/2.5", "both must be reached"},
      {{{"rtol", 0}}, {3, 2, 1, 2}, "2/2", "worse than the batch before, and rtol=0 takes every difference"},
      {{{"rtol", 0.1}}, {10, 1, 0.5}, "", "better than the batch before, whatever the mean"},
      {{{"window", 2}}, {9, 1, 1, 3}, "3/1", "losses leave the mean"},
      {{}, {1, 9, 9, 1}, "9/1 9/1", "a spike does not enter the mean"},
      {{{"window", 2}}, {1, 9, 11, 10, 12}, "9/1 11/1", "so many in a row are the new level"},
      {{{"window", 2}}, {1, 9, 1, 9, 9, 9}, "9/1 9/1 9/1", "in a row, with a usual one in between"},
      {{}, {NAN, 1, INFINITY, 1}, "inf/1", "not finite, but not in the warm-up"},
      {{}, {1, NAN, INFINITY, NAN, 1, NAN, 9, NAN}, "nan/1 nan/1 9/1 nan/1", "the first one in a row"},
      {{{"warmup", 0}}, {NAN, 1}, "nan/NA", "before there is a mean"},
      {{{"warmup", 0}}, {5, 1}, "", "the first loss is compared with nothing"},
      {{{"finite_only", false}}, {1, NAN, INFINITY, 3}, "3/1", "they are neither spikes nor usual"},
      {{}, {-1, -1, 2}, "2/-1", "a negative mean"},
  };
  for (const Case& row : table) {
    CAPTURE(row.losses, row.why);
    CHECK(spikes_in(row.settings, row.losses) == row.expected);
  }
}

TEST_CASE("SpikeDetector names the samples of a spike and of the batch before", "[plugins]") {
  const TemporaryDirectory dir;
  const std::string file = (dir / "new/s.csv").string();
  Fit fit(spike_detector(), {{"filename", file}});
  fit.run_event().steps_per_epoch = 2;
  train_with_losses(fit, {1, 1});
  fit.end_epoch();
  train_with_losses(fit, {1, 4}, 7);
  CHECK(content_of(file) == spike_header + "1,1,4,4,1,16 17,14 15\n");
  REQUIRE(fit.host().lines.size() == 1);
  CHECK(fit.host().lines[0].text == "the loss of epoch 2, batch 2 is 4; the mean before is 1");
  CHECK_FALSE(fit.stopped());
}

TEST_CASE("SpikeDetector stops the run if asked", "[plugins]") {
  const TemporaryDirectory dir;
  Fit fit(spike_detector(), {{"filename", (dir / "s.csv").string()}, {"stop", true}});
  train_with_losses(fit, {1, NAN});
  CHECK(fit.stop_reason() == "the loss of epoch 1, batch 2 is nan; the mean before is 1");
  CHECK(fit.host().lines.empty());
  Fit quiet(spike_detector(), {{"filename", (dir / "q.csv").string()}, {"verbose", 0}});
  train_with_losses(quiet, {1, 9});
  CHECK(quiet.host().lines.empty());
}

TEST_CASE("SpikeDetector counts losses that are not finite", "[plugins]") {
  const TemporaryDirectory dir;
  const std::string file = (dir / "s.csv").string();
  Fit fit(spike_detector(), {{"filename", file}});
  train_with_losses(fit, {1, NAN, NAN, INFINITY, 1, NAN, 1, NAN, NAN});
  fit.end();
  std::vector<std::string> texts;
  for (const auto& line : fit.host().lines) texts.push_back(line.text);
  REQUIRE(texts.size() == 5);
  CHECK(texts[1] == "the losses of 3 batches in a row were not finite; " + file + " has the first one");
  CHECK(texts[4] == "the losses of 2 batches in a row were not finite; " + file + " has the first one");
}

TEST_CASE("SpikeDetector goes on after any batch as if nothing had happened", "[plugins]") {
  const std::vector<double> losses = {1, 2, 9, 9, 1, 8, 8, 8, 30, 2, NAN, NAN, 9};
  const TemporaryDirectory dir;
  const auto settings = [&dir](const std::string& name) {
    return Settings{{"filename", (dir / name).string()}, {"window", 3}, {"rtol", 1}};
  };
  Fit whole(spike_detector(), settings("whole.csv"));
  train_with_losses(whole, losses);
  const std::string expected = content_of(dir / "whole.csv");
  for (std::size_t at = 1; at < losses.size(); ++at) {
    CAPTURE(at);
    const auto middle = losses.begin() + static_cast<std::ptrdiff_t>(at);
    Fit before(spike_detector(), settings("pieces.csv"));
    train_with_losses(before, {losses.begin(), middle});
    const auto state = before.state();
    train_with_losses(before, {middle, losses.end()},
                      static_cast<std::int64_t>(at));  // what is lost, and in the file
    Fit after(spike_detector(), settings("pieces.csv"));
    after.restore(state);
    after.begin();
    for (std::size_t i = at; i < losses.size(); ++i) {
      after.host().batch_loss = losses[i];
      after.host().batch_rows = {static_cast<std::int64_t>(2 * i), static_cast<std::int64_t>(2 * i + 1)};
      kairos_batch_event batch{};
      batch.batch = static_cast<std::int64_t>(i);
      batch.step = batch.batch + 1;
      CHECK(after.instance().on_train_batch_end(batch).status == KAIROS_OK);
    }
    CHECK(content_of(dir / "pieces.csv") == expected);
  }
}

TEST_CASE("SpikeDetector says what is missing", "[plugins]") {
  const TemporaryDirectory dir;
  Fit no_rows(spike_detector(), {{"filename", (dir / "s.csv").string()}});
  no_rows.host().batch_loss = 1;
  CHECK_THROWS_WITH(no_rows.batch(), Contains("the test gives no rows"));
  Fit several(spike_detector(), {{"filename", (dir / "s.csv").string()}});
  several.run_event().world = 2;
  CHECK_THROWS_WITH(several.setup(), Contains("needs all samples in one process, and the run has 2"));
  Fit directory(spike_detector(), {{"filename", dir.path().string()}});
  CHECK_THROWS_WITH(directory.setup(), Contains("is a directory. Name a file in it"));
}
