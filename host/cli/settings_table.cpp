// SPDX-License-Identifier: MIT
// The settings of fit, evaluate and predict.
#include <initializer_list>

#include "cli/settings.hpp"

namespace kairos::host::cli {

namespace {

void append(std::vector<Setting>& to, std::initializer_list<Setting> more) {
  to.insert(to.end(), more);
}

Setting strict_setting() {
  return {"strict",
          "",
          Kind::Switch,
          "",
          "",
          "reject a Keras file with arguments unknown to this version even where they are false, 0 or empty"};
}

void append_model(std::vector<Setting>& to) {
  append(to,
         {
             {"model", "", Kind::Text, "", "MODEL",
              "Keras JSON (.json), a Keras file (.keras, .h5), or a shorthand: \"dense(64,relu) "
              "dense(10,softmax)\""},
             {"weights", "", Kind::Text, "", "FILE",
              "start from these weights (.npz in get_weights() order, .h5, .weights.h5, .keras)"},
             strict_setting(),
             {"seed", "", Kind::Int, "0", "N", "fixes initial weights, dropout and the order of samples"},
             {"precision", "", Kind::Text, "float32", "float32|bf16",
              "of what dense layers and convolutions multiply; bf16 rounds the factors to bfloat16, keeps "
              "weights and sums in float32, and wants a processor with AVX512_BF16 or AMX"},
         });
}

void append_compile(std::vector<Setting>& to) {
  append(
      to,
      {
          {"loss", "", Kind::ByOutput, "", "[OUTPUT=]NAME",
           "for all outputs, or one flag for each: mse, mae, mape, msle, huber(delta=1), log_cosh, poisson, "
           "binary_crossentropy, "
           "categorical_crossentropy, sparse_categorical_crossentropy, hinge, squared_hinge, "
           "categorical_hinge, kl_divergence, "
           "cosine_similarity; crossentropies take from_logits and label_smoothing"},
          {"loss_weight", "loss_weights", Kind::ByOutput, "", "[OUTPUT=]NUMBER",
           "what the loss of an output counts in the total; default: 1"},
          {"metrics", "", Kind::ListByOutput, "", "[OUTPUT=]NAME,…",
           "accuracy, top_k_categorical_accuracy(k=3), precision, recall, f1_score, auc(num_thresholds=200), "
           "rmse, "
           "r2_score, crossentropy, or any loss"},
          {"weighted_metrics", "", Kind::ListByOutput, "", "[OUTPUT=]NAME,…",
           "metrics that sample weights weigh"},
          {"loss_reduction", "", Kind::Text, "", "NAME",
           "sum, mean_with_sample_weight or sum_over_batch_size, of losses that name none; default: the "
           "last"},
      });
}

void append_data(std::vector<Setting>& to) {
  append(
      to,
      {
          {"data", "", Kind::Text, "", "FILE",
           ".csv, .npy, .npz (arrays x, y, sample_weight, x_val, y_val), IDX "
           "(train-images-idx3-ubyte.gz), an HDF5 array (file.h5:/path), or a directory with a "
           "sub-directory of "
           "PNG and JPEG pictures for each class"},
          {"input", "", Kind::Named, "", "NAME=COLUMN,…|FILE",
           "one flag for each of the model's inputs: columns of the CSV that --data names, or in place of "
           "--data an .npy, .csv, IDX or HDF5 file"},
          {"target", "", Kind::Named, "", "[NAME=]COLUMN|FILE",
           "column of a CSV by name or index (-1: the last), an array of an .npz, or an .npy, .csv, IDX "
           "or HDF5 file; NAME is an output, one flag for each; predict sets it aside, where it is there"},
          {"sample_weight", "", Kind::Named, "", "[NAME=]COLUMN|FILE",
           "weight of each sample or timestep, for all outputs or by output"},
          {"header", "", Kind::Text, "detect", "detect|true|false",
           "whether the first line of a CSV names the columns"},
          {"delimiter", "", Kind::Text, "", "C", "of a CSV; default: a comma, for .tsv a tab"},
          {"encoding", "", Kind::Text, "utf-8", "utf-8|latin1|cp1252",
           "of labels and names of columns in a CSV, and of the names of class directories"},
          {"image_size", "", Kind::Text, "", "HxW",
           "pictures are resized to it; default: what the model takes"},
          {"color_mode", "", Kind::Text, "", "rgb|grayscale",
           "values of a pixel; default: what the model takes, else rgb"},
          {"class_names", "", Kind::Text, "", "FILE",
           "class_names.json of an earlier run: what number each label in words has; default: sorted order"},
          {"stream", "", Kind::Text, "false", "false|true",
           "read the data while it is used, for files larger than memory: .csv, .npy, IDX, HDF5 arrays, "
           "directories of pictures"},
          {"buffer_size", "", Kind::Int, "", "MB", "of batches that a stream reads ahead; 64 without it"},
          {"batch_size", "", Kind::Int, "32", "N", "samples in a batch"},
      });
}

void append_plugins(std::vector<Setting>& to) {
  append(to, {
                 {"plugin", "plugins,callbacks", Kind::Items, "", "SPEC",
                  "ID[@instance][:key=value,…], ID(key=value,…), or FILE.so[#ID] for ID; may be repeated"},
                 {"plugin_dir", "plugin_dirs", Kind::Items, "", "DIR",
                  "search this directory before KAIROS_PLUGIN_PATH and the installed one"},
                 {"run_dir", "", Kind::Text, "", "DIR",
                  "relative output paths of plugins, the effective configuration and the history go there"},
             });
}

void append_general(std::vector<Setting>& to) {
  append(to, {
                 {"config", "", Kind::Text, "", "RUN.json",
                  "settings from a file, with a key for each flag; flags win"},
                 {"print_config", "", Kind::Switch, "", "", "print the effective configuration and end"},
                 {"help", "", Kind::Switch, "", "", "print this and end"},
             });
}

}  // namespace

std::vector<Setting> fit_settings() {
  std::vector<Setting> all;
  append_model(all);
  append(
      all,
      {{"optimizer", "", Kind::Text, "", "TEXT",
        "SGD(learning_rate=0.1,momentum=0.9), adam, adamw, rmsprop, adagrad, adadelta, adamax, nadam; "
        "Adam(learning_rate=CosineDecay(0.1,decay_steps=1000)); default: that of the model's file with its "
        "state, else rmsprop"}});
  append_compile(all);
  append_data(all);
  append(
      all,
      {
          {"epochs", "nb_epoch", Kind::Int, "1", "N",
           "number of the last epoch, counted from 1; not how many more than --initial-epoch"},
          {"initial_epoch", "", Kind::Int, "0", "N", "index of the first epoch"},
          {"verbose", "", Kind::Text, "1", "0|1|2", "0 silent, 1 progress bar, 2 one line per epoch"},
          {"validation_split", "", Kind::Number, "", "SHARE",
           "this share of the samples is held out to validate on, before any shuffle"},
          {"split", "", Kind::Text, "last", "last|shuffled|stratified",
           "which samples --validation-split holds out: the last ones, any, or the same share of each class"},
          {"validation_data", "", Kind::Text, "", "FILE",
           "samples to validate on; wins over --validation-split"},
          {"validation_input", "", Kind::Named, "", "NAME=COLUMN,…|FILE",
           "as --input; left out, the columns or arrays that --input names"},
          {"validation_target", "", Kind::Named, "", "[NAME=]COLUMN|FILE",
           "as --target; left out, the column or array that --target names"},
          {"validation_sample_weight", "", Kind::Named, "", "[NAME=]COLUMN|FILE",
           "as --sample-weight; left out, the column or array that --sample-weight names"},
          {"validation_freq", "", Kind::Text, "1", "N|A,B,…",
           "validate every N epochs, or after the epochs A, B, … (from 1)"},
          {"validation_batch_size", "", Kind::Int, "0", "N",
           "samples in a validation batch; 0: --batch-size"},
          {"validation_steps", "", Kind::Int, "0", "N", "batches of a validation; 0: all"},
          {"shuffle", "", Kind::Text, "true", "true|false|batch",
           "order of samples in each epoch; batch: whole batches change places"},
          {"shuffle_window", "", Kind::Int, "0", "N",
           "samples of a stream that each next one is drawn from; 0: all, in the order as without --stream"},
          {"class_weight", "", Kind::Text, "", "CLASS=WEIGHT,…",
           "weight of each class in training, by its number or its name: 0=1,1=5 or cat=2,dog=0.5"},
          {"callback_state", "", Kind::Text, "", "FILE",
           "go on with what the callbacks of an earlier run remember (callback_state in its run directory)"},
          {"steps_per_epoch", "", Kind::Int, "0", "N",
           "batches in an epoch; 0: all. The next epoch goes on where one stopped"},
          {"save_model", "", Kind::Text, "", "FILE",
           "write the model and its optimizer's state at the end (.keras, .h5)"},
          {"save_weights", "", Kind::Text, "", "FILE",
           "write the weights at the end (.npz, .h5, .weights.h5)"},
          {"history", "", Kind::Text, "", "FILE",
           "write the History (.json, .csv, or .txt as Python prints it)"},
      });
  append_plugins(all);
  append(all, {{"explain_order", "", Kind::Switch, "", "", "print in which order callbacks run, and end"}});
  append_general(all);
  return all;
}

std::vector<Setting> evaluate_settings() {
  std::vector<Setting> all;
  append_model(all);
  append_compile(all);
  append_data(all);
  append(all,
         {{"steps", "", Kind::Int, "0", "N", "batches to evaluate; 0: all"},
          {"json", "", Kind::Switch, "", "",
           "print the result as JSON; NaN and infinity are the texts \"NaN\", \"Infinity\", \"-Infinity\""}});
  append_plugins(all);
  append_general(all);
  return all;
}

std::vector<Setting> predict_settings() {
  std::vector<Setting> all;
  append_model(all);
  append_data(all);
  append(all, {{"out", "", Kind::Text, "", "FILE",
                "where to write the predictions: .npy, .csv (of pictures with the file of each; with "
                "--class-names: a column for each class and "
                "the name of "
                "the class), or .npz for several outputs"},
               {"steps", "", Kind::Int, "0", "N", "batches to predict; 0: all"}});
  append_plugins(all);
  append_general(all);
  return all;
}

namespace {

void append_search(std::vector<Setting>& to) {
  append(to, {{"plugin_dir", "plugin_dirs", Kind::Items, "", "DIR",
               "search this directory before KAIROS_PLUGIN_PATH and the installed one"}});
}

void append_help(std::vector<Setting>& to) {
  append(to, {{"help", "", Kind::Switch, "", "", "print this and end"}});
}

}  // namespace

std::vector<Setting> plugins_list_settings() {
  std::vector<Setting> all;
  append(all, {{"json", "", Kind::Switch, "", "", "print everything that the manifests say, as JSON"},
               {"markdown", "", Kind::Switch, "", "", "print the callbacks as a Markdown table"}});
  append_search(all);
  append_help(all);
  return all;
}

std::vector<Setting> plugins_inspect_settings() {
  std::vector<Setting> all;
  append(all, {{"json", "", Kind::Switch, "", "", "print it as JSON"}});
  append_search(all);
  append_help(all);
  return all;
}

std::vector<Setting> replay_settings() {
  std::vector<Setting> all;
  append(all, {
                  {"logs", "", Kind::Text, "", "FILE",
                   "logs of each epoch: a History (.json), or a .csv with a column for each key"},
                  {"plugin", "plugins,callbacks", Kind::Items, "", "SPEC",
                   "with --logs: ID[@instance][:key=value,…] or FILE.so[#ID]; may be repeated"},
                  {"lr", "learning_rate", Kind::Number, "", "RATE",
                   "learning rate at the start; default: learning_rate in the logs, else 0.001"},
                  {"out", "", Kind::Text, "", "DIR",
                   "keep there what callbacks write; default: a directory that is removed at the end"},
              });
  append_search(all);
  append_help(all);
  return all;
}

std::vector<Setting> summary_settings() {
  std::vector<Setting> all;
  append(all, {strict_setting()});
  append_help(all);
  return all;
}

std::vector<Setting> convert_settings() {
  std::vector<Setting> all;
  append(all,
         {{"model", "", Kind::Text, "", "MODEL",
           "the architecture, where IN holds weights only: Keras JSON, a Keras file or a shorthand"},
          {"weights_only", "", Kind::Switch, "", "", "write weights, where OUT could hold a whole model"},
          {"drop_training", "", Kind::Switch, "", "", "leave loss, metrics and optimizer out"},
          strict_setting()});
  append_help(all);
  return all;
}

}  // namespace kairos::host::cli
