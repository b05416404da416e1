// SPDX-License-Identifier: MIT
// Has a secret, and says who made it.
#include <kairos/plugin.hpp>
#include <string>

struct Confidant : kairos::Callback<Confidant> {
  static constexpr auto id = "com.example.Confidant";
  static constexpr auto phase = kairos::Phase::Report;
  kairos::Option<std::string_view> token{this, "token", kairos::required, "whom to trust", kairos::secret};
  kairos::Option<std::string_view> place{this, "place", "here", "where", kairos::voids_state};

  void on_epoch_end(kairos::Epoch& epoch) {
    epoch.print("token of " + std::to_string(token.value().size()) + ": " + std::string(token.value()));
  }
};

KAIROS_PLUGIN_ABOUT("1.0.0",
                    kairos::About()
                        .author("Jane Doe")
                        .license("MIT")
                        .url("https://example.com")
                        .description("Tells nothing.\033[31m")
                        .support("https://example.com/issues"),
                    Confidant)
