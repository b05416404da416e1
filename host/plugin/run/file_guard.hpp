// SPDX-License-Identifier: MIT
// The files of a run: what it reads is never replaced by what it writes, and no two results share a file.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_place.hpp"
#include "kairos/host/run_files.hpp"

namespace kairos::host {

/// Files are compared as FilePlace compares them: before the run as they were when they were added, later as
/// they are. Not thread-safe.
class FileGuard {
 public:
  /// Why a file must not be written.
  struct Conflict {
    enum class Kind { Replaces, Inside, WrittenToo, ReadToo } kind;
    std::string other;  ///< what messages call the other file: "--data"
    /// "this would take the place of the file of --data"
    [[nodiscard]] std::string text(std::string_view subject) const;
  };
  /// A file that is about to be written.
  struct Claim {
    std::filesystem::path path;
    FileContent content = FileContent::Other;
    std::string owner;  ///< who writes it: the name of an instance, "" for the caller
    std::string name;   ///< "CSVLogger, option filename"; that of the owner where no option names it
  };

  /// `owner` is the instance that reads it and may write it too; "" for none.
  void add_read(ReadFile file, std::string owner = "");

  /// What `claim` would replace: something that is read, or what another owner writes, or the same one under
  /// another name. Empty if nothing.
  [[nodiscard]] std::optional<Conflict> conflict(const Claim& claim) const;
  /// Later questions know of this file.
  void add_written(Claim claim);
  /// A file that `owner` reads and may write itself, unless it is another's result.
  [[nodiscard]] std::optional<Conflict> add_announced_read(const std::filesystem::path& path,
                                                           const std::string& owner);

  /// Files that the caller writes. Throws Error(Usage) KAIROS-U016 or U055 for the first one in conflict.
  void add_results(const std::vector<WrittenFile>& files);

  /// The question for a model that `owner` saves while the run goes on, and that it has: what it was
  /// allowed once it is allowed again.
  [[nodiscard]] std::optional<Conflict> conflict_of_save(const std::filesystem::path& path,
                                                         const std::string& owner) const;
  void add_saved(const std::filesystem::path& path, const std::string& owner);

  /// The first file that is read or written under a name that `matches` and that a model must not replace.
  template <class Matches>
  [[nodiscard]] std::optional<Conflict> first_match(std::string_view owner, Matches matches) const {
    for (const Read& read : read_)
      if (read.file.content != FileContent::Model && matches(read.file.path))
        return Conflict{Conflict::Kind::Replaces, read.file.name};
    for (const Claim& claim : written_)
      if (claim.owner != owner && matches(claim.path))
        return Conflict{Conflict::Kind::WrittenToo, claim.name};
    return std::nullopt;
  }

 private:
  struct Read {
    ReadFile file;
    FilePlace place;  ///< when it was added
    std::string owner;
  };
  enum class Links { Ignored, Followed };

  /// `read` is where the file is now.
  [[nodiscard]] static std::optional<Conflict> conflict_with(const Read& file, const FilePlace& read,
                                                             const FilePlace& place, const Claim& claim,
                                                             Links links);

  std::vector<Read> read_;
  std::vector<Claim> written_;
  std::map<std::filesystem::path, std::string> saved_;  ///< while the run goes on, and by whom
};

/// The check of a command that runs no plugins. Throws Error(Usage).
void check_run_files(const RunFiles& files);

}  // namespace kairos::host
