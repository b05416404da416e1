// SPDX-License-Identifier: MIT
// The checks of data sets, and parts of them.
#include "kairos/host/dataset.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "host/temporary_directory.hpp"

using namespace kairos::host;
using kairos::tests::refusal;
using kairos::tests::TemporaryDirectory;

namespace {
Dataset three_rows() {
  Dataset data;
  data.origin = "d.npz";
  data.inputs = {{"", {{3, 2}, {1, 2, 3, 4, 5, 6}}}};
  data.targets = {{"", {{3}, {0, 1, 2}}}};
  data.sample_weights = {{"", {{3}, {1, 0.5F, 0}}}};
  return data;
}
struct Case {
  void (*spoil)(Dataset&);
  const char* sentence;
};

void check_faults(std::initializer_list<Case> cases) {
  const TemporaryDirectory directory;
  for (const Case& c : cases) {
    Dataset data = three_rows();
    c.spoil(data);
    CHECK_THAT(refusal(directory, [&] { data.check(); }), Catch::Matchers::StartsWith(c.sentence));
  }
}

}  // namespace

TEST_CASE("A valid data set passes its check", "[host][data]") {
  CHECK_NOTHROW(three_rows().check());
  Dataset sequences = three_rows();
  sequences.sample_weights = {{"", {{3, 2}, {1, 1, 1, 1, 1, 1}}}};
  CHECK_NOTHROW(sequences.check());
}

TEST_CASE("Values of a data set that are invalid are reported with array, row and column", "[host][data]") {
  check_faults(
      {{[](Dataset& d) { d.inputs[0].array.values[3] = NAN; },
        "KAIROS-D011: d.npz: row 1 (counted from 0): a value is not finite; found NaN in the input, column 1 "
        "(counted from "
        "0), expected a finite number. Correct the value or remove the row."},
       {[](Dataset& d) {
          d.row_naming = RowNaming::Line;
          d.origin = "iris.csv";
          d.first_row = 1;
          d.inputs[0].array.values[4] = -INFINITY;
        },
        "KAIROS-D011: iris.csv:4: a value is not finite; found -infinity in the input, column 0 (counted "
        "from "
        "0)"},
       {[](Dataset& d) {
          d.inputs[0].name = "left";
          d.inputs[0].array = {{3, 1, 2}, {1, 2, 3, 4, 5, INFINITY}};
        },
        "KAIROS-D011: d.npz: row 2 (counted from 0): a value is not finite; found infinity in the input "
        "\"left\", position "
        "0, 1 (counted from 0)"},
       {[](Dataset& d) { d.targets[0].array.values[2] = NAN; },
        "KAIROS-D011: d.npz: row 2 (counted from 0): a value is not finite; found NaN in the target, "
        "expected"},
       {[](Dataset& d) {
          d.sample_weights[0].name = "kind";
          d.sample_weights[0].array.values[1] = -0.5F;
        },
        "KAIROS-D012: d.npz: row 1 (counted from 0): a sample weight \"kind\" is negative; found -0.5"},
       {[](Dataset& d) { d.sample_weights[0].array.values[1] = -0.5F; },
        "KAIROS-D012: d.npz: row 1 (counted from 0): a sample weight is negative; found -0.5, expected 0 or "
        "more."},
       {[](Dataset& d) { d.sample_weights[0].array.values[1] = NAN; },
        "KAIROS-D011: d.npz: row 1 (counted from 0): a value is not finite; found NaN in the sample "
        "weight"}});
}

TEST_CASE("A data set whose arrays do not fit together is rejected", "[host][data]") {
  check_faults(
      {{[](Dataset& d) {
          d.targets[0].array = {{2}, {0, 1}};
        },
        "KAIROS-D010: d.npz: the target has a different number of rows; found 2, expected 3, as in the first "
        "input."},
       {[](Dataset& d) {
          d.inputs.push_back({"", {{4}, {0, 1, 2, 3}}});
        },
        "KAIROS-D010: d.npz: the input 1 has a different number of rows; found 4"},
       {[](Dataset& d) {
          d.targets[0].array = {{}, {0}};
        },
        "KAIROS-D010: d.npz: the target has a different number of rows; found a single value"},
       {[](Dataset& d) {
          d.inputs[0].array = {{3, 4000000000, 4000000000, 0}, {}};
        },
        "KAIROS-D015: d.npz: the input has samples without values; found shape (3, 4000000000, "
        "4000000000, 0), expected at least one value for each sample. Check the program that should have "
        "written them."},
       {[](Dataset& d) {
          d.sample_weights[0].array = {{3, 1, 1}, {1, 1, 1}};
        },
        "KAIROS-D014: d.npz: the sample weight has too many dimensions; found shape (3, 1, 1)"},
       {[](Dataset& d) { d = {}; },
        "KAIROS-D013: there are no samples; found 0 rows, expected at least one."}});
}

TEST_CASE("A part of a data set keeps its position in the file", "[host][data]") {
  Dataset data = three_rows();
  data.class_names = {"a", "b", "c"};
  const Dataset part = data.rows(1, 3);
  CHECK(part.inputs[0].array.shape == std::vector<std::int64_t>{2, 2});
  CHECK(part.inputs[0].array.values == std::vector<float>{3, 4, 5, 6});
  CHECK(part.targets[0].array.values == std::vector<float>{1, 2});
  CHECK(part.sample_weights[0].array.values == std::vector<float>{0.5F, 0});
  CHECK(part.class_names == data.class_names);
  CHECK(part.place(0) == "d.npz: row 1 (counted from 0)");
  CHECK(data.rows(3, 3).size() == 0);
  CHECK_THROWS_WITH(data.rows(2, 4),
                    Catch::Matchers::StartsWith("KAIROS-I010: d.npz: rows that do not exist"));
}
