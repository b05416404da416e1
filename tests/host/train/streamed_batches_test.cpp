// SPDX-License-Identifier: MIT
// A stream trains as the same data in memory, within its memory bounds, and errors name their position.
#include "train/streamed_batches.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <set>
#include <string>

#include "host/memory_limit.hpp"
#include "host/temporary_directory.hpp"
#include "io/npy.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/fit.hpp"

using namespace kairos::host;
using kairos::tests::refusal;
using kairos::tests::TemporaryDirectory;

namespace {

std::unique_ptr<Model> line_model() {
  CompileOptions options;
  options.optimizer = "SGD(learning_rate=0.1)";
  options.loss = "mse";
  options.metrics = {"mae"};
  options.seed = 3;
  return compile({{}, "dense(4,tanh) dense(1)", {2}}, options);
}

/// `rows` rows of a, b, y, w; row i has a = i / rows.
std::string table_of(std::int64_t rows) {
  std::string text = "a,b,y,w\n";
  for (std::int64_t i = 0; i < rows; ++i) {
    const double a = static_cast<double>(i) / static_cast<double>(rows);
    text += std::to_string(a) + "," + std::to_string(i % 3) + "," + std::to_string(2 * a + 1) + "," +
            std::to_string(1 + i % 2) + "\n";
  }
  return text;
}

DataSpec spec_for(const std::filesystem::path& file) {
  DataSpec spec;
  spec.file = file;
  spec.target = "y";
  spec.sample_weight = "w";
  return spec;
}

/// The first input of each sample of a pass, in its order.
std::vector<float> order_of(StreamedBatches& batches) {
  std::vector<float> seen;
  for (std::int64_t i = 0; i < batches.count(); ++i) {
    const Batch& batch = batches.at(i);
    for (std::int64_t row = 0; row < batch.size; ++row) seen.push_back(batch.inputs[0][2 * row]);
  }
  return seen;
}

/// History and weights of a fit.
template <class Data>
std::pair<std::vector<double>, std::vector<float>> result_of(const Data& data, const FitOptions& options) {
  const std::unique_ptr<Model> model = line_model();
  const History history = fit(*model, data, options);
  std::pair<std::vector<double>, std::vector<float>> result;
  for (const History::Series& series : history.series)
    for (const std::optional<double>& value : series.values)
      if (value) result.first.push_back(*value);
  for (const TensorRef& tensor : model->tensors(Role::Weight))
    result.second.insert(result.second.end(), tensor.data, tensor.data + tensor.size());
  return result;
}

}  // namespace

TEST_CASE("A stream trains as the same data in memory, bit for bit", "[host][train]") {
  const TemporaryDirectory directory;
  const DataSpec table = spec_for(directory.put("t.csv", table_of(333)));
  const Dataset memory = load_data(table).train;
  DataSpec arrays;
  arrays.file = directory / "x.npy";
  arrays.target = (directory / "y.npy").string();
  arrays.sample_weight = (directory / "w.npy").string();
  write_npy(arrays.file, memory.inputs[0].array);
  write_npy(arrays.target, memory.targets[0].array);
  write_npy(arrays.sample_weight, memory.sample_weights[0].array);
  for (const Shuffle shuffle : {Shuffle::None, Shuffle::Samples, Shuffle::Batches})
    for (const std::int64_t steps : {0, 4})
      for (const std::int64_t buffer : {1, 1 << 20}) {
        FitOptions options;
        options.epochs = 4;
        options.initial_epoch = 1;
        options.batch_size = 32;
        options.seed = 5;
        options.shuffle = shuffle;
        options.validation_split = 0.25;
        options.steps_per_epoch = steps;
        options.stream.buffer_bytes = buffer;
        const auto expected = result_of(memory, options);
        REQUIRE(expected.first.size() >= 12);
        CHECK(result_of(*open_stream(table), options) == expected);
        CHECK(result_of(*open_stream(arrays), options) == expected);
      }
}

TEST_CASE("A stream evaluates and predicts as the same data in memory", "[host][train]") {
  const TemporaryDirectory directory;
  const DataSpec spec = spec_for(directory.put("t.csv", table_of(100)));
  const Dataset memory = load_data(spec).train;
  const auto source = open_stream(spec);
  const std::unique_ptr<Model> model = line_model();
  CHECK(evaluate(*model, *source, {}) == evaluate(*model, memory, {}));
  CHECK(predict(*model, *source, {})[0].array.values == predict(*model, memory, {})[0].array.values);
}

TEST_CASE("A window shuffles each sample once, the same for a seed and pass", "[host][train]") {
  const TemporaryDirectory directory;
  const auto source = open_stream(spec_for(directory.put("t.csv", table_of(1000))));
  const std::unique_ptr<Model> model = line_model();
  const auto pass = [&](std::int64_t window, std::uint64_t seed, std::int64_t number) {
    StreamedBatches batches(*model, *source, {{0, 1000, {}}, 32, Targets::Needed, {}, window}, {});
    batches.reorder(Shuffle::Samples, seed, number);
    return order_of(batches);
  };
  const std::vector<float> sorted = pass(1, 1, 0);
  CHECK(std::is_sorted(sorted.begin(), sorted.end()));
  for (const std::int64_t window : {2, 100, 1000, 5000}) {
    std::vector<float> order = pass(window, 1, 0);
    CHECK(order == pass(window, 1, 0));
    CHECK(order != pass(window, 2, 0));
    CHECK(order != pass(window, 1, 1));
    CHECK(order != sorted);
    // No sample comes more than a window before its position in the file.
    for (std::size_t i = 0; i < order.size(); ++i)
      CHECK(order[i] <= sorted[std::min<std::size_t>(999, i + static_cast<std::size_t>(window))]);
    std::sort(order.begin(), order.end());
    CHECK(order == sorted);
  }
}

namespace {

/// Counts reads and rows of a source.
class CountingSource final : public SampleSource {
 public:
  explicit CountingSource(const DataSpec& spec) : source_(open_stream(spec)) {}
  [[nodiscard]] const Dataset& layout() const override { return source_->layout(); }
  [[nodiscard]] std::unique_ptr<SampleReader> reader() const override {
    return std::make_unique<Reader>(*this, source_->reader());
  }
  mutable std::int64_t reads = 0, rows = 0;

 private:
  class Reader final : public SampleReader {
   public:
    Reader(const CountingSource& source, std::unique_ptr<SampleReader> reader)
        : source_(source), reader_(std::move(reader)) {}
    void read(std::int64_t first, std::int64_t count, Dataset& block) override {
      ++source_.reads;
      source_.rows += count;
      reader_->read(first, count, block);
    }

   private:
    const CountingSource& source_;
    std::unique_ptr<SampleReader> reader_;
  };

  std::unique_ptr<SampleSource> source_;
};

}  // namespace

TEST_CASE("Nearby rows of a table are read together, in a buffer that does not grow", "[host][train]") {
  const TemporaryDirectory directory;
  constexpr std::int64_t rows = 4000, batch = 32;
  const CountingSource source(spec_for(directory.put("t.csv", table_of(rows))));
  const std::unique_ptr<Model> model = line_model();
  std::vector<std::int64_t> most, few, rare;
  for (std::int64_t row = 0; row < rows; ++row) {
    (row % 5 == 2 ? few : most).push_back(row);
    if (row % 50 == 7) rare.push_back(row);
  }
  for (const std::vector<std::int64_t>* list : {&most, &few, &rare}) {
    BatchFiller filler(*model, source, {{0, 0, *list}, batch, Targets::Needed, {}, 0});
    StreamedBatch into = filler.make_batch();
    const std::int64_t held = filler.held_bytes(), listed = std::ssize(*list);
    source.reads = source.rows = 0;
    filler.begin(Shuffle::None, 1, 0);
    std::size_t position = 0;
    for (std::int64_t index = 0; index * batch < listed; ++index) {
      filler.fill(into, index);
      for (std::int64_t i = 0; i < into.batch.size; ++i) {
        const std::int64_t row = (*list)[position++];
        CHECK(into.rows[static_cast<std::size_t>(i)] == row);
        CHECK(into.batch.inputs[0][2 * i] == Approx(static_cast<double>(row) / rows).margin(1e-5));
      }
    }
    CHECK(position == list->size());
    CHECK(filler.held_bytes() == held);
    if (list == &rare) CHECK(source.rows == listed);
    if (list == &rare) continue;
    CHECK(source.rows <= 8 * listed);
    CHECK(source.reads <= 4 * (listed + batch - 1) / batch);
  }
}

TEST_CASE("A window larger than the memory is rejected only if the window is used", "[host][train]") {
  const TemporaryDirectory directory;
  constexpr std::int64_t rows = 1000, width = 100'000;
  DataSpec spec;
  spec.file = directory / "x.npy";
  spec.target = (directory / "y.npy").string();
  write_npy(spec.file, {{1, width}, std::vector<float>(width)});
  std::string header = kairos::tests::content_of(spec.file).substr(0, 128);
  header.replace(header.find("(1, "), 4, "(1000, ");
  header.erase(header.find("  "), 3);
  static_cast<void>(directory.put("x.npy", header));
  std::filesystem::resize_file(spec.file, header.size() + rows * width * sizeof(float));  // takes no room
  write_npy(spec.target, {{rows}, std::vector<float>(rows)});
  const auto source = open_stream(spec);
  CompileOptions compile_options;
  compile_options.loss = "mse";
  const std::unique_ptr<Model> model = compile({{}, "dense(1)", {width}}, compile_options);
  FitOptions options;
  options.stream.shuffle_window = rows;
  options.batch_size = 8;
  const kairos::tests::MemoryLimit limit(300 << 20);
  CHECK_THAT(
      refusal(directory, [&] { static_cast<void>(fit(*model, *source, options)); }),
      Catch::Matchers::StartsWith("KAIROS-D340: x.npy: the contents do not fit into memory; found 4") &&
          Catch::Matchers::EndsWith("Choose a smaller shuffle window, buffer or batch."));
  for (const Shuffle shuffle : {Shuffle::None, Shuffle::Batches}) {
    options.shuffle = shuffle;
    CHECK_NOTHROW(explain_order(*model, *source, options));
  }
}

TEST_CASE("A pass can be abandoned and restarted at any batch", "[host][train]") {
  const TemporaryDirectory directory;
  const auto source = open_stream(spec_for(directory.put("t.csv", table_of(500))));
  const std::unique_ptr<Model> model = line_model();
  StreamOptions options;
  options.buffer_bytes = 1;
  StreamedBatches batches(*model, *source, {{0, 500, {}}, 10, Targets::Needed, {}, 0}, options);
  const std::vector<float> whole = order_of(batches);
  for (std::int64_t left_at = 0; left_at < 50; ++left_at) {
    batches.reorder(Shuffle::Samples, 1, left_at);
    for (std::int64_t i = 0; i <= left_at; ++i) static_cast<void>(batches.at(i));
    if (left_at % 2 == 0) batches.reorder(Shuffle::None, 0, 0);
    if (left_at % 2 == 0) CHECK(order_of(batches) == whole);
  }
  static_cast<void>(batches.at(0));  // The thread is still reading when the batches end.
}

TEST_CASE("A stream holds no more than its buffer and window", "[host][train]") {
  const TemporaryDirectory directory;
  constexpr std::int64_t rows = 20000, sample = 4 * 4;  // two inputs, a target, a weight
  const auto source = open_stream(spec_for(directory.put("t.csv", table_of(rows))));
  const std::unique_ptr<Model> model = line_model();
  for (const std::int64_t window : {0, 500}) {
    StreamOptions options;
    options.buffer_bytes = 16384;
    StreamedBatches batches(*model, *source, {{0, rows, {}}, 32, Targets::Needed, {}, window}, options);
    batches.reorder(window > 0 ? Shuffle::Samples : Shuffle::None, 1, 0);
    CHECK(order_of(batches).size() == rows);
    // In addition: the combined weights of each batch, 256 staged rows, 8 bytes per row of the window.
    CHECK(batches.buffer_bytes() <= options.buffer_bytes * 5 / 4 + window * (sample + 8) + 256 * sample);
    CHECK(batches.buffer_bytes() < rows * sample / 4);
  }
}

TEST_CASE("An error in a stream is thrown for its batch, with its line", "[host][train]") {
  const TemporaryDirectory directory;
  const std::string good = table_of(300);
  const auto with = [&](std::int64_t row, const std::string& line) {
    std::string text = good;
    std::size_t at = 0;
    for (std::int64_t i = 0; i <= row; ++i) at = text.find('\n', at) + 1;
    text.replace(at, text.find('\n', at) - at, line);
    return text;
  };
  struct Case {
    const char *line, *sentence;
  };
  const Case cases[] = {
      {"1,x,2,1", "KAIROS-D025: t.csv:202: a field is not a number; found \"x\" in column \"b\""},
      {"1,2", "KAIROS-D024: t.csv:202: a row has a different number of fields; found 2 fields"},
      {"1,nan,2,1", "KAIROS-D027: t.csv:202: a value is not finite; found NaN in column \"b\""},
      {"1,2,2,-1", "KAIROS-D012: t.csv:202: a sample weight is negative; found -1.0"},
  };
  for (const Case& c : cases)
    for (const Shuffle shuffle : {Shuffle::None, Shuffle::Samples, Shuffle::Batches})
      for (const std::int64_t window : {0, 50}) {
        const auto source = open_stream(spec_for(directory.put("t.csv", with(200, c.line))));
        const std::unique_ptr<Model> model = line_model();
        FitOptions options;
        options.shuffle = shuffle;
        options.stream.shuffle_window = window;
        CHECK_THAT(refusal(directory, [&] { static_cast<void>(fit(*model, *source, options)); }),
                   Catch::Matchers::StartsWith(c.sentence));
        if (shuffle == Shuffle::None) CHECK(model->iterations() == 6);
      }
}

TEST_CASE("Errors that concern every batch are found before a stream trains", "[host][train]") {
  const TemporaryDirectory directory;
  const auto source = open_stream(spec_for(directory.put("t.csv", table_of(100))));
  CompileOptions compile_options;
  compile_options.loss = "mse";
  const std::unique_ptr<Model> wide = compile({{}, "dense(1)", {3}}, compile_options);
  CHECK_THAT(refusal(directory, [&] { static_cast<void>(fit(*wide, *source, {})); }),
             Catch::Matchers::StartsWith("KAIROS-D101: t.csv: the input does not fit"));
  const std::unique_ptr<Model> model = line_model();
  FitOptions options;
  options.stream.shuffle_window = -1;
  CHECK_THAT(refusal(directory, [&] { static_cast<void>(fit(*model, *source, options)); }),
             Catch::Matchers::StartsWith("KAIROS-U010: `shuffle_window`: the value is outside its range"));
  options = {};
  options.validation_split = 0.999;
  CHECK_THAT(refusal(directory, [&] { static_cast<void>(fit(*model, *source, options)); }),
             Catch::Matchers::StartsWith("KAIROS-U010: `validation_split`"));
}

TEST_CASE("Class weights apply to a stream, and a class without a weight is reported with its line",
          "[host][train]") {
  const TemporaryDirectory directory;
  std::string text = "a,b,y\n";
  for (int i = 0; i < 200; ++i)
    text += std::to_string(i) + ",1," + (i % 3 == 0 ? "cat" : i % 3 == 1 ? "dog" : "eel") + "\n";
  DataSpec spec = spec_for(directory.put("t.csv", text));
  spec.sample_weight = "";
  const auto model_of = [] {
    CompileOptions options;
    options.loss = "sparse_categorical_crossentropy";
    return compile({{}, "dense(3,softmax)", {2}}, options);
  };
  const auto source = open_stream(spec);
  CHECK(source->layout().class_names == std::vector<std::string>{"cat", "dog", "eel"});
  FitOptions options;
  options.shuffle = Shuffle::None;
  options.class_weight = {{0, 1}, {1, 2}, {2, 0.5}};
  const auto streamed = model_of(), memory = model_of();
  const History one = fit(*streamed, *source, options);
  const History other = fit(*memory, load_data(spec).train, options);
  CHECK(one.json() == other.json());
  FitOptions balanced;
  balanced.shuffle = Shuffle::None;
  balanced.balances_classes = true;
  CHECK(fit(*model_of(), *source, balanced).json() ==
        fit(*model_of(), load_data(spec).train, balanced).json());
  options.class_weight.erase(2);
  options.batch_size = 2;
  options.shuffle = Shuffle::Samples;
  options.stream.shuffle_window = 1;
  CHECK_THAT(refusal(directory, [&] { static_cast<void>(fit(*streamed, *source, options)); }),
             Catch::Matchers::StartsWith(
                 "KAIROS-D104: t.csv:4: the class has no weight; found class eel, expected one of cat, "
                 "dog. Add eel=… to `class_weight`."));
  spec.class_names = {"cat", "dog"};
  CHECK_THAT(refusal(directory, [&] { static_cast<void>(fit(*streamed, *open_stream(spec), {})); }),
             Catch::Matchers::StartsWith(
                 "KAIROS-D033: t.csv:4: the model was not trained on this label; found \"eel\""));
}
