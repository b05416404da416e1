// SPDX-License-Identifier: MIT
// kairos.files/1: files that callbacks read and write besides those in their options.
#include <optional>
#include <string>

#include "plugin/run/host_api.hpp"

namespace kairos::host {

namespace {

kairos_status announce(kairos_call* call, kairos_str path, std::int32_t access) {
  KAIROS_RETURN_IF(check_moment(call, Moment::SetUp));
  if (access != KAIROS_FILE_READ && access != KAIROS_FILE_WRITE)
    return call->refuse(KAIROS_E_INVALID, "the access of an announced file must be read or write");
  return translated(call, [&] {
    FileGuard& files = call->session->files;
    const std::string& who = call->instance->name;
    const std::string file(view(path));
    std::optional<FileGuard::Conflict> conflict;
    if (access == KAIROS_FILE_READ) {
      conflict = files.add_announced_read(file, who);
    } else {
      FileGuard::Claim claim{file, FileContent::Other, who, who};
      conflict = files.conflict(claim);
      if (!conflict) files.add_written(std::move(claim));
    }
    if (!conflict) return kairos_status{KAIROS_OK};
    return call->refuse(KAIROS_E_DENIED, conflict->text("\"" + file + "\""));
  });
}

}  // namespace

const kairos_files files_table = {sizeof files_table, 0, announce};

}  // namespace kairos::host
