// SPDX-License-Identifier: MIT
// The rows. RUN.json and --help list the settings in this order.
#include "cli/settings_table.hpp"

#include <algorithm>
#include <limits>

namespace kairos::host::cli {

namespace {

constexpr Commands fit = Command::Fit;
constexpr Commands evaluate = Command::Evaluate;
constexpr Commands predict = Command::Predict;
constexpr Commands losses = fit | evaluate;
constexpr Commands runs = fit | evaluate | predict;
constexpr Commands lists = Commands(Command::PluginsList) | Command::PluginsInspect;
constexpr Commands check = Command::PluginsCheck;
constexpr Commands replay = Command::Replay;
constexpr Commands summary = Command::Summary;
constexpr Commands convert = Command::Convert;
constexpr Commands explain = Command::Explain;
constexpr Commands plot = Command::Plot;
constexpr Commands records = Commands(Command::RunsList) | Command::RunsCompare;

constexpr Bounds any_weight{.min = 0, .max = std::numeric_limits<float>::max()};
constexpr Bounds buffer_megabytes{.min = 1, .max = 1 << 30};
constexpr Bounds from_zero{.min = 0};
constexpr Bounds from_one{.min = 1};
constexpr Bounds positive_seconds{.min = 1};
constexpr Bounds share{.min = 0, .max = 1, .excluded = true};

// The library checks the names of precisions, reductions and encodings, because it accepts other spellings
// too. One designator per line would hide the table.
// clang-format off
constexpr Setting table[] = {
    // ---------------------------------------------------------------- model
    {.key = "model", .commands = check, .group = Group::Model, .value = "MODEL",
     .initial = "flatten() dense(4,relu) dense(3,softmax)",
     .help = "shorthand of a model with three classes as its output; inputs have the shape 1,2,1"},
    {.key = "model", .commands = runs, .group = Group::Model, .value = "MODEL",
     .paths = Paths::Model,
     .help = "Keras JSON (.json), a Keras file (.keras, .h5), or a shorthand: \"dense(64,relu) "
             "dense(10,softmax)\"; --help layers lists the layers"},
    {.key = "model", .commands = convert, .group = Group::Model, .value = "MODEL",
     .paths = Paths::Model,
     .help = "the architecture, if IN holds weights only: Keras JSON, a Keras file or a shorthand"},
    {.key = "weights", .commands = runs, .group = Group::Model, .value = "FILE",
     .paths = Paths::File,
     .help = "load these weights (.npz in get_weights() order, .h5, .weights.h5, .keras)"},
    {.key = "weights_only", .commands = convert, .group = Group::Model, .type = Type::Switch,
     .help = "write weights only, even if OUT can hold a whole model"},
    {.key = "drop_training", .commands = convert, .group = Group::Model, .type = Type::Switch,
     .help = "leave out loss, metrics and optimizer"},
    {.key = "strict", .commands = runs | summary | convert, .group = Group::Model, .type = Type::Switch,
     .help = "reject unknown arguments in a Keras file even if their value is false, 0 or empty"},
    {.key = "seed", .commands = runs, .group = Group::Model, .type = Type::Integer, .value = "N",
     .initial = "0",
     .help = "seed of initial weights, dropout and the order of samples"},
    {.key = "precision", .commands = runs, .group = Group::Model, .value = "float32|bf16",
     .initial = "float32",
     .help = "precision of the products in dense layers and convolutions; bf16 rounds the factors to "
             "bfloat16, keeps weights and sums in float32, and requires a processor with AVX512_BF16 or AMX"},
    {.key = "optimizer", .commands = check, .group = Group::Model, .value = "NAME[(…)]",
     .initial = "Adam(learning_rate=0.01)", .help = "optimizer of the trainings"},
    {.key = "optimizer", .commands = fit, .group = Group::Model, .value = "NAME[(…)]",
     .help = "with its learning rate, such as adam(learning_rate=0.001); --help optimizers lists them; default: "
             "the optimizer of the model file with its state, else rmsprop"},
    // ---------------------------------------------------------------- loss and metrics
    {.key = "loss", .commands = losses, .group = Group::Loss, .type = Type::ByOutput,
     .value = "[OUTPUT=]NAME",
     .help = "for all outputs, or one flag per output, such as mse or sparse_categorical_crossentropy; "
             "--help losses lists them"},
    {.key = "loss_weight", .commands = losses, .group = Group::Loss, .type = Type::NumberByOutput,
     .value = "[OUTPUT=]NUMBER", .example = "OUTPUT=0.5", .aliases = "loss_weights",
     .help = "factor of an output's loss in the total loss; default: 1"},
    {.key = "metrics", .commands = losses, .group = Group::Loss, .type = Type::ListByOutput,
     .value = "[OUTPUT=]NAME,…",
     .help = "such as accuracy,auc; --help metrics lists them"},
    {.key = "weighted_metrics", .commands = losses, .group = Group::Loss, .type = Type::ListByOutput,
     .value = "[OUTPUT=]NAME,…",
     .help = "metrics that are weighted by the sample weights"},
    {.key = "loss_reduction", .commands = losses, .group = Group::Loss, .value = "NAME",
     .help = "reduction of losses that name none: sum, mean_with_sample_weight or sum_over_batch_size; "
             "default: the last"},
    // ---------------------------------------------------------------- data
    {.key = "data", .commands = runs, .group = Group::Data, .value = "FILE",
     .paths = Paths::File,
     .help = ".csv, .npy, .npz (arrays x, y, sample_weight, x_val, y_val), IDX "
             "(train-images-idx3-ubyte.gz), an HDF5 array (file.h5:/path), or a directory with one "
             "subdirectory of PNG and JPEG images per class"},
    {.key = "input", .commands = runs, .group = Group::Data, .type = Type::Named,
     .value = "NAME=COLUMN,…|FILE", .name_required = true, .fields = "inputs",
     .paths = Paths::Columns,
     .help = "one flag per input of the model: columns of the CSV that --data names, or, without --data, "
             "an .npy, .csv, IDX or HDF5 file"},
    {.key = "target", .commands = runs, .group = Group::Data, .type = Type::Named,
     .value = "[NAME=]COLUMN|FILE", .fields = "targets",
     .paths = Paths::Columns,
     .help = "column of a CSV by name or index (-1: the last), an array of an .npz, or an .npy, .csv, IDX "
             "or HDF5 file; NAME is an output, one flag per output; predict drops the column if it exists"},
    {.key = "sample_weight", .commands = runs, .group = Group::Data, .type = Type::Named,
     .value = "[NAME=]COLUMN|FILE", .fields = "sample_weights",
     .paths = Paths::Columns,
     .help = "weight of each sample or timestep, for all outputs or per output"},
    {.key = "header", .commands = runs, .group = Group::Data, .type = Type::Choice, .initial = "detect",
     .choices = "detect|true|false",
     .help = "whether the first line of a CSV holds the column names"},
    {.key = "delimiter", .commands = runs, .group = Group::Data, .type = Type::Character, .value = "C",
     .example = ";",
     .help = "delimiter of a CSV: one character, or tab; default: a comma, for .tsv a tab"},
    {.key = "encoding", .commands = runs, .group = Group::Data, .value = "utf-8|latin1|cp1252",
     .initial = "utf-8",
     .help = "encoding of labels and column names in a CSV, and of the names of class directories"},
    {.key = "image_size", .commands = runs, .group = Group::Data, .type = Type::Size, .value = "HEIGHTxWIDTH",
     .example = "28x28",
     .help = "resize images to this size; default: the input size of the model"},
    {.key = "color_mode", .commands = runs, .group = Group::Data, .type = Type::Choice,
     .choices = "rgb|grayscale",
     .help = "channels of an image; default: those of the model's input, else rgb"},
    {.key = "class_names", .commands = runs, .group = Group::Data, .value = "FILE",
     .paths = Paths::File,
     .help = "class_names.json of an earlier run, which numbers the classes; default: sorted order"},
    {.key = "stream", .commands = runs, .group = Group::Data, .type = Type::Choice, .initial = "false",
     .choices = "false|true",
     .help = "read data while it is used, for files larger than memory: .csv, .npy, IDX, HDF5 arrays, "
             "image directories"},
    {.key = "buffer_size", .commands = runs, .group = Group::Data, .type = Type::Integer, .value = "MB",
     .bounds = buffer_megabytes, .range_code = "KAIROS-U013", .example = "64", .fields = "buffer_bytes",
     .help = "size of the batches that a stream reads ahead, in megabytes; default: 64"},
    {.key = "batch_size", .commands = runs, .group = Group::Data, .type = Type::Integer, .value = "N",
     .initial = "32", .bounds = from_one, .example = "32",
     .help = "samples per batch"},
    // ---------------------------------------------------------------- training
    {.key = "epochs", .commands = fit, .group = Group::Training, .type = Type::Integer, .value = "N",
     .initial = "1", .bounds = from_zero, .aliases = "nb_epoch",
     .help = "number of the last epoch, counted from 1, not the number of epochs after --initial-epoch"},
    {.key = "initial_epoch", .commands = fit, .group = Group::Training, .type = Type::Integer, .value = "N",
     .initial = "0", .bounds = from_zero,
     .help = "index of the first epoch, counted from 0"},
    {.key = "verbose", .commands = fit, .group = Group::Training, .type = Type::Choice, .initial = "1",
     .choices = "0|1|2",
     .help = "0: silent, 1: progress bar, 2: one line per epoch"},
    {.key = "validation_split", .commands = fit, .group = Group::Validation, .type = Type::Number,
     .value = "FRACTION", .bounds = share, .example = "0.2",
     .help = "fraction of the samples to hold out for validation, taken before any shuffle"},
    {.key = "split", .commands = fit, .group = Group::Validation, .type = Type::Choice, .initial = "last",
     .choices = "last|shuffled|stratified",
     .help = "which samples --validation-split holds out: the last ones, random ones, or the same fraction "
             "of each class"},
    {.key = "validation_data", .commands = fit, .group = Group::Validation, .value = "FILE",
     .paths = Paths::File,
     .help = "validation samples; takes precedence over --validation-split"},
    {.key = "validation_input", .commands = fit, .group = Group::Validation, .type = Type::Named,
     .value = "NAME=COLUMN,…|FILE", .name_required = true,
     .paths = Paths::Columns,
     .help = "like --input; default: the columns or arrays that --input names"},
    {.key = "validation_target", .commands = fit, .group = Group::Validation, .type = Type::Named,
     .value = "[NAME=]COLUMN|FILE",
     .paths = Paths::Columns,
     .help = "like --target; default: the column or array that --target names"},
    {.key = "validation_sample_weight", .commands = fit, .group = Group::Validation, .type = Type::Named,
     .value = "[NAME=]COLUMN|FILE",
     .paths = Paths::Columns,
     .help = "like --sample-weight; default: the column or array that --sample-weight names"},
    {.key = "validation_freq", .commands = fit, .group = Group::Validation, .type = Type::Integers,
     .value = "N|A,B,…", .initial = "1", .bounds = from_one, .example = "2", .fields = "validation_epochs",
     .help = "validate every N epochs, or after the epochs A, B, …, counted from 1"},
    {.key = "validation_batch_size", .commands = fit, .group = Group::Validation, .type = Type::Integer,
     .value = "N", .initial = "0", .bounds = from_zero,
     .help = "samples per validation batch; 0: --batch-size"},
    {.key = "validation_steps", .commands = fit, .group = Group::Validation, .type = Type::Integer,
     .value = "N", .initial = "0", .bounds = from_zero,
     .help = "batches per validation; 0: all"},
    {.key = "shuffle", .commands = fit, .group = Group::Training, .type = Type::Choice, .initial = "true",
     .choices = "true|false|batch",
     .help = "shuffle the samples in each epoch; batch: shuffle whole batches"},
    {.key = "shuffle_window", .commands = fit, .group = Group::Training, .type = Type::Integer, .value = "N",
     .initial = "0", .bounds = from_zero,
     .help = "shuffle a stream by drawing each sample from the next N; 0: all, in the same order as "
             "without --stream"},
    {.key = "class_weight", .commands = fit, .group = Group::Training, .type = Type::NamedNumbers,
     .value = "CLASS=WEIGHT,…|balanced", .choices = "balanced", .bounds = any_weight, .range_code = "KAIROS-U003",
     .example = "0=1,1=5",
     .help = "weight of each class in training, by number or name: 0=1,1=5 or cat=2,dog=0.5; balanced: rare "
             "classes weigh more, so that all weigh the same together"},
    {.key = "callback_state", .commands = fit, .group = Group::Callbacks, .value = "FILE",
     .paths = Paths::File,
     .help = "restore the state of the callbacks of an earlier run (callback_state in its run directory)"},
    {.key = "steps_per_epoch", .commands = fit, .group = Group::Training, .type = Type::Integer, .value = "N",
     .initial = "0", .bounds = from_zero,
     .help = "batches per epoch; 0: all. The next epoch continues after the last batch"},
    {.key = "distributed", .commands = fit, .group = Group::Training, .type = Type::Switch,
     .help = "train together with the other processes that mpirun or srun has started; one process per rank, and "
             "--batch-size is that of each rank"},
    {.key = "global_batch_size", .commands = fit, .group = Group::Training, .type = Type::Integer, .value = "N",
     .initial = "0", .bounds = from_zero, .example = "256",
     .help = "with --distributed: samples per batch of all ranks together; 0: --batch-size times the number of ranks"},
    {.key = "sync_batch_norm", .commands = fit, .group = Group::Training, .type = Type::Switch,
     .help = "with --distributed: BatchNormalization measures the batch of all ranks, as synchronized=true of the layer "
             "does; else each rank measures its own part"},
    {.key = "rank_timeout", .commands = fit, .group = Group::Training, .type = Type::Number, .value = "SECONDS",
     .initial = "60", .bounds = positive_seconds, .range_code = "KAIROS-U003", .example = "60",
     .help = "with --distributed: end the run if a rank makes no progress for so long, and for 20 times its slowest "
             "batch"},
    {.key = "save_model", .commands = fit, .group = Group::Output, .value = "FILE",
     .paths = Paths::File,
     .help = "write the model with the optimizer's state at the end (.keras, .h5)"},
    {.key = "save_weights", .commands = fit, .group = Group::Output, .value = "FILE",
     .paths = Paths::File,
     .help = "write the weights at the end (.npz, .h5, .weights.h5)"},
    {.key = "history", .commands = fit, .group = Group::Output, .value = "FILE",
     .paths = Paths::File,
     .help = "write the History (.json, .csv, or .txt as Python prints it)"},
    // ---------------------------------------------------------------- evaluate, predict, replay
    {.key = "out", .commands = predict, .group = Group::Output, .value = "FILE",
     .paths = Paths::File,
     .help = "write the predictions: .npy, .csv (for images with a column of file names; with "
             "--class-names one column per class and the name of the class), or .npz for several outputs"},
    {.key = "steps", .commands = evaluate | predict, .group = Group::Data, .type = Type::Integer,
     .value = "N", .initial = "0", .bounds = from_zero,
     .help = "number of batches; 0: all"},
    {.key = "json", .commands = evaluate, .group = Group::Output, .type = Type::Switch,
     .help = "print the result as JSON, with the texts \"NaN\", \"Infinity\" and \"-Infinity\" for numbers "
             "that JSON lacks"},
    {.key = "json", .commands = lists, .group = Group::Output, .type = Type::Switch,
     .help = "print the whole manifests as JSON"},
    {.key = "markdown", .commands = Command::PluginsList, .group = Group::Output, .type = Type::Switch,
     .help = "print the callbacks as a Markdown table"},
    {.key = "markdown", .commands = explain, .group = Group::Output, .type = Type::Switch,
     .help = "print the whole register of error codes as a Markdown page"},
    {.key = "logs", .commands = replay, .group = Group::Data, .value = "FILE",
     .help = "logs of each epoch: a History (.json, or the history.jsonl of a run), or a .csv with one column per key"},
    {.key = "lr", .commands = replay, .group = Group::Training, .type = Type::Number, .value = "RATE",
     .bounds = from_zero, .range_code = "KAIROS-U003", .example = "0.1", .aliases = "learning_rate",
     .help = "initial learning rate; default: learning_rate in the logs, else 0.001"},
    {.key = "out", .commands = replay, .group = Group::Output, .value = "DIR",
     .paths = Paths::File,
     .help = "keep the files that callbacks write in this directory; default: a temporary directory"},
    {.key = "out", .commands = plot, .group = Group::Output, .value = "FILE.svg",
     .help = "write the charts as an SVG image instead of drawing them in the terminal"},
    {.key = "monitor", .commands = records, .group = Group::Output, .value = "KEY", .example = "val_accuracy",
     .help = "key that decides which epoch is best; default: what the first callback of the run monitors, else "
             "val_loss, else loss"},
    {.key = "json", .commands = records, .group = Group::Output, .type = Type::Switch,
     .help = "print JSON, with full precision"},
    {.key = "csv", .commands = records, .group = Group::Output, .type = Type::Switch,
     .help = "print CSV, with full precision"},
    // ---------------------------------------------------------------- callbacks
    {.key = "plugin", .commands = runs | replay, .group = Group::Callbacks, .type = Type::Items,
     .value = "SPEC", .aliases = "plugins,callbacks",
     .paths = Paths::Plugin,
     .help = "ID[@instance][:key=value,…], ID(key=value,…), or FILE.so[#ID] instead of ID; may be repeated"},
    {.key = "plugin", .commands = check, .group = Group::Callbacks, .type = Type::Items,
     .value = "SPEC",
     .help = "options of a callback that is checked, ID:key=value,…; may be repeated, also for one callback"},
    {.key = "timeout", .commands = check, .group = Group::Callbacks, .type = Type::Number, .value = "SECONDS",
     .initial = "60", .bounds = positive_seconds, .range_code = "KAIROS-U003", .example = "60",
     .help = "a run that takes longer is ended, and is a fault"},
    {.key = "plugin_dir", .commands = runs | replay | lists | check, .group = Group::Callbacks, .type = Type::Items,
     .value = "DIR", .aliases = "plugin_dirs",
     .paths = Paths::File,
     .help = "search this directory before KAIROS_PLUGIN_PATH, ~/.local/share/kairos/plugins and the installed "
             "plugins; may be repeated. The first plugin of an id is used"},
    {.key = "allow_shell", .commands = runs | replay, .group = Group::Callbacks, .type = Type::Switch,
     .help = "run the commands of callbacks that a file names (--config, --resume, cases), such as ShellHook; those of "
             "--plugin are run without it"},
    {.key = "run_dir", .commands = runs, .group = Group::Output, .value = "DIR", .fields = "run_directory",
     .paths = Paths::File,
     .help = "directory for the configuration, the history, and relative output paths of plugins"},
    {.key = "resume", .commands = fit, .group = Group::Output, .value = "DIR|auto",
     .help = "go on with the run in this directory from its last run checkpoint, with its settings; auto, with the "
             "same command line: the run in --run-dir if it is unfinished, else begin it, or do nothing if it is "
             "finished"},
    {.key = "checkpoint_every", .commands = fit, .group = Group::Output, .value = "INTERVAL",
     .initial = "auto", .example = "30s", .fields = "checkpoints",
     .help = "with --run-dir: how often to write what --resume needs: a time (30s, 5min, 1h), 2epochs, 100batches, "
             "off, or auto: every 5 seconds, or later if that would cost more than 1 % of the time"},
    {.key = "log_level", .commands = runs | replay, .group = Group::Callbacks, .type = Type::Choice,
     .initial = "info", .choices = "debug|info|warning|error",
     .help = "print messages of callbacks from this level on"},
    {.key = "slow_hook", .commands = runs, .group = Group::Callbacks, .type = Type::Number, .value = "SECONDS",
     .initial = "10", .bounds = from_zero, .range_code = "KAIROS-U003", .example = "10",
     .help = "name a callback while one of its hooks runs for so long; 0: never"},
    {.key = "explain_order", .commands = fit, .group = Group::Callbacks, .type = Type::Switch,
     .help = "print the order in which callbacks run, and exit"},
    // ---------------------------------------------------------------- general
    {.key = "config", .commands = runs, .group = Group::General, .value = "RUN.json",
     .help = "read settings from a file with one key per flag and // comments; its paths are relative to its "
             "directory; flags take precedence"},
    {.key = "print_config", .commands = runs, .group = Group::General, .type = Type::Switch,
     .help = "print the effective configuration and exit"},
    {.key = "help", .commands = runs | lists | check | replay | summary | convert | explain | plot | records,
     .group = Group::General,
     .type = Type::Switch,
     .help = "print this help and exit"},
};
// clang-format on

}  // namespace

std::span<const Setting> all_settings() {
  return table;
}

std::vector<Setting> settings_of(Command command) {
  std::vector<Setting> known;
  for (const Setting& setting : table)
    if (setting.commands.contain(command)) known.push_back(setting);
  return known;
}

bool is_key_of(const Setting& setting, std::string_view key) {
  if (key == setting.key) return true;
  const std::vector<std::string> aliases = split(setting.aliases, ',');
  return std::find(aliases.begin(), aliases.end(), key) != aliases.end();
}

}  // namespace kairos::host::cli
