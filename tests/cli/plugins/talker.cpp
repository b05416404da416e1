// SPDX-License-Identifier: MIT
// A callback that writes messages of every level, slowly, and from a thread that outlives it.
#include <kairos/plugin.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <thread>

struct Talker : kairos::Callback<Talker> {
  static constexpr auto id = "com.example.Talker";
  static constexpr auto capabilities = kairos::Can::Stop;

  kairos::Option<std::string_view> text{this, "text", "", "what to say at each end of an epoch"};
  kairos::Option<kairos::Choice> level{this, "level", "info", "level of the text",
                                       kairos::choices("debug,info,warning")};
  kairos::Option<int> every{this, "every", 0, "batches between two messages; 0: none", kairos::min(0)};
  kairos::Option<int> sleep{this, "sleep", 0, "milliseconds for each batch", kairos::min(0)};
  kairos::Option<bool> stops{this, "stops", false, "stop after the first epoch with this text"};

  void on_train_batch_end(kairos::Batch& batch) {
    std::this_thread::sleep_for(std::chrono::milliseconds(sleep));
    if (every > 0 && (batch.index() + 1) % every == 0)
      batch.print("batch " + std::to_string(batch.index() + 1), as_level());
  }
  void on_epoch_end(kairos::Epoch& epoch) {
    std::string said(text.value());  // options are text: \e stands for ESC, \n for a line break
    for (std::size_t at; (at = said.find("\\e")) != std::string::npos;) said.replace(at, 2, "\x1b");
    for (std::size_t at; (at = said.find("\\n")) != std::string::npos;) said.replace(at, 2, "\n");
    if (stops)
      epoch.stop(said);
    else if (!said.empty())
      epoch.print(said, as_level());
  }

 private:
  [[nodiscard]] kairos::Level as_level() const {
    return level == "debug"     ? kairos::Level::Debug
           : level == "warning" ? kairos::Level::Warning
                                : kairos::Level::Info;
  }
};

KAIROS_PLUGIN("1.0.0", Talker)
