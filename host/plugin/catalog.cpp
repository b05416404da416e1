// SPDX-License-Identifier: MIT
// Scans directories, refuses duplicates, and finds callbacks by the names that users write.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <system_error>

#include "kairos/host/plugins.hpp"
#include "plugin/preflight.hpp"
#include "plugin/refusal.hpp"
#include "plugin/search_path.hpp"

namespace kairos::host {

namespace fs = std::filesystem;

namespace {

std::vector<std::string> ids_of(const Manifest& manifest) {
  std::vector<std::string> ids;
  for (const CallbackManifest& callback : manifest.callbacks) ids.push_back(callback.id);
  return ids;
}

/// "early_stopping", "EarlyStopping" and "EARLY-STOPPING" are one word.
std::string folded(std::string_view name) {
  std::string word;
  for (const char c : name)
    if (c != '_' && c != '-') word += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return word;
}

std::string_view last_part(std::string_view name) {
  return name.substr(name.rfind('.') + 1);
}

fs::path normal(const fs::path& file) {
  return fs::absolute(file).lexically_normal();
}

/// A plugin and the place of its directory in the search; the file that the user named comes before all.
struct Candidate {
  static constexpr std::size_t named = 0;
  Plugin plugin;
  std::size_t rank = named;
};

class Scan {
 public:
  void directory(const fs::path& directory) {
    ++rank_;
    for (const fs::path& file : plugin_files(directory)) look_at(file, rank_);
  }

  void file(const fs::path& file) { look_at(normal(file), Candidate::named); }

  /// Where files have an id in common, the one that is searched first is used, and several in one place are
  /// all refused.
  void settle_duplicates() {
    std::map<std::string, std::vector<std::size_t>> owners;
    for (std::size_t i = 0; i < candidates_.size(); ++i)
      for (const CallbackManifest& callback : candidates_[i].plugin.manifest.callbacks)
        owners[callback.id].push_back(i);
    std::map<std::size_t, Diagnosis> losers;
    for (const auto& [id, files] : owners) {
      const auto by_rank = [this](std::size_t i) { return candidates_[i].rank; };
      const std::size_t first = by_rank(*std::ranges::min_element(files, {}, by_rank));
      for (const std::size_t i : files) {
        const auto rival =
            std::ranges::find_if(files, [&, i = i](std::size_t k) { return k != i && by_rank(k) == first; });
        if (rival == files.end()) continue;
        const std::string other = candidates_[*rival].plugin.file.string();
        const std::string own = candidates_[i].plugin.file.string();
        losers.try_emplace(
            i, by_rank(i) == first
                   ? refusal(RefusalCode::DuplicateId, {own, id + ", also in " + other}).diagnosis()
                   : refusal(RefusalCode::Hidden, {own, id + " in " + other}).diagnosis());
      }
    }
    for (auto& [index, diagnosis] : losers) {
      const Plugin& plugin = candidates_[index].plugin;
      refusals.push_back({plugin.file, std::move(diagnosis), ids_of(plugin.manifest)});
    }
    for (std::size_t i = 0; i < candidates_.size(); ++i)
      if (losers.count(i) == 0) plugins.push_back(std::move(candidates_[i].plugin));
  }

  std::vector<Plugin> plugins;
  std::vector<Refusal> refusals;

 private:
  void look_at(const fs::path& file, std::size_t rank) {
    Inspection inspection = inspect(file, libraries_);
    const FileIdentity& identity = inspection.plugin.identity;
    if (identity.inode != 0) {
      const auto [place, is_new] = seen_.try_emplace({identity.device, identity.inode}, candidates_.size());
      if (!is_new) {
        if (rank == Candidate::named && place->second < candidates_.size()) prefer(place->second, file);
        return;
      }
      if (inspection.refusal) place->second = not_a_candidate;
    }
    if (inspection.refusal) {
      refusals.push_back({file, std::move(*inspection.refusal), ids_of(inspection.plugin.manifest)});
      return;
    }
    candidates_.push_back({std::move(inspection.plugin), rank});
  }

  /// Another name that the user gave for a file found before.
  void prefer(std::size_t index, const fs::path& file) {
    candidates_[index].rank = Candidate::named;
    candidates_[index].plugin.file = file;
  }

  static constexpr std::size_t not_a_candidate = static_cast<std::size_t>(-1);

  std::size_t rank_ = 0;  ///< of the directory that is scanned
  LibraryIndex libraries_;
  std::vector<Candidate> candidates_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::size_t> seen_;  ///< device and inode to candidate
};

std::string list_of(const std::vector<fs::path>& directories) {
  std::string list;
  for (const fs::path& directory : directories) list += (list.empty() ? "" : ", ") + directory.string();
  return list.empty() ? "no plugin directory" : list;
}

Error refused(std::string_view name, const Refusal& refusal) {
  return Error(ErrorKind::Plugin,
               {"KAIROS-O002", std::string(name), "the plugin exists but was refused",
                refusal.diagnosis.code + " for " + refusal.file.string() + ": " + refusal.diagnosis.what +
                    (refusal.diagnosis.found.empty() ? "" : " (" + refusal.diagnosis.found + ")"),
                refusal.diagnosis.expected, refusal.diagnosis.cure});
}

/// True if the file or one of its callbacks would have been what `name` means.
bool would_be(const Refusal& refusal, std::string_view name) {
  const std::string wanted = folded(last_part(name));
  std::string stem = refusal.file.stem().string();
  for (const std::string_view prefix : {"lib", "kairos_", "kairos-"})
    if (stem.starts_with(prefix)) stem.erase(0, prefix.size());
  if (folded(stem) == wanted) return true;
  return std::any_of(refusal.ids.begin(), refusal.ids.end(),
                     [&wanted](const std::string& id) { return folded(last_part(id)) == wanted; });
}

}  // namespace

Catalog Catalog::scan(std::span<const fs::path> directories, std::span<const fs::path> files) {
  Scan scan;
  for (const fs::path& directory : directories) scan.directory(directory);
  for (const fs::path& file : files) scan.file(file);
  scan.settle_duplicates();
  Catalog catalog;
  catalog.plugins_ = std::move(scan.plugins);
  catalog.refusals_ = std::move(scan.refusals);
  catalog.directories_.assign(directories.begin(), directories.end());
  return catalog;
}

Catalog::Match Catalog::find(std::string_view name) const {
  const bool whole_id = name.find('.') != std::string_view::npos;
  std::vector<Match> exact, loose;
  const auto consider = [&](std::string_view id, const Match& match) {
    const std::string_view candidate = whole_id ? id : last_part(id);
    if (candidate == name)
      exact.push_back(match);
    else if (folded(candidate) == folded(name))
      loose.push_back(match);
  };
  for (const Plugin& plugin : plugins_)
    for (std::size_t i = 0; i < plugin.manifest.callbacks.size(); ++i) {
      const CallbackManifest& callback = plugin.manifest.callbacks[i];
      consider(callback.id, {&plugin, &callback, i, false});
      for (const std::string& alias : callback.aliases) consider(alias, {&plugin, &callback, i, true});
    }
  // A short name may be that of the id and of a former one.
  std::vector<Match> matches;
  for (const Match& match : exact.empty() ? loose : exact)
    if (std::ranges::find(matches, match.callback, &Match::callback) == matches.end())
      matches.push_back(match);
  if (matches.size() == 1) return matches.front();
  if (matches.empty()) not_found(name);
  std::string found;
  for (const Match& match : matches)
    found += fmt::format("{}{} in {}{}", found.empty() ? "" : " and ", match.callback->id,
                         match.plugin->file.string(), match.by_alias ? ", whose former id it is" : "");
  // An id that is a former one of another callback means both: only the file tells them apart.
  const Match& first = matches.front();
  throw Error(ErrorKind::Plugin,
              {"KAIROS-O003", std::string(name), "several callbacks have this name", found, "one",
               whole_id ? fmt::format("Write the file, such as {}#{}", first.plugin->file.string(),
                                      first.callback->id)
                        : "Write the whole id, such as " + first.callback->id});
}

void Catalog::not_found(std::string_view name) const {
  for (const Refusal& refusal : refusals_)
    if (would_be(refusal, name)) throw refused(name, refusal);
  std::vector<std::string> known;
  for (const Plugin& plugin : plugins_)
    for (const CallbackManifest& callback : plugin.manifest.callbacks) {
      known.emplace_back(callback.short_name());
      if (name.find('.') != std::string_view::npos) known.push_back(callback.id);
    }
  std::string cure = suggest(name, known);
  if (cure.empty()) cure = "Add its directory to `plugin_dir`";
  throw Error(ErrorKind::Plugin, {"KAIROS-O001", std::string(name),
                                  "no such plugin in " + list_of(directories_), "", "", std::move(cure)});
}

Catalog::Match Catalog::find(const PluginSpec& spec) const {
  if (spec.is_file()) return find_in_file(spec);
  const Match match = find(spec.target);
  if (!spec.callback.empty())
    throw Error(ErrorKind::Plugin,
                {"KAIROS-O006", spec.target + '#' + spec.callback, "'#' selects a callback of a file",
                 "an id before it", "the path of a .so", "Write " + match.callback->id + " alone"});
  return match;
}

Catalog::Match Catalog::find_in_file(const PluginSpec& spec) const {
  const fs::path file = normal(spec.target);
  for (const Refusal& refusal : refusals_)
    if (refusal.file == file) throw Error(ErrorKind::Plugin, refusal.diagnosis);
  // Two names of one file are one plugin, so comparing paths is not enough.
  std::error_code ignored;
  const auto plugin = std::find_if(plugins_.begin(), plugins_.end(), [&](const Plugin& candidate) {
    return candidate.file == file || fs::equivalent(candidate.file, file, ignored);
  });
  if (plugin == plugins_.end())
    throw Error(ErrorKind::Plugin, {"KAIROS-O001", file.string(), "the file was not scanned", "", "",
                                    "Pass it to the scan as a named file"});
  const std::vector<CallbackManifest>& callbacks = plugin->manifest.callbacks;
  if (spec.callback.empty()) {
    if (callbacks.size() == 1) return {&*plugin, &callbacks.front(), 0};
    std::string ids;
    for (const CallbackManifest& callback : callbacks) ids += (ids.empty() ? "" : ", ") + callback.id;
    throw Error(ErrorKind::Plugin,
                {"KAIROS-O004", spec.target, "the file holds several callbacks", ids, "one",
                 fmt::format("Write {}#{}", spec.target, callbacks.front().short_name())});
  }
  std::vector<std::string> known;
  for (std::size_t i = 0; i < callbacks.size(); ++i) {
    const bool whole_id = spec.callback.find('.') != std::string::npos;
    const std::string_view candidate =
        whole_id ? std::string_view(callbacks[i].id) : callbacks[i].short_name();
    if (folded(candidate) == folded(spec.callback)) return {&*plugin, &callbacks[i], i};
    known.emplace_back(candidate);
  }
  for (std::size_t i = 0; i < callbacks.size(); ++i)
    for (const std::string& alias : callbacks[i].aliases) {
      const bool whole_id = spec.callback.find('.') != std::string::npos;
      const std::string_view candidate = whole_id ? std::string_view(alias) : last_part(alias);
      if (folded(candidate) == folded(spec.callback)) return {&*plugin, &callbacks[i], i, true};
    }
  throw Error(ErrorKind::Plugin, {"KAIROS-O005", spec.target, "the file has no such callback", spec.callback,
                                  "", suggest(spec.callback, known)});
}

}  // namespace kairos::host
