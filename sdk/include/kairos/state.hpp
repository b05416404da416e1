// SPDX-License-Identifier: MIT
// State: members of a callback that are saved and restored with the run.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "kairos/detail/members.hpp"
#include "kairos/error.hpp"
#include "kairos/event.hpp"

namespace kairos {
inline namespace v1 {

namespace detail {

/// A named part of the state. State<T> sets the function pointers; virtual functions would not be constant
/// expressions in C++17.
class StateBase {
 public:
  /// Bytes of the value; borrowed until the value changes.
  using View = std::string_view (*)(const StateBase&);
  /// Whether `bytes` can be a value of this type. Checked for all states before any is changed.
  using Fits = bool (*)(std::string_view bytes);
  using Assign = void (*)(StateBase&, std::string_view bytes);
  using Lifetime = void (*)(StateBase&);

  // A copy would register a second state under the same name.
  StateBase(const StateBase&) = delete;
  StateBase& operator=(const StateBase&) = delete;

  [[nodiscard]] constexpr const char* name() const { return name_; }
  [[nodiscard]] std::string_view view() const { return view_(*this); }
  [[nodiscard]] bool fits(std::string_view bytes) const { return fits_(bytes); }
  void assign(std::string_view bytes) { assign_(*this, bytes); }
  void make() { make_(*this); }
  void end() { end_(*this); }

  StateBase* next = nullptr;

 protected:
  constexpr StateBase(Members* owner, const char* key, View viewer, Fits fitter, Assign assigner,
                      Lifetime maker, Lifetime ender)
      : name_(key), view_(viewer), fits_(fitter), assign_(assigner), make_(maker), end_(ender) {
    owner->states.add(this);
  }

 private:
  const char* name_;
  View view_;
  Fits fits_;
  Assign assign_;
  Lifetime make_;
  Lifetime end_;
};

inline void no_lifetime(StateBase&) {}

/// Whether T has `save()`, whose result is text, and `load(std::string_view)`.
template <class T, class = void>
struct SavesItself : std::false_type {};
template <class T>
struct SavesItself<T, std::void_t<decltype(std::string(std::declval<T&>().save())),
                                  decltype(std::declval<T&>().load(std::string_view()))>> : std::true_type {};

}  // namespace detail

/// A saved number, enumeration or other trivially copyable value: State<int> wait{this, "wait", 0}; used like
/// the value itself. The name is part of the saved state: states saved under another name do not load.
template <class T, class = void>
class State : public detail::StateBase {
  static_assert(
      std::is_trivially_copyable_v<T>,
      "State<T> needs a trivially copyable T, std::string, std::vector of a trivially copyable type, "
      "or a class with std::string save() and void load(std::string_view)");

 public:
  template <class Initial>
  constexpr State(detail::Members* owner, const char* name, Initial initial)
      : StateBase(owner, name, &view_of, &fits_size, &assign_to, &detail::no_lifetime, &detail::no_lifetime),
        value_(static_cast<T>(initial)) {}

  operator const T&() const { return value_; }
  [[nodiscard]] const T& value() const { return value_; }
  State& operator=(const T& value) {
    value_ = value;
    return *this;
  }
  /// Assigns the value, not the name.
  State& operator=(const State& other) { return *this = other.value_; }
  T operator++() { return ++value_; }
  T operator--() { return --value_; }
  State& operator+=(const T& by) {
    value_ += by;
    return *this;
  }
  T* operator->() { return &value_; }

 private:
  static std::string_view view_of(const StateBase& self) {
    return {reinterpret_cast<const char*>(&static_cast<const State&>(self).value_), sizeof(T)};
  }
  static bool fits_size(std::string_view bytes) { return bytes.size() == sizeof(T); }
  static void assign_to(StateBase& self, std::string_view bytes) {
    std::memcpy(&static_cast<State&>(self).value_, bytes.data(), sizeof(T));
  }

  T value_;
};

namespace detail {

/// States that own memory. The object lives from create to destroy, behind a pointer, so that the callback
/// remains a constant expression.
template <class Container>
class ContainerState : public StateBase {
  using Element = typename Container::value_type;
  static_assert(std::is_trivially_copyable_v<Element>, "State<std::vector<T>> needs a trivially copyable T");

 public:
  constexpr ContainerState(Members* owner, const char* name)
      : StateBase(owner, name, &view_of, &fits_size, &assign_to, &make_object, &end_object) {}

  Container& operator*() { return *object_; }
  Container* operator->() { return object_; }
  const Container& operator*() const { return *object_; }
  const Container* operator->() const { return object_; }

 private:
  static Container*& object(StateBase& self) { return static_cast<ContainerState&>(self).object_; }
  static std::string_view view_of(const StateBase& self) {
    const Container& c = *static_cast<const ContainerState&>(self).object_;
    return {reinterpret_cast<const char*>(c.data()), c.size() * sizeof(Element)};
  }
  static bool fits_size(std::string_view bytes) { return bytes.size() % sizeof(Element) == 0; }
  static void assign_to(StateBase& self, std::string_view bytes) {
    object(self)->resize(bytes.size() / sizeof(Element));
    if (!bytes.empty()) std::memcpy(&(*object(self))[0], bytes.data(), bytes.size());
  }
  static void make_object(StateBase& self) { object(self) = new Container(); }
  static void end_object(StateBase& self) { delete object(self); }

  Container* object_ = nullptr;
};

}  // namespace detail

/// Saved text: State<std::string> last{this, "last"}; used through * and ->.
template <>
class State<std::string> : public detail::ContainerState<std::string> {
 public:
  using ContainerState::ContainerState;
};

/// A saved list: State<std::vector<double>> losses{this, "losses"}; used through * and ->.
template <class T>
class State<std::vector<T>> : public detail::ContainerState<std::vector<T>> {
 public:
  using detail::ContainerState<std::vector<T>>::ContainerState;
};

/// An object that saves itself, such as an interpreter or a generator of random numbers:
/// State<Generator> draws{this, "draws"}; used through * and ->. T has a default constructor and lives from
/// create to destroy. `std::string save()` is called whenever the host saves the state, and
/// `void load(std::string_view)` when it restores it, after setup; both may throw. Declare it last: what was
/// restored before stays if `load` throws.
template <class T>
class State<T, std::enable_if_t<detail::SavesItself<T>::value>> : public detail::StateBase {
 public:
  constexpr State(detail::Members* owner, const char* name)
      : StateBase(owner, name, &saved, &fits_any, &restore, &make_object, &end_object) {}

  T& operator*() { return held_->object; }
  T* operator->() { return &held_->object; }
  const T& operator*() const { return held_->object; }
  const T* operator->() const { return &held_->object; }

 private:
  struct Held {
    T object{};
    std::string bytes{};  ///< of the last save
  };

  static std::string_view saved(const StateBase& self) {
    Held& held = *static_cast<const State&>(self).held_;
    return held.bytes = held.object.save();
  }
  static bool fits_any(std::string_view) { return true; }
  static void restore(StateBase& self, std::string_view bytes) {
    static_cast<State&>(self).held_->object.load(bytes);
  }
  static void make_object(StateBase& self) { static_cast<State&>(self).held_ = new Held(); }
  static void end_object(StateBase& self) { delete static_cast<State&>(self).held_; }

  Held* held_ = nullptr;
};

/// A copy of the model's weights, kept by the host and saved with the state:
///
///   Snapshot best{this, "best_weights"};
///   best.take(epoch);
///   best.restore(end);
class Snapshot : public State<std::uint64_t> {
 public:
  constexpr Snapshot(detail::Members* owner, const char* name) : State(owner, name, 0) {}
  /// Two snapshots never share one slot.
  Snapshot& operator=(const Snapshot&) = delete;

  /// True before take() and after drop().
  [[nodiscard]] bool empty() const { return value() == 0; }
  /// Copies the current weights, replacing the previous copy.
  void take(Event& event) {
    std::uint64_t slot = value();
    event.snapshot(slot);
    State::operator=(slot);
  }
  /// Copies the weights back into the model. Needs Can::WriteWeights. Throws KAIROS_E_NOT_FOUND if empty.
  void restore(Event& event) { event.rollback(value()); }
  /// Frees the copy.
  void drop(Event& event) {
    event.drop(value());
    State::operator=(0);
  }
};

}  // namespace v1
}  // namespace kairos
