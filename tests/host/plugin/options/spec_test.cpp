// SPDX-License-Identifier: MIT
// The grammar of --plugin.
#include <catch2/catch.hpp>

#include "kairos/host/plugins.hpp"

using namespace kairos::host;
using Options = std::vector<PluginOption>;

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
      Case{"X:f=\"a,b.h5\",monitor=val_loss",
           "X",
           "",
           "",
           {{"f", "a,b.h5", Written::Quoted}, {"monitor", "val_loss"}}},
      Case{"X:f=r'C:\\a \"b\"',g=\"say \\\"hi\\\\\"",
           "X",
           "",
           "",
           {{"f", "C:\\a \"b\"", Written::Quoted}, {"g", "say \"hi\\", Written::Quoted}}},
      Case{"X:f=log(1.csv,a=it's,b=it's", "X", "", "", {{"f", "log(1.csv"}, {"a", "it's"}, {"b", "it's"}}},
      Case{"X:a=max(0,1),b=['p', 'q']", "X", "", "", {{"a", "max(0,1)"}, {"b", "['p', 'q']"}}},
      Case{"X:c=#ff0000,f={epoch:02d}.h5", "X", "", "", {{"c", "#ff0000"}, {"f", "{epoch:02d}.h5"}}},
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
           "ID[@instance][:key=value,…] or ID[@instance](key=value,…)."},
      Case{"X:a",
           "the option a has no value at column 4; found the end, expected '='. Write a=…, and quote a value "
           "that has commas "
           "in it: key=\"a,b\"."},
      Case{"X:a=1,",
           "an option has no name at column 7; found the end, expected key=value. Quote a value that has "
           "commas in it: key=\"a,b\"."},
      Case{
          "X:a=\"b",
          "the value of a cannot be read at column 5; found an opening \", expected a closing one. Close the "
          "quote."},
      Case{"X:a='b'c",
           "something follows the quoted value of a at column 8; found 'c', expected ',' or the end. Put the "
           "whole value in the quotes."},
      Case{"X:a='\\0'",
           "the value of a cannot be read at column 6; found \"\\0'\", expected a string without the "
           "character 0. Remove it."},
      Case{"plugins/stall:n=1",
           "the path does not name a .so at column 1; found plugins/stall, expected a path that ends in "
           ".so. Name the file that the build produced."});
  CHECK_THROWS_WITH(parse_plugin_spec(row.text),
                    "KAIROS-O010: plugin " + std::string(row.text) + ": " + row.sentence);
}

TEST_CASE("parse_plugin_spec reads a call as it is pasted out of a program", "[host][plugin]") {
  struct Case {
    const char* text;
    const char* target;
    const char* callback;
    const char* instance;
    Options options;
  };
  const auto row = GENERATE(
      Case{"EarlyStopping()", "EarlyStopping", "", "", {}},
      Case{" EarlyStopping ( ) ,  # of a list\n", "EarlyStopping", "", "", {}},
      Case{"EarlyStopping(monitor='val_loss', patience=20)",
           "EarlyStopping",
           "",
           "",
           {{"monitor", "val_loss", Written::Quoted}, {"patience", "20", Written::Argument}}},
      Case{"tf.keras.callbacks.EarlyStopping(\n    \"val_loss\",  # watched, of course\n    patience=2_0,\n)",
           "EarlyStopping",
           "",
           "",
           {{"", "val_loss", Written::Quoted}, {"patience", "2_0", Written::Argument}}},
      Case{"keras.callbacks.CSVLogger", "CSVLogger", "", "", {}},
      Case{"callbacks.CSVLogger(r'a\\b', u'c' \"d\", '''e'f''')",
           "CSVLogger",
           "",
           "",
           {{"", "a\\b", Written::Quoted}, {"", "cd", Written::Quoted}, {"", "e'f", Written::Quoted}}},
      Case{"X@one(a='\\x41\\u00e9\\t\\101\\\n', b=None)",
           "X",
           "",
           "one",
           {{"a", "A\u00e9\tA", Written::Quoted}, {"b", "None", Written::Argument}}},
      Case{"./a b/x.so#X@y(n=[1, (2, 3)],)",
           "./a b/x.so",
           "X",
           "y",
           {{"n", "[1, (2, 3)]", Written::Argument}}},
      Case{"x.so ('./a/b.so', m={'k': 'a)b'})",
           "x.so",
           "",
           "",
           {{"", "./a/b.so", Written::Quoted}, {"m", "{'k': 'a)b'}", Written::Argument}}},
      Case{"Rate(lambda epoch, lr: max(lr, 0.1), verbose=1)",
           "Rate",
           "",
           "",
           {{"", "lambda epoch, lr: max(lr, 0.1)", Written::Argument}, {"verbose", "1", Written::Argument}}},
      Case{"Rate(epoch>=10 ? lr : 0.1)", "Rate", "", "", {{"", "epoch>=10 ? lr : 0.1", Written::Argument}}},
      Case{"com.example.Call(f=float('inf'))",
           "com.example.Call",
           "",
           "",
           {{"f", "float('inf')", Written::Argument}}});
  INFO(row.text);
  const PluginSpec spec = parse_plugin_spec(row.text);
  CHECK(spec.target == row.target);
  CHECK(spec.callback == row.callback);
  CHECK(spec.instance == row.instance);
  CHECK(spec.options == row.options);
}

TEST_CASE("parse_plugin_spec finds the path of a .so below directories with colons", "[host][plugin]") {
  for (const char* path :
       {"run-10:00:00/p.so", "./run-10:00:00/p.so", "/a:b/p.so", "a#b/p.so", "a@b:c/p.so"}) {
    const PluginSpec plain = parse_plugin_spec(path);
    CHECK(plain.target == path);
    CHECK(plain.is_file());
    const PluginSpec full = parse_plugin_spec(std::string(path) + "#Id@me:file=x/y.so");
    CHECK(full.target == path);
    CHECK(full.callback == "Id");
    CHECK(full.instance == "me");
    CHECK(full.options == std::vector<PluginOption>{{"file", "x/y.so", Written::Bare}});
  }
  CHECK(parse_plugin_spec("Id:file=x/y.so").target == "Id");
  CHECK(parse_plugin_spec("Id@a:file=x/y.so").target == "Id");
  CHECK(parse_plugin_spec("Id(file='x/y.so')").target == "Id");
}

TEST_CASE("parse_plugin_spec names the column of a mistake in a call", "[host][plugin]") {
  struct Case {
    const char* text;
    const char* sentence;
  };
  const auto row = GENERATE(
      Case{"es = EarlyStopping()",
           "KAIROS-O051: plugin es = EarlyStopping(): found an assignment where a callback is expected at "
           "column 1; found es =, expected a name or a call. Leave \"es =\" out; an instance gets a name by "
           "Name@es(…)."},
      Case{"[A(), B()]",
           "KAIROS-O051: plugin [A(), B()]: found a list where one callback is expected at column 1; found "
           "'[', expected a name or a call. Give each callback of the list as a plugin of its own."},
      Case{"A() B()",
           "KAIROS-O051: plugin A() B(): the call cannot be read at column 5; found \"B()\", expected the "
           "end. Give each callback as a plugin of its own."},
      Case{"A(b=1",
           "KAIROS-O051: plugin A(b=1: the call cannot be read at column 6; found the end of \"A(b=1\", "
           "expected \",\" or \")\". Write Name(key=value,…); Python code is not run."},
      Case{"A('a' + b)",
           "KAIROS-O051: plugin A('a' + b): the call cannot be read at column 7; found \"+ b)\", expected "
           "\",\" or \")\". Write Name(key=value,…); Python code is not run."},
      Case{"A(f'{x}')",
           "KAIROS-O051: plugin A(f'{x}'): the call cannot be read at column 3; found \"f'{x}')\", expected "
           "the text itself. Python code is not executed: write the text that the f-string yields."},
      Case{"A(,)",
           "KAIROS-O051: plugin A(,): the call cannot be read at column 3; found \",)\", expected a value. "
           "Write Name(key=value,…); Python code is not run."},
      Case{"A(b=1, 'c')",
           "KAIROS-O052: plugin A(b=1, 'c'): an argument without a name follows one with a name; found "
           "\"c\" after b=, expected key=value. Write the name of its option and = before the value."});
  CHECK_THROWS_WITH(parse_plugin_spec(row.text), row.sentence);
}
