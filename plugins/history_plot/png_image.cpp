// SPDX-License-Identifier: MIT
// Draws with Cairo, which is opened when the first PNG image is wanted: it brings fonts and the libraries of
// X11 with it, and most runs draw SVG. Its functions are declared here, so that no header is needed for the
// build: they have been the same since Cairo 1.2, in every libcairo.so.2.
#include "png_image.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "../common/opened_library.hpp"

namespace kairos::plugins {

namespace {

struct Surface;
struct Context;
struct Extents {
  double x_bearing, y_bearing, width, height, x_advance, y_advance;
};
using Write = int (*)(void*, const unsigned char*, unsigned);

/// Functions of cairo.h, without "cairo_".
struct Cairo {
  Surface* (*image_surface_create)(int format, int width, int height);
  void (*surface_destroy)(Surface*);
  int (*surface_status)(Surface*);
  int (*surface_write_to_png_stream)(Surface*, Write, void*);
  const char* (*status_to_string)(int);
  Context* (*create)(Surface*);
  void (*destroy)(Context*);
  int (*status)(Context*);
  void (*scale)(Context*, double, double);
  void (*set_source_rgb)(Context*, double, double, double);
  void (*paint)(Context*);
  void (*set_line_width)(Context*, double);
  void (*set_line_join)(Context*, int);
  void (*move_to)(Context*, double, double);
  void (*line_to)(Context*, double, double);
  void (*arc)(Context*, double, double, double, double, double);
  void (*rectangle)(Context*, double, double, double, double);
  void (*new_path)(Context*);
  void (*stroke)(Context*);
  void (*fill)(Context*);
  void (*select_font_face)(Context*, const char*, int slant, int weight);
  void (*set_font_size)(Context*, double);
  void (*text_extents)(Context*, const char*, Extents*);
  void (*show_text)(Context*, const char*);

  Cairo() {
    const OpenedLibrary library("libcairo.so.2",
                                "Install Debian's package libcairo2, or write filename=history.svg");
#define KAIROS_FIND(name) library.find("cairo_" #name, name)
    KAIROS_FIND(image_surface_create);
    KAIROS_FIND(surface_destroy);
    KAIROS_FIND(surface_status);
    KAIROS_FIND(surface_write_to_png_stream);
    KAIROS_FIND(status_to_string);
    KAIROS_FIND(create);
    KAIROS_FIND(destroy);
    KAIROS_FIND(status);
    KAIROS_FIND(scale);
    KAIROS_FIND(set_source_rgb);
    KAIROS_FIND(paint);
    KAIROS_FIND(set_line_width);
    KAIROS_FIND(set_line_join);
    KAIROS_FIND(move_to);
    KAIROS_FIND(line_to);
    KAIROS_FIND(arc);
    KAIROS_FIND(rectangle);
    KAIROS_FIND(new_path);
    KAIROS_FIND(stroke);
    KAIROS_FIND(fill);
    KAIROS_FIND(select_font_face);
    KAIROS_FIND(set_font_size);
    KAIROS_FIND(text_extents);
    KAIROS_FIND(show_text);
#undef KAIROS_FIND
  }
};

const Cairo& cairo() {
  static const Cairo functions;
  return functions;
}

constexpr int rgb24 = 1, join_round = 1, upright = 0, bold = 1;  // enumerators of cairo.h
constexpr double font_size = 13, large_font_size = 16;
constexpr const char *ink = "#333333", *soft = "#dddddd";

/// Cairo takes no text that is not UTF-8: such bytes become question marks.
std::string utf8(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t k) {
      return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0U;
    };
    const unsigned first = byte(0);
    const std::size_t length = first < 0x80                    ? 1
                               : first >= 0xc2 && first < 0xe0 ? 2
                               : first >= 0xe0 && first < 0xf0 ? 3
                               : first >= 0xf0 && first < 0xf5 ? 4
                                                               : 0;
    bool is_whole = length != 0 && first >= ' ';
    for (std::size_t k = 1; k < length; ++k) is_whole = is_whole && (byte(k) & 0xc0U) == 0x80U;
    const bool is_long = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
    const bool is_outside = (first == 0xed && byte(1) >= 0xa0) || (first == 0xf4 && byte(1) >= 0x90);
    if (!is_whole || is_long || is_outside) {
      out += '?';
      ++i;
      continue;
    }
    out += text.substr(i, length);
    i += length;
  }
  return out;
}

/// What svg::detail::SvgCanvas is, in pixels.
class CairoCanvas {
 public:
  explicit CairoCanvas(Context* context) : context_(context) { cairo().set_line_join(context_, join_round); }

  void text(double x, double y, svg::detail::Anchor anchor, std::string_view text,
            svg::detail::Face face = svg::detail::Face::Normal) {
    const std::string shown = utf8(text);
    cairo().select_font_face(context_, "sans-serif", upright, face == svg::detail::Face::Bold ? bold : 0);
    cairo().set_font_size(context_, face == svg::detail::Face::Large ? large_font_size : font_size);
    Extents extents{};
    cairo().text_extents(context_, shown.c_str(), &extents);
    const double part = anchor == svg::detail::Anchor::Start    ? 0
                        : anchor == svg::detail::Anchor::Middle ? 0.5
                                                                : 1;
    use(ink);
    cairo().move_to(context_, x - part * extents.x_advance, y);
    cairo().show_text(context_, shown.c_str());
    cairo().new_path(context_);
  }
  void line(svg::detail::Point from, svg::detail::Point to, svg::detail::Line kind) {
    use(kind == svg::detail::Line::Grid ? soft : ink);
    cairo().set_line_width(context_, 1);
    cairo().move_to(context_, from.x, from.y);
    cairo().line_to(context_, to.x, to.y);
    cairo().stroke(context_);
  }
  void curve(const std::vector<svg::detail::Point>& points, const char* colour) {
    use(colour);
    cairo().set_line_width(context_, 2);
    for (const svg::detail::Point& point : points) cairo().line_to(context_, point.x, point.y);
    cairo().stroke(context_);
  }
  void dot(svg::detail::Point point, const char* colour) {
    use(colour);
    constexpr double radius = 3, turn = 6.283185307179586;
    cairo().arc(context_, point.x, point.y, radius, 0, turn);
    cairo().fill(context_);
  }
  void box(svg::detail::Point corner, double wide, double high, const char* colour) {
    use(colour);
    cairo().rectangle(context_, corner.x, corner.y, wide, high);
    cairo().fill(context_);
  }
  /// "#rrggbb".
  void use(std::string_view colour) {
    const auto part = [&](std::size_t at) {
      const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
      return (16 * digit(colour[at]) + digit(colour[at + 1])) / 255.0;
    };
    cairo().set_source_rgb(context_, part(1), part(3), part(5));
  }

 private:
  Context* context_;
};

void require(int status, std::size_t charts) {
  if (status == 0) return;
  throw Error(KAIROS_E_UNSUPPORTED, "Cairo cannot draw an image of " + std::to_string(charts) +
                                        " charts: " + cairo().status_to_string(status) +
                                        ". Name fewer keys, or write filename=history.svg");
}

int append(void* out, const unsigned char* bytes, unsigned count) noexcept {
  try {
    static_cast<std::string*>(out)->append(reinterpret_cast<const char*>(bytes), count);
  } catch (const std::exception&) {
    return 1;  // CAIRO_STATUS_NO_MEMORY
  }
  return 0;
}

}  // namespace

void require_png() {
  static_cast<void>(cairo());
}

std::string png_image(const std::vector<svg::Chart>& charts, std::string_view title, std::string_view label) {
  constexpr double twice = 2;  // for screens with small pixels
  const double height = svg::detail::heading + svg::detail::height * static_cast<double>(charts.size());
  const std::unique_ptr<Surface, void (*)(Surface*)> surface(
      cairo().image_surface_create(rgb24, static_cast<int>(twice * svg::detail::width),
                                   static_cast<int>(twice * height)),
      cairo().surface_destroy);
  require(cairo().surface_status(surface.get()), charts.size());
  const std::unique_ptr<Context, void (*)(Context*)> context(cairo().create(surface.get()), cairo().destroy);
  cairo().scale(context.get(), twice, twice);
  CairoCanvas canvas(context.get());
  canvas.use("#ffffff");
  cairo().paint(context.get());
  svg::detail::draw_charts(canvas, charts, title, label);
  require(cairo().status(context.get()), charts.size());
  std::string file;
  require(cairo().surface_write_to_png_stream(surface.get(), append, &file), charts.size());
  return file;
}

}  // namespace kairos::plugins
