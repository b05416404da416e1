// SPDX-License-Identifier: MIT
// What may be written where, for programs that use the library; tests/cli has the same from the outside.
#include "plugin/run/file_guard.hpp"

#include <catch2/catch.hpp>

#include "host/error_text.hpp"
#include "host/plugin/rig.hpp"
#include "host/temporary_directory.hpp"
#include "kairos/host/error.hpp"
#include "kairos/host/fit.hpp"

using namespace kairos::host;
using Catch::Matchers::Contains;
using kairos::tests::Rig;
using kairos::tests::TemporaryDirectory;
namespace fs = std::filesystem;

namespace {

/// What making these plugins is refused with in a run of these files; "" if it is not.
std::string refusal_of(const RunFiles& files, const std::vector<std::string>& plugins,
                       const fs::path& run_directory = {}) {
  kairos::tests::StubTarget target{0.5};
  const Catalog catalog = Catalog::scan(std::vector<fs::path>{KAIROS_DISPATCH_PLUGINS});
  std::vector<PluginSpec> specs;
  for (const std::string& text : plugins) specs.push_back(parse_plugin_spec(text));
  CallbacksOptions options;
  options.keys = {{"loss", Direction::Min}};
  options.files = files;
  options.run_directory = run_directory;
  try {
    const Callbacks callbacks(catalog, specs, target, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("A result takes the place of what it may go on from, and of nothing else that is read",
          "[host][plugin]") {
  const TemporaryDirectory dir;
  const fs::path file = dir.put("file", "");
  const std::vector<FileContent> all = {
      FileContent::Data,  FileContent::Configuration, FileContent::Plugin, FileContent::Model,
      FileContent::State, FileContent::ClassNames,    FileContent::Other};
  for (const FileContent read : all)
    for (const FileContent written : all) {
      FileGuard guard;
      guard.add_read({file, "--it", read});
      const bool goes_on = read == written && (read == FileContent::Model || read == FileContent::State ||
                                               read == FileContent::ClassNames);
      CHECK(guard.conflict({file, written, "", "--out"}).has_value() != goes_on);
    }
}

TEST_CASE("Files of the caller are refused in the place of what is read or of one another",
          "[host][plugin]") {
  const TemporaryDirectory dir;
  const fs::path data = dir.put("data.npy", "");
  fs::create_directory(dir / "pictures");
  const std::string out = (dir / "out").string();
  CHECK(refusal_of({{{data, "--data"}}, {{data, "--history"}}}, {}) ==
        "KAIROS-U016: --history " + data.string() +
            ": this would replace the file of --data. Choose another name.");
  CHECK(refusal_of({{{dir / "pictures", "--data"}}, {{dir / "pictures/h.json", "--history"}}}, {}) ==
        "KAIROS-U055: --history " + (dir / "pictures/h.json").string() +
            ": this would be inside the directory of --data. Choose a place outside it.");
  CHECK(refusal_of({{}, {{out, "--a"}, {out, "--b"}}}, {}) ==
        "KAIROS-U016: --b " + out + ": this would replace the file of --a. Choose another name.");
  CHECK(refusal_of({{{data, "--data"}}, {{out, "--a"}}}, {}).empty());
}

TEST_CASE("An option is refused in the place of what is read or of another result", "[host][plugin]") {
  const TemporaryDirectory dir;
  const std::string data = dir.put("data.npy", "").string(), out = (dir / "out").string();
  const RunFiles files{{{data, "the data"}}, {{out, "--out"}}};
  CHECK(refusal_of(files, {"Recorder:file=" + data}) ==
        "KAIROS-O040: Recorder, option file: this would replace the file of the data; found \"" + data +
            "\". Choose another name.");
  CHECK(refusal_of(files, {"Recorder:file=" + out}) ==
        "KAIROS-O042: Recorder, option file: this would replace the result of --out; found \"" + out +
            "\". Choose another name.");
  CHECK(refusal_of(files, {"Recorder:file=data.npy"}, dir.path()) ==
        refusal_of(files, {"Recorder:file=" + data}));
  CHECK_THAT(refusal_of({}, {"Recorder@a:file=" + out, "Worker@b:file=" + out}),
             Contains("KAIROS-O042: b, option file: this would replace the result of a, option file;"));
  CHECK_THAT(refusal_of({}, {"Recorder:file=" + std::string(KAIROS_DISPATCH_PLUGINS) + "/test_recorder.so"}),
             Contains("KAIROS-O040: Recorder, option file: this would replace the file of the plugin test."));
  CHECK(refusal_of(files, {"Recorder@a:file=" + out + "1", "Recorder@b:file=" + out + "2"}).empty());
}

TEST_CASE("Fields of a name stand for numbers", "[host][plugin]") {
  const TemporaryDirectory dir;
  for (const auto& [name, saved, refused] : {std::tuple{"d12.h5", "d{epoch}.h5", true},
                                             {"d1.h5", "d{epoch:02d}.h5", true},
                                             {"d-0.5.h5", "d{loss}.h5", true},
                                             {"dnan.h5", "d{loss}.h5", true},
                                             {"d1-2.h5", "d{epoch}-{batch}.h5", true},
                                             {"d1/2.h5", "d{epoch}/{batch}.h5", true},
                                             {"d{1}.h5", "d{{{epoch}}}.h5", true},
                                             {"d.h5", "d{epoch}.h5", false},
                                             {"data.h5", "d{epoch}.h5", false},
                                             {"d1xh5", "d{epoch}.h5", false},
                                             {"e/d1.h5", "d{epoch}.h5", false},
                                             {"d1.h5", "e/d{epoch}.h5", false},
                                             {"d1/2/3.h5", "d{epoch}/{batch}.h5", false}}) {
    INFO(name << " " << saved);
    fs::create_directories((dir / name).parent_path());
    const fs::path data = dir.put(name, "");
    const std::string why =
        refusal_of({{{data, "--data"}}, {}}, {std::string("Saver:file='") + saved + "'"}, dir.path());
    CHECK(why.empty() != refused);
    if (refused)
      CHECK_THAT(why, Contains("KAIROS-O040: Saver, option file: a file of this name would replace "
                               "the file of --data"));
    CHECK(refusal_of({{{data, "--model", FileContent::Model}}, {}},
                     {std::string("Saver:file='") + saved + "'"}, dir.path())
              .empty());
  }
}

TEST_CASE("What data were read from is protected without being named", "[host][plugin]") {
  const TemporaryDirectory dir;
  const fs::path file = dir.put("data.csv", "a,b,label\n1,2,0\n3,4,1\n");
  DataSpec spec;
  spec.file = file;
  spec.target = "label";
  CHECK(load_data(spec).train.sources == std::vector<fs::path>{file});
  CHECK(load_data(spec).train.rows(0, 1).sources == std::vector<fs::path>{file});
  CHECK(open_stream(spec)->layout().sources == std::vector<fs::path>{file});
}

TEST_CASE("A path that is asked for after its replacement is looked at anew", "[host][plugin]") {
  const TemporaryDirectory dir;
  const fs::path data = dir.put("data.h5", "");
  FileGuard guard;
  guard.add_read({data, "--data"});
  const std::string out = (dir / "out.h5").string();
  CHECK_FALSE(guard.conflict_of_save(out, "a"));
  guard.add_saved(out, "a");
  CHECK_FALSE(guard.conflict_of_save(out, "a"));
  CHECK(guard.conflict_of_save(out, "b")->text("it") == "it would replace the result of a");
  fs::create_hard_link(data, out);
  CHECK(guard.conflict_of_save(out, "a")->text("it") == "it would replace the file of --data");
}
