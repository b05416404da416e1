// SPDX-License-Identifier: MIT
// The policy for failures, and its messages.
#include "plugin/run/failures.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "kairos/host/error.hpp"
#include "plugin/options/secrets.hpp"
#include "plugin/run/breadcrumb.hpp"
#include "plugin/run/session.hpp"
#include "plugin/run/status_text.hpp"

namespace kairos::host {

namespace {

/// A plugin's reason as part of a one-line sentence that gets its full stop.
std::string on_one_line(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  text.resize(text.find_last_not_of(". ") + 1);
  return text;
}

std::string failure_text(const kairos_call& call, kairos_status status, std::int64_t epoch) {
  std::string text = std::string(call.hook) + " failed";
  if (epoch >= 0) text += " in epoch " + std::to_string(epoch + 1);
  if (call.reason.empty()) return text + ": " + std::string(status_text(status));
  return text + ": " + without_secrets(on_one_line(call.reason), call.session->secrets);
}

/// Whether the reason says what to do: a second sentence follows. A path may contain ". ", too.
bool has_cure(std::string_view reason) {
  if (reason.ends_with('?')) return true;
  for (std::size_t end; (end = reason.find(". ")) != std::string_view::npos; reason.remove_prefix(end + 2))
    if (end + 2 < reason.size() && reason[end + 2] >= 'A' && reason[end + 2] <= 'Z') return true;
  return false;
}

}  // namespace

void Failures::handle(kairos_call& call, kairos_status status, std::int64_t epoch) {
  Instance& instance = *call.instance;
  const std::string what = failure_text(call, status, epoch);
  call.forget();
  const bool starting = call.moment == Moment::Loading || call.moment == Moment::SetUp;
  if (instance.options.on_error == OnError::Fatal || starting) {
    breadcrumb.set({});
    fatal_ = {instance.name, call.hook, status};
    throw Error(
        starting ? ErrorKind::Plugin : ErrorKind::Callback,
        {starting ? "KAIROS-O031" : "KAIROS-C001", instance.name + " (" + instance.file + ")", what, "", "",
         has_cure(what) && starting ? ""
         : starting                 ? "Correct the option or leave this plugin out"
                    : "Add on_error=disable to this plugin to go on without it when it fails"});
  }
  if (++instance.failures == 1) instance.first_failure = what;
  if (instance.options.on_error == OnError::Disable) {
    keep_disabled(instance);
    warn(instance, what + ". It is disabled for the rest of the run");
  } else if (instance.failures == 1) {
    warn(instance, what + ". Further failures are counted and reported at the end");
  }
}

void Failures::keep_disabled(Instance& instance) {
  instance.disabled = true;
  instance.attention = true;
}

void Failures::postpone() {
  postponed_ = std::current_exception();
}

void Failures::rethrow_postponed() {
  if (postponed_ == nullptr) return;
  breadcrumb.set({});
  std::rethrow_exception(std::exchange(postponed_, nullptr));
}

void Failures::report(const Instance& instance) const {
  if (instance.failures == 1)  // the warning of it has told the reason
    warn(instance, "failed once in this run");
  else if (instance.failures > 1)
    warn(instance, "failed " + std::to_string(instance.failures) +
                       " times in this run; first: " + instance.first_failure);
}

void Failures::warn(const Instance& instance, const std::string& text) const {
  if (messages_) messages_(Level::Warning, instance.name, text);
}

}  // namespace kairos::host
