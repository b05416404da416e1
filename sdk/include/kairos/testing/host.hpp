// SPDX-License-Identifier: MIT
// A host without a model or a loop: what a test gives to a callback, and what the callback did.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kairos/testing/value.hpp"

namespace kairos {
inline namespace v1 {
namespace testing {

class Host;

/// The result of a hook: its status, and the reason that was recorded last during the call.
struct Outcome {
  kairos_status status = KAIROS_OK;
  std::string reason;
};

/// What a kairos_call points to.
struct Call {
  Host* host;
  std::string_view hook;
  std::string reason;

  static Call& of(kairos_call* call) { return *reinterpret_cast<Call*>(call); }
  kairos_call* abi() { return reinterpret_cast<kairos_call*>(this); }
  kairos_status refuse(kairos_status status, std::string why) {
    reason = std::move(why);
    return status;
  }
};

/// A log key. An empty value is unavailable in the current event.
struct Log {
  std::string name;
  Direction direction = Direction::Unknown;
  std::optional<double> value;
  bool own = false;  ///< declared by the callback, which may publish it
};

struct Line {
  Level level;
  std::string text;
};

/// A tensor of the model or the batch.
struct TensorData {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<float> values;
  bool trainable = true;
};

/// A file that the callback saved.
struct Saved {
  std::string path;
  SaveContent content;
  bool in_background;
  std::string label = {};  ///< of the weights in it; empty for those that are trained
};

/// A slot that the callback has swapped in.
struct SwappedIn {
  std::uint64_t slot;
  std::string label;
};

/// A run checkpoint that was taken because the callback asked for it.
struct RunSaved {
  std::string directory;
  Position position;
};

/// An artifact that the callback published, or that the test gives to it (Fit::artifact).
struct ArtifactData {
  std::int32_t kind = KAIROS_ARTIFACT_TEXT;
  std::string name, media_type, text;
  std::string row_names, column_names;  ///< separated by line feeds
  std::vector<std::int64_t> shape;
  std::vector<std::uint8_t> pixels;
  std::vector<double> numbers;
};

/// Moving statistics that the callback has measured on `batches`, of the weights with this label.
struct Measured {
  std::int64_t batches;
  std::string label;
};

/// A file that the callback announced.
struct Announced {
  std::string path;
  bool written;
};

inline std::string text_of(kairos_str text) {
  return text.length == 0 ? std::string() : std::string(text.ptr, static_cast<std::size_t>(text.length));
}

/// Fields are set by the test before a hook, and read after it.
class Host {
 public:
  Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // ---- what the callback meets

  std::vector<Log> logs;                                         ///< by index
  std::map<std::string, double> hyper{{"learning_rate", 0.01}};  ///< of the optimizer
  std::map<Role, std::vector<TensorData>> tensors;               ///< Role::Buffer is made of Role::Weight
  std::map<std::string, std::vector<TensorData>> weight_files;   ///< by path; save() adds to them
  std::string architecture;                                      ///< Keras JSON
  bool controls_steps = true;                                    ///< whether kairos.step/1 works
  bool artifacts_wanted = true;                                  ///< by another callback
  std::map<Info, InfoEntries> info;                              ///< what kairos.info/1 tells
  bool keeps_runs = true;                                        ///< whether kairos.run/1 works
  bool remembers_training = true;                                ///< whether Take::Training works
  bool makes_passes = true;                                      ///< whether kairos.forward/1 works
  /// What the host has measured of hooks; `ledger_started` is set when the callback asks for it.
  std::vector<LedgerEntry> ledger;
  std::vector<LedgerCall> ledger_calls;
  std::chrono::nanoseconds ledger_elapsed{0};
  /// The data that passes are made on; 0: the run has none.
  std::int64_t training_samples = 32, validation_samples = 0, batch_size = 32;
  /// What passes find; each may be empty. `ending` ends them.
  std::function<std::vector<double>(Source, std::int64_t first, std::int64_t count)> evaluation;
  std::function<std::vector<TensorData>(const std::vector<TensorData>& inputs)> prediction;
  std::function<double(std::int64_t batch, std::int64_t batch_size)> trial_loss;
  /// By directory: what the callback may resume from. Fit adds what the callback asks for.
  std::map<std::string, Position> run_checkpoints;
  Position position;               ///< of the training; Fit sets it
  std::set<std::string> withheld;  ///< ids of interfaces that are not offered
  std::int32_t rank = 0, world = 1;
  std::optional<double> batch_loss;          ///< empty: this host does not tell it
  std::vector<std::int64_t> batch_rows;      ///< rows of the samples; empty: this host does not tell them
  std::vector<std::int64_t> target_classes;  ///< of each target; 0: no class numbers
  std::set<std::uint32_t> soft_targets;  ///< those that the callback has made probabilities; Fit empties it
  std::uint64_t seed = 0;                ///< of the run, for random()
  std::uint64_t training_batch = 0;      ///< number of the batch, for random(); Fit counts it
  /// Whether the run is to end. Tasks that need not finish are cancelled then. Fit sets it.
  bool ending = false;
  /// Computes an option of type expression, by the option's name.
  std::map<std::string, std::function<double(const std::vector<double>&)>> formulas;

  // ---- what the callback did

  std::vector<Line> lines;                               ///< printed
  std::optional<std::string> stop_reason;                ///< of the first request
  std::map<std::string, std::vector<double>> published;  ///< all values, by key
  std::vector<Saved> saved;
  std::vector<Announced> announced;
  std::vector<ArtifactData> artifacts;  ///< published while they were wanted
  std::vector<RunSaved> runs_saved;
  std::optional<std::uint64_t> ledger_started;  ///< number of calls to remember
  std::vector<Measured> statistics;             ///< that were measured
  std::vector<TensorData> predicted;            ///< by the last prediction
  const kairos_call* predicted_in = nullptr;    ///< its hook
  std::vector<std::string> run_requests;        ///< directories, in this hook; Fit empties it
  std::optional<std::string> resumed_from;      ///< directory
  std::map<std::int32_t, int> outcomes;  ///< number of tasks by KAIROS_TASK_RAN, _DROPPED and _CANCELLED
  std::map<std::uint64_t, std::vector<TensorData>> snapshots;             ///< weights, by slot
  std::map<std::uint64_t, std::map<std::string, double>> hyper_of_slots;  ///< of trainings
  std::uint64_t generation = 1;                                           ///< of the weights
  /// The last one is live: its weights are in tensors[Role::Weight], and `trained` has those that are
  /// trained.
  std::vector<SwappedIn> swapped_in;
  std::vector<TensorData> trained;
  std::uint32_t accumulated = 1;                 ///< batches of one step
  std::set<std::uint32_t> frozen;                ///< indices of weights
  std::map<std::uint32_t, double> rate_factors;  ///< by index of the weight, but those that are 1
  bool discarded = false;                        ///< the step of the last on_backward_end

  /// The next `times` calls of a function fail with this status and reason. The name is that of the interface
  /// and the function: "model.save", "optimizer.set". Throws std::invalid_argument for an unknown name.
  void fail(const std::string& function, kairos_status status, std::string reason, int times = 1) {
    if (functions().count(function) == 0)
      throw std::invalid_argument("no function of the host is called \"" + function +
                                  "\"; expected a name such as \"model.save\"");
    failures_[function] = {status, std::move(reason), times};
  }
  /// How often the callback has called a function, also without success.
  [[nodiscard]] int calls(const std::string& function) const {
    const auto found = calls_.find(function);
    return found == calls_.end() ? 0 : found->second;
  }
  /// Whether a printed line contains the text.
  [[nodiscard]] bool printed(std::string_view part) const {
    for (const Line& line : lines)
      if (line.text.find(part) != std::string::npos) return true;
    return false;
  }
  /// Sets the value of a log key, which is added if it is new. Keys that end in "loss" are better when
  /// smaller, those that end in "accuracy" when larger, unless a direction is given.
  Log& log(const std::string& key, std::optional<double> value,
           std::optional<Direction> direction = std::nullopt) {
    for (Log& each : logs)
      if (each.name == key) {
        if (direction) each.direction = *direction;
        each.value = value;
        return each;
      }
    logs.push_back({key, direction.value_or(direction_of(key)), value, false});
    return logs.back();
  }

  // ---- for Instance

  [[nodiscard]] const kairos_host* abi() const { return &table_; }
  [[nodiscard]] static Host& of(const kairos_host* host) { return *static_cast<Host*>(host->impl); }
  /// The declaration of the instance that this host serves, and the values of its options.
  void serve(const kairos_callback& declaration, std::string name, const Settings& settings);
  [[nodiscard]] bool may(std::uint64_t capability) const {
    return (declaration_->capabilities & capability) == capability;
  }
  [[nodiscard]] const std::string& instance_name() const { return name_; }
  [[nodiscard]] const char* option_name(std::uint32_t index) const {
    return index < declaration_->option_count ? declaration_->options[index]->name : nullptr;
  }
  [[nodiscard]] std::int32_t option_type(std::uint32_t index) const {
    return declaration_->options[index]->type;
  }
  /// Counts the call; the status of a failure that the test asked for, else KAIROS_OK.
  kairos_status enter(kairos_call* call, const char* function) {
    ++calls_[function];
    const auto found = failures_.find(function);
    if (found == failures_.end() || found->second.times == 0) return KAIROS_OK;
    --found->second.times;
    if (call != nullptr) Call::of(call).reason = found->second.reason;
    return found->second.status;
  }
  kairos_status option_is_set(std::uint32_t index, std::int32_t& out) {
    if (const kairos_status status = enter(nullptr, "options.is_set"); status != KAIROS_OK) return status;
    if (index >= given_.size()) return KAIROS_E_RANGE;
    out = given_[index] ? 1 : 0;
    return KAIROS_OK;
  }
  kairos_status option_item(std::uint32_t index, std::uint64_t item, kairos_value& out) {
    if (const kairos_status status = enter(nullptr, "options.item"); status != KAIROS_OK) return status;
    if (index >= values_.size()) return KAIROS_E_RANGE;
    const kairos_option& option = *declaration_->options[index];
    if (option.type != KAIROS_TYPE_LIST) return KAIROS_E_INVALID;
    if (item >= Value::count_items(values_[index].text)) return KAIROS_E_RANGE;
    out = Value::item(option, values_[index].text, item);
    return KAIROS_OK;
  }
  [[nodiscard]] bool is_live(std::uint64_t slot) const {
    return !swapped_in.empty() && swapped_in.back().slot == slot;
  }
  /// What was written to the live weights belongs to their slot.
  void store_live() {
    if (!swapped_in.empty()) snapshots[swapped_in.back().slot] = tensors[Role::Weight];
  }
  void swap_in(std::uint64_t slot, std::string label) {
    for (const SwappedIn& one : swapped_in)
      if (one.slot == slot) return;
    if (swapped_in.empty()) trained = tensors[Role::Weight];
    store_live();
    swapped_in.push_back({slot, std::move(label)});
    show_live();
  }
  void swap_out(std::uint64_t slot) {
    for (std::size_t i = 0; i < swapped_in.size(); ++i) {
      if (swapped_in[i].slot != slot) continue;
      store_live();
      swapped_in.erase(swapped_in.begin() + static_cast<std::ptrdiff_t>(i));
      return show_live();
    }
  }
  /// Called where a host takes everything out: at the end of an epoch, of a training, before an interrupt.
  void end_swaps() {
    while (!swapped_in.empty()) swap_out(swapped_in.back().slot);
  }
  /// Runs the tasks that wait now, in order, or cancels them; the first status other than KAIROS_OK.
  kairos_status run_tasks() {
    kairos_status first = KAIROS_OK;
    std::vector<kairos_task> waiting;
    waiting.swap(tasks_);
    for (const kairos_task& task : waiting) {
      const bool runs = !ending || (task.flags & KAIROS_TASK_MUST_FINISH) != 0;
      const kairos_status status = runs ? task.work(task.arg) : KAIROS_OK;
      if (first == KAIROS_OK) first = status;
      ++outcomes[runs ? KAIROS_TASK_RAN : KAIROS_TASK_CANCELLED];
      if (task.done != nullptr) task.done(task.arg, runs ? KAIROS_TASK_RAN : KAIROS_TASK_CANCELLED);
    }
    return first;
  }
  /// KAIROS_E_BUSY if `room` tasks wait and none of them can be dropped.
  kairos_status add_task(const kairos_task& task) {
    if (tasks_.size() >= (task.room == 0 ? 64 : task.room)) {
      const auto oldest = std::find_if(tasks_.begin(), tasks_.end(), [&](const kairos_task& waiting) {
        return task.when_full == KAIROS_TASK_WHEN_FULL_DROP && (waiting.flags & KAIROS_TASK_MUST_FINISH) == 0;
      });
      if (oldest == tasks_.end()) return KAIROS_E_BUSY;
      const kairos_task dropped = *oldest;
      tasks_.erase(oldest);
      ++outcomes[KAIROS_TASK_DROPPED];
      if (dropped.done != nullptr) dropped.done(dropped.arg, KAIROS_TASK_DROPPED);
    }
    tasks_.push_back(task);
    return KAIROS_OK;
  }

 private:
  struct Failure {
    kairos_status status;
    std::string reason;
    int times;
  };

  static const std::set<std::string>& functions() {
    // clang-format off
    static const std::set<std::string> names{
        "host.option", "options.is_set", "options.item", "logs.count", "logs.key", "logs.find", "logs.value", "logs.declare",
        "logs.publish", "control.request_stop", "control.stop_requested", "optimizer.get",
        "optimizer.set", "tensors.count", "tensors.borrow", "tensors.find", "model.save",
        "model.can_save", "model.load_weights", "model.snapshot", "model.rollback", "model.drop",
        "model.architecture", "model.save_in_background", "weights.take", "weights.put",
        "weights.borrow", "weights.swap_in", "weights.swap_out", "weights.live", "weights.drop",
        "expressions.evaluate", "tasks.submit", "tasks.drain", "tasks.post", "tasks.drain_for",
        "files.announce", "batch.loss", "batch.indices", "batch.random", "batch.replace",
        "batch.classes", "step.accumulate", "step.discard", "step.freeze", "step.scale_rate",
        "run.position", "run.checkpoint", "run.resume_from", "artifacts.publish", "info.entry",
        "forward.batches", "forward.evaluate",
        "forward.predict", "forward.output", "forward.statistics", "forward.trial_step",
        "dist.broadcast", "dist.all_reduce",
        "ledger.start", "ledger.elapsed", "ledger.count", "ledger.entry", "ledger.remembered"};
    // clang-format on
    return names;
  }
  static Direction direction_of(std::string_view key) {
    const auto ends = [key](std::string_view end) {
      return key.size() >= end.size() && key.substr(key.size() - end.size()) == end;
    };
    return ends("loss") ? Direction::Min : ends("accuracy") ? Direction::Max : Direction::Unknown;
  }
  void show_live() {
    tensors[Role::Weight] = swapped_in.empty() ? trained : snapshots[swapped_in.back().slot];
    ++generation;
  }
  /// The keys in the declaration's `publishes`.
  void declare_published();

  kairos_host table_{};
  const kairos_callback* declaration_ = nullptr;
  std::string name_;
  Settings settings_;  ///< by index of the option; owns the texts
  std::vector<kairos_value> values_;
  std::vector<bool> given_;  ///< for each value, whether the test gave it
  std::map<std::string, Failure> failures_;
  std::map<std::string, int> calls_;
  std::vector<kairos_task> tasks_;
};

}  // namespace testing
}  // namespace v1
}  // namespace kairos
