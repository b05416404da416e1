// SPDX-License-Identifier: MIT
// What users write for options, and what becomes of it.
#include "plugin/options/options.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "kairos/abi.h"
#include "plugin/options/option_value.hpp"

using namespace kairos::host;
namespace fs = std::filesystem;

namespace {

OptionSpec option(std::int32_t type, std::string name, OptionValue initial = {}) {
  OptionSpec spec;
  spec.type = type;
  spec.name = std::move(name);
  spec.initial = std::move(initial);
  return spec;
}

OptionValue number(double value) {
  return {KAIROS_TYPE_FLOAT, 0, value, ""};
}
OptionValue whole(std::int64_t value) {
  return {KAIROS_TYPE_INT, value, 0, ""};
}
OptionValue text(std::int32_t type, std::string value) {
  return {type, 0, 0, std::move(value)};
}

CallbackManifest callback() {
  CallbackManifest callback;
  callback.id = "kairos.Stall";
  callback.phase = KAIROS_PHASE_DECIDE;
  OptionSpec patience = option(KAIROS_TYPE_INT, "patience", whole(10));
  patience.aliases = {"wait"};
  patience.min = whole(0);
  patience.unit = "epochs";
  OptionSpec factor = option(KAIROS_TYPE_FLOAT, "factor", number(0.1));
  factor.min = number(0);
  factor.max = number(1);
  factor.flags = KAIROS_OPTION_MIN_EXCLUSIVE | KAIROS_OPTION_MAX_EXCLUSIVE;
  OptionSpec mode = option(KAIROS_TYPE_ENUM, "mode", text(KAIROS_TYPE_ENUM, "auto"));
  mode.choices = {"auto", "min", "max"};
  OptionSpec schedule = option(KAIROS_TYPE_EXPRESSION, "schedule");
  schedule.choices = {"epoch", "lr"};
  callback.options = {patience,
                      factor,
                      mode,
                      schedule,
                      option(KAIROS_TYPE_BOOL, "verbose"),
                      option(KAIROS_TYPE_FLOAT, "baseline"),
                      option(KAIROS_TYPE_PATH, "filepath"),
                      option(KAIROS_TYPE_DURATION, "every"),
                      option(KAIROS_TYPE_METRIC, "monitor", text(KAIROS_TYPE_METRIC, "val_loss")),
                      option(KAIROS_TYPE_STRING, "title")};
  return callback;
}

OptionContext context() {
  return {{{"loss", Direction::Min},
           {"accuracy", Direction::Max},
           {"val_loss", Direction::Min},
           {"val_accuracy", Direction::Max}},
          "/runs/one"};
}

using Pairs = std::vector<PluginOption>;

ResolvedOptions resolve(const Pairs& pairs) {
  return resolve_options(callback(), pairs, context(), "Stall");
}

/// The value of the option `name` when it is written as `value`.
OptionValue value_of(const std::string& name, const std::string& value, Written written = Written::Bare) {
  const CallbackManifest declaration = callback();
  const Pairs pairs = {{name, value, written}};
  const ResolvedOptions resolved = resolve_options(declaration, pairs, context(), "Stall");
  for (std::size_t i = 0; i < declaration.options.size(); ++i)
    if (declaration.options[i].name == name) return resolved.values[i];
  return {};
}

}  // namespace

TEST_CASE("resolve_options fills in defaults", "[host][plugin]") {
  const ResolvedOptions resolved = resolve({});
  REQUIRE(resolved.values.size() == callback().options.size());
  CHECK(resolved.values[0] == whole(10));
  CHECK(resolved.values[2].text == "auto");
  CHECK(resolved.values[3].absent());
  CHECK(resolved.values[8].text == "val_loss");
  CHECK(resolved.on_error == OnError::Fatal);
  CHECK(resolved.on_missing == OnMissing::Error);
  CallbackManifest report = callback();
  report.phase = KAIROS_PHASE_REPORT;
  CHECK(resolve_options(report, {}, context(), "Stall").on_error == OnError::Disable);
}

TEST_CASE("resolve_options reads values of each type", "[host][plugin]") {
  CHECK(value_of("patience", "20").integer == 20);
  CHECK(value_of("patience", "+1e3").integer == 1000);
  CHECK(value_of("factor", "5e-1").number == 0.5);
  for (const char* yes : {"true", "True", "1", "yes"}) CHECK(value_of("verbose", yes).integer == 1);
  for (const char* no : {"false", "False", "0", "no"}) CHECK(value_of("verbose", no).integer == 0);
  CHECK(value_of("mode", "max").text == "max");
  CHECK(value_of("title", "").text == "");
  CHECK(!value_of("title", "").absent());
  CHECK(value_of("baseline", "None").absent());
  CHECK(value_of("title", "None").absent());
  CHECK(value_of("title", "none").text == "none");
  CHECK(value_of("filepath", "a/../w.{epoch:02d}.h5").text == "/runs/one/w.{epoch:02d}.h5");
  CHECK(value_of("filepath", "/x/./y").text == "/x/y");
  CHECK(value_of("schedule", "lr*0.9").text == "lr*0.9");
  CHECK(value_of("monitor", "accuracy").text == "accuracy");
  CHECK(value_of("monitor", "val_acc").text == "val_accuracy");
}

TEST_CASE("resolve_options reads durations and writes them back", "[host][plugin]") {
  struct Case {
    const char* text;
    std::int64_t nanoseconds;
    const char* written;
  };
  const auto row = GENERATE(Case{"90s", 90'000'000'000, "1m30s"}, Case{"5m", 300'000'000'000, "5m"},
                            Case{"1h30m", 5'400'000'000'000, "1h30m"}, Case{"500ms", 500'000'000, "500ms"},
                            Case{"1.5s", 1'500'000'000, "1s500ms"}, Case{"0s", 0, "0s"},
                            Case{"2d", 172'800'000'000'000, "2d"}, Case{"7us3ns", 7'003, "7us3ns"});
  const OptionValue value = value_of("every", row.text);
  CHECK(value.integer == row.nanoseconds);
  CHECK(value_text(value) == row.written);
}

TEST_CASE("resolve_options takes an alias and the host's own options", "[host][plugin]") {
  CHECK(resolve({{"wait", "3"}}).values[0].integer == 3);
  const ResolvedOptions resolved =
      resolve({{"on_error", "warn"}, {"on_missing", "ignore"}, {"monitor", "absent"}});
  CHECK(resolved.on_error == OnError::Warn);
  CHECK(resolved.on_missing == OnMissing::Ignore);
  CHECK(resolved.warnings.empty());
}

TEST_CASE("resolve_options warns of a missing metric if it is asked to", "[host][plugin]") {
  const ResolvedOptions resolved = resolve({{"monitor", "auc"}, {"on_missing", "warn"}});
  CHECK(resolved.values[8].text == "auc");
  CHECK(resolved.warnings ==
        std::vector<std::string>{
            "Stall, option monitor: there is no metric \"auc\" in this run; known are: loss, "
            "accuracy, val_loss, val_accuracy"});
}

TEST_CASE("resolve_options has a sentence for every wrong value", "[host][plugin]") {
  struct Case {
    Pairs pairs;
    const char* sentence;
  };
  const auto row = GENERATE(
      Case{{{"pateince", "3"}},
           "KAIROS-O020: Stall, option pateince: no such option. Did you mean \"patience\"?"},
      Case{{{"patience", "3"}, {"wait", "4"}},
           "KAIROS-O021: Stall, option wait: the option is set twice; found patience=3 and wait=4, expected "
           "one value. Leave one of "
           "them out."},
      Case{{{"patience", "ten"}},
           "KAIROS-O023: Stall, option patience: the value is not of type int; found \"ten\", expected a "
           "whole "
           "number, such as 10. Correct the "
           "value."},
      Case{{{"patience", "1.5"}},
           "KAIROS-O023: Stall, option patience: the value is not of type int; found \"1.5\", expected a "
           "whole "
           "number, such as 10. Correct the "
           "value."},
      Case{{{"factor", "0,5"}},
           "KAIROS-O023: Stall, option factor: the value is not of type float; found \"0,5\", expected a "
           "number, such "
           "as 0.001. Correct the "
           "value."},
      Case{{{"verbose", "maybe"}},
           "KAIROS-O023: Stall, option verbose: the value is not of type bool; found \"maybe\", expected "
           "true or "
           "false. Correct the value."},
      Case{{{"every", "90"}},
           "KAIROS-O023: Stall, option every: the value is not of type duration; found \"90\", expected a "
           "duration "
           "with its unit, such as 90s, 5m "
           "or 1h30m. Correct the value."},
      Case{{{"filepath", ""}},
           "KAIROS-O023: Stall, option filepath: the value is not of type path; found \"\", expected a text. "
           "Correct "
           "the value."},
      Case{{{"patience", "-1"}},
           "KAIROS-O024: Stall, option patience: the value is out of range; found -1, expected at least 0 "
           "epochs. Correct the value."},
      Case{{{"factor", "1"}},
           "KAIROS-O024: Stall, option factor: the value is out of range; found 1, expected greater than 0 "
           "and less than 1. Correct "
           "the value."},
      Case{{{"factor", "nan"}},
           "KAIROS-O024: Stall, option factor: the value is out of range; found nan, expected greater than 0 "
           "and less than 1. Correct "
           "the value."},
      Case{{{"mode", "maxx"}},
           "KAIROS-O025: Stall, option mode: the value is not one of the choices; found \"maxx\", expected "
           "auto, min, max. Did you mean "
           "\"max\"?"},
      Case{{{"on_error", "explode"}},
           "KAIROS-O025: Stall, option on_error: the value is not one of the choices; found \"explode\", "
           "expected fatal, disable, warn. "
           "Choose one of them."},
      Case{{{"monitor", "val_los"}},
           "KAIROS-O026: Stall, option monitor: no such metric in this run; found \"val_los\", "
           "expected loss, accuracy, "
           "val_loss, val_accuracy. Did you mean \"val_loss\"?"},
      Case{{{"schedule", "lr*"}},
           "KAIROS-O027: Stall, option schedule: the expression is malformed at column 4; found the end of "
           "the formula. Variables are epoch, lr."});
  CHECK_THROWS_WITH(resolve(row.pairs), row.sentence);
}

TEST_CASE("resolve_options asks for validation data where only that is missing", "[host][plugin]") {
  OptionContext training_only = context();
  training_only.keys.resize(2);
  CHECK_THROWS_WITH(resolve_options(callback(), {}, training_only, "Stall"),
                    "KAIROS-O026: Stall, option monitor: no such metric in this run; found "
                    "\"val_loss\", the default, expected "
                    "loss, accuracy. Add validation data, or set monitor=loss.");
}

TEST_CASE("resolve_options insists on a required option", "[host][plugin]") {
  CallbackManifest declaration = callback();
  declaration.options = {option(KAIROS_TYPE_EXPRESSION, "schedule")};
  declaration.options[0].flags = KAIROS_OPTION_REQUIRED;
  declaration.options[0].help = "the rate of an epoch";
  CHECK_THROWS_WITH(resolve_options(declaration, {}, context(), "Steps"),
                    "KAIROS-O022: Steps, option schedule: the option is required and not set; expected "
                    "expression, the rate of an "
                    "epoch. Add schedule=….");
}

TEST_CASE("parse_value refuses numbers that do not fit", "[host][plugin]") {
  CHECK(!parse_value(KAIROS_TYPE_INT, "9223372036854775808"));
  CHECK(parse_value(KAIROS_TYPE_INT, "-9223372036854775808"));
  CHECK(!parse_value(KAIROS_TYPE_INT, "1e300"));
  CHECK(!parse_value(KAIROS_TYPE_FLOAT, "1e999"));
  CHECK(!parse_value(KAIROS_TYPE_FLOAT, "++1"));
  CHECK(!parse_value(KAIROS_TYPE_DURATION, "1e9h"));
  CHECK(!parse_value(KAIROS_TYPE_DURATION, "999999999d"));
  CHECK(!parse_value(KAIROS_TYPE_DURATION, "-5s"));
  CHECK(!parse_value(KAIROS_TYPE_DURATION, "106751d23h47m16s854ms775us808ns"));
  CHECK(!parse_value(KAIROS_TYPE_DURATION, "99999999.5d"));
}

TEST_CASE("parse_value loses no nanosecond of a long duration", "[host][plugin]") {
  for (const char* text : {"72001d5h39m36s500ms1ns", "106751d23h47m16s854ms775us807ns"}) {
    const auto value = parse_value(KAIROS_TYPE_DURATION, text);
    REQUIRE(value);
    CHECK(value_text(*value) == text);
  }
  CHECK(parse_value(KAIROS_TYPE_DURATION, "106751d23h47m16s854ms775us807ns")->integer ==
        std::numeric_limits<std::int64_t>::max());
}

TEST_CASE("None unsets an option without a default, and nothing else", "[host][plugin]") {
  for (const char* name : {"schedule", "verbose", "baseline", "filepath", "every", "title"})
    for (const Written written : {Written::Bare, Written::Argument}) {
      INFO(name);
      CHECK(value_of(name, "None", written).absent());
    }
  CHECK(value_of("title", "[]").absent());
  CHECK(value_of("baseline", "None", Written::Quoted).absent());
  CHECK(value_of("title", "None", Written::Quoted).text == "None");
  CHECK(value_of("filepath", "None", Written::Quoted).text == "/runs/one/None");
  CHECK_THROWS_WITH(
      resolve({{"patience", "None"}}),
      "KAIROS-O050: Stall, option patience: the option always has a value; found None, expected "
      "int, such as its default, \"10\". Leave patience out for the default.");
  CHECK_THROWS_WITH(resolve({{"monitor", "None"}}), Catch::Contains("its default, \"val_loss\""));
  CallbackManifest strict = callback();
  strict.options = {option(KAIROS_TYPE_PATH, "filename")};
  strict.options[0].flags = KAIROS_OPTION_REQUIRED;
  CHECK_THROWS_WITH(resolve_options(strict, Pairs{{"filename", "None"}}, context(), "Log"),
                    "KAIROS-O022: Log, option filename: the option is required and not set; found None, "
                    "expected path. Give filename a value.");
  CHECK(resolve({{"options", "None"}}).warnings ==
        std::vector<std::string>{"Stall has no option options; None changes nothing"});
}

TEST_CASE("Numbers and truths are read as Python writes them", "[host][plugin]") {
  CHECK(value_of("patience", "1_000").integer == 1000);
  CHECK(value_of("patience", "0x1F").integer == 31);
  CHECK(value_of("patience", "0b101").integer == 5);
  CHECK(value_of("patience", "True").integer == 1);
  CHECK(value_of("baseline", ".5").number == 0.5);
  CHECK(value_of("baseline", "5.").number == 5);
  CHECK(value_of("baseline", "-1").number == -1);
  CHECK(value_of("baseline", "1E-3").number == 1e-3);
  CHECK(value_of("baseline", "1_0.5e0").number == 10.5);
  for (const char* infinite :
       {"inf", "float('inf')", "float(\"inf\")", "np.inf", "np.Inf", "math.inf", "+inf"})
    CHECK(value_of("baseline", infinite).number == std::numeric_limits<double>::infinity());
  for (const char* infinite : {"-inf", "-float('inf')", "float('-inf')", "-np.inf"})
    CHECK(value_of("baseline", infinite).number == -std::numeric_limits<double>::infinity());
  for (const char* wrong : {"_1", "1_", "1__0", "0x", "1e", "--1", "+-1", "1 0", "np.pi", "float(x)"})
    CHECK_THROWS_WITH(value_of("patience", wrong), Catch::Contains("KAIROS-O023"));
}

TEST_CASE("Lists are values of options that take words, and of no other", "[host][plugin]") {
  for (const char* list : {"['dense', 'conv']", "(\"dense\", 'conv')", "[dense, conv,]"})
    CHECK(value_of("title", list).text == "dense,conv");
  CHECK(value_of("title", "('dense',)").text == "dense");
  CHECK(value_of("title", "{epoch:02d}").text == "{epoch:02d}");
  CHECK(value_of("title", "{'words': 'a.tsv', \"tags\": 'b.tsv'}").text == "words=a.tsv,tags=b.tsv");
  CHECK(value_of("title", "['None', None]").text == "None");
  CHECK(value_of("schedule", "(epoch+1)").text == "(epoch+1)");
  CHECK_THROWS_WITH(value_of("title", "['a,b']"),
                    "KAIROS-O053: Stall, option title: an item of the list contains a comma; found "
                    "\"a,b\", expected items without commas. Rename it, or leave it out.");
  CHECK_THROWS_WITH(
      value_of("patience", "[3]"),
      "KAIROS-O053: Stall, option patience: the option takes one value; found \"[3]\", expected "
      "int. Write one value.");
  CHECK_THROWS_WITH(value_of("filepath", "['a']"), Catch::Contains("KAIROS-O053"));
}

TEST_CASE("Python's functions are refused with the formula to write", "[host][plugin]") {
  struct Case {
    const char* code;
    const char* formula;
  };
  const auto row = GENERATE(
      Case{"lambda epoch, lr: lr * 0.9", "\"lr * 0.9\"."},
      Case{"lambda e: 0.1 * 0.5 ** e", "\"0.1 * 0.5 ** epoch\"."},
      Case{"lambda e: 0.1 * 0.5 ** (e // 10)", "\"0.1 * 0.5 ** (floor(epoch / 10))\"."},
      Case{"lambda i, x: x if i < 10 else x * math.exp(-0.1)", "\"epoch < 10 ? lr : lr * exp(-0.1)\"."},
      Case{"lambda: 0.1", "\"0.1\"."},
      Case{"lambda e: table[e]", "\"FORMULA\", where floor(a/b) is a//b and c ? a : b is a if c else b."},
      Case{"lambda e: 0.1 * e // 10",
           "\"FORMULA\", where floor(a/b) is a//b and c ? a : b is a if c else b."});
  CHECK_THROWS_WITH(value_of("schedule", row.code, Written::Argument),
                    "KAIROS-O054: Stall, option schedule: Python functions are not run; found \"" +
                        std::string(row.code) +
                        "\", expected a formula of epoch, lr. Write schedule=" + row.formula);
}

TEST_CASE("Python code is no value", "[host][plugin]") {
  CHECK_THROWS_WITH(value_of("filepath", "os.path.join('a', 'b.h5')"),
                    "KAIROS-O055: Stall, option filepath: Python code is not run; found \"os.path.join('a', "
                    "'b.h5')\", expected a value. Write the value that the code gives, in quotes.");
  CHECK_THROWS_WITH(value_of("title", "names[0]", Written::Argument), Catch::Contains("KAIROS-O055"));
  CHECK(value_of("filepath", "logs(1)/w.h5").text == "/runs/one/logs(1)/w.h5");
  CHECK_THROWS_WITH(
      value_of("filepath", "log_dir", Written::Argument),
      "KAIROS-O056: Stall, option filepath: a path in a call needs quotes, else it may be a variable; "
      "found \"log_dir\", expected text in quotes. Write filepath='log_dir' if that is the path.");
}

TEST_CASE("Arguments by position are the options in their order", "[host][plugin]") {
  const Written bare = Written::Argument;
  const ResolvedOptions resolved = resolve({{"", "3", bare}, {"", "0.5", bare}, {"mode", "max", bare}});
  CHECK(resolved.values[0].integer == 3);
  CHECK(resolved.values[1].number == 0.5);
  CHECK_THROWS_WITH(resolve({{"", "3", bare}, {"patience", "4", bare}}),
                    Catch::Contains("the option is set twice; found patience=3 and patience=4"));
  CHECK_THROWS_WITH(
      resolve({{"", "True", bare}}),
      "KAIROS-O052: Stall, option patience: the argument at its position is not a number; found "
      "\"True\", expected int. Write the name of the option that is meant, such as "
      "patience=True.");
  CallbackManifest none = callback();
  none.options.clear();
  CHECK_THROWS_WITH(resolve_options(none, Pairs{{"", "1", bare}}, context(), "None"),
                    "KAIROS-O052: None: too many arguments; found \"1\", expected at most 0. Leave "
                    "it out, or write key=value for an option of the host.");
}

TEST_CASE("resolve_options takes paths that are only read from the current directory", "[host][plugin]") {
  CallbackManifest declaration;
  declaration.id = "kairos.Reader";
  declaration.phase = KAIROS_PHASE_REPORT;
  for (const std::uint32_t flags :
       {KAIROS_OPTION_READS, KAIROS_OPTION_WRITES, KAIROS_OPTION_READS | KAIROS_OPTION_WRITES, 0U}) {
    declaration.options = {option(KAIROS_TYPE_PATH, "file")};
    declaration.options[0].flags = flags;
    const Pairs pairs = {{"file", "a/../b.tsv"}};
    const std::string place =
        flags == KAIROS_OPTION_READS ? std::filesystem::current_path().string() : "/runs/one";
    CHECK(resolve_options(declaration, pairs, context(), "Reader").values[0].text == place + "/b.tsv");
    const Pairs absolute = {{"file", "/c"}};
    CHECK(resolve_options(declaration, absolute, context(), "Reader").values[0].text == "/c");
  }
}
