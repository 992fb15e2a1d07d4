import { useState } from "preact/hooks";
import type { View } from "../kit/conversation";
import { t } from "../kit/i18n";
import { Icon } from "./icons";
import type { Session } from "./session";
import * as st from "./state";

/** The end: stars, a word if somebody likes, and the way to begin anew. */
export function End({ s, v }: { s: Session; v: View }) {
	const [stars, setStars] = useState(v.rating?.stars ?? 0);
	const [text, setText] = useState(v.rating?.text ?? "");
	const [edit, setEdit] = useState(!v.rating);
	const [error, setError] = useState("");
	const send = (e: Event) => {
		e.preventDefault();
		if (!stars) {
			setError(t("end.choose"));
			return;
		}
		const words = text.trim();
		s.socket.command("conversation.rate", { conversation: v.topic, stars, ...(words ? { text: words } : {}) }).then(
			() => {
				setError("");
				setEdit(false);
			},
			(x) => setError(st.words(x)),
		);
	};
	return (
		<form class="end" onSubmit={send}>
			{edit ? (
				<>
					<fieldset>
						<legend>{t("end.title")}</legend>
						<div class="stars">
							{[1, 2, 3, 4, 5].map((n) => (
								<label key={n} class={n <= stars ? "star on" : "star"}>
									<input type="radio" name="stars" value={n} checked={stars === n} onChange={() => setStars(n)} />
									<span class="sr">{t("end.star", { n })}</span>
									<Icon name="star" />
								</label>
							))}
						</div>
					</fieldset>
					<label>
						{t("end.text")}
						<textarea rows={2} maxLength={1000} value={text} onInput={(e) => setText(e.currentTarget.value)} />
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
