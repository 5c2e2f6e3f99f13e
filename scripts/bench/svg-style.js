/** For a bright page and for a dark one. The three differ in brightness as well as in colour. */
export const style = `<style>
text { font: 12px system-ui, sans-serif; fill: #24292f; }
.small { font-size: 11px; fill: #57606a; }
.strong { font-weight: 600; }
.paper { fill: #ffffff; }
.grid { stroke: #d0d7de; stroke-width: 1; }
.limit { stroke: #8c959f; stroke-width: 2; }
.node { stroke: #8c959f; stroke-width: 1.5; stroke-dasharray: 3 2; }
circle.criujs { fill: #0550ae; } line.criujs { stroke: #0550ae; } .criujs-text { fill: #0550ae; }
circle.library { fill: #1a9c8c; } line.library { stroke: #1a9c8c; } .library-text { fill: #12786b; }
circle.criu { fill: #e08a1e; } line.criu { stroke: #e08a1e; }
.spread { stroke-width: 2.5; stroke-linecap: round; opacity: 0.55; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .small { fill: #9198a1; }
  .paper { fill: #0d1117; }
  .grid { stroke: #30363d; }
  circle.criujs { fill: #6cb0ff; } line.criujs { stroke: #6cb0ff; } .criujs-text { fill: #6cb0ff; }
  .library-text { fill: #3cc7b5; }
}
</style>`;

/** A median, and the quartiles around it. */
export function lane(name, { median, lower, upper }, y, scale) {
  const [from, middle, to] = [lower, median, upper].map(scale.at);
  return (
    `<line class="${name} spread" x1="${from}" x2="${to}" y1="${y}" y2="${y}"/>` +
    `<circle class="${name}" cx="${middle}" cy="${y}" r="4.5"/>`
  );
}
