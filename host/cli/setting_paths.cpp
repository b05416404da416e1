// SPDX-License-Identifier: MIT
// Finds the path in a value: all of it, the part after NAME=, or the file of a plugin.
#include "cli/setting_paths.hpp"

#include "cli/model_input.hpp"
#include "cli/setting_values.hpp"
#include "data/array_file.hpp"
#include "kairos/host/plugins.hpp"

namespace kairos::host::cli {

namespace fs = std::filesystem;

namespace {

/// Where the path in the value begins and ends; nothing for a value without.
struct Span {
  std::size_t begin = 0, end = 0;
};

/// "ID", "FILE.so", "FILE.so#ID@instance:key=value"
Span file_of_plugin(const std::string& text) {
  const PluginSpec spec = parse_plugin_spec(text);
  return spec.is_file() && text.starts_with(spec.target) ? Span{0, spec.target.size()} : Span{};
}

Span path_in(const Setting& setting, const std::string& text) {
  switch (setting.paths) {
    case Paths::None:
      break;
    case Paths::File:
      return {0, text.size()};
    case Paths::Columns: {
      const NamedText one = split_name(text);
      if (names_file(one.value)) return {text.size() - one.value.size(), text.size()};
      break;
    }
    case Paths::Model:
      if (is_model_file(text)) return {0, text.size()};
      break;
    case Paths::Plugin:
      return file_of_plugin(text);
  }
  return {};
}

/// Links in the directory are followed, because ".." after one leads elsewhere; the name itself is kept.
fs::path place_of(fs::path path) {
  if (!path.has_filename()) path = path.parent_path();
  std::error_code error;
  const fs::path directory = fs::weakly_canonical(path.parent_path(), error);
  path = ((error ? path.parent_path() : directory) / path.filename()).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

}  // namespace

fs::path directory_of_config(const fs::path& file) {
  return place_of(fs::absolute(file)).parent_path();
}

std::string moved_path(const Setting& setting, const std::string& text, const fs::path& from,
                       const fs::path& to) {
  const Span span = path_in(setting, text);
  const fs::path path = text.substr(span.begin, span.end - span.begin);
  if (path.empty() || path.is_absolute() || from == to) return text;
  const fs::path full = place_of(from / path);
  fs::path moved = full.lexically_relative(to);
  if (moved.empty()) moved = full;
  return text.substr(0, span.begin) + moved.string() + text.substr(span.end);
}

}  // namespace kairos::host::cli
