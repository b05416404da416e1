// SPDX-License-Identifier: MIT
// Values of settings, by the table.
#include "cli/settings.hpp"

#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <vector>

#include "kairos/host/error.hpp"

using namespace kairos::host;
using namespace kairos::host::cli;

namespace {

Settings fit_settings(const std::vector<std::string>& arguments) {
  return Settings(Command::Fit, arguments);
}

std::string message_of(const std::vector<std::string>& arguments) {
  try {
    static_cast<void>(fit_settings(arguments));
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::Usage);
    return error.what();
  }
  return "";
}

/// A file of settings that is removed at the end.
class Config {
 public:
  explicit Config(const std::string& text) { std::ofstream(path_) << text; }
  ~Config() { std::filesystem::remove(path_); }
  Config(const Config&) = delete;
  Config& operator=(const Config&) = delete;
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_ = std::filesystem::temp_directory_path() / "kairos_settings_test.json";
};

}  // namespace

TEST_CASE("Each row of the table of settings is complete", "[cli]") {
  for (const Setting& setting : all_settings()) {
    INFO(setting.key);
    CHECK_FALSE(setting.help.empty());
    CHECK((setting.type == Type::Switch) == (setting.value.empty() && setting.choices.empty()));
    if (setting.type != Type::NamedNumbers) CHECK((setting.type == Type::Choice) == !setting.choices.empty());
    if (!setting.initial.empty())
      CHECK_NOTHROW(check_value(setting, std::vector<std::string>{std::string(setting.initial)}, {}));
  }
  for (const Command command :
       {Command::Fit, Command::Evaluate, Command::Predict, Command::PluginsList, Command::PluginsInspect,
        Command::Replay, Command::Summary, Command::Convert, Command::Explain, Command::Plot}) {
    std::set<std::string_view> keys;
    for (const Setting& setting : settings_of(command)) CHECK(keys.insert(setting.key).second);
    CHECK(keys.contains("help"));
  }
}

TEST_CASE("Settings are read as what the table says they are", "[cli]") {
  const Settings settings = fit_settings({"--batch-size",
                                          "8",
                                          "--validation-split",
                                          "0.25",
                                          "--shuffle",
                                          "False",
                                          "--delimiter",
                                          "tab",
                                          "--image-size",
                                          "28x32",
                                          "--validation-freq",
                                          "1,3",
                                          "--class-weight",
                                          "0=1, 'a,b' = 0.5",
                                          "--target",
                                          "kind=y.npy",
                                          "--target",
                                          "amount=z.npy",
                                          "--loss",
                                          "kind=mse",
                                          "--loss-weight",
                                          "kind=0.5",
                                          "--metrics",
                                          "kind=mae,acc",
                                          "--plugin",
                                          "a(b,c)"});
  CHECK(settings.integer("batch_size") == 8);
  CHECK(settings.integer("epochs") == 1);
  CHECK(settings.number("validation_split") == 0.25);
  CHECK(settings.choice("shuffle") == "false");
  CHECK(settings.choice<int>("shuffle", {{"true", 1}, {"false", 2}, {"batch", 3}}) == 2);
  CHECK(settings.character("delimiter") == '\t');
  CHECK(settings.size("image_size").height == 28);
  CHECK(settings.size("image_size").width == 32);
  CHECK(settings.integers("validation_freq").values == std::vector<std::int64_t>{1, 3});
  CHECK(settings.integers("validation_freq").is_list);
  REQUIRE(settings.named_numbers("class_weight").size() == 2);
  CHECK(settings.named_numbers("class_weight")[1].name == "a,b");
  CHECK(settings.named_numbers("class_weight")[1].value == 0.5);
  CHECK(settings.named("target")[1].name == "amount");
  CHECK(settings.by_output("loss")[0].value == "mse");
  CHECK(settings.numbers_by_output("loss_weight")[0].value == 0.5);
  CHECK(settings.by_output("metrics")[1].name == "kind");
  CHECK(settings.items("plugin") == std::vector<std::string>{"a(b,c)"});
  // A command that asks for another type, or for a setting that it does not have, is at fault itself.
  CHECK_THROWS_AS(settings.number("batch_size"), Error);
  CHECK_THROWS_AS(settings.text("steps"), Error);
}

TEST_CASE("Bounds, choices and types are checked alike on the command line and in RUN.json", "[cli]") {
  struct Case {
    const char* flag;
    const char* value;
    const char* json;
    const char* code;
    const char* fault;
    const char* cure;
    const char* json_cure;
  };
  const auto row = GENERATE(
      Case{"--batch-size", "0", R"({"batch_size": 0})", "U010",
           "the value is out of range; found 0, expected 1 or more", "Write --batch-size 32",
           R"(Write "batch_size": 32)"},
      Case{"--validation-split", "1", R"({"validation_split": 1})", "U010",
           "the value is out of range; found 1, expected more than 0 and less than 1",
           "Write --validation-split 0.2", R"(Write "validation_split": 0.2)"},
      Case{"--validation-split", "nan", R"({"validation_split": "nan"})", "U010",
           "the value is out of range; found nan, expected more than 0 and less than 1",
           "Write --validation-split 0.2", R"(Write "validation_split": 0.2)"},
      Case{"--epochs", "many", R"({"epochs": "many"})", "U003",
           R"(the value cannot be read; found "many", expected a whole number)", "Write --epochs 10",
           R"(Write "epochs": 10)"},
      Case{"--validation-freq", "2,0", R"({"validation_freq": [2, 0]})", "U010",
           "the value is out of range; found 0, expected 1 or more", "Write --validation-freq 2",
           R"(Write "validation_freq": "2")"},
      Case{"--split", "shufled", R"({"split": "shufled"})", "U003",
           R"(the value is not one of the choices; found "shufled", expected last, shuffled or stratified)",
           R"(Did you mean "shuffled"?)", R"(Did you mean "shuffled"?)"},
      Case{"--verbose", "7", R"({"verbose": 7})", "U003",
           R"(the value is not one of the choices; found "7", expected 0, 1 or 2)", "Choose one of them",
           "Choose one of them"},
      Case{"--delimiter", "::", R"({"delimiter": "::"})", "U003",
           R"(the value is not a single character; found "::", expected one character, or tab)",
           "Write --delimiter ';'", R"(Write "delimiter": ";")"},
      Case{"--image-size", "28x", R"({"image_size": "28x"})", "U003",
           R"(the value cannot be read; found "28x", expected HEIGHTxWIDTH)", "Write --image-size 28x28",
           R"(Write "image_size": "28x28")"},
      Case{"--loss-weight", "much", R"({"loss_weight": "much"})", "U003",
           R"(the value cannot be read; found "much", expected a number)", "Write --loss-weight OUTPUT=0.5",
           R"(Write "loss_weight": "OUTPUT=0.5")"},
      Case{"--class-weight", "0=-1", R"({"class_weight": {"0": -1}})", "U003",
           R"(the value is out of range; found "0=-1", expected 0 to 3.40282e+38)",
           "Write --class-weight 0=1,1=5", R"(Write "class_weight": "0=1,1=5")"},
      Case{"--buffer-size", "0", R"({"buffer_size": 0})", "U013",
           "the value is out of range; found 0, expected 1 to 1073741824", "Write --buffer-size 64",
           R"(Write "buffer_size": 64)"});
  const auto message = [&](const std::string& where, const std::string& cure) {
    return std::string("KAIROS-") + row.code + ": " + where + ": " + row.fault + ". " + cure +
           (cure.back() == '?' ? "" : ".");
  };
  CHECK(message_of({row.flag, row.value}) == message(row.flag, row.cure));
  const Config config(row.json);
  std::string key = std::string(row.flag).substr(2);
  for (char& c : key)
    if (c == '-') c = '_';
  CHECK(message_of({"--config", config.path()}) == message(config.path() + ": " + key, row.json_cure));
}

TEST_CASE("The help lists settings by group, with bounds, choices and defaults", "[cli]") {
  const std::string help = settings_help(settings_of(Command::Fit), 110);
  CHECK(help.starts_with("\nModel:\n  --model MODEL "));
  for (const char* part :
       {"\nData:\n", "\nValidation:\n",
        "  --batch-size N                      samples per batch (1 or more; default: 32)\n",
        "  --header detect|true|false          whether the first line of a CSV holds the column names "
        "(default: detect)\n",
        "(more than 0 and less than 1)\n",
        "  --validation-sample-weight [NAME=]COLUMN|FILE\n                                      like "
        "--sample-weight"})
    CHECK_THAT(help, Catch::Matchers::Contains(part));
  CHECK(fit_settings({"--help"}).help("train a model").starts_with("kairos fit: train a model\n\nModel:\n"));
}

TEST_CASE("The help fits the window", "[cli]") {
  const std::size_t columns = GENERATE(50, 72, 100);
  const std::string help = settings_help(settings_of(Command::Fit), columns);
  for (const std::string& line : split(help, '\n')) {
    const bool is_flag = line.starts_with("  --");  // a flag with a long value does not break
    const bool is_word = line.find(' ', line.find_first_not_of(' ')) == std::string::npos;
    INFO(line);
    CHECK((line.size() <= columns + 8 || is_flag || is_word));  // some characters have several bytes
  }
}

TEST_CASE("Booleans are written in many ways, on the command line and in RUN.json alike", "[cli]") {
  for (const char* word : {"true", "True", "TRUE", "yes", "Yes", "on", "ON", "1"}) {
    INFO(word);
    CHECK(fit_settings({"--stream", word}).choice("stream") == "true");
    CHECK(fit_settings({"--header", word}).choice("header") == "true");
    CHECK(fit_settings({"--strict", word}).is_on("strict"));
    const Config config(std::string(R"({"shuffle": ")") + word + R"(", "strict": ")" + word + "\"}");
    CHECK(fit_settings({"--config", config.path()}).choice("shuffle") == "true");
    CHECK(fit_settings({"--config", config.path()}).is_on("strict"));
  }
  for (const char* word : {"false", "False", "no", "NO", "off", "0"}) {
    INFO(word);
    CHECK(fit_settings({"--stream", word}).choice("stream") == "false");
    CHECK(fit_settings({"--shuffle", word}).text("shuffle") == "false");
    CHECK_FALSE(fit_settings({std::string("--strict=") + word}).is_on("strict"));
  }
  const Config config(R"({"strict": true, "stream": 1, "header": false})");
  CHECK(fit_settings({"--config", config.path()}).choice("stream") == "true");
  CHECK(fit_settings({"--config", config.path()}).is_on("strict"));
  CHECK_FALSE(fit_settings({"--config", config.path(), "--strict", "false"}).is_on("strict"));
  CHECK(fit_settings({"--verbose", "1"}).choice("verbose") == "1");
  CHECK(message_of({"--strict", "maybe"}) ==
        "KAIROS-U003: --strict: the value is neither true nor false; found \"maybe\", expected true or "
        "false; yes, on, 1 and no, off, 0 mean the same. Choose one of them.");
  CHECK(message_of({"--stream", "maybe"}) ==
        "KAIROS-U003: --stream: the value is not one of the choices; found \"maybe\", expected false or "
        "true; yes, on, 1 and no, off, 0 mean the same. Choose one of them.");
}
