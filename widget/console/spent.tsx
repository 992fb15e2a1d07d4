import type { JSX } from "preact";
import { t } from "../kit/i18n";
import { api, Button, Icon, toast, words } from "../kit/ui";
import { readSpent } from "./reads";
import * as st from "./state";

/** Supervisors are told at once who has looked into as many accounts as one may, and let him go on, or do not. */
export function Spent(): JSX.Element | null {
	const others = st.spent.value.filter((x) => x.agent !== st.myId.value);
	if (!others.length) return null;
	const free = (agent: string) =>
		api("DELETE", `/v1/reads/spent/${agent}`).then(
			() => readSpent(),
			(e) => toast(words(e), "stop"),
		);
	return (
		<section class="trouble spent" role="alert" aria-label={t("spent.title")}>
			{others.map((x) => (
				<p key={x.agent}>
					<Icon name="warn" />
					<span>{t("spent.who", { name: st.agentName(x.agent) })}</span>
					<Button onClick={() => void free(x.agent)}>{t("spent.free")}</Button>
				</p>
			))}
		</section>
	);
}
