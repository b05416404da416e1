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

/// Compares files as FilePlace does. Before the run their places are those at the time they were added,
/// during the run the current ones. Not thread-safe.
class FileGuard {
 public:
  /// Why a file must not be written.
  struct Conflict {
    enum class Kind { Replaces, Inside, WrittenToo, ReadToo } kind;
    std::string other;  ///< what messages call the other file: "--data"
    /// "this would replace the file of --data"
    [[nodiscard]] std::string text(std::string_view subject) const;
  };
  /// A file that somebody is about to write.
  struct Claim {
    std::filesystem::path path;
    FileContent content = FileContent::Other;
    std::string owner;  ///< who writes it: the name of an instance, "" for the caller
    std::string name;   ///< "CSVLogger, option filename"; that of the owner where no option names it
  };

  /// `owner` is the instance that reads the file and may also write it; "" for none.
  void add_read(ReadFile file, std::string owner = "");

  /// What `claim` would replace: a file that is read, or one that another owner writes or the same owner
  /// under another name. Empty if nothing.
  [[nodiscard]] std::optional<Conflict> conflict(const Claim& claim) const;
  /// Registers the file for later checks.
  void add_written(Claim claim);
  /// Registers a file that `owner` reads and may write, unless it is another owner's result.
  [[nodiscard]] std::optional<Conflict> add_announced_read(const std::filesystem::path& path,
                                                           const std::string& owner);

  /// Files that the caller writes. Throws Error(Usage) KAIROS-U016 or U055 for the first one in conflict.
  void add_results(const std::vector<WrittenFile>& files);

  /// The check for a model that `owner` saves during the run. A path that was allowed once stays allowed.
  [[nodiscard]] std::optional<Conflict> conflict_of_save(const std::filesystem::path& path,
                                                         const std::string& owner) const;
  void add_saved(const std::filesystem::path& path, const std::string& owner);

  /// The first registered file whose name `matches` and that a model must not replace.
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
  std::map<std::filesystem::path, std::string> saved_;  ///< during the run, and by whom
};

/// The check of a command that runs no plugins. Throws Error(Usage).
void check_run_files(const RunFiles& files);

}  // namespace kairos::host
