// SPDX-License-Identifier: MIT
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "../../plugins/common/curves.hpp"
#include "../../plugins/common/png.hpp"
#include "host/temporary_directory.hpp"
#include "plugins/loaded_callback.hpp"

using Catch::Matchers::Contains;
using kairos::testing::ArtifactData;
using kairos::testing::Fit;
using kairos::testing::Settings;
using kairos::tests::content_of;
using kairos::tests::loaded;
using kairos::tests::TemporaryDirectory;

namespace {

const kairos_callback& html_report() {
  return loaded("html_report", "kairos.HtmlReport");
}

Settings page_in(const TemporaryDirectory& dir, const Settings& more = {}) {
  Settings settings{{"filename", (dir / "new/r.html").string()}};
  settings.insert(settings.end(), more.begin(), more.end());
  return settings;
}

void know_logs(Fit& fit) {
  fit.host().log("loss", {}, kairos::Direction::Min);
  fit.host().log("val_loss", {}, kairos::Direction::Min);
}

ArtifactData words(std::string name, std::string text, std::string type = "text/plain") {
  ArtifactData data;
  data.name = std::move(name);
  data.text = std::move(text);
  data.media_type = std::move(type);
  return data;
}

ArtifactData matrix(std::string names, std::vector<double> numbers) {
  ArtifactData data;
  data.kind = KAIROS_ARTIFACT_TABLE;
  data.name = "matrix";
  data.row_names = data.column_names = std::move(names);
  data.shape = {2, 2};
  data.numbers = std::move(numbers);
  return data;
}

std::size_t times(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("HtmlReport writes curves, best values and facts of the run", "[plugins]") {
  const TemporaryDirectory dir;
  Fit fit(html_report(), page_in(dir, {{"title", "my run"}}));
  know_logs(fit);
  fit.host().info[kairos::Info::Settings] = {{"epochs", "3"}, {"plugin", "HtmlReport"}};
  fit.host().info[kairos::Info::Environment] = {{"kairos", "1.2.3"}};
  fit.host().info[kairos::Info::Classes] = {{"cat", ""}, {"dog", ""}};
  fit.run_event().epochs = 3;
  fit.run_event().samples = 60;
  fit.epoch({{"loss", 4}, {"val_loss", 0.5}});
  const std::string after_one = content_of(dir / "new/r.html");
  CHECK_THAT(after_one, Contains("<h1>my run</h1>") && Contains("1 of 3") && Contains(">running<"));
  fit.epoch({{"loss", 2}, {"val_loss", 0.75}});
  fit.end();
  const std::string page = content_of(dir / "new/r.html");
  CHECK_THAT(page, Contains(">completed<") && Contains("2 of 3"));
  CHECK_THAT(page, Contains("best 0.5, epoch 1") && Contains("best 2, epoch 2"));
  CHECK(times(page, "<svg class=\"chart\"") == 3);  // loss and val_loss, learning rate, time
  CHECK_THAT(page, Contains("<tr><th>samples</th><td>60</td></tr>") && Contains("cat, dog"));
  CHECK_THAT(page, Contains("<tr><th>plugin</th><td>HtmlReport</td></tr>") && Contains("1.2.3"));
}

TEST_CASE("HtmlReport needs nothing from elsewhere and runs no script", "[plugins]") {
  const TemporaryDirectory dir;
  Fit fit(html_report(), page_in(dir, {{"title", "<script>alert(1)</script>"}}));
  know_logs(fit);
  fit.host().info[kairos::Info::Classes] = {{"<script>", ""}, {"\" onload=\"x", ""}};
  fit.host().info[kairos::Info::Settings] = {{"<img src=x onerror=alert(1)>", "</td><script>"}};
  fit.begin_epoch();
  fit.artifact(matrix("<script>\na&b", {1, 2, 3, 4}), "<b>");
  fit.artifact(words("</figure><script>", "<script>alert(2)</script>\x01"));
  fit.artifact(words("drawing", "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>1</script></svg>",
                     "image/svg+xml"));
  fit.end_epoch({{"loss", std::nan("")}, {"val_loss", 1}});
  fit.fault("<script>broken</script>");
  const std::string page = content_of(dir / "new/r.html");
  CHECK(times(page, "<script") == 0);
  CHECK(times(page, "<img src=x") == 0);
  CHECK_THAT(page, Contains("&lt;script&gt;alert(1)&lt;/script&gt;") && Contains("&quot; onload=&quot;x"));
  CHECK_THAT(page, Contains("<th>&lt;script&gt;</th>") && Contains("<th>a&amp;b</th>"));
  CHECK_THAT(
      page, Contains("default-src 'none'") && Contains("<img class=\"picture\" alt=\"drawing\" src=\"data:"));
  CHECK_THAT(page, Contains(">failed<") && Contains("&lt;script&gt;broken"));
  for (const char* elsewhere : {"http:", "https:", "src=\"/", "href", "url("})
    CHECK(times(page, elsewhere) == 0);
}

TEST_CASE("HtmlReport shows the newest artifact of each name, as a table if it has one", "[plugins]") {
  const TemporaryDirectory dir;
  Fit fit(html_report(), page_in(dir));
  know_logs(fit);
  ArtifactData picture;
  picture.kind = KAIROS_ARTIFACT_IMAGE;
  picture.name = "matrix";
  picture.shape = {1, 2, 3};
  picture.pixels = {255, 0, 0, 0, 255, 0};
  ArtifactData bars;
  bars.kind = KAIROS_ARTIFACT_HISTOGRAM;
  bars.name = "kernel";
  bars.shape = {2, 3};
  bars.numbers = {0, 1, 2, 5, 7, 0};
  for (double epoch = 0; epoch < 2; ++epoch) {
    fit.begin_epoch();
    fit.artifact(picture, "Matrix");
    fit.artifact(matrix("a\nb", {epoch, 20, 30, 40}), "Matrix");
    fit.artifact(picture, "Matrix");
    fit.artifact(picture, "Other");
    fit.artifact(bars);
    fit.end_epoch({{"loss", 1}, {"val_loss", 1}});
  }
  fit.end();
  const std::string page = content_of(dir / "new/r.html");
  CHECK(times(page, "<figure") == 3);
  CHECK(times(page, "data:image/png;base64,iVBORw0KGgo") == 1);
  CHECK_THAT(page, Contains("Matrix, epoch 2"));
  CHECK(times(page, "<th>b</th>") == 2);
  CHECK_THAT(page, Contains("rgb(0 114 178/0.90);color:#fff\">40</td>"));
  CHECK(times(page, "fill=\"#0072b2\"/>") >= 2);
}

TEST_CASE("HtmlReport goes on with curves and artifacts in a resumed run", "[plugins]") {
  const TemporaryDirectory dir;
  Fit first(html_report(), page_in(dir));
  know_logs(first);
  first.begin_epoch();
  first.artifact(words("early", "kept <text>"), "Someone");
  first.end_epoch({{"loss", 4}, {"val_loss", 3}});
  const auto state = first.state();
  first.interrupt(15);
  first.end();
  CHECK_THAT(content_of(dir / "new/r.html"), Contains(">interrupted<"));

  Fit second(html_report(), page_in(dir));
  know_logs(second);
  second.run_event().initial_epoch = 1;
  second.restore(state);
  second.epoch({{"loss", 2}, {"val_loss", 1}});
  second.end();
  const std::string page = content_of(dir / "new/r.html");
  CHECK_THAT(page, Contains("kept &lt;text&gt;") && Contains("Someone, epoch 1"));
  CHECK(times(page, "<tr><td>") == 2);
  CHECK_THAT(page, Contains(">completed<"));
}

TEST_CASE("A run that fails before it begins leaves no page, and one that fails later does", "[plugins]") {
  const TemporaryDirectory dir;
  {
    Fit fit(html_report(), page_in(dir));
    fit.fault("broken at once");
  }
  CHECK(std::filesystem::exists(dir / "new/r.html"));  // on_train_begin has run
  std::filesystem::remove(dir / "new/r.html");
  kairos::testing::Host host;
  kairos::testing::Instance instance(host, html_report(), page_in(dir));
  REQUIRE(instance.create().status == KAIROS_OK);
  REQUIRE(instance.setup().status == KAIROS_OK);
  kairos_fault_event fault{};
  fault.instance = fault.hook = fault.message = {"", 0};
  REQUIRE(instance.on_fault(fault).status == KAIROS_OK);
  kairos_end_event end{};
  end.why = KAIROS_END_FAULT;
  REQUIRE(instance.teardown(end).status == KAIROS_OK);
  CHECK_FALSE(std::filesystem::exists(dir / "new/r.html"));
}

TEST_CASE("HtmlReport refuses other endings, directories and unknown keys", "[plugins]") {
  const TemporaryDirectory dir;
  const auto reason_of = [&](const Settings& settings) {
    try {
      Fit fit(html_report(), settings);
      know_logs(fit);
      fit.epoch({{"loss", 1}});
    } catch (const kairos::testing::Failure& failure) {
      return failure.reason();
    }
    return std::string();
  };
  CHECK_THAT(reason_of({{"filename", (dir / "a.svg").string()}}), Contains("a name that ends in .html"));
  std::filesystem::create_directory(dir / "b.html");
  CHECK_THAT(reason_of({{"filename", (dir / "b.html").string()}}), Contains("is a directory"));
  CHECK_THAT(reason_of(page_in(dir, {{"log_scale", "los"}})), Contains("Did you mean \"loss\"?"));
}

TEST_CASE("A PNG without compression is one that other programs read", "[plugins]") {
  const std::vector<std::uint8_t> pixels{1, 2, 3, 4, 5, 6};
  const std::string file = kairos::plugins::png_file(pixels.data(), 1, 2, 3);
  // As Python's zlib.crc32 and zlib.adler32 compute them.
  CHECK(kairos::plugins::detail::crc32("IEND") == 0xAE426082);
  CHECK(kairos::plugins::detail::adler32("Wikipedia") == 0x11E60398);
  CHECK(file.substr(0, 8) == "\x89PNG\r\n\x1a\n");
  CHECK(file.substr(file.size() - 4) == "\xae\x42\x60\x82");
  const std::string large = kairos::plugins::detail::stored(std::string(70000, 'x'));
  CHECK(large.size() == 2 + 2 * 5 + 70000 + 4);
  CHECK(large[2] == 0);
  CHECK(large[2 + 5 + 65535] == 1);
  CHECK(kairos::plugins::base64("") == "");
  CHECK(kairos::plugins::base64("M") == "TQ==");
  CHECK(kairos::plugins::base64("Man") == "TWFu");
}

TEST_CASE("A long curve keeps its spikes when it is thinned", "[plugins]") {
  kairos::plugins::svg::Curve curve{"loss", {}, {}};
  for (int i = 0; i < 10000; ++i) {
    curve.x.push_back(i);
    curve.y.push_back(i == 4321 ? 99 : i == 77 ? -5 : 1);
  }
  const auto thin = kairos::plugins::thinned(curve, 1000);
  CHECK(thin.x.size() <= 1000);
  CHECK(std::count(thin.y.begin(), thin.y.end(), 99) == 1);
  CHECK(std::count(thin.y.begin(), thin.y.end(), -5) >= 1);
  CHECK(std::is_sorted(thin.x.begin(), thin.x.end()));
  CHECK(kairos::plugins::thinned(curve, 10000).x.size() == 10000);
}
