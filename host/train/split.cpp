// SPDX-License-Identifier: MIT
// Holds out the last samples, or random ones.
#include "train/split.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <queue>
#include <random>
#include <tuple>
#include <utility>

#include "kairos/host/error.hpp"
#include "train/pass_random.hpp"

namespace kairos::host {

namespace {

/// Not the number of any pass over the data, so that the split and the order of samples are independent.
constexpr std::int64_t split_pass = -1;

std::int64_t training_count(std::int64_t samples, const FitOptions& options) {
  const double share = *options.validation_split;
  const auto count = static_cast<std::int64_t>(std::floor(static_cast<double>(samples) * (1.0 - share)));
  if (count > 0 && count < samples) return count;
  throw Error(ErrorKind::Usage, {"KAIROS-U010", "`validation_split`", "the value is outside its range",
                                 fmt::format("{}", share),
                                 "a share that leaves samples on both sides of " + std::to_string(samples),
                                 "Choose another share, or use more data"});
}

/// Marks `count` of the rows as held out.
void draw(std::vector<std::int64_t>& rows, std::int64_t count, std::mt19937_64& random,
          std::vector<bool>& held) {
  for (std::int64_t i = 0; i < count; ++i) {
    const auto first = static_cast<std::size_t>(i);
    std::swap(rows[first], rows[first + static_cast<std::size_t>(below(random, rows.size() - first))]);
    held[static_cast<std::size_t>(rows[first])] = true;
  }
}

/// How many rows of a class are held out.
struct Quota {
  std::int64_t rows, held;
  double rest;  ///< the exact share minus `held`
};

/// Holds out `missing` more rows, or fewer if it is negative. Each step changes the quota of one class by one
/// row: preferably of a class that is in both parts afterwards, among those the one furthest from its exact
/// share. Ends after |missing| steps, or when no quota can change.
void settle(std::vector<Quota>& quotas, std::int64_t missing) {
  const std::int64_t by = missing < 0 ? -1 : 1;
  // In both parts, distance from the share, -class: the best move is the greatest.
  using Move = std::tuple<bool, double, std::int64_t>;
  std::priority_queue<Move> moves;
  const auto offer = [&](std::int64_t number) {
    const Quota& one = quotas[static_cast<std::size_t>(number)];
    const std::int64_t held = one.held + by;
    if (held < 0 || held > one.rows) return;
    moves.emplace(held > 0 && held < one.rows, static_cast<double>(by) * one.rest, -number);
  };
  for (std::int64_t i = 0; i < std::ssize(quotas); ++i) offer(i);
  for (; missing != 0 && !moves.empty(); missing -= by) {
    const std::int64_t number = -std::get<2>(moves.top());
    moves.pop();
    Quota& quota = quotas[static_cast<std::size_t>(number)];
    quota.held += by;
    quota.rest -= static_cast<double>(by);
    offer(number);
  }
}

std::vector<Quota> quotas_of(const std::map<std::int32_t, std::vector<std::int64_t>>& rows_of,
                             std::int64_t held, std::int64_t samples) {
  const double share = static_cast<double>(held) / static_cast<double>(samples);
  std::vector<Quota> quotas;
  std::int64_t missing = held;
  for (const auto& [label, rows] : rows_of) {
    const auto count = static_cast<std::int64_t>(rows.size());
    const double exact = share * static_cast<double>(count);
    std::int64_t whole = std::min(static_cast<std::int64_t>(std::floor(exact)), count);
    if (whole == 0 && count > 1) whole = 1;
    if (whole == count && count > 1) whole = count - 1;
    quotas.push_back({count, whole, exact - static_cast<double>(whole)});
    missing -= whole;
  }
  settle(quotas, missing);
  return quotas;
}

void draw_stratified(std::int64_t held_count, std::span<const std::int32_t> classes, std::mt19937_64& random,
                     std::vector<bool>& held) {
  std::map<std::int32_t, std::vector<std::int64_t>> rows_of;
  for (std::size_t row = 0; row < classes.size(); ++row)
    rows_of[classes[row]].push_back(static_cast<std::int64_t>(row));
  const std::vector<Quota> quotas = quotas_of(rows_of, held_count, static_cast<std::int64_t>(classes.size()));
  auto quota = quotas.begin();
  for (auto& [label, rows] : rows_of) draw(rows, quota++->held, random, held);
}

}  // namespace

bool holds_out(const FitOptions& options) {
  return options.validation_split.has_value() && !options.validation_data.has_value();
}

SplitRows split_rows(std::int64_t samples, const FitOptions& options, std::span<const std::int32_t> classes) {
  if (!holds_out(options)) return {{0, samples, {}}, {}};
  const std::int64_t count = training_count(samples, options);
  if (options.split == Split::Last) return {{0, count, {}}, {count, samples, {}}};
  std::mt19937_64 random = pass_random(options.seed, split_pass);
  std::vector<bool> held(static_cast<std::size_t>(samples));
  if (options.split == Split::Stratified) {
    draw_stratified(samples - count, classes, random, held);
  } else {
    std::vector<std::int64_t> rows(static_cast<std::size_t>(samples));
    std::iota(rows.begin(), rows.end(), std::int64_t{0});
    draw(rows, samples - count, random, held);
  }
  SplitRows split;
  for (std::int64_t row = 0; row < samples; ++row)
    (held[static_cast<std::size_t>(row)] ? split.validation : split.training).rows.push_back(row);
  return split;
}

}  // namespace kairos::host
