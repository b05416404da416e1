// SPDX-License-Identifier: MIT
// What a callback writes to a batch: what becomes of it, and what is refused.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/plugin/batch_fits.hpp"
#include "host/temporary_directory.hpp"
#include "kairos/host/error.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;

TEST_CASE("What a callback writes to a batch trains as data that have these values, and the data stay",
          "[host][plugin]") {
  const Dataset data = rows_of(21), before = data, as_data = changed(data);
  for (const bool shuffled : {false, true})
    for (const bool splits : {false, true}) {
      ProbeScript script;
      script.in["on_train_batch_begin"] = write_all;
      FitOptions options = options_for(script.spec());
      options.epochs = 3;
      options.shuffle = shuffled ? Shuffle::Samples : Shuffle::None;
      if (splits) options.validation_split = 0.25;
      const Result result = trained(data, options);
      CHECK(same_bytes(data, before));
      options.plugins.clear();
      // The validation has the data as read, so only the losses of the training are the same.
      const Result expected = trained(as_data, options);
      CHECK(result.weights == expected.weights);
      if (!splits) CHECK(result.history == expected.history);
    }
}

TEST_CASE("What a callback writes to a batch of a stream is not in its buffers when they are read again",
          "[host][plugin]") {
  const TemporaryDirectory directory;
  const Dataset data = rows_of(21);
  DataSpec spec;
  spec.file = directory.put("t.csv", table_of(data));
  spec.target = "y";
  const auto source = open_stream(spec);
  for (const std::int64_t window : {0, 5}) {
    ProbeScript script;
    script.in["on_train_batch_begin"] = write_all;
    FitOptions options = options_for(script.spec());
    options.epochs = 3;
    options.shuffle = Shuffle::Samples;
    options.stream = {1, window};  // a ring of two buffers
    const Result result = trained(*source, options);
    options.plugins.clear();
    DataSpec other = spec;
    other.file = directory.put("changed.csv", table_of(changed(data)));
    CHECK(result == trained(*open_stream(other), options));
  }
}

TEST_CASE("A batch is as read again in the next epoch", "[host][plugin]") {
  std::vector<std::vector<float>> seen;
  ProbeScript script;
  script.in["on_train_batch_begin"] = [&](const Visit& v) {
    seen.push_back(copied(borrow(v, KAIROS_ROLE_INPUT)));
    return write_all(v);
  };
  FitOptions options = options_for(script.spec());
  options.epochs = 2;
  (void)trained(rows_of(8), options);
  REQUIRE(seen.size() == 4);
  CHECK(seen[0] == seen[2]);
  CHECK(seen[1] == seen[3]);
}

TEST_CASE("Targets that the loss cannot take fail the callback before the model gets them",
          "[host][plugin]") {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  constexpr float inf = std::numeric_limits<float>::infinity();
  const auto [bad, why] = GENERATE_COPY(Catch::Generators::table<float, std::string>({
      {-1.0F, "label -1 is outside 0 … 2"},
      {0.5F, "label 0.5 is not an integer"},
      {3.0F, "label 3 is outside 0 … 2"},
      {1e9F, "label 1000000000 is outside 0 … 2"},
      {nan, "nan is not finite"},
      {inf, "inf is not finite"},
  }));
  for (const bool in_place : {true, false}) {
    INFO(why << ", " << (in_place ? "written" : "replaced"));
    ProbeScript script;
    script.in["on_train_batch_begin"] = [&, number = bad](const Visit& v) -> kairos_status {
      if (!in_place) return replace(v, KAIROS_ROLE_TARGET, View({4}, {0, 1, number, 2}));
      (void)write_all(v);
      values(borrow(v, KAIROS_ROLE_TARGET, KAIROS_ACCESS_WRITE))[2] = number;
      return KAIROS_OK;
    };
    const std::string error = error_of([&] { return trained(rows_of(8), options_for(script.spec())), 0; });
    CHECK_THAT(error, Contains("on_train_batch_begin failed in epoch 1: ") && Contains("sample 2: " + why));
    CHECK_THAT(error, Contains("target \""));
    // With a policy that goes on, the batch is as read, not half written.
    for (const char* policy : {"warn", "disable"}) {
      std::string spec = script.spec();
      spec.replace(spec.find("fatal"), 5, policy);
      CHECK(trained(rows_of(8), options_for(spec)) == trained(rows_of(8), options_for()));
    }
  }
}

TEST_CASE("A hook that fails after it has written leaves the batch as it was", "[host][plugin]") {
  ProbeScript script;
  script.in["on_train_batch_begin"] = [&](const Visit& v) {
    (void)write_all(v);
    CHECK(replace(v, KAIROS_ROLE_SAMPLE_WEIGHT, View({4}, {1, 2, 3, 4})) == KAIROS_OK);
    return v.host->fail(v.call, KAIROS_E_INVALID, text("changed its mind"));
  };
  std::string spec = script.spec();
  spec.replace(spec.find("fatal"), 5, "warn");
  CHECK(trained(rows_of(8), options_for(spec)) == trained(rows_of(8), options_for()));
}

TEST_CASE("A replacement that is refused changes nothing, even if the callback goes on", "[host][plugin]") {
  ProbeScript script;
  script.in["on_train_batch_begin"] = [&](const Visit& v) -> kairos_status {
    const std::vector<float> before = copied(borrow(v, KAIROS_ROLE_TARGET));
    const auto refused = [&](const View& view, kairos_status status, const std::string& why) {
      INFO(why);
      CHECK(replace(v, KAIROS_ROLE_TARGET, view) == status);
      CHECK_THAT(v.reason(), Contains(why));
    };
    refused(View({3}, {0, 1, 2}), KAIROS_E_UNSUPPORTED, "are (3) in place of (4) class numbers or (4, 3)");
    refused(View({4, 2}, std::vector<float>(8, 0.5F)), KAIROS_E_UNSUPPORTED, "are (4, 2) in place of");
    refused(View({4, 3, 1}, std::vector<float>(12)), KAIROS_E_UNSUPPORTED, "are (4, 3, 1) in place of");
    refused(View({-4}, std::vector<float>(4)), KAIROS_E_UNSUPPORTED, "are (-4) in place of");
    refused(View({4, 3}, std::vector<float>(12, 1.5F)), KAIROS_E_DATA,
            "sample 0: target 1.5 is outside 0 … 1");
    refused(View({4, 3}, std::vector<float>(12, -0.1F)), KAIROS_E_DATA, "outside 0 … 1");
    View view({4}, {0, 1, 2, 0, 1, 2, 0, 1});
    std::int64_t strides = 2;
    view.raw.strides = &strides;
    refused(view, KAIROS_E_UNSUPPORTED, "a view has strides; expected row-major values without gaps");
    view.raw.strides = nullptr;
    view.raw.dtype = {2, 64, 1};
    refused(view, KAIROS_E_UNSUPPORTED, "a view has dtype code 2, 64 bits, 1 lanes, on device type 1");
    view.raw.dtype = {2, 32, 1};
    view.raw.device = {2, 0};
    refused(view, KAIROS_E_UNSUPPORTED, "on device type 2; expected float32 (2, 32, 1) on the CPU (1)");
    view.raw.device = {1, 0};
    view.raw.byte_offset = 1;
    refused(view, KAIROS_E_UNSUPPORTED, "the values of a view are not aligned to 4 bytes");
    view.raw.byte_offset = 0;
    view.raw.rank = 0;
    refused(view, KAIROS_E_INVALID, "a view has no shape: its rank is 0");
    view.raw.rank = -1;
    refused(view, KAIROS_E_INVALID, "its rank is -1");
    view.raw.rank = 1;
    view.raw.shape = nullptr;
    refused(view, KAIROS_E_INVALID, "a view has no shape");
    view.raw.data = nullptr;
    refused(view, KAIROS_E_INVALID, "the values of a view is a null pointer");
    CHECK(v.batch().replace(v.call, KAIROS_ROLE_TARGET, 0, nullptr) == KAIROS_E_INVALID);
    CHECK(v.batch().indices(v.call, nullptr, nullptr) == KAIROS_E_INVALID);
    CHECK(v.batch().loss(v.call, nullptr) == KAIROS_E_INVALID);
    CHECK(replace(v, KAIROS_ROLE_OUTPUT, View({4}, {0, 1, 2, 0})) == KAIROS_E_UNSUPPORTED);
    CHECK_THAT(v.reason(), Contains("the role to replace is 6; expected KAIROS_ROLE_INPUT (4)"));
    CHECK(copied(borrow(v, KAIROS_ROLE_TARGET)) == before);
    return KAIROS_OK;
  };
  CHECK(trained(rows_of(8), options_for(script.spec())) == trained(rows_of(8), options_for()));
}

TEST_CASE("A view with the strides of row-major values and an offset is taken", "[host][plugin]") {
  ProbeScript script;
  script.in["on_train_batch_begin"] = [&](const Visit& v) -> kairos_status {
    View view({4, 2}, {99, 1, 2, 3, 4, 5, 6, 7, 8});
    std::int64_t strides[] = {2, 1};
    view.raw.strides = strides;
    view.raw.byte_offset = sizeof(float);
    CHECK(replace(v, KAIROS_ROLE_INPUT, view) == KAIROS_OK);
    view.data.assign(9, 0);  // it was copied
    CHECK(copied(borrow(v, KAIROS_ROLE_INPUT)) == std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8});
    return KAIROS_OK;
  };
  (void)trained(rows_of(8), options_for(script.spec()));
}

TEST_CASE("Class numbers as probabilities train as the class numbers, bit for bit", "[host][plugin]") {
  const std::string loss =
      GENERATE("sparse_categorical_crossentropy", "sparse_categorical_crossentropy(from_logits=true)");
  ProbeScript script;
  script.in["on_train_batch_begin"] = [&](const Visit& v) -> kairos_status {
    std::int64_t classes = 0;
    CHECK(v.batch().classes(v.call, 0, &classes) == KAIROS_OK);
    CHECK(classes == 3);
    const std::vector<float> labels = copied(borrow(v, KAIROS_ROLE_TARGET));
    View soft({static_cast<std::int64_t>(labels.size()), 3}, std::vector<float>(3 * labels.size()));
    for (std::size_t i = 0; i < labels.size(); ++i)
      soft.data[3 * i + static_cast<std::size_t>(labels[i])] = 1;
    CHECK(replace(v, KAIROS_ROLE_TARGET, soft) == KAIROS_OK);
    CHECK(shape_of(borrow(v, KAIROS_ROLE_TARGET)) == soft.shape);
    return KAIROS_OK;
  };
  script.in["on_backward_end"] = [&](const Visit& v) -> kairos_status {
    CHECK(shape_of(borrow(v, KAIROS_ROLE_TARGET)).size() == 2);
    return KAIROS_OK;
  };
  FitOptions options = options_for(script.spec());
  options.epochs = 3;
  options.class_weight = {{0, 1}, {1, 2}, {2, 0.5}};
  const Result result = trained(rows_of(21), options, loss);
  options.plugins.clear();
  const Result expected = trained(rows_of(21), options, loss);
  CHECK(result.weights == expected.weights);
  REQUIRE(result.history.size() == expected.history.size());
  for (std::size_t i = 0; i < result.history.size(); ++i)
    // Crossentropy as a metric takes logits for probabilities, and may be NaN.
    if (!std::isnan(expected.history[i]))
      CHECK(result.history[i] == Approx(expected.history[i]).epsilon(1e-6));
}

TEST_CASE("The loss of probabilities is their crossentropy, and accuracies compare with the likeliest class",
          "[host][plugin]") {
  const std::vector<float> soft{0.2F, 0.5F, 0.3F, 0.1F, 0, 0.9F, 0, 1, 0, 0.4F, 0.35F, 0.25F};
  ProbeScript script;
  script.in["on_train_batch_begin"] = [&](const Visit& v) {
    return replace(v, KAIROS_ROLE_TARGET, View({4, 3}, soft));
  };
  double expected = 0;
  int hits = 0;
  script.in["on_backward_end"] = [&](const Visit& v) -> kairos_status {
    const std::vector<float> output = copied(borrow(v, KAIROS_ROLE_OUTPUT));
    const std::vector<float> losses = copied(borrow(v, KAIROS_ROLE_SAMPLE_LOSS));
    REQUIRE(losses.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) {
      double loss = 0;
      for (std::size_t j = 0; j < 3; ++j)
        loss -= static_cast<double>(soft[3 * i + j]) * std::log(static_cast<double>(output[3 * i + j]));
      CHECK(static_cast<double>(losses[i]) == Approx(loss).epsilon(1e-5));
      expected += loss / 4;
      const auto likeliest = [&](const std::vector<float>& all) {
        const auto first = all.begin() + static_cast<std::ptrdiff_t>(3 * i);
        return std::max_element(first, first + 3) - first;
      };
      hits += likeliest(soft) == likeliest(output) ? 1 : 0;
    }
    double loss = 0;
    CHECK(v.batch().loss(v.call, &loss) == KAIROS_OK);
    CHECK(loss == Approx(expected).epsilon(1e-5));
    return KAIROS_OK;
  };
  const Result result = trained(rows_of(4), options_for(script.spec()));
  REQUIRE(result.history.size() >= 4);
  CHECK(result.history[0] == Approx(expected).epsilon(1e-5));  // loss
  CHECK(result.history[1] == Approx(hits / 4.0));              // accuracy
  CHECK(result.history[2] == Approx(expected).epsilon(1e-5));  // crossentropy, as a metric
  CHECK(result.history[3] == Approx(hits / 4.0));              // weighted accuracy
}

TEST_CASE("Targets that are no class numbers do not become probabilities", "[host][plugin]") {
  ProbeScript script;
  script.in["setup"] = [&](const Visit& v) {
    std::int64_t classes = -1;
    CHECK(v.batch().classes(v.call, 0, &classes) == KAIROS_OK);
    CHECK(classes == 0);
    CHECK(v.batch().classes(v.call, 1, &classes) == KAIROS_E_RANGE);
    CHECK(v.reason() == "the model has no target 1");
    return KAIROS_OK;
  };
  script.in["on_train_batch_begin"] = [&](const Visit& v) {
    CHECK(replace(v, KAIROS_ROLE_TARGET, View({4, 3, 3}, std::vector<float>(36))) == KAIROS_E_UNSUPPORTED);
    CHECK_THAT(v.reason(), Contains("are (4, 3, 3) in place of (4, 3)") && !Contains("probabilities"));
    return KAIROS_OK;
  };
  Dataset data = rows_of(8);
  data.targets[0].array = {{8, 3}, std::vector<float>(24, 0.5F)};
  (void)trained(data, options_for(script.spec()), "categorical_crossentropy");
}

TEST_CASE("Sample weights that a callback gives count in the loss", "[host][plugin]") {
  ProbeScript script;
  script.in["on_train_batch_begin"] = [&](const Visit& v) {
    return replace(v, KAIROS_ROLE_SAMPLE_WEIGHT, View({4}, {1, 0, 2, 0.5F}));
  };
  script.in["on_backward_end"] = [&](const Visit& v) {
    CHECK(copied(borrow(v, KAIROS_ROLE_SAMPLE_WEIGHT)) == std::vector<float>{1, 0, 2, 0.5F});
    return KAIROS_OK;
  };
  Dataset data = rows_of(4);
  const Result result = trained(data, options_for(script.spec()));
  data.sample_weights = {{"", {{4}, {1, 0, 2, 0.5F}}}};
  CHECK(result == trained(data, options_for()));
}

TEST_CASE("Sample weights that are negative or not finite are refused", "[host][plugin]") {
  ProbeScript script;
  script.in["on_train_batch_begin"] = [&](const Visit& v) -> kairos_status {
    CHECK(replace(v, KAIROS_ROLE_SAMPLE_WEIGHT, View({4}, {1, -1, 1, 1})) == KAIROS_E_DATA);
    CHECK_THAT(v.reason(), Contains("sample weight of target \"") && Contains("sample 1: -1 is negative"));
    CHECK(replace(v, KAIROS_ROLE_SAMPLE_WEIGHT, View({4}, {1, 1, 1, INFINITY})) == KAIROS_E_DATA);
    CHECK(replace(v, KAIROS_ROLE_INPUT, View({4, 2}, std::vector<float>(8, NAN))) == KAIROS_E_DATA);
    CHECK_THAT(v.reason(), Contains("input \"") && Contains("sample 0: nan is not finite"));
    return KAIROS_OK;
  };
  (void)trained(rows_of(4), options_for(script.spec()));
}
