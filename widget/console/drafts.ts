import { signal } from "@preact/signals";
import { read, write } from "../kit/ui";
import type { FileRef } from "../kit/wire";

export type Chip = { id: string; label: string };
/** made: what the language model wrote, as it was put into the field. cc: who else gets the mail. files: those of an answer that was taken back. */
export type Draft = {
	text: string;
	note: string;
	brought: string[];
	article?: Chip;
	made?: string;
	mentions: Chip[];
	/** It answers nothing yet. */
	holding?: boolean;
	files?: FileRef[];
	cc?: string[];
	/** Its mail carries the link to go on in chat. */
	chat?: boolean;
};
const KEY = "postern-console-drafts";
const empty: Draft = { text: "", note: "", brought: [], mentions: [] };

/** What is being written, per conversation; it survives a change of conversation and a reload. */
export const drafts = signal<Record<string, Draft>>(read(KEY) ?? {});

export function draftOf(id: string): Draft {
	return drafts.value[id] ?? empty;
}
export function setDraft(id: string, d: Partial<Draft>): void {
	const next = { ...draftOf(id), ...d };
	const rest = { ...drafts.value };
	if (next.text || next.note || next.article || next.holding || next.files || next.cc?.length || next.chat)
		rest[id] = next;
	else delete rest[id];
	drafts.value = rest;
	write(KEY, rest);
}
