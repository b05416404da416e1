// SPDX-License-Identifier: MIT
// Counts heap allocations of training in the steady state. oneDNN allocates and frees a few small blocks
// inside each call of a primitive; those are counted separately, by the library that contains the caller of
// operator new.
#include <dlfcn.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include "compute/processor.hpp"
#include "host/nn/functional_json.hpp"
#include "host/nn/keras3_json.hpp"
#include "host/temporary_directory.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/fit.hpp"

using namespace kairos::host;

namespace {

/// Counting looks up symbols, so it is only enabled around the calls under test, and only on this thread.
struct Counter {
  bool active = false;
  int ours = 0;
  int of_onednn = 0;
};
thread_local Counter counter;

void count(const void* caller) {
  if (!counter.active) return;
  counter.active = false;
  Dl_info info{};
  const bool in_onednn = ::dladdr(caller, &info) != 0 && info.dli_fname != nullptr &&
                         std::strstr(info.dli_fname, "libdnnl") != nullptr;
  ++(in_onednn ? counter.of_onednn : counter.ours);
  counter.active = true;
}

void* allocate(std::size_t size, std::size_t alignment) {
  void* memory = nullptr;
  if (::posix_memalign(&memory, alignment < sizeof(void*) ? sizeof(void*) : alignment,
                       size == 0 ? 1 : size) != 0)
    throw std::bad_alloc();
  return memory;
}

}  // namespace

// Not inlined: count needs the caller, and g++ 12 warns about a mismatch if only one of the pair is inlined.
[[gnu::noinline]] void* operator new(std::size_t size) {
  count(__builtin_return_address(0));
  return allocate(size, alignof(std::max_align_t));
}
[[gnu::noinline]] void* operator new[](std::size_t size) {
  count(__builtin_return_address(0));
  return allocate(size, alignof(std::max_align_t));
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  count(__builtin_return_address(0));
  return allocate(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace {

struct Run {
  Counter train;
  Counter test;
};

/// Alternates batches of 32 and 7, like epochs with a short last batch.
Run steady_run(const char* text, std::int64_t features, const char* optimizer,
               Precision precision = Precision::Float32) {
  CompileOptions options;
  options.precision = precision;
  options.optimizer = optimizer;
  options.loss = "sparse_categorical_crossentropy";
  options.metrics = {"accuracy"};
  options.weighted_metrics = {"accuracy"};
  const auto model = compile({"", text, {features}}, options);
  const std::vector<float> x(static_cast<std::size_t>(32 * features), 0.5F), y(32, 1.0F), w(32, 1.0F);
  const Batch full{32, {x.data()}, {y.data()}, {{w.data(), 1}}};
  const Batch part{7, {x.data()}, {y.data()}, {{w.data(), 1}}};
  std::vector<double> logs(model->log_keys().size());
  const auto epoch = [&](bool train) {
    counter = Counter{true, 0, 0};
    model->reset_logs();
    for (const Batch* batch : {&full, &full, &part}) {
      if (train)
        model->train_batch(*batch, nullptr);
      else
        model->test_batch(*batch);
      model->read_logs(logs);
      (void)model->tensors(Role::Slot);
      (void)model->tensors(Role::Output);
    }
    counter.active = false;
    return counter;
  };
  (void)epoch(true);
  (void)epoch(false);
  return {epoch(true), epoch(false)};
}

}  // namespace

TEST_CASE("The counter counts allocations", "[host][nn]") {
  counter = Counter{true, 0, 0};
  const std::vector<int> some(100);
  counter.active = false;
  CHECK(some.size() == 100);
  CHECK(counter.ours == 1);
}

TEST_CASE("Training and evaluation allocate nothing once the batch sizes have been seen", "[host][nn]") {
  for (const char* optimizer :
       {"sgd(momentum=0.9,nesterov=true,clipnorm=1)", "adam(amsgrad=true,global_clipnorm=1)",
        "rmsprop(centered=true,momentum=0.5)", "adagrad(weight_decay=0.1)"}) {
    INFO(optimizer);
    const Run run = steady_run("dense(12,gelu,l2=0.01) dropout(0.2) dense(8) batchnorm relu dense(4,softmax)",
                               8, optimizer);
    CHECK(run.train.ours == 0);
    CHECK(run.test.ours == 0);
    CHECK(run.train.of_onednn == 0);
    CHECK(run.test.of_onednn == 0);
  }
}

TEST_CASE("Constraints, schedules and averages of the weights allocate nothing once they have run",
          "[host][nn]") {
  const Run run = steady_run(
      "dense(12,tanh,kernel_constraint=MaxNorm(max_value=0.5,axis=(0,1)),bias_constraint=non_neg) "
      "dense(4,softmax,kernel_constraint=min_max_norm)",
      8, "adam(learning_rate=CosineDecay(0.1,decay_steps=4),use_ema=true,ema_overwrite_frequency=2)");
  CHECK(run.train.ours == 0);
  CHECK(run.test.ours == 0);
}

TEST_CASE("Shared and merging layers allocate nothing once the batch sizes have been seen", "[host][nn]") {
  using kairos::tests::of;
  const std::string model =
      kairos::tests::FunctionalJson()
          .input("in", {8})
          .layer("Dense", "twice", {{"units", 8}, {"activation", "tanh"}}, {{of("in")}, {of("twice")}})
          .layer("Multiply", "product", nlohmann::json::object(), {{of("twice"), of("twice", 1)}})
          .layer("Add", "sum", nlohmann::json::object(), {{of("product"), of("twice"), of("in")}})
          .layer("Concatenate", "both", nlohmann::json::object(), {{of("sum"), of("product")}})
          .layer("Dense", "out", {{"units", 4}, {"activation", "softmax"}}, {{of("both")}})
          .outputs({{"out", 0}})
          .dump();
  const Run run = steady_run(model.c_str(), 8, "adam");
  CHECK(run.train.ours == 0);
  CHECK(run.test.ours == 0);
}

TEST_CASE("Attention, states and operations allocate nothing once the batch sizes have been seen",
          "[host][nn]") {
  namespace k3 = kairos::tests::keras3;
  const auto from = [](const char* name, int output = 0) { return k3::value(name, output); };
  const auto one = [&](const char* name) { return k3::Json::array({from(name)}); };
  const k3::Json cell{{"class_name", "LSTMCell"}, {"config", {{"name", "cell"}, {"units", 4}}}};
  const k3::Json gru{{"class_name", "GRU"},
                     {"config", {{"name", "gru"}, {"units", 2}, {"return_state", true}}}};
  const std::string model =
      k3::model({k3::input("x", {8}), k3::operation("Reshape", "steps", one("x"), {{"newshape", {-1, 4, 2}}}),
                 k3::layer("Dense", "d", {{"units", 4}}, one("steps")),
                 k3::layer("MultiHeadAttention", "mha", {{"num_heads", 2}, {"key_dim", 3}, {"dropout", 0.1}},
                           {from("d"), from("d")}, {{"use_causal_mask", true}}),
                 k3::layer("Attention", "att", {{"use_scale", true}, {"dropout", 0.1}},
                           k3::Json::array({k3::Json::array({from("d"), from("mha")})})),
                 k3::layer("AdditiveAttention", "add", k3::Json::object(),
                           k3::Json::array({k3::Json::array({from("att"), from("d")})})),
                 k3::layer("Bidirectional", "states", {{"layer", gru}}, one("add")),
                 k3::operation("Concatenate", "both",
                               k3::Json::array({k3::Json::array({from("states", 1), from("states", 2)})}),
                               {{"axis", -1}}),
                 k3::layer("RNN", "rnn", {{"cell", cell}}, one("add"),
                           {{"initial_state", {from("both"), from("both")}}}),
                 k3::operation("Multiply", "half", k3::Json::array({from("rnn"), 0.5})),
                 k3::operation("Softmax", "y", one("half"), {{"axis", -1}})},
                {"x"}, {{"y", 0, 0}})
          .dump();
  const Run run = steady_run(model.c_str(), 8, "adam");
  CHECK(run.train.ours == 0);
  CHECK(run.test.ours == 0);
}

TEST_CASE("Layers on oneDNN allocate nothing in our code", "[host][nn]") {
  // Dilated convolutions run on oneDNN everywhere, wide dense layers on some processors.
  const Run first = steady_run(
      "reshape((15,20,1)) conv2d(8,3,dilation_rate=2) flatten dense(512,relu) dropout(0.2) dense(10,softmax)",
      300, "adam");
  CHECK(first.train.ours == 0);
  CHECK(first.test.ours == 0);
  CHECK(first.train.of_onednn > 0);  // the products did run on oneDNN
}

TEST_CASE("Layers of other products, sizes and noise allocate nothing in our code", "[host][nn]") {
  for (const char* model :
       {"reshape((8,8,1)) randomflip randomrotation(0.1) randomcontrast(0.5) sepconv2d(4,3,relu) "
        "conv2dtranspose(3,2,strides=2) upsample(2,interpolation=bilinear) resize(6,6) crop(1) groupnorm(3) "
        "PReLU "
        "spatialdropout(0.2) gaussiannoise(0.1) permute((3,1,2)) flatten dense(4,softmax)",
        "reshape((4,4,4,1)) conv3d(2,2) maxpool3d flatten unitnorm rmsnorm gaussiandropout(0.1) "
        "alphadropout(0.1) "
        "repeatvector(3) einsumdense('abc,bcd->adb',(2,3)) einsumdense('...x,xy->...y',4) normalization "
        "rescaling((1,2,3,4)) flatten dense(4,softmax)",
        "reshape((4,4,4,1)) convlstm(2,2,return_sequences=true) convlstm(2,2,relu) flatten "
        "discretization((0,1),output_mode=one_hot) flatten dense(4,softmax)"}) {
    INFO(model);
    const Run run = steady_run(model, 64, "adam");
    CHECK(run.train.ours == 0);
    CHECK(run.test.ours == 0);
  }
}

TEST_CASE("Products in bf16 allocate nothing in our code", "[host][nn]") {
  if (!this_processor().multiplies_bf16) {
    WARN("skipped: this processor does not multiply bfloat16");
    return;
  }
  const Run run = steady_run(
      "reshape((8,8,1)) conv2d(8,3,relu) conv2d(4,3,gelu,padding=same,strides=2) flatten dense(40,relu) "
      "dropout(0.2) dense(4,softmax)",
      64, "adam", Precision::Bf16);
  CHECK(run.train.ours == 0);
  CHECK(run.test.ours == 0);
  CHECK(run.train.of_onednn > 0);
  // Wide enough for the kernel to be partitioned over threads.
  const Run wide = steady_run("dense(512,relu) dense(4,softmax)", 300, "adam", Precision::Bf16);
  CHECK(wide.train.ours == 0);
  CHECK(wide.test.ours == 0);
}

namespace {

/// Allocations of a fit of three epochs over `batches` batches, with these callbacks.
int fit_allocations(std::int64_t batches, const char* layers, const CompileOptions& compiled,
                    const std::vector<std::string>& plugins) {
  const kairos::tests::TemporaryDirectory directory;
  const auto model = compile({"", layers, {8}}, compiled);
  Dataset data;
  const std::int64_t n = 16 * batches - 5;
  data.inputs = {{"", {{n, 8}, std::vector<float>(static_cast<std::size_t>(8 * n), 0.5F)}}};
  data.targets = {{"", {{n}, std::vector<float>(static_cast<std::size_t>(n), 1.0F)}}};
  const Catalog catalog = Catalog::scan(std::vector<std::filesystem::path>{KAIROS_TEST_PLUGINS});
  FitOptions options;
  options.epochs = 3;
  options.batch_size = 16;
  options.catalog = &catalog;
  options.run_directory = directory.path();
  for (const std::string& spec : plugins) options.plugins.push_back(parse_plugin_spec(spec));
  counter = Counter{true, 0, 0};
  (void)fit(*model, data, options);
  counter.active = false;
  return counter.ours;
}

/// That a fit with these callbacks allocates as much for 64 batches as for four.
void check_that_batches_allocate_nothing(const char* layers, const CompileOptions& compiled,
                                         const std::vector<std::string>& plugins) {
  (void)fit_allocations(4, layers, compiled, plugins);  // allocations that happen once per process
  const int few = fit_allocations(4, layers, compiled, plugins),
            many = fit_allocations(64, layers, compiled, plugins);
  INFO("allocations per batch: " << static_cast<double>(many - few) / (3 * 60.0));
  CHECK(few > 0);
  CHECK(many == few);
}

}  // namespace

TEST_CASE("The number of allocations of a fit with callbacks does not depend on the number of batches",
          "[host][nn]") {
  CompileOptions compiled;
  compiled.loss = "sparse_categorical_crossentropy";
  compiled.metrics = {"accuracy"};
  check_that_batches_allocate_nothing(
      "dense(12,relu) dense(4,softmax)", compiled,
      {"TerminateOnNaN", "EarlyStopping:monitor=loss,patience=9", "ReduceLROnPlateau:monitor=loss",
       "LearningRateScheduler:schedule=lr*0.9", "ExponentialMovingAverage", "GradientAccumulation:batches=3",
       "Freeze:layers=dense,unfreeze_at=1", "LayerwiseLearningRate:decay=0.5"});
}

TEST_CASE(
    "The number of allocations of a fit whose batches are mixed does not depend on the number of batches",
    "[host][nn]") {
  CompileOptions compiled;
  compiled.loss = "sparse_categorical_crossentropy";
  compiled.metrics = {"accuracy"};
  // Each alone, because only the first one in a run makes the class numbers probabilities.
  for (const char* plugin : {"Mixup", "CutMix:height=4,width=2", "LabelSmoothing"}) {
    CAPTURE(plugin);
    check_that_batches_allocate_nothing("dense(12,relu) dense(4,softmax)", compiled, {plugin});
  }
}

TEST_CASE("The number of allocations of a fit with a log file does not depend on the number of batches",
          "[host][nn]") {
  CompileOptions compiled;
  compiled.loss = "mse";
  compiled.optimizer = "SGD(learning_rate=0)";  // each row has the loss 1.0: longer numbers take more memory
  check_that_batches_allocate_nothing("dense(1,kernel_initializer=zeros)", compiled,
                                      {"CSVLogger:filename=log.csv"});
}

namespace {

/// Allocations of a streamed fit on the training thread; with the smallest ring, whose size does not depend
/// on the number of batches.
int stream_allocations(std::int64_t batches, std::int64_t window) {
  const kairos::tests::TemporaryDirectory directory;
  std::string text;
  for (std::int64_t i = 0; i < 16 * batches - 5; ++i) text += std::to_string(i % 7) + ",0.5,1\n";
  DataSpec spec;
  spec.file = directory.put("t.csv", text);
  spec.target = "-1";
  const auto source = open_stream(spec);
  CompileOptions compiled;
  compiled.loss = "sparse_categorical_crossentropy";
  const auto model = compile({"", "dense(12,relu) dense(4,softmax)", {2}}, compiled);
  FitOptions options;
  options.epochs = 3;
  options.batch_size = 16;
  options.stream = {1, window};
  counter = Counter{true, 0, 0};
  (void)fit(*model, *source, options);
  counter.active = false;
  return counter.ours;
}

}  // namespace

TEST_CASE("The number of allocations of a streamed fit does not depend on the number of batches",
          "[host][nn]") {
  for (const std::int64_t window : {0, 20}) {
    const int few = stream_allocations(4, window), many = stream_allocations(64, window);
    CHECK(few > 0);
    CHECK(many == few);
  }
}

TEST_CASE("Layers for images allocate nothing in our code", "[host][nn]") {
  const Run run = steady_run(
      "reshape((8,8,1)) zeropad conv2d(4,3,gelu) batchnorm ReLU maxpool conv2d(4,3,padding=same,strides=2) "
      "layernorm avgpool(2,1) flatten dense(4) Softmax",
      64, "adam");
  CHECK(run.train.ours == 0);
  CHECK(run.test.ours == 0);
}

TEST_CASE("Layers for sequences allocate nothing in our code", "[host][nn]") {
  const Run run = steady_run(
      "reshape((8,8)) masking lstm(24,dropout=0.2,recurrent_dropout=0.2,return_sequences=true) "
      "gru(16,return_sequences=true) gru(16,reset_after=false,return_sequences=true) "
      "lstm(8,gelu,return_sequences=true) batchnorm simplernn(8) dense(4,softmax)",
      64, "adam");
  CHECK(run.train.ours == 0);
  CHECK(run.test.ours == 0);
}
