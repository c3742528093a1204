"""Colours and layout of a sweep's page."""

# Blue, vermilion and green of Okabe and Ito, told apart by colour-blind readers too.
STYLE = """
:root {
  color-scheme: light dark;
  --ground: #ffffff; --panel: #f6f8fa; --line: #d5dbe1; --grid: #e8ecf0;
  --ink: #1c2530; --muted: #5a6673;
  --blue: #0072b2; --orange: #d55e00; --green: #00805d; --violet: #8a4f7d; --grey: #808b96;
  --heat: #0b3d75; --on-faint: #1c2530; --on-middle: #1c2530; --on-deep: #ffffff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12171c; --panel: #1a2129; --line: #36414c; --grid: #28313a;
    --ink: #e6ebf0; --muted: #9eabb8;
    --blue: #56b4e9; --orange: #f08a3c; --green: #2fc39a; --violet: #cc8fc0; --grey: #8793a0;
    --heat: #8ccbff; --on-faint: #e6ebf0; --on-middle: #12171c; --on-deep: #12171c;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 sans-serif; }
main { max-width: 1020px; margin: 0 auto; padding: 24px 20px 64px; }
h1 { font-size: 26px; margin: 8px 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 0 0 6px; }
section { margin-top: 34px; }
p { margin: 4px 0 10px; }
.lead { font-size: 16px; max-width: 75ch; }
.note { color: var(--muted); max-width: 85ch; }
.problem { color: var(--orange); }
code, .path { font: 12.5px/1.4 monospace; overflow-wrap: break-word; }
.path { color: var(--muted); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--muted); padding-bottom: 6px; }
th, td { text-align: left; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--muted); vertical-align: bottom; }
td { vertical-align: top; }
.mark { font-size: 12px; white-space: nowrap; color: var(--green); border: 1px solid;
  border-radius: 9px; padding: 0 7px; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 440px), 1fr));
  gap: 18px; }
figure { margin: 0; padding: 12px 14px; background: var(--panel); border-radius: 8px; }
.broad { grid-column: 1 / -1; }
figcaption { overflow-wrap: anywhere; margin-bottom: 6px; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; color: var(--muted); font-size: 13.5px; }
.legend span { display: inline-flex; align-items: center; gap: 7px; }
.key { display: inline-block; width: 11px; height: 11px; border-radius: 50%; flex: none; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
text { font: 12px sans-serif; fill: var(--muted); font-variant-numeric: tabular-nums; }
text.strong { font-weight: 600; fill: var(--ink); }
.grid { stroke: var(--grid); fill: none; }
.base { stroke: var(--muted); stroke-dasharray: 4 3; fill: none; }
.mean { stroke: var(--orange); stroke-width: 3; stroke-linecap: round; fill: none; }
circle { stroke-width: 1.6; }
circle.finished { fill: var(--blue); stroke: var(--panel); stroke-width: 1; }
circle.stopped { fill: none; stroke: var(--grey); pointer-events: all; }
circle.failed { fill: none; stroke: var(--orange); pointer-events: all; }
circle.best-of-all, circle.member { fill: var(--green); stroke: var(--panel); stroke-width: 1; }
.curve { fill: none; stroke-width: 1.6; stroke-linejoin: round; opacity: 0.75; }
.curve.finished { stroke: var(--blue); }
.curve.stopped { stroke: var(--grey); opacity: 0.6; }
.curve.failed { stroke: var(--orange); stroke-dasharray: 4 3; }
.curve.best-of-all { stroke: var(--green); stroke-width: 3; opacity: 1; }
.front { fill: none; stroke: var(--green); stroke-width: 1.6; }
.first { fill: var(--blue); } .second { fill: var(--orange); } .third { fill: var(--green); }
.fourth { fill: var(--violet); } .fifth { fill: var(--grey); }
.heat { fill: var(--heat); }
.nothing { fill: none; stroke: var(--grid); }
.best { fill: none; stroke: var(--orange); stroke-width: 3; }
.touch { fill: none; pointer-events: all; }
.on-faint { fill: var(--on-faint); } .on-middle { fill: var(--on-middle); }
.on-deep { fill: var(--on-deep); }
.heat-value { font-weight: 600; }
.count { font-size: 10px; }
i.finished, i.first { background: var(--blue); } i.second { background: var(--orange); }
i.best-of-all, i.third { background: var(--green); } i.fourth { background: var(--violet); }
i.fifth { background: var(--grey); }
i.stopped { border: 2px solid var(--grey); }
i.failed { border: 2px solid var(--orange); }
i.mean { background: var(--orange); width: 18px; height: 4px; border-radius: 2px; }
i.base { width: 0; height: 14px; border-left: 2px dashed var(--muted); border-radius: 0; }
""".strip()
