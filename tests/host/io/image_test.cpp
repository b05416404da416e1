// SPDX-License-Identifier: MIT
// PNG and JPEG images compared with Pillow, and hostile images.
#include "io/image.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "host/io/python.hpp"
#include "host/temporary_directory.hpp"
#include "io/npy.hpp"

using namespace kairos::host;
using kairos::tests::content_of;
using kairos::tests::python;
using kairos::tests::refusal;
using kairos::tests::TemporaryDirectory;

namespace {

Image read_image(const std::filesystem::path& path, ColorMode mode) {
  InputFile file(path);
  return kairos::host::read_image(file, mode);
}

constexpr const char* writer = R"(
import os, struct, zlib
import numpy as np
from PIL import Image
r = np.random.default_rng(7)
y, x = np.mgrid[0:13, 0:21]
smooth = np.stack([x * 12, y * 19, (x + y) * 7], -1).astype('u1')
noise = r.integers(0, 256, (13, 21, 3)).astype('u1')
def chunk(kind, data): return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
def png(width, height, depth, color, data, interlace=0):
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, depth, color, 0, 0, interlace)) + \
        chunk(b'IDAT', zlib.compress(data)) + chunk(b'IEND', b'')
def rows(a): return b''.join(b'\0' + line.tobytes() for line in a)
def put(name, content): open(name, 'wb').write(content)
)";

/// Writes the files of the test of hostile images, by the functions of `writer`.
constexpr const char* hostile_images = R"(
Image.fromarray(noise).save('whole.png'); Image.fromarray(noise).save('whole.jpg', quality=95)
p, j = open('whole.png', 'rb').read(), open('whole.jpg', 'rb').read()
put('empty.png', b''); put('text.png', b'no picture\n'); put('magic.png', p[:8]); put('header.png', p[:33])
put('cut.png', p[:len(p) // 2]); put('crc.png', p[:60] + bytes([p[60] ^ 255]) + p[61:])
put('huge.png', png(2**31 - 1, 2**31 - 1, 8, 2, b'')); put('wide.png', png(60000, 60000, 1, 0, b'')); put('none.png', png(0, 5, 8, 2, b''))
put('depth.png', png(5, 5, 3, 2, b'')); put('short.png', png(21, 13, 8, 2, rows(noise)[:100]))
put('nodata.png', p[:33] + chunk(b'IEND', b'')); put('palette.png', png(4, 4, 8, 3, bytes(20)))
put('bomb.png', p[:33] + chunk(b'zTXt', b'a\0\0' + zlib.compress(bytes(50000000))) + p[33:])
at = j.index(b'\xff\xc0') + 5
put('huge.jpg', j[:at] + b'\xff\xd0\xff\xd0' + j[at + 4:]); put('none.jpg', j[:at] + bytes(4) + j[at + 4:])
put('start.jpg', j[:3]); put('header.jpg', j[:at + 30]); put('cut.jpg', j[:len(j) * 2 // 3])
Image.fromarray(noise).convert('CMYK').save('print.jpg'); Image.fromarray(noise).save('moving.gif')
)";

}  // namespace

TEST_CASE("Images of each kind have the same bytes as with Pillow", "[host][io]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, std::string(writer) + R"(
rgb = Image.fromarray(noise); soft = Image.fromarray(smooth)
rgb.save('rgb.png'); rgb.convert('L').save('gray.png'); soft.convert('P').save('palette.png'); soft.convert('1').save('bit.png')
soft.convert('P', colors=4).save('palette2.png', bits=2); soft.convert('P').save('transparent.png', transparency=3)
Image.merge('RGBA', (*rgb.split(), rgb.getchannel(0))).save('rgba.png')
Image.merge('LA', (rgb.getchannel(0), rgb.getchannel(1))).save('la.png')
soft.save('soft.jpg', quality=90); rgb.save('noise.jpeg', quality=95, subsampling=0); soft.convert('L').save('gray.jpg')
soft.save('progressive.jpg', progressive=True, subsampling=2); soft.save('named.png.jpg'); soft.save('other.PNG', 'JPEG')
Image.fromarray(noise[:1, :1]).save('pixel.png')
put('adam7.png', png(21, 13, 8, 2, b''.join(rows(smooth[b::d, a::c]) for a, b, c, d in [(0, 0, 8, 8), (4, 0, 8, 8),
    (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]), 1))
for name in sorted(os.listdir('.')):
    if name == 'script.py': continue
    colour, gray = Image.open(name), Image.open(name)
    np.save(name + '.rgb.npy', np.asarray(colour.convert('RGB')))
    if gray.format == 'JPEG': gray.draft('L', gray.size)
    elif name != 'pixel.png': gray = gray.convert('RGB')
    np.save(name + '.gray.npy', np.asarray(gray.convert('L')))
wide = r.integers(0, 65536, (13, 21, 3))
put('wide.png', png(21, 13, 16, 2, rows(wide.astype('>u2')))); np.save('wide.png.rgb.npy', wide >> 8)
np.save('wide.png.gray.npy', np.asarray(Image.fromarray((wide >> 8).astype('u1')).convert('L')))
)")
              .empty());
  for (const char* name : {"rgb.png", "gray.png", "palette.png", "palette2.png", "transparent.png", "bit.png",
                           "rgba.png", "la.png", "adam7.png", "wide.png", "pixel.png", "soft.jpg",
                           "noise.jpeg", "gray.jpg", "progressive.jpg", "named.png.jpg", "other.PNG"})
    for (const ColorMode mode : {ColorMode::Rgb, ColorMode::Grayscale}) {
      const std::string expected_name =
          std::string(name) + (mode == ColorMode::Rgb ? ".rgb.npy" : ".gray.npy");
      INFO(expected_name);
      const Array expected = read_npy(directory / expected_name);
      const Image image = read_image(directory / name, mode);
      CHECK(image.height == expected.shape[0]);
      CHECK(image.width == expected.shape[1]);
      CHECK(image.mode == mode);
      CHECK(std::vector<float>(image.values.begin(), image.values.end()) == expected.values);
    }
}

TEST_CASE("Damaged and hostile images are rejected with a reason", "[host][io]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, std::string(writer) + hostile_images).empty());
  std::filesystem::create_directory(directory / "folder.png");
  struct Case {
    const char *name, *sentence;
  };
  const Case cases[] = {
      {"empty.png", "KAIROS-F003: empty.png: the file is empty"},
      {"text.png",
       "KAIROS-D070: text.png: this is not a readable image; found a different signature, expected a PNG or "
       "JPEG file. Copy the file again, or remove it."},
      {"moving.gif", "KAIROS-D070: moving.gif: this is not a readable image"},
      {"magic.png",
       "KAIROS-D071: magic.png: the image is damaged or incomplete; found the file ends early, "
       "expected a complete PNG."},
      {"header.png",
       "KAIROS-D071: header.png: the image is damaged or incomplete; found the file ends early"},
      {"cut.png", "KAIROS-D071: cut.png: the image is damaged or incomplete; found the file ends early"},
      {"crc.png", "KAIROS-D071: crc.png: the image is damaged or incomplete; found IDAT: "},
      {"huge.png",
       "KAIROS-D072: huge.png: the image declares more pixels than its file can hold; found 2147483647 x "
       "2147483647 pixels, expected at most "},
      {"wide.png", "KAIROS-D072: wide.png: the image declares more pixels than its file can hold"},
      {"none.png", "KAIROS-D071: none.png: the image is damaged or incomplete; found Invalid IHDR data"},
      {"depth.png", "KAIROS-D071: depth.png: the image is damaged or incomplete; found Invalid IHDR data"},
      {"short.png", "KAIROS-D071: short.png: the image is damaged or incomplete"},
      {"nodata.png", "KAIROS-D071: nodata.png: the image is damaged or incomplete"},
      {"palette.png", "KAIROS-D071: palette.png: the image is damaged or incomplete"},
      {"huge.jpg",
       "KAIROS-D072: huge.jpg: the image declares more pixels than its file can hold; found 65488 x 65488"},
      {"none.jpg", "KAIROS-D071: none.jpg: the image is damaged or incomplete"},
      {"start.jpg", "KAIROS-D071: start.jpg: the image is damaged or incomplete"},
      {"header.jpg", "KAIROS-D071: header.jpg: the image is damaged or incomplete"},
      {"cut.jpg", "KAIROS-D071: cut.jpg: the image is damaged or incomplete; found "},
      {"print.jpg",
       "KAIROS-D073: print.jpg: the image has print colours; found CMYK, expected grayscale or "
       "RGB."},
      {"folder.png", "KAIROS-F002: folder.png: this is not a regular file; found a directory"},
      {"absent.png", "KAIROS-F001: absent.png: cannot open the file"},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    CHECK_THAT(refusal(directory, [&] { static_cast<void>(read_image(directory / c.name, ColorMode::Rgb)); }),
               Catch::Matchers::StartsWith(c.sentence));
  }
  // Text that expands without end is skipped, as libpng limits it.
  CHECK(read_image(directory / "bomb.png", ColorMode::Rgb).values ==
        read_image(directory / "whole.png", ColorMode::Rgb).values);
}

TEST_CASE("An image truncated or damaged anywhere is rejected or read, and never crashes", "[host][io]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, std::string(writer) + R"(
Image.fromarray(smooth).save('a.png'); Image.fromarray(smooth).save('a.jpg'); Image.fromarray(noise).save('b.jpg', progressive=True)
)")
              .empty());
  for (const char* name : {"a.png", "a.jpg", "b.jpg"}) {
    const std::string bytes = content_of(directory / name);
    std::size_t refused = 0;
    for (std::size_t at = 3; at < bytes.size(); at += 5)
      for (const int flip : {0x01, 0xff, -1}) {
        std::string damaged = bytes;
        if (flip < 0)
          damaged.resize(at);
        else
          damaged[at] = static_cast<char>(damaged[at] ^ flip);
        const auto file = directory.put("damaged", damaged);
        const std::string sentence =
            refusal(directory, [&] { static_cast<void>(read_image(file, ColorMode::Grayscale)); });
        INFO(name << " " << at << " " << flip << " " << sentence);
        CHECK((sentence.empty() || sentence.starts_with("KAIROS-D07")));
        refused += sentence.empty() ? 0 : 1;
      }
    CHECK(refused > 10);
  }
}
