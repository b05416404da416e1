// SPDX-License-Identifier: MIT
// Does something on one rank, at the end of a batch or of an epoch. The rank may be -1: on all of them.
#include <kairos/plugin.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

template <class Self>
struct OnRank : kairos::Callback<Self> {
  kairos::Option<int> where{this, "rank", 1, "rank that does it; -1: all", kairos::min(-1)};
  kairos::Option<std::string_view> what{
      this, "what", "say",
      "say, stop, rate, rates, test_rates, weights, many_weights, fail, kill, signal or hang"};
  kairos::Option<int> batch{this, "batch", -1, "batch of each epoch; -1: the end of the epoch",
                            kairos::min(-1)};
  kairos::Option<int> epoch_number{this, "epoch", 1, "epoch, from 0", kairos::min(0)};

  void on_epoch_begin(kairos::Epoch& epoch) { now_ = epoch.index(); }
  void on_test_begin(kairos::Test& test) {
    if (what.value() == "test_rates") test.set_learning_rate(0.125 * (1 + test.rank()));
  }
  void on_train_batch_end(kairos::Batch& event) {
    if (event.index() == batch && now_ == epoch_number) act(event);
  }
  void on_epoch_end(kairos::Epoch& epoch) {
    if (batch == -1 && epoch.index() == epoch_number) act(epoch);
  }

 private:
  template <class Event>
  void act(Event& event) {
    const int rank = event.rank();
    if (where != -1 && rank != where) return;
    const std::string_view action = what.value();
    if (action == "say") event.print("rank " + std::to_string(rank) + " is here");
    if (action == "stop") event.stop("rank " + std::to_string(rank) + " wants it");
    if (action == "rate") event.set_learning_rate(0.125);
    if (action == "rates") event.set_learning_rate(0.125 * (1 + rank));
    if (action == "weights") write(event, 0.5F);
    if (action == "many_weights") write(event, 0.5F + static_cast<float>(rank));
    if (action == "fail") throw kairos::Error("there is no more paper");
    if (action == "kill") static_cast<void>(std::raise(SIGKILL));
    if (action == "signal") static_cast<void>(std::raise(SIGTERM));
    if (action == "hang") std::this_thread::sleep_for(std::chrono::hours(1));
  }

  template <class Event>
  static void write(Event& event, float value) {
    const kairos::Tensor weights = event.tensor(kairos::Role::Weight, 0, kairos::Access::Write);
    for (std::int64_t i = 0; i < weights.size(); ++i) weights.mutable_data()[i] = value;
  }

  std::int64_t now_ = -1;
};

/// On every rank.
struct Everywhere : OnRank<Everywhere> {
  static constexpr auto id = "com.example.Everywhere";
  static constexpr bool every_rank = true;
  static constexpr auto capabilities =
      kairos::Can::Stop | kairos::Can::SetOptimizer | kairos::Can::WriteWeights;
};

/// On rank 0 alone.
struct Reporter : OnRank<Reporter> {
  static constexpr auto id = "com.example.Reporter";
  static constexpr auto phase = kairos::Phase::Report;
  static constexpr auto capabilities =
      kairos::Can::Stop | kairos::Can::SetOptimizer | kairos::Can::WriteWeights;
};

/// On rank 0 alone, although it would change gradients.
struct Meddler : kairos::Callback<Meddler> {
  static constexpr auto id = "com.example.Meddler";
  static constexpr auto phase = kairos::Phase::Report;
  static constexpr auto capabilities = kairos::Can::WriteGradients;
  void on_backward_end(kairos::Batch&) {}
};

/// On rank 0 alone: counts the samples that it can read.
struct Reader : kairos::Callback<Reader> {
  static constexpr auto id = "com.example.Reader";
  static constexpr auto phase = kairos::Phase::Report;
  kairos::Option<bool> training{this, "training", false, "read training batches"};

  void on_train_batch_end(kairos::Batch& batch) {
    if (training) static_cast<void>(batch.tensor(kairos::Role::Input, 0));
  }
  void on_test_begin(kairos::Test&) { values_ = 0; }
  void on_test_batch_end(kairos::Batch& batch) { values_ += batch.tensor(kairos::Role::Output, 0).size(); }
  void on_test_end(kairos::Test& test) { test.print(std::to_string(values_) + " values"); }

 private:
  std::int64_t values_ = 0;
};

/// Exchanges numbers with the other ranks; one of them may stay away.
struct Adder : kairos::Callback<Adder> {
  static constexpr auto id = "com.example.Adder";
  kairos::Option<int> absent{this, "absent", -1, "rank that does not call", kairos::min(-1)};
  kairos::Option<bool> early{this, "early", false, "call before the step, where ranks cannot meet"};

  void on_backward_end(kairos::Batch& batch) {
    if (early) add(batch);
  }
  void on_epoch_end(kairos::Epoch& epoch) {
    if (epoch.rank() != absent) add(epoch);
  }

 private:
  template <class Event>
  static void add(Event& event) {
    const auto rank = static_cast<double>(event.rank());
    double sum = rank + 1, least = rank, most = rank, from_last = 10 * rank;
    event.all_reduce(kairos::Reduce::Sum, &sum, 1);
    event.all_reduce(kairos::Reduce::Min, &least, 1);
    event.all_reduce(kairos::Reduce::Max, &most, 1);
    event.broadcast(event.ranks() - 1, &from_last, sizeof from_last);
    event.print(std::to_string(sum) + " " + std::to_string(least) + " " + std::to_string(most) + " " +
                std::to_string(from_last));
  }
};

KAIROS_PLUGIN("1.0.0", Everywhere, Reporter, Meddler, Reader, Adder)
