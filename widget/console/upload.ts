import { api, putBytes } from "../kit/ui";

export type Upload = { key: number; name: string; size: number; sent: number; id?: string; error?: unknown };
const MAX = 20 << 20;
type Answer = { file: { id: string; part_size: number } };

/** Sends a file in parts; `step` hears each one and says false to give up. Errors: as the routes; too_large at once. */
export async function upload(conversation: string, f: File, step: (sent: number) => boolean): Promise<string> {
	const { file } = await api<Answer>("POST", "/v1/files", { conversation, name: f.name, size: f.size });
	const part = file.part_size || 1 << 20;
	for (let n = 0; n * part < f.size; n++) {
		if (!step(n * part)) return "";
		await putBytes(`/v1/files/${file.id}/${n}`, f.slice(n * part, (n + 1) * part));
	}
	return step(f.size) ? file.id : "";
}
export const tooLarge = (f: File): boolean => f.size > MAX;
