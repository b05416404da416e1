// SPDX-License-Identifier: MIT
// The copy of an artifact: of its publisher's memory, nothing is used after `publish`.
#include "plugin/run/artifacts.hpp"

#include <cstring>

#include "plugin/run/arguments.hpp"
#include "plugin/run/instance.hpp"

namespace kairos::host {

ArtifactCopy::ArtifactCopy(const kairos_artifact& given, std::size_t data_bytes, const Instance& author)
    : publisher(author),
      name(view(given.name)),
      publisher_name(author.name),
      media_type(view(given.media_type)),
      text(view(given.text)),
      row_names(view(given.row_names)),
      column_names(view(given.column_names)),
      data((data_bytes + sizeof(double) - 1) / sizeof(double)),
      abi(given) {
  abi.size = sizeof abi;
  abi.name = to_abi(name);
  abi.publisher = to_abi(publisher_name);
  abi.media_type = to_abi(media_type);
  abi.text = to_abi(text);
  abi.row_names = to_abi(row_names);
  abi.column_names = to_abi(column_names);
  abi.data = {};
  abi.data.device = {1, 0};
  if (data_bytes == 0) return;
  std::memcpy(data.data(), static_cast<const char*>(given.data.data) + given.data.byte_offset, data_bytes);
  shape.assign(given.data.shape, given.data.shape + given.data.rank);
  abi.data = {data.data(), {1, 0}, given.data.rank, given.data.dtype, shape.data(), nullptr, 0};
}

}  // namespace kairos::host
