// SPDX-License-Identifier: MIT
// A strict parser for the Python literal that NumPy writes: a dictionary of string, bool and tuple of
// integers.
#include "io/npy_header.hpp"

#include <array>
#include <charconv>
#include <cstring>
#include <string_view>

#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

constexpr std::size_t header_limit = 65536;

[[noreturn]] void refuse_header(const char* code, const std::string& origin, std::string what,
                                std::string found, std::string expected, std::string cure) {
  throw Error(ErrorKind::Data,
              {code, origin, std::move(what), std::move(found), std::move(expected), std::move(cure)});
}

[[noreturn]] void truncated(const std::string& origin, const std::string& found,
                            const std::string& expected) {
  refuse_header("KAIROS-D004", origin, "the array is truncated", found, expected,
                "Copy or write the file again");
}

/// Parses the text of the dictionary.
class Literal {
 public:
  Literal(std::string_view text, const std::string& origin) : text_(text), origin_(origin) {}

  [[noreturn]] void malformed() const {
    constexpr std::size_t shown = 60;
    std::string found(text_.substr(0, shown));
    for (char& c : found)
      if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
    refuse_header("KAIROS-D002", origin_, "the NPY header is malformed", found,
                  "{'descr': …, 'fortran_order': …, 'shape': …}", "Write the file again with numpy.save");
  }
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }
  bool take(std::string_view token) {
    skip_blanks();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  void need(std::string_view token) {
    if (!take(token)) malformed();
  }
  [[nodiscard]] bool at_end() {
    skip_blanks();
    return at_ == text_.size();
  }
  std::string string() {
    const char quote = take("'") ? '\'' : '"';
    if (quote == '"') need("\"");
    const std::size_t end = text_.find(quote, at_);
    if (end == std::string_view::npos) malformed();
    const std::string value(text_.substr(at_, end - at_));
    at_ = end + 1;
    return value;
  }
  /// A structured type is a list; its text is kept for the message.
  std::string type() {
    skip_blanks();
    return at_ < text_.size() && text_[at_] == '[' ? "a structured type" : string();
  }
  bool boolean() {
    if (take("True")) return true;
    need("False");
    return false;
  }
  std::vector<std::int64_t> tuple() {
    constexpr std::size_t rank_limit = 32;  // the limit of NumPy
    std::vector<std::int64_t> values;
    need("(");
    while (!take(")")) {
      skip_blanks();
      std::int64_t value = 0;
      const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
      if (error != std::errc{} || value < 0 || values.size() == rank_limit) malformed();
      values.push_back(value);
      at_ = static_cast<std::size_t>(end - text_.data());
      take("L");  // Python 2's suffix of long integers
      if (take(")")) break;
      need(",");
    }
    return values;
  }

 private:
  std::string_view text_;
  const std::string& origin_;
  std::size_t at_ = 0;
};

/// Sets kind and width for a type such as "<U5" or "|S12".
bool interpret_text(NpyHeader& header) {
  constexpr std::size_t longest = 4096, bytes_of_character = 4;
  const std::string& type = header.type;
  if (type.size() < 3 || (type[1] != 'U' && type[1] != 'S')) return false;
  std::size_t length = 0;
  const char* const end = type.data() + type.size();
  const auto [at, error] = std::from_chars(type.data() + 2, end, length);
  if (error != std::errc{} || at != end || length == 0 || length > longest) return false;
  header.big_endian = type[0] == '>';
  header.kind = type[1];
  header.width = type[1] == 'U' ? length * bytes_of_character : length;
  return true;
}

const char* cure_for_type(const std::string& type) {
  if (type.size() > 1 && (type[1] == 'U' || type[1] == 'S'))
    return "Text is read only as a target; store inputs and weights as numbers";
  if (type == "|O")
    return "It holds Python objects: convert it to numbers, or labels with array.astype(\"U\")";
  return "Convert it with array.astype(\"float32\") before saving";
}

void interpret_type(NpyHeader& header, const std::string& origin, NpyTypes types) {
  if (types == NpyTypes::NumbersAndText && interpret_text(header)) return;
  const std::string& type = header.type;
  constexpr std::array<std::string_view, 12> known = {"f2", "f4", "f8", "i1", "i2", "i4",
                                                      "i8", "u1", "u2", "u4", "u8", "b1"};
  const bool has_order = type.size() == 3 && std::string_view("<>|=").find(type[0]) != std::string_view::npos;
  bool is_known = false;
  for (const std::string_view name : known) is_known |= has_order && std::string_view(type).substr(1) == name;
  if (!is_known)
    refuse_header("KAIROS-D003", origin, "this type of array cannot be read", type,
                  "float 16 to 64, integer 8 to 64 or bool", cure_for_type(type));
  header.big_endian = type[0] == '>';
  header.kind = type[1];
  header.width = static_cast<std::size_t>(type[2] - '0');
}

void check_size(NpyHeader& header, std::uint64_t available, const std::string& origin) {
  std::uint64_t bytes = header.width;
  bool overflow = false, empty = false;
  // Overflow of the other dimensions is an error even if one is 0, as in NumPy.
  for (const std::int64_t n : header.shape) {
    empty |= n == 0;
    overflow |= n != 0 && __builtin_mul_overflow(bytes, static_cast<std::uint64_t>(n), &bytes);
  }
  if (overflow || (!empty && bytes > available))
    truncated(origin, std::to_string(available) + " bytes of values",
              overflow ? "more than any file can hold" : std::to_string(bytes));
  if (!empty) header.count = bytes / header.width;
}

/// The length field: two bytes in version 1, four in 2 and 3.
std::size_t read_length(ByteSource& source, unsigned version, const std::string& origin) {
  std::array<std::byte, 4> bytes{};
  const std::size_t width = version == 1 ? 2 : 4;
  if (source.read(std::span(bytes).first(width)) != width)
    truncated(origin, "part of the header", "all of it");
  std::size_t length = 0;
  for (std::size_t i = 0; i < width; ++i) length |= std::to_integer<std::size_t>(bytes[i]) << (8 * i);
  return length;
}

}  // namespace

NpyHeader read_npy_header(ByteSource& source, std::uint64_t size, const std::string& origin, NpyTypes types) {
  std::array<char, 8> magic{};
  const std::size_t got = source.read(std::as_writable_bytes(std::span(magic)));
  if (got < magic.size() || std::memcmp(magic.data(), "\x93NUMPY", 6) != 0) {
    if (got < 6 && std::memcmp(magic.data(), "\x93NUMPY", got) == 0)
      truncated(origin, "part of the header", "all of it");
    if (got < 6 || std::memcmp(magic.data(), "\x93NUMPY", 6) != 0)
      refuse_header("KAIROS-D001", origin, "this is not an NPY file", "a different signature",
                    "the signature \\x93NUMPY", "Save the array with numpy.save");
    truncated(origin, "part of the header", "all of it");
  }
  const unsigned version = static_cast<unsigned char>(magic[6]);
  if (version < 1 || version > 3)
    refuse_header("KAIROS-D001", origin, "this version of NPY is not supported", std::to_string(version),
                  "1, 2 or 3", "Save the array with numpy.save");
  const std::size_t length = read_length(source, version, origin);
  const std::size_t start = magic.size() + (version == 1 ? 2 : 4) + length;
  if (length > header_limit)
    refuse_header("KAIROS-D002", origin, "the NPY header is too long", std::to_string(length) + " bytes",
                  "at most " + std::to_string(header_limit), "Write the file again with numpy.save");
  std::string text(length, '\0');
  if (start > size || source.read(std::as_writable_bytes(std::span(text))) != length)
    truncated(origin, "part of the header", "all of it");

  NpyHeader header;
  Literal literal(text, origin);
  unsigned seen = 0;  // one bit per key, each of which must occur once
  const auto once = [&](unsigned bit) {
    if ((seen & bit) != 0) literal.malformed();
    seen |= bit;
  };
  literal.need("{");
  while (!literal.take("}")) {
    const std::string key = literal.string();
    literal.need(":");
    if (key == "descr") {
      once(1);
      header.type = literal.type();
      interpret_type(header, origin, types);
    } else if (key == "fortran_order") {
      once(2);
      header.fortran_order = literal.boolean();
    } else if (key == "shape") {
      once(4);
      header.shape = literal.tuple();
    } else {
      literal.malformed();
    }
    if (literal.take("}")) break;
    literal.need(",");
  }
  if (seen != 7 || !literal.at_end()) literal.malformed();
  header.begin = start;
  check_size(header, size - start, origin);
  return header;
}

}  // namespace kairos::host
