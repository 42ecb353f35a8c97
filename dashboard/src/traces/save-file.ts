// Gives the reader a file: written while it comes where the browser can do that, else gathered in memory.

/** `kept`: of a part that was written nothing stays. `gathered`: the whole must fit into memory. */
export type SavePlace = {
  readonly kind: "kept" | "gathered";
  readonly sink: WritableStream<Uint8Array>;
  /** Once the sink is closed. */
  readonly finish: () => void;
};

/** File System Access: not in every browser, and only for pages of https or of this machine. */
type FilePicker = (options: { readonly suggestedName: string }) => Promise<FileSystemFileHandle>;

function findPicker(): FilePicker | null {
  const { showSaveFilePicker } = window as { showSaveFilePicker?: FilePicker };
  return showSaveFilePicker?.bind(window) ?? null;
}

export function canWriteFiles(): boolean {
  return findPicker() !== null;
}

/** Must be called while a press is handled. Null: the reader chose no file. */
export async function choosePlace(name: string): Promise<SavePlace | null> {
  const pick = findPicker();
  if (pick === null) {
    const parts: BlobPart[] = [];
    const sink = new WritableStream<Uint8Array<ArrayBuffer>>({ write: (bytes) => void parts.push(bytes) });
    return { kind: "gathered", sink, finish: () => saveBlob(new Blob(parts), name) };
  }
  try {
    const file = await pick({ suggestedName: name });
    return { kind: "kept", sink: await file.createWritable(), finish: () => undefined };
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return null;
    throw error;
  }
}

export function saveBlob(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
