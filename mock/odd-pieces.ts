// Cuts bytes where a network could: inside characters, between CR and LF, between the two line ends of a blank line,
// and at sizes that fit nothing. The pieces joined are the bytes.

const oddSizes = [1, 2, 3, 5, 1, 7, 13, 1, 1, 64, 4, 29];
const CR = 0x0d;
const LF = 0x0a;

/** With `pieceBytes`, every piece but the last has that size; without it, sizes vary and every weak point is a cut. */
export function cutOddly(bytes: Buffer, pieceBytes: number | null): Buffer[] {
  const pieces: Buffer[] = [];
  let start = 0;
  let turn = 0;
  for (let end = 1; end <= bytes.length; end += 1) {
    const sizeReached = end - start >= (pieceBytes ?? oddSizes[turn % oddSizes.length] ?? 1);
    if (sizeReached || end === bytes.length || (pieceBytes === null && isWeakPoint(bytes, end))) {
      pieces.push(bytes.subarray(start, end));
      start = end;
      turn += 1;
    }
  }
  return pieces;
}

/** Whether a cut before `at` falls inside a UTF-8 sequence or inside an event's end. */
function isWeakPoint(bytes: Buffer, at: number): boolean {
  const before = bytes[at - 1] ?? 0;
  const after = bytes[at] ?? 0;
  const insideCharacter = (after & 0xc0) === 0x80;
  const insideLineEnd = (before === CR || before === LF) && (after === LF || after === CR);
  return insideCharacter || insideLineEnd;
}
