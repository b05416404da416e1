// SPDX-License-Identifier: MIT
// There are few files, so each question calls stat again: a cached answer could be wrong.
#include "plugin/run/file_guard.hpp"

#include <utility>

#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

/// Files of these kinds are read completely before training, and a result of the same kind replaces them
/// atomically.
bool may_replace(FileContent written, FileContent read) {
  return written == read && (read == FileContent::Model || read == FileContent::State ||
                             read == FileContent::ClassNames || read == FileContent::InputColumns);
}

}  // namespace

std::string FileGuard::Conflict::text(std::string_view subject) const {
  std::string text(subject);
  switch (kind) {
    case Kind::Replaces:
      return text + " would replace the file of " + other;
    case Kind::Inside:
      return text + " would be inside the directory of " + other;
    case Kind::ReadToo:
      return text + " is read, and is the result of " + other;
    case Kind::WrittenToo:
      break;
  }
  return text + " would replace the result of " + other;
}

void FileGuard::add_read(ReadFile file, std::string owner) {
  file.path = std::filesystem::absolute(file.path);  // a plugin may change the current directory
  FilePlace place(file.path);
  read_.push_back({std::move(file), std::move(place), std::move(owner)});
}

void FileGuard::add_written(Claim claim) {
  claim.path = std::filesystem::absolute(claim.path);
  written_.push_back(std::move(claim));
}

std::optional<FileGuard::Conflict> FileGuard::conflict_with(const Read& file, const FilePlace& read,
                                                            const FilePlace& place, const Claim& claim,
                                                            Links links) {
  if (!file.owner.empty() && file.owner == claim.owner) return std::nullopt;
  if (place == read) {
    if (may_replace(claim.content, file.file.content)) return std::nullopt;
    return Conflict{Conflict::Kind::Replaces, file.file.name};
  }
  if (place.is_inside(read) || (links == Links::Followed && read.has_link_to(place)))
    return Conflict{Conflict::Kind::Inside, file.file.name};
  return std::nullopt;
}

std::optional<FileGuard::Conflict> FileGuard::conflict(const Claim& claim) const {
  const FilePlace place(claim.path);
  if (place.is_stream()) return std::nullopt;
  for (const Read& read : read_)
    if (auto found = conflict_with(read, read.place, place, claim, Links::Followed)) return found;
  for (const Claim& other : written_) {
    const bool own = other.owner == claim.owner && (claim.name == claim.owner || claim.name == other.name);
    if (!own && place == FilePlace(other.path)) return Conflict{Conflict::Kind::WrittenToo, other.name};
  }
  return std::nullopt;
}

std::optional<FileGuard::Conflict> FileGuard::add_announced_read(const std::filesystem::path& path,
                                                                 const std::string& owner) {
  const FilePlace place(path);
  for (const Claim& other : written_)
    if (other.owner != owner && place == FilePlace(other.path))
      return Conflict{Conflict::Kind::ReadToo, other.name};
  add_read({path, owner, FileContent::Data}, owner);
  return std::nullopt;
}

void FileGuard::add_results(const std::vector<WrittenFile>& files) {
  for (const WrittenFile& file : files) {
    Claim claim{file.path, file.content, "", file.name};
    if (const auto found = conflict(claim)) {
      const bool inside = found->kind == Conflict::Kind::Inside;
      const std::string what =
          inside ? found->text("this") : "this would replace the file of " + found->other;
      throw Error(ErrorKind::Usage,
                  {inside ? "KAIROS-U055" : "KAIROS-U016", file.name + " " + file.path.string(), what, "", "",
                   inside ? "Choose a place outside it" : file.cure});
    }
    add_written(std::move(claim));
  }
}

std::optional<FileGuard::Conflict> FileGuard::conflict_of_save(const std::filesystem::path& path,
                                                               const std::string& owner) const {
  const FilePlace place(path);
  if (place.is_stream()) return std::nullopt;  // refused where it is written, with a better message
  const auto saved = saved_.find(place.path());
  if (saved != saved_.end() && saved->second != owner)
    return Conflict{Conflict::Kind::WrittenToo, saved->second};
  const Claim claim{path, FileContent::Model, owner, owner};
  const Links links = saved == saved_.end() ? Links::Followed : Links::Ignored;
  for (const Read& read : read_) {
    const bool moves = read.file.content != FileContent::Plugin;
    const FilePlace now = moves ? FilePlace(read.file.path) : read.place;
    if (auto found = conflict_with(read, now, place, claim, links)) return found;
  }
  for (const Claim& other : written_)
    if (other.owner != owner && place == FilePlace(other.path))
      return Conflict{Conflict::Kind::WrittenToo, other.name};
  return std::nullopt;
}

void FileGuard::add_saved(const std::filesystem::path& path, const std::string& owner) {
  saved_.emplace(FilePlace(path).path(), owner);
}

void check_run_files(const RunFiles& files) {
  FileGuard guard;
  for (const ReadFile& file : files.read) guard.add_read(file);
  guard.add_results(files.written);
}

}  // namespace kairos::host
