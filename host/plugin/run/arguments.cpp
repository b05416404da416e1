// SPDX-License-Identifier: MIT
// A mistake in a plugin is answered with a status and a reason; none of it reaches a file or a terminal.
#include "plugin/run/arguments.hpp"

#include <filesystem>
#include <string>

#include "base/printable.hpp"
#include "plugin/run/session.hpp"

namespace kairos::host {

namespace {

namespace fs = std::filesystem;

kairos_status check_path(kairos_call* call, kairos_str path) {
  KAIROS_RETURN_IF(check_name(call, path, "a path"));
  return path.length != 0 ? KAIROS_OK : call->refuse(KAIROS_E_INVALID, "a path is empty");
}

/// Without ".", which means nothing; ".." stays, because what it leaves may be a link.
std::string resolved(fs::path base, const fs::path& path) {
  if (path.is_absolute()) return path.string();
  for (const fs::path& part : path)
    if (part != ".") base /= part;
  return base.string();
}

}  // namespace

std::string one_line(kairos_str text) {
  std::string line(view(text));
  std::ranges::replace(line, '\n', ' ');
  return printable(line);
}

std::vector<std::string> lines_of(kairos_str text) {
  std::string_view rest = view(text);
  if (rest.ends_with('\n')) rest.remove_suffix(1);
  std::vector<std::string> lines(1);
  while (true) {
    const std::size_t end = rest.find_first_of("\n\t");
    lines.back() += printable(rest.substr(0, end));
    if (end == std::string_view::npos) return lines;
    if (rest[end] == '\t')
      lines.back() += '\t';
    else
      lines.emplace_back();
    rest.remove_prefix(end + 1);
  }
}

bool is_compact(const kairos_view& view) {
  if (view.strides == nullptr) return true;
  std::int64_t step = 1;
  for (std::int32_t axis = view.rank - 1; axis >= 0; --axis) {
    if (view.shape[axis] != 1 && view.strides[axis] != step) return false;
    step *= view.shape[axis];
  }
  return true;
}

kairos_status check_pointer(kairos_call* call, const void* pointer, const char* what) {
  if (pointer != nullptr) return KAIROS_OK;
  return call->refuse(KAIROS_E_INVALID, std::string(what) + " is a null pointer");
}

kairos_status check_name(kairos_call* call, kairos_str text, const char* what) {
  if (!is_text(text))
    return call->refuse(KAIROS_E_INVALID, std::string(what) + " is a null pointer with a length");
  if (is_printable(view(text))) return KAIROS_OK;
  std::string shown = printable(view(text));
  if (shown.size() > 200) shown = shown.substr(0, 200) + "…";
  return call->refuse(KAIROS_E_INVALID, std::string(what) + " is not printable UTF-8: \"" + shown + "\"");
}

kairos_status take_path(kairos_call* call, kairos_str path, std::string& absolute) {
  KAIROS_RETURN_IF(check_path(call, path));
  const std::string& run = call->session->facts.directory;
  absolute = resolved(run.empty() ? fs::current_path() : fs::path(run), view(path));
  return KAIROS_OK;
}

kairos_status take_own_path(kairos_call* call, kairos_str path, std::string& absolute) {
  KAIROS_RETURN_IF(check_path(call, path));
  absolute = resolved(fs::current_path(), view(path));
  return KAIROS_OK;
}

kairos_status refuse_number(kairos_call* call, kairos_status status, const char* what, std::int64_t number,
                            const char* expected) {
  return call->refuse(status, std::string(what) + " is " + std::to_string(number) + "; expected " + expected);
}

kairos_status check_capacity(kairos_call* call, const void* out, std::size_t least, const char* what) {
  KAIROS_RETURN_IF(check_pointer(call, out, what));
  std::uint32_t capacity = 0;
  std::memcpy(&capacity, out, sizeof capacity);  // every out struct begins with it
  if (capacity >= least) return KAIROS_OK;
  return call->refuse(KAIROS_E_INVALID, std::string("the size of a ") + what + " is " +
                                            std::to_string(capacity) + ", less than the " +
                                            std::to_string(least) +
                                            " bytes of ABI 1.0; set it to sizeof before the call");
}

}  // namespace kairos::host
