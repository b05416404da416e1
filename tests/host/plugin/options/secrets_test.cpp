// SPDX-License-Identifier: MIT
// Options whose values are neither told nor stored.
#include "plugin/options/secrets.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "host/temporary_directory.hpp"
#include "kairos/abi.h"
#include "plugin/options/options.hpp"

using namespace kairos::host;
using Catch::Matchers::Contains;

namespace {

using Pairs = std::vector<PluginOption>;

/// The options of a callback with a secret and a number.
ResolvedOptions resolve_token(const Pairs& pairs) {
  CallbackManifest logger;
  logger.id = "kairos.Logger";
  logger.options.resize(2);
  logger.options[0].name = "token";
  logger.options[0].type = KAIROS_TYPE_STRING;
  logger.options[0].flags = KAIROS_OPTION_SECRET;
  logger.options[1].name = "every";
  logger.options[1].type = KAIROS_TYPE_INT;
  return resolve_options(logger, pairs, {}, "Logger");
}

}  // namespace

TEST_CASE("A secret is read from the environment or a file, and is never told", "[host][plugin]") {
  CHECK(resolve_token({{"token", "hunter2"}}).values[0].text == "hunter2");
  CHECK(resolve_token({{"token", "hunter2"}}).secrets == std::vector<std::string>{"hunter2"});
  CHECK(resolve_token({{"token", "None"}}).values[0].absent());

  REQUIRE(::setenv("KAIROS_TEST_SECRET", "from, the 'environment'", 1) == 0);
  CHECK(resolve_token({{"token", "env:KAIROS_TEST_SECRET", Written::Quoted}}).values[0].text ==
        "from, the 'environment'");
  const kairos::tests::TemporaryDirectory directory;
  const std::string file = (directory / "token").string();
  std::ofstream(file) << "from a file\n";
  const ResolvedOptions from_file = resolve_token({{"token", "file:" + file}});
  CHECK(from_file.values[0].text == "from a file");
  CHECK(from_file.secrets == std::vector<std::string>{"from a file"});
  REQUIRE(from_file.secret_files.size() == 1);
  CHECK(from_file.secret_files[0].second == file);

  CHECK_THROWS_WITH(
      resolve_token({{"token", "env:KAIROS_TEST_NOTHING"}}),
      Contains("KAIROS-O058: Logger, option token: the environment variable of the secret has no "
               "value; found \"KAIROS_TEST_NOTHING\""));
  CHECK_THROWS_WITH(resolve_token({{"token", "file:"}}),
                    Contains("KAIROS-O058") && Contains("the path of the secret is missing"));
  CHECK_THROWS_WITH(resolve_token({{"token", "file:/nowhere"}}),
                    Contains("KAIROS-O058") && Contains("\"/nowhere\": No such file or directory"));
  std::ofstream(file) << std::string((64 << 10) + 1, 's');
  CHECK_THROWS_WITH(resolve_token({{"token", "file:" + file}}),
                    Contains("KAIROS-O058") && Contains("the file of the secret is too long"));
  CHECK_THROWS_WITH(resolve_token({{"token", "***"}}), Contains("KAIROS-O058") && Contains("was not stored"));
  CHECK_THROWS_WITH(resolve_token({{"token", "hunter2"}, {"token", "hunter3"}}),
                    Contains("KAIROS-O021") && !Contains("hunter"));
  CHECK_THROWS_WITH(resolve_token({{"", "1"}, {"", "2"}, {"", "hunter2"}}),
                    Contains("KAIROS-O052") && !Contains("hunter"));
}

TEST_CASE("Every secret in a text is hidden", "[host][plugin]") {
  std::vector<std::string> secrets;
  add_secrets(secrets, std::vector<std::string>{"abc", ""});
  add_secrets(secrets, std::vector<std::string>{"abcdef", "abc"});
  CHECK(secrets == std::vector<std::string>{"abcdef", "abc", ""});
  CHECK(without_secrets("abcdef, xabc and abcd", secrets) == "***, x*** and ***d");
}
