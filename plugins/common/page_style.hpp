// SPDX-License-Identifier: MIT
// The look of pages: light and dark, on a phone, and printed.
#pragma once

namespace kairos::plugins {

inline constexpr const char* page_style = R"(
:root{color-scheme:light dark;--page:#f5f6f8;--box:#fff;--ink:#1c212b;--soft:#5b6472;--line:#dde1e8;--accent:#0072b2;--good:#00754f;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--page:#13161b;--box:#1c2027;--ink:#e4e7ec;--soft:#9aa3b0;--line:#323842;--accent:#4ba3d8;--good:#3fb98a;--bad:#ff8a80}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:1240px;margin:0 auto;padding:20px 16px 40px}
h1{font-size:1.6rem;line-height:1.2;margin:.2em 0 .3em;overflow-wrap:anywhere}
h2{font-size:1.1rem;margin:28px 0 10px}
header p{margin:.3em 0 14px}
.soft{color:var(--soft);font-size:.87rem;overflow-wrap:anywhere}
.reason{overflow-wrap:anywhere}
.pill{display:inline-block;padding:1px 10px;border-radius:99px;border:1px solid currentColor;color:var(--accent);font-size:.87rem;font-weight:600}
.pill.completed,.pill.stopped{color:var(--good)}
.pill.failed,.pill.interrupted{color:var(--bad)}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:10px}
.card,.box,details{background:var(--box);border:1px solid var(--line);border-radius:10px;padding:10px 14px;margin:0;min-width:0}
.card .value{font-size:1.3rem;font-weight:600;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:12px}
figcaption{margin-bottom:8px;overflow-wrap:anywhere}
svg.chart{display:block;width:100%;height:auto;font-size:13px}
svg.chart text{fill:var(--ink)}
svg.chart .grid{stroke:var(--line)}
svg.chart .axis{stroke:var(--soft)}
.picture{display:block;max-width:100%;height:auto;background:#fff;border-radius:4px}
.picture.small{image-rendering:pixelated;width:min(100%,256px)}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:.87rem}
.numbers td,.numbers th{padding:3px 8px;text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums;border:1px solid var(--line)}
.numbers thead td{border:0}
th{font-weight:600}
.facts{width:100%;background:var(--box);border:1px solid var(--line)}
.facts td,.facts th{padding:4px 12px;text-align:left;vertical-align:top;border-top:1px solid var(--line);white-space:pre-wrap;overflow-wrap:anywhere}
.facts th{width:1%;white-space:nowrap;padding-right:24px}
pre{margin:0;overflow:auto;max-height:26em;font:12.5px/1.45 ui-monospace,"DejaVu Sans Mono",monospace}
.file{margin:0;overflow-wrap:anywhere;font-family:ui-monospace,"DejaVu Sans Mono",monospace;font-size:.87rem}
summary{cursor:pointer}
details[open] summary{margin-bottom:8px}
progress{width:100%;height:10px;accent-color:var(--accent)}
button{font:inherit;padding:4px 16px;border-radius:8px;border:1px solid var(--bad);background:var(--box);color:var(--bad);cursor:pointer}
@media(max-width:500px){main{padding:12px 10px 30px}.cards{grid-template-columns:repeat(2,1fr)}.card .value{font-size:1.1rem}.box{padding:8px}svg.chart{font-size:15px}.facts th{white-space:normal;width:34%;padding-right:12px}}
@media print{:root{--page:#fff;--box:#fff;--ink:#000;--soft:#444;--line:#bbb;--accent:#0072b2;--good:#000;--bad:#000}body{font-size:10pt}main{max-width:none;padding:0}.grid{grid-template-columns:1fr 1fr}.card,.box,figure,tr{break-inside:avoid}h2{break-after:avoid}pre{max-height:none;white-space:pre-wrap}.wide{overflow:visible}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
)";

}  // namespace kairos::plugins
