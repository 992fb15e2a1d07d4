import { signal } from "@preact/signals";
import type { FileRef } from "../kit/wire";
import type { Session } from "./session";

/** A file on its way up. percent 100 = stored and ready to be sent. */
export type Upload = {
	key: string;
	conversation: string;
	name: string;
	percent: number;
	file?: FileRef;
	stop: AbortController;
};
export const uploads = signal<Upload[]>([]);
const PART = 1 << 20;

function put(key: string, change: Partial<Upload>): void {
	uploads.value = uploads.value.map((u) => (u.key === key ? { ...u, ...change } : u));
}
export function drop(key: string): void {
	uploads.value.find((u) => u.key === key)?.stop.abort();
	uploads.value = uploads.value.filter((u) => u.key !== key);
}
/** Sends one file in parts of 1 MiB; rejects with CommandError, or an AbortError after cancel. */
export async function upload(s: Session, conversation: string, key: string, f: File): Promise<void> {
	const stop = new AbortController();
	uploads.value = [...uploads.value, { key, conversation, name: f.name, percent: 0, stop }];
	try {
		const head = { "Content-Type": "application/json" };
		const body = JSON.stringify({ conversation, name: f.name, size: f.size });
		const r = await s.fetch("/v1/files", { method: "POST", headers: head, body, signal: stop.signal });
		let { file } = (await r.json()) as { file: FileRef };
		for (let n = 0; n * PART < f.size; n++) {
			const part = f.slice(n * PART, (n + 1) * PART);
			const done = await s.fetch(`/v1/files/${file.id}/${n}`, {
				method: "PUT",
				headers: { "Content-Type": "application/octet-stream" },
				body: part,
				signal: stop.signal,
			});
			file = ((await done.json()) as { file: FileRef }).file;
			put(key, { percent: Math.min(99, Math.round(((n + 1) * PART * 100) / f.size)) });
		}
		put(key, { percent: 100, file });
	} catch (e) {
		drop(key);
		throw e;
	}
}
