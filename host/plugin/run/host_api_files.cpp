// SPDX-License-Identifier: MIT
// kairos.files/1: files that callbacks read and write besides those in their options.
#include <optional>
#include <string>

#include "plugin/run/host_api.hpp"

namespace kairos::host {

namespace {

kairos_status announce(kairos_call* call, kairos_str path, std::int32_t access) {
  return answer(call, Moment::SetUp, [&] {
    if (access != KAIROS_FILE_READ && access != KAIROS_FILE_WRITE)
      return refuse_number(call, KAIROS_E_INVALID, "the access of an announced file", access,
                           "KAIROS_FILE_READ (1) or KAIROS_FILE_WRITE (2)");
    std::string file;
    KAIROS_RETURN_IF(take_own_path(call, path, file));
    FileGuard& files = call->session->files;
    const std::string& who = call->instance->name;
    std::optional<FileGuard::Conflict> conflict;
    if (access == KAIROS_FILE_READ) {
      conflict = files.add_announced_read(file, who);
    } else {
      FileGuard::Claim claim{file, FileContent::Other, who, who};
      conflict = files.conflict(claim);
      if (!conflict) files.add_written(std::move(claim));
    }
    return conflict ? call->refuse(KAIROS_E_DENIED, conflict->text("\"" + file + "\"")) : KAIROS_OK;
  });
}

}  // namespace

const kairos_files files_table = {sizeof files_table, 0, announce};

}  // namespace kairos::host
