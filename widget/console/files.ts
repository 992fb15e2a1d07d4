import { useRef, useState } from "preact/hooks";
import { t } from "../kit/i18n";
import { words } from "../kit/ui";
import type { FileRef } from "../kit/wire";
import { tooLarge, type Upload, upload } from "./upload";

let keys = 0;
const MOST = 10;

export type Files = {
	list: Upload[];
	/** Ids of those that the server has. */
	ready: string[];
	busy: boolean;
	add(list: FileList | null): void;
	/** Takes a file that the server has already: one of the public library. */
	take(f: FileRef): void;
	remove(key: number): void;
	clear(): void;
};
/** The files of a message that is being written: each goes up at once, by itself, and can be taken out meanwhile. */
export function useFiles(conversation: string, say: (error: string) => void): Files {
	const [list, setList] = useState<Upload[]>([]);
	const gone = useRef(new Set<number>());
	const one = async (f: File) => {
		if (tooLarge(f)) return say(t("error.too_large"));
		const key = ++keys;
		const put = (u: Partial<Upload>) => setList((all) => all.map((x) => (x.key === key ? { ...x, ...u } : x)));
		setList((all) => [...all, { key, name: f.name, size: f.size, sent: 0 }]);
		try {
			const id = await upload(conversation, f, (sent) => {
				put({ sent });
				return !gone.current.has(key);
			});
			if (id) put({ id });
		} catch (e) {
			put({ error: e });
			say(`${f.name}: ${words(e)}`);
		}
	};
	return {
		list,
		ready: list.flatMap((f) => f.id ?? []),
		busy: list.some((f) => !f.id && !f.error),
		add: (files) => {
			for (const f of [...(files ?? [])].slice(0, MOST)) void one(f);
		},
		take: (f) =>
			setList((all) =>
				all.some((x) => x.id === f.id)
					? all
					: [...all, { key: ++keys, name: f.name, size: f.size, sent: f.size, id: f.id }],
			),
		remove: (key) => {
			gone.current.add(key);
			setList((all) => all.filter((x) => x.key !== key));
		},
		clear: () => setList([]),
	};
}
