// SPDX-License-Identifier: MIT
// A callback with background work that does not end by itself, or takes long.
#include <kairos/plugin.hpp>

#include <chrono>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>

namespace {

using namespace std::chrono_literals;

kairos_status again(void* arg);

struct Interface {
  const kairos_host* host;
  const kairos_tasks* tasks;
};

kairos_status again(void* arg) {
  const auto& to = *static_cast<Interface*>(arg);
  std::this_thread::sleep_for(1ms);
  static_cast<void>(to.tasks->submit(to.host, again, arg));
  return KAIROS_OK;
}

}  // namespace

struct Busy : kairos::Callback<Busy> {
  static constexpr auto id = "com.example.Busy";
  static constexpr auto phase = kairos::Phase::Report;
  kairos::Option<std::string_view> what{this, "what", "sleep", "what the task does"};
  kairos::Tasks tasks{this, 4};
  kairos::Owned<Interface> interface { this };
  struct Parting {
    ~Parting() { std::ofstream("destroyed") << "yes"; }
  };
  kairos::Owned<Parting> parting{this};

  void post() {
    if (what == "sleep") tasks.post([] { std::this_thread::sleep_for(30s); }, kairos::when_full::drop);
    if (what == "ask")
      tasks.post([this] {
        while (!tasks.ending()) std::this_thread::sleep_for(1ms);
      });
    if (what == "file" || what == "file_forever") {
      const auto time = what == "file" ? 2500ms : 60s;
      tasks.post(
          [time] {
            std::this_thread::sleep_for(time);
            std::ofstream("written") << "complete";
          },
          kairos::when_full::refuse, kairos::when_interrupted::finish);
    }
    if (what == "again") {
      *interface = {interfaces.host, interfaces.tasks};
      static_cast<void>(interfaces.tasks->submit(interfaces.host, again, &*interface));
    }
  }

  void on_epoch_end(kairos::Epoch& epoch) {
    if (epoch.index() == 0) post();
    if (epoch.index() == 1) std::ofstream("began") << "yes";
  }
};

KAIROS_PLUGIN("1.0.0", Busy)
