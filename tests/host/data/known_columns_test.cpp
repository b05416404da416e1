// SPDX-License-Identifier: MIT
// Columns of tables are matched by name with those that a model was trained on.
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

DataSpec spec_for(const std::filesystem::path& file, const std::string& target = "y") {
  DataSpec spec;
  spec.file = file;
  spec.target = target;
  spec.input_columns = {{"input_layer", {"age", "income"}}};
  return spec;
}

/// The first `count` samples from a stream.
Dataset streamed(const DataSpec& spec, std::int64_t count) {
  const auto source = open_stream(spec);
  Dataset block = source->layout();
  for (auto* group : {&block.inputs, &block.targets, &block.sample_weights})
    for (NamedArray& named : *group) {
      named.array.shape.front() = count;
      named.array.values.resize(static_cast<std::size_t>(count * named.array.row_size()));
    }
  source->reader()->read(0, count, block);
  return block;
}

/// Reads into memory and as a stream; the results must be equal.
Dataset read(const DataSpec& spec) {
  Dataset data = load_data(spec).train;
  const Dataset stream = streamed(spec, data.size());
  for (std::size_t i = 0; i < data.inputs.size(); ++i) {
    CHECK(stream.inputs[i].array.values == data.inputs[i].array.values);
    CHECK(stream.inputs[i].columns == data.inputs[i].columns);
    CHECK(stream.inputs[i].name == data.inputs[i].name);
  }
  CHECK(stream.notes == data.notes);
  return data;
}

std::string notes_of(const TemporaryDirectory& directory, const Dataset& data) {
  return refusal(directory, [&] {
    std::string text;
    for (const std::string& note : data.notes) text += note + "\n";
    throw std::runtime_error(text);
  });
}

}  // namespace

TEST_CASE("A table with a header names the columns of its inputs", "[host][data]") {
  const TemporaryDirectory directory;
  DataSpec spec = spec_for(directory.put("t.csv", "age,y,\" income \"\n1,0,2\n"));
  spec.input_columns.clear();
  CHECK(read(spec).inputs[0].columns == Names{"age", " income "});
  CHECK(read(spec).targets[0].columns.empty());
  CHECK(read(spec).notes.empty());
  spec.header = HeaderPolicy::Absent;
  spec.file = directory.put("bare.csv", "1,0,2\n");
  spec.target = "1";
  CHECK(read(spec).inputs[0].columns.empty());
  CHECK(load_data(spec).train.rows(0, 1).inputs[0].columns.empty());
}

TEST_CASE("Columns in a different order are reordered by name", "[host][data]") {
  const TemporaryDirectory directory;
  for (const char* text : {"age,income,y\n1,2,0\n3,4,1\n", "income,age,y\n2,1,0\n4,3,1\n",
                           "y,income,age\n0,2,1\n1,4,3\n", "\"income\" , age ,y\n2,1,0\n4,\"3\",1\n"}) {
    INFO(text);
    const Dataset data = read(spec_for(directory.put("t.csv", text)));
    CHECK(data.inputs[0].array.values == Values{1, 2, 3, 4});
    CHECK(data.inputs[0].columns == Names{"age", "income"});
    CHECK(data.targets[0].array.values == Values{0, 1});
    CHECK(data.notes.empty());
  }
  CHECK(read(spec_for(directory.put("t.tsv", "income\tage\ty\n2\t1\t0\n"))).inputs[0].array.values ==
        Values{1, 2});
}

TEST_CASE("Columns that the model does not know are left out and reported in one line", "[host][data]") {
  const TemporaryDirectory directory;
  DataSpec spec =
      spec_for(directory.put("t.csv", ",note,income,y,age,shoe\n7,\"a,b\",2,0,1,40\n8,c,4,1,3,41\n"));
  const Dataset data = read(spec);
  CHECK(data.inputs[0].array.values == Values{1, 2, 3, 4});
  CHECK(
      notes_of(directory, data) ==
      "t.csv: columns that the model was not trained on are left out: column 0, which has no name, \"note\", "
      "\"shoe\"\n");
  spec = spec_for(directory.put("labels.csv", "kind,income,age\nold,2,1\n"), "");
  spec.target_use = TargetUse::Optional;
  CHECK(read(spec).inputs[0].array.values == Values{1, 2});
  CHECK(notes_of(directory, read(spec)) ==
        "labels.csv: a column that the model was not trained on is left out: \"kind\"\n");
}

TEST_CASE("A missing column is reported with the nearest name", "[host][data]") {
  const TemporaryDirectory directory;
  const std::string missing =
      "KAIROS-D320: t.csv: a column that the model was trained on is missing: \"income\"; found ";
  struct Case {
    const char *text, *rest;
  };
  for (const Case& c :
       {Case{"age,shoe_size,y\n1,2,0\n",
             "\"age\", \"shoe_size\", \"y\". Add the column, or correct its name in the header."},
        Case{"age,Income,y\n1,2,0\n",
             "\"age\", \"Income\", \"y\". Did you mean \"Income\"? Then rename it to \"income\" in the "
             "header."},
        Case{"age,\" income\",y\n1,2,0\n", "\"age\", \" income\", \"y\". Did you mean \" income\"?"},
        Case{"y,age\n0,1\n", "\"y\", \"age\". Add the column"}}) {
    INFO(c.text);
    const DataSpec spec = spec_for(directory.put("t.csv", c.text));
    const std::string sentence = refusal(directory, [&] { static_cast<void>(load_data(spec)); });
    CHECK_THAT(sentence, Catch::Matchers::StartsWith(missing + c.rest));
    CHECK(refusal(directory, [&] { static_cast<void>(open_stream(spec)); }) == sentence);
  }
  CHECK_THAT(
      refusal(directory,
              [&] { static_cast<void>(load_data(spec_for(directory.put("t.csv", "a,b,y\n1,2,0\n")))); }),
      Catch::Matchers::StartsWith("KAIROS-D320: t.csv: columns that the model was trained on are missing: "
                                  "\"age\", \"income\"; found"));
  CHECK_THAT(
      refusal(directory,
              [&] {
                static_cast<void>(load_data(spec_for(directory.put("t.csv", "age,income,age,y\n1,2,1,0\n"))));
              }),
      Catch::Matchers::StartsWith("KAIROS-D023: t.csv: two columns have the same name; found \"age\""));
}

TEST_CASE("An input of the model is not accepted as a target or a weight", "[host][data]") {
  const TemporaryDirectory directory;
  DataSpec spec = spec_for(directory.put("t.csv", "age,income,y\n1,2,0\n"), "age");
  const std::string start =
      "KAIROS-D321: t.csv: an input column of the model is also used as something else; found "
      "column ";
  CHECK_THAT(refusal(directory, [&] { static_cast<void>(load_data(spec)); }),
             Catch::Matchers::StartsWith(start + "\"age\" as the target"));
  spec.target = "y";
  spec.sample_weight = "1";
  CHECK_THAT(refusal(directory, [&] { static_cast<void>(load_data(spec)); }),
             Catch::Matchers::StartsWith(start + "\"income\" as the sample weight"));
}

TEST_CASE("Columns without names are matched by position", "[host][data]") {
  const TemporaryDirectory directory;
  DataSpec spec = spec_for(directory.put("t.csv", "1,2,0\n3,4,1\n"), "-1");
  const Dataset data = read(spec);
  CHECK(data.inputs[0].array.values == Values{1, 2, 3, 4});
  CHECK(data.inputs[0].columns.empty());
  spec.file = directory.put("t.csv", "2019,2020,2021\n1,2,0\n");
  spec.input_columns = {{"input_layer", {"2020", "2019"}}};
  CHECK(read(spec).inputs[0].array.values == Values{2, 1});  // The model identifies this line as a header.
  CHECK(notes_of(directory, read(spec)) ==
        "t.csv:1: this line has the names of the model's columns, which are numbers, and is read as a "
        "header. If it is a sample, set `header=false`\n");
}

TEST_CASE("Columns of several inputs are matched by name, with and without a list", "[host][data]") {
  const TemporaryDirectory directory;
  DataSpec spec = spec_for(directory.put("t.csv", "r0,y,l1,l0,note\n5,0,2,1,x\n"));
  spec.input_ports = {"left", "right"};
  spec.input_columns = {{"left", {"l0", "l1"}}, {"right", {"r0"}}};
  const auto check = [&] {
    const Dataset data = read(spec);
    REQUIRE(data.inputs.size() == 2);
    for (const NamedArray& input : data.inputs)
      CHECK(input.array.values == (input.name == "left" ? Values{1, 2} : Values{5}));
    return data;
  };
  CHECK(notes_of(directory, check()) ==
        "t.csv: a column that the model was not trained on is left out: \"note\"\n");
  spec.inputs = {{"right", "r0"}};
  CHECK(check().notes.empty());
  spec.inputs = {{"right", "0"}, {"left", "l1,l0"}};
  CHECK(check().notes.empty());
  spec.inputs = {{"left", "l1,l0,r0"}};  // r0 belongs to the other input.
  CHECK(check().notes.empty());
  spec.inputs = {{"left", "l1,l0,y"}, {"right", "r0"}};
  spec.target = "";
  spec.target_use = TargetUse::Optional;
  CHECK(notes_of(directory, check()) ==
        "t.csv: a column that the model was not trained on is left out: \"y\"\n");
  spec.inputs = {{"left", "l1"}, {"right", "r0"}};
  CHECK_THAT(refusal(directory, [&] { static_cast<void>(load_data(spec)); }),
             Catch::Matchers::StartsWith("KAIROS-D320: t.csv: a column that the model was trained on is not "
                                         "selected for the input \"left\": \"l0\"; found \"l1\". Leave the "
                                         "selection out: the columns are found by their names."));
  spec.input_ports.clear();
  spec.input_columns = {{"input_layer", {"l0", "l1", "l2"}}};
  spec.inputs = {{"", "l1,l0"}};
  CHECK(refusal(directory, [&] { static_cast<void>(load_data(spec)); }) ==
        "KAIROS-D320: t.csv: a column that the model was trained on is not selected for the input: \"l2\"; "
        "found "
        "\"l1\", \"l0\". Add the column, or correct its name in the header.");
}

TEST_CASE("Columns of inputs in separate tables are reordered too", "[host][data]") {
  const TemporaryDirectory directory;
  const std::string left = directory.put("left.csv", "l1,l0,more\n2,1,9\n").string();
  const std::string right = directory.put("right.csv", "r0\n5\n").string();
  const std::string targets = directory.put("y.csv", "y\n0\n").string();
  DataSpec spec;
  spec.input_ports = {"left", "right"};
  spec.input_columns = {{"left", {"l0", "l1"}}};
  spec.inputs = {{"left", left}, {"right", right}};
  spec.target = targets;
  const Dataset data = read(spec);
  CHECK(data.inputs[0].array.values == Values{1, 2});
  CHECK(data.inputs[0].columns == Names{"l0", "l1"});
  CHECK(data.inputs[1].columns == Names{"r0"});
  CHECK(data.targets[0].array.values == Values{0});
  CHECK(notes_of(directory, data) ==
        "left.csv: a column that the model was not trained on is left out: \"more\"\n");
}

TEST_CASE("Names of input columns are stored as JSON", "[host][data]") {
  const TemporaryDirectory directory;
  const std::vector<InputColumns> columns{{"right", {"b", "größe"}}, {"left", {"a,\"\n"}}};
  write_input_columns(directory / "c.json", columns);
  CHECK(read_input_columns(directory / "c.json") == columns);
  write_input_columns(directory / "none.json", {});
  CHECK(read_input_columns(directory / "none.json").empty());
  const auto written = [&](const char* text) {
    return refusal(directory, [&] { static_cast<void>(read_input_columns(directory.put("c.json", text))); });
  };
  CHECK_THAT(written("{}"),
             Catch::Matchers::StartsWith("KAIROS-M130: c.json: the file contains no names of input columns"));
  CHECK_THAT(written("[1]"), Catch::Matchers::StartsWith("KAIROS-M130: c.json: the file contains no names"));
  CHECK_THAT(
      written(R"({"input_columns": {"a": [1]}})"),
      Catch::Matchers::StartsWith(
          "KAIROS-M130: c.json: the names of the input columns are not lists of strings; found \"a\""));
  CHECK_THAT(written(R"({"input_columns": {"a": ["x", "x"]}})"),
             Catch::Matchers::StartsWith(
                 "KAIROS-M130: c.json: two input columns have the same name; found \"x\" of input \"a\""));
  CHECK_THAT(written(R"({"input_columns": {"a": [""]}})"),
             Catch::Matchers::StartsWith("KAIROS-M130: c.json: an input column has an empty name"));
  CHECK_THAT(written(R"({"input_columns": {"a": []}})"),
             Catch::Matchers::StartsWith("KAIROS-M130: c.json: the columns of an input have no names"));
  CHECK_THAT(refusal(directory,
                     [&] {
                       write_input_columns(directory / "d.json", {{"a", {"\xE9"}}});
                     }),
             Catch::Matchers::StartsWith(
                 "KAIROS-M130: d.json: the name of an input column is not UTF-8 text; found \"\\xe9\""));
}
