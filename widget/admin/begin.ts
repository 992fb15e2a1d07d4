import { signal } from "@preact/signals";
import { go } from "./guard";

/** What a person of a chat said, without personal data. */
export type ChatLine = { agent: boolean; text: string };
/** What a new article begins with: a question of the reports, or a resolved chat. */
export type Begin = {
	title: string;
	phrasings: string[];
	body: string;
	locale: string;
	mailbox: string;
	messages: ChatLine[];
};

/** What the next new article begins with; opening it takes it. */
export const begin = signal<Begin | undefined>(undefined);

/** Opens a new article that begins with something. Nothing is stored before a person saves it. */
export async function write(b: Begin): Promise<void> {
	begin.value = b;
	if (!(await go("articles", "new"))) begin.value = undefined;
}
