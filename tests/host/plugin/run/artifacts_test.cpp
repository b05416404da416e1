// SPDX-License-Identifier: MIT
// kairos.artifacts/1: who gets what and when, and what is refused. kairos.info/1.
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/error_text.hpp"
#include "host/plugin/probe.hpp"
#include "host/temporary_directory.hpp"
#include "kairos/host/error.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

/// An artifact and the memory of its data.
struct Draft {
  kairos_artifact raw{};
  std::array<std::int64_t, 3> shape{};
  std::vector<double> numbers;
  std::vector<std::uint8_t> pixels;

  explicit Draft(std::int32_t kind, std::string_view name = "thing") {
    raw.size = sizeof raw;
    raw.kind = kind;
    raw.name = text(name);
    raw.data.device = {1, 0};
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  kairos_artifact& with(std::vector<double> values, std::int64_t rows, std::int64_t columns) {
    numbers = std::move(values);
    shape = {rows, columns, 0};
    raw.data = {numbers.data(), {1, 0}, 2, {2, 64, 1}, shape.data(), nullptr, 0};
    return raw;
  }
  kairos_artifact& image(std::int64_t height, std::int64_t width, std::int64_t channels) {
    pixels.assign(std::size_t{1} << 20, 7);
    shape = {height, width, channels};
    raw.data = {pixels.data(), {1, 0}, 3, {1, 8, 1}, shape.data(), nullptr, 0};
    return raw;
  }
  kairos_artifact& words(std::string_view words, std::string_view type = "text/plain") {
    raw.text = text(words);
    raw.media_type = text(type);
    return raw;
  }
};

std::string words(kairos_str text) {
  return {text.ptr, static_cast<std::size_t>(text.length)};
}

kairos_status publish_text(const Visit& v, std::string_view name, std::string_view said) {
  Draft draft(KAIROS_ARTIFACT_TEXT, name);
  return v.artifacts().publish(v.call, &draft.words(said));
}

/// What the host answers to `change` of an artifact in on_epoch_end of a run with two instances.
std::string refusal(std::int32_t kind, const std::function<void(Draft&)>& change, kairos_status expected) {
  ProbeScript script;
  std::string reason = "not asked";
  script.in["on_epoch_end"] = [&](const Visit& v) {
    Draft draft(kind);
    change(draft);
    CHECK(v.artifacts().publish(v.call, &draft.raw) == expected);
    reason = v.reason();
    return KAIROS_OK;
  };
  ProbeRun run({script.spec("Probe@first"), script.spec("Probe@second")});
  run.callbacks->setup({});
  run.fit();
  return reason;
}

}  // namespace

TEST_CASE("An artifact goes to every other instance after all hooks of its event", "[host][plugin]") {
  std::vector<std::string> course;
  ProbeScript script;
  script.in["on_epoch_end"] = [&](const Visit& v) {
    course.push_back("on_epoch_end");
    CHECK(v.artifacts().wanted(v.call) == 1);
    CHECK(publish_text(v, "a", "first") == KAIROS_OK);
    CHECK(publish_text(v, "b", "second") == KAIROS_OK);
    return KAIROS_OK;
  };
  script.in["on_artifact"] = [&](const Visit& v) {
    const auto& artifact = *static_cast<const kairos_artifact*>(v.event);
    CHECK(artifact.size == sizeof artifact);
    CHECK(artifact.epoch == 0);
    CHECK(artifact.kind == KAIROS_ARTIFACT_TEXT);
    CHECK(artifact.text.ptr[artifact.text.length] == '\0');
    course.push_back(words(artifact.publisher) + " " + words(artifact.name) + " " + words(artifact.text));
    CHECK(v.artifacts().wanted(v.call) == 0);
    CHECK(publish_text(v, "c", "no") == KAIROS_E_STATE);
    CHECK(v.reason() == "an artifact is not published in on_artifact");
    return KAIROS_OK;
  };
  ProbeRun run({script.spec("Probe@first"), script.spec("Probe@second")});
  run.callbacks->setup({});
  run.fit();
  CHECK(course == std::vector<std::string>{"on_epoch_end", "on_epoch_end", "first a first", "first b second",
                                           "second a first", "second b second"});
}

TEST_CASE("Without a consumer nothing is wanted, and what is published is checked and dropped",
          "[host][plugin]") {
  ProbeScript script;
  int deliveries = 0;
  script.in["on_epoch_end"] = [&](const Visit& v) {
    CHECK(v.artifacts().wanted(v.call) == 0);
    CHECK(publish_text(v, "a", "text") == KAIROS_OK);
    CHECK(publish_text(v, "", "text") == KAIROS_E_INVALID);
    return KAIROS_OK;
  };
  script.in["on_artifact"] = [&](const Visit&) { return ++deliveries, KAIROS_OK; };
  ProbeRun run({script.spec()});  // its own artifacts are not for itself
  run.callbacks->setup({});
  run.fit();
  CHECK(deliveries == 0);
}

TEST_CASE("Artifacts are published in every hook between setup and teardown, in evaluations too",
          "[host][plugin]") {
  std::vector<std::string> published, delivered;
  ProbeScript script;
  script.everywhere = [&](const Visit& v) {
    if (v.call == nullptr || v.hook == "create") return KAIROS_OK;
    if (publish_text(v, v.hook, "") == KAIROS_OK) published.push_back(v.hook);
    return KAIROS_OK;
  };
  script.in["on_artifact"] = [&](const Visit& v) {
    delivered.push_back(words(static_cast<const kairos_artifact*>(v.event)->name));
    return KAIROS_OK;
  };
  ProbeRun run({script.spec("Probe@first"), script.spec("Probe@second")});
  run.callbacks->setup({});
  SECTION("evaluation") {
    run.test();
    CHECK(published.size() == 8);
  }
  SECTION("fit") {
    run.fit();
    run.callbacks->fault("", "", "the loop failed");
    CHECK(published.size() == 2 * 12);
  }
  run.callbacks->finish(RunEnd::Completed);
  CHECK(delivered == published);
}

TEST_CASE("What is published inside a hook that another one began waits for the end of the outer event",
          "[host][plugin]") {
  const TemporaryDirectory directory;
  std::vector<std::string> course;
  ProbeScript script;
  bool saves = true;
  script.in["on_epoch_end"] = [&](const Visit& v) {
    CHECK(publish_text(v, "outer", "") == KAIROS_OK);
    if (std::exchange(saves, false))
      CHECK(v.model().save(v.call, text((directory / "a.h5").string()), KAIROS_SAVE_MODEL) == KAIROS_OK);
    course.push_back("on_epoch_end");
    return KAIROS_OK;
  };
  script.in["on_checkpoint_saved"] = [&](const Visit& v) {
    CHECK(publish_text(v, "inner", "") == KAIROS_OK);
    return KAIROS_OK;
  };
  script.in["on_artifact"] = [&](const Visit& v) {
    course.push_back(words(static_cast<const kairos_artifact*>(v.event)->name));
    return KAIROS_OK;
  };
  ProbeRun run({script.spec("Probe@first"), script.spec("Probe@second")});
  run.callbacks->setup({});
  run.fit();
  CHECK(course == std::vector<std::string>{"on_epoch_end", "on_epoch_end", "outer", "inner", "outer"});
}

TEST_CASE("A failure in on_artifact is the consumer's; what was published before a fatal failure is dropped",
          "[host][plugin]") {
  ProbeScript script;
  int deliveries = 0;
  script.in["on_epoch_end"] = [&](const Visit& v) { return publish_text(v, "a", "x"); };
  SECTION("in on_artifact") {
    script.in["on_artifact"] = [&](const Visit& v) {
      return v.host->fail(v.call, KAIROS_E_IO, text("the disk is full"));
    };
    ProbeRun run({script.spec("Probe@first"), script.spec("Probe@second")});
    run.callbacks->setup({});
    const std::string error = error_of([&] { return run.fit(), 0; });
    CHECK_THAT(error, Contains("second") && Contains("on_artifact failed in epoch 1: the disk is full"));
  }
  SECTION("after it was published") {
    script.in["on_artifact"] = [&](const Visit&) { return ++deliveries, KAIROS_OK; };
    script.in["on_epoch_end"] = [&](const Visit& v) {
      CHECK(publish_text(v, "a", "x") == KAIROS_OK);
      return KAIROS_E_IO;
    };
    ProbeRun run({script.spec("Probe@first"), script.spec("Probe@second")});
    run.callbacks->setup({});
    CHECK_THROWS(run.fit());
    run.callbacks->fault("", "", "a callback failed");
    run.callbacks->finish(RunEnd::Fault);
    CHECK(deliveries == 0);
  }
}

TEST_CASE("Every kind arrives as it was published", "[host][plugin]") {
  std::vector<std::string> seen;
  ProbeScript script;
  script.in["on_train_end"] = [&](const Visit& v) {
    Draft image(KAIROS_ARTIFACT_IMAGE), bars(KAIROS_ARTIFACT_HISTOGRAM), table(KAIROS_ARTIFACT_TABLE),
        file(KAIROS_ARTIFACT_FILE);
    CHECK(v.artifacts().publish(v.call, &image.image(2, 3, 4)) == KAIROS_OK);
    CHECK(v.artifacts().publish(v.call, &bars.with({0, 1, 2, 5, 6, 0}, 2, 3)) == KAIROS_OK);
    table.with({1, std::nan(""), 3, 4}, 2, 2);
    table.raw.row_names = text("cat\ndog");
    table.raw.column_names = text("<script>\n");  // the second one is empty
    CHECK(v.artifacts().publish(v.call, &table.raw) == KAIROS_OK);
    CHECK(v.artifacts().publish(v.call, &file.words("/tmp/a.csv", "")) == KAIROS_OK);
    image.pixels.assign(image.pixels.size(), 0);  // the host has copied
    return KAIROS_OK;
  };
  script.in["on_artifact"] = [&](const Visit& v) {
    const auto& artifact = *static_cast<const kairos_artifact*>(v.event);
    if (words(artifact.publisher) == "second") return KAIROS_OK;
    std::string line = std::to_string(artifact.kind) + ":";
    for (std::int32_t axis = 0; axis < artifact.data.rank; ++axis)
      line += " " + std::to_string(artifact.data.shape[axis]);
    if (artifact.kind == KAIROS_ARTIFACT_IMAGE)
      line += " pixel " + std::to_string(static_cast<const std::uint8_t*>(artifact.data.data)[23]);
    if (artifact.kind == KAIROS_ARTIFACT_HISTOGRAM)
      line += " count " + std::to_string(static_cast<const double*>(artifact.data.data)[4]);
    line += " " + words(artifact.row_names) + "|" + words(artifact.column_names) + "|" + words(artifact.text);
    seen.push_back(line);
    return KAIROS_OK;
  };
  ProbeRun run({script.spec("Probe@first"), script.spec("Probe@second")});
  run.callbacks->setup({});
  run.fit();
  CHECK(seen == std::vector<std::string>{"2: 2 3 4 pixel 7 ||", "3: 2 3 count 6.000000 ||",
                                         "4: 2 2 cat\ndog|<script>\n|", "5: ||/tmp/a.csv"});
}

TEST_CASE("An artifact that is not of its kind is refused", "[host][plugin]") {
  const auto invalid = [](std::int32_t kind, const std::function<void(Draft&)>& change) {
    return refusal(kind, change, KAIROS_E_INVALID);
  };
  const auto unsupported = [](std::int32_t kind, const std::function<void(Draft&)>& change) {
    return refusal(kind, change, KAIROS_E_UNSUPPORTED);
  };
  constexpr std::int32_t words_kind = KAIROS_ARTIFACT_TEXT, image = KAIROS_ARTIFACT_IMAGE,
                         bars = KAIROS_ARTIFACT_HISTOGRAM, table = KAIROS_ARTIFACT_TABLE,
                         file = KAIROS_ARTIFACT_FILE;
  CHECK_THAT(invalid(words_kind, [](Draft& d) { d.words("a").size = 8; }), Contains("has the size 8"));
  CHECK_THAT(unsupported(77, [](Draft&) {}), Contains("the kind of an artifact") && Contains("77"));
  CHECK_THAT(unsupported(words_kind, [](Draft& d) { d.words("a", "text/html"); }),
             Contains("\"text/html\" is no media type of a text"));
  CHECK_THAT(invalid(words_kind, [](Draft& d) { d.words("a\x1b[2J"); }), Contains("not printable UTF-8"));
  CHECK_THAT(invalid(words_kind, [](Draft& d) { d.words("a").name = text(""); }), Contains("0 bytes"));
  const std::string long_name(201, 'n');
  CHECK_THAT(invalid(words_kind, [&](Draft& d) { d.words("a").name = text(long_name); }),
             Contains("201 bytes; expected 1 to 200"));
  CHECK_THAT(invalid(words_kind, [](Draft& d) { d.words("a").name = text("two\nlines"); }),
             Contains("name of an artifact is not printable"));
  CHECK_THAT(invalid(words_kind,
                     [](Draft& d) {
                       d.words("a").text = {nullptr, 100};
                     }),
             Contains("not printable UTF-8"));
  CHECK_THAT(invalid(words_kind, [](Draft& d) { d.words("a").row_names = text("x"); }),
             Contains("has a field that its kind does not use"));
  CHECK_THAT(invalid(image, [](Draft& d) { d.image(1, 1, 1).text = text("x"); }), Contains("does not use"));
  CHECK_THAT(unsupported(image, [](Draft& d) { d.image(2, 2, 2); }), Contains("the number of channels"));
  CHECK_THAT(invalid(image, [](Draft& d) { d.image(16385, 1, 1); }), Contains("16385 by 1 pixels"));
  CHECK_THAT(invalid(image, [](Draft& d) { d.image(0, 1, 1); }), Contains("an axis of 0 elements"));
  CHECK_THAT(invalid(image, [](Draft& d) { d.image(1, -1, 1); }), Contains("an axis of -1 elements"));
  CHECK_THAT(refusal(
                 image, [](Draft& d) { d.image(16000, 16000, 4); }, KAIROS_E_BUSY),
             Contains("limited to 64 MiB"));
  CHECK_THAT(refusal(
                 image,
                 [](Draft& d) {
                   constexpr auto most = std::numeric_limits<std::int64_t>::max();
                   d.image(most, most, most);
                 },
                 KAIROS_E_BUSY),
             Contains("limited to 64 MiB"));
  CHECK_THAT(unsupported(image,
                         [](Draft& d) {
                           d.image(1, 1, 1).data.dtype = {2, 32, 1};
                         }),
             Contains("dtype 1, 8 bits"));
  CHECK_THAT(unsupported(image,
                         [](Draft& d) {
                           d.image(1, 1, 1).data.device = {2, 0};
                         }),
             Contains("device type 2"));
  CHECK_THAT(invalid(image, [](Draft& d) { d.with({1}, 1, 1); }), Contains("needs data of rank 3; found 2"));
  CHECK_THAT(invalid(image, [](Draft& d) { d.image(1, 1, 1).data.data = nullptr; }), Contains("needs data"));
  CHECK_THAT(invalid(image,
                     [](Draft& d) {
                       static std::array<std::int64_t, 3> strides{1, 2, 1};
                       d.image(2, 2, 1).data.strides = strides.data();
                     }),
             Contains("has strides"));
  CHECK_THAT(invalid(bars, [](Draft& d) { d.with({1, 2, 0}, 1, 3); }), Contains("expected [2, bins + 1]"));
  CHECK_THAT(invalid(bars, [](Draft& d) { d.with({1, 0, 1, 0}, 2, 2); }), Contains("or decrease"));
  CHECK_THAT(invalid(bars, [](Draft& d) { d.with({0, std::nan(""), 1, 0}, 2, 2); }), Contains("not finite"));
  CHECK_THAT(invalid(bars, [](Draft& d) { d.with({0, 1, -1, 0}, 2, 2); }), Contains("a count that is neg"));
  CHECK_THAT(invalid(bars, [](Draft& d) { d.with({0, 1, 1, 1}, 2, 2); }), Contains("is not 0"));
  CHECK_THAT(invalid(table,
                     [](Draft& d) {
                       d.with({1, 2}, 1, 2).column_names = text("a\nb\nc");
                     }),
             Contains("2 columns with 3 names"));
  CHECK_THAT(invalid(file, [](Draft& d) { d.words("a.csv", ""); }), Contains("not absolute"));
  CHECK_THAT(invalid(file, [](Draft& d) { d.words("/a\nb", ""); }), Contains("path of an artifact"));
}

TEST_CASE("The example of the documentation publishes, and shows what was published", "[host][plugin]") {
  ProbeRun run({"LargestWeights", "Gallery"});
  run.callbacks->setup({});
  run.fit();
  REQUIRE(run.messages.size() == 1);
  CHECK(run.messages[0].author == "Gallery");
  CHECK(run.messages[0].text == "LargestWeights shows largest_weights");
}

TEST_CASE("The artifacts of one event are limited to 64 MiB", "[host][plugin]") {
  ProbeScript script;
  std::vector<kairos_status> answers;
  const std::string large(std::size_t{24} << 20, 'x');
  script.in["on_epoch_end"] = [&](const Visit& v) {
    answers.push_back(publish_text(v, "a", large));
    return KAIROS_OK;
  };
  ProbeRun run({script.spec("Probe@1"), script.spec("Probe@2"), script.spec("Probe@3")});
  run.callbacks->setup({});
  run.callbacks->train_begin();
  for (std::int64_t epoch = 0; epoch < 2; ++epoch) {
    run.callbacks->epoch_begin(epoch);
    run.callbacks->epoch_end(run.logs, nullptr);
  }
  const std::vector<kairos_status> expected{KAIROS_OK, KAIROS_OK, KAIROS_E_BUSY,
                                            KAIROS_OK, KAIROS_OK, KAIROS_E_BUSY};
  CHECK(answers == expected);
}

TEST_CASE("Callbacks are told settings and other facts of a run from setup on", "[host][plugin]") {
  ProbeScript script;
  std::string told;
  script.in["setup"] = [&](const Visit& v) {
    kairos_str name{}, value{};
    CHECK(v.info().count(v.call, KAIROS_INFO_SETTINGS) == 1);
    CHECK(v.info().count(v.call, KAIROS_INFO_CLASSES) == 0);
    CHECK(v.info().entry(v.call, KAIROS_INFO_SETTINGS, 0, &name, &value) == KAIROS_OK);
    told = words(name) + "=" + words(value);
    CHECK(v.info().entry(v.call, KAIROS_INFO_SETTINGS, 1, &name, &value) == KAIROS_E_RANGE);
    CHECK(v.reason() == "entry 1 of list 1, which has 1");
    return KAIROS_OK;
  };
  ProbeRun run({script.spec()});
  run.callbacks->setup({});
  CHECK(told == "epochs=1");
}
