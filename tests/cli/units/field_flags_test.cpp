// SPDX-License-Identifier: MIT
// Fields of the library in messages for users of the program.
#include "cli/field_flags.hpp"

#include <catch2/catch.hpp>

using namespace kairos::host;
using cli::with_flags;

TEST_CASE("Fields in backquotes become flags, and all other text stays", "[cli]") {
  struct Case {
    const char* text;
    const char* expected;
  };
  const auto row = GENERATE(
      Case{"leave `validation_split` out", "leave --validation-split out"},
      Case{"`validation_split` is ignored, use `split=stratified`",
           "--validation-split is ignored, use --split stratified"},
      Case{"give `class_weight=0=1,1=5`", "give --class-weight 0=1,1=5"},
      Case{"a field that is called otherwise: `buffer_bytes`, `validation_epochs`, `inputs`, `run_directory`",
           "a field that is called otherwise: --buffer-size, --validation-freq, --input, --run-dir"},
      Case{"an alias: `loss_weights`", "an alias: --loss-weight"},
      Case{"no field: `strip --strip-debug`, `nothing`, then `epochs`",
           "no field: `strip --strip-debug`, `nothing`, then --epochs"},
      Case{"a quote alone: ` and `batch_size", "a quote alone: ` and `batch_size"},
      Case{"words without quotes: batch_size", "words without quotes: batch_size"}, Case{"", ""});
  CHECK(with_flags(row.text) == row.expected);
}

TEST_CASE("A diagnosis speaks of flags in all of its parts", "[cli]") {
  const Diagnosis diagnosis{"KAIROS-D310", "data.csv",   "`split` needs classes",
                            "`target` b",  "`target` a", "Use `split=shuffled`"};
  CHECK(with_flags(diagnosis).text() ==
        "KAIROS-D310: data.csv: --split needs classes; found --target b, expected --target a. "
        "Use --split shuffled.");
  CHECK(
      with_flags({"KAIROS-U010", "`batch_size`", "the value is out of range", "0", "1 or more", ""}).where ==
      "--batch-size");
  // A layer, a plugin or a file that the user named may have the name of a field.
  CHECK(with_flags({"KAIROS-U020", "weights", "unsupported", "", "", ""}).where == "weights");
  CHECK(with_flags({"KAIROS-M003", "loss", "unknown", "", "", ""}).where == "loss");
}
