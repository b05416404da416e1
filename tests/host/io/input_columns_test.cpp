// SPDX-License-Identifier: MIT
// Model files keep the column names of the training data where Keras does not look.
#include <catch2/catch.hpp>
#include <string>

#include "host/io/python.hpp"
#include "host/temporary_directory.hpp"
#include "io/model_file.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/fit.hpp"

using namespace kairos::host;
using Catch::Matchers::StartsWith;
using kairos::tests::python;
using kairos::tests::refusal;
using kairos::tests::TemporaryDirectory;
using Names = std::vector<std::string>;

namespace {

const std::vector<InputColumns> people{{"input_layer", {"größe", "a,\"b\""}}};

std::unique_ptr<Model> make_model(std::uint64_t seed = 0) {
  CompileOptions options;
  options.loss = "mse";
  options.seed = seed;
  return compile({"", "input(2) dense(1)", {}}, options);
}

Dataset table(const Names& columns) {
  Dataset data;
  data.origin = "t.csv";
  data.inputs = {{"", {{2, 2}, {1, 2, 3, 4}}, columns}};
  data.targets = {{"", {{2}, {0, 1}}}};
  return data;
}

}  // namespace

TEST_CASE("Saved models keep the names of their input columns", "[host][io]") {
  const TemporaryDirectory directory;
  const auto model = make_model();
  CHECK(model->input_columns().empty());
  model->set_input_columns(people);
  for (const char* name : {"m.keras", "m.h5", "copy.keras"}) {
    INFO(name);
    if (std::string(name) == "copy.keras")
      model->save_later(directory / name, SaveContent::Model)();  // As ModelCheckpoint saves.
    else
      model->save(directory / name, SaveContent::Model);
    CHECK(read_model_file(directory / name).input_columns == people);
    const auto other = make_model(1);
    other->load_weights(directory / name);
    REQUIRE(other->input_columns().size() == 1);
    CHECK(other->input_columns()[0] == people[0]);
    other->save(directory / ("again." + std::string(name)), SaveContent::Model);
    CHECK(read_model_file(directory / ("again." + std::string(name))).input_columns == people);
  }
  for (const char* name : {"w.weights.h5", "w.npz", "w.h5"}) {
    INFO(name);
    model->save(directory / name, SaveContent::Weights);
    CHECK(read_model_file(directory / name).input_columns.empty());
    const auto before = model->input_columns()[0];
    model->load_weights(directory / name);
    CHECK(model->input_columns()[0] == before);
  }
  // Keras opens three entries of an archive and some attributes; none of them contains the names.
  CHECK(python(directory, R"(
import json, zipfile, h5py
z = zipfile.ZipFile('m.keras')
assert sorted(z.namelist()) == ['config.json', 'metadata.json', 'model.weights.h5'], z.namelist()
assert json.loads(z.read('metadata.json'))['kairos_input_columns'] == {'input_layer': ['größe', 'a,"b"']}
assert b'kairos' not in z.read('config.json')
f = h5py.File('m.h5', 'r')
assert json.loads(f.attrs['kairos_input_columns']) == {'input_layer': ['größe', 'a,"b"']}
assert sorted(f) == ['model_weights', 'optimizer_weights'], sorted(f)
assert 'kairos_input_columns' not in h5py.File('w.h5', 'r').attrs
)") == "");
}

TEST_CASE("A very large number of column names is kept", "[host][io]") {
  const TemporaryDirectory directory;
  const auto model = compile({"", "input(20000) dense(1)", {}}, {});
  Names names;
  for (int i = 0; i < 20000; ++i) names.push_back("measurement number " + std::to_string(i));
  model->set_input_columns({{"input_layer", names}});
  for (const char* name : {"m.keras", "m.h5"}) {
    model->save(directory / name, SaveContent::Model);
    REQUIRE(read_model_file(directory / name).input_columns.size() == 1);
    CHECK(read_model_file(directory / name).input_columns[0].names == names);
  }
}

TEST_CASE("Names of input columns in a model file must be lists of names", "[host][io]") {
  const TemporaryDirectory directory;
  const auto model = make_model();
  model->save(directory / "m.keras", SaveContent::Model);
  model->save(directory / "m.h5", SaveContent::Model);
  REQUIRE(python(directory, R"(
import h5py, shutil, zipfile
def archive(name, metadata):
    with zipfile.ZipFile('m.keras') as a, zipfile.ZipFile(name, 'w') as b:
        for entry in ('config.json', 'model.weights.h5'): b.writestr(entry, a.read(entry))
        if metadata is not None: b.writestr('metadata.json', metadata)
archive('none.keras', None); archive('other.keras', 'no JSON'); archive('text.keras', '"kairos_input_columns"')
archive('list.keras', '{"kairos_input_columns": ["a"]}'); archive('twice.keras', '{"kairos_input_columns": {"x": ["a", "a"]}}')
archive('more.keras', '{"kairos_input_columns": {"input_layer": ["a", "b", "c"]}}')
shutil.copy('m.h5', 'list.h5')
with h5py.File('list.h5', 'a') as f: f.attrs['kairos_input_columns'] = '{"x": [1]}'
)") == "");
  for (const char* name : {"none.keras", "other.keras", "text.keras"})
    CHECK(read_model_file(directory / name).input_columns.empty());
  const auto read = [&](const char* name) {
    return refusal(directory, [&] { static_cast<void>(read_model_file(directory / name)); });
  };
  CHECK_THAT(
      read("list.keras"),
      StartsWith(
          "KAIROS-M130: list.keras:metadata.json: the names of the input columns are not lists of strings"));
  CHECK_THAT(
      read("twice.keras"),
      StartsWith(
          "KAIROS-M130: twice.keras:metadata.json: two input columns have the same name; found \"a\""));
  CHECK_THAT(read("list.h5"), StartsWith("KAIROS-M130: list.h5"));
  model->load_weights(
      directory /
      "more.keras");  // A different number of values than the model has, so they belong to something else.
  CHECK(model->input_columns().empty());
}

TEST_CASE("A model accepts names for its own inputs only, one per value", "[host][io]") {
  const TemporaryDirectory directory;
  const auto model = make_model();
  const auto refused = [&](std::vector<InputColumns> columns) {
    return refusal(directory, [&] { model->set_input_columns(std::move(columns)); });
  };
  CHECK(refused({{"input_layr", {"a", "b"}}}) ==
        "KAIROS-M131: input columns: the model has no input of this name; found \"input_layr\". Did you mean "
        "\"input_layer\"?");
  CHECK_THAT(refused({{"input_layer", {"a"}}}),
             StartsWith("KAIROS-M131: input columns: an input has a different number of values than columns; "
                        "found 1 names for \"input_layer\""));
  CHECK_THAT(refused({{"input_layer", {"a", "a"}}}), StartsWith("KAIROS-M130"));
  CHECK(model->input_columns().empty());
}

TEST_CASE("fit gives the model the names of its columns, and data with others are rejected", "[host][io]") {
  const TemporaryDirectory directory;
  const auto model = make_model();
  static_cast<void>(fit(*model, table({}), {}));
  CHECK(model->input_columns().empty());
  static_cast<void>(fit(*model, table({"a", "b"}), {}));
  REQUIRE(model->input_columns().size() == 1);
  CHECK(model->input_columns()[0] == InputColumns{"input_layer", {"a", "b"}});
  for (const Names& columns : {Names{"a", "b"}, Names{}}) {
    CHECK_NOTHROW(evaluate(*model, table(columns), {}));
    CHECK_NOTHROW(predict(*model, table(columns), {}));
  }
  const std::string sentence =
      "KAIROS-D322: t.csv: the columns of input \"input_layer\" are not those that the model was trained on, "
      "in "
      "the same order; found \"b\" as column 0 (counted from 0), expected \"a\" as column 0 (counted from "
      "0). "
      "Read the data with DataSpec::input_columns set to the model's.";
  const Dataset swapped = table({"b", "a"});
  CHECK(refusal(directory, [&] { static_cast<void>(evaluate(*model, swapped, {})); }) == sentence);
  CHECK(refusal(directory, [&] { static_cast<void>(predict(*model, swapped, {})); }) == sentence);
  CHECK(refusal(directory, [&] { static_cast<void>(fit(*model, swapped, {})); }) == sentence);
  FitOptions options;
  options.validation_data = swapped;
  CHECK(refusal(directory, [&] { static_cast<void>(fit(*model, table({"a", "b"}), options)); }) == sentence);
}

TEST_CASE("A rejected fit leaves the model without names, and accepts corrected data", "[host][io]") {
  const TemporaryDirectory directory;
  const auto model = make_model();
  const Dataset data = table({"a", "b"});
  FitOptions options;
  options.validation_data = table({"a", "c"});
  const std::string sentence =
      "KAIROS-D322: t.csv: the columns of input \"input_layer\" are not those of the training data, in the "
      "same order; found \"c\" as column 1 (counted from 0), expected \"b\" as column 1 (counted from 0). "
      "Read "
      "the data with DataSpec::input_columns set to those of the training data.";
  CHECK(refusal(directory, [&] { static_cast<void>(fit(*model, data, options)); }) == sentence);
  CHECK(refusal(directory, [&] { static_cast<void>(explain_order(*model, data, options)); }) == sentence);
  options = {};
  options.epochs = -1;
  CHECK_THAT(refusal(directory, [&] { static_cast<void>(fit(*model, data, options)); }),
             StartsWith("KAIROS-U010"));
  CHECK(model->input_columns().empty());
  CHECK_NOTHROW(fit(*model, table({"x", "y"}), {}));
  CHECK(model->input_columns()[0] == InputColumns{"input_layer", {"x", "y"}});
}
