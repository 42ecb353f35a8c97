// Which frames of which segments an exchange has, and which segments still hold an exchange that is not settled.
// Made anew from the segments at each start: there is no second account that could disagree with the files.

/** One file of the spool. */
export type Segment = {
  readonly number: number;
  readonly bytes: number;
  readonly file: number;
  path: string;
  /** Where the next frame goes. */
  at: number;
  frames: number;
  /** Unsettled exchanges with a frame in it. */
  exchanges: number;
  /** `closed` ends with its close frame; `cut` ends where it could not go on, and its name says so. */
  state: "spare" | "current" | "closed" | "cut" | "gone";
  /** A damaged one is set aside when it is not needed any more, never deleted. */
  condition: "sound" | "damaged";
  /** Whether its folder entry and its size are on the disk. */
  entry: "new" | "flushed";
};

/** Where a frame stands. */
export type FrameRef = {
  readonly segment: Segment;
  readonly at: number;
  readonly bytes: number;
  readonly kind: number;
  /** The how manieth frame of its exchange. */
  readonly number: number;
};

export class ExchangeIndex {
  readonly #frames = new Map<number, FrameRef[]>();
  readonly #letGo: (segment: Segment) => boolean;

  /** `letGo` gets a segment that takes no frames any more when nothing in it is needed; false when it must wait. */
  constructor(letGo: (segment: Segment) => boolean) {
    this.#letGo = letGo;
  }

  get size(): number {
    return this.#frames.size;
  }

  /** Whether a frame of it is here and it is not settled. */
  has(seq: number): boolean {
    return this.#frames.has(seq);
  }

  add(seq: number, ref: FrameRef): void {
    const frames = this.#frames.get(seq);
    if (frames === undefined) {
      this.#frames.set(seq, [ref]);
      ref.segment.exchanges += 1;
      return;
    }
    if (frames.at(-1)?.segment !== ref.segment && !frames.some(({ segment }) => segment === ref.segment))
      ref.segment.exchanges += 1;
    frames.push(ref);
  }

  /** In the order in which they came to be; one that was written twice stands here once. */
  framesOf(seq: number): FrameRef[] {
    const byNumber = new Map<number, FrameRef>();
    for (const ref of this.#frames.get(seq) ?? []) byNumber.set(ref.number, ref);
    return [...byNumber.values()].sort((one, other) => one.number - other.number);
  }

  /** Nothing more will happen to this exchange. */
  settle(seq: number): void {
    const frames = this.#frames.get(seq);
    if (frames === undefined) return;
    this.#frames.delete(seq);
    for (const segment of new Set(frames.map((ref) => ref.segment))) {
      segment.exchanges -= 1;
      this.release(segment);
    }
  }

  /** Lets go of the segment if nothing in it is needed any more. */
  release(segment: Segment): void {
    if (segment.exchanges > 0 || (segment.state !== "closed" && segment.state !== "cut")) return;
    if (this.#letGo(segment)) segment.state = "gone";
  }
}
