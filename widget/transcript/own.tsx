import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../kit/i18n";
import { clock, exact } from "../kit/time";
import type { Own, Text } from "./ask";
import type { Kept } from "./kept";
import { Lines } from "./lines";
import { useLogin } from "./login";

/** "My tickets": the conversations of the account that logs in, for ten minutes; nothing before. */
export function OwnPage({ kept, back }: { kept: Kept; back: string }): JSX.Element {
	const { at, shown, asking, login, again } = useLogin(kept, back, (a) => a.list());
	const [one, setOne] = useState<Text>();
	const press = at === "ask" || at === "failed";
	const read = (o: Own) => {
		void asking?.readOne(o.id).then(setOne, again);
	};
	return (
		<main>
			{kept.back && (
				<p>
					<a href={kept.back}>{t("tickets.back")}</a>
				</p>
			)}
			<h1>{t("tickets.title")}</h1>
			<p role="status">
				{at === "text" ? t("transcript.until", { time: clock(shown?.until ?? 0) }) : t(`tickets.${at}`)}
			</p>
			{press && <p class="quiet">{t("transcript.only")}</p>}
			{press && (
				<button type="button" class="main" onClick={login}>
					{t("tickets.login")}
				</button>
			)}
			{shown && one && (
				<>
					<button type="button" onClick={() => setOne(undefined)}>
						{t("tickets.all")}
					</button>
					<Lines text={one} />
				</>
			)}
			{shown && !one && <List list={shown.conversations} onRead={read} />}
			{(at === "over" || at === "refused" || at === "many" || at === "trouble") && (
				<button type="button" onClick={again}>
					{t("transcript.again")}
				</button>
			)}
		</main>
	);
}
function List({ list, onRead }: { list: Own[]; onRead(o: Own): void }): JSX.Element {
	if (!list.length) return <p class="quiet">{t("tickets.none")}</p>;
	return (
		<ul class="own" aria-label={t("tickets.title")}>
			{list.map((o) => (
				<li key={o.id}>
					<button type="button" onClick={() => onRead(o)}>
						<b dir="auto">{o.words || t("tickets.nameless")}</b>
						<span class="quiet">
							{o.number ? `#${o.number} · ` : ""}
							<bdi>{o.mailbox}</bdi> · {t(`tickets.is.${o.status}`)} · {exact(o.last_at || o.started_at)}
						</span>
					</button>
				</li>
			))}
		</ul>
	);
}
