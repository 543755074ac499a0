/** Drawn on 24 × 24, with strokes. */
export const ICONS = {
  pulse: "M3 12h4l3-8 4 16 3-8h4",
  flask: "M9 3h6M10 3v6l-5.5 9.5A1.7 1.7 0 0 0 6 21h12a1.7 1.7 0 0 0 1.5-2.5L14 9V3M7.5 15h9",
  fork: "M4 12h6M10 12c4 0 4-6 8-6M10 12c4 0 4 6 8 6M16 3l3 3-3 3M16 15l3 3-3 3",
  search: "M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14M16.2 16.2 21 21",
  sliders: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.8v4.4M9 14.8v4.4",
  ladder: "M4 20h4v-4h4v-4h4V8h4V4",
  check: "M4 5h16v14H4zM8 12l3 3 5-6",
  layers: "M12 3 3 8l9 5 9-5zM3 12.5l9 5 9-5M3 17l9 5 9-5",
  shield: "M12 3l8 3v6c0 5-3.5 7.8-8 9-4.5-1.2-8-4-8-9V6zM9 12l2.2 2.2L15.5 10",
  sun: "M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6 19 19M5 19l1.4-1.4M17.6 6.4 19 5",
  moon: "M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z",
  table: "M4 5h16v14H4zM4 10h16M4 14.5h16M10 10v9",
  download: "M12 4v11M7.5 10.5 12 15l4.5-4.5M5 20h14",
  leave: "M14 4h5v16h-5M3 12h11M7 8l-4 4 4 4",
  stop: "M8 3h8l5 5v8l-5 5H8l-5-5V8zM8 12h8",
} as const;

export type IconName = keyof typeof ICONS;
