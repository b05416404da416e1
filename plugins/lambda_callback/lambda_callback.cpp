// SPDX-License-Identifier: MIT
// Stops the run, prints a line or sets the learning rate where a formula holds.
#include <kairos/plugin.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "../common/log_keys.hpp"
#include "../common/text.hpp"

namespace kairos::plugins {

/// Keras' `LambdaCallback`, with formulas of kairos.expressions/1 in place of functions, and an action in
/// place of their body. The variables of a formula are fixed when the plugin is compiled, so log keys other
/// than the usual ones are reached through `monitor`.
struct LambdaCallback : Callback<LambdaCallback> {
  static constexpr auto id = "kairos.LambdaCallback";
  static constexpr auto summary =
      "Stops the run, prints a line or sets the learning rate where a formula holds.";
  static constexpr auto capabilities = Can::Stop | Can::SetOptimizer;

  static constexpr auto names =
      "epoch,epochs,batch,step,lr,loss,val_loss,accuracy,val_accuracy,value,best,ago1,ago2,ago3,since_best";

  Option<Choice> action{this, "action", required, "what is done where a condition is not 0",
                        choices("stop,print,set_lr")};
  Option<Expression> on_epoch_begin_if{this, "on_epoch_begin", unset, "condition at the begin of an epoch",
                                       variables(names)};
  Option<Expression> on_epoch_end_if{this, "on_epoch_end", unset, "condition at the end of an epoch",
                                     variables(names)};
  Option<Expression> on_train_batch_begin_if{this, "on_train_batch_begin", unset,
                                             "condition at the begin of a batch", variables(names)};
  Option<Expression> on_train_batch_end_if{this, "on_train_batch_end", unset,
                                           "condition at the end of a batch", variables(names)};
  Option<Expression> lr{this, "lr", unset, "with action=set_lr: the new rate", variables(names)};
  Option<std::string_view> message{this, "message", unset, "text that is printed, or the reason of the stop"};
  Option<Metric> monitor{this, "monitor", unset,
                         "metric whose values are value, best, ago1, ago2, ago3 and since_best", voids_state};
  Option<Choice> mode{this, "mode", "auto",
                      "whether smaller or larger values of monitor are better; auto as it declares",
                      choices("auto,min,max")};

  State<double> best{this, "best", unset};
  State<std::int64_t> since_best{this, "since_best", 0};           ///< epochs
  State<std::array<double, 4>> recent{this, "recent", no_values};  ///< of the last epochs, newest first

  void setup(Run& run) {
    if (run.mode() != Mode::Fit) return;
    if (conditions() == 0) throw Error("no condition is set. Set one, such as on_epoch_end='loss < 0.1'");
    if (lr.is_set() != (action == "set_lr"))
      throw Error(lr.is_set() ? "lr applies to action=set_lr only. Omit it, or set action=set_lr"
                              : "action=set_lr needs the new rate. Set for example lr='lr*0.5'");
    if (action == "set_lr") run.set_learning_rate(run.learning_rate());  // Fails before training.
    if (message.is_set() && action == "set_lr")
      throw Error("message applies to action=print and action=stop only. Omit it");
    for (const Option<Expression>* formula : formulas()) check_words(run, *formula);
    check_begin(on_epoch_begin_if);
    check_begin(on_train_batch_begin_if);
    check_validation(on_train_batch_end_if);
    if (on_train_batch_begin_if.is_set() || on_train_batch_end_if.is_set()) check_validation(lr);
    if (monitor.is_set()) direction_ = monitor.direction(run, mode);
    epochs_ = run.epochs();
  }

  void on_epoch_begin(Epoch& epoch) { act_if(epoch, on_epoch_begin_if, epoch.index(), -1, epoch.step()); }
  void on_train_batch_begin(Batch& batch) {
    act_if(batch, on_train_batch_begin_if, batch.epoch(), batch.index(), batch.step());
  }
  void on_train_batch_end(Batch& batch) {
    act_if(batch, on_train_batch_end_if, batch.epoch(), batch.index(), batch.step());
  }
  void on_epoch_end(Epoch& epoch) {
    remember(epoch);
    act_if(epoch, on_epoch_end_if, epoch.index(), -1, epoch.step());
  }

 private:
  static constexpr double none = std::numeric_limits<double>::quiet_NaN();
  static constexpr std::array<double, 4> no_values{none, none, none, none};

  [[nodiscard]] std::array<const Option<Expression>*, 5> formulas() const {
    return {&on_epoch_begin_if, &on_epoch_end_if, &on_train_batch_begin_if, &on_train_batch_end_if, &lr};
  }
  [[nodiscard]] int conditions() const {
    int count = 0;
    for (const Option<Expression>* formula : formulas())
      if (formula != &lr && formula->is_set()) ++count;
    return count;
  }

  /// True if the formula has this word.
  static bool mentions(std::string_view formula, std::string_view word) {
    const auto is_part = [](char c) {
      return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    };
    for (std::size_t at = formula.find(word); at != std::string_view::npos; at = formula.find(word, at + 1)) {
      const std::size_t end = at + word.size();
      if ((at == 0 || !is_part(formula[at - 1])) && (end == formula.size() || !is_part(formula[end])))
        return true;
    }
    return false;
  }

  /// Without a value in this run, a variable would be NaN and the condition never hold.
  void check_words(const Run& run, const Option<Expression>& formula) const {
    const std::string where = std::string(formula.declaration().name) + " uses ";
    for (const char* key : {"loss", "val_loss", "accuracy", "val_accuracy"})
      if (mentions(formula.value(), key) && !run.find_log(key))
        throw Error(where + key + ", which this run does not have. " + known_instead_of(key, log_keys(run)));
    for (const char* word : {"value", "best", "ago1", "ago2", "ago3", "since_best"})
      if (mentions(formula.value(), word) && !monitor.is_set())
        throw Error(where + word + ", which needs a metric. Set for example monitor=val_loss");
  }

  /// There are no logs at the begin of an epoch or a batch.
  static void check_begin(const Option<Expression>& formula) {
    for (const char* key : {"loss", "val_loss", "accuracy", "val_accuracy"})
      if (mentions(formula.value(), key))
        throw Error(std::string(formula.declaration().name) + " uses " + key +
                    ", which has no value there. Use value with monitor=" + key + ", or on_epoch_end");
  }
  /// A batch has no values of the validation.
  static void check_validation(const Option<Expression>& formula) {
    for (const char* key : {"val_loss", "val_accuracy"})
      if (mentions(formula.value(), key))
        throw Error(std::string(formula.declaration().name) + " uses " + key +
                    ", which has no value in a batch. Use " + std::string(key).substr(4) +
                    ", or a condition of on_epoch_end");
  }

  /// True if the formula uses a log that this event does not have, or a value of the monitor that is missing
  /// or NaN: then even val_loss != 0 would hold.
  [[nodiscard]] bool lacks_a_value(const Event& event, std::string_view formula) const {
    for (const char* key : {"loss", "val_loss", "accuracy", "val_accuracy"})
      if (!value_of(event, key) && mentions(formula, key)) return true;
    const std::array<double, 4>& values = recent.value();
    const std::pair<const char*, double> monitored[] = {
        {"value", values[0]}, {"best", best}, {"ago1", values[1]}, {"ago2", values[2]}, {"ago3", values[3]}};
    for (const auto& [word, value] : monitored)
      if (std::isnan(value) && mentions(formula, word)) return true;
    return false;
  }

  void remember(const Epoch& epoch) {
    const std::optional<double> now = monitor.is_set() ? monitor.value(epoch) : std::nullopt;
    if (!now) return;
    recent = {*now, recent.value()[0], recent.value()[1], recent.value()[2]};
    ++since_best;
    if (!std::isfinite(*now) || !is_better(direction_, *now, best)) return;
    best = *now;
    since_best = 0;
  }

  double evaluated(Event& event, const Option<Expression>& formula, std::int64_t epoch, std::int64_t batch,
                   std::int64_t step) const {
    const auto log = [&event](const char* key) { return value_of(event, key).value_or(none); };
    const std::array<double, 4>& values = recent.value();
    return formula(event, epoch, epochs_, batch, step, rate(event), log("loss"), log("val_loss"),
                   log("accuracy"), log("val_accuracy"), values[0], best.value(), values[1], values[2],
                   values[3], since_best.value());
  }

  /// NaN if the optimizer has none.
  static double rate(const Event& event) {
    try {
      return event.learning_rate();
    } catch (const HostError& error) {
      if (error.status() != KAIROS_E_NOT_FOUND) throw;
      return none;
    }
  }

  void act_if(Event& event, const Option<Expression>& condition, std::int64_t epoch, std::int64_t batch,
              std::int64_t step) const {
    if (!condition.is_set() || lacks_a_value(event, condition.value())) return;
    const double holds = evaluated(event, condition, epoch, batch, step);
    if (holds == 0 || std::isnan(holds)) return;
    const std::string text = message.is_set() ? std::string(message.value()) : std::string(condition.value());
    if (action == "stop") {
      event.stop(text);
    } else if (action == "print") {
      event.print("Epoch " + std::to_string(epoch + 1) +
                  (batch < 0 ? "" : ", batch " + std::to_string(batch + 1)) + ": " + text);
    } else {
      const double now = evaluated(event, lr, epoch, batch, step);
      if (!std::isfinite(now) || now < 0)
        throw Error("lr is " + shortest(now) + " in epoch " + std::to_string(epoch + 1) +
                    "; expected a finite rate of 0 or more. Correct the formula");
      event.set_learning_rate(now);
    }
  }

  Direction direction_ = Direction::Min;
  std::int64_t epochs_ = 0;
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::LambdaCallback)
