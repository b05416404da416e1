// SPDX-License-Identifier: MIT
// The vectors of FIPS 180-4, and content that is added in parts.
#include "base/sha256.hpp"

#include <catch2/catch.hpp>

using namespace kairos::host;

namespace {

std::string sha256_of(std::string_view text, std::size_t part) {
  Sha256 hash;
  for (; !text.empty(); text.remove_prefix(std::min(part, text.size())))
    hash.add(std::as_bytes(std::span(text.substr(0, part))));
  return hash.hex();
}

}  // namespace

TEST_CASE("SHA-256 gives the digests of the standard, however the content is cut", "[host]") {
  const auto [text, digest] = GENERATE(table<std::string, std::string>({
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {std::string(1000000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
  }));
  for (const std::size_t part :
       {std::size_t{1}, std::size_t{55}, std::size_t{64}, std::size_t{1000}, text.size() + 1})
    CHECK(sha256_of(text, part) == digest);
}
