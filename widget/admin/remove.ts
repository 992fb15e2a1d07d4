import { t } from "../kit/i18n";
import { api, toast } from "../kit/ui";
import { wrong } from "./data";

type Removal = {
	path: string;
	/** What is said, with the way to take it back. */
	said: string;
	/** How the same is made again. */
	again: { path: string; body: object };
	/** Reads the list anew. */
	reload(): Promise<void>;
};
/** Deletes at once, without a question, because it can be taken back. */
export async function remove({ path, said, again, reload }: Removal): Promise<void> {
	const run = async (method: string, at: string, body?: object): Promise<boolean> => {
		try {
			await api(method, at, body);
			await reload();
			return true;
		} catch (e) {
			toast(wrong(e).text, "stop");
			return false;
		}
	};
	if (!(await run("DELETE", path))) return;
	toast(said, "info", { label: t("a.undo"), run: () => void run("POST", again.path, again.body) });
}
