/** What differs between two texts, word by word. */

export interface Piece {
  kind: "same" | "gone" | "new";
  text: string;
}

/** More words than this are shown as replaced whole: the table of the comparison grows with their product. */
const WORDS_MAX = 1_500;

/** The longest common subsequence of words, with what surrounds it. */
export function diff(before: string, after: string): Piece[] {
  const [a, b] = [words(before), words(after)];
  if (a.length > WORDS_MAX || b.length > WORDS_MAX) return joined([{ kind: "gone", text: before }, { kind: "new", text: after }]);
  const width = b.length + 1;
  // `common[i * width + j]`: length of what a[i..] and b[j..] have in common.
  const common = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number) => common[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const pieces: Piece[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      pieces.push({ kind: "same", text: a[i++]! });
      j++;
    } else if (j >= b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1))) {
      pieces.push({ kind: "gone", text: a[i++]! });
    } else {
      pieces.push({ kind: "new", text: b[j++]! });
    }
  }
  return joined(pieces);
}

const words = (text: string): string[] => text.match(/\s+|[^\s]+/g) ?? [];

function joined(pieces: Piece[]): Piece[] {
  const out: Piece[] = [];
  for (const piece of pieces) {
    const last = out.at(-1);
    if (last?.kind === piece.kind) last.text += piece.text;
    else if (piece.text !== "") out.push({ ...piece });
  }
  return out;
}
