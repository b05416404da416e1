// SPDX-License-Identifier: MIT
// Protects the files that path options name. A path with fields such as {epoch} stands for many files: it is
// compared as a pattern before the run, and name by name when it is used.
#include "plugin/options/option_files.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/file_place.hpp"
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

/// Whether a formatted field may contain the character: numbers, nan, inf, signs and padding.
bool is_of_number(char c) {
  return std::string_view("0123456789+-.eE% nNaAiIfF").find(c) != std::string_view::npos;
}

/// A file name with fields for numbers.
class NamePattern {
 public:
  /// A doubled brace is a literal one.
  explicit NamePattern(std::string_view name) {
    for (std::size_t at = 0; at < name.size(); ++at) {
      const char c = name[at];
      const bool brace = c == '{' || c == '}';
      const bool doubled = brace && at + 1 < name.size() && name[at + 1] == c;
      const bool is_field = c == '{' && !doubled;
      pieces_.push_back({c, is_field});
      if (is_field) at = std::min(name.find('}', at), name.size());
      if (doubled) ++at;
    }
  }

  /// Follows all possible matches at once, so the time is bounded for any name.
  [[nodiscard]] bool matches(std::string_view text) const {
    std::vector<char> reached(text.size() + 1, 0);
    reached.front() = 1;
    for (const Piece& piece : pieces_) {
      std::vector<char> next(reached.size(), 0);
      for (std::size_t i = 0; i < text.size(); ++i)
        if (piece.is_field ? (reached[i] || next[i]) && is_of_number(text[i])
                           : reached[i] && text[i] == piece.letter)
          next[i + 1] = 1;
      reached = std::move(next);
    }
    return reached.back() != 0;
  }

 private:
  struct Piece {
    char letter;
    bool is_field;
  };
  std::vector<Piece> pieces_;
};

/// "m-{epoch}.keras": the directory before the first field, and the pattern of the names below it.
struct PathPattern {
  fs::path directory;
  NamePattern names;
  std::ptrdiff_t parts;  ///< of a path, after the directory

  [[nodiscard]] bool matches(const fs::path& file) const {
    fs::path parent = fs::absolute(file).lexically_normal(), tail;
    for (std::ptrdiff_t i = 0; i < parts; ++i) {
      tail = tail.empty() ? parent.filename() : parent.filename() / tail;
      parent = parent.parent_path();
    }
    return names.matches(tail.string()) && FilePlace(parent) == FilePlace(directory);
  }
};

/// Nothing for a path without fields. `base`, which the host adds, has none.
std::optional<PathPattern> pattern_of(const std::string& path, const fs::path& base) {
  const std::string front = base.string() + "/";
  const std::size_t own = path.starts_with(front) ? front.size() : 0;
  const std::size_t field = path.find_first_of("{}", own);
  if (field == std::string::npos) return std::nullopt;
  const std::size_t slash = path.rfind('/', field);
  const std::size_t begin = slash == std::string::npos ? 0 : slash + 1;
  const std::string names = path.substr(begin);
  return PathPattern{path.substr(0, begin), NamePattern(names),
                     1 + std::count(names.begin(), names.end(), '/')};
}

/// Fewest characters that a field such as "epoch:03d" or "val_loss:.2f" becomes.
std::size_t least_length(std::string_view field) {
  const auto take_number = [&field] {
    std::size_t number = 0;
    for (; !field.empty() && field.front() >= '0' && field.front() <= '9'; field.remove_prefix(1))
      number = std::min<std::size_t>(number * 10 + static_cast<std::size_t>(field.front() - '0'), 1000);
    return number <= 64 ? number : 0;  // a larger number is an error that the plugin reports
  };
  field.remove_prefix(std::min(field.find(':'), field.size()));
  field.remove_prefix(std::min(field.find_first_not_of(":+- "), field.size()));
  const std::size_t width = take_number();
  if (!field.starts_with('.')) return std::max<std::size_t>(width, 1);
  field.remove_prefix(1);
  const std::size_t precision = take_number();
  const bool has_decimals = precision > 0 && field.starts_with('f');
  return std::max<std::size_t>(width, has_decimals ? precision + 2 : 1);
}

/// Bytes of a name, at least, if its fields are replaced.
std::size_t least_bytes(std::string_view name, bool has_fields) {
  if (!has_fields) return name.size();
  std::size_t bytes = 0;
  for (std::size_t at = 0; at < name.size(); ++at, ++bytes) {
    const bool is_doubled = at + 1 < name.size() && name[at + 1] == name[at];
    const std::size_t end = name.find('}', at);
    if ((name[at] == '{' || name[at] == '}') && is_doubled) {
      ++at;
    } else if (name[at] == '{' && end != std::string_view::npos) {
      bytes += least_length(name.substr(at + 1, end - at - 1)) - 1;
      at = end;
    }
  }
  return bytes;
}

/// The first save would fail after an epoch.
void refuse_long_names(const std::string& where, const std::string& path, bool has_fields) {
  std::error_code ignored;
  fs::path existing = fs::path(path).parent_path();
  while (!fs::exists(existing, ignored) && existing.has_relative_path()) existing = existing.parent_path();
  const long limit = ::pathconf(existing.c_str(), _PC_NAME_MAX);
  if (limit <= 0) return;
  for (const fs::path& part : fs::path(path)) {
    const std::size_t bytes = least_bytes(part.native(), has_fields);
    if (bytes > static_cast<std::size_t>(limit))
      throw Error(ErrorKind::Plugin, {"KAIROS-O057", where, "a file name is too long for the file system",
                                      fmt::format("{} bytes in \"{}…\"", bytes, part.native().substr(0, 40)),
                                      fmt::format("at most {} bytes", limit), "Choose a shorter name"});
  }
}

[[noreturn]] void refuse(const OptionSpec& option, const std::string& where, const std::string& path,
                         const FileGuard::Conflict& conflict, std::string_view subject) {
  using Kind = FileGuard::Conflict::Kind;
  const bool undeclared = (option.flags & (KAIROS_OPTION_READS | KAIROS_OPTION_WRITES)) == 0;
  std::string cure = conflict.kind == Kind::Inside ? "Choose a place outside it" : "Choose another name";
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
  for (const auto& [option, file] : files.options.secret_files)
    guard.add_read({file, fmt::format("{}, option {}", files.instance, option), FileContent::Data});
}

void add_written_options(FileGuard& guard, const OptionFiles& files, const fs::path& base) {
  for_each_path(files, [&](const OptionSpec& option, const std::string& path) {
    if (is_only_read(option)) return;
    const std::string where = fmt::format("{}, option {}", files.instance, option.name);
    const bool saves = (option.flags & KAIROS_OPTION_SAVES) != 0;
    refuse_long_names(where, path, saves && pattern_of(path, base).has_value());
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
