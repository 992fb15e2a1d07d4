import { useEffect, useRef } from "preact/hooks";
import { t } from "../kit/i18n";
import { Article } from "./article";
import { Chat } from "./chat";
import { Form } from "./form";
import { Home } from "./home";
import { Icon } from "./icons";
import { Messages } from "./messages";
import type { Session } from "./session";
import * as st from "./state";

/** The panel: one screen at a time under one header, with a line for trouble that never covers anything. */
export function App({ s }: { s: Session }) {
	const at = st.screen.value;
	const title = useRef<HTMLHeadingElement>(null);
	const first = useRef(true);
	useEffect(() => {
		// A new screen is announced by its title; home and conversation bring their own focus.
		if (!first.current && at !== "home" && at !== "chat" && at !== "form") title.current?.focus();
		first.current = false;
	}, [at]);
	const v = at === "chat" ? st.views.value[st.current.value] : undefined;
	return (
		<main key={st.locale.value} aria-label={t("panel.title")} class="panel">
			<header>
				{at !== "home" && (
					<button type="button" class="bare" aria-label={t("panel.back")} onClick={back}>
						<Icon name="back" flip />
					</button>
				)}
				<div class="who">
					<h1 ref={title} tabIndex={-1}>
						{v?.agent || st.hello.value?.mailbox.name || t("panel.title")}
					</h1>
					{v?.number ? <p class="quiet">{t("chat.number", { number: String(v.number) })}</p> : null}
				</div>
				<button type="button" class="bare" aria-label={t("panel.close")} onClick={() => s.up({ t: "close" })}>
					<Icon name="close" />
				</button>
			</header>
			<Trouble />
			{at === "home" && <Home s={s} />}
			{at === "article" && <Article s={s} />}
			{at === "form" && <Form s={s} />}
			{at === "chat" && <Chat s={s} />}
			{at === "messages" && <Messages />}
		</main>
	);
}
function back(): void {
	const at = st.screen.value;
	st.screen.value = at === "article" ? st.from.value : "home";
}
function Trouble() {
	const away = st.away.value;
	const state = away === 4503 ? "blocked" : away === 4501 ? "origin" : away ? "update" : st.slow.value ? "offline" : "";
	const lost = state || (st.storage.value ? "" : "storage");
	return (
		<>
			<p role="status" class={lost ? "trouble" : "sr"}>
				{lost && t(`trouble.${lost}`)}
			</p>
			{st.trouble.value && (
				<p role="alert" class="trouble stop">
					{st.trouble.value}
				</p>
			)}
		</>
	);
}
