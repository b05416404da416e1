// SPDX-License-Identifier: MIT
// Which samples are held out, and the reports on the classes of both parts.
#include "train/split.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/temporary_directory.hpp"
#include "io/npy.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/fit.hpp"

using namespace kairos::host;
using kairos::tests::error_of;
using kairos::tests::TemporaryDirectory;

namespace {

FitOptions options_of(double share, Split split, std::uint64_t seed = 1) {
  FitOptions options;
  options.validation_split = share;
  options.split = split;
  options.seed = seed;
  return options;
}

std::vector<std::int64_t> rows_of(const RowSet& set) {
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < set.size(); ++i) rows.push_back(set.at(i));
  return rows;
}

/// The parts are sorted, and each row is in exactly one.
void check_parts(const SplitRows& split, std::int64_t samples) {
  std::vector<std::int64_t> all = rows_of(split.training), held = rows_of(split.validation);
  CHECK(std::ranges::is_sorted(all));
  CHECK(std::ranges::is_sorted(held));
  all.insert(all.end(), held.begin(), held.end());
  std::ranges::sort(all);
  std::vector<std::int64_t> expected(static_cast<std::size_t>(samples));
  std::iota(expected.begin(), expected.end(), std::int64_t{0});
  CHECK(all == expected);
}

std::map<std::int32_t, int> held_by_class(const std::vector<std::int32_t>& classes, double share) {
  const SplitRows split =
      split_rows(static_cast<std::int64_t>(classes.size()), options_of(share, Split::Stratified), classes);
  check_parts(split, static_cast<std::int64_t>(classes.size()));
  std::map<std::int32_t, int> held;
  for (const std::int64_t row : rows_of(split.validation)) ++held[classes[static_cast<std::size_t>(row)]];
  return held;
}

std::vector<std::int32_t> classes_of_sizes(const std::vector<int>& sizes) {
  std::vector<std::int32_t> classes;
  for (std::size_t i = 0; i < sizes.size(); ++i)
    classes.insert(classes.end(), static_cast<std::size_t>(sizes[i]), static_cast<std::int32_t>(i));
  return classes;
}

std::unique_ptr<Model> classifier(int units, const std::string& loss = "sparse_categorical_crossentropy") {
  CompileOptions options;
  options.optimizer = "SGD(learning_rate=0.1)";
  options.loss = loss;
  options.seed = 3;
  return compile({{}, "dense(" + std::to_string(units) + (loss == "mse" ? ")" : ",softmax)"), {2}}, options);
}

/// A sorted table of three classes.
std::string sorted_table() {
  std::string text = "a,b,kind\n";
  for (int i = 0; i < 60; ++i)
    text += std::to_string(i) + "," + std::to_string(i * 7 % 5) + "," + std::to_string(i / 20) + "\n";
  return text;
}

struct Result {
  std::vector<double> history;
  std::vector<float> weights;
  DataFacts facts;
  std::vector<std::string> warnings;
};

template <class Data>
Result result_of(Model& model, const Data& data, FitOptions options) {
  Result result;
  options.data_ready = [&](const DataFacts& facts) { result.facts = facts; };
  options.messages = [&](Level level, std::string_view, std::string_view text) {
    if (level == Level::Warning) result.warnings.emplace_back(text);
  };
  const History history = fit(model, data, options);
  for (const History::Series& series : history.series)
    for (const std::optional<double>& value : series.values) result.history.push_back(value.value_or(-1));
  for (const TensorRef& tensor : model.tensors(Role::Weight))
    result.weights.insert(result.weights.end(), tensor.data, tensor.data + tensor.size());
  return result;
}

DataSpec spec_of(const std::filesystem::path& file) {
  DataSpec spec;
  spec.file = file;
  spec.target = "kind";
  return spec;
}

}  // namespace

TEST_CASE("The last samples are held out by default, as in Keras", "[host][train]") {
  const SplitRows split = split_rows(10, options_of(0.25, Split::Last), {});
  CHECK(rows_of(split.training) == std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6});
  CHECK(rows_of(split.validation) == std::vector<std::int64_t>{7, 8, 9});
  FitOptions none;
  CHECK(split_rows(10, none, {}).training.size() == 10);
  CHECK(split_rows(10, none, {}).validation.size() == 0);
}

TEST_CASE("A shuffled split holds out the same number of samples, chosen by the seed", "[host][train]") {
  const auto held = [](std::uint64_t seed) {
    const SplitRows split = split_rows(1000, options_of(0.25, Split::Shuffled, seed), {});
    check_parts(split, 1000);
    return rows_of(split.validation);
  };
  const std::vector<std::int64_t> first = held(1);
  CHECK(first.size() == 250);
  CHECK(held(1) == first);
  CHECK(held(2) != first);
  CHECK(std::ranges::count_if(first, [](std::int64_t row) { return row < 500; }) > 90);
  CHECK(std::ranges::count_if(first, [](std::int64_t row) { return row >= 500; }) > 90);
}

TEST_CASE("A stratified split holds out the same share of each class", "[host][train]") {
  using Held = std::map<std::int32_t, int>;
  CHECK(held_by_class(classes_of_sizes({50, 50, 50}), 0.2) == Held{{0, 10}, {1, 10}, {2, 10}});
  CHECK(held_by_class(classes_of_sizes({10, 100, 90}), 0.1) == Held{{0, 1}, {1, 10}, {2, 9}});
  // The total does not depend on the classes; each class with several samples is in both parts.
  CHECK(held_by_class(classes_of_sizes({3, 3, 94}), 0.1) == Held{{0, 1}, {1, 1}, {2, 8}});
  CHECK(held_by_class(classes_of_sizes({3, 3, 94}), 0.9) == Held{{0, 2}, {1, 2}, {2, 87}});
  CHECK(held_by_class(classes_of_sizes({1, 99}), 0.2) == Held{{1, 20}});
  // If that is impossible, the total takes precedence.
  CHECK(held_by_class(classes_of_sizes({2, 2, 2, 2}), 0.25).size() == 2);
}

TEST_CASE("A stratified split terminates when many small classes are already in both parts",
          "[host][train]") {
  const auto check = [](int large, int small, int size, double share) {
    std::vector<int> sizes{large};
    sizes.insert(sizes.end(), static_cast<std::size_t>(small), size);
    const std::vector<std::int32_t> classes = classes_of_sizes(sizes);
    const auto samples = static_cast<std::int64_t>(classes.size());
    int total = 0;
    for (const auto& [label, held] : held_by_class(classes, share)) {
      INFO("class " << label << " of " << small);
      CHECK(held > 0);
      CHECK(held < sizes[static_cast<std::size_t>(label)]);
      total += held;
    }
    CHECK(total == split_rows(samples, options_of(share, Split::Last), {}).validation.size());
  };
  check(1000, 4, 2, 0.1);
  check(200, 5, 2, 0.1);
  check(50, 10, 2, 0.2);
  check(500, 8, 3, 0.1);
  check(100'000, 10'000, 2, 0.1);
}

TEST_CASE("A stratified split holds out the same number of samples as any other split", "[host][train]") {
  std::mt19937 random(7);
  const auto upto = [&](unsigned n) { return static_cast<int>(1 + random() % n); };
  for (int trial = 0; trial < 500; ++trial) {
    std::vector<int> sizes;
    for (int i = upto(12); i > 0; --i) sizes.push_back(upto(3) == 1 ? upto(400) : upto(4));
    const std::vector<std::int32_t> classes = classes_of_sizes(sizes);
    if (classes.size() < 2) continue;
    const auto samples = static_cast<std::int64_t>(classes.size());
    const auto least = static_cast<int>(samples == 2 ? 50 : 100 / samples + 1);
    const double share = std::min(least + upto(100) - 1, 100 - least) / 100.0;
    INFO("trial " << trial << ", share " << share);
    int total = 0;
    for (const auto& [label, held] : held_by_class(classes, share)) total += held;
    CHECK(total == split_rows(samples, options_of(share, Split::Last), {}).validation.size());
  }
}

TEST_CASE("A stream is split as the same data in memory, to the bit", "[host][train]") {
  const TemporaryDirectory directory;
  const DataSpec table = spec_of(directory.put("t.csv", sorted_table()));
  const Dataset memory = load_data(table).train;
  DataSpec arrays;
  arrays.file = directory / "x.npy";
  arrays.target = (directory / "y.npy").string();
  write_npy(arrays.file, memory.inputs[0].array);
  write_npy(arrays.target, memory.targets[0].array);
  for (const Split split : {Split::Shuffled, Split::Stratified})
    for (const Shuffle shuffle : {Shuffle::None, Shuffle::Samples, Shuffle::Batches}) {
      FitOptions options = options_of(0.2, split, 5);
      options.epochs = 3;
      options.batch_size = 7;
      options.shuffle = shuffle;
      options.class_weight = {{0, 1}, {1, 2}, {2, 0.5}};
      const Result expected = result_of(*classifier(3), memory, options);
      REQUIRE(expected.history.size() == 6);
      CHECK(expected.warnings.empty());
      for (const DataSpec& spec : {table, arrays}) {
        const Result streamed = result_of(*classifier(3), *open_stream(spec), options);
        CHECK(streamed.history == expected.history);
        CHECK(streamed.weights == expected.weights);
        CHECK(streamed.facts.training_classes == expected.facts.training_classes);
        CHECK(streamed.facts.validation_classes == expected.facts.validation_classes);
      }
    }
}

TEST_CASE("A windowed stream trains once on every sample of a random split", "[host][train]") {
  const TemporaryDirectory directory;
  const DataSpec table = spec_of(directory.put("t.csv", sorted_table()));
  FitOptions options = options_of(0.2, Split::Stratified);
  options.stream.shuffle_window = 10;
  const Result result = result_of(*classifier(3), *open_stream(table), options);
  CHECK(result.facts.training == 48);
  CHECK(result.facts.validation_classes == std::map<std::int64_t, std::int64_t>{{0, 4}, {1, 4}, {2, 4}});
}

TEST_CASE("An invalid value in a random split of a stream is reported with its line", "[host][train]") {
  const TemporaryDirectory directory;
  std::string text = sorted_table();
  text.replace(text.find("\n37,") + 1, 2, "nan");
  const DataSpec table = spec_of(directory.put("t.csv", text));
  const auto model = classifier(3);
  CHECK(error_of([&] {
          FitOptions options = options_of(0.2, Split::Shuffled);
          return fit(*model, *open_stream(table), options).epochs.size();
        }).find("t.csv:39") != std::string::npos);
}

TEST_CASE("A target without classes cannot be stratified", "[host][train]") {
  const TemporaryDirectory directory;
  DataSpec spec = spec_of(directory.put("t.csv", sorted_table()));
  spec.target = "a";
  Dataset data = load_data(spec).train;
  for (float& value : data.targets.front().array.values) value += 0.5F;
  const auto model = classifier(1, "mse");
  CHECK(error_of([&] { return fit(*model, data, options_of(0.2, Split::Stratified)).epochs.size(); }) ==
        "KAIROS-D310: " + data.origin +
            ": the samples cannot be divided by class (`split=stratified`); found a target that is not "
            "a class, expected one target with one class per sample. Use `split=shuffled`.");
}

TEST_CASE("Classes in only one part of the data are reported", "[host][train]") {
  const TemporaryDirectory directory;
  const DataSpec table = spec_of(directory.put("t.csv", sorted_table()));
  const Dataset memory = load_data(table).train;
  const std::vector<std::string> expected{
      "the validation part has no sample of 2 of the 3 classes in the training part (0, 1); "
      "`validation_split` holds out the last samples; `split=shuffled` and `split=stratified` draw them "
      "from all of the data"};
  CHECK(result_of(*classifier(3), memory, options_of(0.2, Split::Last)).warnings == expected);
  CHECK(result_of(*classifier(3), *open_stream(table), options_of(0.2, Split::Last)).warnings == expected);
  FitOptions apart;
  apart.validation_data = memory;
  CHECK(
      result_of(*classifier(3), memory.rows(0, 40), apart).warnings ==
      std::vector<std::string>{"the training part has no sample of 1 of the 3 classes in the validation part "
                               "(2); check the validation data"});
  CHECK(result_of(*classifier(1, "mse"), memory, options_of(0.2, Split::Last)).warnings.empty());
}

TEST_CASE("An output with more units than the data have classes is reported", "[host][train]") {
  const TemporaryDirectory directory;
  const Dataset memory = load_data(spec_of(directory.put("t.csv", sorted_table()))).train;
  CHECK(result_of(*classifier(10), memory, FitOptions()).warnings ==
        std::vector<std::string>{"the output \"dense\" has 10 units, but the data have 3 classes: 0, 1, 2"});
  Dataset two = memory.rows(0, 40);
  const auto binary = [] {
    CompileOptions options;
    options.loss = "binary_crossentropy";
    return compile({{}, "dense(1,sigmoid)", {2}}, options);
  }();
  const Result result = result_of(*binary, two, FitOptions());
  CHECK(result.warnings.empty());
  CHECK(result.facts.training_classes == std::map<std::int64_t, std::int64_t>{{0, 20}, {1, 20}});
}

TEST_CASE("A likely mistake in the loss is reported before training", "[host][train]") {
  const TemporaryDirectory directory;
  const Dataset memory = load_data(spec_of(directory.put("t.csv", sorted_table()))).train;
  CompileOptions options;
  options.loss = "sparse_categorical_crossentropy";
  const auto model = compile({{}, "dense(3)", {2}}, options);
  const Result result = result_of(*model, memory, FitOptions());
  REQUIRE(result.warnings.size() == 1);
  CHECK(result.warnings.front().find("from_logits=true") != std::string::npos);
}
