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
           "while true do end",
           "while true do pcall(" + loop + ") end",
           "local function f() while true do pcall(f) end end f()",
           "xpcall(" + loop + ", " + loop + ")",
           "while true do coroutine.resume(coroutine.create(" + loop + ")) end",
           "while true do coroutine.wrap(function() end)() end",
           "while true do pcall(coroutine.wrap(" + closing + ")) end",
           "local c = coroutine.create(" + closing + ") coroutine.resume(c) coroutine.close(c)",
           "local function f() while true do pcall(coroutine.wrap(f)) end end f()",
           "(" + closing + ")()",
           "string.find = " + loop + " (''):find('')",
           "table.sort({1, 2, 3}, " + loop + ")",
           "local s = ('x'):gsub('x', " + loop + ")",
           "print(setmetatable({}, {__tostring = " + loop + "}))",
           "while true do local s = ('x'):rep(30000000) end",
           "local t = {} while true do pcall(function() while true do t[#t + 1] = {} end end) end",
           "while true do kairos.tensors('weight') end",
           "while true do print('x') end",
           "table.move({}, 1, math.maxinteger - 1, 2)",
           "string.rep('', 1 << 62)",
           "local t = table.pack(table.unpack({}, 1, 100000)) for i = 1, #t do t[i] = 1 end "
           "while true do table.insert(t, 1, 1) table.remove(t, 1) end",
           "local t = {} for i = 1, 40000 do t[i] = i end table.sort(t)",
           "table.concat(setmetatable({}, {__index = getmetatable, __metatable = ''}), '', 1, 1 << 60)",
           "local t = setmetatable({}, {__len = function() return 1 << 62 end}) table.unpack(t)",
           "local s = ('a'):rep(1000000) s:find(('a'):rep(500000) .. 'b', 1, true)",
           "local s = ('a'):rep(1000000) s:match(('a'):rep(500000) .. 'b')",
           "local s = ('a'):rep(1000000) s:gsub(('a'):rep(500000) .. 'b', '')",
           "local s = ('a'):rep(1000000) for _ = 1, 3 do utf8.len(s) end"}) {
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
    CHECK_THAT(fault_of(at_epoch_end(body)),
               Contains("mine.lua:2: not enough memory. The script may use 64 MB of "
                        "memory. Correct the script, or raise memory_limit"));
  }
  CHECK(printed(at_epoch_end("print(pcall(string.rep, 'x', 1 << 40))")).size() == 1);
  CHECK(printed(at_epoch_end("local s = ('x'):rep(100000000) print(#s)"), {1}, ",memory_limit=300") ==
        Lines{"100000000"});
  CHECK(printed(at_epoch_end("local function f() return f() + 1 end print((pcall(f)))")) == Lines{"false"});
}

TEST_CASE("Functions of Lua's libraries refuse lengths that scripts compute", "[plugins]") {
  for (const std::string name : {"insert", "remove", "sort"}) {
    CAPTURE(name);
    CHECK_THAT(
        fault_of(at_epoch_end("local t = setmetatable({}, {__len = function() return 1 << 30 end}) table." +
                              name + "(t, 1)")),
        Contains("mine.lua:2: bad argument #1 to '" + name + "' (tables with __len are not supported here)"));
  }
}

TEST_CASE("LuaCallback limits the keys that a script declares", "[plugins]") {
  CHECK_THAT(fault_of("for i = 1, 2000 do kairos.declare('k' .. i) end " + at_epoch_end(""),
                      ",instruction_limit=1000000"),
             Contains("the instruction limit is reached"));
}

TEST_CASE("LuaCallback limits the time of what takes few instructions", "[plugins]") {
  CHECK_THAT(
      fault_of("local a, b = ('x'):rep(15000000) .. 'a', ('x'):rep(15000000) .. 'b' " +
                   at_epoch_end("while true do pcall(function() while a ~= b do end end) end"),
               ",time_limit=1"),
      Contains("mine.lua:2: the time limit is reached. This hook has taken more than 1 seconds. Correct the "
               "script, or raise time_limit"));
}

TEST_CASE("A coroutine that a limit of LuaCallback has ended runs no further", "[plugins]") {
  const std::string script = R"lua(
local thread
function on_epoch_end(epoch)
  if epoch == 1 then print(pcall(coroutine.close, thread)) print(coroutine.status(thread)) return end
  thread = coroutine.create(function()
    local x <close> = setmetatable({}, {__close = function() print("ran") end})
    while true do end
  end)
  coroutine.resume(thread)
end)lua";
  const Lines lines = printed(script, {1, 1}, ",on_error=warn,instruction_limit=100000");
  CHECK_THAT(lines,
             Catch::Matchers::VectorContains(std::string("false\tthe limit has ended this coroutine")));
  CHECK_THAT(lines, !Catch::Matchers::VectorContains(std::string("ran")));
  CHECK(printed(at_epoch_end(
            "local c = coroutine.create(function() local x <close> = setmetatable({}, {__close = "
            "function() print('ran') end}) coroutine.yield() end) coroutine.resume(c) "
            "print(coroutine.close(c))")) == Lines{"ran", "true"});
}

TEST_CASE("LuaCallback follows its policy when the script fails, and goes on", "[plugins]") {
  const Lines lines = printed(at_epoch_end("print(epoch) if epoch == 0 then while true do end end"), {1, 1},
                              ",on_error=warn,instruction_limit=100000");
  REQUIRE(lines.size() >= 2);
  CHECK(lines.front() == "0");
  CHECK_THAT(lines, Catch::Matchers::VectorContains(std::string("1")));
}
