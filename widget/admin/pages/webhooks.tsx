import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { has, t } from "../../kit/i18n";
import { api, Badge, Button, Empty, SelectField, toast } from "../../kit/ui";
import { useLoad, wrong } from "../data";
import { Head, Loaded, Part, Table, When } from "../parts";

type Endpoint = { name: string; host: string; events: string[] | null; mailboxes: string[] | null };
type Delivery = {
	event: string;
	kind: string;
	to: string;
	conversation: string;
	at: number;
	state: "waiting" | "sent" | "stopped";
	tries: number;
	status?: number;
	took_ms: number;
	tried_at?: number;
	due?: number;
};
type Data = { endpoints: Endpoint[]; log: Delivery[]; kinds: string[] };

/** An event in words. */
const what = (kind: string): string => (has(`a.hook.${kind}`) ? t(`a.hook.${kind}`) : kind);
const each = (list: string[] | null, none: string, words: (v: string) => string = (v) => v): string =>
	list?.length ? list.map(words).join(", ") : none;

/** Who outside is told of events, and what became of each delivery (P127). Addresses and secrets stand in the deploy file. */
export function WebhooksPage(): JSX.Element {
	const all = useLoad<Data>("/v1/webhooks", 5000);
	return (
		<>
			<Head title={t("a.webhooks")} hint={t("a.webhooks.hint")} />
			<Loaded from={all}>
				{(d) =>
					d.endpoints.length || d.log.length ? (
						<>
							<Endpoints list={d.endpoints} />
							<Log data={d} reload={all.reload} />
						</>
					) : (
						<Empty icon="link" title={t("a.webhooks.none")}>
							<p>{t("a.webhooks.none.text")}</p>
						</Empty>
					)
				}
			</Loaded>
		</>
	);
}

function Endpoints({ list }: { list: Endpoint[] }): JSX.Element {
	return (
		<Table
			label={t("a.webhooks.endpoints")}
			rows={list}
			id={(e) => e.name}
			columns={[
				{ id: "name", label: t("a.name"), cell: (e) => <bdi>{e.name}</bdi> },
				{ id: "host", label: t("a.webhooks.host"), cell: (e) => <bdi dir="ltr">{e.host}</bdi> },
				{ id: "events", label: t("a.webhooks.events"), grow: true, cell: (e) => each(e.events, t("a.all"), what) },
				{ id: "boxes", label: t("a.mailboxes"), cell: (e) => each(e.mailboxes, t("a.all")) },
			]}
		/>
	);
}

const tones = { waiting: "wait", sent: "ok", stopped: "stop" } as const;
function Log({ data, reload }: { data: Data; reload(): Promise<void> }): JSX.Element {
	const [state, setState] = useState("");
	const rows = data.log.filter((d) => !state || d.state === state);
	const replay = async (d: Delivery) => {
		try {
			await api("POST", `/v1/webhooks/${d.to}/replay`, { event: d.event });
			toast(t("a.webhooks.replayed"), "ok");
		} catch (e) {
			toast(wrong(e).text, "stop");
		}
		await reload();
	};
	return (
		<Part title={t("a.webhooks.log")} hint={t("a.webhooks.log.hint")}>
			<SelectField
				label={t("a.webhooks.state")}
				value={state}
				options={["", "waiting", "sent", "stopped"].map((v) => ({
					value: v,
					label: v ? t(`a.outbox.${v}`) : t("a.all"),
				}))}
				onPick={setState}
			/>
			{rows.length ? (
				<Table
					label={t("a.webhooks.log")}
					rows={rows}
					id={(d) => `${d.event} ${d.to}`}
					columns={[
						{ id: "at", label: t("a.webhooks.at"), cell: (d) => <When at={d.at} /> },
						{ id: "what", label: t("a.webhooks.event"), grow: true, cell: (d) => what(d.kind) },
						{ id: "to", label: t("a.webhooks.to"), cell: (d) => <bdi>{d.to}</bdi> },
						{ id: "state", label: t("a.webhooks.state"), cell: (d) => <State d={d} /> },
						{
							id: "acts",
							label: t("a.actions"),
							cell: (d) => (
								<Button
									look="quiet"
									icon="undo"
									onClick={() => void replay(d)}
									aria-label={`${t("a.webhooks.replay")}: ${what(d.kind)}, ${d.to}`}
								>
									{t("a.webhooks.replay")}
								</Button>
							),
						},
					]}
				/>
			) : (
				<p class="quiet-text">{t("a.webhooks.log.none")}</p>
			)}
		</Part>
	);
}
function State({ d }: { d: Delivery }): JSX.Element {
	return (
		<>
			<Badge tone={tones[d.state]}>{t(`a.outbox.${d.state}`)}</Badge>{" "}
			<small class="block">
				{d.tries > 0 && t("a.outbox.tries", { n: d.tries })}
				{d.tries > 0 &&
					` · ${d.status ? t("a.webhooks.answer", { status: String(d.status), ms: d.took_ms }) : t("a.webhooks.silent")}`}
			</small>
			{d.due && d.tries > 0 ? (
				<small class="block">
					{t("a.webhooks.next")} <When at={d.due} />
				</small>
			) : null}
		</>
	);
}
