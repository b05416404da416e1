// SPDX-License-Identifier: MIT
// The grammar of --plugin.
#include <catch2/catch.hpp>

#include "kairos/host/plugins.hpp"

using namespace kairos::host;
using Options = std::vector<std::pair<std::string, std::string>>;

TEST_CASE("parse_plugin_spec reads names, instances and options", "[host][plugin]") {
  struct Case {
    const char* text;
    const char* target;
    const char* callback;
    const char* instance;
    Options options;
  };
  const auto row = GENERATE(
      Case{"EarlyStopping", "EarlyStopping", "", "", {}}, Case{"EarlyStopping:", "EarlyStopping", "", "", {}},
      Case{"kairos.EarlyStopping@slow:patience=20", "kairos.EarlyStopping", "", "slow", {{"patience", "20"}}},
      Case{"X:a=1,b=two words , c=", "X", "", "", {{"a", "1"}, {"b", "two words"}, {"c", ""}}},
      Case{"X:f=\"a,b.h5\",monitor=val_loss", "X", "", "", {{"f", "a,b.h5"}, {"monitor", "val_loss"}}},
      Case{
          "X:f='C:\\a \"b\"',g=\"say \\\"hi\\\\\"", "X", "", "", {{"f", "C:\\a \"b\""}, {"g", "say \"hi\\"}}},
      Case{"X:url=http://host:80/p?q=1@z#f", "X", "", "", {{"url", "http://host:80/p?q=1@z#f"}}},
      Case{"X:path=a/b.so", "X", "", "", {{"path", "a/b.so"}}},
      Case{"build/stall.so", "build/stall.so", "", "", {}},
      Case{"stall.so:n=1", "stall.so", "", "", {{"n", "1"}}},
      Case{"/a:b/c@d#e/stall.so#Stall@one:n=1", "/a:b/c@d#e/stall.so", "Stall", "one", {{"n", "1"}}},
      Case{"./x.sonic/y.so", "./x.sonic/y.so", "", "", {}});
  INFO(row.text);
  const PluginSpec spec = parse_plugin_spec(row.text);
  CHECK(spec.target == row.target);
  CHECK(spec.callback == row.callback);
  CHECK(spec.instance == row.instance);
  CHECK(spec.options == row.options);
}

TEST_CASE("parse_plugin_spec names the column of a mistake", "[host][plugin]") {
  struct Case {
    const char* text;
    const char* sentence;
  };
  const auto row = GENERATE(
      Case{"",
           "a name is missing at column 1; found the end, expected an id or the path of a .so. Write "
           "letters, digits, '_', '-' "
           "and '.'."},
      Case{"X@",
           "a name is missing at column 3; found the end, expected a name after '@'. Write letters, digits, "
           "'_', '-' and '.'."},
      Case{"X y",
           "unexpected text at column 2; found ' ', expected ':' and options, or the end. Write "
           "ID[@instance][:key=value,…]."},
      Case{"X:a",
           "the option a has no value at column 4; found the end, expected '='. Write a=…, and quote a value "
           "that has commas "
           "in it: key=\"a,b\"."},
      Case{"X:a=max(0,1)",
           "the option 1 has no value at column 12; found ')', expected '='. Write 1=…, and quote a value "
           "that has "
           "commas in it: key=\"a,b\"."},
      Case{"X:a=1,",
           "an option has no name at column 7; found the end, expected key=value. Quote a value that has "
           "commas in it: "
           "key=\"a,b\"."},
      Case{"X:a=\"b",
           "the value of a is not closed at column 5; found an opening \", expected a closing one. Close the "
           "quote."},
      Case{"X:a='b'c",
           "something follows the quoted value of a at column 8; found 'c', expected ',' or the end. Put the "
           "whole value "
           "in the quotes."},
      Case{"X:a=\"\\n\"",
           "the value of a has an unknown escape at column 7; found '\\n', expected \\\" or \\\\. Write '…' "
           "around a "
           "value with backslashes."},
      Case{"plugins/stall:n=1",
           "a path that names no .so begins at column 1; found plugins/stall, expected a path that ends in "
           ".so. Name the file that the build made."});
  CHECK_THROWS_WITH(parse_plugin_spec(row.text),
                    "KAIROS-O010: --plugin " + std::string(row.text) + ": " + row.sentence);
}
