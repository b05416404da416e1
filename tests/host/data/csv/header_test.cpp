// SPDX-License-Identifier: MIT
// Headers as data frames write them: numbers, and an index in front.
#include <catch2/catch.hpp>
#include <string>

#include "host/temporary_directory.hpp"
#include "kairos/host/data.hpp"
#include "kairos/host/stream.hpp"

using namespace kairos::host;
using kairos::tests::refusal;
using kairos::tests::TemporaryDirectory;

namespace {

using Values = std::vector<float>;
using Names = std::vector<std::string>;

DataSpec spec_for(const std::filesystem::path& file, const std::string& target) {
  DataSpec spec;
  spec.file = file;
  spec.target = target;
  return spec;
}

Dataset read(const DataSpec& spec) {
  Dataset data = load_data(spec).train;
  const auto stream = open_stream(spec);
  CHECK(stream->layout().size() == data.size());
  CHECK(stream->layout().notes == data.notes);
  CHECK(stream->layout().inputs[0].columns == data.inputs[0].columns);
  return data;
}

constexpr const char* counts =
    ": this line counts 0, 1, 2, … and is read as a header, as data frames write it. "
    "If it is a sample, set `header=false`";
}  // namespace

TEST_CASE("A first line that counts from 0 is a header, which is reported", "[host][data]") {
  const TemporaryDirectory directory;
  struct Case {
    const char *text, *target;
    Names columns;
    const char* name = "t.csv";
  };
  const Case cases[] = {
      {"0,1,2\n.1,.2,0\n.3,.1,1\n", "-1", {"0", "1"}},
      {"0,1,2\n.1,.2,0\n.3,.1,1\n", "2", {"0", "1"}},
      {"\n\"0\",\"1\",\"2\"\r\n.1,.2,0\r\n.3,.1,1\r\n", "2", {"0", "1"}},
      {"0\t1\t2\n.1\t.2\t0\n.3\t.1\t1\n", "-1", {"0", "1"}, "t.tsv"},
      {"0.0,1.0,2.0\n.1,.2,0\n.3,.1,1\n", "2", {"0.0", "1.0"}},
      {"0.0,1.0,2.0\n.1,.2,0\n.3,.1,1\n", "2.0", {"0.0", "1.0"}},
      {",0,1,2\n0,.1,.2,0\n1,.3,.1,1\n", "2", {"0", "1"}},
      {",0,1,2\n5,.1,.2,0\n3,.3,.1,1\n", "-1", {"0", "1"}},
      {"Unnamed: 0,0,1,2\n0,.1,.2,0\n1,.3,.1,1\n", "2", {"0", "1"}},
      {"0,1,label\n.1,.2,0\n.3,.1,1\n", "-1", {"0", "1"}},
      {"0,1,label\n.1,.2,cat\n.3,.1,dog\n", "-1", {"0", "1"}},
      {",0,1,label\na,.1,.2,cat\nb,.3,.1,dog\n", "-1", {"0", "1"}},
  };
  for (const Case& c : cases) {
    INFO(c.text << " " << c.target);
    const Dataset data = read(spec_for(directory.put(c.name, c.text), c.target));
    CHECK(data.inputs[0].array.values == Values{.1F, .2F, .3F, .1F});
    CHECK(data.targets[0].array.values == Values{0, 1});
    CHECK(data.inputs[0].columns == c.columns);
    REQUIRE_FALSE(data.notes.empty());
    const char* line = c.text[0] == '\n' ? ":2" : ":1";
    CHECK(data.notes[0] == (directory / c.name).string() + line + counts);
  }
}

TEST_CASE("A first line of other numbers is a sample, and so is any with header set to false",
          "[host][data]") {
  const TemporaryDirectory directory;
  for (const char* text :
       {"1,2,3\n4,5,6\n", "0,1,3\n4,5,6\n", "0,2,1\n4,5,6\n", "0,1.0,2\n4,5,6\n", "0,0,0\n4,5,6\n"}) {
    INFO(text);
    const Dataset data = read(spec_for(directory.put("t.csv", text), "-1"));
    CHECK(data.size() == 2);
    CHECK(data.notes.empty());
  }
  DataSpec spec = spec_for(directory.put("t.csv", "0,1,2\n4,5,6\n"), "-1");
  spec.header = HeaderPolicy::Absent;
  CHECK(read(spec).size() == 2);
  CHECK(read(spec).notes.empty());
  spec.header = HeaderPolicy::Present;
  CHECK(read(spec).size() == 1);
  CHECK(read(spec).notes.empty());
  // Two numbers are too few to decide, and a word that occurs again is a label.
  for (const char* text : {"0.0,1.0\n4,5\n", "0,1\n4,5\n"}) {
    const Dataset data = read(spec_for(directory.put("t.csv", text), "-1"));
    CHECK(data.size() == 2);
    CHECK(data.notes.empty());
  }
  CHECK(read(spec_for(directory.put("t.csv", "0,1,cat\n4,5,dog\n6,7,cat\n"), "-1")).class_names ==
        Names{"cat", "dog"});
  // There is no row for it to name.
  CHECK(read(spec_for(directory.put("t.csv", "0,1,2\n\n"), "-1")).size() == 1);
  // A file of labels may begin with 0.
  const std::string zero = directory.put("zero.csv", "0\n1\n").string();
  DataSpec labels = spec_for(directory.put("x.csv", "a,b\n4,5\n6,7\n"), zero);
  CHECK(read(labels).targets[0].array.values == Values{0, 1});
}

TEST_CASE("A sample is not a header just because a model knows its numbers as names", "[host][data]") {
  const TemporaryDirectory directory;
  const auto read_known = [&](const char* text) {
    DataSpec spec = spec_for(directory.put("t.csv", text), "-1");
    spec.input_columns = {{"input_layer", {"0", "1"}}};
    return read(spec);
  };
  for (const char* text : {"1,0,1\n.1,.2,0\n", "1,0,2\n.1,.2,0\n", "0,1,5\n.1,.2,0\n", "0,1,1\n.1,.2,0\n",
                           "1,0,cat\n.1,.2,dog\n.3,.1,cat\n"}) {
    INFO(text);
    const Dataset data = read_known(text);
    CHECK(data.size() > 1);
    CHECK(data.notes.empty());
  }
  // Consecutive numbers are a header, which is reported; next to a word that is not a label they may be in
  // any order.
  for (const char* text : {"0,1,2\n.1,.2,0\n", "0,1,kind\n.1,.2,0\n"}) {
    INFO(text);
    const Dataset data = read_known(text);
    CHECK(data.size() == 1);
    REQUIRE_FALSE(data.notes.empty());
    CHECK(data.notes[0] == (directory / "t.csv").string() + ":1" + counts);
  }
  CHECK(read_known("1,0,kind\n.2,.1,0\n").inputs[0].array.values == Values{.1F, .2F});
  DataSpec alone = spec_for(directory.put("t.csv", "0,1\n.1,.2\n"), "");
  alone.target_use = TargetUse::Optional;
  alone.input_columns = {{"input_layer", {"0", "1"}}};
  CHECK(read(alone).size() == 1);
  CHECK(read(alone).notes.size() == 1);
}

TEST_CASE("A number is first a name, then an index of a column", "[host][data]") {
  const TemporaryDirectory directory;
  const auto file = directory.put("t.csv", "label,0,1\n7,.1,.2\n");
  const Dataset data = read(spec_for(file, "0"));
  CHECK(data.targets[0].array.values == Values{.1F});
  CHECK(data.notes.back() == file.string() +
                                 ": the target 0 is the column of that name, not column \"label\", which is "
                                 "at that position");
  CHECK_THAT(
      refusal(directory,
              [&] {
                static_cast<void>(load_data(spec_for(directory.put("t.csv", ",0,1,2\n0,.1,.2,1\n"), "3")));
              }),
      Catch::Matchers::StartsWith("KAIROS-D022: t.csv: the target column does not exist; found \"3\""));
}

TEST_CASE("A leading index without a name is left out, which is reported", "[host][data]") {
  const TemporaryDirectory directory;
  struct Case {
    const char *text, *note;
  };
  const char* unnamed =
      ": column 0 has no name and is left out, as the index of a data frame. If it is an input, name it in "
      "the header";
  for (const Case& c :
       {Case{",a,y\n0,.5,0\n1,.2,1\n", unnamed}, Case{"\"\",\"a\",\"y\"\n\"1\",.5,0\n\"2\",.2,1\n", unnamed},
        Case{",a,y\n2020-01-01,.5,0\n2020-01-02,.2,1\n", unnamed},
        Case{"Unnamed: 0,a,y\n7,.5,0\n3,.2,1\n",
             ": column \"Unnamed: 0\" is left out, as the index of a data frame. If it is an input, give it "
             "another name in the header"}}) {
    INFO(c.text);
    const auto file = directory.put("t.csv", c.text);
    const Dataset data = read(spec_for(file, "y"));
    CHECK(data.inputs[0].array.values == Values{.5F, .2F});
    CHECK(data.inputs[0].columns == Names{"a"});
    CHECK(data.notes == Names{file.string() + c.note});
  }
  CHECK(read(spec_for(directory.put("t.csv", "Unnamed: 0.1,,a,y\n0,0,.5,0\n"), "y")).notes.size() == 2);
  DataSpec spec = spec_for(directory.put("t.csv", ",a,y\n3,.5,0\n"), "y");
  spec.inputs = {{"input_layer", "0,1"}};
  CHECK(read(spec).inputs[0].array.values == Values{3, .5F});
  CHECK(read(spec).notes.empty());
  // A file of targets that a data frame wrote.
  const std::string targets = directory.put("y.csv", ",y\n0,5\n1,6\n").string();
  CHECK(read(spec_for(directory.put("x.csv", "a\n1\n2\n"), targets)).targets[0].array.values == Values{5, 6});
}

TEST_CASE("Other columns without a name are rejected", "[host][data]") {
  const TemporaryDirectory directory;
  const auto text = [&](const char* content) {
    return refusal(directory,
                   [&] { static_cast<void>(load_data(spec_for(directory.put("t.csv", content), "y"))); });
  };
  CHECK(text("a,,y\n1,2,0\n") ==
        "KAIROS-D323: t.csv: a column of the header has no name; found column 1 (counted from 0), expected a "
        "name for each column. Name it, or remove it from the file.");
  CHECK_THAT(text("a,y,\n1,0,5\n"),
             Catch::Matchers::StartsWith("KAIROS-D323: t.csv: a column of the header has no name"));
}

TEST_CASE("A separator at the end of every line makes no column", "[host][data]") {
  const TemporaryDirectory directory;
  DataSpec spec = spec_for(directory.put("t.csv", "a,b,y,\n1,2,0,\n3,4,1,\n"), "y");
  for (const char* target : {"y", "-1", "2"}) {
    spec.target = target;
    const Dataset data = load_data(spec).train;
    CHECK(data.inputs.front().array.values == std::vector<float>{1, 2, 3, 4});
    CHECK(data.targets.front().array.values == std::vector<float>{0, 1});
    REQUIRE(data.notes.size() == 1);
    CHECK_THAT(data.notes.front(),
               Catch::Matchers::EndsWith(
                   "t.csv: every line ends in a separator; the empty column after it is left out"));
  }
}
