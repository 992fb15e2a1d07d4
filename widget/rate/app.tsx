import { useEffect, useState } from "preact/hooks";
import { t } from "../kit/i18n";
import { ask, type Look, Refusal } from "./ask";
import { Form } from "./form";
import { speak } from "./lang";

type At = "look" | "later" | "now" | "done" | "over" | "refused" | "many" | "trouble";

/** Which words a refusal gets. Whatever is wrong with a link reads the same. */
function after(e: unknown): At {
	const code = e instanceof Refusal ? e.message : "";
	if (code === "not_found") return "refused";
	return code === "too_many" ? "many" : "trouble";
}

/** The page of a mail's link: it looks first, and rates only when somebody presses the button. */
export function App() {
	const [at, setAt] = useState<At>("look");
	const [mailbox, setMailbox] = useState("");
	const [stars, setStars] = useState(0);
	const look = async () => {
		try {
			const l = await ask<Look>("/look");
			if (l.locale) await speak(l.locale);
			setMailbox(l.mailbox);
			setStars(l.stars);
			setAt(l.state);
		} catch (e) {
			setAt(after(e));
		}
	};
	useEffect(() => void look(), []);
	document.title = mailbox ? `${t("rate.title")} · ${mailbox}` : t("rate.title");
	const said = at === "now" || at === "done" ? "" : t(`rate.${at}`);
	return (
		<main>
			<h1>{t("rate.title")}</h1>
			<p class="quiet">{mailbox && t("rate.with", { mailbox })}</p>
			<p role="status">{at === "done" ? t("rate.thanks") : said}</p>
			{at === "now" && (
				<Form
					given={stars}
					done={(n) => {
						setStars(n);
						setAt("done");
					}}
					changed={look}
				/>
			)}
			{at === "done" && (
				<button type="button" data-first onClick={() => setAt("now")}>
					{t("rate.edit")}
				</button>
			)}
			{(at === "later" || at === "many" || at === "trouble") && (
				<button type="button" onClick={() => void look()}>
					{t("rate.again")}
				</button>
			)}
		</main>
	);
}
