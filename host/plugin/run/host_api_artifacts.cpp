// SPDX-License-Identifier: MIT
// kairos.artifacts/1 and kairos.info/1. Everything about an artifact is checked before it is copied, also if
// nobody takes it: a mistake does not wait for a consumer.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "base/printable.hpp"
#include "plugin/run/artifacts.hpp"
#include "plugin/run/host_api.hpp"

namespace kairos::host {

namespace {

constexpr std::size_t longest_name = 200;
constexpr std::int64_t longest_side = 16384;

kairos_status refuse(kairos_call* call, std::string why) {
  return call->refuse(KAIROS_E_INVALID, "an artifact " + std::move(why));
}

// ---------------------------------------------------------------- checks

/// Bytes of valid UTF-8; line feeds and tabs are allowed in texts.
bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find_first_of("\n\t\r");
    if (!is_printable(text.substr(0, end))) return false;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return true;
}

kairos_status check_texts(kairos_call* call, const kairos_artifact& artifact) {
  KAIROS_RETURN_IF(check_name(call, artifact.name, "the name of an artifact"));
  if (artifact.name.length == 0 || artifact.name.length > longest_name)
    return refuse(call, "has a name of " + std::to_string(artifact.name.length) + " bytes; expected 1 to " +
                            std::to_string(longest_name));
  KAIROS_RETURN_IF(check_name(call, artifact.media_type, "the media type of an artifact"));
  for (const kairos_str& text : {artifact.text, artifact.row_names, artifact.column_names})
    if (!is_text(text) || !is_utf8(view(text))) return refuse(call, "has a text that is not printable UTF-8");
  return KAIROS_OK;
}

std::int64_t names_in(kairos_str text) {
  const std::string_view names = view(text);
  return names.empty() ? 0 : 1 + std::ranges::count(names, '\n');
}

/// A view of `rank` axes of the values of a kind, and the product of its shape; each axis has 1 to `longest`
/// elements.
kairos_status check_data(kairos_call* call, const kairos_view& data, std::int32_t rank,
                         const kairos_dtype& dtype, std::size_t& count) {
  if (data.data == nullptr || data.shape == nullptr || data.rank != rank)
    return refuse(call, "of this kind needs data of rank " + std::to_string(rank) + "; found " +
                            std::to_string(data.rank));
  if (data.dtype.code != dtype.code || data.dtype.bits != dtype.bits || data.dtype.lanes != dtype.lanes ||
      data.device.type != 1)
    return call->refuse(KAIROS_E_UNSUPPORTED,
                        "an artifact of this kind has values of dtype " + std::to_string(dtype.code) + ", " +
                            std::to_string(dtype.bits) + " bits on the CPU; found dtype " +
                            std::to_string(data.dtype.code) + ", " + std::to_string(data.dtype.bits) +
                            " bits, device type " + std::to_string(data.device.type));
  count = 1;
  for (std::int32_t axis = 0; axis < rank; ++axis) {
    const std::int64_t size = data.shape[axis];
    if (size < 1) return refuse(call, "has an axis of " + std::to_string(size) + " elements");
    if (static_cast<std::uint64_t>(size) > ArtifactBox::room / count)
      return call->refuse(KAIROS_E_BUSY, "the artifacts of an event are limited to 64 MiB");
    count *= static_cast<std::size_t>(size);
  }
  if (!is_compact(data)) return refuse(call, "has strides; expected row-major values without gaps");
  return KAIROS_OK;
}

kairos_status check_image(kairos_call* call, const kairos_view& data, std::size_t& count) {
  KAIROS_RETURN_IF(check_data(call, data, 3, {1, 8, 1}, count));
  if (data.shape[0] > longest_side || data.shape[1] > longest_side)
    return refuse(call, "is an image of " + std::to_string(data.shape[0]) + " by " +
                            std::to_string(data.shape[1]) + " pixels; expected at most " +
                            std::to_string(longest_side) + " in each direction");
  const std::int64_t channels = data.shape[2];
  if (channels == 1 || channels == 3 || channels == 4) return KAIROS_OK;
  return refuse_number(call, KAIROS_E_UNSUPPORTED, "the number of channels", channels,
                       "1 (grey), 3 (RGB) or 4 (RGBA)");
}

double number_at(const kairos_view& data, std::int64_t index) {
  double value = 0;
  std::memcpy(
      &value,
      static_cast<const char*>(data.data) + data.byte_offset + static_cast<std::size_t>(index) * sizeof value,
      sizeof value);
  return value;
}

kairos_status check_histogram(kairos_call* call, const kairos_view& data, std::size_t& count) {
  KAIROS_RETURN_IF(check_data(call, data, 2, {2, 64, 1}, count));
  const std::int64_t edges = data.shape[1];
  if (data.shape[0] != 2 || edges < 2)
    return refuse(call, "is a histogram of shape [" + std::to_string(data.shape[0]) + ", " +
                            std::to_string(edges) + "]; expected [2, bins + 1]");
  for (std::int64_t i = 0; i < edges; ++i) {
    const double edge = number_at(data, i), many = number_at(data, edges + i);
    if (!std::isfinite(edge) || (i > 0 && edge < number_at(data, i - 1)))
      return refuse(call, "is a histogram whose edges are not finite, or decrease");
    if (!std::isfinite(many) || many < 0 || (i == edges - 1 && many != 0))
      return refuse(call,
                    "is a histogram with a count that is negative or not finite, or whose last count, "
                    "which has no bin, is not 0");
  }
  return KAIROS_OK;
}

kairos_status check_table(kairos_call* call, const kairos_artifact& artifact, std::size_t& count) {
  KAIROS_RETURN_IF(check_data(call, artifact.data, 2, {2, 64, 1}, count));
  const std::array names{names_in(artifact.row_names), names_in(artifact.column_names)};
  for (std::size_t axis = 0; axis < names.size(); ++axis)
    if (names[axis] != 0 && names[axis] != artifact.data.shape[axis])
      return refuse(call, "is a table of " + std::to_string(artifact.data.shape[axis]) +
                              (axis == 0 ? " rows with " : " columns with ") + std::to_string(names[axis]) +
                              " names; a name has no line feed");
  return KAIROS_OK;
}

kairos_status check_text(kairos_call* call, const kairos_artifact& artifact) {
  constexpr std::array<std::string_view, 4> types{"text/plain", "text/markdown", "application/json",
                                                  "image/svg+xml"};
  if (std::ranges::find(types, view(artifact.media_type)) != types.end()) return KAIROS_OK;
  return call->refuse(KAIROS_E_UNSUPPORTED,
                      "\"" + printable(view(artifact.media_type)) +
                          "\" is no media type of a text; expected text/plain, text/markdown, "
                          "application/json or image/svg+xml");
}

/// `bytes` of the data.
kairos_status check_kind(kairos_call* call, const kairos_artifact& artifact, std::size_t& bytes) {
  const bool is_text = artifact.kind == KAIROS_ARTIFACT_TEXT, is_file = artifact.kind == KAIROS_ARTIFACT_FILE,
             is_table = artifact.kind == KAIROS_ARTIFACT_TABLE;
  const bool has_text = artifact.text.length != 0 || artifact.media_type.length != 0;
  const bool has_names = artifact.row_names.length != 0 || artifact.column_names.length != 0;
  const bool has_data = artifact.data.data != nullptr || artifact.data.rank != 0;
  if ((has_text && !is_text && !is_file) || (has_names && !is_table) || (has_data && (is_text || is_file)))
    return refuse(call, "has a field that its kind does not use; leave it empty");
  std::size_t count = 0;
  switch (artifact.kind) {
    case KAIROS_ARTIFACT_TEXT:
      return check_text(call, artifact);
    case KAIROS_ARTIFACT_IMAGE:
      KAIROS_RETURN_IF(check_image(call, artifact.data, count));
      bytes = count;
      return KAIROS_OK;
    case KAIROS_ARTIFACT_HISTOGRAM:
    case KAIROS_ARTIFACT_TABLE:
      KAIROS_RETURN_IF(is_table ? check_table(call, artifact, count)
                                : check_histogram(call, artifact.data, count));
      bytes = count * sizeof(double);
      return KAIROS_OK;
    case KAIROS_ARTIFACT_FILE:
      KAIROS_RETURN_IF(check_name(call, artifact.text, "the path of an artifact"));
      return view(artifact.text).starts_with('/')
                 ? kairos_status{KAIROS_OK}
                 : refuse(call, "names a file by a path that is not absolute");
    default:
      return refuse_number(call, KAIROS_E_UNSUPPORTED, "the kind of an artifact", artifact.kind,
                           "KAIROS_ARTIFACT_TEXT (1) to KAIROS_ARTIFACT_FILE (5)");
  }
}

/// Copies an in struct whose bytes beyond our own size must be zero.
kairos_status read_artifact(kairos_call* call, const kairos_artifact* given, kairos_artifact& artifact) {
  KAIROS_RETURN_IF(check_pointer(call, given, "the artifact"));
  if (given->size < sizeof artifact)
    return refuse(call, "has the size " + std::to_string(given->size) + "; expected at least " +
                            std::to_string(sizeof artifact) + ", the sizeof of the struct");
  const auto* const bytes = reinterpret_cast<const std::byte*>(given);
  if (std::any_of(bytes + sizeof artifact, bytes + given->size,
                  [](std::byte byte) { return byte != std::byte{0}; }))
    return call->refuse(KAIROS_E_UNSUPPORTED, "an artifact has fields that this host does not know");
  artifact = *given;
  return KAIROS_OK;
}

// ---------------------------------------------------------------- the tables

bool has_consumer(const kairos_call& call) {
  return std::ranges::any_of(call.session->hooks.on_artifact.listeners, [&](const Instance* instance) {
    return instance != call.instance && !instance->disabled;
  });
}

std::int32_t wanted(kairos_call* call) {
  if (!is_on_fit_thread(call) || call->moment < Moment::Running) return 0;
  const Session& session = *call->session;
  if (session.delivers_artifacts || call->hook == session.hooks.on_artifact.name) return 0;
  return has_consumer(*call) ? 1 : 0;
}

kairos_status publish(kairos_call* call, const kairos_artifact* given) {
  return answer(call, Moment::Running, [&] {
    Session& session = *call->session;
    if (call->hook == session.hooks.on_artifact.name)
      return call->refuse(KAIROS_E_STATE, "an artifact is not published in on_artifact");
    kairos_artifact artifact{};
    KAIROS_RETURN_IF(read_artifact(call, given, artifact));
    std::size_t bytes = 0;
    KAIROS_RETURN_IF(check_kind(call, artifact, bytes));
    KAIROS_RETURN_IF(check_texts(call, artifact));
    const std::size_t all =
        bytes + static_cast<std::size_t>(artifact.text.length + artifact.row_names.length +
                                         artifact.column_names.length);
    if (!session.artifacts.has_room_for(all))
      return call->refuse(KAIROS_E_BUSY, "the artifacts of an event are limited to 64 MiB");
    if (session.delivers_artifacts || !has_consumer(*call)) return kairos_status{KAIROS_OK};
    artifact.epoch = session.facts.epoch;
    artifact.step = session.target.iterations();
    session.artifacts.add(std::make_unique<ArtifactCopy>(artifact, bytes, *call->instance), all, call->hook);
    return kairos_status{KAIROS_OK};
  });
}

const RunNotes::List* list_of(const kairos_call& call, std::int32_t list) {
  const RunNotes& notes = call.session->options.notes;
  switch (list) {
    case KAIROS_INFO_SETTINGS:
      return &notes.settings;
    case KAIROS_INFO_ENVIRONMENT:
      return &notes.environment;
    case KAIROS_INFO_CLASSES:
      return &notes.classes;
    case KAIROS_INFO_COLUMNS:
      return &notes.columns;
    default:
      return nullptr;
  }
}

std::uint32_t info_count(kairos_call* call, std::int32_t list) {
  if (!is_on_fit_thread(call) || call->moment < Moment::SetUp) return 0;
  const RunNotes::List* const entries = list_of(*call, list);
  return entries == nullptr ? 0 : static_cast<std::uint32_t>(entries->size());
}

kairos_status info_entry(kairos_call* call, std::int32_t list, std::uint32_t index, kairos_str* name,
                         kairos_str* value) {
  return answer(call, Moment::SetUp, [&] {
    KAIROS_RETURN_IF(check_pointer(call, name, "the name of an entry"));
    KAIROS_RETURN_IF(check_pointer(call, value, "the value of an entry"));
    const RunNotes::List* const entries = list_of(*call, list);
    if (entries == nullptr || index >= entries->size())
      return call->refuse(KAIROS_E_RANGE, "entry " + std::to_string(index) + " of list " +
                                              std::to_string(list) + ", which has " +
                                              std::to_string(entries == nullptr ? 0 : entries->size()));
    *name = to_abi((*entries)[index].first);
    *value = to_abi((*entries)[index].second);
    return kairos_status{KAIROS_OK};
  });
}

}  // namespace

const kairos_artifacts artifacts_table = {sizeof artifacts_table, 0, wanted, publish};
const kairos_info info_table = {sizeof info_table, 0, info_count, info_entry};

}  // namespace kairos::host
