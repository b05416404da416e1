// SPDX-License-Identifier: MIT
// One line of text for each file: score, size, time and name, separated by blanks.
#include "kept_files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <locale>
#include <optional>
#include <sstream>
#include <tuple>
#include <utility>

#include "../common/text.hpp"

namespace kairos::plugins {

namespace {

/// Size and time of a regular file; empty for anything else. Links are not followed.
std::optional<std::pair<std::int64_t, std::int64_t>> facts_of(const std::filesystem::path& file) {
  struct stat facts {};
  if (::lstat(file.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) return std::nullopt;
  return std::pair<std::int64_t, std::int64_t>(
      facts.st_size, std::int64_t{facts.st_mtim.tv_sec} * 1000000000 + facts.st_mtim.tv_nsec);
}

}  // namespace

std::filesystem::path KeptFiles::path_of(const File& file) const {
  return std::filesystem::path(base_) / file.name;  // An absolute name stays as it is.
}

void KeptFiles::read(std::string_view text) {
  files_.clear();
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    words.imbue(std::locale::classic());
    File file;
    std::string score;
    words >> score >> file.size >> file.time;
    std::from_chars(score.data(), score.data() + score.size(), file.score);
    words.get();
    std::getline(words, file.name);
    if (facts_of(path_of(file))) files_.push_back(std::move(file));
  }
}

std::string KeptFiles::text() const {
  std::string text;
  for (const File& file : files_)
    text += shortest(file.score) + ' ' + std::to_string(file.size) + ' ' + std::to_string(file.time) + ' ' +
            file.name + '\n';
  return text;
}

std::vector<double> KeptFiles::scores() const {
  std::vector<double> scores;
  for (const File& file : files_) scores.push_back(file.score);
  return scores;
}

void KeptFiles::add(const std::filesystem::path& file, double score) {
  const std::string path = file.string();
  File added{path.starts_with(base_) ? path.substr(base_.size()) : path, score, 0, 0};
  std::erase_if(files_, [&](const File& other) { return other.name == added.name; });
  const auto facts = facts_of(file);
  if (!facts) return;  // Something has removed or replaced it already.
  std::tie(added.size, added.time) = *facts;
  files_.push_back(std::move(added));
}

std::string KeptFiles::remove(std::size_t index) {
  const File file = files_[index];
  files_.erase(files_.begin() + static_cast<std::ptrdiff_t>(index));
  const std::filesystem::path path = path_of(file);
  if (::access(path.c_str(), F_OK) != 0) return "";
  if (facts_of(path) != std::pair(file.size, file.time))
    return path.string() + " is not removed, because it has been changed since it was saved";
  if (::unlink(path.c_str()) == 0) return "";
  return "cannot remove " + path.string() + ": " + std::strerror(errno);
}

}  // namespace kairos::plugins
