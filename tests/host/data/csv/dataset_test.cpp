// SPDX-License-Identifier: MIT
// CSV files: what is read, and the message for each kind of error.
#include <catch2/catch.hpp>
#include <string>

#include "host/temporary_directory.hpp"
#include "kairos/host/data.hpp"

using namespace kairos::host;
using kairos::tests::refusal;
using kairos::tests::TemporaryDirectory;

namespace {
using Values = std::vector<float>;
using Shape = std::vector<std::int64_t>;

DataSpec spec_for(const std::filesystem::path& file, const std::string& target) {
  DataSpec spec;
  spec.file = file;
  spec.target = target;
  return spec;
}
struct Case {
  std::string text, target, sentence;
  HeaderPolicy header = HeaderPolicy::Detect;
  char delimiter = '\0';
};

void check_faults(std::initializer_list<Case> cases) {
  const TemporaryDirectory directory;
  for (const Case& c : cases) {
    DataSpec spec = spec_for(directory.put("t.csv", c.text), c.target);
    spec.header = c.header;
    spec.delimiter = c.delimiter;
    CHECK_THAT(refusal(directory, [&] { static_cast<void>(load_data(spec)); }),
               Catch::Matchers::StartsWith(c.sentence));
  }
}

}  // namespace

TEST_CASE("CSV reading accepts every dialect of the same table", "[host][data]") {
  const TemporaryDirectory directory;
  struct Case {
    std::string text, target;
    HeaderPolicy header = HeaderPolicy::Detect;
    char delimiter = '\0';
  };
  const Case cases[] = {
      {"a,b,y\n1,2.5,0\n-3e2,+4,1\n", "y"},
      {"a,b,y\r\n1,2.5,0\r\n-3e2,+4,1", "-1"},
      {"a,b,y\r1,2.5,0\r-3e2,+4,1\r", "2"},
      {"\xEF\xBB\xBF"
       "a,b,y\n1,2.5,0\n-300,4,1\n\n\n",
       "y"},
      {"\n\n\"a\",\"b\",\"y\"\n\"1\",\"2.5\",\"0\"\n -300 , 4 ,1 \n", "y"},
      {"1,2.5,0\n-300,4,1\n", "-1"},
      {"1,2.5,0\n-300,4,1\n", "2", HeaderPolicy::Absent},
      {"2020,2021,y\n1,2.5,0\n-300,4,1\n", "y"},
      {"2020,2021,2022\n1,2.5,0\n-300,4,1\n", "2022", HeaderPolicy::Present},
      {"a;b;y\n1;2.5;0\n-300;4;1\n", "y", HeaderPolicy::Detect, ';'},
      {"a\tb\ty\n1\t2.5\t0\n-300\t4\t1\n", "y", HeaderPolicy::Detect, '\t'},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    DataSpec spec = spec_for(directory.put("t.csv", c.text), c.target);
    spec.header = c.header;
    spec.delimiter = c.delimiter;
    const Dataset data = load_data(spec).train;
    CHECK(data.inputs[0].array.shape == Shape{2, 2});
    CHECK(data.inputs[0].array.values == Values{1, 2.5F, -300, 4});
    CHECK(data.targets[0].array.shape == Shape{2});
    CHECK(data.targets[0].array.values == Values{0, 1});
    CHECK(data.class_names.empty());
  }
}

TEST_CASE("CSV reading finds targets and weights in any column", "[host][data]") {
  const TemporaryDirectory directory;
  const auto file = directory.put("t.csv", "y2,a,w,y1,\"b,c\"\n1,2,0.5,3,4\n5,6,1,7,8\n");
  DataSpec spec = spec_for(file, "y1,y2");
  spec.sample_weight = "w";
  const Dataset data = load_data(spec).train;
  CHECK(data.inputs[0].array.values == Values{2, 4, 6, 8});
  CHECK(data.targets[0].array.shape == Shape{2, 2});
  CHECK(data.sample_weights[0].array.values == Values{0.5F, 1});
  CHECK(data.place(0) == file.string() + ":2");
  CHECK(load_data(spec_for(file, "b,c")).train.targets[0].array.values == Values{4, 8});
  DataSpec predict = spec_for(file, "absent");
  predict.target_use = TargetUse::Optional;
  CHECK(load_data(predict).train.inputs[0].array.shape == Shape{2, 5});
  CHECK(load_data(predict).train.targets.empty());
  predict.target = "y1";
  CHECK(load_data(predict).train.inputs[0].array.shape == Shape{2, 4});
}

TEST_CASE("CSV reading numbers string labels in sorted order", "[host][data]") {
  const TemporaryDirectory directory;
  const auto file = directory.put(
      "iris.csv",
      "width,species\n1,virginica\n2,\"setosa, the \"\"small\"\" one\"\n3,virginica\n4,\"two\nlines\"\n");
  const Dataset data = load_data(spec_for(file, "species")).train;
  CHECK(data.targets[0].array.values == Values{2, 0, 2, 1});
  CHECK(data.class_names == std::vector<std::string>{"setosa, the \"small\" one", "two\nlines", "virginica"});
  DataSpec again = spec_for(directory.put("new.csv", "width,species\n1,virginica\n"), "species");
  again.class_names = {"setosa", "virginica"};
  CHECK(load_data(again).train.targets[0].array.values == Values{1});
  CHECK(load_data(again).train.class_names == again.class_names);
  again.class_names = {"setosa", "versicolor"};
  CHECK(refusal(directory, [&] { static_cast<void>(load_data(again)); }) ==
        "KAIROS-D033: new.csv:2: the model was not trained on this label; found \"virginica\", expected one "
        "of its labels. Known names: setosa, versicolor.");
}

TEST_CASE("Invalid fields and rows of a CSV are reported with file, line and column", "[host][data]") {
  const std::string big(70000, 'x');
  check_faults(
      {{"a,b,y\n1,2,0\n3,,1\n", "y",
        "KAIROS-D026: t.csv:3: a value is missing; found an empty field in column \"b\", expected a number. "
        "Fill it in or remove the row."},
       {"a,b,y\n1,2,0\n3,abc,1\n", "y",
        "KAIROS-D025: t.csv:3: a field is not a number; found \"abc\" in column \"b\", expected a number. "
        "Correct the value, or remove the column from the file."},
       {"1,2,0\n3,4x,1\n", "-1",
        "KAIROS-D025: t.csv:2: a field is not a number; found \"4x\" in column 1 (counted from 0)"},
       {"1,abc,0\n3,4,1\n", "-1",
        "KAIROS-D025: t.csv:1: a field is not a number; found \"abc\" in column 1 (counted from 0), expected "
        "a number. If "
        "this line names the columns, read the file with a header."},
       {"a,y\n0x10,1\n", "y", "KAIROS-D025: t.csv:2: a field is not a number; found \"0x10\""},
       {"a,y\n" + big + ",1\n", "y",
        "KAIROS-D025: t.csv:2: a field is not a number; found \"" + big.substr(0, 40) + "…\""},
       {"a,y\nnan,1\n", "y", "KAIROS-D027: t.csv:2: a value is not finite; found NaN in column \"a\""},
       {"a,y\n\"-inf\",1\n", "y",
        "KAIROS-D027: t.csv:2: a value is not finite; found \"-inf\" in column \"a\""},
       {"a,y\n1e39,1\n", "y",
        "KAIROS-D028: t.csv:2: a value does not fit into float32; found \"1e39\" in column \"a\""},
       {"a,y\n1e999,1\n", "y", "KAIROS-D028: t.csv:2: a value does not fit into float32; found \"1e999\""},
       {"a,b,y\n1,2,0\n1,2\n", "y",
        "KAIROS-D024: t.csv:3: a row has a different number of fields; found 2 fields, expected 3, as in "
        "line 1. "
        "Correct the "
        "row, or quote fields that hold the delimiter."},
       {"a,b,y\n1,2,0,4,5\n", "y",
        "KAIROS-D024: t.csv:2: a row has a different number of fields; found 5 fields"},
       {"a,b,y\n1,2,0\n\n1,2,0\n", "y",
        "KAIROS-D034: t.csv:3: a line is empty; expected 3 fields. Remove the line."},
       {"a,b,y\n1,2,\"0\n3,4,5\n", "y", "KAIROS-D029: t.csv:2: a quoted field does not end; found \"0 3,4,5"},
       {"a,b,y\n1,\"2\"3,0\n", "y",
        "KAIROS-D030: t.csv:2: text follows the closing quote of a field; found \"2\""}});
}

TEST_CASE("Columns of a CSV that are missing or ambiguous are reported by name", "[host][data]") {
  check_faults(
      {{"a,b,a\n1,2,0\n", "b", "KAIROS-D023: t.csv: two columns have the same name; found \"a\""},
       {"petal,species\n1,2\n", "specis",
        "KAIROS-D022: t.csv: the target column does not exist; found \"specis\", expected a name of the "
        "header "
        "or an index "
        "from -2 to 1. Did you mean \"species\"?"},
       {"1,2\n3,4\n", "y",
        "KAIROS-D022: t.csv: the target column does not exist; found \"y\", expected an index from -2 to 1, "
        "because the file has no header. Give the index of the column."},
       {"1,2\n3,4\n", "2", "KAIROS-D022: t.csv: the target column does not exist; found \"2\""},
       {"1,2\n3,4\n", "-3", "KAIROS-D022"},
       {"a,b\n1,2\n", "b,b", "KAIROS-D038: t.csv: a column is used twice; found column \"b\""},
       {"a,b\n1,2\n", "a,b", "KAIROS-D039: t.csv: no column is left for the input; found 2 in all"},
       {"a,b\n1,2\n", "",
        "KAIROS-D021: t.csv: no target column is named; expected one. Choose a column of the header: "
        "a, b."},
       {"1,2\n", "",
        "KAIROS-D021: t.csv: no target column is named; expected one. Give its index, -1 for the last "
        "column."}});
}

TEST_CASE("Labels of a CSV that are invalid, and files without rows, are rejected", "[host][data]") {
  check_faults(
      {{"a,b,y\n", "y",
        "KAIROS-D035: t.csv: there are no rows; found only a header, expected at least one row."},
       {"\n\n\n", "-1",
        "KAIROS-D035: t.csv: there are no rows; found only empty lines, expected at least one row."},
       {"a;b;y\n1;2;0\n", "y", "KAIROS-D022: t.csv: the target column does not exist; found \"y\""},
       {"a,y\n1,cat\n2,dog\n3,4\n", "y",
        "KAIROS-D032: t.csv:4: a target is a number, but earlier ones are labels; found \"4\" in column "
        "\"y\""},
       {"a,y\n1,0\n2,dog\n", "y",
        "KAIROS-D025: t.csv:3: a field is not a number; found \"dog\" in column \"y\""},
       {"a,y\n1,cat\n2,\n", "y",
        "KAIROS-D026: t.csv:3: a value is missing; found an empty field in column \"y\", expected a "
        "label."},
       {"a,y\n1,cat\n2,NA\n", "y", "KAIROS-D026: t.csv:3: a value is missing; found \"NA\" in column \"y\""},
       {"a,y,z\n1,cat,dog\n", "y,z",
        "KAIROS-D025: t.csv:2: a field is not a number; found \"cat\" in column \"y\""},
       {std::string("a,y\n1,\0\n", 8), "y",
        "KAIROS-D031: t.csv: this is not CSV text; found UTF-16 or binary data"},
       {"\xFF\xFE"
        "a,y",
        "y", "KAIROS-D031"},
       {"a,y\n1,2\n", "y", "KAIROS-D040: t.csv: this character cannot be the delimiter; found \" \"",
        HeaderPolicy::Detect, ' '},
       {"", "y", "KAIROS-D035: t.csv: there are no rows; found an empty file, expected at least one row."}});
}

TEST_CASE("CSV reading rejects a negative weight with its line", "[host][data]") {
  const TemporaryDirectory directory;
  DataSpec spec = spec_for(directory.put("t.csv", "a,y,w\n1,0,1\n2,1,-2\n"), "y");
  spec.sample_weight = "w";
  CHECK(refusal(directory, [&] { static_cast<void>(load_data(spec)); }) ==
        "KAIROS-D012: t.csv:3: a sample weight is negative; found -2.0, expected 0 or more. Correct the "
        "weight.");
  spec.sample_weight = "v";
  CHECK_THAT(refusal(directory, [&] { static_cast<void>(load_data(spec)); }),
             Catch::Matchers::StartsWith(
                 "KAIROS-D022: t.csv: the sample weight column does not exist; found \"v\""));
}

TEST_CASE("CSV reading rounds decimals to the nearest float and keeps subnormal ones", "[host][data]") {
  const TemporaryDirectory directory;
  const Dataset data =
      load_data(spec_for(directory.put("t.csv", "a,b,c,y\n0.1,16777217,1e-60,1\n"), "y")).train;
  CHECK(data.inputs[0].array.values == Values{0.1F, 16777216.0F, 0.0F});
}
