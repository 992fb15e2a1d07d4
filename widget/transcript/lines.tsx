import type { JSX } from "preact";
import { t } from "../kit/i18n";
import { exact } from "../kit/time";
import type { Text } from "./ask";

/** What both sides said. Typed text stays text: no links, no pictures. */
export function Lines({ text }: { text: Text }): JSX.Element {
	return (
		<section aria-label={t("transcript.log")}>
			<p class="quiet">
				{text.mailbox} · {exact(text.started)}
			</p>
			<ol class="lines">
				{text.lines.map((l) => (
					<li key={l.at + l.text} class={l.author === "visitor" ? "mine" : ""}>
						<p class="quiet">
							{l.author === "visitor" ? t("transcript.you") : l.name || t("transcript.support")} ·{" "}
							<time dateTime={new Date(l.at).toISOString()}>{exact(l.at)}</time>
						</p>
						<p class="said" dir="auto">
							{l.text}
						</p>
					</li>
				))}
			</ol>
		</section>
	);
}
