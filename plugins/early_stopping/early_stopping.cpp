// SPDX-License-Identifier: MIT
// Stops a run whose metrics have stopped improving, and restores the best weights.
#include <kairos/plugin.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../common/log_keys.hpp"
#include "../common/text.hpp"

namespace kairos::plugins {

/// By default, behaves as Keras 3.15 `EarlyStopping`, except that NaN and infinity never become the best
/// value. The first monitored epoch starts the count, whatever its value; later NaN epochs count as epochs
/// without improvement. stopping_threshold, divergence_threshold and check_finite are those of PyTorch
/// Lightning 2, with its strict comparisons; the relative min_delta is that of PyTorch's ReduceLROnPlateau,
/// taken of the size of the best value, so that it is right for negative values too.
struct EarlyStopping : Callback<EarlyStopping> {
  static constexpr auto id = "kairos.EarlyStopping";
  static constexpr auto summary = "Stops the run when a metric has stopped improving.";
  static constexpr auto capabilities = Can::Stop | Can::WriteWeights;

  Option<Metric> monitor{this, "monitor", "val_loss", "monitored metric", voids_state};
  Option<double> min_delta{this, "min_delta", 0.0,
                           "smallest change that counts as an improvement; the sign is ignored"};
  Option<int> patience{this,           "patience",    0, "epochs without improvement before the run stops",
                       unit("epochs"), kairos::min(0)};
  Option<int> verbose{this, "verbose", 0, "1 prints why the run stops and which weights are restored",
                      kairos::min(0)};
  Option<Choice> mode{this, "mode", "auto",
                      "whether smaller or larger is better; auto as the metric declares",
                      choices("auto,min,max")};
  Option<double> baseline{this, "baseline", unset,
                          "value that an improvement must beat to reset the patience"};
  Option<bool> restore_best_weights{this, "restore_best_weights", false,
                                    "restore the weights of the best epoch when the run ends"};
  Option<int> start_from_epoch{
      this,           "start_from_epoch", 0, "number of epochs at the start that are ignored",
      unit("epochs"), kairos::min(0)};
  // After the arguments of Keras, which may be positional.
  Option<std::string_view> monitors{this, "monitors", unset, "further metrics, such as 'accuracy,val_f1:max'",
                                    voids_state};
  Option<Choice> stop_when{this, "stop_when", "all",
                           "with monitors: whether all metrics, or any, must have stopped improving",
                           choices("all,any")};
  Option<Choice> min_delta_mode{this, "min_delta_mode", "abs",
                                "whether min_delta is absolute, or relative to the best value",
                                choices("abs,rel")};
  Option<double> stopping_threshold{this, "stopping_threshold", unset,
                                    "stop as soon as monitor is better than this"};
  Option<double> divergence_threshold{this, "divergence_threshold", unset,
                                      "stop as soon as monitor is worse than this"};
  Option<bool> check_finite{this, "check_finite", false, "stop as soon as a metric is NaN or infinite"};
  Option<std::string_view> check_freq{
      this, "check_freq", "epoch",
      "epoch, or a number of batches: then patience counts checks of the running means", voids_state};

  /// What is known of one metric; saved as bytes.
  struct Progress {
    double best = unset;
    std::int64_t best_epoch = 0;
    std::int64_t wait = 0;      ///< checks since the last improvement
    std::int32_t counting = 0;  ///< 1: the metric has been checked
    std::int32_t stalled = 0;   ///< 1: it had stopped improving in its last check
  };
  State<std::vector<Progress>> progress{this, "progress"};       ///< of monitor, then of monitors
  State<std::int64_t> batches{this, "batches", 0};               ///< since the last check
  State<std::int64_t> stopped_epoch{this, "stopped_epoch", -1};  ///< -1: not stopped
  Snapshot best_weights{this, "best_weights"};

  void setup(Run& run) {
    if (!std::isfinite(min_delta.value()))
      throw Error("min_delta is not finite. Set min_delta=0 or a small number");
    require_number(baseline);
    require_number(stopping_threshold);
    require_number(divergence_threshold);
    if (stop_when == "any" && !monitors.is_set())
      throw Error(
          "stop_when=any chooses among several metrics, and monitors is not set. Set monitors, or omit "
          "stop_when");
    every_batches_ = read_frequency("check_freq", check_freq.value());
    watched_->assign(1, {std::string(monitor.key()), monitor.direction(run, mode)});
    read_monitors(run);
    for (const Watched& one : *watched_)
      if (every_batches_ > 0 && is_validation(one.key))
        throw Error("\"" + one.key + "\" has no value at the end of a batch, where check_freq=" +
                    std::string(check_freq.value()) + " checks. Monitor " + one.key.substr(4) +
                    ", or set check_freq=epoch");
  }

  void on_train_begin(Run& run) {
    if (!run.resumed()) {
      progress->clear();
      batches = 0;
      stopped_epoch = -1;
      best_weights.drop(run);
    }
    progress->resize(watched_->size());
  }

  void on_train_batch_end(Batch& batch) {
    if (every_batches_ == 0 || ++batches < every_batches_) return;
    batches = 0;
    check(batch, batch.epoch());
  }

  void on_epoch_end(Epoch& epoch) {
    if (every_batches_ == 0) check(epoch, epoch.index());
  }

  void on_train_end(End& end) {
    if (stopped_epoch >= 0 && verbose > 0)
      end.print("Epoch " + std::to_string(stopped_epoch + 1) + ": early stopping");
    if (!restore_best_weights || best_weights.empty()) return;
    if (verbose > 0)
      end.print("Restoring model weights from the " +
                std::string(every_batches_ > 0 ? "best check, in epoch " : "end of the best epoch: ") +
                std::to_string(progress->front().best_epoch + 1) + ".");
    best_weights.restore(end);
  }

 private:
  struct Watched {
    std::string key;
    Direction direction = Direction::Min;
  };

  static void require_number(const Option<double>& option) {
    if (option.is_set() && std::isnan(option.value()))
      throw Error(std::string(option.declaration().name) +
                  " is NaN, which no value can beat. Set a number or omit it");
  }

  /// The further metrics: key, or key:min, or key:max.
  void read_monitors(const Run& run) {
    const std::vector<std::string> known = log_keys(run, every_batches_ > 0);
    for (const std::string& word : words_of(monitors.value())) {
      const std::size_t colon = std::min(word.find(':'), word.size());
      const std::string wanted = word.substr(colon);
      const std::string key = known_key(word.substr(0, colon), known);
      if (key.empty())
        throw Error("monitors has \"" + word.substr(0, colon) + "\", which this run does not have" +
                    (every_batches_ > 0 ? " at the end of a batch. " : ". ") +
                    known_instead_of(word.substr(0, colon), known));
      auto direction = static_cast<Direction>(run.log_direction(*run.find_log(key)));
      if (wanted == ":min")
        direction = Direction::Min;
      else if (wanted == ":max")
        direction = Direction::Max;
      else if (!wanted.empty() || direction == Direction::Unknown)
        throw Error("monitors has \"" + word + "\"; expected a metric that declares a direction, or " + key +
                    ":min or " + key + ":max. Correct it");
      watched_->push_back({key, direction});
    }
  }

  void check(Event& event, std::int64_t epoch) {
    stopped_epoch = -1;  // The run was saved when it stopped, and is continued.
    if (epoch < start_from_epoch) return;
    const bool first = progress->front().counting == 0;
    std::string why;
    bool checked = false;
    for (std::size_t i = 0; i < watched_->size(); ++i) {
      const std::optional<double> now = value_of(event, (*watched_)[i].key);
      if (!now) continue;
      checked = true;
      update(event, i, *now, epoch);
      if (why.empty()) why = limit_passed(i, *now);
    }
    if (!checked) return;
    // As in Keras, patience never stops the run in the first epoch.
    if (why.empty() && (every_batches_ > 0 ? !first : epoch > 0)) why = stalled();
    if (why.empty()) return;
    stopped_epoch = epoch;
    event.stop(why);
  }

  void update(Event& event, std::size_t i, double now, std::int64_t epoch) {
    Progress& one = (*progress)[i];
    const Direction direction = (*watched_)[i].direction;
    const bool remembers = i == 0 && restore_best_weights;
    if (remembers && best_weights.empty()) {
      one.best_epoch = epoch;
      best_weights.take(event);
    }
    const bool first = one.counting == 0;
    one.counting = 1;
    ++one.wait;
    const bool better = std::isfinite(now) && is_better(direction, now, one.best, delta(one.best));
    if (better) {
      one.best = now;
      one.best_epoch = epoch;
      if (remembers) best_weights.take(event);
    }
    one.stalled = !better && !first && one.wait >= patience ? 1 : 0;
    if (!better && !first) return;
    if (i != 0 || !baseline.is_set() || is_better(direction, now, baseline, delta(baseline))) one.wait = 0;
  }

  [[nodiscard]] double delta(double best) const {
    return min_delta_mode == "rel" ? min_delta * std::fabs(best) : min_delta.value();
  }

  /// Why a value ends the run at once; "" if it does not.
  [[nodiscard]] std::string limit_passed(std::size_t i, double now) const {
    const Watched& one = (*watched_)[i];
    if (check_finite && !std::isfinite(now)) return one.key + " is " + shortest(now);
    if (i != 0) return "";
    const Direction opposite = one.direction == Direction::Max ? Direction::Min : Direction::Max;
    if (stopping_threshold.is_set() && is_better(one.direction, now, stopping_threshold))
      return one.key + " has reached " + shortest(now) +
             ", better than stopping_threshold=" + shortest(stopping_threshold.value());
    if (divergence_threshold.is_set() && is_better(opposite, now, divergence_threshold))
      return one.key + " has reached " + shortest(now) +
             ", worse than divergence_threshold=" + shortest(divergence_threshold.value());
    return "";
  }

  /// Why the metrics end the run; "" if they do not.
  [[nodiscard]] std::string stalled() const {
    std::string text;
    std::size_t count = 0;
    for (std::size_t i = 0; i < watched_->size(); ++i)
      if ((*progress)[i].stalled != 0) {
        text += (count == 0 ? "" : "; ") + reason(i);
        ++count;
      }
    return stop_when == "all" && count < watched_->size() ? "" : text;
  }

  [[nodiscard]] const char* unit_of(std::int64_t count) const {
    if (every_batches_ > 0) return count == 1 ? "check" : "checks";
    return count == 1 ? "epoch" : "epochs";
  }

  [[nodiscard]] std::string reason(std::size_t i) const {
    const Progress& one = (*progress)[i];
    const std::string& metric = (*watched_)[i].key;
    if (std::isnan(one.best)) return metric + " has had no finite value so far";
    return metric + " has not improved in the last " + (one.wait == 1 ? "" : std::to_string(one.wait) + " ") +
           unit_of(one.wait) + "; the best was " + (every_batches_ > 0 ? "in " : "") + "epoch " +
           std::to_string(one.best_epoch + 1);
  }

  Owned<std::vector<Watched>> watched_{this};
  std::int64_t every_batches_ = 0;  ///< 0: at the end of epochs
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::EarlyStopping)
