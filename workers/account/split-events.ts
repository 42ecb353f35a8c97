// The events of a captured stream, for the collectors of usage; a cut stream gives those that it still has.
import { createParser } from "eventsource-parser";

export type StreamEvents = { readonly events: readonly string[]; readonly failed: boolean };

/** The data of each event; `failed` when one of them is named `error`. */
export function splitEvents(text: string): StreamEvents {
  const events: string[] = [];
  let failed = false;
  const parser = createParser({
    onEvent: (event) => {
      if (event.event === "error") failed = true;
      events.push(event.data);
    },
  });
  parser.feed(text);
  // A cut stream may lack the blank line of its last event.
  parser.feed("\n\n");
  return { events, failed };
}
