// SPDX-License-Identifier: MIT
// LuaCallback: what scripts cannot do.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "plugins/lua_script.hpp"

using namespace kairos;
using namespace kairos::tests;

namespace {

using Catch::Matchers::Contains;
using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("Scripts of LuaCallback have no way out of the sandbox", "[plugins]") {
  for (const std::string name : {"io", "os", "load", "loadfile", "dofile", "require", "package", "debug",
                                 "collectgarbage", "string.dump", "math.randomseed", "_G.load", "_ENV.io"}) {
    CAPTURE(name);
    CHECK(printed(at_epoch_end("print(" + name + ")")) == Lines{"nil"});
  }
  CHECK(printed(at_epoch_end("print(getmetatable(''), pcall(setmetatable, '', {}))"))[0].rfind(
            "false\tfalse\t", 0) == 0);
  CHECK(printed(at_epoch_end("print(pcall(setmetatable, {}, {__gc = 1}))")) ==
        Lines{"false\t__gc is not available in this sandbox"});
  CHECK(printed("local t = {} local m = {} setmetatable(t, m) m.__gc = function() print('ran') end t = nil " +
                at_epoch_end("for _ = 1, 100000 do local x = {} end")) == Lines{});
}

TEST_CASE("Limits of LuaCallback hold where a script tries to go around them", "[plugins]") {
  const std::string loop = "function() while true do end end";
  const std::string closing =
      "function() local x <close> = setmetatable({}, {__close = " + loop + "}) while true do end end";
  for (const std::string& body : std::vector<std::string>{
           "while true do end", "while true do pcall(" + loop + ") end",
           "local function f() while true do pcall(f) end end f()", "xpcall(" + loop + ", " + loop + ")",
           "while true do coroutine.resume(coroutine.create(" + loop + ")) end",
           "while true do coroutine.wrap(function() end)() end",
           "while true do pcall(coroutine.wrap(" + closing + ")) end",
           "local c = coroutine.create(" + closing + ") coroutine.resume(c) coroutine.close(c)",
           "local function f() while true do pcall(coroutine.wrap(f)) end end f()", "(" + closing + ")()",
           "string.find = " + loop + " (''):find('')", "table.sort({1, 2, 3}, " + loop + ")",
           "local s = ('x'):gsub('x', " + loop + ")", "print(setmetatable({}, {__tostring = " + loop + "}))",
           "while true do local s = ('x'):rep(30000000) end",
           "local t = {} while true do pcall(function() while true do t[#t + 1] = {} end end) end",
           "while true do kairos.tensors('weight') end", "while true do print('x') end"}) {
    CAPTURE(body);
    CHECK_THAT(
        fault_of(at_epoch_end(body), ",instruction_limit=1000000"),
        Contains("the instruction limit is reached. This hook has taken more than 1000000 instructions. "
                 "Correct the script, or raise instruction_limit"));
  }
  for (const std::string body :
       {"local s = ('x'):rep(40000000) s = s .. s", "local t = {} for i = 1, 1e7 do t[i] = {} end",
        "local s = 'x' while true do s = s .. s end", "string.format(('x'):rep(70000000))"}) {
    CAPTURE(body);
    CHECK_THAT(fault_of(at_epoch_end(body)), Contains("not enough memory. The script may use 64 MB of "
                                                      "memory. Correct the script, or raise memory_limit"));
  }
  CHECK(printed(at_epoch_end("print(pcall(string.rep, 'x', 1 << 40))")).size() == 1);
  CHECK(printed(at_epoch_end("local s = ('x'):rep(100000000) print(#s)"), {1}, ",memory_limit=300") ==
        Lines{"100000000"});
  CHECK(printed(at_epoch_end("local function f() return f() + 1 end print((pcall(f)))")) == Lines{"false"});
}

TEST_CASE("LuaCallback follows its policy when the script fails, and goes on", "[plugins]") {
  const Lines lines = printed(at_epoch_end("print(epoch) if epoch == 0 then while true do end end"), {1, 1},
                              ",on_error=warn,instruction_limit=100000");
  REQUIRE(lines.size() >= 2);
  CHECK(lines.front() == "0");
  CHECK_THAT(lines, Catch::Matchers::VectorContains(std::string("1")));
}
