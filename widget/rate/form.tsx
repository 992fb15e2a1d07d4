import { useState } from "preact/hooks";
import { t } from "../kit/i18n";
import { Stars } from "../kit/stars";
import { ask, Refusal } from "./ask";

type P = { given: number; done(stars: number): void; changed(): Promise<void> };

/** Stars, and a word if somebody likes. Sent again it replaces what was given, in the widget too. */
export function Form({ given, done, changed }: P) {
	const [stars, setStars] = useState(given);
	const [text, setText] = useState("");
	const [error, setError] = useState("");
	const [busy, setBusy] = useState(false);
	const choose = (n: number) => {
		setStars(n);
		setError("");
	};
	const send = async (e: Event) => {
		e.preventDefault();
		if (busy) return;
		if (!stars) return setError(t("rate.choose"));
		setBusy(true);
		setError("");
		try {
			const words = text.trim();
			await ask("", { stars, ...(words ? { text: words } : {}) });
			done(stars);
		} catch (x) {
			setBusy(false);
			const code = x instanceof Refusal ? x.message : "";
			if (code === "gone" || code === "invalid" || code === "not_found") return changed();
			setError(t(code === "too_many" ? "rate.many" : "rate.trouble"));
		}
	};
	return (
		<form onSubmit={send} aria-busy={busy}>
			{given > 0 && <p class="quiet">{t("rate.given", { n: given })}</p>}
			<Stars legend={t("rate.stars")} stars={stars} choose={choose} />
			<label>
				{t("rate.text")}
				<textarea rows={4} maxLength={680} dir="auto" value={text} onInput={(e) => setText(e.currentTarget.value)} />
			</label>
			<p role="alert" class="wrong">
				{error}
			</p>
			<button type="submit" class="main" aria-disabled={busy}>
				{t("rate.send")}
			</button>
		</form>
	);
}
