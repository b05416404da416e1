// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "host/temporary_directory.hpp"
#include "plugins/driver.hpp"
#include "plugins/loaded_callback.hpp"

using Catch::Matchers::Contains;
using kairos::testing::Fit;
using kairos::tests::content_of;
using kairos::tests::loaded;
using kairos::tests::TemporaryDirectory;

using namespace kairos;
using namespace kairos::tests;

namespace {

using Clock = std::chrono::steady_clock;
using kairos::testing::Settings;

const kairos_callback& shell_hook() {
  return loaded("shell_hook", "kairos.ShellHook");
}

std::string echo_into(const TemporaryDirectory& dir, const std::string& words) {
  return "echo " + words + " >> " + (dir / "out").string();
}

/// What a failing command reports.
std::string failure_of_command(const Settings& settings) {
  Fit fit(shell_hook(), settings);
  fit.epoch({{"loss", 1}});
  for (const auto& line : fit.host().lines)
    if (line.level == kairos::Level::Error) return line.text;
  return "";
}

}  // namespace

TEST_CASE("ShellHook tells its commands what happened", "[plugins]") {
  struct Case {
    std::string option, words, expected;
    const char* why;
  };
  const Case table[] = {
      {"on_train_begin", "$KAIROS_EVENT $KAIROS_EPOCH $KAIROS_RESUMED", "on_train_begin 0 0\n", "a new run"},
      {"on_epoch_end", "$KAIROS_EVENT $KAIROS_EPOCH $KAIROS_STEP", "on_epoch_end 0 1\non_epoch_end 1 2\n",
       "each epoch, counted from 0"},
      {"on_epoch_end", "$KAIROS_LOG_loss $KAIROS_LOG_val_loss", "0.5 0.75\n0.25\n",
       "a log without a value has no variable"},
      {"on_epoch_end", "$KAIROS_LOG_top_k_5_", "2\nnan\n", "names that no variable can have"},
      {"on_epoch_end", "\"$KAIROS_LOGS\"",
       "{\"loss\": 0.5, \"top-k(5)\": 2, \"val_loss\": 0.75}\n{\"loss\": 0.25, \"top-k(5)\": \"NaN\"}\n",
       "all with their own names"},
      {"on_test_end", "$KAIROS_EPOCH $KAIROS_LOG_val_loss", "0 0.75\n", "a validation"},
      {"on_checkpoint_saved", "\"$KAIROS_FILE\"", "/a b/$(touch x).h5\n", "values are not run"},
      {"on_train_end", "$KAIROS_WHY $KAIROS_EPOCHS", "completed 2\n", "all epochs"},
      {"on_train_end", "[$KAIROS_RUN_DIR]", "[]\n", "no run directory"},
  };
  for (const Case& row : table) {
    CAPTURE(row.option, row.words, row.why);
    const TemporaryDirectory dir;
    Fit fit(shell_hook(), {{row.option, echo_into(dir, row.words)}});
    fit.epoch({{"loss", 0.5}, {"val_loss", 0.75}, {"top-k(5)", 2}});
    if (row.option == "on_checkpoint_saved") fit.checkpoint_saved("/a b/$(touch x).h5");
    fit.epoch({{"loss", 0.25}, {"top-k(5)", NAN}});
    fit.end();
    CHECK(content_of(dir / "out") == row.expected);
  }
}

TEST_CASE("ShellHook runs its command after a fault and after a signal", "[plugins]") {
  const TemporaryDirectory dir;
  Fit failing(shell_hook(), {{"on_fault", echo_into(dir, "\"$KAIROS_EVENT: $KAIROS_REASON\"")}});
  failing.epoch();
  failing.fault("disk\nfull `id`");
  CHECK(content_of(dir / "out") == "on_fault: disk\nfull `id`\n");
  Fit interrupted(shell_hook(), {{"on_train_end", echo_into(dir, "$KAIROS_WHY")},
                                 {"on_epoch_end", echo_into(dir, "epoch")}});
  interrupted.epoch();
  interrupted.interrupt(SIGTERM);
  interrupted.end();
  CHECK_THAT(content_of(dir / "out"), Catch::Matchers::EndsWith("epoch\ninterrupted\n"));
}

TEST_CASE("ShellHook gives a command nothing of the process but its environment", "[plugins]") {
  const TemporaryDirectory dir;
  const int open_file = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC
  ::setenv("KAIROS_LOG_stale", "7", 1);
  ::setenv("KAIROS_EVENT", "stale", 1);
  ::setenv("KAIROS_FILE", "stale", 1);  // of an event that this one is not
  ::setenv("KAIROS_TEST_OTHER", "kept", 1);
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  const auto ignored_before = ::signal(SIGPIPE, SIG_IGN);
  const std::string ask =
      "{ cat; ls /proc/self/fd | wc -l; grep SigBlk /proc/self/status; "
      "grep SigIgn /proc/self/status | tail -c 8; "
      "echo [$KAIROS_LOG_stale$KAIROS_FILE] $KAIROS_EVENT $KAIROS_TEST_OTHER $HOME; } > " +
      (dir / "out").string();
  {
    Fit fit(shell_hook(), {{"on_epoch_end", ask}});
    fit.epoch({{"loss", 1}});
  }
  ::signal(SIGPIPE, ignored_before);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::unsetenv("KAIROS_LOG_stale");
  for (const char* name : {"KAIROS_EVENT", "KAIROS_FILE", "KAIROS_TEST_OTHER"}) ::unsetenv(name);
  ::close(open_file);
  // Standard input, both outputs, and the directory that ls reads.
  CHECK(content_of(dir / "out") == "4\nSigBlk:\t0000000000000000\n0000000\n[] on_epoch_end kept " +
                                       std::string(std::getenv("HOME")) + "\n");
}

TEST_CASE("ShellHook says what went wrong with a command", "[plugins]") {
  struct Case {
    std::string command, expected;
    const char* why;
  };
  const std::string advice = ". Correct the command, or go on without it with on_error=warn";
  const Case table[] = {
      {"true", "", "nothing"},
      {"exit 3", "on_epoch_end: the command ended with exit code 3" + advice, "its exit code"},
      {"echo one; echo two >&2; echo; exit 1",
       "on_epoch_end: the command ended with exit code 1: two" + advice, "with the last line that has text"},
      {"kill -9 $$", "on_epoch_end: the command was ended by signal 9" + advice, "its signal"},
      {"exec sleep 60", "on_epoch_end: the command took longer than 0.2s and was ended" + advice,
       "a slow one"},
      {"echo begun; sleep 60",
       "on_epoch_end: the command took longer than 0.2s and was ended: begun" + advice,
       "with what it has started"},
      {"exec >&- 2>&-; sleep 60", "on_epoch_end: the command took longer than 0.2s and was ended" + advice,
       "it has closed its output"},
      {"yes | head -c 30000000; exit 4", "exit code 4: y" + advice, "more output than is kept"},
      {"nonsuch_command_7", "exit code 127", "the shell's own words follow"},
  };
  for (const Case& row : table) {
    CAPTURE(row.command, row.why);
    const bool is_slow = row.command.find("sleep") != std::string::npos;
    const Clock::time_point begin = Clock::now();
    const std::string text = failure_of_command(
        {{"on_epoch_end", row.command},
         {"timeout", is_slow ? std::chrono::milliseconds(200) : std::chrono::seconds(60)}});
    if (row.expected.empty())
      CHECK(text.empty());
    else
      CHECK_THAT(text, Contains(row.expected));
    CHECK(Clock::now() - begin < std::chrono::seconds(30));
  }
  CHECK_THAT(failure_of_command({{"on_epoch_end", std::string(3 << 20, ' ') + "true"}}),
             Contains("the command cannot be started: Argument list too long"));
}

TEST_CASE("ShellHook ends a command that ignores SIGTERM", "[plugins]") {
  const Clock::time_point begin = Clock::now();
  CHECK_THAT(failure_of_command({{"on_epoch_end", "trap '' TERM; while :; do sleep 0.1; done"},
                                 {"timeout", std::chrono::milliseconds(50)}}),
             Contains("took longer than 0.05s and was ended"));
  CHECK(Clock::now() - begin < std::chrono::seconds(20));
}

TEST_CASE("ShellHook ends its command after a signal, but not the last one", "[plugins]") {
  for (const char* command : {"sleep 60", "trap '' TERM; while :; do sleep 0.1; done"}) {
    CAPTURE(command);
    const TemporaryDirectory dir;
    Driver run({{"ShellHook:on_epoch_end=\"touch " + (dir / "begun").string() + "; " + command +
                 "\",on_train_end=\"sleep 0.3; " + echo_into(dir, "$KAIROS_WHY") + '"'}});
    run.begin();
    run.epoch({{1}});
    for (int i = 0; i < 2000 && !std::filesystem::exists(dir / "begun"); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    const Clock::time_point begin = Clock::now();
    run.callbacks().interrupt(SIGINT);
    run.callbacks().train_end(host::RunEnd::Interrupted);
    run.callbacks().finish(host::RunEnd::Interrupted);
    CHECK(Clock::now() - begin < std::chrono::seconds(10));
    CHECK(content_of(dir / "out") == "interrupted\n");
  }
}

TEST_CASE("ShellHook does not take a command for successful whose exit code is lost", "[plugins]") {
  const auto before = ::signal(SIGCHLD, SIG_IGN);
  Fit refused(shell_hook(), {{"on_epoch_end", "exit 1"}});
  CHECK_THROWS_WITH(refused.setup(),
                    Contains("this process ignores SIGCHLD, so that it cannot know whether a "
                             "command has failed") &&
                        Contains("start it by env --default-signal=CHLD"));
  ::signal(SIGCHLD, before);
  Fit fit(shell_hook(), {{"on_epoch_end", "exit 1"}});
  fit.begin_epoch();
  fit.batch();
  ::signal(SIGCHLD, SIG_IGN);  // another thread of the program
  fit.end_epoch();
  ::signal(SIGCHLD, before);
  REQUIRE(fit.host().lines.size() == 1);
  CHECK_THAT(fit.host().lines[0].text, Contains("nobody knows the exit code of the command"));
}

TEST_CASE("ShellHook fails as an output does, not as a wrong option", "[plugins]") {
  Fit fit(shell_hook(), {{"on_epoch_end", "exit 1"}});
  fit.epoch();
  try {
    fit.end();
    FAIL("the next hook fails");
  } catch (const kairos::testing::Failure& failure) {
    CHECK(failure.status() == KAIROS_E_IO);
  }
}

TEST_CASE("ShellHook rejects options with which nothing would run", "[plugins]") {
  using kairos::tests::refusal_of;
  CHECK_THAT(refusal_of({{"ShellHook"}}), Contains("no command is set. Set one of on_train_begin"));
  CHECK_THAT(refusal_of({{"ShellHook:on_epoch_end=' '"}}), Contains("no command is set"));
  CHECK_THAT(refusal_of({{"ShellHook:on_epoch_end=true,timeout=0s"}}),
             Contains("timeout is 0; expected a longer time. Write for example timeout=30s"));
  CHECK_THAT(refusal_of({{"ShellHook:on_epoch_end=true,queue=0"}}), Contains("queue"));
}

TEST_CASE("ShellHook never delays the training, and leaves out commands when too many wait", "[plugins]") {
  const TemporaryDirectory dir;
  const std::string wait = "while [ ! -e " + (dir / "go").string() + " ]; do sleep 0.02; done; ";
  Driver run({{"ShellHook:queue=2,on_error=warn,on_epoch_end=\"" + wait + echo_into(dir, "$KAIROS_EPOCH") +
               "\",on_train_end=\"" + echo_into(dir, "end") + '"'}});
  run.begin();
  const Clock::time_point begin = Clock::now();
  run.epoch({{1}});
  while (run.messages.empty() && Clock::now() - begin < std::chrono::seconds(20)) run.epoch({{1}});
  CHECK(Clock::now() - begin < std::chrono::seconds(20));
  REQUIRE_FALSE(run.messages.empty());
  CHECK(run.messages[0] ==
        "the command of on_epoch_end is left out, because 2 are waiting. Run a faster command, or a larger "
        "queue. "
        "Later ones are counted");
  for (int i = 0; i < 5; ++i) run.epoch({{1}});
  static_cast<void>(dir.put("go", ""));
  run.end();
  // On a loaded machine a command begins late, another one is accepted, and the run says that it waits.
  CHECK(std::any_of(run.messages.begin(), run.messages.end(), [](const std::string& message) {
    return message.find(" commands were left out, because too many were waiting") != std::string::npos;
  }));
  CHECK_THAT(content_of(dir / "out"),
             Catch::Matchers::StartsWith("0\n1\n") && Catch::Matchers::EndsWith("end\n"));
}

TEST_CASE("ShellHook goes on after a failed command if the policy says so", "[plugins]") {
  for (const bool goes_on : {true, false}) {
    const TemporaryDirectory dir;
    Driver run({{"ShellHook:on_error=" + std::string(goes_on ? "warn" : "disable") + ",on_epoch_end=\"" +
                 echo_into(dir, "$KAIROS_EPOCH") + "; exit 1\""}});
    const auto lines = [&dir] {
      const std::string text = std::filesystem::exists(dir / "out") ? content_of(dir / "out") : "";
      return std::count(text.begin(), text.end(), '\n');
    };
    const auto wait_for = [](const auto& condition) {
      const Clock::time_point begin = Clock::now();
      while (!condition() && Clock::now() - begin < std::chrono::seconds(20))
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    };
    run.begin();
    // A hook that comes after the failure reports it.
    wait_for([&] {
      run.epoch({{1}});
      return !run.messages.empty();
    });
    REQUIRE_FALSE(run.messages.empty());
    const std::string policy = goes_on ? "Further failures are counted" : "It is disabled";
    CHECK_THAT(run.messages[0], Contains(policy));
    // Commands that were accepted before may still run.
    auto before = lines();
    wait_for([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
      const auto earlier = std::exchange(before, lines());
      return earlier == before;
    });
    run.epoch({{1}});
    if (!goes_on) std::this_thread::sleep_for(std::chrono::milliseconds(300));
    if (goes_on) wait_for([&] { return lines() > before; });
    CHECK((lines() > before) == goes_on);
    run.end();
  }
}
