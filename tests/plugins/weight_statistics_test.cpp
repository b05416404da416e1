// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/file_size_limit.hpp"
#include "host/temporary_directory.hpp"
#include "plugins/driver.hpp"
#include "plugins/loaded_callback.hpp"

using Catch::Matchers::Contains;
using kairos::Role;
using kairos::testing::Fit;
using kairos::testing::Settings;
using kairos::tests::content_of;
using kairos::tests::loaded;
using kairos::tests::TemporaryDirectory;

namespace {

const kairos_callback& weight_statistics() {
  return loaded("weight_statistics", "kairos.WeightStatistics");
}

const std::string statistics_header =
    "epoch,step,weight,elements,norm,mean,std,min,max,zeros,not_finite,update_ratio,units,dead_units\n";

/// A kernel of two units, its bias, and a mean that is not trained.
void put_small_model(Fit& fit) {
  fit.host().tensors[Role::Weight] = {{"d/kernel", {2, 2}, {3, 0, 0, 4}, true},
                                      {"d/bias", {2}, {0, 0}, true},
                                      {"n/moving_mean", {2}, {1, 2}, false}};
  fit.host().tensors[Role::Gradient] = {{"d/kernel", {2, 2}, {0, 0, 1, 0}, true},
                                        {"d/bias", {2}, {0, 0}, true}};
}

/// A batch whose step adds `by` to the first element of the kernel.
void step_by(Fit& fit, float by) {
  kairos_batch_event event{};
  event.stepped = 1;
  CHECK(fit.instance().on_train_batch_begin(event).status == KAIROS_OK);
  CHECK(fit.instance().on_backward_end(event).status == KAIROS_OK);
  fit.host().tensors[Role::Weight][0].values[0] += by;
  CHECK(fit.instance().on_train_batch_end(event).status == KAIROS_OK);
}

}  // namespace

TEST_CASE("WeightStatistics writes a line for each weight and epoch", "[plugins]") {
  const TemporaryDirectory dir;
  const std::string file = (dir / "new/w.csv").string();
  Fit fit(weight_statistics(), {{"filename", file}});
  put_small_model(fit);
  fit.begin_epoch();
  step_by(fit, 0.5F);  // a tenth of 5
  step_by(fit, 0.5F);  // not the first step
  fit.end_epoch();
  CHECK(content_of(file) == statistics_header + "0,0,d/kernel,4,5.656854249492381,2,2,0,4,2,0,0.1,2,1\n" +
                                "0,0,d/bias,2,0,0,0,0,0,2,0,0,0,NA\n" +
                                "0,0,n/moving_mean,2,2.23606797749979,1.5,0.5,1,2,0,0,NA,0,NA\n");
  CHECK(fit.published("weight_norm") == std::sqrt(32.0));
  CHECK(fit.published("update_ratio") == 0.1);
  CHECK(fit.published("dead_units") == 1);
}

TEST_CASE("WeightStatistics knows special weights", "[plugins]") {
  struct Case {
    std::vector<float> values;
    std::string expected;  ///< from the norm to not_finite
    const char* why;
  };
  const Case table[] = {
      {{2, 2}, "2.8284271247461903,2,0,2,2,0,0", "all equal"},
      {{NAN, 1}, "nan,nan,nan,1,1,0,1", "the extremes are those of the finite ones"},
      {{INFINITY, -1}, "inf,inf,nan,-1,-1,0,1", "infinity"},
      {{NAN, NAN}, "nan,nan,nan,nan,nan,0,2", "no finite one"},
      {{-0.0F, 0}, "0,0,0,-0,-0,2,0", "both zeros"},
      {{1e30F, 1e30F},
       "1.414213583653426e+30,1.0000000150474662e+30,0,1.0000000150474662e+30,1.0000000150474662e+30,0,0",
       "squares that no float32 holds"},
  };
  for (const Case& row : table) {
    CAPTURE(row.why);
    const TemporaryDirectory dir;
    Fit fit(weight_statistics(), {{"filename", (dir / "w.csv").string()}});
    fit.host().tensors[Role::Weight] = {{"w, \"1\"", {2}, row.values, false}};
    fit.epoch();
    CHECK(content_of(dir / "w.csv") ==
          statistics_header + "0,1,\"w, \"\"1\"\"\",2," + row.expected + ",NA,0,NA\n");
  }
}

TEST_CASE("WeightStatistics writes JSON Lines with histograms", "[plugins]") {
  const TemporaryDirectory dir;
  Fit fit(weight_statistics(), {{"filename", (dir / "w.jsonl").string()}, {"histogram", 4}});
  fit.host().tensors[Role::Weight] = {{"a/kernel", {1, 6}, {0, 1, 2, 3, 4, NAN}, true}};
  fit.host().tensors[Role::Gradient] = {{"a/kernel", {1, 6}, {0, 1, NAN, 0, 0, 1}, true}};
  fit.begin_epoch();
  step_by(fit, 0);
  fit.end_epoch();
  const auto line = nlohmann::json::parse(content_of(dir / "w.jsonl"));
  CHECK(line["weight"] == "a/kernel");
  CHECK(line["histogram"] == std::vector<int>{1, 1, 1, 2});
  CHECK(line["norm"] == "NaN");
  CHECK(line["max"] == 4);
  CHECK(line["not_finite"] == 1);
  CHECK(line["units"] == 6);
  CHECK(line["dead_units"] == 3);  // NaN is a gradient
}

TEST_CASE("WeightStatistics measures the first step of each epoch, also one of several batches",
          "[plugins]") {
  const TemporaryDirectory dir;
  Fit fit(weight_statistics(), {{"filename", (dir / "w.csv").string()}, {"dead_units", false}});
  put_small_model(fit);
  fit.begin_epoch();
  kairos_batch_event event{};  // not stepped
  CHECK(fit.instance().on_train_batch_begin(event).status == KAIROS_OK);
  CHECK(fit.instance().on_train_batch_end(event).status == KAIROS_OK);
  step_by(fit, 1);
  fit.end_epoch();
  CHECK(fit.published("update_ratio") == 0.2);
  CHECK_FALSE(fit.published("dead_units").has_value());
  fit.begin_epoch();
  step_by(fit, 0);
  fit.end_epoch();
  CHECK(fit.published("update_ratio") == 0.0);
}

TEST_CASE("WeightStatistics goes on in the middle of an epoch", "[plugins]") {
  const TemporaryDirectory dir;
  const auto settings = [&dir](const std::string& name) {
    return Settings{{"filename", (dir / name).string()}};
  };
  const auto second_part = [](Fit& fit) {
    fit.host().tensors[Role::Gradient][0].values = {0, 0, 0, 0};
    step_by(fit, 1);
    CHECK(fit.instance().on_epoch_end().status == KAIROS_OK);
  };
  Fit whole(weight_statistics(), settings("whole.csv"));
  put_small_model(whole);
  whole.begin_epoch();
  step_by(whole, 1);
  second_part(whole);
  Fit before(weight_statistics(), settings("pieces.csv"));
  put_small_model(before);
  before.begin_epoch();
  step_by(before, 1);
  const auto state = before.state();
  const auto weights = before.host().tensors;
  second_part(before);  // what is lost, and in the file
  Fit after(weight_statistics(), settings("pieces.csv"));
  after.host().tensors = weights;
  after.restore(state);
  after.begin();
  second_part(after);
  CHECK(content_of(dir / "pieces.csv") == content_of(dir / "whole.csv"));
}

TEST_CASE("WeightStatistics counts units only where the last axis of a kernel does", "[plugins]") {
  struct Case {
    std::vector<kairos::testing::TensorData> weights;
    std::string units;
    const char* why;
  };
  const auto filled = [](const std::string& name, const std::vector<std::int64_t>& shape) {
    std::int64_t size = 1;
    for (const std::int64_t axis : shape) size *= axis;
    return kairos::testing::TensorData{name, shape, std::vector<float>(static_cast<std::size_t>(size), 1),
                                       true};
  };
  const Case table[] = {
      {{filled("d/kernel", {2, 3}), filled("d/bias", {3})}, "3,0", "Dense"},
      {{filled("c/kernel", {3, 3, 2, 4})}, "4,0", "a convolution without a bias"},
      {{filled("r/cell/kernel", {2, 3}), filled("r/cell/recurrent_kernel", {3, 3})}, "3,0", "SimpleRNN"},
      {{filled("l/cell/kernel", {2, 12}), filled("l/cell/recurrent_kernel", {3, 12}),
        filled("l/cell/bias", {12})},
       "0,NA",
       "LSTM"},
      {{filled("g/cell/kernel", {2, 9}), filled("g/cell/recurrent_kernel", {3, 9}),
        filled("g/cell/bias", {2, 9})},
       "0,NA",
       "GRU"},
      {{filled("w/kernel", {3, 3, 2, 1}), filled("w/bias", {2})}, "0,NA", "a depthwise convolution"},
      {{filled("depthwise_conv2d_1/kernel", {3, 3, 2, 1})}, "0,NA", "one without a bias"},
      {{filled("a/kernel", {2, 3}), filled("ab/bias", {5})}, "3,0", "the bias of another layer"},
  };
  for (const Case& row : table) {
    CAPTURE(row.why);
    const TemporaryDirectory dir;
    Fit fit(weight_statistics(), {{"filename", (dir / "w.csv").string()}});
    fit.host().tensors[Role::Weight] = fit.host().tensors[Role::Gradient] = row.weights;
    fit.begin_epoch();
    step_by(fit, 0);
    fit.end_epoch();
    const std::string text = content_of(dir / "w.csv").substr(statistics_header.size());
    CHECK_THAT(text.substr(0, text.find('\n')), Catch::Matchers::EndsWith("," + row.units));
  }
}

TEST_CASE("WeightStatistics publishes on after its file cannot be written", "[plugins]") {
  const TemporaryDirectory dir;
  Fit fit(weight_statistics(), {{"filename", (dir / "w.csv").string()}});
  put_small_model(fit);
  fit.begin_epoch();
  step_by(fit, 0);
  {
    const kairos::tests::FileSizeLimit limit(statistics_header.size() + 5);
    CHECK_NOTHROW(fit.end_epoch());
  }
  CHECK(fit.published("weight_norm") == 5);
  CHECK_NOTHROW(fit.epoch());
  REQUIRE(fit.host().lines.size() == 1);
  CHECK_THAT(fit.host().lines[0].text,
             Contains("cannot write " + (dir / "w.csv").string()) &&
                 Contains("The file ends here, and the training goes on with the logs"));
  CHECK(fit.host().lines[0].level == kairos::Level::Warning);
  CHECK_NOTHROW(fit.end());
}

TEST_CASE("WeightStatistics shows the trained weights while averages are swapped in", "[plugins]") {
  const TemporaryDirectory dir;
  using namespace kairos::tests;
  Driver run({{"ExponentialMovingAverage:decay=0.5",
               "WeightStatistics:dead_units=false,filename=" + (dir / "w.csv").string()}});
  run.fit({{{1}, {1}, {{1}}}, {{1}, {1}, {{1}}}});
  // In epoch e the weight becomes e + 1, which no average is.
  CHECK(run.value("weight_norm") == 2.0);
}

TEST_CASE("WeightStatistics says what is wrong with its file", "[plugins]") {
  const TemporaryDirectory dir;
  Fit csv(weight_statistics(), {{"filename", (dir / "w.csv").string()}, {"histogram", 5}});
  CHECK_THROWS_WITH(csv.setup(),
                    Contains("histogram needs JSON Lines; found the file " + (dir / "w.csv").string() +
                             ". Write for example filename=weights.jsonl"));
  Fit directory(weight_statistics(), {{"filename", dir.path().string()}});
  CHECK_THROWS_WITH(directory.setup(), Contains("is a directory. Name a file in it"));
}
