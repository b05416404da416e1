// SPDX-License-Identifier: MIT
// The bytes in which the states of all instances are kept: counted fields, and a checksum at the end.
#include <bit>
#include <boost/crc.hpp>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "kairos/host/error.hpp"
#include "plugin/run/saved_states.hpp"

namespace kairos::host {

namespace {

constexpr std::string_view magic = "KAIROS-STATE-3\n";
constexpr std::string_view magic_without_trainings = "KAIROS-STATE-2\n";
constexpr std::string_view magic_without_options = "KAIROS-STATE-1\n";
static_assert(magic.size() == magic_without_options.size());
static_assert(magic.size() == magic_without_trainings.size());

[[noreturn]] void damaged(const std::string& found) {
  throw Error(ErrorKind::Callback,
              {"KAIROS-C006", "saved callback state", "it cannot be read", found,
               "the bytes that a run of Kairos saved", "Resume from an older checkpoint"});
}

std::uint32_t checksum(std::string_view bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

class Packer {
 public:
  template <class T>
  void number(T value) {
    static_assert(std::is_integral_v<T>);
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void text(std::string_view bytes) {
    number<std::uint64_t>(bytes.size());
    out_.append(bytes);
  }
  [[nodiscard]] std::string finish() && {
    number(checksum(out_));
    return std::move(out_);
  }

 private:
  std::string out_{magic};
};

class Unpacker {
 public:
  explicit Unpacker(std::string_view in) : in_(in) {}
  template <class T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::string_view text() { return take(number<std::uint64_t>()); }
  /// A count of things that take at least `each` bytes, so that a lie cannot ask for much memory.
  std::uint64_t count(std::size_t each) {
    const auto n = number<std::uint64_t>();
    if (n > in_.size() / each)
      damaged("a count of " + std::to_string(n) + " in " + std::to_string(in_.size()) + " bytes");
    return n;
  }

 private:
  std::string_view take(std::uint64_t n) {
    if (n > in_.size()) damaged("an end in the middle of a field");
    const std::string_view bytes = in_.substr(0, n);
    in_.remove_prefix(n);
    return bytes;
  }
  std::string_view in_;
};

void read_options(Unpacker& in, SavedState& state) {
  state.is_named = in.number<std::uint32_t>() != 0;
  for (std::uint64_t n = in.count(2 * sizeof(std::uint64_t)); n > 0; --n) {
    const std::string option(in.text());
    state.options[option] = in.text();
  }
}

void read_slots(Unpacker& in, SavedState& state, bool has_trainings) {
  for (std::uint64_t n = in.count(2 * sizeof(std::uint64_t)); n > 0; --n) {
    const auto slot = in.number<std::uint64_t>();
    const std::string_view weights = in.text();
    std::vector<float>& values = state.snapshots[slot];
    values.resize(weights.size() / sizeof(float));
    if (!values.empty()) std::memcpy(values.data(), weights.data(), values.size() * sizeof(float));
  }
  if (!has_trainings) return;
  for (std::uint64_t n = in.count(2 * sizeof(std::uint64_t)); n > 0; --n) {
    const auto slot = in.number<std::uint64_t>();
    state.trainings[slot] = in.text();
  }
}

void write_steps(Packer& out, const StepRequests& requests) {
  out.number(requests.batches);
  out.number<std::uint64_t>(requests.frozen.size());
  for (const std::uint32_t weight : requests.frozen) out.number(weight);
  out.number<std::uint64_t>(requests.factors.size());
  for (const auto& [weight, factor] : requests.factors) {
    out.number(weight);
    out.number(std::bit_cast<std::uint64_t>(factor));
  }
}

void read_steps(Unpacker& in, StepRequests& requests) {
  requests.batches = in.number<std::uint32_t>();
  for (std::uint64_t n = in.count(sizeof(std::uint32_t)); n > 0; --n)
    requests.frozen.insert(in.number<std::uint32_t>());
  for (std::uint64_t n = in.count(sizeof(std::uint32_t) + sizeof(double)); n > 0; --n) {
    const auto weight = in.number<std::uint32_t>();
    requests.factors[weight] = std::bit_cast<double>(in.number<std::uint64_t>());
  }
}

}  // namespace

std::string encode_states(const std::vector<SavedState>& states) {
  Packer out;
  out.number<std::uint64_t>(states.size());
  for (const SavedState& state : states) {
    out.text(state.id);
    out.text(state.name);
    out.number<std::uint32_t>(state.is_named ? 1 : 0);
    out.number<std::uint64_t>(state.options.size());
    for (const auto& [option, value] : state.options) {
      out.text(option);
      out.text(value);
    }
    out.number<std::uint32_t>(state.has_bytes ? 1 : 0);
    out.number(state.version);
    out.text(state.bytes);
    out.number<std::uint64_t>(state.snapshots.size());
    for (const auto& [slot, weights] : state.snapshots) {
      out.number(slot);
      out.text({reinterpret_cast<const char*>(weights.data()), weights.size() * sizeof(float)});
    }
    out.number<std::uint64_t>(state.trainings.size());
    for (const auto& [slot, training] : state.trainings) {
      out.number(slot);
      out.text(training);
    }
    write_steps(out, state.step_requests);
  }
  return std::move(out).finish();
}

std::vector<SavedState> decode_states(std::string_view bytes) {
  const std::string_view first = bytes.substr(0, magic.size());
  if (bytes.size() < magic.size() + sizeof(std::uint32_t) ||
      (first != magic && first != magic_without_trainings && first != magic_without_options))
    damaged("other first bytes than those of a saved state");
  const std::string_view covered = bytes.substr(0, bytes.size() - sizeof(std::uint32_t));
  std::uint32_t stored;
  std::memcpy(&stored, bytes.data() + covered.size(), sizeof stored);
  if (stored != checksum(covered)) damaged("a wrong checksum");

  Unpacker in(covered.substr(magic.size()));
  std::vector<SavedState> states(in.count(3 * sizeof(std::uint64_t)));
  for (SavedState& state : states) {
    state.id = in.text();
    state.name = in.text();
    if (first == magic_without_options)
      state.is_named = true;  // the name alone decides
    else
      read_options(in, state);
    if (first == magic) state.has_bytes = in.number<std::uint32_t>() != 0;
    state.version = in.number<std::uint32_t>();
    state.bytes = in.text();
    read_slots(in, state, first == magic);
    if (first == magic) read_steps(in, state.step_requests);
  }
  return states;
}

}  // namespace kairos::host
