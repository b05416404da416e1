// SPDX-License-Identifier: MIT
// The manifest and the tables of a callback have the same content.
#include <catch2/catch.hpp>
#include <chrono>
#include <kairos/plugin.hpp>
#include <string>
#include <string_view>

namespace {

struct Facts {
  static constexpr const char* version = "2.1.0";
  static constexpr kairos::About about =
      kairos::About().author("Jane \"J\" Doe").support("https://example.com");
};

struct Silent {
  static constexpr const char* version = "1";
  static constexpr kairos::About about = {};
};

struct Everything : kairos::Callback<Everything> {
  static constexpr auto id = "com.example.Everything";
  static constexpr auto summary = "Has \"all\" kinds.";
  static constexpr auto phase = kairos::Phase::Measure;
  static constexpr auto capabilities = kairos::Can::Stop | kairos::Can::WriteGradients;
  static constexpr auto publishes = "one:max,{monitor}_two";
  static constexpr bool every_rank = true;
  static constexpr auto aliases = "com.example.All,com.example.Each";
  static constexpr auto before = "com.example.Last";
  static constexpr auto after = "com.example.First";
  static constexpr std::uint32_t state_version = 3;
  static constexpr std::uint32_t oldest_state_version = 2;

  kairos::Option<kairos::Metric> monitor{this, "monitor", "val_loss", "metric"};
  kairos::Option<int> patience{
      this, "patience", 10, "epochs", kairos::min(0), kairos::max(100), kairos::unit("epochs")};
  kairos::Option<double> delta{this,    "min_delta",      1e-4,
                               "delta", kairos::above(0), kairos::alias("epsilon,eps")};
  kairos::Option<bool> loud{this, "loud", true, "loud"};
  kairos::Option<kairos::Choice> mode{
      this, "mode", "auto", "mode", kairos::choices("auto,min,max"), kairos::voids_state};
  kairos::Option<kairos::Path> file{this, "file", kairos::required, "file"};
  kairos::Option<kairos::InputPath> input{this, "input", kairos::unset, "read"};
  kairos::Option<kairos::OutputPath> output{this, "output", kairos::required, "written"};
  kairos::Option<kairos::OutputDirectory> place{this, "place", "logs", "written into"};
  kairos::Option<kairos::SavePath> model{this, "model", "m.h5", "saved"};
  kairos::Option<kairos::Duration> wait{this, "wait", std::chrono::seconds(90), "wait"};
  kairos::Option<kairos::Expression> rate{this, "rate", kairos::unset, "rate", kairos::variables("epoch,lr")};
  kairos::Option<std::string_view> label{this, "label", "", "label"};
  kairos::Option<kairos::List<int>> epochs{this, "epochs", "1,2", "epochs", kairos::min(0)};
  kairos::Option<kairos::List<kairos::Choice>> words{
      this, "words", kairos::unset, "words", kairos::choices("a,b"), kairos::deprecated("use \"mode\"")};
  kairos::Option<std::string_view> token{this, "token", kairos::required, "token", kairos::secret};
  kairos::State<int> count{this, "count", 0};

  void setup(kairos::Run&) {}
  void on_epoch_end(kairos::Epoch&) {}
  void on_backward_end(kairos::Batch&) {}
};

struct Bare : kairos::Callback<Bare> {
  static constexpr auto id = "com.example.Bare";
  void on_fault(kairos::Fault&) {}
};

constexpr auto manifest = kairos::detail::make_manifest<Facts, Everything, Bare>();
constexpr kairos_plugin plugin = kairos::detail::make_plugin<Facts, Everything, Bare>();

const char* const expected =
    R"({"version":"2.1.0","sdk":")" KAIROS_SDK_VERSION R"(","compiler":")" __VERSION__ R"(",)"
    R"("about":{"author":"Jane \"J\" Doe","support":"https://example.com"},"callbacks":[)"
    R"({"id":"com.example.Everything","summary":"Has \"all\" kinds.","phase":"measure",)"
    R"("capabilities":["stop","write_gradients"],"flags":["every_rank"],"publishes":["one:max","{monitor}_two"],)"
    R"("aliases":["com.example.All","com.example.Each"],"before":["com.example.Last"],"after":["com.example.First"],)"
    R"("state_version":3,"oldest_state_version":2,)"
    R"("hooks":["setup","state_save","state_load","on_epoch_end","on_backward_end"],"options":[)"
    R"({"name":"monitor","type":"metric","help":"metric","default":"val_loss"},)"
    R"({"name":"patience","type":"int","help":"epochs","unit":"epochs","default":10,"min":0,"max":100},)"
    R"({"name":"min_delta","type":"float","help":"delta","aliases":["epsilon","eps"],"flags":["min_exclusive"],)"
    R"("default":1e-4,"min":0},)"
    R"({"name":"loud","type":"bool","help":"loud","default":true},)"
    R"({"name":"mode","type":"enum","help":"mode","choices":["auto","min","max"],"flags":["state"],"default":"auto"},)"
    R"({"name":"file","type":"path","help":"file","flags":["required"]},)"
    R"({"name":"input","type":"path","help":"read","flags":["reads"]},)"
    R"({"name":"output","type":"path","help":"written","flags":["required","writes"]},)"
    R"({"name":"place","type":"path","help":"written into","flags":["writes","directory"],"default":"logs"},)"
    R"({"name":"model","type":"path","help":"saved","flags":["writes","saves"],"default":"m.h5"},)"
    R"({"name":"wait","type":"duration","help":"wait","default":90000000000},)"
    R"({"name":"rate","type":"expression","help":"rate","choices":["epoch","lr"]},)"
    R"({"name":"label","type":"string","help":"label","default":""},)"
    R"({"name":"epochs","type":"list","items":"int","help":"epochs","default":"1,2","min":0},)"
    R"({"name":"words","type":"list","items":"enum","help":"words","deprecated":"use \"mode\"","choices":["a","b"]},)"
    R"({"name":"token","type":"string","help":"token","flags":["required","secret"]}]},)"
    R"({"id":"com.example.Bare","summary":"","phase":"decide","capabilities":["stop","set_optimizer"],)"
    R"("hooks":["on_fault"],"options":[]}]})";

}  // namespace

TEST_CASE("The manifest of a plugin is generated at compile time", "[sdk][manifest]") {
  CHECK(std::string(manifest.text, manifest.header.length) == expected);
  CHECK(sizeof manifest.text == manifest.header.length);
}

TEST_CASE("The entry has the content of the manifest", "[sdk][manifest]") {
  CHECK(plugin.magic == KAIROS_PLUGIN_MAGIC);
  CHECK(plugin.size == sizeof(kairos_plugin));
  CHECK(plugin.major == KAIROS_ABI_MAJOR);
  CHECK(plugin.minor_required == KAIROS_TARGET_MINOR);
  CHECK(plugin.minor_built == KAIROS_ABI_MINOR);
  REQUIRE(plugin.callback_count == 2);
  const kairos_callback& callback = *plugin.callbacks[0];
  CHECK(callback.size == sizeof(kairos_callback));
  CHECK(std::string(callback.id) == "com.example.Everything");
  CHECK(callback.phase == KAIROS_PHASE_MEASURE);
  CHECK(callback.capabilities == (KAIROS_CAN_STOP | KAIROS_CAN_WRITE_GRADIENTS));
  CHECK(std::string(callback.publishes) == "one:max,{monitor}_two");
  CHECK(callback.flags == KAIROS_CALLBACK_EVERY_RANK);
  CHECK(callback.state_version == 3);
  CHECK(callback.oldest_state_version == 2);
  CHECK(std::string(callback.aliases) == "com.example.All,com.example.Each");
  CHECK(std::string(callback.before) == "com.example.Last");
  CHECK(std::string(callback.after) == "com.example.First");
  REQUIRE(callback.option_count == 16);
  CHECK(callback.options[13]->type == KAIROS_TYPE_LIST);
  CHECK(callback.options[13]->item_type == KAIROS_TYPE_INT);
  CHECK(callback.options[13]->min.type == KAIROS_TYPE_INT);
  CHECK(std::string(callback.options[14]->deprecated) == "use \"mode\"");
  const kairos_option& patience = *callback.options[1];
  CHECK(patience.size == sizeof(kairos_option));
  CHECK(patience.type == KAIROS_TYPE_INT);
  CHECK(patience.initial.integer == 10);
  CHECK(patience.max.integer == 100);
  CHECK(callback.options[2]->flags == KAIROS_OPTION_MIN_EXCLUSIVE);
  CHECK(callback.options[4]->flags == KAIROS_OPTION_STATE);
  CHECK(callback.options[15]->flags == (KAIROS_OPTION_REQUIRED | KAIROS_OPTION_SECRET));
  CHECK(callback.options[5]->initial.type == KAIROS_TYPE_ABSENT);
  CHECK(callback.options[5]->flags == KAIROS_OPTION_REQUIRED);
  CHECK(callback.options[6]->flags == KAIROS_OPTION_READS);
  CHECK(callback.options[7]->flags == (KAIROS_OPTION_REQUIRED | KAIROS_OPTION_WRITES));
  CHECK(callback.options[8]->flags == (KAIROS_OPTION_WRITES | KAIROS_OPTION_DIRECTORY));
  CHECK(callback.options[9]->flags == (KAIROS_OPTION_WRITES | KAIROS_OPTION_SAVES));
}

TEST_CASE("Unimplemented hooks are null, and so are the state functions of a callback without state",
          "[sdk][manifest]") {
  const kairos_hooks& everything = *plugin.callbacks[0]->hooks;
  const kairos_hooks& bare = *plugin.callbacks[1]->hooks;
  CHECK(everything.size == sizeof(kairos_hooks));
  CHECK(everything.create != nullptr);
  CHECK(everything.destroy != nullptr);
  CHECK(everything.state_save != nullptr);
  CHECK(everything.on_epoch_end != nullptr);
  CHECK(everything.on_train_begin == nullptr);
  CHECK(everything.on_interrupt == nullptr);
  CHECK(bare.on_fault != nullptr);
  CHECK(bare.state_save == nullptr);
  CHECK(bare.state_load == nullptr);
  CHECK(plugin.callbacks[1]->state_version == 0);
#define KAIROS_DETAIL_HOOK(hook, EventClass, Raw, place) \
  if (std::string_view(#hook) != "on_fault") CHECK(bare.hook == nullptr);
#include <kairos/abi/hook_list.inc>
}

TEST_CASE("A plugin without texts about it has no such entry", "[sdk][manifest]") {
  constexpr auto data = kairos::detail::make_manifest<Silent, Bare>();
  CHECK(std::string(data.text, data.header.length).find("about") == std::string::npos);
}

TEST_CASE("A phase defines default capabilities", "[sdk][manifest]") {
  using kairos::Can;
  using kairos::Phase;
  using kairos::detail::default_capabilities;
  CHECK(default_capabilities(Phase::Measure) == Can::Nothing);
  CHECK(default_capabilities(Phase::Decide) == (Can::Stop | Can::SetOptimizer));
  CHECK(default_capabilities(Phase::Report) == Can::Nothing);
  CHECK(default_capabilities(Phase::Persist) == Can::SaveModel);
}
