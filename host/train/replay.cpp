// SPDX-License-Identifier: MIT
// The fit loop without batches: logs come from a record, the model is a single weight.
#include "train/replay.hpp"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <utility>

#include "base/atomic_file.hpp"
#include "io/model_file.hpp"
#include "kairos/abi.h"
#include "kairos/host/compile.hpp"
#include "kairos/host/error.hpp"
#include "kairos/host/run_control.hpp"
#include "plugin/options/given_text.hpp"
#include "plugin/options/instance_names.hpp"
#include "plugin/options/options.hpp"
#include "plugin/options/published.hpp"

namespace kairos::host {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view validation_prefix = "val_";

/// One weight and one learning rate. Saved as a Keras model with a single Dense(1) without bias.
class StubModel : public TrainingTarget, private StepControl {
 public:
  explicit StubModel(double rate) : rate_(static_cast<float>(rate)) {}

  [[nodiscard]] double weight() const { return static_cast<double>(weight_); }
  [[nodiscard]] double rate() const { return static_cast<double>(rate_); }
  void train(float weight) { weight_ = weight; }
  void step() { ++steps_; }

  std::span<const TensorRef> tensors(Role role) override {
    if (role == Role::Weight) return weights_;
    return {};
  }
  void tensors_written(Role) override {}
  [[nodiscard]] std::optional<double> hyper(std::string_view name) const override {
    if (name != "learning_rate") return std::nullopt;
    return rate();
  }
  bool set_hyper(std::string_view name, double value) override {
    if (name != "learning_rate") return false;
    rate_ = static_cast<float>(value);
    return true;
  }
  [[nodiscard]] std::int64_t iterations() const override { return steps_; }
  [[nodiscard]] StepControl* step_control() override { return this; }

  void save(const fs::path& file, SaveContent content) override {
    make_parent_directories(file);
    ModelFile model;
    if (content == SaveContent::Model) model.architecture_json = architecture();
    model.layers = layers();
    write_model_file(file, content, model);
  }
  [[nodiscard]] std::string save_fault(const fs::path& file, SaveContent content) const override {
    try {
      check_model_ending(file, content);
      return "";
    } catch (const Error& error) {
      const Diagnosis& why = error.diagnosis();
      return why.what + (why.expected.empty() ? "" : ", expected " + why.expected);
    }
  }
  void load_weights(const fs::path& file) override {
    weight_ = weights_for(read_model_file(file), layers(), file).front().values.front();
  }
  [[nodiscard]] std::string architecture() const override {
    return keras_json({{}, "dense(1,use_bias=false)", {1}});
  }

 private:
  // Nothing is trained, and the steps of a record are what they were.
  void accumulate(std::int64_t) override {}
  void discard() override {}
  void freeze(std::size_t, bool) override {}
  void scale_rate(std::size_t, double) override {}

  [[nodiscard]] std::vector<LayerWeights> layers() const {
    return {{"dense", "Dense", {{"dense/kernel", {{1, 1}, {weight_}}}}, {}}};
  }

  float weight_ = 0;
  float rate_;
  std::int64_t steps_ = 0;
  std::vector<TensorRef> weights_{{"dense/kernel", {1, 1}, &weight_, true}};
};

/// Nothing is saved, and nothing goes on.
class RecordedPosition final : public RunControl {
 public:
  void stand(std::int64_t epoch, std::int64_t batch) { now_ = RunPosition{epoch, batch, epoch}; }
  void end() { now_.reset(); }

  [[nodiscard]] std::optional<RunPosition> position() const override { return now_; }
  void want(const fs::path&, std::uint32_t) override {}
  [[nodiscard]] bool goes_on_elsewhere() const override { return false; }
  [[nodiscard]] std::optional<std::int64_t> resume_from(const fs::path&) override { return std::nullopt; }

 private:
  std::optional<RunPosition> now_;
};

/// The logs of one pass, from a row of the record.
class RowLogs : public LogSource {
 public:
  RowLogs(const std::vector<LogKey>& keys, std::string_view prefix, const LogRow& row)
      : values_(keys.size()) {
    for (std::size_t i = 0; i < keys.size(); ++i)
      for (const auto& [name, value] : row)
        if (name.size() == prefix.size() + keys[i].name.size() && name.starts_with(prefix) &&
            name.ends_with(keys[i].name))
          values_[i] = value;
  }
  [[nodiscard]] bool any() const {
    return std::any_of(values_.begin(), values_.end(), [](const auto& value) { return value.has_value(); });
  }
  void read_logs(std::span<double> values) override {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = values_[i].value_or(0);
  }
  [[nodiscard]] bool is_available(std::size_t key) const override { return values_[key].has_value(); }

 private:
  std::vector<std::optional<double>> values_;
};

/// The log keys of a record, as a model would declare them.
struct Keys {
  Direction (*direction)(std::string_view key) = nullptr;
  std::vector<LogKey> given;  ///< the keys of the record: "loss", "val_loss", …
  std::vector<LogKey> model;  ///< the same without `val_`
  bool validates = false;

  void add(const std::string& name) {
    const auto add_to = [this](std::vector<LogKey>& keys, std::string_view key) {
      const auto found =
          std::find_if(keys.begin(), keys.end(), [&](const LogKey& k) { return k.name == key; });
      if (found == keys.end())
        keys.push_back({std::string(key), direction == nullptr ? Direction::Unknown : direction(key)});
    };
    const bool is_validation = name.starts_with(validation_prefix);
    validates = validates || is_validation;
    add_to(given, name);
    add_to(model, is_validation ? std::string_view(name).substr(validation_prefix.size()) : name);
  }
};

/// Without the keys that callbacks of this run publish: their values come from the callbacks.
Keys keys_of(const ReplayRun& run, const std::vector<std::string>& published) {
  Keys keys{.direction = run.direction, .given = {}, .model = {}};
  const auto add_row = [&](const LogRow& row) {
    for (const auto& [name, value] : row)
      if (std::find(published.begin(), published.end(), name) == published.end()) keys.add(name);
  };
  for (const ReplayEpoch& epoch : run.epochs) {
    add_row(epoch.logs);
    std::for_each(epoch.batches.begin(), epoch.batches.end(), add_row);
  }
  return keys;
}

/// The path below the directory of the replay: "/data/best.h5" becomes "data/best.h5".
std::string confined(const std::string& text) {
  const fs::path normal = fs::path(text).lexically_normal().relative_path();
  fs::path inside;
  for (const fs::path& part : normal)
    if (part != "..") inside /= part;
  return inside.string();
}

bool is_written(const OptionSpec& option) {
  const std::uint32_t access = option.flags & (KAIROS_OPTION_READS | KAIROS_OPTION_WRITES);
  return option.type == KAIROS_TYPE_PATH && access != KAIROS_OPTION_READS;
}

void confine_paths(PluginSpec& spec, const CallbackManifest& callback) {
  spec.options = with_names(callback, spec.options, callback.short_name());
  for (PluginOption& given : spec.options)
    if (const OptionSpec* option = find_option(callback, given.key);
        option != nullptr && is_written(*option) && !means_unset(*option, given))
      given.value = confined(given.value);
}

/// The loop of a replay, from setup to finish.
class Replay {
 public:
  Replay(const ReplayRun& run, const Catalog& catalog, const fs::path& directory, const MessageSink& messages,
         ReplayResult& result)
      : run_(run), result_(result), model_(run.learning_rate) {
    result_.final_rate = model_.rate();
    std::vector<PluginSpec> specs = run.plugins;
    std::vector<std::string> published;
    std::vector<const CallbackManifest*> manifests;
    for (PluginSpec& spec : specs) {
      manifests.push_back(catalog.find(spec).callback);
      confine_paths(spec, *manifests.back());
    }
    names_ = instance_names(specs, manifests);
    for (std::size_t i = 0; i < specs.size(); ++i)
      for (const LogKey& key :
           published_keys(*manifests[i],
                          resolve_values(*manifests[i], specs[i].options, directory, names_[i]), names_[i]))
        published.push_back(key.name);
    keys_ = keys_of(run, published);
    check_options(specs, manifests, published, directory);
    CallbacksOptions options{keys_.model, keys_.validates, directory, messages, run.files, run.owns_process};
    options.run = &position_;
    callbacks_ = std::make_unique<Callbacks>(catalog, specs, model_, std::move(options));
  }

  void go() {
    callbacks_->setup(info());
    std::int64_t epoch = run_.initial_epoch;
    position_.stand(epoch, 0);
    callbacks_->train_begin();
    for (const ReplayEpoch& record : run_.epochs) {
      if (callbacks_->stop() || !train(record, epoch)) break;
      end_epoch(record, epoch++);
    }
    const RunEnd why = callbacks_->stop() ? RunEnd::Stopped : RunEnd::Completed;
    callbacks_->train_end(why);
    position_.end();
    note_saved(epoch - 1);
    callbacks_->finish(why);
  }

  /// Also after an error: the decisions so far.
  void keep_result() {
    result_.stop = callbacks_->stop();
    result_.final_rate = model_.rate();
    result_.final_weight = model_.weight();
  }
  void fault(const char* message) { callbacks_->fault("", "", message); }
  void finish() { callbacks_->finish(RunEnd::Fault); }

 private:
  /// Allows only keys of the record: keys that the host adds to pair them ("val_mae" for "mae") are never
  /// available, and must not be monitored.
  void check_options(const std::vector<PluginSpec>& specs,
                     const std::vector<const CallbackManifest*>& manifests,
                     const std::vector<std::string>& published, const fs::path& directory) const {
    // A callback that measures may declare further keys in setup: the host checks the options then.
    if (std::ranges::any_of(manifests, [](const CallbackManifest* one) {
          return one->phase == KAIROS_PHASE_MEASURE &&
                 std::ranges::find(one->hooks, "setup") != one->hooks.end();
        }))
      return;
    OptionContext context{keys_.given, directory};
    for (const std::string& key : published) context.keys.push_back({key, Direction::Unknown});
    for (std::size_t i = 0; i < specs.size(); ++i)
      static_cast<void>(resolve_options(*manifests[i], specs[i].options, context, names_[i]));
  }

  [[nodiscard]] RunInfo info() const {
    RunInfo info;
    info.initial_epoch = run_.initial_epoch;
    info.epochs = run_.initial_epoch + static_cast<std::int64_t>(run_.epochs.size());
    std::size_t steps = 0;
    for (const ReplayEpoch& epoch : run_.epochs) steps = std::max(steps, epoch.batches.size());
    if (steps > 0) info.steps_per_epoch = static_cast<std::int64_t>(steps);
    info.validation_samples = keys_.validates ? 1 : 0;
    return info;
  }

  /// False if a callback stopped the run at the begin of the epoch.
  bool train(const ReplayEpoch& record, std::int64_t epoch) {
    callbacks_->epoch_begin(epoch);
    result_.rates.push_back(model_.rate());
    if (callbacks_->stop()) return false;
    trained_ = 0;
    for (const LogRow& row : record.batches) {
      if (callbacks_->stop()) break;
      callbacks_->train_batch_begin(static_cast<std::int64_t>(trained_), 1);
      model_.step();
      RowLogs logs(keys_.model, "", row);
      position_.stand(epoch, static_cast<std::int64_t>(trained_) + 1);
      callbacks_->train_batch_end(logs);
      note_saved(epoch);
      ++trained_;
    }
    model_.train(static_cast<float>(epoch + 1));
    return true;
  }

  void end_epoch(const ReplayEpoch& record, std::int64_t epoch) {
    RowLogs training(keys_.model, "", record.logs);
    RowLogs validation(keys_.model, validation_prefix, record.logs);
    if (validation.any()) {
      callbacks_->test_begin(-1);
      callbacks_->test_end(validation);
    }
    position_.stand(epoch + 1, 0);
    callbacks_->epoch_end(training, validation.any() ? &validation : nullptr,
                          trained_ < record.batches.size());
    ++result_.epochs_run;
    note_saved(epoch);
    note_published();
  }

  void note_saved(std::int64_t epoch) {
    const std::vector<fs::path>& files = callbacks_->saved_files();
    for (std::size_t i = result_.saved.size(); i < files.size(); ++i)
      result_.saved.push_back({epoch, files[i]});
  }

  void note_published() {
    const std::vector<LogValue> values = callbacks_->epoch_values();
    const auto keys = callbacks_->keys();
    const std::size_t own = keys_.model.size() * (keys_.validates ? 2 : 1);
    for (std::size_t i = own; i < keys.size(); ++i) {
      if (i - own == result_.published.size()) result_.published.push_back({keys[i].name, {}});
      result_.published[i - own].values.push_back(values[i].available ? std::optional(values[i].value)
                                                                      : std::nullopt);
    }
  }

  const ReplayRun& run_;
  ReplayResult& result_;
  StubModel model_;
  RecordedPosition position_;
  Keys keys_;
  std::vector<std::string> names_;  ///< of the instances
  std::unique_ptr<Callbacks> callbacks_;
  std::size_t trained_ = 0;  ///< batches of this epoch
};

}  // namespace

ReplayResult replay(const ReplayRun& run, const Catalog& catalog, const fs::path& directory,
                    const MessageSink& messages) {
  ReplayResult result;
  try {
    Replay loop(run, catalog, directory, messages, result);
    try {
      loop.go();
    } catch (const std::exception& error) {
      result.error = error.what();
      loop.fault(error.what());
    }
    loop.keep_result();
    try {
      loop.finish();
    } catch (const std::exception& error) {
      if (result.error.empty()) result.error = error.what();
    }
  } catch (const std::exception& error) {
    if (result.error.empty()) result.error = error.what();
  }
  return result;
}

}  // namespace kairos::host
