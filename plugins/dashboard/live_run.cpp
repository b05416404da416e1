// SPDX-License-Identifier: MIT
// Pages are made on the thread of the server, only when somebody looks, and once for all who look.
#include "live_run.hpp"

#include <algorithm>
#include <cmath>
#include <kairos/plugin.hpp>
#include <string_view>
#include <utility>

#include "../common/json_text.hpp"
#include "script.hpp"

namespace kairos::plugins {

namespace {

constexpr std::size_t most_lines = 200;

HttpResponse not_found() {
  HttpResponse response;
  response.status = 404;
  response.body = "nothing is here\n";
  return response;
}

/// Seconds that the rest takes at the speed of the epochs so far; NaN if none has ended.
double seconds_left(const RunPage& page, double epochs_left) {
  const EpochRows rows = page.table();
  constexpr std::size_t looked_at = 10;
  double seconds = 0;
  const std::size_t count = std::min(rows.count(), looked_at);
  for (std::size_t i = rows.count() - count; i < rows.count(); ++i) seconds += rows.at(i, 1);
  return seconds / static_cast<double>(count) * epochs_left;
}

}  // namespace

void LiveRun::begin(std::int64_t first, std::int64_t epochs) {
  first_ = first;
  epochs_ = epochs;
  epoch = first;
}

void LiveRun::show(RunPage page) {
  auto next = std::make_shared<const RunPage>(std::move(page));
  const std::lock_guard lock(mutex_);
  page_.swap(next);
  ++version_;
}

void LiveRun::set_line(std::string line) {
  const std::lock_guard lock(mutex_);
  line_.swap(line);
}

void LiveRun::log(const std::string& line) {
  const std::lock_guard lock(mutex_);
  lines_.push_back(line);
  if (lines_.size() > most_lines) lines_.pop_front();
  ++version_;
}

HttpResponse LiveRun::answer(const HttpRequest& request) {
  if (request.method == "POST") {
    if (request.path != "/stop" || !controls) return not_found();
    stop_wanted = true;
    log("a stop was asked for in the browser");
    HttpResponse response;
    response.body = "the run stops after this batch\n";
    return response;
  }
  if (request.path == "/") return whole_page(request);
  if (request.path == "/main") return main_part();
  if (request.path == "/progress") return progress();
  return not_found();
}

HttpResponse LiveRun::whole_page(const HttpRequest& request) {
  const std::string nonce = random_token();
  HttpResponse response;
  response.type = "text/html; charset=utf-8";
  response.policy =
      "default-src 'none'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; script-src "
      "'nonce-" +
      nonce + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  std::shared_ptr<const RunPage> page;
  {
    const std::lock_guard lock(mutex_);
    page = page_;
  }
  const bool may_stop = controls && request.has_token;
  const std::string bar =
      "<div class=\"live\"><progress id=\"bar\" max=\"1\" value=\"0\"></progress>\n<p><span id=\"line\" "
      "class=\"soft\"></span></p>\n" +
      std::string(may_stop ? "<p><button id=\"stop\" type=\"button\">Stop the run</button></p>\n" : "") +
      "</div>\n";
  response.body = document_html(page->title, "", "<div id=\"content\">\n" + main_part().body + "</div>\n",
                                bar + "<script nonce=\"" + nonce + "\">" + page_script + "</script>\n");
  return response;
}

HttpResponse LiveRun::main_part() {
  std::shared_ptr<const RunPage> page;
  std::deque<std::string> lines;
  std::uint64_t version = 0;
  {
    const std::lock_guard lock(mutex_);
    page = page_;
    version = version_;
    if (version != made_version_) lines = lines_;
  }
  if (version != made_version_) {
    std::string text;
    for (const std::string& line : lines) text += svg::escaped(line) + "\n";
    made_ = main_html(*page);
    if (!text.empty())
      made_ +=
          detail::section_html("Log", "<div class=\"box\"><pre class=\"log\">" + text + "</pre></div>\n");
    made_version_ = version;
  }
  HttpResponse response;
  response.type = "text/html; charset=utf-8";
  response.body = made_;
  return response;
}

HttpResponse LiveRun::progress() {
  std::shared_ptr<const RunPage> page;
  std::string line;
  std::uint64_t version = 0;
  {
    const std::lock_guard lock(mutex_);
    page = page_;
    line = line_;
    version = version_;
  }
  const std::int64_t count = batches, epochs = epochs_, now = epoch;
  const double inside =
      count > 0 ? std::min(static_cast<double>(batch) / static_cast<double>(count), 1.0) : 0;
  const double done = std::min(static_cast<double>(now) + inside, static_cast<double>(epochs));
  const double share = epochs > 0 ? done / static_cast<double>(epochs) : 0;
  std::string text =
      epochs > 0 ? "epoch " + std::to_string(std::min(now + 1, epochs)) + " of " + std::to_string(epochs)
                 : std::string();
  if (epochs > 0 && count > 0)
    text += " · batch " + std::to_string(batch.load()) + " of " + std::to_string(count);
  const double left = seconds_left(*page, static_cast<double>(epochs) - done);
  if (page->result == "running" && std::isfinite(left) && epochs > 0)
    text += " · " + detail::duration_text(left) + " left";
  if (!line.empty()) text += " · " + line;
  HttpResponse response;
  response.type = "application/json";
  response.body = "{\"version\": " + std::to_string(version) + ", \"share\": " + json_number(share) +
                  ", \"line\": " + json_text(text) + ", \"result\": " + json_text(page->result) + "}\n";
  return response;
}

}  // namespace kairos::plugins
