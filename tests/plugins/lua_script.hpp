// SPDX-License-Identifier: MIT
// Runs scripts of LuaCallback over given logs.
#pragma once

#include <fstream>
#include <string>
#include <vector>

#include "host/temporary_directory.hpp"
#include "kairos/host/error.hpp"
#include "plugins/driver.hpp"

namespace kairos::tests {

/// A directory with a script.
struct ScriptFile {
  explicit ScriptFile(const std::string& text, const std::string& options = "") {
    std::ofstream(directory / "mine.lua", std::ios::binary) << text;
    spec = "LuaCallback:file='" + (directory / "mine.lua").string() + "'" + options;
  }
  [[nodiscard]] Plan plan() const {
    return {{spec}, directory.path(), {{"loss", host::Direction::Min}}, false};
  }
  TemporaryDirectory directory;
  std::string spec;
};

/// Epochs of two batches with these losses.
inline std::vector<EpochLogs> epochs_of(const std::vector<double>& values) {
  std::vector<EpochLogs> epochs;
  for (const double loss : values) epochs.push_back({{loss}, {}, {{loss + 1}, {loss}}});
  return epochs;
}

/// The messages of a run of a script.
inline std::vector<std::string> printed(const std::string& text, const std::vector<double>& values = {1},
                                        const std::string& options = "") {
  const ScriptFile script(text, options);
  Driver run(script.plan());
  run.fit(epochs_of(values));
  return run.messages;
}

/// The error of a run of a script.
inline std::string fault_of(const std::string& text, const std::string& options = "") {
  const ScriptFile script(text, options);
  try {
    Driver run(script.plan());
    run.fit(epochs_of({1}));
  } catch (const host::Error& error) {
    return error.what();
  }
  return "";
}

/// A body of on_epoch_end, as a script.
inline std::string at_epoch_end(const std::string& body) {
  return "function on_epoch_end(epoch, logs, event)\n" + body + "\nend";
}

}  // namespace kairos::tests
