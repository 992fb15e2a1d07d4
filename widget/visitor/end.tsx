import { useEffect, useState } from "preact/hooks";
import type { View } from "../kit/conversation";
import { t } from "../kit/i18n";
import { Stars } from "../kit/stars";
import type { Session } from "./session";
import * as st from "./state";

/** The end: stars, a word if somebody likes, and the way to begin anew. */
export function End({ s, v }: { s: Session; v: View }) {
	const [stars, setStars] = useState(v.rating?.stars ?? 0);
	const [text, setText] = useState(v.rating?.text ?? "");
	const [edit, setEdit] = useState(!v.rating);
	const [error, setError] = useState("");
	const [link, setLink] = useState("");
	useEffect(() => {
		// Given, or changed, in another tab or by the link of a mail.
		if (!v.rating) return;
		setStars(v.rating.stars);
		setText(v.rating.text ?? "");
		setEdit(false);
	}, [v.rating]);
	const choose = (n: number) => {
		setStars(n);
		setError("");
	};
	const later = () =>
		s.socket.command<{ url: string }>("transcript.link", { conversation: v.topic }).then(
			(r) => setLink(r.url),
			(x) => setLink(st.words(x)),
		);
	const send = (e: Event) => {
		e.preventDefault();
		if (!stars) {
			setError(t("end.choose"));
			return;
		}
		const words = text.trim();
		s.socket.command("conversation.rate", { conversation: v.topic, stars, ...(words ? { text: words } : {}) }).then(
			() => setError(""),
			(x) => setError(st.words(x)),
		);
	};
	return (
		<form class="end" onSubmit={send}>
			{edit ? (
				<>
					<Stars legend={t("end.title")} stars={stars} choose={choose} />
					<label>
						{t("end.text")}
						<textarea rows={2} maxLength={680} value={text} onInput={(e) => setText(e.currentTarget.value)} />
					</label>
					<p role="alert" class="wrong">
						{error}
					</p>
					<button type="submit" class="main wide">
						{t("end.rate")}
					</button>
				</>
			) : (
				<p role="status" class="row">
					<span>{t("end.thanks")}</span>
					<button type="button" class="link" onClick={() => setEdit(true)}>
						{t("end.edit")}
					</button>
				</p>
			)}
			{link ? (
				<p role="status">
					{link.includes("#") ? (
						<a href={link} target="_blank" rel="noreferrer">
							{t("end.link.open")}
						</a>
					) : (
						link
					)}
				</p>
			) : (
				<button type="button" class="link" onClick={later}>
					{t("end.link")}
				</button>
			)}
			<button
				type="button"
				class="wide"
				onClick={() => {
					st.current.value = "";
					st.screen.value = "form";
				}}
			>
				{t("end.again")}
			</button>
		</form>
	);
}
