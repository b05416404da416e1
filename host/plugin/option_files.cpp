// SPDX-License-Identifier: MIT
// A name with fields stands for many files: it is compared as a pattern here, and name by name when it is
// used.
#include "plugin/option_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <regex>
#include <string_view>
#include <system_error>
#include <utility>

#include "io/file_place.hpp"
#include "kairos/abi.h"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace fs = std::filesystem;

namespace {

/// The options of an instance that are paths and have a value.
template <class Visit>
void for_each_path(const OptionFiles& files, Visit visit) {
  for (std::size_t i = 0; i < files.callback.options.size(); ++i) {
    const OptionSpec& option = files.callback.options[i];
    const OptionValue& value = files.options.values[i];
    if (option.type == KAIROS_TYPE_PATH && !value.absent() && !value.text.empty()) visit(option, value.text);
  }
}

bool is_only_read(const OptionSpec& option) {
  return (option.flags & (KAIROS_OPTION_READS | KAIROS_OPTION_WRITES)) == KAIROS_OPTION_READS;
}

/// "m-{epoch}.keras": the directory that has no fields, and what the names behind it look like.
struct NamePattern {
  fs::path directory;
  std::regex names;
  std::ptrdiff_t parts = 1;  ///< of a path, behind the directory

  [[nodiscard]] bool matches(const fs::path& file) const {
    fs::path parent = fs::absolute(file).lexically_normal(), tail;
    for (std::ptrdiff_t i = 0; i < parts; ++i) {
      tail = tail.empty() ? parent.filename() : parent.filename() / tail;
      parent = parent.parent_path();
    }
    return std::regex_match(tail.string(), names) && FilePlace(parent) == FilePlace(directory);
  }
};

/// What a field becomes is a number.
constexpr const char* field_pattern = "[-+ ]*([0-9][-+0-9.eE]*|[nN][aA][nN]|[iI][nN][fF])%?";

std::string pattern_text(std::string_view name) {
  std::string pattern;
  for (std::size_t at = 0; at < name.size(); ++at) {
    const char c = name[at];
    const bool doubled = at + 1 < name.size() && name[at + 1] == c;
    if (c == '{' && !doubled) {
      at = std::min(name.find('}', at), name.size());
      pattern += field_pattern;
      continue;
    }
    if ((c == '{' || c == '}') && doubled) ++at;
    if (std::string_view(".[]{}()*+?^$|\\").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

/// Nothing for a path without fields. What the host put in front of the user's text has none.
std::optional<NamePattern> pattern_of(const std::string& path, const fs::path& base) {
  const std::string front = base.string() + "/";
  const std::size_t own = path.starts_with(front) ? front.size() : 0;
  const std::size_t field = path.find_first_of("{}", own);
  if (field == std::string::npos) return std::nullopt;
  const std::size_t slash = path.rfind('/', field);
  const std::size_t begin = slash == std::string::npos ? 0 : slash + 1;
  NamePattern pattern;
  pattern.directory = path.substr(0, begin);
  const std::string names = path.substr(begin);
  pattern.names = std::regex(pattern_text(names));
  pattern.parts = 1 + std::count(names.begin(), names.end(), '/');
  return pattern;
}

[[noreturn]] void refuse(const OptionSpec& option, const std::string& where, const std::string& path,
                         const FileGuard::Conflict& conflict, std::string_view subject) {
  using Kind = FileGuard::Conflict::Kind;
  const bool undeclared = (option.flags & (KAIROS_OPTION_READS | KAIROS_OPTION_WRITES)) == 0;
  std::string cure = conflict.kind == Kind::Inside ? "Choose a place outside of it" : "Choose another name";
  if (undeclared)
    cure +=
        ". If the callback only reads this file, its author declares the option as one that reads: "
        "Option<InputPath>, KAIROS_OPTION_READS";
  const char* code = undeclared                        ? "KAIROS-O043"
                     : conflict.kind == Kind::Replaces ? "KAIROS-O040"
                     : conflict.kind == Kind::Inside   ? "KAIROS-O041"
                                                       : "KAIROS-O042";
  throw Error(ErrorKind::Plugin,
              {code, where, conflict.text(subject), "\"" + path + "\"", "", std::move(cure)});
}

}  // namespace

void add_read_options(FileGuard& guard, const OptionFiles& files) {
  for_each_path(files, [&](const OptionSpec& option, const std::string& path) {
    if (is_only_read(option))
      guard.add_read({path, fmt::format("{}, option {}", files.instance, option.name), FileContent::Data});
  });
}

void add_written_options(FileGuard& guard, const OptionFiles& files, const fs::path& base) {
  for_each_path(files, [&](const OptionSpec& option, const std::string& path) {
    if (is_only_read(option)) return;
    const std::string where = fmt::format("{}, option {}", files.instance, option.name);
    const bool saves = (option.flags & KAIROS_OPTION_SAVES) != 0;
    if (saves)
      if (const auto pattern = pattern_of(path, base))
        if (const auto found = guard.first_match(
                files.instance, [&](const fs::path& file) { return file == path || pattern->matches(file); }))
          refuse(option, where, path, *found, "a file of this name");
    FileGuard::Claim claim{path, saves ? FileContent::Model : FileContent::Other, files.instance, where};
    if (const auto found = guard.conflict(claim)) refuse(option, where, path, *found, "this");
    guard.add_written(std::move(claim));
  });
}

}  // namespace kairos::host
