/** What a chart shows, without a word of how it is drawn. */

export type Values = (number | null)[];

export interface Line {
  label: string;
  /** A custom property of the page, such as `--s-main`. */
  color: string;
  values: Values;
  kind?: "line" | "bars" | "step";
  dashed?: boolean;
}

/** A value that is not to be crossed. */
export interface Level {
  value: number;
  label: string;
  color: string;
}

/** Something that happened at a moment. */
export interface Mark {
  at: number;
  label: string;
  color: string;
}

/** Between two values all is well. */
export interface Band {
  from: number;
  to: number;
  color: string;
}

export interface ChartSpec {
  /** Seconds since 1970, or plain numbers. */
  xs: number[];
  x?: "time" | "number";
  lines: Line[];
  /** Drawn on top of one another, their sum being the outline. */
  stacked?: boolean;
  format: (value: number | null | undefined) => string;
  /** What values are in, as the file has them: `ms`. */
  unit?: string;
  /** Counts: nothing lies between two of them, and a chart of zeros shows nothing. */
  whole?: boolean;
  levels?: Level[];
  marks?: Mark[];
  band?: Band;
  /** Borders of the scale, where the data should not choose them. */
  min?: number;
  max?: number;
}

/** Sums from below: each line with those under it. */
export function stack(lines: Values[]): Values[] {
  const sums: number[] = [];
  return lines.map((values) =>
    values.map((value, i) => {
      sums[i] = (sums[i] ?? 0) + (value ?? 0);
      return sums[i]!;
    }),
  );
}

/** The columns that uPlot draws: stacked ones from the highest down, so that each covers what is above it. */
export function columns(spec: ChartSpec): Values[] {
  const values = spec.lines.map((line) => line.values);
  return spec.stacked ? stack(values).reverse() : values;
}

/** Whether there is nothing to draw. */
export const isEmpty = (spec: ChartSpec): boolean =>
  spec.lines.every((line) => line.values.every((value) => value == null || (spec.whole === true && value === 0)));

/** What makes it another chart, not another state of the same. */
export function shape(spec: ChartSpec): string {
  const { lines, stacked, x, min, max, marks = [] } = spec;
  return JSON.stringify([lines.map(({ label, color, kind, dashed }) => [label, color, kind, dashed]), stacked, x, min, max, marks.length > 0]);
}
