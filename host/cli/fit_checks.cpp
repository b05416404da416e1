// SPDX-License-Identifier: MIT
// What a fit will write is tried before it trains.
#include "cli/fit_checks.hpp"

#include <string>

#include "cli/output_files.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

/// A flag that names a file of the model to write when the run ends.
struct FinalSave {
  const char* key;
  const char* flag;
  SaveContent content;
  const char* endings;
};
constexpr FinalSave final_saves[]{
    {"save_model", "--save-model", SaveContent::Model, ".keras or .h5"},
    {"save_weights", "--save-weights", SaveContent::Weights, ".npz, .h5 or .weights.h5"},
};

void check_final_save(const Settings& settings, const Model& model, const FinalSave& save) {
  if (!settings.has(save.key)) return;
  const std::string file = settings.text(save.key);
  if (const std::string fault = model.save_fault(file, save.content); !fault.empty())
    throw Error(ErrorKind::Usage, {"KAIROS-U006", save.flag + (" " + file), fault, "", "",
                                   std::string("Choose ") + save.endings});
  require_writable(file, save.flag);
}

}  // namespace

void check_outputs(const Settings& settings, const Model& model) {
  if (settings.has("history")) {
    check_history_ending(settings.text("history"));
    require_writable(settings.text("history"), "--history");
  }
  for (const FinalSave& save : final_saves) check_final_save(settings, model, save);
}

}  // namespace kairos::host::cli
