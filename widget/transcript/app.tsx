import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../kit/i18n";
import { clock } from "../kit/time";
import { Asking, Refusal, type Text } from "./ask";
import type { Kept } from "./kept";
import { Lines } from "./lines";

type At = "look" | "ask" | "failed" | "text" | "over" | "refused" | "many" | "trouble";

/** Which words a refusal gets. Whatever is wrong with a link reads the same. */
function after(e: unknown): At {
	const code = e instanceof Refusal ? e.message : "";
	if (["not_found", "unauthenticated", "conflict", "gone"].includes(code)) return "refused";
	return code === "too_many" ? "many" : "trouble";
}
/** Shows nothing of a conversation before the login, and for ten minutes after it. */
export function App({ kept, back }: { kept: Kept | undefined; back: string }): JSX.Element {
	const [at, setAt] = useState<At>(kept ? "look" : "refused");
	const [asking, setAsking] = useState<Asking>();
	const [text, setText] = useState<Text>();
	const tries = async (run: () => Promise<void>) => {
		setAt("look");
		await run().catch((e) => setAt(after(e)));
	};
	const read = async (a: Asking) => {
		setText(await a.read());
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
			if (done) return read(a);
		}
		const how = await a.open();
		if (how === "proven") return read(a);
		setAt(how);
	};
	const login = async () => {
		const to = await asking?.login();
		if (!to || !/^https?:\/\//.test(to)) throw new Refusal("offline");
		location.assign(to);
	};
	useEffect(() => void tries(() => begin(back)), []);
	useEffect(() => {
		if (!text) return;
		const over = setTimeout(() => {
			setText(undefined);
			setAt("over");
		}, text.until - Date.now());
		return () => clearTimeout(over);
	}, [text]);
	const press = at === "ask" || at === "failed";
	return (
		<main>
			<h1>{t("transcript.title")}</h1>
			<p role="status">
				{at === "text" ? t("transcript.until", { time: clock(text?.until ?? 0) }) : t(`transcript.${at}`)}
			</p>
			{press && <p class="quiet">{t("transcript.only")}</p>}
			{press && (
				<button type="button" class="main" onClick={() => void tries(login)}>
					{t("transcript.login")}
				</button>
			)}
			{at === "text" && text && <Lines text={text} />}
			{(at === "over" || at === "many" || at === "trouble") && (
				<button type="button" onClick={() => void tries(() => begin())}>
					{t("transcript.again")}
				</button>
			)}
		</main>
	);
}
