// SPDX-License-Identifier: MIT
// Callbacks that declare their files in ways that no bundled callback does.
#include <kairos/plugin.hpp>

#include <fstream>
#include <string>
#include <string_view>

/// Does not declare whether it reads or writes its file.
struct Scribbler : kairos::Callback<Scribbler> {
  static constexpr auto id = "com.example.Scribbler";
  kairos::Option<kairos::Path> file{this, "file", kairos::required, "what to write"};

  void on_train_begin(kairos::Run&) { std::ofstream(std::string(file.value())) << "scribbled\n"; }
};

struct Reader : kairos::Callback<Reader> {
  static constexpr auto id = "com.example.Reader";
  kairos::Option<kairos::InputPath> file{this, "file", kairos::required, "what to read"};

  void on_train_begin(kairos::Run&) {
    if (!std::ifstream(std::string(file.value())))
      throw kairos::Error("nothing to read in " + std::string(file.value()));
  }
};

/// Passes a name to the host that no option declares as a path.
struct SaveAs : kairos::Callback<SaveAs> {
  static constexpr auto id = "com.example.SaveAs";
  static constexpr auto capabilities = kairos::Can::SaveModel;
  kairos::Option<std::string_view> name{this, "name", kairos::required, "file to save"};

  void on_epoch_end(kairos::Epoch& epoch) { epoch.save(name.value(), kairos::SaveContent::Weights); }
};

KAIROS_PLUGIN("1.0.0", Scribbler, Reader, SaveAs)
