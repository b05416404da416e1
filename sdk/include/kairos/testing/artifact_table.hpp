// SPDX-License-Identifier: MIT
// kairos.artifacts/1 and kairos.info/1 of the test host.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "kairos/testing/host.hpp"
#include "kairos/testing/table_parts.hpp"

namespace kairos {
inline namespace v1 {
namespace testing {
namespace tables {

inline std::int32_t artifacts_wanted(kairos_call* call) {
  Call& now = Call::of(call);
  return now.host->artifacts_wanted && now.hook.substr(0, 3) == "on_" ? 1 : 0;
}
inline std::size_t size_of(const kairos_view& view) {
  std::size_t size = view.rank == 0 ? 0 : 1;
  for (std::int32_t axis = 0; axis < view.rank; ++axis) size *= static_cast<std::size_t>(view.shape[axis]);
  return size;
}
inline kairos_status artifacts_publish(kairos_call* call, const kairos_artifact* artifact) {
  KAIROS_TESTING_ENTER("artifacts.publish");
  if (const kairos_status status = need_running(call); status != KAIROS_OK) return status;
  if (Call::of(call).hook == "on_artifact")
    return Call::of(call).refuse(KAIROS_E_STATE, "an artifact is not published in on_artifact");
  if (artifact->size < sizeof(kairos_artifact) || artifact->name.length == 0)
    return Call::of(call).refuse(KAIROS_E_INVALID, "an artifact has no name, or not the size of its struct");
  if (artifact->kind < KAIROS_ARTIFACT_TEXT || artifact->kind > KAIROS_ARTIFACT_FILE)
    return Call::of(call).refuse(KAIROS_E_UNSUPPORTED,
                                 std::to_string(artifact->kind) + " is no kind of artifact");
  if (!host.artifacts_wanted) return KAIROS_OK;
  ArtifactData data;
  data.kind = static_cast<std::int32_t>(artifact->kind);
  data.name = text_of(artifact->name);
  data.media_type = text_of(artifact->media_type);
  data.text = text_of(artifact->text);
  data.row_names = text_of(artifact->row_names);
  data.column_names = text_of(artifact->column_names);
  const kairos_view& view = artifact->data;
  if (view.rank > 0) data.shape.assign(view.shape, view.shape + view.rank);
  const std::size_t size = size_of(view);
  if (artifact->kind == KAIROS_ARTIFACT_IMAGE) {
    const auto* const bytes = static_cast<const std::uint8_t*>(view.data);
    data.pixels.assign(bytes, bytes + size);
  } else if (size > 0) {
    const auto* const numbers = static_cast<const double*>(view.data);
    data.numbers.assign(numbers, numbers + size);
  }
  host.artifacts.push_back(data);
  return KAIROS_OK;
}

inline std::uint32_t info_count(kairos_call* call, std::int32_t list) {
  const auto& lists = Call::of(call).host->info;
  const auto found = lists.find(static_cast<Info>(list));
  return found == lists.end() ? 0 : static_cast<std::uint32_t>(found->second.size());
}
inline kairos_status info_entry(kairos_call* call, std::int32_t list, std::uint32_t index, kairos_str* name,
                                kairos_str* value) {
  KAIROS_TESTING_ENTER("info.entry");
  if (index >= info_count(call, list))
    return Call::of(call).refuse(KAIROS_E_RANGE, "the list has no entry " + std::to_string(index));
  const auto& entry = host.info.at(static_cast<Info>(list))[index];
  *name = detail::to_abi(entry.first);
  *value = detail::to_abi(entry.second);
  return KAIROS_OK;
}

inline constexpr kairos_artifacts artifacts = {sizeof(kairos_artifacts), 0, &artifacts_wanted,
                                               &artifacts_publish};
inline constexpr kairos_info info = {sizeof(kairos_info), 0, &info_count, &info_entry};

}  // namespace tables
}  // namespace testing
}  // namespace v1
}  // namespace kairos
