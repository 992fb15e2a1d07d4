import type { Event, Row } from "../kit/wire";
import { type Item, type Names, story } from "./story";

/** The history of a conversation that goes on in another one. */
export type Part = { conversation: Row; events: Event[]; staff: Event[] };

/** A history with those that go on in it, in one line of time; what is not its own says whose it is. */
export function joined(own: Item[], parts: Part[], names: Names): Item[] {
	if (!parts.length) return own;
	const others = parts.flatMap(({ conversation: c, events, staff }) =>
		story({ id: c.id, events, staff, seq: 0, staffSeq: 0, loaded: true }, names).map((i) => ({
			...i,
			seq: Number.MAX_SAFE_INTEGER, // its numbers are another topic's
			of: c.number ? `#${c.number}` : c.id,
		})),
	);
	return [...own, ...others].sort((a, b) => a.at - b.at);
}
