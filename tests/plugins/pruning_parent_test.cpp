// SPDX-License-Identifier: MIT
// Pruning asks a parent over pipes.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "host/temporary_directory.hpp"
#include "plugins/driver.hpp"

using namespace kairos;
using namespace kairos::tests;

namespace {

using Catch::Matchers::Contains;

/// A pipe; its ends are closed at the end.
struct Pipe {
  Pipe() { REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0); }
  ~Pipe() {
    close(0);
    close(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close(std::size_t end) {
    if (ends[end] >= 0) ::close(ends[end]);
    ends[end] = -1;
  }
  void put(const std::string& text) const {
    REQUIRE(::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  /// What is in it.
  [[nodiscard]] std::string content() const {
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    std::array<char, 4096> text{};
    const ssize_t got = ::read(ends[0], text.data(), text.size());
    return {text.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
  }
  std::array<int, 2> ends{-1, -1};
};

std::string asking(const Pipe& ask, const Pipe& answer, const std::string& more = "") {
  return "Pruning:rule=ask,trial=me,ask=fd:" + std::to_string(ask.ends[1]) +
         ",answer=fd:" + std::to_string(answer.ends[0]) + more;
}

/// The error of a run with this plugin; "" if there is none.
std::string failure_of(const std::string& plugin) {
  try {
    Driver run({{plugin + ",on_error=fatal"}});
    run.fit(losses({1}));
  } catch (const host::Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("Pruning asks its parent after each epoch, and does what it says", "[plugins]") {
  struct Case {
    std::string answers;
    std::int64_t epochs;
    std::string reason;
    const char* why;
  };
  const Case table[] = {
      {"go on\ngo on\ngo on\n", 3, "", "to the end"},
      {"go on\nstop\n", 2, "asked for by the parent", "without a reason"},
      {"stop: others are better\n", 1, "others are better", "with a reason"},
      {"stop others are better\r\n", 1, "others are better", "without a colon, by a program of Windows"},
  };
  for (const Case& row : table) {
    CAPTURE(row.why);
    const Pipe ask, answer;
    answer.put(row.answers);
    Driver run({{asking(ask, answer)}});
    std::vector<EpochLogs> epochs = losses({1.5, quiet_nan, 2});
    epochs.insert(epochs.begin(), EpochLogs{{7}});  // without validation: nothing is asked
    run.fit(epochs);
    CHECK(run.epochs_run() == row.epochs + 1);
    CHECK(run.stop_reason() == row.reason);
    const std::string all = "me,2,1.5\nme,3,nan\nme,4,2\n";
    const std::string asked = ask.content();
    CHECK(asked == all.substr(0, asked.size()));
    CHECK(std::count(asked.begin(), asked.end(), '\n') == row.epochs);
  }
}

TEST_CASE("Pruning reports to its file as well if it has one", "[plugins]") {
  const TemporaryDirectory dir;
  const Pipe ask, answer;
  answer.put("go on\nstop\n");
  Driver run({{asking(ask, answer, ",trials=" + (dir / "t.csv").string())}});
  run.fit(losses({1, 2}));
  CHECK(content_of(dir / "t.csv") == "trial,epoch,value\nme,begin,\nme,1,1\nme,2,2\nme,pruned,\n");
}

TEST_CASE("Pruning asks over FIFOs whose other ends are opened for each line", "[plugins]") {
  const TemporaryDirectory dir;
  const std::string ask = (dir / "ask").string(), answer = (dir / "answer").string();
  REQUIRE(::mkfifo(ask.c_str(), 0600) == 0);
  REQUIRE(::mkfifo(answer.c_str(), 0600) == 0);
  Driver run({{"Pruning:rule=ask,trial=me,ask=" + ask + ",answer=" + answer}});
  std::string asked;
  std::thread parent([&] {
    for (const std::string text : {"go on\n", "sto", "p\n"}) {
      if (text != "p\n") {
        const int in = ::open(ask.c_str(), O_RDONLY);
        std::array<char, 64> line{};
        asked.append(line.data(),
                     static_cast<std::size_t>(std::max<ssize_t>(::read(in, line.data(), line.size()), 0)));
        ::close(in);
      }
      const int out = ::open(answer.c_str(), O_WRONLY);
      static_cast<void>(::write(out, text.data(), text.size()));
      ::close(out);
    }
  });
  run.fit(losses({1, 2, 3}));
  parent.join();
  CHECK(asked == "me,1,1\nme,2,2\n");
  CHECK(run.epochs_run() == 2);
}

TEST_CASE("Pruning says what is wrong with its parent", "[plugins]") {
  const Pipe ask, answer;
  const std::string ask_name = "ask=fd:" + std::to_string(ask.ends[1]);
  const std::string answer_name = "answer=fd:" + std::to_string(answer.ends[0]);
  const auto begin = std::chrono::steady_clock::now();
  CHECK_THAT(failure_of(asking(ask, answer, ",timeout=200ms")),
             Contains("the parent has not answered (" + answer_name + ") within 0.2 s. Is it running?"));
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
  for (const char* text : {"yes\n", "\n", "stopped\n", "stop: \n"}) {
    CAPTURE(text);
    answer.put(text);
    const std::string shown(text, std::string(text).size() - 1);
    CHECK_THAT(
        failure_of(asking(ask, answer)),
        Contains("the parent answered \"" + shown +
                 "\" to me,1,1; expected \"go on\", \"stop\" or \"stop: REASON\". Correct the parent"));
  }
  answer.put(std::string(5000, 'x'));
  CHECK_THAT(failure_of(asking(ask, answer)), Contains("has more than 4096 bytes and no end of line"));
  Pipe gone;
  gone.close(1);
  CHECK_THAT(
      failure_of(asking(ask, gone)),
      Contains("the parent has closed answer=fd:" + std::to_string(gone.ends[0]) + " without an answer"));
  Pipe deaf;
  deaf.close(0);
  CHECK_THAT(failure_of(asking(deaf, answer)),
             Contains("cannot ask the parent (ask=fd:" + std::to_string(deaf.ends[1]) +
                      "): it has closed the pipe"));
  ::fcntl(ask.ends[1], F_SETFL, O_NONBLOCK);
  const std::string filling(4096, 'x');
  while (::write(ask.ends[1], filling.data(), filling.size()) > 0) continue;
  CHECK_THAT(failure_of(asking(ask, answer, ",timeout=100ms")),
             Contains("the parent has not read the question (" + ask_name + ") within 0.1 s"));
}

TEST_CASE("Pruning refuses pipes that cannot be", "[plugins]") {
  const TemporaryDirectory dir;
  const Pipe ask, answer;
  const auto with = [](const std::string& one, const std::string& other) {
    return refusal_of({{"Pruning:trial=me,rule=ask" + (one.empty() ? "" : ",ask=" + one) +
                        (other.empty() ? "" : ",answer=" + other)}});
  };
  const std::string good_ask = "fd:" + std::to_string(ask.ends[1]);
  const std::string good_answer = "fd:" + std::to_string(answer.ends[0]);
  CHECK(with(good_ask, good_answer).empty());
  CHECK_THAT(with(good_ask, ""),
             Contains("rule=ask needs ask and answer") && Contains("found ask alone. Set both"));
  CHECK_THAT(with("", good_answer), Contains("found answer alone"));
  CHECK_THAT(with("", ""), Contains("found neither"));
  CHECK_THAT(with("fd:x", good_answer), Contains("ask=fd:x is no descriptor; expected fd: and a number"));
  CHECK_THAT(with("fd:987654", good_answer),
             Contains("ask=fd:987654 is not open in this process") && Contains("pass_fds"));
  CHECK_THAT(with("fd:" + std::to_string(ask.ends[0]), good_answer),
             Contains("is the other end of the pipe: it cannot be written. Exchange ask and answer"));
  CHECK_THAT(with(good_ask, "fd:" + std::to_string(answer.ends[1])), Contains("it cannot be read"));
  CHECK_THAT(with("ask", good_answer),
             Contains("ask=ask: expected fd: and the number of a descriptor, or the absolute "));
  CHECK_THAT(with((dir / "none").string(), good_answer),
             Contains("No such file or directory. Make it with mkfifo(1)"));
  CHECK_THAT(with(dir.put("file", "").string(), good_answer),
             Contains("is no FIFO. Make one with mkfifo(1)"));
  const int file = ::open((dir / "file").c_str(), O_RDWR | O_CLOEXEC);
  CHECK_THAT(with("fd:" + std::to_string(file), good_answer),
             Contains("is a file, of which nobody waits for a line"));
  ::close(file);
  CHECK_THAT(
      refusal_of({{"Pruning:trial=me,rule=none,trials=" + (dir / "t.csv").string() + ",ask=" + good_ask}}),
      Contains("ask and answer are for rule=ask; found rule=none"));
}
