// SPDX-License-Identifier: MIT
// The lines of a history: as a run appends them, after a crash, and cut for a run that continues.
#include "train/history_file.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <limits>

#include "host/error_text.hpp"
#include "host/file_size_limit.hpp"
#include "host/temporary_directory.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;

namespace {

/// Epochs with values that JSON lacks, a gap, and a key that appears late.
History run_of(std::int64_t epochs) {
  const std::vector<LogKey> keys = {{"loss"}, {"val_loss"}, {"a \"key\""}};
  History history;
  for (std::int64_t e = 0; e < epochs; ++e)
    history.append(e, keys,
                   {{e == 1 ? std::nan("") : 1.0 / static_cast<double>(e + 3), true},
                    {-std::numeric_limits<double>::infinity(), e != 2},
                    {0.1, e > 2}});
  return history;
}

void append_each(HistoryFile& file, std::int64_t from, std::int64_t epochs) {
  for (std::int64_t e = from + 1; e <= epochs; ++e) file.append(run_of(e));
}

void add_text(const std::filesystem::path& file, std::string_view text) {
  std::ofstream(file, std::ios::app) << text;
}

}  // namespace

TEST_CASE("Each epoch is one line, and the lines are the whole history", "[host][train]") {
  TemporaryDirectory dir;
  HistoryFile file(dir / "h.jsonl");
  CHECK(content_of(dir / "h.jsonl").empty());
  file.append(run_of(1));
  CHECK(content_of(dir / "h.jsonl") ==
        "{\"epoch\":0,\"logs\":{\"loss\":0.3333333333333333,\"val_loss\":\"-Infinity\"}}\n");
  append_each(file, 1, 5);
  CHECK_THAT(
      content_of(dir / "h.jsonl"),
      Contains("{\"epoch\":1,\"logs\":{\"loss\":\"NaN\",\"val_loss\":\"-Infinity\"}}\n") &&
          Contains("{\"epoch\":2,\"logs\":{\"loss\":0.2,\"val_loss\":null}}\n") &&
          Contains("{\"epoch\":3,\"logs\":{\"loss\":0.16666666666666666,\"val_loss\":\"-Infinity\",\"a "
                   "\\\"key\\\"\":0.1}}\n"));
  CHECK(read_history_lines(dir / "h.jsonl").json() == run_of(5).json());
}

TEST_CASE("The first append replaces what an earlier run left, and no call before it does", "[host][train]") {
  TemporaryDirectory dir;
  static_cast<void>(
      dir.put("h.jsonl",
              "the curve of another run, longer than one line of this one: .............................."));
  HistoryFile file(dir / "h.jsonl");
  CHECK_THAT(content_of(dir / "h.jsonl"), Contains("another run"));
  file.append(run_of(1));
  CHECK(read_history_lines(dir / "h.jsonl").json() == run_of(1).json());
}

TEST_CASE("A last line that a crash has cut off is left out, other damage is an error", "[host][train]") {
  TemporaryDirectory dir;
  {
    HistoryFile file(dir / "h.jsonl");
    append_each(file, 0, 3);
  }
  const std::string whole = content_of(dir / "h.jsonl");
  const std::size_t two = whole.find('\n', whole.find('\n') + 1) + 1;
  for (std::size_t end = two; end < whole.size(); ++end)
    CHECK(parse_history_lines(whole.substr(0, end), "h").epochs.size() == 2);
  CHECK(parse_history_lines(whole.substr(0, two) + std::string(20, '\0') + "\n", "h").epochs.size() == 2);
  CHECK(parse_history_lines("", "h").epochs.empty());
  const auto damaged =
      GENERATE(as<std::string>{}, "{\"epoch\":9,\"logs\":{\"loss\":\"x\"}}", "[]", "{\"epoch\":0}",
               "{\"epoch\":1,\"logs\":{}}", "{\"epoch\":-1,\"logs\":{}}", "{\"epoch\":2.5,\"logs\":{}}");
  CHECK_THAT(
      error_of([&] { return parse_history_lines(whole.substr(0, two) + damaged + "\n" + whole, "h.jsonl"); }),
      Contains("KAIROS-F050: h.jsonl:3: this is not an epoch of a History; found " + damaged.substr(0, 40)) &&
          Contains("Remove this line and those after it."));
}

TEST_CASE("A file is cut to an epoch, and a run that continues adds what is missing", "[host][train]") {
  TemporaryDirectory dir;
  {
    HistoryFile file(dir / "h.jsonl");
    append_each(file, 0, 5);
  }
  add_text(dir / "h.jsonl",
           GENERATE(as<std::string>{}, "", "{\"epoch\":5,\"lo", "junk\n{\"epoch\":6,\"logs\":{}}\n"));
  HistoryFile file(dir / "h.jsonl");
  const std::int64_t kept = GENERATE(0, 1, 3, 5, 9);
  file.cut_to(kept);
  CHECK(read_history_lines(dir / "h.jsonl").json() == run_of(std::min<std::int64_t>(kept, 5)).json());
  file.append(run_of(kept));  // epochs that the file has lost
  append_each(file, kept, 10);
  CHECK(read_history_lines(dir / "h.jsonl").json() == run_of(10).json());
}

TEST_CASE("A line that cannot be written leaves whole lines, and comes with the next epoch",
          "[host][train]") {
  TemporaryDirectory dir;
  HistoryFile file(dir / "h.jsonl");
  append_each(file, 0, 2);
  const std::string before = content_of(dir / "h.jsonl");
  {
    const FileSizeLimit limit(before.size() + 10);
    CHECK_THAT(error_of([&] { return file.append(run_of(3)), 0; }),
               Contains("KAIROS-F005: " + (dir / "h.jsonl").string() + ": cannot write the file; found"));
    CHECK(content_of(dir / "h.jsonl") == before);
  }
  append_each(file, 3, 4);
  CHECK(read_history_lines(dir / "h.jsonl").json() == run_of(4).json());
}

TEST_CASE("Many epochs that are missing are added at once", "[host][train]") {
  TemporaryDirectory dir;
  HistoryFile file(dir / "h.jsonl");
  file.append(run_of(1000));
  CHECK(read_history_lines(dir / "h.jsonl").json() == run_of(1000).json());
}

TEST_CASE("A place that can hold no file is refused", "[host][train]") {
  TemporaryDirectory dir;
  std::filesystem::create_directory(dir / "h.jsonl");
  CHECK_THAT(error_of([&] { return HistoryFile(dir / "h.jsonl"), 0; }),
             Contains("KAIROS-F005: ") && Contains("cannot write the file; found Is a directory"));
  CHECK_THAT(error_of([&] { return HistoryFile("/dev/null"), 0; }),
             Contains("KAIROS-F008: /dev/null: cannot write the file; found a device or FIFO of that name"));
}
