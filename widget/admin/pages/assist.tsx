import type { JSX } from "preact";
import { t } from "../../kit/i18n";
import { api, ask, Empty, Switch, toast } from "../../kit/ui";
import { useLoad, wrong } from "../data";
import { Figure, Head, Loaded, Part } from "../parts";

type On = { id: string; name: string; on: boolean; calls: number };
type State =
	| { configured: false }
	| {
			configured: true;
			server: string;
			chat: string;
			embedding: string;
			mailboxes: On[];
			today: { calls: number; tokens: number };
			limits: { calls: number; tokens: number; mailbox: number; visitor: number };
	  };

/** Where a language model helps, and what today has cost of the budgets. The server and its key stand in the deploy file. */
export function AssistPage(): JSX.Element {
	const state = useLoad<State>("/v1/assist");
	return (
		<>
			<Head title={t("a.assist")} hint={t("a.assist.hint")} />
			<Loaded from={state}>
				{(d) =>
					d.configured ? (
						<Settings d={d} reload={state.reload} />
					) : (
						<Empty icon="spark" title={t("a.assist.none")}>
							<p>{t("a.assist.none.text")}</p>
						</Empty>
					)
				}
			</Loaded>
		</>
	);
}
/** Texts leave this server once a mailbox is on, so switching on asks. */
async function turn(m: On, on: boolean, server: string, reload: () => Promise<void>): Promise<void> {
	const sure =
		!on ||
		(await ask({
			title: t("a.assist.on.title", { mailbox: m.name }),
			text: t("a.assist.on.text", { server }),
			action: t("a.assist.on"),
		}));
	if (!sure) return;
	try {
		await api("PUT", `/v1/assist/${m.id}`, { on });
	} catch (e) {
		toast(wrong(e).text, "stop");
	}
	await reload();
}
function Settings({ d, reload }: { d: State & { configured: true }; reload(): Promise<void> }): JSX.Element {
	return (
		<>
			<Part title={t("a.assist.where")} hint={t("a.assist.where.hint", { server: d.server })}>
				{d.mailboxes.map((m) => (
					<Switch
						key={m.id}
						label={m.name}
						hint={t("a.assist.calls", { n: m.calls, max: d.limits.mailbox })}
						on={m.on}
						onChange={(on) => void turn(m, on, d.server, reload)}
					/>
				))}
			</Part>
			<Part title={t("a.assist.today")} hint={t("a.assist.today.hint", { n: d.limits.visitor })}>
				<div class="figures">
					<Figure n={t("a.assist.of", { n: d.today.calls, max: d.limits.calls })} label={t("a.assist.requests")} />
					<Figure n={t("a.assist.of", { n: d.today.tokens, max: d.limits.tokens })} label={t("a.assist.tokens")} />
				</div>
			</Part>
			<Part title={t("a.assist.models")} hint={t("a.assist.models.hint")}>
				<dl class="facts">
					<dt>{t("a.assist.chat")}</dt>
					<dd>
						<bdi>{d.chat || t("a.assist.no")}</bdi>
					</dd>
					<dt>{t("a.assist.embedding")}</dt>
					<dd>
						<bdi>{d.embedding || t("a.assist.no")}</bdi>
					</dd>
				</dl>
			</Part>
		</>
	);
}
