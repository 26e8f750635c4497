"""How the page of a verification looks: light and dark, on screens of any width and on paper."""

from __future__ import annotations

from spikelet.svg import THEME
from spikelet.svg_graph import STYLE as GRAPH
from spikelet.svg_plots import STYLE as PLOTS

__all__ = ["STYLE"]

STYLE = (
    THEME
    + PLOTS
    + GRAPH
    + """\
* { box-sizing:border-box }
html { color-scheme:light dark }
body { margin:0; background:var(--page); color:var(--ink); line-height:1.5;
  font:15px/1.5 ui-sans-serif,system-ui,"Segoe UI",Helvetica,Arial,sans-serif }
main { max-width:1120px; margin:0 auto; padding:28px 28px 80px }
h1 { font-size:24px; margin:0 0 4px }
h2 { font-size:18px; margin:44px 0 10px; padding-bottom:6px; border-bottom:1px solid var(--line) }
h3 { font-size:15px; margin:22px 0 6px }
p { margin:6px 0 12px; max-width:86ch }
.muted,figcaption { color:var(--muted) }
figcaption { font-size:12.5px; margin-top:2px }
code,pre { font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace; font-size:12.5px }
pre { background:var(--card); border:1px solid var(--line); border-radius:6px; padding:10px 12px;
  white-space:pre-wrap; overflow-wrap:anywhere; margin:6px 0 }
.verdict { max-width:none; border:1px solid var(--line); border-left:6px solid var(--v); border-radius:6px;
  background:var(--card); padding:12px 16px; margin:16px 0; font-size:16px }
.good { --v:var(--good) }
.warn { --v:var(--warn) }
.bad { --v:var(--bad) }
.verdict b { color:var(--v); text-transform:uppercase; font-size:12px; letter-spacing:.06em; display:block }
.cards { display:grid; grid-template-columns:repeat(auto-fit,minmax(150px,1fr)); gap:10px; margin:14px 0 }
.card { background:var(--card); border:1px solid var(--line); border-radius:6px; padding:10px 12px }
.card b { display:block; font-size:20px; font-variant-numeric:tabular-nums }
.card span { color:var(--muted); font-size:12.5px }
dl { display:grid; grid-template-columns:max-content 1fr; gap:3px 18px; margin:10px 0 }
dt { color:var(--muted) }
dd { margin:0; overflow-wrap:anywhere }
.wide { overflow-x:auto; margin:8px 0 14px }
table { border-collapse:collapse; font-size:13.5px; font-variant-numeric:tabular-nums }
th { color:var(--muted); font-weight:600; text-align:left; vertical-align:bottom }
th,td { padding:5px 14px 5px 0; border-bottom:1px solid var(--line) }
td { vertical-align:top }
.n { text-align:right }
tbody tr:hover { background:var(--card) }
td:last-child,th:last-child { padding-right:4px }
.figures { display:grid; grid-template-columns:repeat(auto-fit,minmax(min(460px,100%),1fr)); gap:10px 18px }
.layer { display:grid; grid-template-columns:1fr 1fr 230px; gap:6px 18px }
.layer .rates { grid-column:3; grid-row:1/3 }
@media(max-width:900px) { .layer { grid-template-columns:1fr } .layer .rates { grid-column:1; grid-row:auto } }
figure { margin:0 }
figure svg { max-width:100%; height:auto; display:block }
.wide td { white-space:nowrap }
.advice { list-style:none; padding:0; margin:8px 0 }
.advice li { border-left:4px solid var(--v,var(--line)); padding:2px 12px; margin:8px 0 }
.advice .muted { display:block }
.key span { margin-right:18px }
.key i { display:inline-block; width:18px; height:3px; vertical-align:middle; margin-right:6px;
  background:var(--c) }
.no { color:var(--bad); font-weight:600 }
.yes { color:var(--good) }
nav { margin:8px 0 0; font-size:13.5px }
nav a { margin-right:16px }
a { color:var(--float) }
.pair { display:flex; flex-wrap:wrap; gap:8px 48px }
.pair>div { max-width:100% }
caption { color:var(--muted); text-align:left; font-size:12.5px; padding-bottom:4px }
.card i { font-style:normal }
.confusion td,.confusion th { padding:4px 8px; text-align:right; border:1px solid var(--line); min-width:34px }
.confusion td { background:color-mix(in srgb,var(--c) calc(var(--p)*1%),transparent) }
@media print { main { max-width:none; padding:0 } h2 { break-after:avoid } figure,tr { break-inside:avoid } }
"""
)
