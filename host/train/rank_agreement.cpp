// SPDX-License-Identifier: MIT
// One exchange of a few numbers per event; only a difference costs more.
#include "train/rank_agreement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

#include "base/byte_stream.hpp"
#include "base/hash64.hpp"
#include "base/rank_calls.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

constexpr std::array hyper_names{"learning_rate", "momentum", "rho",         "beta_1",
                                 "beta_2",        "epsilon",  "weight_decay"};

/// A hyperparameter that the optimizer has not is less than all values.
double hyper_of(const Model& model, const char* name) {
  return model.hyper(name).value_or(-1);
}

/// The part of a hash that a double holds exactly.
double as_number(std::uint64_t hash) {
  constexpr int digits = std::numeric_limits<double>::digits;
  return static_cast<double>(hash >> (64 - digits));
}

}  // namespace

RankAgreement::RankAgreement(Ranks* ranks, Model& model, Callbacks& callbacks, const std::atomic<int>* signal)
    : ranks_(ranks), model_(model), callbacks_(callbacks), signal_(signal) {
  if (ranks_ != nullptr) remember();
}

int RankAgreement::signal() const noexcept {
  if (ranks_ != nullptr) return agreed_signal_;
  return signal_ == nullptr ? 0 : signal_->load(std::memory_order_relaxed);
}

void RankAgreement::remember() {
  hypers_.clear();
  for (const char* name : hyper_names) hypers_.push_back(hyper_of(model_, name));
  writes_ = callbacks_.writes_of_weights();
}

bool RankAgreement::any(bool own) {
  if (ranks_ == nullptr) return own;
  double number = own ? 1 : 0;
  ranks_->reduce(Reduction::Max, {&number, 1});
  return number != 0;
}

/// Of each number the largest and, negated, the smallest of all ranks.
void RankAgreement::agree(const char* hook) {
  const bool stops = callbacks_.stop().has_value();
  numbers_.assign({signal_ == nullptr ? 0.0 : static_cast<double>(signal_->load()), stops ? 1.0 : 0.0,
                   callbacks_.writes_of_weights() == writes_ ? 0.0 : 1.0});
  constexpr std::size_t flags = 3;
  for (const char* name : hyper_names) numbers_.push_back(hyper_of(model_, name));
  for (std::size_t i = 0; i < flags + hyper_names.size(); ++i) numbers_.push_back(-numbers_[i]);
  static_assert(2 * (flags + hyper_names.size()) <= most_numbers_in_step);
  reduce_in_step(*ranks_, hook, numbers_);
  const std::size_t count = flags + hyper_names.size();
  const auto differs = [&](std::size_t i) { return numbers_[i] != -numbers_[count + i]; };
  agreed_signal_ = static_cast<int>(numbers_[0]);
  bool hypers_differ = false;
  for (std::size_t i = flags; i < count; ++i) hypers_differ = hypers_differ || differs(i);
  if (numbers_[1] != 0 && differs(1)) agree_on_stop();
  const bool weights_written = numbers_[2] != 0;
  if (hypers_differ) agree_on_hypers(hook);
  if (weights_written) agree_on_weights(hook);
  if (hypers_differ || weights_written) {
    remember();
    return;
  }
  for (std::size_t i = 0; i < hyper_names.size(); ++i) hypers_[i] = numbers_[flags + i];
}

/// The request of the lowest rank that has one.
void RankAgreement::agree_on_stop() {
  ByteWriter own;
  if (const std::optional<StopRequest>& stop = callbacks_.stop()) {
    own.text(stop->reason);
    own.text(stop->instance);
  }
  for (const std::string& one : ranks_->gather(std::move(own).take())) {
    if (one.empty()) continue;
    ByteReader in(one);
    const std::string reason(in.text()), instance(in.text());
    if (!callbacks_.stop()) callbacks_.adopt_stop({reason, instance});
    return;
  }
}

void RankAgreement::diverged(const char* hook, const std::string& what,
                             const std::vector<std::string>& values, const std::vector<bool>& changed) {
  const auto one = static_cast<std::size_t>(std::ranges::find(changed, true) - changed.begin());
  std::size_t other = one + 1;
  while (other < values.size() && (!changed[other] || values[other] == values[one])) ++other;
  const auto said = [&](std::size_t rank) {
    return fmt::format("{} on {}", values[rank], ranks_->name_of(static_cast<int>(rank)));
  };
  throw Error(
      ErrorKind::Callback,
      {"KAIROS-C040", hook, "callbacks decided differently on two ranks: " + what,
       said(one) + ", " + said(std::min(other, values.size() - 1)), "the same on all ranks",
       "Let the callback decide from its logs alone, on one rank alone, or from what it has reduced"});
}

void RankAgreement::agree_on_hypers(const char* hook) {
  for (std::size_t i = 0; i < hyper_names.size(); ++i) {
    const double own = hyper_of(model_, hyper_names[i]);
    ByteWriter out;
    out.number(own);
    out.number<std::uint8_t>(own != hypers_[i] ? 1 : 0);
    std::vector<std::string> texts;
    std::vector<bool> changed;
    std::optional<double> decided;
    bool alike = true;
    for (const std::string& text : ranks_->gather(std::move(out).take())) {
      ByteReader in(text);
      const auto value = in.number<double>();
      changed.push_back(in.number<std::uint8_t>() != 0);
      texts.push_back(fmt::format("{:g}", value));
      if (!changed.back()) continue;
      if (decided && *decided != value) alike = false;
      if (!decided) decided = value;
    }
    if (!alike) diverged(hook, hyper_names[i], texts, changed);
    if (decided && *decided != own) model_.set_hyper(hyper_names[i], *decided);
  }
}

std::uint64_t RankAgreement::weights_hash() {
  std::uint64_t hash = 0;
  for (const Role role : {Role::Weight, Role::Slot})
    for (const TensorRef& tensor : model_.tensors(role))
      hash = hash64_of(std::span<const float>(tensor.data, static_cast<std::size_t>(tensor.size())), hash);
  return hash;
}

void RankAgreement::send_weights_of(int root) {
  for (const Role role : {Role::Weight, Role::Slot}) {
    for (const TensorRef& tensor : model_.tensors(role))
      ranks_->broadcast(
          root, std::as_writable_bytes(std::span(tensor.data, static_cast<std::size_t>(tensor.size()))));
    model_.tensors_written(role);
  }
}

void RankAgreement::agree_on_weights(const char* hook) {
  const bool wrote = callbacks_.writes_of_weights() != writes_;
  const std::uint64_t own = weights_hash();
  ByteWriter out;
  out.number(own);
  out.number<std::uint8_t>(wrote ? 1 : 0);
  std::vector<std::string> texts;
  std::vector<bool> changed;
  std::optional<std::size_t> writer;
  bool equal = true, alike = true;
  for (const std::string& text : ranks_->gather(std::move(out).take())) {
    ByteReader in(text);
    const auto hash = in.number<std::uint64_t>();
    changed.push_back(in.number<std::uint8_t>() != 0);
    texts.push_back(fmt::format("{:016x}", hash));
    equal = equal && texts.back() == texts.front();
    if (!changed.back()) continue;
    if (writer && texts.back() != texts[*writer]) alike = false;
    if (!writer) writer = texts.size() - 1;
  }
  if (equal) return;
  if (!alike) diverged(hook, "the weights, by their hash", texts, changed);
  send_weights_of(static_cast<int>(*writer));
}

void RankAgreement::require_equal_weights() {
  if (ranks_ == nullptr) return;
  const double own = as_number(weights_hash());
  std::array<double, 2> range{own, -own};
  ranks_->reduce(Reduction::Max, range);
  if (range[0] == -range[1]) return;
  std::vector<std::string> texts;
  for (const std::string& hash : ranks_->gather(fmt::format("{:016x}", weights_hash())))
    texts.push_back(hash);
  diverged("on_epoch_end", "the weights, by their hash", texts, std::vector<bool>(texts.size(), true));
}

}  // namespace kairos::host
