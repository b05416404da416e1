// SPDX-License-Identifier: MIT
// What a callback learns about a batch: its tensors, losses, rows and random bits.
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
#include "plugin/run/batch_random.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;

TEST_CASE("Before a batch goes through the model, its inputs, targets and sample weights can be read",
          "[host][plugin]") {
  ProbeScript script;
  int batches = 0;
  script.in["on_train_batch_begin"] = [&](const Visit& v) {
    const auto count = [&](std::int32_t role) { return v.tensors().count(v.call, role); };
    CHECK(count(KAIROS_ROLE_INPUT) == 1);
    CHECK(count(KAIROS_ROLE_TARGET) == 1);
    CHECK(count(KAIROS_ROLE_SAMPLE_WEIGHT) == 1);
    CHECK(count(KAIROS_ROLE_OUTPUT) == 0);
    CHECK(count(KAIROS_ROLE_SAMPLE_LOSS) == 0);
    const std::int64_t samples = batches == 0 ? 4 : 2;
    const float first = batches == 0 ? 0 : 4;
    CHECK(shape_of(borrow(v, KAIROS_ROLE_INPUT)) == std::vector<std::int64_t>{samples, 2});
    CHECK(copied(borrow(v, KAIROS_ROLE_INPUT))[2] == first + 1);
    CHECK(shape_of(borrow(v, KAIROS_ROLE_TARGET)) == std::vector<std::int64_t>{samples});
    CHECK(copied(borrow(v, KAIROS_ROLE_TARGET))[1] == (batches == 0 ? 1.0F : 2.0F));
    const std::vector<float> weights = copied(borrow(v, KAIROS_ROLE_SAMPLE_WEIGHT));
    CHECK(weights == (batches == 0 ? std::vector<float>{1, 2, 3, 1} : std::vector<float>{2, 3}));
    ++batches;
    return KAIROS_OK;
  };
  FitOptions options = options_for(script.spec());
  options.class_weight = {{0, 1}, {1, 2}, {2, 3}};
  (void)trained(rows_of(6), options);
  CHECK(batches == 2);
}

TEST_CASE("Without weights, the sample weights of a batch are ones", "[host][plugin]") {
  ProbeScript script;
  for (const char* hook : {"on_train_batch_begin", "on_backward_end", "on_train_batch_end"})
    script.in[hook] = [&](const Visit& v) {
      CHECK(copied(borrow(v, KAIROS_ROLE_SAMPLE_WEIGHT)) == std::vector<float>(4, 1));
      return KAIROS_OK;
    };
  (void)trained(rows_of(8), options_for(script.spec()));
}

TEST_CASE("The loss of a batch is that of the batch alone, and its samples' losses are before weights",
          "[host][plugin]") {
  ProbeScript script;
  std::vector<double> losses;
  double number = 0;
  script.in["on_train_batch_begin"] = [&](const Visit& v) {
    CHECK(v.batch().loss(v.call, &number) == KAIROS_E_NOT_FOUND);
    CHECK(v.reason() == "the batch has not gone through the model yet");
    return KAIROS_OK;
  };
  script.in["on_train_batch_end"] = [&](const Visit& v) -> kairos_status {
    CHECK(v.batch().loss(v.call, &number) == KAIROS_OK);
    losses.push_back(number);
    const std::vector<float> each = copied(borrow(v, KAIROS_ROLE_SAMPLE_LOSS));
    const std::vector<float> weights = copied(borrow(v, KAIROS_ROLE_SAMPLE_WEIGHT));
    double sum = 0;
    for (std::size_t i = 0; i < each.size(); ++i)
      sum += static_cast<double>(each[i]) * static_cast<double>(weights[i]);
    CHECK(number == Approx(sum / static_cast<double>(each.size())));
    return KAIROS_OK;
  };
  script.in["on_epoch_end"] = [&](const Visit& v) {
    CHECK(v.batch().loss(v.call, &number) == KAIROS_E_STATE);
    CHECK(v.reason() == "this is allowed in the hooks of a batch, not in on_epoch_end");
    CHECK(v.logs().value(v.call, 0, &number) == KAIROS_OK);
    CHECK(number == Approx((4 * losses[0] + 2 * losses[1]) / 6));
    return KAIROS_OK;
  };
  FitOptions options = options_for(script.spec());
  options.class_weight = {{0, 1}, {1, 2}, {2, 0.5}};
  (void)trained(rows_of(6), options);
  CHECK(losses.size() == 2);
}

TEST_CASE("Losses of sequences are means over the timesteps that count", "[host][plugin]") {
  ProbeScript script;
  int visits = 0;
  script.in["on_backward_end"] = [&](const Visit& v) -> kairos_status {
    const std::vector<float> output = copied(borrow(v, KAIROS_ROLE_OUTPUT));  // [2, 3, 1]
    const std::vector<float> each = copied(borrow(v, KAIROS_ROLE_SAMPLE_LOSS));
    REQUIRE(each.size() == 2);
    CHECK(each[0] ==
          Approx((std::abs(output[0] - 1) + std::abs(output[2] - 1)) / 2));  // the second is masked
    CHECK(each[1] == 0.0F);                                                  // all are
    ++visits;
    return KAIROS_OK;
  };
  CompileOptions compiled;
  compiled.loss = "mae";
  const auto model =
      compile({{}, "masking(0) simplernn(2,return_sequences=true) dense(1)", {3, 1}}, compiled);
  Dataset data;
  data.inputs = {{"", {{2, 3, 1}, {1, 0, 2, 0, 0, 0}}}};
  data.targets = {{"", {{2, 3, 1}, std::vector<float>(6, 1)}}};
  (void)fit(*model, data, options_for(script.spec()));
  CHECK(visits == 1);
}

TEST_CASE("The rows of a batch are those of the data as given", "[host][plugin]") {
  const TemporaryDirectory directory;
  const Dataset data = rows_of(21);
  DataSpec spec;
  spec.file = directory.put("t.csv", table_of(data));
  spec.target = "y";
  const auto source = open_stream(spec);
  for (const Shuffle shuffle : {Shuffle::None, Shuffle::Samples, Shuffle::Batches})
    for (const Split split : {Split::Last, Split::Shuffled})
      for (const std::int64_t window : {0, 6}) {
        std::set<std::int64_t> trained_rows, validated;
        ProbeScript script;
        script.everywhere = [&](const Visit& v) -> kairos_status {
          if (v.hook.find("_batch_") == std::string::npos) return KAIROS_OK;
          const std::int64_t* rows = nullptr;
          std::uint64_t count = 0;
          CHECK(v.batch().indices(v.call, &rows, &count) == KAIROS_OK);
          if (v.hook == "on_test_batch_begin") return KAIROS_OK;
          const std::vector<float> x = copied(borrow(v, KAIROS_ROLE_INPUT));
          REQUIRE(count == x.size() / 2);
          for (std::size_t i = 0; i < count; ++i) {
            CHECK(x[2 * i] == static_cast<float>(rows[i]));
            (v.hook.starts_with("on_train") ? trained_rows : validated).insert(rows[i]);
          }
          return KAIROS_OK;
        };
        FitOptions options = options_for(script.spec());
        options.shuffle = shuffle;
        options.validation_split = 0.25;
        options.split = split;
        options.stream = {1, window};
        for (const bool streamed : {false, true}) {
          INFO(static_cast<int>(shuffle)
               << " " << static_cast<int>(split) << " " << window << " " << streamed);
          trained_rows.clear();
          validated.clear();
          (void)(streamed ? trained(*source, options) : trained(data, options));
          CHECK(trained_rows.size() == 15);
          CHECK(validated.size() == 6);
          if (split == Split::Last) CHECK(*trained_rows.rbegin() == 14);
        }
      }
}

TEST_CASE("A training loop that lends no batch says so", "[host][plugin]") {
  ProbeScript script;
  script.in["on_train_batch_begin"] = [&](const Visit& v) -> kairos_status {
    const std::int64_t* rows = nullptr;
    std::uint64_t count = 0;
    CHECK(v.tensors().count(v.call, KAIROS_ROLE_INPUT) == 0);
    CHECK(v.batch().indices(v.call, &rows, &count) == KAIROS_E_UNSUPPORTED);
    CHECK(v.reason() == "this training loop does not tell which rows of the data a batch has");
    CHECK(replace(v, KAIROS_ROLE_INPUT, View({1}, {1})) == KAIROS_E_UNSUPPORTED);
    CHECK(v.reason() == "this training loop does not let callbacks change a batch");
    return KAIROS_OK;
  };
  script.in["on_train_batch_end"] = [&](const Visit& v) {
    double loss = 0;
    CHECK(v.batch().loss(v.call, &loss) == KAIROS_E_UNSUPPORTED);
    CHECK(v.reason() == "this model does not tell the loss of a batch alone");
    CHECK(v.tensors().count(v.call, KAIROS_ROLE_SAMPLE_LOSS) == 0);
    return KAIROS_OK;
  };
  ProbeRun run({script.spec()});
  run.callbacks->setup({});
  run.callbacks->train_begin();
  run.callbacks->epoch_begin(0);
  run.callbacks->train_batch_begin(0, 1);
  run.callbacks->train_batch_end(run.logs);
}

TEST_CASE("Without the capability a batch can be read alone", "[host][plugin]") {
  ProbeScript script;
  script.in["on_train_batch_begin"] = [&](const Visit& v) -> kairos_status {
    CHECK(copied(borrow(v, KAIROS_ROLE_INPUT)).size() == 8);
    for (const std::int32_t role : {KAIROS_ROLE_INPUT, KAIROS_ROLE_TARGET, KAIROS_ROLE_SAMPLE_WEIGHT}) {
      CHECK(try_to_write(v, role) == KAIROS_E_DENIED);
      CHECK(v.reason() == "the callback has not declared the capability write_batch");
    }
    CHECK(replace(v, KAIROS_ROLE_INPUT, View({4, 2}, std::vector<float>(8))) == KAIROS_E_DENIED);
    return KAIROS_OK;
  };
  (void)trained(rows_of(4), options_for(script.spec("ModestProbe")));
}

TEST_CASE("A batch is written to before it goes through the model alone, and never in a test",
          "[host][plugin]") {
  ProbeScript script;
  int tried = 0;
  script.everywhere = [&](const Visit& v) -> kairos_status {
    if (v.call == nullptr || v.hook == "create" || v.hook == "on_train_batch_begin") return KAIROS_OK;
    CHECK(replace(v, KAIROS_ROLE_INPUT, View({4, 2}, std::vector<float>(8))) == KAIROS_E_STATE);
    if (v.tensors().count(v.call, KAIROS_ROLE_TARGET) == 0) return KAIROS_OK;
    ++tried;
    CHECK(try_to_write(v, KAIROS_ROLE_TARGET) == KAIROS_E_STATE);
    CHECK_THAT(v.reason(), Contains("a batch is written to in on_train_batch_begin, not in " + v.hook));
    CHECK(try_to_write(v, KAIROS_ROLE_OUTPUT) == KAIROS_E_DENIED);
    CHECK(try_to_write(v, KAIROS_ROLE_SAMPLE_LOSS) == KAIROS_E_DENIED);
    CHECK(v.reason() == "outputs and losses of the batch are read-only");
    return KAIROS_OK;
  };
  FitOptions options = options_for(script.spec());
  options.validation_data = rows_of(4);
  (void)trained(rows_of(4), options);
  CHECK(tried == 3);  // on_backward_end, on_train_batch_end, on_test_batch_end
}

TEST_CASE("Data that cannot be read are not the fault of the callback that asked for them first",
          "[host][plugin]") {
  const TemporaryDirectory directory;
  DataSpec spec;
  spec.file = directory.put("t.csv", "a,b,y\n1,2,0\n1,2,1\n1,2,0\n1,2,1\n1,oops,0\n1,2,1\n");
  spec.target = "y";
  const auto source = open_stream(spec);
  const std::string act = GENERATE("borrow", "count", "find", "indices", "replace");
  ProbeScript script;
  script.in["on_train_batch_begin"] = [&](const Visit& v) -> kairos_status {
    kairos_tensor out{};
    out.size = sizeof out;
    std::uint32_t index = 0;
    const std::int64_t* rows = nullptr;
    std::uint64_t count = 0;
    if (act == "borrow") return v.tensors().borrow(v.call, KAIROS_ROLE_INPUT, 0, KAIROS_ACCESS_WRITE, &out);
    if (act == "find") return v.tensors().find(v.call, KAIROS_ROLE_INPUT, text("input"), &index), KAIROS_OK;
    if (act == "indices") return v.batch().indices(v.call, &rows, &count);
    if (act == "count") return (void)v.tensors().count(v.call, KAIROS_ROLE_INPUT), KAIROS_OK;
    return replace(v, KAIROS_ROLE_INPUT, View({4, 2}, std::vector<float>(8))), KAIROS_OK;
  };
  for (const char* policy : {"fatal", "warn"}) {
    std::string plugin = script.spec();
    plugin.replace(plugin.find("fatal"), 5, policy);
    const std::string error = error_of([&] { return trained(*source, options_for(plugin)), 0; });
    INFO(act << " " << policy);
    CHECK_THAT(error, Contains("t.csv:6") && Contains("oops") && !Contains("KAIROS-C001"));
  }
}

TEST_CASE("Random bits depend on seed, name, rank, batch and stream, as sdk/doc/abi.md says",
          "[host][plugin]") {
  struct Vector {
    RandomKey key;
    std::uint64_t bits;
  };
  constexpr Vector vectors[] = {
      {{0, "Mixup", 0, 0, 0}, 0xD4CE0BAEB440F62Bu},
      {{0, "Mixup", 0, 0, 1}, 0x33EC2A97D1A4E964u},
      {{0, "Mixup", 0, 1, 0}, 0x1D6F8304FC989757u},
      {{7, "Mixup", 0, 0, 0}, 0x8A0ABDDC2B25B4u},
      {{7, "Mixup", 1, 12345678901, 18446744073709551615u}, 0x852FE6DF2A317BB5u},
      {{0, "größe", 0, 0, 0}, 0x9F8B124CE3749C1Fu},
  };
  for (const Vector& vector : vectors) CHECK(random_bits(vector.key) == vector.bits);
}

TEST_CASE("A batch has the same random bits in all its hooks, in every run with its number",
          "[host][plugin]") {
  std::vector<std::uint64_t> begun, ended, between;
  ProbeScript script;
  const auto draw = [](const Visit& v) {
    std::uint64_t bits = 0;
    CHECK(v.batch().random(v.call, 0, &bits) == KAIROS_OK);
    return bits;
  };
  script.in["on_train_batch_begin"] = [&](const Visit& v) { return begun.push_back(draw(v)), KAIROS_OK; };
  script.in["on_train_batch_end"] = [&](const Visit& v) { return ended.push_back(draw(v)), KAIROS_OK; };
  script.in["on_epoch_end"] = [&](const Visit& v) { return between.push_back(draw(v)), KAIROS_OK; };
  FitOptions options = options_for(script.spec());
  options.epochs = 2;
  options.seed = 9;
  (void)trained(rows_of(8), options);
  std::vector<std::uint64_t> expected;
  for (std::uint64_t batch = 0; batch < 4; ++batch)
    expected.push_back(random_bits({9, "Probe", 0, batch, 0}));
  CHECK(begun == expected);
  CHECK(ended == expected);
  CHECK(between == std::vector<std::uint64_t>{expected[2], random_bits({9, "Probe", 0, 4, 0})});
  // A run that goes on from the number of batches of the first epoch.
  const auto model = classifier();
  model->set_iterations(2);
  begun.clear();
  options.shuffle = Shuffle::Samples;
  options.initial_epoch = 1;
  (void)fit(*model, rows_of(8), options);
  CHECK(begun == std::vector<std::uint64_t>{expected[2], expected[3]});
}

TEST_CASE("A published value lives in its event, and History has those of on_epoch_end alone",
          "[host][plugin]") {
  ProbeScript script;
  std::uint32_t index = 0;
  double seen = 0;
  const auto publish = [&](const Visit& v, double value) {
    CHECK(v.logs().value(v.call, index, &seen) == KAIROS_E_NOT_FOUND);
    CHECK(v.logs().publish(v.call, index, value) == KAIROS_OK);
    CHECK(v.logs().value(v.call, index, &seen) == KAIROS_OK);
    CHECK(seen == value);
    return KAIROS_OK;
  };
  script.in["setup"] = [&](const Visit& v) { return v.logs().declare(v.call, text("mine"), 0, &index); };
  script.in["on_train_batch_end"] = [&](const Visit& v) { return publish(v, 1); };
  script.in["on_test_end"] = [&](const Visit& v) { return publish(v, 2); };
  const bool at_epoch_end = GENERATE(true, false);
  script.in["on_epoch_end"] = [&](const Visit& v) { return at_epoch_end ? publish(v, 3) : KAIROS_OK; };
  script.in["on_epoch_begin"] = [&](const Visit& v) {
    CHECK(v.logs().publish(v.call, index, 1) == KAIROS_E_STATE);
    CHECK(v.reason() ==
          "values are published in on_train_batch_end, on_test_end and on_epoch_end, not in on_epoch_begin");
    return KAIROS_OK;
  };
  FitOptions options = options_for(script.spec());
  options.epochs = 2;
  options.validation_data = rows_of(4);
  const auto model = classifier();
  const History history = fit(*model, rows_of(8), options);
  const auto* series = history.find("mine");
  CHECK((series != nullptr) == at_epoch_end);
  if (series != nullptr) CHECK(*series == std::vector<std::optional<double>>{3.0, 3.0});
}

TEST_CASE("An evaluation has published values too", "[host][plugin]") {
  ProbeScript script;
  std::uint32_t index = 0;
  bool published = false;
  script.in["setup"] = [&](const Visit& v) { return v.logs().declare(v.call, text("mine"), 0, &index); };
  script.in["on_test_end"] = [&](const Visit& v) {
    published = v.logs().publish(v.call, index, 0.5) == KAIROS_OK;
    return KAIROS_OK;
  };
  const auto model = classifier();
  PassOptions options;
  options.catalog = &plugins();
  options.plugins = {parse_plugin_spec(script.spec())};
  CHECK(evaluate(*model, rows_of(4), options).size() == model->log_keys().size());
  CHECK(published);
}
