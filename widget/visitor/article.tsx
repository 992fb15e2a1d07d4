import { useEffect, useState } from "preact/hooks";
import { dir, t } from "../kit/i18n";
import { Nodes } from "../kit/nodes";
import type { Session } from "./session";
import * as st from "./state";

/** An article inside the panel, drawn from its tree, with one question at its end. */
export function Article({ s }: { s: Session }) {
	const a = st.article.value;
	if (!a) return null;
	const still = () => {
		const v = st.views.value[st.current.value];
		st.screen.value = v && v.status !== "closed" ? "chat" : "form";
	};
	return (
		<>
			<article class="body text" dir="auto" key={a.article}>
				<h2>{a.title}</h2>
				<Nodes nodes={a.nodes} />
				<Helped s={s} article={a.article} />
			</article>
			<footer>
				<button type="button" class="wide" onClick={still}>
					{t("article.still")}
				</button>
			</footer>
		</>
	);
}
function Helped({ s, article }: { s: Session; article: string }) {
	const [step, setStep] = useState<"ask" | "why" | "done">("ask");
	const [text, setText] = useState("");
	const [error, setError] = useState("");
	useEffect(() => setStep("ask"), [article]);
	const rate = (solved: boolean, next: "why" | "done", why?: string) =>
		s.rate(article, solved, why).then(
			() => setStep(next),
			(e) => setError(st.words(e)),
		);
	return (
		<section class="helped" dir={dir()} aria-label={t("article.helped")}>
			<p role="status">{t(step === "ask" ? "article.helped" : step === "why" ? "article.sorry" : "article.thanks")}</p>
			{step === "ask" && (
				<p class="row">
					<button type="button" onClick={() => rate(true, "done")}>
						{t("article.yes")}
					</button>
					<button type="button" onClick={() => rate(false, "why")}>
						{t("article.no")}
					</button>
				</p>
			)}
			{step === "why" && (
				<form
					onSubmit={(e) => {
						e.preventDefault();
						if (text.trim()) void rate(false, "done", text.trim());
						else setStep("done");
					}}
				>
					<label>
						{t("article.missing")}
						<textarea rows={2} maxLength={1000} value={text} onInput={(e) => setText(e.currentTarget.value)} />
					</label>
					<button type="submit">{t("article.send")}</button>
				</form>
			)}
			<p role="alert">{error}</p>
		</section>
	);
}
