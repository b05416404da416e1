// SPDX-License-Identifier: MIT
// Options, and the comparison of metrics.
#include <kairos/testing.hpp>

#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <limits>
#include <string>

namespace {

using kairos::Direction;
using kairos::testing::callback;
using kairos::testing::Host;
using kairos::testing::Instance;
using kairos::testing::Outcome;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinite = std::numeric_limits<double>::infinity();

struct Reader : kairos::Callback<Reader> {
  static constexpr auto id = "test.Reader";
  kairos::Option<bool> flag{this, "flag", true, "bool"};
  kairos::Option<int> count{this, "count", 7, "int"};
  kairos::Option<double> rate{this, "rate", 2, "float"};
  kairos::Option<double> limit{this, "limit", kairos::unset, "float"};
  kairos::Option<std::string_view> text{this, "text", "words", "string"};
  kairos::Option<kairos::Choice> mode{this, "mode", "auto", "enum", kairos::choices("auto,min,max")};
  kairos::Option<kairos::Duration> pause{this, "pause", std::chrono::minutes(2), "duration"};
  kairos::Option<kairos::Metric> monitor{this, "monitor", "val_loss", "metric"};
  kairos::State<double> best{this, "best", kairos::unset};
  bool better = false;
  Direction direction = Direction::Unknown;

  void on_epoch_begin(kairos::Epoch& epoch) { direction = monitor.direction(epoch, mode); }
  void on_epoch_end(kairos::Epoch& epoch) { better = monitor.improved(epoch, best, 0.5); }
};

}  // namespace

TEST_CASE("is_better is strict, uses |min_delta|, and NaN never wins and is always beaten", "[sdk][option]") {
  const struct {
    Direction direction;
    double value, best, min_delta;
    bool better;
    const char* why;
  } table[] = {
      {Direction::Min, 1.0, 2.0, 0.0, true, "smaller is better"},
      {Direction::Min, 2.0, 1.0, 0.0, false, "larger is worse"},
      {Direction::Min, 1.0, 1.0, 0.0, false, "equal is not better"},
      {Direction::Min, 0.5, 1.0, 0.5, false, "exactly min_delta is not enough"},
      {Direction::Min, 0.25, 1.0, 0.5, true, "more than min_delta is"},
      {Direction::Min, 0.25, 1.0, -0.5, true, "the sign of min_delta does not count"},
      {Direction::Min, 0.75, 1.0, -0.5, false, "the sign of min_delta does not count"},
      {Direction::Min, 0.7, 0.8, 0.1, false, "0.8 - 0.1 is 0.7, whatever the last bit of a double says"},
      {Direction::Max, 2.0, 1.0, 0.0, true, "larger is better"},
      {Direction::Max, 1.0, 1.0, 0.0, false, "equal is not better"},
      {Direction::Max, 1.5, 1.0, 0.5, false, "exactly min_delta is not enough"},
      {Direction::Max, 1.75, 1.0, 0.5, true, "more than min_delta is"},
      {Direction::Unknown, 1.0, 2.0, 0.0, true, "without a direction smaller is better"},
      {Direction::Min, not_a_number, 1.0, 0.0, false, "NaN never improves"},
      {Direction::Max, not_a_number, 1.0, 0.0, false, "NaN never improves"},
      {Direction::Min, not_a_number, not_a_number, 0.0, false, "NaN does not even set an unset best"},
      {Direction::Min, 5.0, not_a_number, 0.0, true, "the first finite value sets the best"},
      {Direction::Max, 5.0, not_a_number, 9.0, true,
       "the first finite value sets the best, whatever min_delta is"},
      {Direction::Min, infinite, not_a_number, 0.0, false, "infinity does not set the best"},
      {Direction::Max, -infinite, not_a_number, 0.0, false, "infinity does not set the best"},
      {Direction::Min, 1.0, infinite, 0.0, true, "anything finite beats infinity"},
      {Direction::Max, infinite, 1.0, 0.0, true, "a metric may reach infinity"},
      {Direction::Min, infinite, infinite, 0.0, false, "equal is not better"},
  };
  for (const auto& row : table) {
    INFO(row.why << ": " << row.value << " against " << row.best);
    CHECK(kairos::is_better(row.direction, row.value, row.best, row.min_delta) == row.better);
  }
}

TEST_CASE("Options have their defaults, or the values of the user", "[sdk][option]") {
  Host host;
  SECTION("defaults") {
    Instance instance(host, callback<Reader>());
    REQUIRE(instance.create().status == KAIROS_OK);
    const auto& reader = *static_cast<const Reader*>(instance.self());
    CHECK(reader.flag);
    CHECK(reader.count == 7);
    CHECK(reader.rate == 2.0);
    CHECK_FALSE(reader.limit.is_set());
    CHECK(std::isnan(reader.limit.value()));
    CHECK(reader.text == "words");
    CHECK(reader.mode != "min");
    CHECK(reader.pause.value() == std::chrono::seconds(120));
    CHECK(reader.monitor.key() == "val_loss");
  }
  SECTION("set") {
    Instance instance(host, callback<Reader>(),
                      {{"flag", false},
                       {"count", std::numeric_limits<std::int64_t>::max()},
                       {"limit", -1.5},
                       {"text", ""}});
    REQUIRE(instance.create().status == KAIROS_OK);
    const auto& reader = *static_cast<const Reader*>(instance.self());
    CHECK_FALSE(reader.flag);
    CHECK(reader.count == std::numeric_limits<std::int64_t>::max());
    CHECK(reader.limit == -1.5);
    CHECK(reader.text.value().empty());
  }
}

TEST_CASE("create fails if the host has no value for an option", "[sdk][option]") {
  Host host;
  Instance instance(host, callback<Reader>());
  host.fail("host.option", KAIROS_E_RANGE, "", 1);
  const Outcome made = instance.create();
  CHECK(made.status == KAIROS_E_INTERNAL);
  CHECK(made.reason == "the host gave no value for option flag");
  CHECK(instance.self() == nullptr);
}

TEST_CASE("Option<Metric> uses the metric's direction for mode=auto, and fails if there is none",
          "[sdk][option]") {
  const struct {
    const char* mode;
    Direction declared;
    Direction direction;
  } table[] = {{"auto", Direction::Min, Direction::Min},
               {"auto", Direction::Max, Direction::Max},
               {"min", Direction::Max, Direction::Min},
               {"max", Direction::Min, Direction::Max},
               {"min", Direction::Unknown, Direction::Min}};
  for (const auto& row : table) {
    Host host;
    host.log("loss", 1.0);
    host.log("val_loss", 1.0, row.declared);
    Instance instance(host, callback<Reader>(), {{"mode", row.mode}});
    REQUIRE(instance.create().status == KAIROS_OK);
    CHECK(instance.on_epoch_begin().status == KAIROS_OK);
    CHECK(static_cast<const Reader*>(instance.self())->direction == row.direction);
  }
  Host host;
  host.log("val_loss", 1.0, Direction::Unknown);
  Instance instance(host, callback<Reader>());
  REQUIRE(instance.create().status == KAIROS_OK);
  const Outcome refused = instance.on_epoch_begin();
  CHECK(refused.status == KAIROS_E_INVALID);
  CHECK(refused.reason ==
        "mode=auto needs a metric that declares a direction, and \"val_loss\" declares none. Set mode=min or "
        "mode=max");
}

TEST_CASE("Option<Metric> improves only where its value is available, and updates the best",
          "[sdk][option]") {
  Host host;
  host.log("val_loss", std::nullopt);
  Instance instance(host, callback<Reader>());
  REQUIRE(instance.create().status == KAIROS_OK);
  const auto& reader = *static_cast<const Reader*>(instance.self());
  const struct {
    std::optional<double> value;
    bool better;
    double best;
  } epochs[] = {{std::nullopt, false, not_a_number},
                {not_a_number, false, not_a_number},
                {4.0, true, 4.0},
                {3.5, false, 4.0},
                {3.25, true, 3.25},
                {std::nullopt, false, 3.25}};
  for (const auto& epoch : epochs) {
    host.log("val_loss", epoch.value);
    REQUIRE(instance.on_epoch_end().status == KAIROS_OK);
    CHECK(reader.better == epoch.better);
    if (std::isnan(epoch.best))
      CHECK(std::isnan(reader.best.value()));
    else
      CHECK(reader.best.value() == epoch.best);
  }
}

namespace {

struct Lister : kairos::Callback<Lister> {
  static constexpr auto id = "test.Lister";
  kairos::Option<kairos::List<double>> rates{this, "rates", "0.5,0.25", "floats", kairos::above(0)};
  kairos::Option<kairos::List<bool>> flags{this, "flags", kairos::unset, "bools"};
  kairos::Option<kairos::List<std::string_view>> names{this, "names", "a", "texts"};

  void on_epoch_end(kairos::Epoch& epoch) {
    double sum = 0;
    for (const double rate : rates.values()) sum += rate;
    std::string text = std::to_string(sum) + (flags.empty() ? " none" : flags[1] ? " true" : " false");
    for (const std::string_view name : names.values()) text += " " + std::string(name);
    epoch.print(text + (rates.is_given() ? " given" : ""));
    if (sum > 2) static_cast<void>(rates[7]);
  }
};

}  // namespace

TEST_CASE("A list option has its items, and knows whether it was set", "[sdk][option]") {
  using kairos::testing::Fit;
  Fit fit(callback<Lister>());
  fit.epoch();
  CHECK(fit.host().printed("0.750000 none a"));
  Fit given(callback<Lister>(), {{"rates", "1,2,3"}, {"flags", "true,false"}, {"names", "x,y"}});
  CHECK_THROWS_WITH(given.epoch(), Catch::Contains("the host did not answer about option rates"));
  CHECK(given.host().printed("6.000000 false x y given"));
  CHECK_THROWS_WITH(Fit(callback<Lister>(), {{"rates", "1,0"}}),
                    "option rates: found 0.000000; expected a value within the bounds");
  CHECK_THROWS_WITH(Fit(callback<Lister>(), {{"rates", "1,x"}}),
                    "option rates: found \"x\"; expected an item of the type float");
}
