// SPDX-License-Identifier: MIT
// The files that TensorBoard's projector reads.
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include "plugins/tensorboard/event_directory.hpp"

using namespace kairos;
using namespace kairos::tests;

namespace {

using Catch::Matchers::Contains;

tb::ProjectorConfig projector_in(const fs::path& directory) {
  tb::ProjectorConfig config;
  REQUIRE(google::protobuf::TextFormat::ParseFromString(content_of(directory / "projector_config.pbtxt"),
                                                        &config));
  return config;
}

/// Reads vectors like the projector.
std::vector<std::vector<float>> tsv_in(const fs::path& file) {
  std::vector<std::vector<float>> rows;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    rows.emplace_back();
    for (std::size_t from = 0; from <= line.size();) {
      const std::size_t end = std::min(line.find('\t', from), line.size());
      std::size_t used = 0;
      rows.back().push_back(std::stof(line.substr(from, end - from), &used));
      REQUIRE(used == end - from);
      from = end + 1;
    }
  }
  return rows;
}

}  // namespace

TEST_CASE("TensorBoard writes embeddings in the projector's format", "[plugins]") {
  const TemporaryDirectory directory;
  const fs::path labels = directory.put("labels.tsv", "word\tcount\nthe\t3\na\t2\nkairos\t1\n");
  Driver run(text_plan(directory, "embeddings_freq=2,embeddings_layer_names=emb,embeddings_metadata='emb=" +
                                      labels.string() + "'"));
  run.begin();
  CHECK_FALSE(fs::exists(directory / "logs/projector_config.pbtxt"));
  run.epoch(epochs_of(1)[0]);
  const fs::path logs = directory / "logs";
  const tb::ProjectorConfig config = projector_in(logs);
  REQUIRE(config.embeddings_size() == 1);
  const tb::EmbeddingInfo info = config.embeddings(0);
  CHECK(info.tensor_name() == "emb/embeddings");
  CHECK(std::vector<int>{info.tensor_shape().begin(), info.tensor_shape().end()} == std::vector<int>{3, 2});
  CHECK(content_of(logs / info.metadata_path()) == content_of(labels));
  const auto rows = tsv_in(logs / info.tensor_path());
  REQUIRE(rows.size() == 3);
  CHECK(rows[0] == std::vector<float>{0, .5F});
  CHECK(rows[1] == std::vector<float>{-1, 1e-7F});
  CHECK(std::isnan(rows[2][0]));
  CHECK(rows[2][1] == 3e8F);

  run.target.weights[0].values[0] = 9;
  run.epoch(epochs_of(1)[0]);
  CHECK(tsv_in(logs / info.tensor_path())[0][0] == 0);
  run.epoch(epochs_of(1)[0]);
  CHECK(tsv_in(logs / info.tensor_path())[0][0] == 9);
  run.end();
  for (const fs::path& file : files_in(logs)) CHECK(file.string().find(".tmp") == std::string::npos);
}

TEST_CASE("TensorBoard writes all embeddings if none is named", "[plugins]") {
  const TemporaryDirectory directory;
  const fs::path three = directory.put("three", "the\na\nkairos");
  const fs::path two = directory.put("two \"quoted\".tsv", "x\ny\n");
  Driver(text_plan(directory, "embeddings_freq=1,embeddings_metadata='" + three.string() +
                                  ",emb_1=" + two.string() + "'"))
      .fit(epochs_of(1));
  const tb::ProjectorConfig config = projector_in(directory / "logs");
  REQUIRE(config.embeddings_size() == 2);
  CHECK(config.embeddings(1).tensor_name() == "emb_1/embeddings");
  CHECK(content_of(directory / "logs" / config.embeddings(0).metadata_path()) == "the\na\nkairos");
  CHECK(content_of(directory / "logs" / config.embeddings(1).metadata_path()) == "x\ny\n");
  CHECK(tsv_in(directory / "logs" / config.embeddings(1).tensor_path()) ==
        std::vector<std::vector<float>>{{1, 2}, {3, 4}});

  Driver(text_plan(directory, "embeddings_freq=1")).fit(epochs_of(1));
  CHECK(projector_in(directory / "logs").embeddings(0).metadata_path().empty());
}

TEST_CASE("TensorBoard rejects embeddings that the projector could not show", "[plugins]") {
  const TemporaryDirectory directory;
  static_cast<void>(directory.put("two", "a\nb\n"));
  static_cast<void>(directory.put("headless", "the\t3\na\t2\nkairos\t1\n"));
  static_cast<void>(directory.put("gap", "the\n\nkairos\n"));
  struct Case {
    std::string options;
    std::string sentence;
  };
  const std::string in = directory.path().string() + "/";
  const Case table[] = {
      {"embeddings_layer_names=emb_2",
       "embeddings_layer_names names \"emb_2\", which is not an Embedding layer of this model; expected one "
       "of "
       "emb and emb_1. Name one of them, or omit the option"},
      {"embeddings_layer_names=out", "names \"out\", which is not an Embedding layer"},
      {"embeddings_layer_names='emb,'", "names \"\", which is not an Embedding layer"},
      {"embeddings_metadata=out=" + in + "two",
       "embeddings_metadata names \"out\", which is not an Embedding layer"},
      {"embeddings_metadata='emb='", "expected one file for all layers, or layer=file for each"},
      {"embeddings_metadata='" + in + "two,two'", "expected one file for all layers, or layer=file for each"},
      {"embeddings_metadata=" + in + "none", "none\" is not a readable file. Name an existing file"},
      {"embeddings_metadata=" + directory.path().string(), "is not a readable file"},
      {"embeddings_metadata=" + in + "two",
       "two\" has 2 labels, and the layer \"emb\" has 3 rows. Give each row one label; only a file with "
       "several "
       "columns has a header"},
      {"embeddings_metadata=" + in + "headless",
       "has 2 labels below its header, and the layer \"emb\" has 3 rows"},
      {"embeddings_metadata=" + in + "gap", "gap\" has an empty line 2"},
      {"embeddings_freq=-1", "embeddings_freq"},
  };
  for (const Case& row : table) {
    CAPTURE(row.options);
    const bool has_freq = row.options.rfind("embeddings_freq", 0) == 0;
    CHECK_THAT(refusal_of(text_plan(directory, (has_freq ? "" : "embeddings_freq=1,") + row.options)),
               Contains(row.sentence));
  }
  CHECK_FALSE(fs::exists(directory / "logs"));
}
