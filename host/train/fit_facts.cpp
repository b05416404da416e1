// SPDX-License-Identifier: MIT
// Hashes of model and data: a changed number in the data changes the run as much as another file does.
#include "train/fit_facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/byte_stream.hpp"
#include "base/hash64.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

std::uint64_t hash_of(const std::vector<NamedArray>& arrays, std::uint64_t seed) {
  for (const NamedArray& one : arrays) {
    seed = hash64(one.name, seed);
    seed = hash64_of(std::span<const std::int64_t>(one.array.shape), seed);
    seed = hash64_of(std::span<const float>(one.array.values), seed);
  }
  return seed;
}

/// The size, the beginning and the end of a file: all of a large one takes as long to read as an epoch.
std::uint64_t hash_of(const std::filesystem::path& file, std::uint64_t seed) {
  std::error_code error;
  const std::uint64_t size = std::filesystem::file_size(file, error);
  if (error) return seed;  // a directory, whose samples are counted and named
  seed = hash64_of(std::span<const std::uint64_t>(&size, 1), seed);
  std::array<char, 1 << 16> part{};
  std::ifstream in(file, std::ios::binary);
  for (const std::uint64_t from : {std::uint64_t{0}, size - std::min<std::uint64_t>(size, part.size())}) {
    in.seekg(static_cast<std::streamoff>(from));
    in.read(part.data(), static_cast<std::streamsize>(part.size()));
    seed = hash64({part.data(), static_cast<std::size_t>(in.gcount())}, seed);
    in.clear();
  }
  return seed;
}

std::string data_text(const Dataset& data, std::int64_t samples) {
  std::uint64_t hash = 0;
  for (const auto* arrays : {&data.inputs, &data.targets, &data.sample_weights})
    hash = hash_of(*arrays, hash);
  for (const std::string& name : data.class_names) hash = hash64(name, hash);
  for (const std::string& name : data.files) hash = hash64(name, hash);
  const bool in_memory = !data.inputs.empty() && !data.inputs.front().array.values.empty();
  if (!in_memory)
    for (const std::filesystem::path& file : data.sources) hash = hash_of(file, hash);
  return fmt::format("{} samples with the hash {:016x}", samples, hash);
}

std::string class_weight_text(const FitOptions& options) {
  if (options.balances_classes) return "balanced";
  std::string text;
  for (const auto& [label, weight] : options.class_weight)
    text += fmt::format("{}{}={}", text.empty() ? "" : ",", label, weight);
  return text;
}

std::string validation_text(const FitOptions& options) {
  std::string text = fmt::format("every {} epochs", options.validation_freq);
  if (!options.validation_epochs.empty()) {
    text = "after epochs";
    for (const std::int64_t epoch : options.validation_epochs) text += fmt::format(" {}", epoch);
  }
  return text;
}

const char* shuffle_text(Shuffle shuffle) {
  return shuffle == Shuffle::None ? "false" : shuffle == Shuffle::Batches ? "batch" : "true";
}

}  // namespace

FitFacts facts_of(const Model& model, const DataSource& data, Prepared& prepared, const FitOptions& options) {
  FitFacts facts;
  const auto add = [&](const char* name, std::string value) { facts.emplace_back(name, std::move(value)); };
  add("the model", fmt::format("an architecture with the hash {:016x}", hash64(model.architecture())));
  add("the data", data_text(data.layout(), data.layout().size()));
  add("the number of training samples", std::to_string(prepared.training().samples()));
  if (options.validation_data)
    add("the validation data", data_text(*options.validation_data, options.validation_data->size()));
  else if (prepared.validation() != nullptr)
    add("the number of validation samples", std::to_string(prepared.validation()->samples()));
  if (prepared.validation() != nullptr) {
    add("`validation_freq`", validation_text(options));
    add("`validation_steps`", std::to_string(options.validation_steps));
    add("`validation_batch_size`", std::to_string(options.validation_batch_size));
  }
  add("`batch_size`", std::to_string(options.batch_size));
  add("`steps_per_epoch`", std::to_string(options.steps_per_epoch));
  add("`seed`", std::to_string(options.seed));
  add("`shuffle`", shuffle_text(options.shuffle));
  add("`shuffle_window`", std::to_string(options.stream.shuffle_window));
  add("`class_weight`", class_weight_text(options));
  return facts;
}

void require_same_facts(const FitFacts& saved, const FitFacts& now, const std::string& run) {
  const auto value_in = [](const FitFacts& facts, const std::string& name) {
    const auto found = std::ranges::find(facts, name, &FitFacts::value_type::first);
    return found == facts.end()    ? std::string("none")
           : found->second.empty() ? std::string("none")
                                   : found->second;
  };
  const auto compare = [&](const FitFacts& names) {
    for (const auto& [name, unused] : names) {
      const std::string before = value_in(saved, name), given = value_in(now, name);
      if (before != given)
        throw Error(ErrorKind::Usage,
                    {"KAIROS-U090", name, run + " cannot go on with another value", given, before,
                     "Go on with the same data, model and settings, or begin a new run"});
    }
  };
  compare(saved);
  compare(now);
}

void require_same_on_ranks(Ranks& ranks, const FitFacts& facts) {
  ByteWriter own;
  for (const auto& [name, value] : facts) {
    own.text(name);
    own.text(value);
  }
  std::vector<std::map<std::string, std::string>> all;  // of each rank
  for (const std::string& bytes : ranks.gather(std::move(own).take())) {
    all.emplace_back();
    for (ByteReader in(bytes); in.good() && !in.complete();) {
      const std::string name(in.text());
      all.back()[name] = in.text();
    }
  }
  const auto value_of = [&](std::size_t rank, const std::string& name) {
    const auto found = all[rank].find(name);
    return found == all[rank].end() || found->second.empty() ? std::string("none") : found->second;
  };
  std::set<std::string> names;
  for (const auto& one : all)
    for (const auto& [name, value] : one) names.insert(name);
  for (std::size_t rank = 1; rank < all.size(); ++rank)
    for (const std::string& name : names)
      if (value_of(rank, name) != value_of(0, name))
        throw Error(ErrorKind::Usage,
                    {"KAIROS-U113", name, ranks.name_of(static_cast<int>(rank)) + " has another value",
                     value_of(rank, name), value_of(0, name) + " as " + ranks.name_of(0),
                     "Start all ranks with the same program, plugins, settings and files"});
}

void require_epochs_left(const FitPosition& position, std::int64_t epochs, const std::string& run) {
  if (epochs >= position.epoch + (position.in_epoch ? 1 : 0)) return;
  throw Error(ErrorKind::Usage,
              {"KAIROS-U090", "`epochs`", run + " is further already", std::to_string(epochs),
               "more, after " + position.text(), "Give a larger number, or remove this directory"});
}

}  // namespace kairos::host
