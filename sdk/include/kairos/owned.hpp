// SPDX-License-Identifier: MIT
// Members of a callback that are neither options nor state: files, buffers, connections.
#pragma once

#include "kairos/detail/members.hpp"

namespace kairos {
inline namespace v1 {

namespace detail {

class OwnedBase {
 public:
  using Lifetime = void (*)(OwnedBase&);
  OwnedBase(const OwnedBase&) = delete;
  OwnedBase& operator=(const OwnedBase&) = delete;
  void make() { make_(*this); }
  void end() { end_(*this); }
  OwnedBase* next = nullptr;

 protected:
  constexpr OwnedBase(Members* owner, Lifetime maker, Lifetime ender) : make_(maker), end_(ender) {
    owner->owned.add(this);
  }

 private:
  Lifetime make_;
  Lifetime end_;
};

}  // namespace detail

/// A default-constructed T, created before the first hook and deleted with the callback:
///
///   Owned<std::ofstream> file{this};
///   file->open(path);
///
/// The manifest is computed from the callback at compile time, so a callback cannot have a direct member such
/// as std::ofstream or std::vector.
template <class T>
class Owned : public detail::OwnedBase {
 public:
  constexpr explicit Owned(detail::Members* owner) : OwnedBase(owner, &make_object, &end_object) {}

  T& operator*() { return *object_; }
  T* operator->() { return object_; }
  const T& operator*() const { return *object_; }
  const T* operator->() const { return object_; }

 private:
  static void make_object(OwnedBase& self) { static_cast<Owned&>(self).object_ = new T(); }
  static void end_object(OwnedBase& self) { delete static_cast<Owned&>(self).object_; }

  T* object_ = nullptr;
};

}  // namespace v1
}  // namespace kairos
