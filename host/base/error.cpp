// SPDX-License-Identifier: MIT
// Formats a diagnosis as one line, and finds the name that was probably meant.
#include "kairos/host/error.hpp"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <utility>

#include "base/printable.hpp"

namespace kairos::host {

namespace {

/// A very long name would hide the message.
std::string shown(const std::string& text) {
  constexpr std::size_t longest = 4096;
  if (text.size() <= longest) return printable(text);
  std::size_t end = longest;  // not inside a UTF-8 sequence
  while (end > longest - 4 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80) --end;
  return printable(std::string_view(text).substr(0, end)) + "…";
}

}  // namespace

std::string Diagnosis::text() const {
  std::string line = code + ": ";
  if (!where.empty()) line += shown(where) + ": ";
  line += shown(what);
  if (!found.empty()) line += "; found " + shown(found);
  if (!expected.empty()) line += (found.empty() ? "; expected " : ", expected ") + shown(expected);
  if (line.back() != '?') line += ".";
  if (!cure.empty()) line += " " + shown(cure) + (cure.back() == '?' ? "" : ".");
  return line;
}

Error::Error(ErrorKind kind, Diagnosis diagnosis)
    : std::runtime_error(diagnosis.text()), kind_(kind), diagnosis_(std::move(diagnosis)) {}

namespace {

std::string folded(std::string_view word) {
  std::string out;
  for (const char c : word)
    if (c != '_' && c != '-') out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

/// Optimal string alignment distance: insert, delete, replace, or swap two neighbours.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

namespace {

std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  for (const char c : name) {
    if (c == '_' || c == '-' || c == ' ')
      words.emplace_back();
    else
      words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return words;
}

/// "sparse_crossentropy" for "sparse_categorical_crossentropy": the first and the last word, at least, agree.
bool leaves_words_out(std::string_view name, std::string_view candidate) {
  const std::vector<std::string> given = words_of(name), whole = words_of(candidate);
  if (given.size() < 2 || given.size() >= whole.size() || given.front().size() < 3 ||
      given.front() != whole.front() || given.back() != whole.back())
    return false;
  auto next = whole.begin();
  for (const std::string& word : given) {
    next = std::find(next, whole.end(), word);
    if (next == whole.end()) return false;
    ++next;
  }
  return true;
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  constexpr std::size_t longest = 100;  // longer words are not names, and the comparison takes quadratic time
  if (word.size() > longest) return "";
  const std::string wanted = folded(word);
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, wanted.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > longest || candidate == word) continue;  // what was written is no suggestion
    const std::size_t d = leaves_words_out(word, candidate) ? 1 : distance(wanted, folded(candidate));
    if (d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

std::string suggest(std::string_view word, const std::vector<std::string>& candidates) {
  if (const std::string near = nearest(word, candidates); !near.empty())
    return "Did you mean \"" + near + "\"?";
  std::string list;
  for (const std::string& candidate : candidates) list += (list.empty() ? "" : ", ") + candidate;
  return list.empty() ? "" : "Known names: " + list;
}

}  // namespace kairos::host
