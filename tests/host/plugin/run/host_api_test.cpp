// SPDX-License-Identifier: MIT
// What the host answers to plugins: who is to blame, what is lent when, and how a run ended.
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "host/error_text.hpp"
#include "host/plugin/rig.hpp"
#include "host/temporary_directory.hpp"
#include "kairos/abi.h"
#include "kairos/host/error.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;

namespace {

/// Has tensors of a batch at any time, as a model has that remembers its last one.
class BatchTarget : public StubTarget {
 public:
  using StubTarget::StubTarget;
  std::span<const TensorRef> tensors(Role role) override {
    if (role == Role::Input || role == Role::Target || role == Role::Output) return batch_;
    return StubTarget::tensors(role);
  }
  void load_weights(const std::filesystem::path& file) override {
    throw Error(ErrorKind::Model, {"KAIROS-M091", file.string(), "the weights do not fit", "", "", ""});
  }

 private:
  std::vector<TensorRef> batch_{{"batch", {1}, &weight, false}};
};

}  // namespace

TEST_CASE("A failure in on_checkpoint_saved is that of the listener, not of the saver", "[host][plugin]") {
  TemporaryDirectory dir;
  Rig rig({"Saver:on_error=fatal,file=" + (dir / "w.h5").string(),
           "Saver@listener:on_error=fatal,on_saved=throw,file=" + (dir / "v.h5").string()});
  const std::string error = error_of([&] { return rig.epoch(0, 1.0), 0; });
  CHECK_THAT(error, Contains("KAIROS-C001: listener (") &&
                        Contains("on_checkpoint_saved failed in epoch 1: nobody can be told"));
  CHECK(std::filesystem::exists(dir / "w.h5"));
}

TEST_CASE("A listener whose failure is only counted leaves the saver and the others alone",
          "[host][plugin]") {
  TemporaryDirectory dir;
  Rig rig({"Saver:file=" + (dir / "w.h5").string(),
           "Saver@listener:on_error=warn,on_saved=throw,file=" + (dir / "v.h5").string()});
  rig.epoch(0, 1.0);
  REQUIRE(rig.warnings.size() == 1);
  CHECK_THAT(rig.warnings[0], Contains("listener: on_checkpoint_saved failed"));
}

TEST_CASE("Saving inside on_checkpoint_saved is refused, so that savers cannot call each other for ever",
          "[host][plugin]") {
  TemporaryDirectory dir;
  Rig rig({"Saver:file=" + (dir / "w.h5").string(),
           "Saver@echo:on_saved=save,on_error=fatal,file=" + (dir / "v.h5").string(),
           "Saver@again:on_saved=save,on_error=fatal,file=" + (dir / "u.h5").string()});
  CHECK_THAT(error_of([&] { return rig.epoch(0, 1.0), 0; }),
             Contains("echo") && Contains("nothing can be saved in on_checkpoint_saved"));
  CHECK_FALSE(std::filesystem::exists(dir / "v.h5"));
}

TEST_CASE("Tensors of the batch are lent behind its pass only, and a prediction has no targets",
          "[host][plugin]") {
  TemporaryDirectory dir;
  RigOf<BatchTarget> rig({"Peeker:file=" + (dir / "seen").string()});
  rig.epoch(0, 1.0);
  LogValues logs{1.0};
  rig.callbacks->train_end(RunEnd::Completed);
  rig.callbacks->test_begin(1);
  rig.callbacks->test_batch_begin(0, 1);
  rig.callbacks->test_batch_end(logs);
  rig.callbacks->test_end(logs);
  rig.callbacks->predict_begin();
  rig.callbacks->predict_batch_begin(0, 1);
  rig.callbacks->predict_batch_end();
  CHECK(content_of(dir / "seen") ==
        "on_epoch_begin 0 0 0 generation 1\n"
        "on_train_batch_begin 0 0 0 generation 1\n"
        "on_backward_end 1 1 1 generation 1\n"
        "on_train_batch_end 1 1 1 generation 2\n"
        "on_epoch_end 0 0 0 generation 2\n"
        "on_test_batch_begin 0 0 0 generation 2\n"
        "on_test_batch_end 1 1 1 generation 3\n"
        "on_predict_batch_end 1 0 1 generation 4\n");
}

TEST_CASE("The state of an instance that was disabled is carried on as it was loaded", "[host][plugin]") {
  Rig first({"Faltering"});
  first.epoch(0, 1.0);
  first.epoch(1, 1.0);
  Rig second({"Faltering:fails=true"}, first.callbacks->save_state());
  second.epoch(2, 1.0);
  Rig third({"Faltering"}, second.callbacks->save_state());
  third.epoch(3, 1.0);
  CHECK(third.published("calls") == 3.0);
}

TEST_CASE("Weights of another model are unusable data, and a formula without a value is invalid",
          "[host][plugin]") {
  const auto [what, status] =
      GENERATE(table<std::string, kairos_status>({{"load", KAIROS_E_DATA}, {"formula", KAIROS_E_INVALID}}));
  RigOf<BatchTarget> rig({"Asker:on_error=fatal,what=" + what});
  CHECK_THAT(error_of([&] { return rig.epoch(0, 1.0), 0; }), Contains("status " + std::to_string(status)));
}

TEST_CASE("A thread that a plugin leaves behind uses the host after the run without harm", "[host][plugin]") {
  const TemporaryDirectory dir;
  const std::filesystem::path report = dir / "report";
  {
    Rig rig({"Latecomer:report=" + report.string()});
    rig.epoch(0, 1.0);
    rig.callbacks->train_end(RunEnd::Completed);
    rig.callbacks->finish(RunEnd::Completed);
  }
  std::string answers;
  for (int i = 0; i < 500 && answers.empty(); ++i) {
    Rig({"Teller"}).epoch(i, 1.0);  // other runs go on meanwhile
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    std::ifstream(report) >> answers;
  }
  CHECK(answers == "30");  // ten times option, submit and drain
}

TEST_CASE("The optimizer is not read from another thread than the one that trains", "[host][plugin]") {
  Rig rig({"Asker:what=thread"});
  rig.epoch(0, 1.0);
  REQUIRE(rig.warnings.size() == 1);
  CHECK_THAT(rig.warnings[0], Contains("status " + std::to_string(KAIROS_E_STATE)));
}

TEST_CASE("The end of a run carries the reason of a fault and of an interruption", "[host][plugin]") {
  Rig fault({"Teller"});
  fault.callbacks->fault("", "", "the disk is full");
  fault.callbacks->finish(RunEnd::Fault);
  CHECK(fault.warnings == std::vector<std::string>{"Teller: ended: the disk is full"});
  Rig interrupted({"Teller"});
  interrupted.callbacks->interrupt(2);
  interrupted.callbacks->finish(RunEnd::Interrupted);
  CHECK(interrupted.warnings == std::vector<std::string>{"Teller: ended: signal 2"});
}

TEST_CASE("A batch tells how many its own epoch has", "[host][plugin]") {
  Rig rig({"Teller"});
  rig.callbacks->epoch_begin(0, 2);
  rig.callbacks->train_batch_begin(0, 1);
  CHECK(rig.warnings == std::vector<std::string>{"Teller: batch of 2"});
}
