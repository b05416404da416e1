// SPDX-License-Identifier: MIT
// Writes the logs, the graph and the weights of a run for TensorBoard.
#include <kairos/plugin.hpp>

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../common/keras_layers.hpp"
#include "artifacts.hpp"
#include "event_file.hpp"
#include "graph.hpp"
#include "hparams.hpp"
#include "projector.hpp"
#include "run_directory.hpp"
#include "unique_names.hpp"
#include "word_list.hpp"

namespace kairos::plugins {

using namespace tensorboard;

/// Behaves as Keras 3.15 `TensorBoard`, with Keras 1's gradients and the hparams of TensorBoard's own
/// callback. Differences: README.md.
struct TensorBoard : Callback<TensorBoard> {
  static constexpr auto id = "kairos.TensorBoard";
  static constexpr auto summary = "Writes curves, histograms, graphs and embeddings for TensorBoard.";
  static constexpr auto phase = Phase::Report;

  Option<OutputDirectory> log_dir{this, "log_dir", "logs",
                                  "directory in which train/ and validation/ are created"};
  Option<int> histogram_freq{this, "histogram_freq", 0,
                             "write histograms of the weights every n epochs; 0: never", kairos::min(0)};
  Option<int> batch_size{this, "batch_size", unset, "batch size of the gradients; must be that of the run",
                         kairos::min(1)};
  Option<bool> write_graph{this, "write_graph", true,
                           "write the graph of the model, of operations and of layers"};
  Option<bool> write_grads{this, "write_grads", false,
                           "with histogram_freq: also write histograms of the gradients"};
  Option<bool> write_images{this, "write_images", false,
                            "with histogram_freq: also write the weights as images"};
  Option<bool> write_steps_per_second{this, "write_steps_per_second", false,
                                      "write the steps per second of epochs and batches"};
  Option<std::string_view> update_freq{
      this, "update_freq", "epoch",
      "when to write besides the end of an epoch: epoch (never), batch (after each), or a number n "
      "(after every n batches)"};
  Option<int> embeddings_freq{this, "embeddings_freq", 0,
                              "write the vectors of Embedding layers every n epochs; 0: never",
                              kairos::min(0)};
  Option<std::string_view> embeddings_layer_names{this, "embeddings_layer_names", unset,
                                                  "only these Embedding layers, separated by commas"};
  Option<std::string_view> embeddings_metadata{
      this, "embeddings_metadata", unset,
      "labels of the vectors: a TSV file for all layers, or layer=file separated by commas"};
  Option<std::string_view> hparams{
      this, "hparams", unset,
      "hyper-parameters to list: name=value separated by commas, and auto for those of the run"};

  /// Batches trained since the fit began, and the optimizer step at the last end of an epoch. After a resume,
  /// they tell which points of earlier files are still valid.
  State<std::int64_t> batches{this, "batches", 0};
  State<std::int64_t> last_step{this, "last_step", 0};

  Owned<RunDirectory> root{this};
  Owned<EventFile> train{this};
  Owned<EventFile> validation{this};
  Owned<EventFile> session{this};  // in log_dir itself, for the hyper-parameters
  Owned<std::vector<Embedding>> embeddings{this};
  Owned<HParamsOption> listed_hparams{this};
  Owned<std::vector<std::string>> weight_tags{this};
  Owned<std::vector<std::string>> gradient_tags{this};
  Owned<std::vector<Histogram>> gradients{this};  // of the last observed batch
  std::int64_t every = 0;                         // batches; 0: only epochs
  bool writes = true;                             // false if another process of the same run writes
  bool has_projector = false;
  std::int64_t step_before = -1;  // optimizer step at the beginning of the epoch
  std::chrono::steady_clock::time_point epoch_began{};
  std::chrono::steady_clock::time_point batch_began{};

  void setup(Run& run) {
    every = batches_between_points();
    writes = run.rank() == 0;
    const bool fits = run.epochs() > 0;
    check_combinations(run, fits);
    if (hparams.is_set()) *listed_hparams = parse_hparams(hparams.value());
    if (fits && embeddings_freq > 0)
      *embeddings = choose_embeddings(architecture_of(run), weights_of(run), embeddings_layer_names.value(),
                                      embeddings_metadata.value(), directory(""));
    if (!writes) return;
    announce_files(run);
    // The host has locked its run directory already; a second lock would find it used by another run.
    if (is_run_directory(directory(""), run.run_dir())) root->is_locked_by_host();
    root->check(directory(""));
    require_writable(directory("train"));
    require_writable(directory("validation"));
  }

  void on_train_begin(Run& run) {
    if (!run.resumed()) batches = 0;
    if (!writes) return;
    root->claim(directory(""));
    *weight_tags = tags(run, Role::Weight);
    gradient_tags->clear();
    open(*train, "train", run);
    if (run.validation_samples() > 0 ||
        (run.run_resumed() && std::filesystem::exists(directory("validation"))))
      open(*validation, "validation", run);
    if (write_graph) write_graph_of(run);
    if (write_images) name_weights_without_images(run);
    if (hparams.is_set()) write_hyper_parameters(run);
  }

  void on_epoch_begin(Epoch& epoch) { begin_epoch(epoch.step()); }

  void on_train_batch_begin(Batch& batch) {
    if (step_before < 0) begin_epoch(batch.step());  // the run was resumed in the epoch
    if (write_steps_per_second) batch_began = std::chrono::steady_clock::now();
  }

  void on_backward_end(Batch& batch) {
    if (!write_grads || !train->is_open() || !is_due(histogram_freq, batch.epoch())) return;
    if (batch.count() >= 0 && batch.index() + 1 < batch.count()) return;
    if (gradient_tags->empty()) *gradient_tags = tags(batch, Role::Gradient);
    gradients->clear();
    for (std::uint32_t i = 0; i < batch.tensor_count(Role::Gradient); ++i)
      gradients->push_back(histogram_of(batch.tensor(Role::Gradient, i)));
  }

  void on_train_batch_end(Batch& batch) {
    ++batches;
    if (every == 0 || !train->is_open() || batches % every != 0) return;
    if (write_steps_per_second) write_rate("batch_steps_per_second", batches, 1, batch_began);
    for (std::uint32_t i = 0; i < batch.log_count(); ++i)
      if (const std::optional<double> value = batch.log(i))
        train->write_scalar("batch_" + std::string(batch.log_name(i)), batches, *value);
    train->flush();  // A run that is killed later may go on after this batch.
  }

  void on_test_begin(Test& test) {
    if (!writes || (test.in_fit() && !train->is_open())) return;
    root->claim(directory(""));
    open_validation();
  }

  void on_test_end(Test& test) {
    if (!validation->is_open()) return;
    for (std::uint32_t i = 0; i < test.log_count(); ++i) {
      std::string_view name = test.log_name(i);
      if (test.in_fit() && !take_prefix(name, "val_")) continue;
      if (const std::optional<double> value = test.log(i))
        validation->write_scalar("evaluation_" + std::string(name) + "_vs_iterations", test.step(), *value);
    }
    validation->flush();
  }

  void on_epoch_end(Epoch& epoch) {
    last_step = epoch.step();
    if (!train->is_open()) return;
    write_curves(epoch);
    if (write_steps_per_second)
      write_rate("epoch_steps_per_second", epoch.index(), epoch.step() - step_before, epoch_began);
    if (is_due(histogram_freq, epoch.index())) write_weights(epoch);
    if (is_due(embeddings_freq, epoch.index())) write_embeddings(epoch);
    train->flush();
    if (validation->is_open()) validation->flush();
  }

  void on_artifact(Artifact& artifact) {
    EventFile& file = train->is_open() ? *train : *validation;
    if (file.is_open()) write_artifact(file, artifact);
  }

  void teardown(End& end) {
    if (session->is_open()) {
      const bool good = end.raw().why == KAIROS_END_COMPLETED || end.raw().why == KAIROS_END_STOPPED;
      session->write_hparams(session_end_tag,
                             session_end(good ? SessionEnd::Success : SessionEnd::Failure, now()));
    }
    for (EventFile* file : {&*session, &*train, &*validation})
      if (file->is_open()) file->flush();
  }

 private:
  // ---- before the run

  void check_combinations(Run& run, bool fits) const {
    const auto refuse = [](const std::string& option, const char* other) {
      throw Error(option + " writes nothing if " + other + " is 0. Set " + other + "=1, or omit " + option);
    };
    if (histogram_freq == 0 && write_grads) refuse("write_grads", "histogram_freq");
    if (histogram_freq == 0 && write_images) refuse("write_images", "histogram_freq");
    for (const auto* option : {&embeddings_layer_names, &embeddings_metadata})
      if (option->is_set() && embeddings_freq == 0) refuse(option->declaration().name, "embeddings_freq");
    if (!batch_size.is_set() || !fits) return;
    if (!write_grads)
      run.print("batch_size has no effect without write_grads");
    else if (batch_size != run.raw().batch_size)
      throw Error("batch_size is " + std::to_string(batch_size.value()) +
                  ", but the gradients are those of a training batch, of " +
                  std::to_string(run.raw().batch_size) +
                  " samples. Omit batch_size, or train with that batch size");
  }

  /// Announces the files whose names follow from log_dir and embeddings_metadata.
  void announce_files(const Run& run) const {
    for (const char* name : {"train", "validation"}) run.will_write(directory(name).string());
    for (const Embedding& embedding : *embeddings)
      if (!embedding.labels_file.empty()) run.will_read(embedding.labels_file.string());
    for (const std::filesystem::path& file : projector_files(directory(""), *embeddings))
      run.will_write(file.string());
  }

  [[nodiscard]] std::int64_t batches_between_points() const {
    const std::string_view text = update_freq;
    if (text == "epoch") return 0;
    if (text == "batch") return 1;
    std::int64_t n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc() || end != text.data() + text.size() || n < 1)
      throw Error("update_freq is \"" + std::string(text) +
                  "\"; expected epoch, batch, or a number of batches of 1 or more. Write for example "
                  "update_freq=100");
    return n;
  }

  // ---- the model

  [[nodiscard]] static Architecture architecture_of(const Event& event) {
    const std::string_view json = event.architecture();
    return json.empty() ? Architecture() : read_architecture(json);
  }

  [[nodiscard]] static std::span<const std::int64_t> shape_of(const Tensor& tensor) {
    return {tensor.view().shape, static_cast<std::size_t>(tensor.rank())};
  }
  [[nodiscard]] static std::span<const float> values_of(const Tensor& tensor) {
    return {tensor.data(), static_cast<std::size_t>(tensor.size())};
  }

  [[nodiscard]] static std::vector<Weight> weights_of(const Event& event) {
    std::vector<Weight> weights;
    for (std::uint32_t i = 0; i < event.tensor_count(Role::Weight); ++i) {
      const Tensor tensor = event.tensor(Role::Weight, i);
      const auto shape = shape_of(tensor);
      weights.push_back({std::string(tensor.name()), {shape.begin(), shape.end()}, tensor.trainable()});
    }
    return weights;
  }

  /// Unique names of tensors, even if layers of two nested models have the same name.
  [[nodiscard]] static std::vector<std::string> tags(const Event& event, Role role) {
    UniqueNames names;
    std::vector<std::string> out;
    for (std::uint32_t i = 0; i < event.tensor_count(role); ++i)
      out.push_back(names.claim(std::string(event.tensor(role, i).name())));
    return out;
  }

  // ---- files

  [[nodiscard]] std::filesystem::path directory(std::string_view name) const {
    const std::filesystem::path path(log_dir.value());
    return name.empty() ? path : path / name;
  }

  void open(EventFile& file, std::string_view name, const Run& run) {
    file.open(directory(name));
    if (run.run_resumed()) file.resume([&](const EventFacts& event) { return still_counts(event, run); });
  }

  /// Opens the validation file at the first validation, if the loop has not announced one.
  void open_validation() {
    if (!validation->is_open()) validation->open(directory("validation"));
  }

  /// Whether an event of the earlier run is still valid in the resumed one.
  [[nodiscard]] bool still_counts(const EventFacts& event, const Run& run) const {
    if (event.plugin == "graph_keras_model") return !write_graph;
    if (event.plugin != "scalars" || event.tag.starts_with("epoch_")) return event.step < run.initial_epoch();
    return event.step <= (event.tag.starts_with("batch_") ? batches : last_step);
  }

  void write_graph_of(const Run& run) {
    const std::string json(run.architecture());
    if (json.empty()) {
      run.print("no graph is written, because this model has no Keras JSON");
      return;
    }
    train->write_graphs(graph_def(read_architecture(json), weights_of(run)), json);
  }

  static void name_weights_without_images(const Run& run) {
    std::vector<std::string> names;
    for (const Weight& weight : weights_of(run))
      if (!has_images(weight.shape)) names.push_back(weight.name);
    if (!names.empty())
      run.print("write_images: Keras' layout has no image for the shapes of " + listed(names, "none"));
  }

  void write_hyper_parameters(const Run& run) {
    HParams all = listed_hparams->given;
    const auto add = [&](const std::string& name, HParam::second_type value) {
      for (const HParam& given : listed_hparams->given)
        if (given.first == name) return;
      all.emplace_back(name, std::move(value));
    };
    if (listed_hparams->wants_known) {
      if (run.raw().batch_size > 0) add("batch_size", static_cast<double>(run.raw().batch_size));
      add("epochs", static_cast<double>(run.epochs()));
      add("seed", static_cast<double>(run.raw().seed));
      if (const std::optional<double> rate = rate_of(run)) add("learning_rate", *rate);
      for (const auto& [name, value] : training_hparams(run.architecture())) add(name, value);
    }
    session->open(directory(""));
    if (run.run_resumed()) session->resume([](const EventFacts&) { return false; });
    session->write_hparams(session_start_tag, session_start(all, now()));
    session->flush();
  }

  /// The rate as the user wrote it; the optimizer stores 0.001 as the nearest float32.
  [[nodiscard]] static std::optional<double> rate_of(const Run& run) {
    double rate = 0;
    try {
      rate = run.learning_rate();
    } catch (const HostError&) {
      return std::nullopt;  // no optimizer
    }
    char digits[32];
    const auto written = std::to_chars(digits, digits + sizeof digits, static_cast<float>(rate));
    std::from_chars(digits, written.ptr, rate);
    return rate;
  }

  // ---- epochs

  void begin_epoch(std::int64_t step) {
    step_before = step;
    epoch_began = std::chrono::steady_clock::now();
  }

  void write_curves(Epoch& epoch) {
    for (std::uint32_t i = 0; i < epoch.log_count(); ++i) {
      std::string_view name = epoch.log_name(i);
      const std::optional<double> value = epoch.log(i);
      if (!value || name == "learning_rate") continue;
      const bool validated = take_prefix(name, "val_");
      if (validated) open_validation();
      (validated ? *validation : *train).write_scalar("epoch_" + std::string(name), epoch.index(), *value);
    }
    if (const double rate = epoch.used_learning_rate(); !std::isnan(rate))
      train->write_scalar("epoch_learning_rate", epoch.index(), rate);
  }

  void write_rate(std::string_view tag, std::int64_t step, std::int64_t steps,
                  std::chrono::steady_clock::time_point since) {
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - since;
    if (seconds.count() > 0) train->write_scalar(tag, step, static_cast<double>(steps) / seconds.count());
  }

  void write_weights(Epoch& epoch) {
    for (std::uint32_t i = 0; i < weight_tags->size(); ++i) {
      const Tensor weight = epoch.tensor(Role::Weight, i);
      const std::string& tag = (*weight_tags)[i];
      train->write_histogram(tag + "/histogram", epoch.index(), histogram_of(weight));
      if (!write_images) continue;
      if (const std::optional<Images> images = images_of(shape_of(weight), values_of(weight)))
        train->write_images(tag + "/image", epoch.index(), *images);
    }
    for (std::size_t i = 0; i < gradients->size(); ++i)
      train->write_histogram((*gradient_tags)[i] + "_grad/histogram", epoch.index(), (*gradients)[i]);
    gradients->clear();
  }

  void write_embeddings(Epoch& epoch) {
    for (const Embedding& embedding : *embeddings)
      write_vectors(directory(""), embedding,
                    values_of(epoch.tensor(Role::Weight, static_cast<std::uint32_t>(embedding.weight))));
    if (!std::exchange(has_projector, true)) write_projector(directory(""), *embeddings);
  }

  // ---- helpers

  [[nodiscard]] static bool is_due(std::int64_t every_epochs, std::int64_t epoch) {
    return every_epochs > 0 && epoch % every_epochs == 0;
  }
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::TensorBoard)
