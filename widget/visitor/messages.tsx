import { t } from "../kit/i18n";
import { exact } from "../kit/time";
import * as st from "./state";

/** The conversations of this browser, newest first. */
export function Messages() {
	const all = (st.hello.value?.conversations ?? [])
		.map((c) => ({ ...c, ...st.views.value[c.id] }))
		.sort((a, b) => b.started_at - a.started_at);
	return (
		<section class="body">
			<h2>{t("home.all")}</h2>
			{!all.length && <p class="empty">{t("list.empty")}</p>}
			<ul class="cards">
				{all.map((c) => (
					<li key={c.id}>
						<button
							type="button"
							class="card"
							onClick={() => {
								st.current.value = c.id;
								st.screen.value = "chat";
							}}
						>
							<span>
								<b dir="auto">{c.subject || c.first_words || t("line.started")}</b>
								<span class="quiet">
									{exact(c.started_at)}
									{c.number ? ` · ${t("chat.number", { number: String(c.number) })}` : ""}
									{c.status === "closed" ? ` · ${t("line.closed")}` : ""}
								</span>
							</span>
						</button>
					</li>
				))}
			</ul>
		</section>
	);
}
