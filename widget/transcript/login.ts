import { useEffect, useState } from "preact/hooks";
import { Asking, Refusal } from "./ask";
import type { Kept } from "./kept";

/** Where the page stands; "text" = the login has shown what it shows. */
export type At = "look" | "ask" | "failed" | "text" | "over" | "refused" | "many" | "trouble";

/** Which words a refusal gets. Whatever is wrong with a link reads the same. */
function after(e: unknown): At {
	const code = e instanceof Refusal ? e.message : "";
	if (["not_found", "unauthenticated", "conflict", "gone"].includes(code)) return "refused";
	return code === "too_many" ? "many" : "trouble";
}
/** Asks for a login, and shows what `read` gives after it until its time is over. */
export function useLogin<T extends { until: number }>(
	kept: Kept | undefined,
	back: string,
	read: (a: Asking) => Promise<T>,
): { at: At; shown?: T; asking?: Asking; login(): void; again(): void } {
	const [at, setAt] = useState<At>(kept ? "look" : "refused");
	const [asking, setAsking] = useState<Asking>();
	const [shown, setShown] = useState<T>();
	const tries = async (run: () => Promise<void>) => {
		setAt("look");
		await run().catch((e) => setAt(after(e)));
	};
	const show = async (a: Asking) => {
		setShown(await read(a));
		setAt("text");
	};
	const begin = async (finish = "") => {
		if (!kept) return;
		const a = asking ?? (await Asking.begin(kept));
		setAsking(a);
		if (finish) {
			const done = await a.finish(finish).then(
				() => true,
				() => false,
			);
			if (done) return show(a);
		}
		const how = await a.open();
		if (how === "proven") return show(a);
		setAt(how);
	};
	const login = async () => {
		const to = await asking?.login();
		if (!to || !/^https?:\/\//.test(to)) throw new Refusal("offline");
		location.assign(to);
	};
	useEffect(() => void tries(() => begin(back)), []);
	useEffect(() => {
		if (!shown) return;
		const over = setTimeout(() => {
			setShown(undefined);
			setAt("over");
		}, shown.until - Date.now());
		return () => clearTimeout(over);
	}, [shown]);
	return { at, shown, asking, login: () => void tries(login), again: () => void tries(() => begin()) };
}
