// SPDX-License-Identifier: MIT
// Data for models with several inputs and outputs: files by name, and archives whose arrays have the names of
// ports.
#include <catch2/catch.hpp>
#include <string>

#include "host/temporary_directory.hpp"
#include "io/npy.hpp"
#include "kairos/host/data.hpp"
#include "kairos/host/stream.hpp"

using namespace kairos::host;
using kairos::tests::refusal;
using kairos::tests::TemporaryDirectory;

namespace {

const Array left{{3, 2}, {1, 2, 3, 4, 5, 6}};
const Array right{{3}, {7, 8, 9}};
const Array kind{{3}, {0, 1, 0}};
const Array amount{{3, 1}, {0.5F, 1.5F, 2.5F}};
const Array weight{{3}, {1, 0.5F, 2}};
const Array steps{{3, 2}, {1, 0, 1, 1, 0.5F, 0}};
const Array short_one{{2}, {0, 1}};

/// The arrays of a group, "left=(3, 2) right=(3)".
std::string names_of(const std::vector<NamedArray>& arrays) {
  std::string text;
  for (const NamedArray& one : arrays)
    text += (text.empty() ? "" : " ") + one.name + "=" + shape_text(one.array.shape);
  return text;
}

struct Files {
  TemporaryDirectory directory;
  Files() {
    write_npy(directory / "left.npy", left);
    write_npy(directory / "right.npy", right);
    write_npy(directory / "kind.npy", kind);
    write_npy(directory / "amount.npy", amount);
    write_npy(directory / "weight.npy", weight);
    write_npy(directory / "steps.npy", steps);
    write_npy(directory / "short.npy", short_one);
    static_cast<void>(directory.put("left.csv", "a,b\n1,2\n3,4\n5,6\n"));
  }
  [[nodiscard]] std::string at(const std::string& name) const { return (directory / name).string(); }
  [[nodiscard]] PortSource source(const std::string& port, const std::string& name) const {
    return {port, at(name)};
  }
  [[nodiscard]] DataSpec two_in_two_out() const {
    DataSpec spec;
    spec.inputs = {source("right", "right.npy"), source("left", "left.npy")};
    spec.targets = {source("kind", "kind.npy"), source("amount", "amount.npy")};
    spec.input_ports = {"left", "right"};
    spec.output_ports = {"kind", "amount"};
    return spec;
  }
  [[nodiscard]] std::string sentence_for(const DataSpec& spec) const {
    return refusal(directory, [&] { static_cast<void>(load_data(spec)); });
  }
};

struct Case {
  void (*spoil)(DataSpec&, const Files&);
  const char* sentence;
};

void check_faults(const Files& files, std::initializer_list<Case> cases) {
  for (const Case& c : cases) {
    DataSpec spec = files.two_in_two_out();
    c.spoil(spec, files);
    CHECK_THAT(files.sentence_for(spec), Catch::Matchers::StartsWith(c.sentence));
  }
}

}  // namespace

TEST_CASE("Inputs, targets and weights may each have a file and a name", "[host][data]") {
  const Files files;
  DataSpec spec = files.two_in_two_out();
  spec.sample_weights = {files.source("amount", "weight.npy"), files.source("kind", "steps.npy")};
  Dataset data = load_data(spec).train;
  CHECK(names_of(data.inputs) == "right=(3) left=(3, 2)");
  CHECK(names_of(data.targets) == "kind=(3) amount=(3, 1)");
  CHECK(names_of(data.sample_weights) == "amount=(3) kind=(3, 2)");
  CHECK(data.inputs[1].array.values == left.values);
  CHECK(data.targets[1].array.values == amount.values);
  CHECK(data.sample_weights[1].array.values == steps.values);

  spec.inputs = {files.source("left", "left.csv"), files.source("right", "right.npy")};
  spec.sample_weights.clear();
  spec.sample_weight = files.at("weight.npy");
  data = load_data(spec).train;
  CHECK(data.inputs[0].array.shape == left.shape);
  CHECK(data.inputs[0].array.values == left.values);
  CHECK(names_of(data.sample_weights) == "=(3)");

  spec.inputs.clear();
  spec.file = files.at("left.csv");
  data = load_data(spec).train;
  CHECK(names_of(data.inputs) == "=(3, 2)");
  CHECK(names_of(data.targets) == "kind=(3) amount=(3, 1)");
}

TEST_CASE("Columns of a table may each go to an input, target or weight by name, in memory and streamed",
          "[host][data]") {
  const Files files;
  std::string text = "id,c,kind,a,w,amount,b\n";
  constexpr std::int64_t rows = 500;
  for (std::int64_t i = 0; i < rows; ++i) {
    const std::string n = std::to_string(i);
    // Unused columns may contain anything.
    text += (i % 50 == 49 ? "\"x,\n" + n + "\"" : "row " + n) + ",3" + n + "," + (i % 3 == 0 ? "no" : "yes") +
            ",1" + n + ",0.5," + n + ".25,2" + n + "\n";
  }
  DataSpec spec;
  spec.file = files.directory.put("t.csv", text);
  spec.inputs = {{"left", "b,a"}, {"right", "c"}};
  spec.targets = {{"amount", "amount"}};
  spec.sample_weights = {{"amount", "w"}};
  spec.input_ports = {"left", "right"};
  spec.output_ports = {"kind", "amount"};
  for (const bool words : {false, true}) {
    INFO(words);
    if (words) spec.targets.push_back({"kind", "kind"});
    const Dataset data = load_data(spec).train;
    CHECK(names_of(data.inputs) == "left=(500, 2) right=(500, 1)");
    CHECK(names_of(data.targets) == (words ? "amount=(500) kind=(500)" : "amount=(500)"));
    CHECK(names_of(data.sample_weights) == "amount=(500)");
    CHECK(data.class_names == (words ? std::vector<std::string>{"no", "yes"} : std::vector<std::string>{}));
    bool same = true;
    for (std::int64_t i = 0; i < rows; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const auto with_digit = [&](int digit) { return std::stof(std::to_string(digit) + std::to_string(i)); };
      same &= data.inputs[0].array.values[2 * at] == with_digit(2) &&
              data.inputs[0].array.values[2 * at + 1] == with_digit(1) &&
              data.inputs[1].array.values[at] == with_digit(3) &&
              data.targets[0].array.values[at] == static_cast<float>(i) + 0.25F &&
              data.sample_weights[0].array.values[at] == 0.5F &&
              (!words || data.targets[1].array.values[at] == (i % 3 == 0 ? 0.0F : 1.0F));
    }
    CHECK(same);

    const auto source = open_stream(spec);
    CHECK(source->layout().class_names == data.class_names);
    Dataset block = data;
    for (auto* group : {&block.inputs, &block.targets, &block.sample_weights})
      for (NamedArray& one : *group) one.array.values.assign(one.array.values.size(), -1);
    source->reader()->read(0, rows, block);
    for (std::size_t i = 0; i < data.inputs.size(); ++i)
      CHECK(block.inputs[i].array.values == data.inputs[i].array.values);
    for (std::size_t i = 0; i < data.targets.size(); ++i)
      CHECK(block.targets[i].array.values == data.targets[i].array.values);
    CHECK(block.sample_weights[0].array.values == data.sample_weights[0].array.values);
  }
}

TEST_CASE("Columns and files may be mixed, and invalid uses of columns are rejected", "[host][data]") {
  const Files files;
  DataSpec spec;
  spec.file = files.directory.put("t.csv", "a,b,k,m\n1,2,x,u\n3,4,y,v\n5,6,x,u\n");
  spec.inputs = {{"left", "a,b"}, files.source("right", "right.npy")};
  spec.targets = {{"kind", "k"}, files.source("amount", "amount.npy")};
  spec.input_ports = {"left", "right"};
  spec.output_ports = {"kind", "amount"};
  const Dataset data = load_data(spec).train;
  CHECK(names_of(data.inputs) == "left=(3, 2) right=(3)");
  CHECK(names_of(data.targets) == "kind=(3) amount=(3, 1)");
  CHECK(data.inputs[0].array.values == left.values);
  const auto source = open_stream(spec);
  CHECK(names_of(source->layout().inputs) == names_of(data.inputs));
  Dataset block = data;
  source->reader()->read(0, 3, block);
  CHECK(block.inputs[1].array.values == right.values);
  CHECK(block.targets[0].array.values == std::vector<float>{0, 1, 0});
  CHECK(block.targets[1].array.values == amount.values);

  struct Case {
    void (*spoil)(DataSpec&);
    const char* sentence;
  };
  const Case cases[] = {
      {[](DataSpec& s) { s.inputs[0].source = "a,c"; },
       "KAIROS-D022: t.csv: the input column does not exist; found \"c\""},
      {[](DataSpec& s) { s.inputs[0].source = "a,k"; },
       "KAIROS-D038: t.csv: a column is used twice; found column \"k\""},
      {[](DataSpec& s) { s.inputs[1].source = "b"; },
       "KAIROS-D038: t.csv: a column is used twice; found column \"b\""},
      {[](DataSpec& s) { s.targets[1].source = "m"; },
       "KAIROS-D081: t.csv:2: two targets are strings; found column \"k\" and column \"m\""},
      {[](DataSpec& s) { s.targets[1].port = "amont"; }, "KAIROS-D061: amount.npy: the model has no output"},
      {[](DataSpec& s) { s.targets.clear(); }, "KAIROS-D021: t.csv: no target column is named"},
  };
  for (const Case& c : cases) {
    DataSpec spoilt = spec;
    c.spoil(spoilt);
    CHECK_THAT(files.sentence_for(spoilt), Catch::Matchers::StartsWith(c.sentence));
  }
  // More ports than a table supports, with one column each.
  std::string header = "y", row = "1";
  DataSpec many;
  many.target = "y";
  for (int i = 0; i < 70; ++i) {
    header += ",c" + std::to_string(i);
    row += ",1";
    many.inputs.push_back({"i" + std::to_string(i), "c" + std::to_string(i)});
  }
  many.file = files.directory.put("many.csv", header + "\n" + row + "\n");
  CHECK_THAT(files.sentence_for(many),
             Catch::Matchers::StartsWith(
                 "KAIROS-D080: many.csv: too many inputs and targets are taken from one table"));
}

TEST_CASE("Arrays of an NPZ may be named by port, by number, or by the user", "[host][data]") {
  const Files files;
  DataSpec spec = files.two_in_two_out();
  spec.inputs.clear();
  spec.targets.clear();
  spec.file = files.at("d.npz");
  write_npz(spec.file, {{"left", left},
                        {"right", right},
                        {"kind", kind},
                        {"amount", amount},
                        {"sample_weight_amount", weight},
                        {"left_val", left},
                        {"right_val", right},
                        {"kind_val", kind},
                        {"amount_val", amount},
                        {"sample_weight_kind_val", weight}});
  LoadedData data = load_data(spec);
  CHECK(names_of(data.train.inputs) == "left=(3, 2) right=(3)");
  CHECK(names_of(data.train.targets) == "kind=(3) amount=(3, 1)");
  CHECK(names_of(data.train.sample_weights) == "amount=(3)");
  REQUIRE(data.validation.has_value());
  CHECK(names_of(data.validation->targets) == "kind=(3) amount=(3, 1)");
  CHECK(names_of(data.validation->sample_weights) == "kind=(3)");

  write_npz(spec.file, {{"x0", left}, {"x1", right}, {"y0", kind}, {"y1", amount}});
  data = load_data(spec);
  CHECK(names_of(data.train.inputs) == "=(3, 2) =(3)");
  CHECK(names_of(data.train.targets) == "=(3) =(3, 1)");

  spec.inputs = {{"left", "x0"}, {"right", "x1"}};
  spec.targets = {{"amount", "y1"}, files.source("kind", "kind.npy")};
  spec.sample_weights = {files.source("kind", "weight.npy")};
  data = load_data(spec);
  CHECK(names_of(data.train.inputs) == "left=(3, 2) right=(3)");
  CHECK(names_of(data.train.targets) == "amount=(3, 1) kind=(3)");
  CHECK(names_of(data.train.sample_weights) == "kind=(3)");
}

TEST_CASE("Unknown, duplicate and missing names are rejected with a cure", "[host][data]") {
  check_faults(
      Files(),
      {{[](DataSpec& s, const Files&) { s.inputs[1].port = "lft"; },
        "KAIROS-D061: left.npy: the model has no input for the input of this name; found \"lft\". Did you "
        "mean \"left\"?"},
       {[](DataSpec& s, const Files&) { s.targets[0].port = "kindd"; },
        "KAIROS-D061: kind.npy: the model has no output for the target of this name; found \"kindd\". Did "
        "you mean \"kind\"?"},
       {[](DataSpec& s, const Files& f) { s.sample_weights = {f.source("amunt", "weight.npy")}; },
        "KAIROS-D061: weight.npy: the model has no output for the sample weight of this name; found "
        "\"amunt\". Did you mean \"amount\"?"},
       {[](DataSpec& s, const Files&) { s.inputs[1].port = "right"; },
        "KAIROS-D060: left.npy: two inputs have the same name; found \"right\", expected each name once. "
        "Remove one of them."},
       {[](DataSpec& s, const Files&) { s.targets[1].port = "kind"; },
        "KAIROS-D060: amount.npy: two targets have the same name"},
       {[](DataSpec& s, const Files&) { s.targets[1].source = "amount"; },
        "KAIROS-D062: the source of the target \"amount\" is not a file of one array; found \"amount\", "
        "expected a file of one array (.npy, .csv, IDX or file.h5:/path). Correct the name of the file."},
       {[](DataSpec& s, const Files& f) {
          s.inputs.clear();
          s.file = f.at("left.csv");
          s.targets[1].source = "c";
        },
        "KAIROS-D022: left.csv: the target column does not exist; found \"c\""},
       {[](DataSpec& s, const Files& f) { s.file = f.at("left.csv"); },
        "KAIROS-D063: left.csv: inputs are named, but the data file itself is the input; found \"right\""},
       {[](DataSpec& s, const Files&) { s.inputs.clear(); }, "KAIROS-D064: no data file is named"},
       {[](DataSpec& s, const Files&) { s.targets.clear(); },
        "KAIROS-D021: right.npy: no target is named; expected a file of targets."},
       {[](DataSpec& s, const Files&) {
          s.targets.clear();
          s.target = "kind";
        },
        "KAIROS-D044: right.npy: a file of one array (.npy, .csv, IDX or file.h5:/path) has no columns to "
        "take the target from; found \"kind\""},
       {[](DataSpec& s, const Files& f) { s.targets[0] = f.source("kind", "short.npy"); },
        "KAIROS-D010: short.npy: the target \"kind\" has a different number of rows; found 2, expected 3, as "
        "in the first input."},
       {[](DataSpec& s, const Files& f) { s.inputs[1] = f.source("left", "short.npy"); },
        "KAIROS-D010: short.npy: the input \"left\" has a different number of rows"},
       {[](DataSpec& s, const Files& f) { s.inputs[1] = f.source("left", "absent.npy"); },
        "KAIROS-F001: absent.npy: cannot open the file"}});
}

TEST_CASE("Arrays that an NPZ lacks, and unexpected ones, are reported by name", "[host][data]") {
  const Files files;
  write_npz(files.at("ports.npz"), {{"left", left}, {"right", right}, {"kind", kind}, {"amount", amount}});
  write_npz(files.at("few.npz"), {{"left", left}, {"kind", kind}, {"amount", amount}});
  write_npz(files.at("typo.npz"), {{"left", left}, {"right", right}, {"kind", kind}, {"amout", amount}});
  check_faults(
      files,
      {{[](DataSpec& s, const Files& f) {
          s.file = f.at("ports.npz");
          s.inputs = {{"left", "lefd"}, {"right", "right"}};
        },
        "KAIROS-D042: ports.npz: the archive has no array \"lefd\"; expected x, y and optionally "
        "sample_weight, x_val, y_val, sample_weight_val. Did you mean \"left\"?"},
       {[](DataSpec& s, const Files& f) {
          s.file = f.at("few.npz");
          s.inputs.clear();
        },
        "KAIROS-D042: few.npz: the archive has no array \"right\"; expected x, y and optionally "
        "sample_weight, x_val, y_val, sample_weight_val; or left, right."},
       {[](DataSpec& s, const Files& f) {
          s.file = f.at("typo.npz");
          s.inputs.clear();
          s.targets.clear();
        },
        "KAIROS-D042: typo.npz: the archive has no array \"amount\""},
       {[](DataSpec& s, const Files& f) {
          s.file = f.at("typo.npz");
          s.inputs.clear();
        },
        "KAIROS-D043: typo.npz: the archive has an array with an unexpected name; found \"amout\". Did "
        "you mean \"amount\"?"}});
}
