// SPDX-License-Identifier: MIT
// TensorBoard: its files byte for byte, its curves, and the curves of resumed runs.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "events.hpp"
#include "host/file_size_limit.hpp"
#include "host/temporary_directory.hpp"
#include "plugins/driver.hpp"
#include "plugins/event_file_reader.hpp"
#include "records.hpp"

using namespace kairos;
using namespace kairos::tests;

namespace {

using Catch::Matchers::Contains;
namespace tb = plugins::tensorboard;

const std::vector<host::LogKey> two_keys = {{"loss", host::Direction::Min},
                                            {"accuracy", host::Direction::Max}};

std::string hex(std::string_view bytes) {
  constexpr const char* digits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out.push_back(digits[static_cast<unsigned char>(c) >> 4]);
    out.push_back(digits[static_cast<unsigned char>(c) & 15]);
  }
  return out;
}

std::string bytes_of(std::string_view digits) {
  std::string out;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    out.push_back(static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16)));
  return out;
}

// Written by TensorBoard's own code.
constexpr std::string_view golden_version =
    "1800000000000000a37f4b2209000000000000f03f1a0d627261696e2e4576656e743a3286bf577a";
constexpr std::string_view golden_scalar =
    "36000000000000004f578cef09000000000000004010032a290a270a0a65706f63685f6c6f73734a0d0a090a077363616c617273"
    "200142"
    "0a0801120022040000003faae0acd6";
constexpr std::string_view golden_simple_value =
    "1a00000000000000129bd82d09000000000000004010032a0d0a0b0a046c6f7373150000003fbac36b94";

std::vector<std::string> tags_of(const std::map<std::string, Curve>& curves) {
  std::vector<std::string> tags;
  for (const auto& [tag, curve] : curves) tags.push_back(tag);
  return tags;
}

}  // namespace

TEST_CASE("The checksum of event files is masked CRC-32C", "[plugins]") {
  CHECK(tb::crc32c("123456789") == 0xE3069283u);
  CHECK(tb::masked_crc32c("123456789") == 0xC78AB0E5u);
  CHECK(tb::crc32c("") == 0u);
}

TEST_CASE("Records and events equal TensorBoard's byte for byte", "[plugins]") {
  CHECK(hex(tb::make_record(tb::file_version_event(1.0))) == golden_version);
  CHECK(hex(tb::make_record(tb::scalar_event({2.0, 3, "epoch_loss"}, 0.5F))) == golden_scalar);
  const std::string simple = bytes_of(golden_simple_value);
  std::string_view rest = simple;
  const std::optional<std::string_view> data = tb::take_record(rest);
  REQUIRE(data.has_value());
  CHECK(rest.empty());
  CHECK(hex(tb::make_record(*data)) == golden_simple_value);
}

TEST_CASE("A truncated or damaged record is rejected", "[plugins]") {
  const std::string record = bytes_of(golden_scalar);
  for (std::size_t i = 0; i < record.size(); ++i) {
    std::string_view cut = std::string_view(record).substr(0, i);
    CHECK_FALSE(tb::take_record(cut).has_value());
    std::string damaged = record;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x40);
    std::string_view rest = damaged;
    CHECK_FALSE(tb::take_record(rest).has_value());
  }
}

TEST_CASE("TensorBoard writes Keras' curves over epochs into train/ and validation/", "[plugins]") {
  const TemporaryDirectory directory;
  Plan plan{
      {"TensorBoard:log_dir=logs", "ReduceLROnPlateau:patience=1,factor=0.5"}, directory.path(), two_keys};
  Driver run(plan);
  run.fit({{{3, .25}, {4, .5}, {{5, .1}, {3, .25}}},
           {{2, .5}, {4, .5}, {{2, .5}}},
           {{1, .75}},
           {{quiet_nan, .75}, {8, .5}}});
  const auto train = curves_of(directory / "logs/train");
  const auto validation = curves_of(directory / "logs/validation");
  CHECK(tags_of(train) == std::vector<std::string>{"epoch_accuracy", "epoch_learning_rate", "epoch_loss"});
  CHECK(tags_of(validation) == std::vector<std::string>{"epoch_accuracy", "epoch_loss",
                                                        "evaluation_accuracy_vs_iterations",
                                                        "evaluation_loss_vs_iterations"});
  CHECK(train.at("epoch_accuracy") == Curve{{0, .25F}, {1, .5F}, {2, .75F}, {3, .75F}});
  REQUIRE(train.at("epoch_loss").size() == 4);
  CHECK(std::isnan(train.at("epoch_loss")[3].second));
  CHECK(validation.at("epoch_loss") == Curve{{0, 4}, {1, 4}, {3, 8}});
  CHECK(validation.at("evaluation_loss_vs_iterations") == Curve{{2, 4}, {3, 4}, {3, 8}});
  Curve rates;
  for (std::size_t i = 0; i < run.rates.size(); ++i)
    rates.emplace_back(static_cast<std::int64_t>(i), static_cast<float>(run.rates[i]));
  CHECK(train.at("epoch_learning_rate") == rates);
  CHECK(rates[1].second != rates[3].second);
}

TEST_CASE("TensorBoard marks every point as a scalar, after the version of the file", "[plugins]") {
  const TemporaryDirectory directory;
  Driver run({{"TensorBoard:log_dir=logs"}, directory.path()});
  run.fit(losses({1, 2}));
  const auto files = files_in(directory / "logs/train");
  REQUIRE(files.size() == 1);
  CHECK(std::regex_match(
      files[0].filename().string(),
      std::regex("events\\.out\\.tfevents\\.[0-9]{10}\\..+\\." + std::to_string(::getpid()) + "\\.0\\.v2")));
  const std::vector<ReadEvent> events = read_event_file(files[0]);
  REQUIRE(events.size() == 5);
  CHECK(events[0].file_version == "brain.Event:2");
  for (std::size_t i = 1; i < events.size(); ++i) {
    CHECK(events[i].plugin == "scalars");
    CHECK(events[i].data_class == 1);
    CHECK(events[i].dtype == 1);
    CHECK(events[i].wall_time > 1.6e9);
  }
}

TEST_CASE("TensorBoard creates no file before training begins", "[plugins]") {
  const TemporaryDirectory directory;
  {
    Driver run({{"TensorBoard:log_dir=logs,hparams=auto"}, directory.path()});
    CHECK_FALSE(std::filesystem::exists(directory / "logs"));
  }
  CHECK_THAT(refusal_of({{"TensorBoard:log_dir=logs", "EarlyStopping:monitor=val_loss,patience=2",
                          "LearningRateScheduler:schedule=lr"},
                         directory.path(),
                         {{"accuracy", host::Direction::Max}}}),
             Contains("val_loss"));
  CHECK_FALSE(std::filesystem::exists(directory / "logs"));
}

TEST_CASE("TensorBoard locks its directory during a run", "[plugins]") {
  const TemporaryDirectory directory;
  const Plan plan{{"TensorBoard:log_dir=logs"}, directory.path()};
  const auto refused = [&](const Plan& other) {
    const std::string text = refusal_of(other);
    CHECK_THAT(text, Contains("logs\" is used by another run") && Contains("Give each run its own log_dir"));
  };
  {
    Driver run(plan);
    run.begin();
    refused(plan);
    Plan elsewhere = plan;
    elsewhere.plugins = {"TensorBoard:log_dir=logs2"};
    CHECK(refusal_of(elsewhere).empty());
  }
  CHECK(refusal_of(plan).empty());
  Plan twice = plan;
  twice.plugins.push_back("TensorBoard@second:log_dir=logs");
  CHECK_THAT(refusal_of(twice), Contains("would replace the result of TensorBoard, option log_dir"));
}

TEST_CASE("TensorBoard writes batches according to update_freq", "[plugins]") {
  const std::vector<EpochLogs> epochs = {{{3}, {}, {{5}, {4}, {3}}}, {{1}, {}, {{2}, {1}}}};
  struct Case {
    std::string update_freq;
    Curve curve;
  };
  const Case table[] = {{"epoch", {}},
                        {"batch", {{1, 5}, {2, 4}, {3, 3}, {4, 2}, {5, 1}}},
                        {"1", {{1, 5}, {2, 4}, {3, 3}, {4, 2}, {5, 1}}},
                        {"2", {{2, 4}, {4, 2}}},
                        {"5", {{5, 1}}},
                        {"6", {}}};
  for (const Case& row : table) {
    CAPTURE(row.update_freq);
    const TemporaryDirectory directory;
    Plan plan{{"TensorBoard:log_dir=logs,update_freq=" + row.update_freq}, directory.path()};
    plan.validates = false;
    Driver run(plan);
    run.fit(epochs);
    auto curves = curves_of(directory / "logs/train");
    CHECK(curves["batch_loss"] == row.curve);
    CHECK_FALSE(std::filesystem::exists(directory / "logs/validation"));
  }
}

TEST_CASE("TensorBoard writes every epoch to disk before the next begins", "[plugins]") {
  const TemporaryDirectory directory;
  Driver run({{"TensorBoard:log_dir=logs"}, directory.path()});
  run.begin();
  run.epoch({{1}, {2}});
  CHECK(curves_of(directory / "logs/train").at("epoch_loss") == Curve{{0, 1}});
  CHECK(curves_of(directory / "logs/validation").at("epoch_loss") == Curve{{0, 2}});
}

TEST_CASE("TensorBoard writes every point of a batch to disk before the next begins", "[plugins]") {
  const TemporaryDirectory directory;
  Driver run({{"TensorBoard:log_dir=logs,update_freq=2"}, directory.path()});
  run.begin();
  run.callbacks().epoch_begin(0);
  for (const std::int64_t batch : {0, 1}) {
    run.callbacks().train_batch_begin(batch, 1);
    host::LogValues logs({4});
    run.callbacks().train_batch_end(logs);
  }
  CHECK(curves_of(directory / "logs/train").at("batch_loss") == Curve{{2, 4}});
}

TEST_CASE("TensorBoard writes no learning rate without an optimizer", "[plugins]") {
  const TemporaryDirectory directory;
  Plan plan{{"TensorBoard:log_dir=logs"}, directory.path()};
  plan.has_optimizer = false;
  Driver run(plan);
  run.fit(losses({1}));
  CHECK(tags_of(curves_of(directory / "logs/train")) == std::vector<std::string>{"epoch_loss"});
}

TEST_CASE("TensorBoard creates a file that is read after the existing ones", "[plugins]") {
  const TemporaryDirectory directory;
  std::vector<std::filesystem::path> before;
  for (std::size_t i = 1; i <= 12; ++i) {
    Driver run({{"TensorBoard:log_dir=logs"}, directory.path()});
    run.fit(losses({static_cast<double>(i)}));
    const auto files = files_in(directory / "logs/train");
    REQUIRE(files.size() == i);
    CHECK(std::equal(before.begin(), before.end(), files.begin()));
    CHECK(read_event_file(files.back())[1].value == static_cast<float>(i));
    before = files;
  }
}

TEST_CASE("TensorBoard continues the curves of a run that was resumed after further epochs", "[plugins]") {
  const TemporaryDirectory directory;
  const Plan plan{{"TensorBoard:log_dir=logs,update_freq=batch"}, directory.path()};
  const auto epoch = [](double value) { return EpochLogs{{value}, {value}, {{value}, {value}}}; };
  std::string state;
  {
    Driver run(plan);
    run.begin();
    run.epoch(epoch(10));
    run.epoch(epoch(11));
    state = run.callbacks().save_state();
    run.epoch(epoch(12));
    run.epoch(epoch(13));
  }
  const auto resume = [&](double first) {
    Driver run(plan);
    run.resume(state, 2);
    run.target.steps = 4;
    run.begin();
    run.epoch(epoch(first));
    run.epoch(epoch(first + 1));
    run.end();
  };
  for (const double first : {22.0, 32.0}) {
    resume(first);
    const auto value = static_cast<float>(first);
    const auto train = curves_of(directory / "logs/train");
    const auto validation = curves_of(directory / "logs/validation");
    const Curve over_epochs = {{0, 10}, {1, 11}, {2, value}, {3, value + 1}};
    CHECK(train.at("epoch_loss") == over_epochs);
    CHECK(train.at("epoch_learning_rate").size() == 4);
    CHECK(train.at("batch_loss") ==
          Curve{{1, 10}, {2, 10}, {3, 11}, {4, 11}, {5, value}, {6, value}, {7, value + 1}, {8, value + 1}});
    CHECK(validation.at("epoch_loss") == over_epochs);
    CHECK(validation.at("evaluation_loss_vs_iterations") ==
          Curve{{2, 10}, {4, 11}, {6, value}, {8, value + 1}});
  }
}

TEST_CASE("TensorBoard keeps the curves of a run whose resume was cut short", "[plugins]") {
  const TemporaryDirectory directory;
  const Plan plan{{"TensorBoard:log_dir=logs,update_freq=batch"}, directory.path()};
  constexpr std::size_t batches = 300;  // more than a write takes
  std::string state;
  {
    Driver run(plan);
    run.begin();
    run.epoch({{1}, {1}, std::vector<std::vector<double>>(batches, {1})});
    state = run.callbacks().save_state();
  }
  const auto resume = [&] {
    Driver run(plan);
    run.resume(state, 1);
    run.target.steps = batches;
    run.begin();
    run.end();
  };
  {
    const FileSizeLimit disk(4096);
    resume();
  }
  CHECK(curves_of(directory / "logs/train")["batch_loss"].size() == batches);
  resume();
  CHECK(curves_of(directory / "logs/train")["batch_loss"].size() == batches);
}

TEST_CASE("TensorBoard resumes with a damaged file in its directory", "[plugins]") {
  const TemporaryDirectory directory;
  const Plan plan{{"TensorBoard:log_dir=logs"}, directory.path()};
  std::string state;
  {
    Driver run(plan);
    run.begin();
    run.epoch({{1}, {1}});
    run.epoch({{2}, {2}});
    state = run.callbacks().save_state();
  }
  const std::filesystem::path file = files_in(directory / "logs/train").front();
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 3);
  Driver run(plan);
  run.resume(state, 2);
  run.begin();
  run.epoch({{3}, {3}});
  run.end();
  const auto files = files_in(directory / "logs/train");
  Curve losses_read;
  for (const ReadEvent& event : read_event_file(files.back()))
    if (event.tag == "epoch_loss") losses_read.emplace_back(event.step, event.value);
  CHECK(losses_read == Curve{{0, 1}, {1, 2}, {2, 3}});
}

TEST_CASE("TensorBoard rejects what it could not write before training", "[plugins]") {
  const TemporaryDirectory directory;
  const std::filesystem::path taken = directory.put("taken", "a file");
  struct Case {
    std::string options;
    std::string sentence;
  };
  const Case table[] = {
      {"log_dir=taken", "taken\" is not a directory. Set log_dir to a writable directory with free space"},
      {"update_freq=often", "update_freq is \"often\"; expected epoch, batch, or a number of batches of 1"},
      {"update_freq=0", "update_freq is \"0\"; expected"},
      {"update_freq=-3", "update_freq is \"-3\"; expected"},
      {"update_freq=10x", "update_freq is \"10x\"; expected"},
      {"histogram_freq=-1", "histogram_freq"},
      {"write_grads=true",
       "write_grads writes nothing if histogram_freq is 0. Set histogram_freq=1, or omit write_grads"},
      {"write_images=true", "write_images writes nothing if histogram_freq is 0."},
      {"embeddings_layer_names=emb", "embeddings_layer_names writes nothing if embeddings_freq is 0."},
      {"embeddings_metadata=emb.tsv", "embeddings_metadata writes nothing if embeddings_freq is 0."},
      {"embeddings_freq=1", "this model has no Embedding layer. Omit embeddings_freq"},
      {"histogram_freq=1,write_grads=true,batch_size=32",
       "batch_size is 32, but the gradients are those of a training batch, of 1 samples. Omit batch_size, or "
       "train with that batch size"},
      {"hparams=units", "hparams has \"units\"; expected name=value, or auto"},
      {"hparams='a=1,a=2'", "hparams names \"a\" twice"},
      {"profile_batch=2", "profile_batch"},
  };
  for (const Case& row : table) {
    CAPTURE(row.options);
    CHECK_THAT(refusal_of({{"TensorBoard:" + row.options}, directory.path()}), Contains(row.sentence));
  }
  CHECK(content_of(taken) == "a file");
  CHECK_FALSE(std::filesystem::exists(directory / "logs"));
}
