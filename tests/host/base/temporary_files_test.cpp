// SPDX-License-Identifier: MIT
// What killed processes leave behind is removed; what is alive, or of a user, stays.
#include "base/temporary_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <ctime>
#include <set>
#include <string>

#include "base/atomic_file.hpp"
#include "host/temporary_directory.hpp"

namespace fs = std::filesystem;
using namespace kairos::host;
using kairos::tests::content_of;
using kairos::tests::TemporaryDirectory;

namespace {

std::set<std::string> names_in(const TemporaryDirectory& directory) {
  std::set<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory.path()))
    names.insert(entry.path().filename().string());
  return names;
}

/// A process that has written half of a file.
class Writer {
 public:
  explicit Writer(const fs::path& file) {
    std::array<int, 2> ready{};
    REQUIRE(::pipe(ready.data()) == 0);
    child_ = ::fork();
    if (child_ == 0) {
      AtomicFile half(file);
      half.write("half");
      static_cast<void>(!::write(ready[1], "x", 1));
      for (;;) ::pause();
    }
    char got = 0;
    REQUIRE(::read(ready[0], &got, 1) == 1);
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~Writer() { kill(); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void kill() {
    if (child_ == 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    child_ = 0;
  }

 private:
  pid_t child_ = 0;
};

void set_age(const fs::path& file, std::time_t seconds) {
  const std::array<timespec, 2> times{{{std::time(nullptr) - seconds, 0}, {std::time(nullptr) - seconds, 0}}};
  REQUIRE(::utimensat(AT_FDCWD, file.c_str(), times.data(), 0) == 0);
}

}  // namespace

TEST_CASE("The temporary file of a killed process is removed, that of a live one stays", "[host][io]") {
  const TemporaryDirectory directory;
  Writer live(directory / "a.txt"), dead(directory / "b.txt");
  CHECK(names_in(directory).size() == 2);
  remove_dead_temporaries(directory.path());
  CHECK(names_in(directory).size() == 2);
  dead.kill();
  remove_dead_temporaries(directory.path());
  CHECK(names_in(directory).size() == 1);
  live.kill();
  remove_dead_temporaries(directory.path());
  CHECK(names_in(directory).empty());
}

TEST_CASE("A file that this process is writing stays, and gets its name", "[host][io]") {
  const TemporaryDirectory directory;
  AtomicFile file(directory / "a.txt");
  file.write("whole");
  remove_dead_temporaries(directory.path());
  file.commit();
  CHECK(content_of(directory / "a.txt") == "whole");
  remove_dead_temporaries(directory.path());
  CHECK(names_in(directory) == std::set<std::string>{"a.txt"});
}

TEST_CASE("Nothing but old temporary files is removed", "[host][io]") {
  const TemporaryDirectory directory;
  const std::string name = temporary_name();
  const std::string machine = name.substr(8, 8);
  const std::string other = machine == "00000000" ? "11111111" : "00000000";
  const std::set<std::string> kept{".kairos-notes.tmp",
                                   ".kairos-" + machine + "-1-2.tmp.bak",
                                   ".kairos-" + machine + "-1.tmp",
                                   ".kairos-" + machine + "-1-2-3.tmp",
                                   ".kairos-" + machine + "-x-2.tmp",
                                   "kairos-" + machine + "-1-2.tmp",
                                   ".kairos-" + other + "-1-2.tmp",
                                   "model.keras"};
  for (const std::string& one : kept) static_cast<void>(directory.put(one, "of a user"));
  static_cast<void>(directory.put(".kairos-" + machine + "-1-2.tmp", "dead"));
  fs::create_directory(directory / (".kairos-" + machine + "-3-4.tmp"));
  fs::create_symlink(directory / "model.keras", directory / (".kairos-" + machine + "-5-6.tmp"));
  remove_dead_temporaries(directory.path());
  std::set<std::string> left = kept;
  left.insert({".kairos-" + machine + "-3-4.tmp", ".kairos-" + machine + "-5-6.tmp"});
  CHECK(names_in(directory) == left);
  set_age(directory / (".kairos-" + other + "-1-2.tmp"), 2 * 86400);
  remove_dead_temporaries(directory.path());
  left.erase(".kairos-" + other + "-1-2.tmp");
  CHECK(names_in(directory) == left);
  remove_dead_temporaries(directory / "nowhere");
}

TEST_CASE("A temporary file that was removed before it was locked is not used", "[host][io]") {
  const TemporaryDirectory directory;
  const fs::path file = directory.put("a.tmp", "");
  const int writer = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
  REQUIRE(writer >= 0);
  CHECK(hold_temporary(writer));
  const int second = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
  CHECK_FALSE(hold_temporary(second));
  ::close(writer);
  fs::remove(file);
  CHECK_FALSE(hold_temporary(second));
  ::close(second);
}
