# SPDX-License-Identifier: MIT
"""Functions are short enough to be read without scrolling: none over LIMIT lines, and nine of ten at most USUAL. A function counts from
the first line of its signature to its closing brace, with the lambdas in it; one that fits on a line is not counted.

  function_size.py           the check: exit code 0 or 1
  function_size.py --list N  the N longest functions

The matcher relies on clang-format: a body opens with a line that ends in "{", and closes with the next line that starts with "}" at the
indentation of the signature's first line."""
import re
import sys

import sources

LIMIT = 60
USUAL = 25
FOLDERS = ("host", "sdk", "plugins")
# Comments, raw strings, strings and characters, but not the ' inside 1'000: no brace in them opens or closes a body.
NOT_CODE = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:[^"\\\n]|\\.)*"|(?<![0-9a-fA-F])'(?:[^'\\\n]|\\.)+'"""
    r"""|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*""", re.DOTALL | re.MULTILINE)
OTHER = re.compile(r"(\} )?(if|for|while|switch|catch|else|do|try|namespace|class|struct|union|enum|extern)\b")
# What may stand between the parameters and the body.
BODY = re.compile(r"\)\s*(const|noexcept(\(.*\))?|override|final|&&?|->[^=;]*|:[^:].*)?(\s*(const|noexcept|override|final))*\s*\{$")


def code_lines(text):
    """The lines of a text, with spaces in place of what is no code."""
    return [line.rstrip() for line in NOT_CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text).split("\n")]


def head_start(lines, end):
    """The first line of the statement whose last line is `end`."""
    start = end
    while start > 0 and lines[start - 1] and not lines[start - 1].endswith((";", "{", "}")) \
            and not re.match(r"\s*(public|protected|private):$", lines[start - 1]):
        start -= 1
    return start


def opens_function(head):
    head = re.sub(r"^template <.*?>\s+(?=[^\s,>])", "", head)
    return head.count("(") == head.count(")") and not OTHER.match(head) and BODY.search(head) is not None


def functions(text):
    """(first line, number of lines, name) of each function of a file, by line."""
    lines = code_lines(text)
    i = 0
    while i < len(lines):
        start = head_start(lines, i) if lines[i].endswith("{") else i
        head = " ".join(line.strip() for line in lines[start:i + 1])
        if lines[i].endswith("{") and opens_function(head):
            indent = len(lines[start]) - len(lines[start].lstrip())
            close = " " * indent + "}"
            i = next(j for j in range(i + 1, len(lines)) if lines[j].startswith(close))
            body = "".join(lines[start:i]) + close
            if body.count("{") != body.count("}"):
                raise ValueError(f"line {start + 1}: cannot tell where this function ends")
            name = re.search(r"(operator\s*[^\s(]+|[\w:~]+)\s*\(", head)
            yield start + 1, i - start + 1, name[1] if name else head
        i += 1


# What the matcher must get right: it is checked before the code is.
SAMPLE = """\
namespace kairos {
struct Point { int x; };
constexpr std::array<int, 2> table = {
    f(1),
};
class Layer : public Base {
 public:
  explicit Layer(Config& config)
      : Base(config, "a {"), list_{1, 2} {
    if (ready()) {
      call([&](int x) {
        return x;
      });
    }
  }
  int size() const { return 3; }
  int count() const noexcept override {
    return 1'000;  // {
  }
};
template <typename T>
auto operator+(const T& a) -> std::vector<T> {
  return {a, '{', R"(
}
)"};
}
}  // namespace kairos
"""
EXPECTED = [(8, 8, "Layer"), (17, 3, "count"), (21, 6, "operator+")]


def main():
    if list(functions(SAMPLE)) != EXPECTED:
        sources.finish("function size", [f"the matcher finds {list(functions(SAMPLE))} in its sample"], 1)
    found = []
    for name in sources.files(*sources.CODE):
        if name.parts[0] in FOLDERS:
            found += [(length, f"{name}:{line}", function) for line, length, function in functions(sources.text(name))]
    found.sort(reverse=True)
    if "--list" in sys.argv:
        for length, place, function in found[:int(sys.argv[sys.argv.index("--list") + 1])]:
            print(f"{length:4} {place} {function}")
    faults = [f"{place}: {function} has {length} lines, more than {LIMIT}. Split it" for length, place, function in found
              if length > LIMIT]
    usual = found[len(found) // 10][0] if found else 0
    if usual > USUAL:
        faults.append(f"one function in ten has at least {usual} lines, more than {USUAL}")
    sources.finish("function size", faults, len(found))


if __name__ == "__main__":
    main()
