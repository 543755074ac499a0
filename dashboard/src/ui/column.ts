import { csv, download, type Cell } from "../lib/csv";

/** A column of a table, and of its file. */
export interface Column<Row> {
  key: string;
  label: string;
  number?: boolean;
  /** May take several lines; what is not stays on one. */
  wide?: boolean;
  /** Drawn by the table's snippet in place of plain text. */
  custom?: boolean;
  text: (row: Row) => string;
  /** What the file holds, where that is not the text. */
  value?: (row: Row) => Cell;
  /** What the file's values are in, such as `ms`: on the page the text says it. */
  unit?: string | undefined;
}

/** A table as the text of a file. */
export function fileOf<Row>(columns: Column<Row>[], rows: Row[]): string {
  const cells = rows.map((row) => columns.map((column) => (column.value ?? column.text)(row)));
  return csv(columns.map(({ label, unit }) => (unit ? `${label} (${unit})` : label)), cells);
}

/** Saves a table as it stands. */
export const save = <Row>(name: string, columns: Column<Row>[], rows: Row[]): void => download(`aios-${name}.csv`, fileOf(columns, rows));
