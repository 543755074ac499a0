/** Draws a chart with uPlot. */

import uPlot from "uplot";

import { columns, type ChartSpec, type Line } from "./spec";

const HEIGHT = 190;
const FACE = '"Inter Variable", system-ui, sans-serif';
const FONT = `11px ${FACE}`;
/** Steps between ticks of counts. */
const WHOLE = [1, 2, 5].flatMap((first) => Array.from({ length: 10 }, (_, power) => first * 10 ** power)).sort((a, b) => a - b);
/** Room for the words of marks, above the plot. */
const LABEL_PX = 18;

/** What the chart needs of the page. */
export interface Canvas {
  color: (property: string) => string;
  spec: () => ChartSpec;
  onhover: (index: number | null) => void;
  width: number;
  height?: number | undefined;
}

export function plot(at: HTMLElement, canvas: Canvas): uPlot {
  const spec = canvas.spec();
  const lines = spec.stacked ? [...spec.lines].reverse() : spec.lines;
  return new uPlot(
    {
      width: canvas.width,
      height: canvas.height ?? HEIGHT,
      padding: [spec.marks?.length ? LABEL_PX : 8, 10, 0, 0],
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, points: { size: 7 }, y: false },
      scales: {
        x: spec.x === "number" ? { time: false, range: () => across(canvas.spec().xs) } : { time: true },
        y: { range: (_, low, high) => range(canvas.spec(), low, high) },
      },
      axes: [{ ...axis(canvas), size: 40, ...(spec.x !== "number" && { values: (_, ticks) => clocks(ticks) }) }, { ...axis(canvas), size: width, ...(spec.whole && { incrs: WHOLE }), values: (_, ticks) => ticks.map((tick) => spec.format(tick)) }],
      series: [{}, ...lines.map((line) => series(line, spec, canvas))],
      hooks: {
        setCursor: [(drawn) => canvas.onhover(drawn.cursor.idx ?? null)],
        drawClear: [(drawn) => ground(drawn, canvas)],
        draw: [(drawn) => notes(drawn, canvas)],
      },
    },
    data(spec),
    at,
  );
}

export const data = (spec: ChartSpec): uPlot.AlignedData => [spec.xs, ...columns(spec)] as uPlot.AlignedData;

function axis(canvas: Canvas): uPlot.Axis {
  const line = { stroke: canvas.color("--grid"), width: 1 };
  return { stroke: canvas.color("--muted"), font: FONT, grid: line, ticks: { ...line, size: 4 }, gap: 4 };
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });

/** The time of each tick in the viewer's zone; the day where another begins. */
function clocks(ticks: number[]): string[] {
  const days = ticks.map((tick) => DAY.format(tick * 1_000));
  const isDaily = ticks.length > 1 && ticks[1]! - ticks[0]! >= 86_400;
  return ticks.map((tick, i) => {
    if (isDaily) return days[i]!;
    const clock = CLOCK.format(tick * 1_000);
    return days[i] === days[i - 1] ? clock : `${clock}\n${days[i]}`;
  });
}

/** Half a bar more on both sides. */
function across(xs: number[]): [number, number] {
  const half = ((xs[1] ?? 1) - (xs[0] ?? 0)) / 2;
  return [(xs[0] ?? 0) - half, (xs.at(-1) ?? 1) + half];
}

/** As wide as the widest label. */
function width(drawn: uPlot, labels: string[] | null): number {
  const longest = (labels ?? []).reduce((longest, label) => (label.length > longest.length ? label : longest), "");
  drawn.ctx.font = FONT;
  return Math.ceil(drawn.ctx.measureText(longest).width / (devicePixelRatio || 1)) + 22;
}

function series(line: Line, spec: ChartSpec, canvas: Canvas): uPlot.Series {
  const color = canvas.color(line.color);
  const base: uPlot.Series = { label: line.label, stroke: color, width: 1.75, points: { show: alone } };
  if (line.dashed) base.dash = [5, 4];
  if (line.kind === "bars") return { ...base, width: 0, fill: color, paths: uPlot.paths.bars!({ size: [0.8, 40], gap: 1 }), points: { show: false } };
  if (line.kind === "step") base.paths = uPlot.paths.stepped!({ align: 1 });
  // What is stacked covers what is above it.
  return spec.stacked ? { ...base, width: 1, fill: mixed(color, canvas.color("--surface")), points: { show: false } } : base;
}

/** A value without neighbors would be drawn as a line of no length. */
const alone = (drawn: uPlot, index: number): boolean => [...drawn.data[index]!].filter((value) => value != null).length < 3;

const mixed = (color: string, ground: string): string => `color-mix(in srgb, ${color} 55%, ${ground})`;

/** A level so many times above all data is left out: it would press them flat. */
const FAR = 4;

/** Holds what is drawn, with what it is held against, and air above. */
function range(spec: ChartSpec, low: number | null, high: number | null): [number, number] {
  const near = (spec.levels ?? []).map((level) => level.value).filter((value) => !high || value <= high * FAR);
  const held = [...near, ...(spec.band ? [spec.band.from, spec.band.to] : [])];
  const bottom = spec.min ?? Math.min(0, low ?? 0);
  const top = Math.max(high ?? 0, ...held);
  const above = top > bottom ? top + (top - bottom) * 0.08 : bottom + 1;
  return [bottom, spec.max ?? above];
}

function ground(drawn: uPlot, canvas: Canvas): void {
  const { band } = canvas.spec();
  if (!band) return;
  const { ctx, bbox } = drawn;
  const [top, bottom] = [drawn.valToPos(band.to, "y", true), drawn.valToPos(band.from, "y", true)];
  ctx.save();
  ctx.fillStyle = canvas.color(band.color);
  ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
  ctx.restore();
}

/** Levels from side to side, marks from top to bottom, each with its word. */
function notes(drawn: uPlot, canvas: Canvas): void {
  const { ctx, bbox } = drawn;
  const { levels = [], marks = [] } = canvas.spec();
  const scale = devicePixelRatio || 1;
  const [right, bottom] = [bbox.left + bbox.width, bbox.top + bbox.height];
  ctx.save();
  ctx.font = `${11 * scale}px ${FACE}`;
  // Axes leave another behind.
  ctx.textBaseline = "alphabetic";
  ctx.lineWidth = scale;
  for (const level of levels) {
    const y = drawn.valToPos(level.value, "y", true);
    if (y > bottom) continue;
    if (y < bbox.top) {
      ctx.fillStyle = canvas.color(level.color);
      ctx.textAlign = "right";
      ctx.fillText(`${level.label} ↑`, right - 4 * scale, bbox.top + 11 * scale);
      continue;
    }
    stroke(ctx, canvas.color(level.color), [6 * scale, 4 * scale], [bbox.left, y], [right, y]);
    const width = ctx.measureText(level.label).width;
    // On ground of its own, so that no line of the data runs through it.
    ctx.fillStyle = canvas.color("--surface");
    ctx.fillRect(right - width - 8 * scale, y - 15 * scale, width + 8 * scale, 13 * scale);
    ctx.fillStyle = canvas.color(level.color);
    ctx.textAlign = "right";
    ctx.fillText(level.label, right - 4 * scale, y - 4 * scale);
  }
  let free = bbox.left;
  for (const mark of marks) {
    const x = drawn.valToPos(mark.at, "x", true);
    if (x < bbox.left || x > right) continue;
    stroke(ctx, canvas.color(mark.color), [2 * scale, 3 * scale], [x, bbox.top - 4 * scale], [x, bottom]);
    const width = ctx.measureText(mark.label).width;
    // At the right edge the word stands on the other side of its line.
    const from = x + width + 3 * scale > right + 10 * scale ? x - width - 3 * scale : x + 3 * scale;
    // A word that would stand on another is left out: the line says that there is something.
    if (from < free) continue;
    ctx.textAlign = "left";
    ctx.fillText(mark.label, from, bbox.top - 5 * scale);
    free = from + width + 6 * scale;
  }
  ctx.restore();
}

function stroke(ctx: CanvasRenderingContext2D, color: string, dash: number[], from: [number, number], to: [number, number]): void {
  ctx.strokeStyle = ctx.fillStyle = color;
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.moveTo(...from);
  ctx.lineTo(...to);
  ctx.stroke();
}
