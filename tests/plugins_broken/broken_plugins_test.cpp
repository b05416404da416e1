// SPDX-License-Identifier: MIT
// Every broken plugin has its own code and message, and none of them runs.
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <elf.h>
#include <algorithm>
#include <catch2/catch.hpp>

#include "gate_files.hpp"
#include "host/temporary_directory.hpp"
#include "kairos/abi.h"

using namespace kairos::host;
using Catch::Matchers::Contains;
using kairos::tests::content_of;
using kairos::tests::TemporaryDirectory;
namespace fs = std::filesystem;

namespace {

std::string sentence(const fs::path& file, const TemporaryDirectory& directory) {
  std::string text = refusal_of(file).text();
  const std::string prefix = directory.path().string() + "/";
  for (std::size_t at; (at = text.find(prefix)) != std::string::npos;) text.erase(at, prefix.size());
  return text;
}

constexpr const char* copy_again = "Copy the file again, then rename it into the directory.";

}  // namespace

TEST_CASE("The gate names the kind of a file that is not a shared object", "[host][plugin]") {
  const TemporaryDirectory directory;
  CHECK(sentence(directory.put("text.so", std::string(200, 'x')), directory) ==
        "KAIROS-L004: text.so: the file is not a shared object; found a file that does not begin with the "
        "ELF magic number, expected an ELF "
        "file. Name the .so that the build produced, not its source or an archive.");
  CHECK(sentence(directory.put("empty.so", ""), directory) ==
        std::string("KAIROS-L003: empty.so: the file is too short to be a plugin; found 0 bytes, expected at "
                    "least 64 bytes. ") +
            copy_again);
  const std::string remove = ", expected a regular file. Remove it from the directory or name another file.";
  fs::create_directory(directory / "directory.so");
  CHECK(sentence(directory / "directory.so", directory) ==
        "KAIROS-L002: directory.so: this is not a plugin; found a directory" + remove);
  REQUIRE(::mkfifo((directory / "fifo.so").c_str(), 0600) == 0);
  CHECK(sentence(directory / "fifo.so", directory) ==
        "KAIROS-L002: fifo.so: this is not a plugin; found a FIFO" + remove);
  CHECK(refusal_of("/dev/null").found == "a device");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (directory / "socket.so").string().copy(address.sun_path, sizeof address.sun_path - 1);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  REQUIRE(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  CHECK(sentence(directory / "socket.so", directory) ==
        "KAIROS-L002: socket.so: this is not a plugin; found a socket or a device" + remove);
  ::close(socket);
}

TEST_CASE("The gate says why a file cannot be opened", "[host][plugin]") {
  const TemporaryDirectory directory;
  CHECK(sentence(directory / "absent.so", directory) ==
        "KAIROS-L001: absent.so: the plugin cannot be opened; found No such file or directory, expected a "
        "readable file. Check the path and its permissions.");
  fs::create_symlink("nowhere.so", directory / "dangling.so");
  CHECK(sentence(directory / "dangling.so", directory) ==
        "KAIROS-L001: dangling.so: the plugin cannot be opened; found a symbolic link to nowhere.so, which "
        "does not exist, expected "
        "a readable file. Check the path and its permissions.");
  fs::create_symlink(broken_plugin("sound"), directory / "link.so");
  CHECK(sentence(directory / "link.so", directory) == refusal_of(broken_plugin("sound")).text());
  CHECK(refusal_of(broken_plugin("sound")).code.empty());
}

TEST_CASE("The gate names the architecture that a plugin was built for", "[host][plugin]") {
  const TemporaryDirectory directory;
  const std::string sound = content_of(broken_plugin("sound"));
  const std::string rebuild = " Rebuild the plugin for this machine, or get its author's build for it.";
  const auto patched = [&](std::size_t offset, auto value) {
    std::string bytes = sound;
    patch(bytes, offset, value);
    return sentence(directory.put("other.so", bytes), directory);
  };
  const std::uint16_t other = static_cast<unsigned char>(sound[18]) == EM_AARCH64 ? EM_X86_64 : EM_AARCH64;
  const std::string names =
      other == EM_AARCH64 ? "found AArch64, expected x86-64." : "found x86-64, expected AArch64.";
  CHECK(patched(18, other) ==
        "KAIROS-L007: other.so: the plugin was built for another architecture; " + names + rebuild);
  CHECK(patched(EI_CLASS, char{ELFCLASS32}) ==
        "KAIROS-L005: other.so: the plugin was built for another word size; found 32-bit, expected 64-bit." +
            rebuild);
  CHECK(patched(EI_DATA, char{ELFDATA2MSB}) ==
        "KAIROS-L006: other.so: the plugin was built for another byte order; found big-endian, expected "
        "little-endian." +
            rebuild);
  CHECK(patched(16, std::uint16_t{ET_REL}) ==
        "KAIROS-L008: other.so: the file is ELF but not a shared object; found an object file, expected a "
        "shared object. Link the "
        "plugin with -shared, or use kairos_add_plugin().");
}

TEST_CASE("The gate rejects a truncated plugin and names the missing segment", "[host][plugin]") {
  const TemporaryDirectory directory;
  const std::string sound = content_of(broken_plugin("sound"));
  for (const std::size_t length :
       {std::size_t{700}, std::size_t{4000}, std::size_t{8000}, sound.size() - 100}) {
    const Diagnosis diagnosis = refusal_of(directory.put("cut.so", sound.substr(0, length)));
    INFO(diagnosis.text());
    CHECK(diagnosis.code == "KAIROS-L009");
    CHECK(diagnosis.what == "the plugin is truncated");
    CHECK(diagnosis.found == fmt::format("{} bytes", length));
    CHECK(diagnosis.expected.find(" bytes at ") != std::string::npos);
    CHECK(diagnosis.cure + "." == copy_again);
  }
  CHECK(refusal_of(directory.put("cut.so", sound.substr(0, 40))).code == "KAIROS-L003");
}

TEST_CASE("The gate compares the ABI of the note with its own", "[host][plugin]") {
  const TemporaryDirectory directory;
  const std::string sound = content_of(broken_plugin("sound"));
  const std::size_t note = note_description(sound);
  std::string future_major = sound;
  patch(future_major, note - 12, std::uint32_t{2});
  patch(future_major, note, std::uint16_t{2});
  CHECK(sentence(directory.put("future.so", future_major), directory) ==
        "KAIROS-L012: future.so: the plugin was built for another major version of the ABI; found ABI 2, "
        "expected ABI 1, which this host offers. Install the plugin's release for this host, or the host it "
        "was built for.");
  std::string future_minor = sound;
  patch(future_minor, note + 2, std::uint16_t{7});
  patch(future_minor, note + 4, std::uint16_t{9});
  CHECK(
      sentence(directory.put("future.so", future_minor), directory) ==
      fmt::format("KAIROS-L013: future.so: the plugin needs a newer host; found ABI 1.7 required, expected "
                  "at most ABI 1.{}, which "
                  "this host offers. Update Kairos, or rebuild the plugin with a lower KAIROS_TARGET_MINOR.",
                  KAIROS_ABI_MINOR));
  std::string built_later = sound;
  patch(built_later, note + 4, std::uint16_t{9});
  CHECK(refusal_of(directory.put("later.so", built_later)).text() == Diagnosis{}.text());
  std::string contradictory = sound;
  patch(contradictory, note + 2, std::uint16_t{KAIROS_ABI_MINOR + 1});
  CHECK(refusal_of(directory.put("future.so", contradictory)).code == "KAIROS-L010");
  std::string reserved = sound;
  patch(reserved, note + 6, std::uint16_t{3});
  CHECK(refusal_of(directory.put("reserved.so", reserved)).found == "3 in the reserved number of the note");
  patch(reserved, note + 4, std::uint16_t{9});  // a newer minor may use the number
  CHECK(refusal_of(directory.put("reserved.so", reserved)).text() == Diagnosis{}.text());
}

TEST_CASE("The gate names the fault of a shared object", "[host][plugin]") {
  struct Case {
    const char* plugin;
    const char* code;
    const char* sentence;  // after the path
  };
  const auto expected = GENERATE(
      Case{
          "no_note", "KAIROS-L011",
          "the shared object is not a Kairos plugin; found none, expected an ELF note with the owner Kairos. "
          "Build the plugin with "
          "kairos_add_plugin() and the macros of the SDK."},
      Case{"bad_id", "KAIROS-L014",
           "the manifest of the plugin is malformed; found callback Fixture, id: \"Fixture\", expected a "
           "reverse domain and a name, "
           "such as com.example.StallStop. Build the plugin with kairos_add_plugin() and the macros of the "
           "SDK."},
      Case{"missing_library", "KAIROS-L015",
           "the plugin needs a library that is not installed; found no libkairos_fixture_absent.so, expected "
           "libkairos_fixture_absent.so. Install the library, or add its directory to LD_LIBRARY_PATH."},
      Case{"no_entry", "KAIROS-L017",
           "the plugin does not export its declaration; found no such symbol, expected the symbol "
           "kairos_plugin_v1. Build the "
           "plugin with kairos_add_plugin() and the macros of the SDK."},
      Case{"extra_exports", "KAIROS-L018",
           "the plugin exports symbols besides its declaration; found another_helper, helper, expected "
           "kairos_plugin_v1 alone. Build with "
           "kairos_add_plugin(), or hide all other symbols with a version script."},
      Case{"host_symbol", "KAIROS-L019",
           "the plugin needs a symbol that no host exports; found kairos_request_stop, expected calls "
           "through kairos_host. "
           "Build the plugin with kairos_add_plugin() and the macros of the SDK."},
      Case{
          "executable_stack", "KAIROS-L027",
          "the plugin would make the stack of the whole program executable; found an executable PT_GNU_STACK "
          "segment, expected a PT_GNU_STACK segment that is not executable. Link the plugin with "
          "-Wl,-z,noexecstack, and mark its assembly files with .note.GNU-stack."},
      Case{"text_relocations", "KAIROS-L028",
           "loading the plugin would write to its code; found DT_TEXTREL, expected "
           "position-independent code, without DT_TEXTREL. Compile all of the plugin with -fPIC and link it "
           "with -Wl,-z,text."});
  const fs::path file = broken_plugin(expected.plugin);
  CHECK(refusal_of(file).text() ==
        std::string(expected.code) + ": " + file.string() + ": " + expected.sentence);
}

TEST_CASE("The gate treats a plugin without a stack header as one with an executable stack",
          "[host][plugin]") {
  const TemporaryDirectory directory;
  std::string bytes = content_of(broken_plugin("sound"));
  Elf64_Ehdr header;
  std::memcpy(&header, bytes.data(), sizeof header);
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    const std::size_t at = header.e_phoff + i * sizeof(Elf64_Phdr);
    Elf64_Phdr segment;
    std::memcpy(&segment, bytes.data() + at, sizeof segment);
    if (segment.p_type == PT_GNU_STACK) patch(bytes, at, std::uint32_t{PT_NULL});
  }
  const Diagnosis diagnosis = refusal_of(directory.put("silent.so", bytes));
  CHECK(diagnosis.code == "KAIROS-L027");
  CHECK(diagnosis.found == "no PT_GNU_STACK segment, which means the same");
}

TEST_CASE("The gate checks the symbol versions of the installed libraries", "[host][plugin]") {
  const Diagnosis diagnosis = refusal_of(broken_plugin("missing_version"));
  CHECK(diagnosis.code == "KAIROS-L016");
  CHECK(diagnosis.what == "the plugin was built against newer system libraries");
  CHECK(diagnosis.found ==
        (broken_plugin("sound").parent_path() / "needed/libkairos_fixture_versioned.so").string() +
            " without FIXTURE_2");
  CHECK(diagnosis.expected == "libkairos_fixture_versioned.so with FIXTURE_2");
}

TEST_CASE("The gate finds a library in the plugin's directory", "[host][plugin]") {
  CHECK(refusal_of(broken_plugin("needs_neighbour")).text() == Diagnosis{}.text());
}

TEST_CASE("Catalog lists rejected and accepted plugins and runs neither", "[host][plugin]") {
  const std::vector<fs::path> directories = {KAIROS_BROKEN_PLUGINS};
  // Loading aborting_constructor would end this process.
  const Catalog catalog = Catalog::scan(directories);
  std::vector<std::string> refused;
  for (const Refusal& refusal : catalog.refusals())
    refused.push_back(refusal.file.stem().string() + " " + refusal.diagnosis.code);
  std::sort(refused.begin(), refused.end());
  CHECK(refused == std::vector<std::string>{
                       "aborting_constructor KAIROS-L020", "bad_id KAIROS-L014",
                       "executable_stack KAIROS-L027", "extra_exports KAIROS-L018", "for_musl KAIROS-L055",
                       "host_symbol KAIROS-L019", "lying KAIROS-L020", "missing_library KAIROS-L015",
                       "missing_version KAIROS-L016", "no_entry KAIROS-L017", "no_note KAIROS-L011",
                       "sanitized KAIROS-L054", "small_struct KAIROS-L020", "sound KAIROS-L020",
                       "text_relocations KAIROS-L028", "undefined_symbol KAIROS-L020"});
  std::vector<std::string> good;
  for (const Plugin& plugin : catalog.plugins()) good.push_back(plugin.file.filename().string());
  CHECK(good == std::vector<std::string>{"namesake.so", "needs_neighbour.so", "reserved.so", "second.so",
                                         "throwing_create.so"});
}

TEST_CASE("Catalog finds a callback by each of its names", "[host][plugin]") {
  const std::vector<fs::path> files = {broken_plugin("sound"), broken_plugin("second"),
                                       broken_plugin("namesake")};
  const Catalog catalog = Catalog::scan({}, files);
  REQUIRE(catalog.plugins().size() == 3);
  const auto name = GENERATE("com.example.Fixture", "Fixture", "fixture", "FIX_TURE", "com.example.fixture");
  CHECK(catalog.find(std::string_view(name)).callback->id == "com.example.Fixture");
  CHECK(catalog.find("org.elsewhere.Second").plugin->file == broken_plugin("namesake"));
  CHECK_THROWS_WITH(
      catalog.find("second"),
      Contains("KAIROS-O003: second: several callbacks have this name; found com.example.Second in ") &&
          Contains("second.so and org.elsewhere.Second in ") &&
          Contains("namesake.so, expected one. Write the whole id, such as com.example.Second."));
}

TEST_CASE("Catalog suggests a name and lists the searched directories and the rejected files",
          "[host][plugin]") {
  const TemporaryDirectory directory;
  fs::copy_file(broken_plugin("sound"), directory / "fixture.so");
  const fs::path text = directory.put("early_stopping.so", "");
  const std::vector<fs::path> directories = {directory.path()};
  const Catalog catalog = Catalog::scan(directories);
  CHECK_THROWS_WITH(catalog.find("Fixtrue"), "KAIROS-O001: Fixtrue: no such plugin in " +
                                                 directory.path().string() + ". Did you mean \"Fixture\"?");
  CHECK_THROWS_WITH(catalog.find("Unheard"), "KAIROS-O001: Unheard: no such plugin in " +
                                                 directory.path().string() + ". Known names: Fixture.");
  CHECK_THROWS_WITH(catalog.find("EarlyStopping"),
                    "KAIROS-O002: EarlyStopping: the plugin exists but was refused; found KAIROS-L003 for " +
                        text.string() +
                        ": the file is too short to be a plugin (0 bytes), expected at least 64 bytes. " +
                        copy_again);
}

TEST_CASE("Catalog accepts a file as a plugin", "[host][plugin]") {
  const std::string sound = broken_plugin("sound").string(), lost = broken_plugin("no_note").string();
  const std::vector<fs::path> files = {sound, lost};
  const Catalog catalog = Catalog::scan({}, files);
  CHECK(catalog.find(parse_plugin_spec(sound)).callback->id == "com.example.Fixture");
  CHECK(catalog.find(parse_plugin_spec(sound + "#fixture:patience=2")).callback->id == "com.example.Fixture");
  CHECK_THROWS_WITH(
      catalog.find(parse_plugin_spec(sound + "#Fixtures")),
      "KAIROS-O005: " + sound + ": the file has no such callback; found Fixtures. Did you mean \"Fixture\"?");
  CHECK_THROWS_WITH(catalog.find(parse_plugin_spec(lost)),
                    Catch::Matchers::StartsWith("KAIROS-L011: " + lost));
  CHECK_THROWS_WITH(catalog.find(parse_plugin_spec("Fixture#Other")),
                    Catch::Matchers::StartsWith("KAIROS-O006: Fixture#Other"));
}
