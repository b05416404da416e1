// SPDX-License-Identifier: MIT
// Facts, without anything that may hold a secret: no environment, no command line.
#include "cli/run_record.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <exception>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

#include "base/atomic_file.hpp"
#include "cli/machine.hpp"
#include "compute/parallel.hpp"
#include "kairos/abi/version.h"
#include "kairos/host/version.hpp"
#include "plugin/options/given_text.hpp"
#include "plugin/options/options.hpp"

namespace kairos::host::cli {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using std::chrono::system_clock;

namespace {

/// "2026-01-31T12:00:00Z"
std::string time_text(std::time_t seconds) {
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

/// null for what is not known.
ordered_json known(const std::string& text) {
  return text.empty() ? ordered_json() : ordered_json(text);
}

ordered_json json_of(const Plugin& plugin, const std::vector<std::string>& callbacks, const UsedFile& file) {
  return {{"callbacks", callbacks},
          {"version", plugin.manifest.version},
          {"sdk", plugin.manifest.sdk},
          {"file", plugin.file.string()},
          {"sha256", known(file.sha256)}};
}

ordered_json json_of(const ReadFile& input, const UsedFile& file) {
  constexpr std::int64_t second = 1'000'000'000;
  ordered_json json{{"use", input.name}, {"file", file.path.string()}};
  json["size"] = file.stamp ? ordered_json(file.stamp->size) : ordered_json();
  json["modified"] = file.stamp ? ordered_json(time_text(file.stamp->modified / second)) : ordered_json();
  json["sha256"] = known(file.sha256);
  return json;
}

std::optional<FileStamp> stamp_of_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) ? stamp_of(path) : std::nullopt;
}

fs::path absolute_path(const fs::path& path) {
  std::error_code ignored;
  return fs::absolute(path, ignored).lexically_normal();
}

}  // namespace

std::string_view text_of(RunResult result) {
  constexpr std::array<std::string_view, 5> texts{"running", "completed", "stopped", "interrupted", "failed"};
  return texts[static_cast<std::size_t>(result)];
}

RunRecord::RunRecord(const Settings& settings, const Catalog& catalog, std::span<const PluginSpec> plugins,
                     const RunFiles& files)
    : settings_(settings) {
  for (const PluginSpec& spec : plugins) {
    const Catalog::Match match = catalog.find(spec);
    add_plugin(match);
    add_files_of(spec, *match.callback);
  }
  std::ranges::copy_if(files.read, std::back_inserter(inputs_), [](const ReadFile& file) {
    return file.content == FileContent::Data || file.content == FileContent::Model;
  });
}

void RunRecord::add_plugin(const Catalog::Match& match) {
  auto known = std::ranges::find(plugins_, match.plugin, &UsedPlugin::plugin);
  if (known == plugins_.end()) known = plugins_.insert(known, {match.plugin, {}});
  if (std::ranges::find(known->callbacks, match.callback->id) == known->callbacks.end())
    known->callbacks.push_back(match.callback->id);
}

/// The files that options name and the callback only reads, such as a script.
void RunRecord::add_files_of(const PluginSpec& spec, const CallbackManifest& callback) {
  for (const PluginOption& given : with_names(callback, spec.options, spec.target)) {
    const OptionSpec* const option = find_option(callback, given.key);
    if (option != nullptr && is_only_read(*option) && !means_unset(*option, given))
      inputs_.push_back(
          {given.value, std::string(callback.short_name()) + ", option " + option->name, FileContent::Other});
  }
}

std::string RunRecord::start(const fs::path& directory) {
  if (directory.empty()) return "";
  directory_ = directory;
  document_ = ordered_json::parse(settings_.json_in(directory));  // hooks may change the current directory
  started_ = system_clock::now();
  start_ = std::chrono::steady_clock::now();
  std::vector<UsedFile> files;
  for (const auto& [plugin, callbacks] : plugins_) {
    const FileIdentity& checked = plugin->identity;
    files.push_back(
        {plugin->file, FileStamp{checked.device, checked.inode, checked.size, checked.modified}, ""});
  }
  for (const ReadFile& input : inputs_)
    files.push_back({absolute_path(input.path), stamp_of_file(input.path), ""});
  hashes_.start(std::move(files));
  return text();
}

ordered_json RunRecord::run() const {
  const bool ended = result_ != RunResult::Running;
  const std::vector<UsedFile> files = hashes_.files();
  ordered_json run;
  run["result"] = text_of(result_);
  run["reason"] = known(reason_);
  run["started"] = time_text(system_clock::to_time_t(started_));
  run["ended"] = ended ? ordered_json(time_text(system_clock::to_time_t(ended_))) : ordered_json();
  run["seconds"] =
      ended ? ordered_json(std::chrono::duration<double>(end_ - start_).count()) : ordered_json();
  run["epochs"] = epochs_ < 0 ? ordered_json() : ordered_json(epochs_);
  run["host"] = host_name();
  run["processor"] = processor_name();
  run["threads"] = parallel_threads();
  run["versions"] = {{"kairos", KAIROS_HOST_VERSION}, {"sdk", KAIROS_SDK_VERSION}, {"abi", abi_version()}};
  run["plugins"] = ordered_json::array();
  for (std::size_t i = 0; i < plugins_.size(); ++i)
    run["plugins"].push_back(json_of(*plugins_[i].plugin, plugins_[i].callbacks, files[i]));
  run["files"] = ordered_json::array();
  for (std::size_t i = 0; i < inputs_.size(); ++i)
    run["files"].push_back(json_of(inputs_[i], files[plugins_.size() + i]));
  return run;
}

std::string RunRecord::text() const {
  ordered_json document = document_;
  document["run"] = run();
  return document.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

void RunRecord::write() const {
  if (is_written_) write_file(directory_ / "run.json", text());
}

void RunRecord::refresh() {
  if (!is_written_ || hashes_are_written_ || !hashes_.complete()) return;
  hashes_are_written_ = true;
  try {
    write();
  } catch (const std::exception&) {
    // The end writes it again, and reports a failure.
  }
}

void RunRecord::finish(RunResult result, const std::string& reason, std::int64_t epochs) {
  if (!is_written_ || result_ != RunResult::Running) return;
  constexpr std::chrono::milliseconds longest_wait(500);
  ended_ = system_clock::now();
  end_ = std::chrono::steady_clock::now();
  result_ = result;
  reason_ = reason;
  epochs_ = epochs;
  hashes_.finish(longest_wait);
  write();
}

}  // namespace kairos::host::cli
