import { useState } from "preact/hooks";
import { askLeave } from "../kit/ui";
import { type Wrong, wrong } from "./data";

export type Drafted<T> = {
	now: T;
	/** Differs from what it began with. */
	changed: boolean;
	busy: boolean;
	put(part: Partial<T>): void;
	/** Words at a field that was refused. */
	at(field: string): string | undefined;
	/** Words that belong to none of these fields. */
	rest(...fields: string[]): string;
	refuse(bad: Wrong): void;
	/** Runs the saving; a refusal goes to its field. */
	run(save: () => Promise<void>): Promise<void>;
	/** Closes; asks first when something is not saved. */
	close(): Promise<void>;
};
/** What a dialog's form holds, where it was refused, and the way out of it. */
export function useDraft<T extends object>(old: T, onClose: () => void): Drafted<T> {
	const [now, set] = useState(old);
	const [bad, setBad] = useState<Wrong>();
	const [busy, setBusy] = useState(false);
	const changed = JSON.stringify(now) !== JSON.stringify(old);
	return {
		now,
		changed,
		busy,
		put: (part) => set((d) => ({ ...d, ...part })),
		at: (field) => (bad?.field === field ? bad.text : undefined),
		rest: (...fields) => (bad && !fields.includes(bad.field ?? "") ? bad.text : ""),
		refuse: setBad,
		run: async (save) => {
			setBusy(true);
			setBad(undefined);
			try {
				await save();
			} catch (e) {
				setBad(wrong(e));
			}
			setBusy(false);
		},
		close: async () => {
			if (!changed || (await askLeave())) onClose();
		},
	};
}
