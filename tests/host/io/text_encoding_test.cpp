// SPDX-License-Identifier: MIT
// Which text is valid in which encoding, and the messages of tables and directories for invalid text.
#include "io/text_encoding.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "host/temporary_directory.hpp"
#include "kairos/host/data.hpp"
#include "kairos/host/stream.hpp"

using namespace kairos::host;
using Catch::Matchers::StartsWith;
using kairos::tests::refusal;
using kairos::tests::TemporaryDirectory;
using Names = std::vector<std::string>;

namespace {

DataSpec spec_for(const std::filesystem::path& file, TextEncoding encoding = TextEncoding::Utf8) {
  DataSpec spec;
  spec.file = file;
  spec.target = "y";
  spec.encoding = encoding;
  return spec;
}

/// Reads into memory and as a stream, with equal results.
std::string refused(const TemporaryDirectory& directory, const DataSpec& spec) {
  std::string text = refusal(directory, [&] { static_cast<void>(load_data(spec)); });
  CHECK(refusal(directory, [&] { static_cast<void>(open_stream(spec)); }) == text);
  return text;
}

}  // namespace

TEST_CASE("UTF-8 is validated up to its first fault", "[host][io]") {
  for (const char* text : {"", "plain", "é", "größe", "日本", "😀", "\xED\x9F\xBF", "\xEE\x80\x80",
                           "\xF4\x8F\xBF\xBF", "\xC2\x80", "\xE0\xA0\x80", "\xF0\x90\x80\x80"}) {
    INFO(text);
    CHECK_FALSE(utf8_fault(text));
  }
  struct Case {
    const char* text;
    std::size_t at;
  };
  for (const Case& c : {Case{"caf\xE9", 3}, Case{"\x80", 0}, Case{"a\xC0\x80", 1}, Case{"\xC1\xBF", 0},
                        Case{"\xE0\x9F\xBF", 0}, Case{"\xED\xA0\x80", 0}, Case{"\xED\xBF\xBF", 0},
                        Case{"\xF0\x8F\xBF\xBF", 0}, Case{"\xF4\x90\x80\x80", 0}, Case{"\xF5\x80\x80\x80", 0},
                        Case{"é\xC3", 2}, Case{"\xE2\x82", 0}, Case{"\xE2\x28\xA1", 0},
                        Case{"\xF0\x9F\x98", 0}, Case{"\xFF", 0}}) {
    INFO(c.text);
    CHECK(utf8_fault(c.text) == c.at);
  }
}

TEST_CASE("Single-byte encodings are converted to UTF-8", "[host][io]") {
  CHECK(as_utf8("caf\xE9 \x80", TextEncoding::Latin1) == "café \xC2\x80");
  CHECK(as_utf8("caf\xE9 \x80\x9F", TextEncoding::Cp1252) == "café €Ÿ");
  CHECK_FALSE(text_fault("\x81", TextEncoding::Latin1));
  CHECK(text_fault("a\x81", TextEncoding::Cp1252) == 1U);
  for (const char* name : {"utf-8", "UTF8", "utf-8-sig"}) CHECK(text_encoding(name) == TextEncoding::Utf8);
  for (const char* name : {"latin1", "Latin-1", "iso-8859-1"})
    CHECK(text_encoding(name) == TextEncoding::Latin1);
  for (const char* name : {"cp1252", "windows-1252"}) CHECK(text_encoding(name) == TextEncoding::Cp1252);
  const TemporaryDirectory directory;
  CHECK(
      refusal(directory, [] { static_cast<void>(text_encoding("utf-16")); }) ==
      "KAIROS-U070: `encoding`: this encoding is not supported; found \"utf-16\", expected utf-8, latin1 or "
      "cp1252. Convert the "
      "file, for example with iconv -f utf-16 -t UTF-8 IN > OUT.");
}

TEST_CASE("Labels that are not UTF-8 are rejected with line and byte, or read in their encoding",
          "[host][io]") {
  const TemporaryDirectory directory;
  const auto file = directory.put("t.csv", "a,y\n1,cafe\n2,caf\xE9\n3,caf\xE8\n");
  CHECK(refused(directory, spec_for(file)) ==
        "KAIROS-D330: t.csv:3: the label in column \"y\" is not utf-8 text; found byte 0xE9 at offset 16 of "
        "the file, in "
        "\"caf\\xe9\". Set `encoding=latin1` or `encoding=cp1252`, or convert it to UTF-8.");
  for (const TextEncoding encoding : {TextEncoding::Latin1, TextEncoding::Cp1252}) {
    const Dataset data = load_data(spec_for(file, encoding)).train;
    CHECK(data.class_names == Names{"cafe", "cafè", "café"});
    CHECK(data.targets[0].array.values == std::vector<float>{0, 2, 1});
    CHECK(open_stream(spec_for(file, encoding))->layout().class_names == data.class_names);
  }
  // Overlong forms and surrogates are not alternative spellings of a label.
  for (const char* label : {"\xC0\xAF", "\xED\xA0\x80", "\"two\nlines\xFF\""})
    CHECK_THAT(
        refused(directory, spec_for(directory.put("t.csv", std::string("a,y\n1,é\n2,") + label + "\n"))),
        StartsWith("KAIROS-D330: t.csv:" + std::string(label[0] == '"' ? "4" : "3") +
                   ": the label in column \"y\""));
  CHECK_THAT(refused(directory, spec_for(directory.put("t.csv", "a,y\n1,x\x81\n"), TextEncoding::Cp1252)),
             StartsWith("KAIROS-D330: t.csv:2: the label in column \"y\" is not cp1252 text; found byte 0x81 "
                        "at offset 7 of the file"));
}

TEST_CASE("An invalid label late in a table is reported with its position too", "[host][io]") {
  const TemporaryDirectory directory;
  std::string text =
      "\xEF\xBB\xBF"
      "a,y\n";
  for (int i = 0; i < 200000; ++i) text += "1.25,cat\n";
  const std::size_t offset = text.size() + 3;
  text += "1,d\xF6g\n";
  std::string mixed = text;
  const DataSpec spec = spec_for(directory.put("t.csv", text + "2,cat\n"));
  CHECK_THAT(refused(directory, spec), StartsWith("KAIROS-D330: t.csv:200002: the label in column \"y\" is "
                                                  "not utf-8 text; found byte 0xF6 at offset " +
                                                  std::to_string(offset) + " of the file"));
}

TEST_CASE("Column names that are not UTF-8 are rejected, or read in their encoding", "[host][io]") {
  const TemporaryDirectory directory;
  const auto file = directory.put("t.csv",
                                  "gr\xF6\xDF"
                                  "e,y\n1,0\n");
  CHECK_THAT(refused(directory, spec_for(file)),
             StartsWith("KAIROS-D330: t.csv:1: the name of a column is not utf-8 text; found byte 0xF6 at "
                        "offset 2 of the file, in "
                        "\"gr\\xf6\\xdfe\""));
  CHECK(load_data(spec_for(file, TextEncoding::Latin1)).train.inputs[0].columns == Names{"größe"});
  DataSpec spec = spec_for(file, TextEncoding::Latin1);
  spec.target = "größe";
  CHECK(load_data(spec).train.targets[0].array.values == std::vector<float>{1});
  // Invalid bytes in a numeric column are reported like any text there.
  CHECK_THAT(
      refusal(directory,
              [&] { static_cast<void>(load_data(spec_for(directory.put("t.csv", "a,y\n1,0\n2\xE9,1\n")))); }),
      StartsWith("KAIROS-D025: t.csv:3: a field is not a number; found \"2\\xe9\" in column \"a\""));
}

TEST_CASE("Byte order marks of other encodings are rejected with a cure", "[host][io]") {
  const TemporaryDirectory directory;
  CHECK(refused(directory, spec_for(directory.put("t.csv", std::string("\xFF\xFE"
                                                                       "a\0,\0y\0",
                                                                       8)))) ==
        "KAIROS-D031: t.csv: this is not CSV text; found UTF-16, expected utf-8. Convert it: iconv -f "
        "UTF-16 -t UTF-8 t.csv > "
        "OUT.csv.");
  const auto file = directory.put("t.csv",
                                  "\xEF\xBB\xBF"
                                  "größe,y\n1,é\n");
  CHECK(load_data(spec_for(file)).train.inputs[0].columns == Names{"größe"});
  CHECK(refused(directory, spec_for(file, TextEncoding::Latin1)) ==
        "KAIROS-D331: t.csv: the file begins with the UTF-8 byte order mark; expected latin1, as `encoding` "
        "says. "
        "Set `encoding=utf-8`.");
}

TEST_CASE("Class names are written unchanged, or not at all", "[host][io]") {
  const TemporaryDirectory directory;
  write_class_names(directory / "c.json", {"café", "cafe\xCC\x81"});
  CHECK(read_class_names(directory / "c.json") == Names{"café", "cafe\xCC\x81"});
  CHECK_THAT(refusal(directory,
                     [&] {
                       write_class_names(directory / "d.json", {"caf\xE9", "caf\xE8"});
                     }),
             StartsWith("KAIROS-D333: d.json: a class name is not UTF-8 text; found \"caf\\xe9\""));
  CHECK_FALSE(std::filesystem::exists(directory / "d.json"));
}
