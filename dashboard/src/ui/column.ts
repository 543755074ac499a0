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
}

/** Saves a table as it stands. */
export function save<Row>(name: string, columns: Column<Row>[], rows: Row[]): void {
  const cells = rows.map((row) => columns.map((column) => (column.value ?? column.text)(row)));
  download(`aios-${name}.csv`, csv(columns.map((column) => column.label), cells));
}
