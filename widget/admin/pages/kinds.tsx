import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { pick, t } from "../../kit/i18n";
import { steppingUp } from "../../kit/passkey";
import { exact } from "../../kit/time";
import { api, ask, Badge, Button, Empty, Passkeys, tellRefused, toast } from "../../kit/ui";
import { type Kind, may, type Person, useLoad, type Verification } from "../data";
import { Part, Table } from "../parts";

/** Switches a kind off at once, or asks to have it on again. */
async function turn(k: Kind, off: boolean, reload: () => Promise<void>, open: () => void): Promise<void> {
	const title = pick(k.title);
	const sure = await ask(
		off
			? {
					title: t("a.kind.off.title", { kind: title }),
					text: t("a.kind.off.text"),
					action: t("a.kind.off"),
					stop: true,
				}
			: {
					title: t("a.kind.on.title", { kind: title }),
					text: t("a.kind.on.text"),
					action: t(loosens(k)),
				},
	);
	if (!sure) return;
	try {
		await steppingUp(api, () => api("PUT", `/v1/verification/kinds/${k.name}`, { off }));
		toast(t(off ? "a.kind.off.done" : "a.kind.on.done"), "ok");
		await reload();
	} catch (e) {
		tellRefused(e, open);
	}
}
/** Kinds of change as the policy file has them; here one can only be switched off. */
export function Kinds({ v, reload }: { v: Verification; reload(): Promise<void> }): JSX.Element {
	const people = useLoad<{ agents: Person[] }>("/v1/agents");
	const [keys, setKeys] = useState(false);
	const act = (k: Kind, off: boolean) => void turn(k, off, reload, () => setKeys(true));
	return (
		<Part title={t("a.kinds")} hint={t("a.kinds.hint")} class="wide">
			{keys && <Passkeys onClose={() => setKeys(false)} />}
			{v.kinds.length ? (
				<Table
					label={t("a.kinds")}
					rows={v.kinds}
					id={(k) => k.name}
					dim={(k) => k.state !== "on"}
					columns={[
						{ id: "kind", label: t("a.kind"), grow: true, cell: (k) => <Name k={k} /> },
						{ id: "tier", label: t("a.kind.tier"), cell: (k) => `${t(`a.tier.${k.tier}`)} (${k.needs})` },
						{
							id: "way",
							label: t("a.kind.way"),
							cell: (k) => t(k.guide ? (k.assisted ? "a.kind.both" : "a.kind.guide") : "a.kind.offer"),
						},
						{ id: "state", label: t("a.state"), cell: (k) => <KindState k={k} people={people.data?.agents ?? []} /> },
						{ id: "acts", label: t("a.actions"), cell: (k) => <KindAct k={k} onTurn={act} /> },
					]}
				/>
			) : (
				<Empty icon="gate" title={t("a.kinds.none")}>
					<p>{t("a.kinds.none.text")}</p>
				</Empty>
			)}
		</Part>
	);
}
function Name({ k }: { k: Kind }): JSX.Element {
	return (
		<>
			{pick(k.title)}
			<small class="under" dir="ltr">
				{k.name} · {k.host}
			</small>
		</>
	);
}
function KindState({ k, people }: { k: Kind; people: Person[] }): JSX.Element {
	if (k.state === "on")
		return (
			<Badge tone="ok" icon="check">
				{t("a.kind.is.on")}
			</Badge>
		);
	const who = (id: string | undefined) => people.find((p) => p.id === id)?.name ?? "–";
	const s = k.switch;
	return (
		<>
			<Badge tone="stop" icon="stop">
				{t(`a.kind.is.${k.state}`)}
			</Badge>
			{s && (
				<small class="under">
					{s.on_at
						? t("a.kind.waits", { at: exact(s.on_at) })
						: s.asked_by
							? t("a.kind.asked", { name: who(s.asked_by) })
							: t("a.kind.by", { name: who(s.off_by), at: exact(s.off_at) })}
				</small>
			)}
		</>
	);
}
function KindAct({ k, onTurn }: { k: Kind; onTurn(k: Kind, off: boolean): void }): JSX.Element | null {
	if (!may("settings")) return null;
	const name = pick(k.title);
	if (k.state === "on")
		return (
			<Button look="quiet" onClick={() => onTurn(k, true)} aria-label={`${t("a.kind.off")}: ${name}`}>
				{t("a.kind.off")}
			</Button>
		);
	if (k.state === "off") return <small>{t("a.kind.infile")}</small>;
	if (k.switch?.on_at)
		return (
			<Button look="quiet" onClick={() => onTurn(k, true)} aria-label={`${t("a.kind.keep")}: ${name}`}>
				{t("a.kind.keep")}
			</Button>
		);
	return (
		<Button
			look="quiet"
			off={k.act ? false : t("a.kind.recent")}
			onClick={() => onTurn(k, false)}
			aria-label={`${t(loosens(k))}: ${name}`}
		>
			{t(loosens(k))}
		</Button>
	);
}
/** The words for what a press would be. */
function loosens(k: Kind): string {
	if (k.act === "again") return "a.kind.again";
	return k.act === "agree" || (!k.act && k.switch?.asked_by) ? "a.kind.agree" : "a.kind.on";
}
