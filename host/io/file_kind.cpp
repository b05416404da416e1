// SPDX-License-Identifier: MIT
// A table of endings. The names of IDX files and of arrays in HDF5 files need more than an ending.
#include "io/file_kind.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <vector>

namespace kairos::host {

namespace {

struct Ending {
  std::string_view text;
  FileKind kind;
};

/// An ending that contains a shorter one comes before it.
constexpr Ending known[] = {
    {".csv", FileKind::Csv},     {".tsv", FileKind::Tsv},
    {".txt", FileKind::Text},    {".data", FileKind::TextData},
    {".npy", FileKind::Npy},     {".npz", FileKind::Npz},
    {".idx", FileKind::Idx},     {".weights.h5", FileKind::Hdf5Weights},
    {".h5", FileKind::Hdf5},     {".hdf5", FileKind::Hdf5},
    {".keras", FileKind::Keras}, {".json", FileKind::Json},
    {".png", FileKind::Image},   {".jpg", FileKind::Image},
    {".jpeg", FileKind::Image},  {".gz", FileKind::Gzip},
};

/// "idx" and the rank between '-' or '.' and '-', as in "train-images-idx3-ubyte".
bool has_idx_mark(std::string_view name) {
  const std::size_t at = name.rfind("idx");
  return at != std::string_view::npos && at > 0 && (name[at - 1] == '-' || name[at - 1] == '.') &&
         at + 5 < name.size() && std::isdigit(static_cast<unsigned char>(name[at + 3])) != 0 &&
         name[at + 4] == '-';
}

bool is_idx_name(std::string_view name) {
  if (name.ends_with(".gz")) name.remove_suffix(3);
  return name.ends_with(".idx") || has_idx_mark(name);
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return text;
}

/// Where the name of the file ends in "file.h5:/path"; npos for any other text. `text` is in lower case.
std::size_t end_of_hdf5_file(std::string_view text) {
  for (const Ending& ending : known) {
    if (ending.kind != FileKind::Hdf5) continue;
    const std::size_t at = text.find(std::string(ending.text) + ":");
    if (at != std::string_view::npos) return at + ending.text.size();
  }
  return std::string_view::npos;
}

}  // namespace

FileKind kind_of(const std::filesystem::path& path) {
  const std::string text = lower_case(path.string());
  if (end_of_hdf5_file(text) != std::string::npos) return FileKind::Hdf5Array;
  const std::string_view name = std::string_view(text).substr(text.rfind('/') + 1);  // npos + 1 is 0
  for (const Ending& ending : known)
    if (name.ends_with(ending.text))
      return ending.kind == FileKind::Gzip && is_idx_name(name) ? FileKind::Idx : ending.kind;
  return is_idx_name(name) ? FileKind::Idx : FileKind::Unknown;
}

bool is_table(FileKind kind) noexcept {
  return kind == FileKind::Csv || kind == FileKind::Tsv || kind == FileKind::Text ||
         kind == FileKind::TextData;
}

bool holds_weights(FileKind kind) noexcept {
  return kind == FileKind::Keras || kind == FileKind::Hdf5 || kind == FileKind::Hdf5Weights ||
         kind == FileKind::Npz;
}

std::optional<Hdf5Location> hdf5_location(std::string_view text) {
  const std::string lower = lower_case(std::string(text));
  const std::size_t colon = end_of_hdf5_file(lower);
  if (colon != std::string::npos)
    return Hdf5Location{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
  for (const Ending& ending : known)
    if ((ending.kind == FileKind::Hdf5 || ending.kind == FileKind::Hdf5Weights) &&
        lower.ends_with(ending.text))
      return Hdf5Location{std::string(text), ""};
  return std::nullopt;
}

std::string endings(std::initializer_list<FileKind> kinds) {
  std::vector<std::string_view> words;
  for (const FileKind kind : kinds) {
    if (kind == FileKind::Idx)
      words.emplace_back("IDX");
    else if (kind == FileKind::Hdf5Array)
      words.emplace_back("file.h5:/path");
    else
      for (const Ending& ending : known)
        if (ending.kind == kind) words.push_back(ending.text);
  }
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i)
    text.append(i == 0 ? "" : i + 1 == words.size() ? " or " : ", ").append(words[i]);
  return text;
}

std::string shown_ending(const std::filesystem::path& path) {
  // The file of "d.mat:/x" has the ending.
  const std::string text = path.string();
  const std::string ending = std::filesystem::path(text.substr(0, text.find(":/"))).extension().string();
  return ending.empty() ? "no ending" : "\"" + ending + "\"";
}

}  // namespace kairos::host
